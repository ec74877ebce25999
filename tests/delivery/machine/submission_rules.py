"""Rules that decline a submission or merge it, and that undo it; what has ended becomes no text."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import MultipleResults, multiple, rule
from sqlalchemy import select

from approvals.states import PostState
from publisher.intake.close import decline
from publisher.intake.merge import merge
from publisher.intake.undo import undo_end
from publisher.models.history import Event
from publisher.models.submissions import Submission
from publisher.states import SubmissionState
from publisher.transitions import Stateful
from tests.delivery.machine.city_machine import BOTH, REASON, CityMachine
from tests.delivery.machine.undo_rules import CELL, UNDONE_AFTER, Act, UndoneRow, UndoRules, acts

BY_CELL = (SubmissionState.DECLINED, SubmissionState.MERGED)


class SubmissionInvariants(CityMachine):
    """What holds of submissions that have ended."""

    def check_submissions(self) -> None:
        """Check that what has ended rests on its newest event, and that no text rests on it."""
        with self.town.read() as session:
            for row in session.scalars(select(Submission)):
                assert (row.state is SubmissionState.MERGED) == (row.merged_into is not None)
                if row.state not in BY_CELL:
                    continue
                newest = select(Event.state_after).where(
                    Event.subject == "submissions",
                    Event.subject_id == row.id,
                    Event.state_after.is_not(None),
                )
                assert session.scalars(newest.order_by(Event.id.desc())).first() == row.state
                assert row.reason
                assert {post.state for post in row.posts} <= {PostState.WITHDRAWN}
                self._check_chain(row)

    @staticmethod
    def _check_chain(row: Submission) -> None:
        """Check that mergers end at a submission that is not merged itself."""
        seen: set[int] = set()
        while row.merged_into is not None:
            assert row.id not in seen, "merged in a circle"
            seen.add(row.id)
            row = row.merged_into


class SubmissionRules(UndoRules, SubmissionInvariants):
    """Rules for the end of submissions, and its undo."""

    @rule(
        target=acts,
        is_merger=st.booleans(),
        is_new=st.booleans(),
        by=CELL,
        undone=UNDONE_AFTER,
    )
    def end_submission(
        self, is_merger: bool, is_new: bool, by: str, undone: int | None
    ) -> MultipleResults[Act]:
        """The cell declines a submission or merges it into the last one that is open.

        What is not new has a text mostly, or has ended, so that it is refused.
        """
        before, others = self._submission(self.town.hand_in()), self._submissions()
        if not is_new:
            before = others[self.number % len(others)]
        what, case = "decline", partial(decline, submission_id=before.id)
        if is_merger:
            number = others[(self.number + 1) % len(others)].number
            what, case = "merge", partial(merge, submission_id=before.id, number=number)
        if self.use_case(what, case, by=by, reason=REASON) is None:
            return multiple()
        assert self.attempt("draft_ended", self.town.start, before.id) is None
        return self._undo_soon([self._act(before, by)], undone)

    def _reverse(self, row: UndoneRow) -> tuple[Callable[..., Stateful], str]:
        if isinstance(row, Submission):
            return partial(undo_end, submission_id=row.id), "undo_end"
        return super()._reverse(row)

    def _check_undone(self, before: UndoneRow) -> None:
        """Check that a submission is as it was, and that its text can be published."""
        if not isinstance(before, Submission):
            super()._check_undone(before)
            return
        row = self._submission(before.id)
        assert (row.state, row.reason) == (before.state, before.reason)
        assert row.merged_into_id is None
        self._schedule(self._add_approved_post(BOTH, before.id), 0)

    def _submission(self, submission_id: int) -> Submission:
        with self.town.read() as session:
            return session.get_one(Submission, submission_id)

    def _submissions(self) -> list[Submission]:
        with self.town.read() as session:
            return list(session.scalars(select(Submission).order_by(Submission.id)))
