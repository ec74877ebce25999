"""The emergency lane: used by whoever is on duty, and answered for afterwards."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import MultipleResults, multiple, precondition, rule
from sqlalchemy import select

from publisher.delivery.emergency import ratification, template_approval
from publisher.models.emergency import EmergencyUse
from tests.delivery.machine.clocks import AtTheClock
from tests.delivery.machine.scene import THEN, WHY, posts
from tests.support import emergency_steps

WORDS = st.sampled_from(["", "ratify", "refuse", "fall", "fall and stand"])


class InTheLane(AtTheClock):
    """Urgent warnings in the water department's name, on its one template."""

    def __init__(self) -> None:
        super().__init__()
        self.template = 0

    @rule(target=posts, then=THEN, word=WORDS)
    def warn(self, then: int | None, word: str) -> MultipleResults[int]:
        """The duty officer publishes a warning; the department says its word soon, or later."""
        self._furnish()
        use = self.attempt("warn", self._publish)
        self.go_on(then)
        self._answer_for_it(word)
        return multiple() if use is None else multiple(emergency_steps.post_of(self.town, use))

    def _furnish(self) -> None:
        """The department has approved the template, and somebody is on duty."""
        if not self.template:
            self.template = emergency_steps.add_template(self.town)
            emergency_steps.approve_template(self.town, self.template, by=self.approver)
            emergency_steps.add_duty(self.town, hours=30 * 24)

    def _publish(self) -> int:
        self.told += 1
        blanks = {**emergency_steps.BLANK_TEXTS, "blank-3": f"020-5550-{self.told:04}"}
        form = emergency_steps.use_form(
            self.town, self.template, blanks=blanks, token=f"form-{self.told}"
        )
        return emergency_steps.publish(self.town, self.template, form=form)

    @precondition(lambda self: self.template)
    @rule(word=WORDS, then=THEN)
    def answer_for_it(self, word: str, then: int | None) -> None:
        """The department stands by the oldest warning or not, or by the template no more."""
        self._answer_for_it(word)
        self.go_on(then)

    def _answer_for_it(self, what: str) -> None:
        if what.startswith("fall"):
            self._fall()
        elif what:
            self._say(is_refused=what == "refuse")
        if what == "fall and stand":
            self.attempt(
                "template_given",
                emergency_steps.approve_template,
                self.town,
                self.template,
                by=self.approver,
            )

    def _say(self, *, is_refused: bool) -> None:
        with self.town.read() as session:
            owed = select(EmergencyUse.id).where(EmergencyUse.ratification.is_(None))
            use = session.scalars(owed.order_by(EmergencyUse.id)).first()
        if use is not None and is_refused:
            self.use(
                "refuse_warning", ratification.refuse, by=self.approver, use_id=use, reason=WHY
            )
        elif use is not None:
            self.use("ratify_warning", ratification.ratify, by=self.approver, use_id=use)

    def _fall(self) -> None:
        self.use(
            "template_falls",
            template_approval.withdraw,
            by=self.approver,
            template_id=self.template,
            seen_revision=1,
            reason=WHY,
        )
