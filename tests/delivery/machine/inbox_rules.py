"""Rules for citizens' comments and their answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, multiple, rule
from sqlalchemy import ColumnElement, select

from publisher.inbox import routing
from publisher.inbox.hide import hide, unhide
from publisher.models.comments import AnswerKind, Comment
from publisher.models.people import Department
from publisher.states import CommentState
from tests.delivery.machine.city_machine import PLATFORMS, REASON, TICK_DELAYS
from tests.delivery.machine.clock_rules import ClockRules
from tests.delivery.machine.ledger import ActionKind
from tests.delivery.test_takedown_orders import take_back

replies = Bundle("replies")
"""Ids of the posts that answer comments."""

KINDS = st.sampled_from([AnswerKind.FINAL, AnswerKind.FINAL, AnswerKind.INTERIM])


Step = tuple[str, Callable[..., object], ColumnElement[bool]]
STEPS_WITH_REVERSAL: Mapping[str, tuple[Step, Step]] = {
    "close": (
        ("close", routing.close, Comment.state.in_((CommentState.RECEIVED, CommentState.ROUTED))),
        ("reopen", routing.reopen, Comment.state.in_((CommentState.ANSWERED, CommentState.CLOSED))),
    ),
    "hide": (
        ("hide", hide, Comment.hidden_at.is_(None)),
        ("show_again", unhide, Comment.hidden_at.is_not(None)),
    ),
}


@dataclass(frozen=True)
class GivenAnswer:
    """An answer's comment and text."""

    comment_id: int
    text: str


class InboxRules(ClockRules):
    """Rules for comments and answers."""

    def __init__(self) -> None:
        super().__init__()
        self.citizen_comments: list[tuple[str, str]] = []
        self.answers: dict[int, GivenAnswer] = {}

    @rule(on=PLATFORMS, is_mention=st.booleans(), then=TICK_DELAYS)
    def comment(self, on: str, is_mention: bool, then: int | None) -> None:
        """A citizen comments, and perhaps a clock reads it soon."""
        self._add_comment(on, is_mention=is_mention)
        self.tick_after(then)

    def _add_comment(self, on: str, *, is_mention: bool) -> None:
        """Add a comment under the last live post, or a mention on X."""
        platform = self.ledger(on)
        post_ids = [line.platform_id for line in platform.entries if line.kind is ActionKind.MAKE]
        live_ids = [line for line in post_ids if platform.find(line)]
        if live_ids and not is_mention:
            comment_id = platform.citizen_says("पाणी कधी येणार?", parent_id=live_ids[-1])
        elif on == "x":
            comment_id = platform.citizen_says("@city पाणी कधी येणार?")
        else:
            return
        self.citizen_comments.append((on, comment_id))
        self.counts["a_citizen_speaks"] += 1

    @rule(
        target=replies,
        by=st.sampled_from(["officer", "lead", "both"]),
        kind=KINDS,
        then=TICK_DELAYS,
    )
    def answer(self, by: str, kind: AnswerKind, then: int | None) -> MultipleResults[int]:
        """The officer answers the last comment, or the lead, and perhaps the officer approves."""
        comment = self._last_comment(Comment.state == CommentState.ROUTED)
        if comment is None:
            return multiple()
        officer, text = self._officer(comment), self.new_text()
        who, what = (officer, "answer") if by == "officer" else ("lead", "answer_for_officer")
        post = self.attempt(what, self.town.answer, comment.id, text, by=who, kind=kind)
        if post is None:
            return multiple()
        self.answers[post] = GivenAnswer(comment.id, text)
        if by == "both":
            self.attempt("approve_answer", self.town.approve, post, by=officer)
        self.tick_after(then)
        return multiple(post)

    def _officer(self, comment: Comment) -> str:
        with self.town.read() as session:
            department = session.get_one(Department, comment.department_id)
        return self.approver if department.code == "water" else "road_officer"

    @rule(reply=replies, then=TICK_DELAYS)
    def delete_answer(self, reply: int, then: int | None) -> None:
        """The lead orders the deletion of an answer, which reopens its comment."""
        self.attempt("take_answer_back", take_back, self.town, reply)
        self.tick_after(then)

    @rule(
        what=st.sampled_from(sorted(STEPS_WITH_REVERSAL)), then=TICK_DELAYS, is_undone=st.booleans()
    )
    def close_or_hide(self, what: str, then: int | None, is_undone: bool) -> None:
        """The lead closes or hides the last comment, and perhaps undoes that soon."""
        for name, use_case, condition in STEPS_WITH_REVERSAL[what][: 1 + is_undone]:
            self._change_last(name, use_case, condition)
            self.tick_after(then)

    @rule(to=st.sampled_from(["road", "water", ""]))
    def assign_or_transfer(self, to: str) -> None:
        """The queue is assigned to water, or the last open comment is transferred."""
        waiting = self._comments(Comment.state == CommentState.RECEIVED)
        for comment in waiting:
            self.attempt("assign", self.town.assign, comment.id, "water")
        if not waiting:
            department = self.town.departments[to] if to else None
            is_open = Comment.state == CommentState.ROUTED
            case = partial(routing.transfer, department_id=department)
            self._change_last("pass_on", case, is_open)

    def _change_last(
        self, what: str, case: Callable[..., object], which: ColumnElement[bool]
    ) -> None:
        comment = self._last_comment(which)
        if comment is not None:
            self.use_case(what, case, comment_id=comment.id, reason=REASON)

    def _last_comment(self, which: ColumnElement[bool]) -> Comment | None:
        """Return the last such comment; if there is none, add a comment and read it first."""
        if not self._comments(which):
            self._add_comment("x", is_mention=False)
            self.tick_after(600)
        return next(reversed(self._comments(which)), None)

    def _comments(self, which: ColumnElement[bool]) -> list[Comment]:
        with self.town.read() as session:
            return list(session.scalars(select(Comment).where(which).order_by(Comment.id)))
