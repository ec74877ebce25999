"""Citizens and those who answer them."""

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
from tests.delivery.machine.clocks import AtTheClock
from tests.delivery.machine.ledger import Deed
from tests.delivery.machine.scene import PLATFORMS, THEN, WHY
from tests.delivery.test_takedown_orders import take_back

replies = Bundle("replies")
"""The posts that answer comments."""

KINDS = st.sampled_from([AnswerKind.FINAL, AnswerKind.FINAL, AnswerKind.INTERIM])


Step = tuple[str, Callable[..., object], ColumnElement[bool]]
SETTLING: Mapping[str, tuple[Step, Step]] = {
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
class Given:
    """An answer as it was given: to which comment, in which words."""

    comment_id: int
    text: str


class AtTheInbox(AtTheClock):
    """Comments, from what a citizen says to the answer under it."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[tuple[str, str]] = []
        self.given: dict[int, Given] = {}

    @rule(on=PLATFORMS, is_mention=st.booleans(), then=THEN)
    def a_citizen_speaks(self, on: str, is_mention: bool, then: int | None) -> None:
        """Under what stands there, or naming the city; in a while a clock reads it."""
        self._speak(on, is_mention=is_mention)
        self.go_on(then)

    def _speak(self, on: str, *, is_mention: bool) -> None:
        """On X somebody may name us; elsewhere they speak under what stands there."""
        platform = self.ledger(on)
        ours = [line.platform_id for line in platform.lines if line.deed is Deed.MAKE]
        stands = [line for line in ours if platform.stands(line)]
        if stands and not is_mention:
            number = platform.citizen_says("पाणी कधी येणार?", parent_id=stands[-1])
        elif on == "x":
            number = platform.citizen_says("@city पाणी कधी येणार?")
        else:
            return
        self.said.append((on, number))
        self.came["a_citizen_speaks"] += 1

    @rule(target=replies, by=st.sampled_from(["officer", "lead", "both"]), kind=KINDS, then=THEN)
    def answer(self, by: str, kind: AnswerKind, then: int | None) -> MultipleResults[int]:
        """The officer answers what came last; or the cell's lead, and the officer approves it."""
        comment = self._last(Comment.state == CommentState.ROUTED)
        if comment is None:
            return multiple()
        officer, text = self._officer(comment), self.new_text()
        who, what = (officer, "answer") if by == "officer" else ("lead", "answer_for_officer")
        post = self.attempt(what, self.town.answer, comment.id, text, by=who, kind=kind)
        if post is None:
            return multiple()
        self.given[post] = Given(comment.id, text)
        if by == "both":
            self.attempt("approve_answer", self.town.approve, post, by=officer)
        self.go_on(then)
        return multiple(post)

    def _officer(self, comment: Comment) -> str:
        with self.town.read() as session:
            department = session.get_one(Department, comment.department_id)
        return self.approver if department.code == "water" else "road_officer"

    @rule(reply=replies, then=THEN)
    def take_answer_back(self, reply: int, then: int | None) -> None:
        """The lead orders the deletion of an answer; its comment is opened again."""
        self.attempt("take_answer_back", take_back, self.town, reply)
        self.go_on(then)

    @rule(what=st.sampled_from(sorted(SETTLING)), then=THEN, is_undone=st.booleans())
    def settle(self, what: str, then: int | None, is_undone: bool) -> None:
        """The lead closes the last comment, or hides it; perhaps that is undone soon."""
        for name, case, which in SETTLING[what][: 1 + is_undone]:
            self._about_the_last(name, case, which)
            self.go_on(then)

    @rule(to=st.sampled_from(["road", "water", ""]))
    def pass_on(self, to: str) -> None:
        """The queue goes to the water department, or the last open comment somewhere else."""
        waiting = self._comments(Comment.state == CommentState.RECEIVED)
        for comment in waiting:
            self.attempt("assign", self.town.assign, comment.id, "water")
        if not waiting:
            department = self.town.departments[to] if to else None
            is_open = Comment.state == CommentState.ROUTED
            case = partial(routing.transfer, department_id=department)
            self._about_the_last("pass_on", case, is_open)

    def _about_the_last(
        self, what: str, case: Callable[..., object], which: ColumnElement[bool]
    ) -> None:
        comment = self._last(which)
        if comment is not None:
            self.use(what, case, comment_id=comment.id, reason=WHY)

    def _last(self, which: ColumnElement[bool]) -> Comment | None:
        """The last such comment; where there is none, a citizen speaks, and a clock listens."""
        if not self._comments(which):
            self._speak("x", is_mention=False)
            self.go_on(600)
        return next(reversed(self._comments(which)), None)

    def _comments(self, which: ColumnElement[bool]) -> list[Comment]:
        with self.town.read() as session:
            return list(session.scalars(select(Comment).where(which).order_by(Comment.id)))
