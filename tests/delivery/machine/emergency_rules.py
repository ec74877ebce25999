"""Rules for emergency posts and their ratification."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import MultipleResults, multiple, precondition, rule
from sqlalchemy import select

from publisher.emergency import ratification, template_approval
from publisher.models.emergency import EmergencyUse
from tests.delivery.machine.city_machine import REASON, TICK_DELAYS, posts
from tests.delivery.machine.clock_rules import ClockRules
from tests.support import emergency_steps

VERDICTS = st.sampled_from(["", "ratify", "refuse", "fall", "fall and stand"])


class EmergencyRules(ClockRules):
    """Rules for urgent warnings by the water department's only template."""

    def __init__(self) -> None:
        super().__init__()
        self.template = 0

    @rule(target=posts, then=TICK_DELAYS, word=VERDICTS)
    def warn(self, then: int | None, word: str) -> MultipleResults[int]:
        """The duty officer publishes a warning; the department gives its verdict soon, or later."""
        self._prepare_template()
        use = self.attempt("warn", self._publish)
        self.tick_after(then)
        self._give_verdict(word)
        return multiple() if use is None else multiple(emergency_steps.post_of(self.town, use))

    def _prepare_template(self) -> None:
        """Add an approved template and a duty, unless they exist."""
        if not self.template:
            self.template = emergency_steps.add_template(self.town)
            emergency_steps.approve_template(self.town, self.template, by=self.approver)
            emergency_steps.add_duty(self.town, hours=30 * 24)

    def _publish(self) -> int:
        self.number += 1
        blanks = {**emergency_steps.BLANK_TEXTS, "blank-3": f"020-5550-{self.number:04}"}
        form = emergency_steps.use_form(
            self.town, self.template, blanks=blanks, token=f"form-{self.number}"
        )
        return emergency_steps.publish(self.town, self.template, form=form)

    @precondition(lambda self: self.template)
    @rule(word=VERDICTS, then=TICK_DELAYS)
    def ratify(self, word: str, then: int | None) -> None:
        """The department ratifies or refuses the oldest warning, or withdraws the template."""
        self._give_verdict(word)
        self.tick_after(then)

    def _give_verdict(self, verdict: str) -> None:
        if verdict.startswith("fall"):
            self._withdraw_template()
        elif verdict:
            self._ratify_or_refuse(is_refused=verdict == "refuse")
        if verdict == "fall and stand":
            self.attempt(
                "template_given",
                emergency_steps.approve_template,
                self.town,
                self.template,
                by=self.approver,
            )

    def _ratify_or_refuse(self, *, is_refused: bool) -> None:
        with self.town.read() as session:
            unratified = select(EmergencyUse.id).where(EmergencyUse.ratification.is_(None))
            use = session.scalars(unratified.order_by(EmergencyUse.id)).first()
        if use is not None and is_refused:
            self.use_case(
                "refuse_warning", ratification.refuse, by=self.approver, use_id=use, reason=REASON
            )
        elif use is not None:
            self.use_case("ratify_warning", ratification.ratify, by=self.approver, use_id=use)

    def _withdraw_template(self) -> None:
        self.use_case(
            "template_falls",
            template_approval.withdraw,
            by=self.approver,
            template_id=self.template,
            seen_revision=1,
            reason=REASON,
        )
