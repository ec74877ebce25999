"""The steps of one course, from handing in to what became of each delivery."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from approvals.states import PostState
from demo.plan import Course, Outcome, Trouble
from demo.seeding import drafting, handing, sending, times
from demo.seeding.stage import Stage, Step
from demo.seeding.times import MINUTE, Times
from publisher.scheduling.constraints import LATE_LIMIT
from publisher.states import DeliveryState, SubmissionState

SECOND = timedelta(seconds=1)
#: When the press looks for what is unconfirmed, in seconds after sending: a little after its due.
LOOKS = (25, 65, 305, 905)
AT_ONCE = (DeliveryState.PUBLISHED, DeliveryState.FAILED, DeliveryState.UNCONFIRMED)
Play = Callable[[Stage, int, Course], None]


@dataclass(frozen=True)
class Coursework:
    """One course of the plan, by its number, with its moments."""

    number: int
    course: Course
    when: Times

    def steps(self) -> Iterator[Step]:
        """Everything that happens in it, in no particular order."""
        course, when = self.course, self.when
        yield self._with_base(when.handed_in, "hand in", handing.hand_in)
        if course.submission is SubmissionState.DECLINED:
            yield self._step(when.after(times.SETTLED), "decline", handing.decline)
        if course.submission is SubmissionState.RETURNED:
            yield self._step(when.after(times.SETTLED), "return", handing.send_back)
        if course.asked:
            yield self._step(when.after(times.ASKED), "ask", handing.send_back)
            yield self._step(when.after(times.ANSWERED), "answer", handing.complete)
        if course.submission is SubmissionState.MERGED:
            yield self._step(when.after(times.SETTLED), "merge", handing.merge)
        if course.submission is SubmissionState.WITHDRAWN:
            yield self._step(when.after(times.SETTLED), "withdraw", handing.withdraw)
        if course.post is not None:
            yield from self._post()
        if course.deliveries:
            yield from self._deliveries()

    def _post(self) -> Iterator[Step]:
        course, when = self.course, self.when
        if course.joined_into is not None:
            return  # the other course takes it in
        yield self._with_base(when.after(times.DRAFTED), "draft", drafting.draft)
        if not course.slips:
            yield self._step(when.after(times.SENT), "send", drafting.send)
        if course.returned:
            yield self._step(when.after(times.RETURNED), "return", drafting.send_back)
        if course.returned and course.post is not PostState.DRAFT:
            yield self._with_base(when.after(times.REDRAFTED), "save", drafting.redraft)
            yield self._step(when.after(times.SENT_AGAIN), "send again", drafting.send)
        if course.half_approved or course.post in (PostState.APPROVED, PostState.WITHDRAWN):
            yield self._step(when.after(times.DECIDED), "approve", drafting.approve)
        if course.post is PostState.REJECTED:
            yield self._step(when.after(times.DECIDED), "reject", drafting.send_back)
        if course.post is PostState.WITHDRAWN:
            yield self._step(when.withdrawn(), "withdraw post", drafting.give_up)

    def _deliveries(self) -> Iterator[Step]:
        course, when = self.course, self.when
        due: dict[tuple[str, str], datetime] = {
            (one.platform, one.language): when.due(course, one) for one in course.deliveries
        }

        def schedule(stage: Stage, number: int, of: Course) -> None:
            drafting.schedule(stage, number, of, due=due)

        yield self._step(when.after(times.SCHEDULED), "schedule", schedule)
        for outcome in course.deliveries:
            yield from self._outcome(outcome, due[outcome.platform, outcome.language])

    def _outcome(self, outcome: Outcome, due_at: datetime) -> Iterator[Step]:
        """What the press does, and what goes wrong; a scheduled or cancelled one it never sees."""
        if outcome.trouble is Trouble.DUPLICATE:
            yield self._troubled(due_at - 5 * MINUTE, "by hand", sending.post_by_hand, outcome)
        if outcome.trouble is Trouble.RESET:
            yield self._troubled(due_at + SECOND, "reset", sending.press_into_reset, outcome)
            for seconds in LOOKS:
                yield self._plain(due_at + seconds * SECOND, "look", sending.look)
        if outcome.trouble is Trouble.HANG_AFTER_COMMIT:
            yield self._troubled(due_at + SECOND, "hang", sending.press_without_answer, outcome)
        if outcome.state in AT_ONCE:
            yield self._plain(due_at + 2 * SECOND, "press", sending.press)
        if outcome.state is DeliveryState.MISSED:
            too_late = due_at + (LATE_LIMIT + 1) * MINUTE
            yield self._plain(too_late, "press", sending.press)

    def _step(self, at: datetime, says: str, play: Play) -> Step:
        def played(stage: Stage) -> None:
            play(stage, self.number, self.course)

        return Step(at, f"{says}: {self.course.notice}", played, self.number)

    def _with_base(
        self, at: datetime, says: str, play: Callable[[Stage, int, Course, datetime], None]
    ) -> Step:
        return self._step(
            at, says, lambda stage, number, of: play(stage, number, of, self.when.base)
        )

    def _troubled(
        self,
        at: datetime,
        says: str,
        play: Callable[[Stage, int, Course, Outcome], None],
        outcome: Outcome,
    ) -> Step:
        return self._step(at, says, lambda stage, number, of: play(stage, number, of, outcome))

    def _plain(self, at: datetime, says: str, play: Callable[[Stage], None]) -> Step:
        return self._step(at, says, lambda stage, _number, _of: play(stage))
