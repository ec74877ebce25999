"""Rules that hold a post back or move a comment, and that undo it: in time, too late, by others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, consumes, multiple, rule
from sqlalchemy import ColumnElement

from publisher import undo
from publisher.inbox import routing
from publisher.inbox.undo import undo_routing
from publisher.models.comments import Comment
from publisher.models.deliveries import OF_TEXTS, Delivery
from publisher.models.submissions import Submission
from publisher.reports.sql_conditions import OPEN
from publisher.review import withdraw
from publisher.scheduling import post_schedule
from publisher.scheduling import schedule as scheduling_schedule
from publisher.scheduling.undo import undo_cancel
from publisher.states import UNSENT, CommentState, DeliveryState
from publisher.transitions import Stateful
from tests.delivery.machine.city_machine import BOTH, REASON, TICK_DELAYS, posts
from tests.delivery.machine.inbox_rules import InboxRules
from tests.delivery.machine.post_rules import PostRules

WITHIN = timedelta(seconds=30)
"""The time to undo, and the take-back of what is published now."""

MOMENTS = st.sampled_from([0, 29, 30, 31])
"""Seconds around the end of both."""

UNDONE_AFTER = st.sampled_from([None, None, 0, 30, 31])
"""The seconds after which an act is undone; None if something else happens first."""

BRAKES = ("cancel", "stop_publishing", "withdraw_approval", "give_up")
CELL = st.sampled_from(["lead", "clerk"])


UndoneRow = Delivery | Comment | Submission


@dataclass(frozen=True)
class Act:
    """An act by its event, and the row as it was before."""

    event_id: int
    before: UndoneRow
    by: str
    at: datetime


acts = Bundle("acts")
"""Acts that somebody may want to undo; each is tried in one step only."""


class UndoRules(PostRules, InboxRules):
    """Rules for acts and their undo: all is as it was before, or the undo is refused."""

    @rule(target=acts, post=posts, how=st.sampled_from(BRAKES), by=CELL, undone=UNDONE_AFTER)
    def hold_back(self, post: int, how: str, by: str, undone: int | None) -> MultipleResults[Act]:
        """A scheduled post is cancelled or stopped, withdrawn, or loses its approval."""
        self._schedule(post, 3_700)
        if not self._unsent(post):
            post = self._add_approved_post(BOTH)
            self._schedule(post, 3_700)
        return self._undo_soon(self._hold_back(post, how, by), undone)

    @rule(target=acts, after=MOMENTS, is_ticking=st.booleans(), by=CELL, undone=UNDONE_AFTER)
    def take_back_publishing(
        self, after: int, is_ticking: bool, by: str, undone: int | None
    ) -> MultipleResults[Act]:
        """A post is published now, and stopped while it can be, or a little later."""
        post, case = self._add_approved_post(BOTH), post_schedule.publish_now
        variants = self.town.variants(post)
        self.use_case("publish_now", case, by="clerk", variant_ids=variants, take_back=WITHIN)
        self.pass_time(timedelta(seconds=after))
        if is_ticking:
            self.dispatch()
        return self._undo_soon(self._hold_back(post, "stop_publishing", by), undone)

    def _unsent(self, post: int) -> list[Delivery]:
        return self._texts(post, Delivery.state.in_(UNSENT))

    def _texts(self, post: int, condition: ColumnElement[bool]) -> list[Delivery]:
        is_text = Delivery.action.in_(OF_TEXTS)
        return self.deliveries(Delivery.post_id == post, is_text, condition)

    def _hold_back(self, post: int, how: str, by: str) -> list[Act]:
        """Hold the post back; return the acts that cancelled its texts."""
        by = {"withdraw_approval": self.approver, "give_up": "lead"}.get(how, by)
        is_cancelled = Delivery.state == DeliveryState.CANCELLED
        before = {delivery.id: delivery for delivery in self._texts(post, ~is_cancelled)}
        self._apply_brake(post, how, by)
        if how == "stop_publishing":
            assert not self._unsent(post), "all that has not left was stopped"
        cancelled = self._texts(post, is_cancelled)
        return [self._act(before[row.id], by) for row in cancelled if row.id in before]

    def _apply_brake(self, post: int, how: str, by: str) -> None:
        match how:
            case "cancel":
                for delivery in self.deliveries(Delivery.post_id == post):
                    case = scheduling_schedule.cancel
                    self.use_case(how, case, by=by, delivery_id=delivery.id)
            case "stop_publishing":
                self.use_case(how, post_schedule.stop_publishing, by=by, post_id=post)
            case "give_up":
                self.use_case(how, withdraw.withdraw_post, by=by, post_id=post, reason=REASON)
            case _:
                newest, withdrawal = self.town.newest(post), withdraw.withdraw_approval
                self.use_case(how, withdrawal, by=by, post_id=post, seen_revision=newest)

    @rule(target=acts, is_transfer=st.booleans(), by=CELL, undone=UNDONE_AFTER)
    def route(self, is_transfer: bool, by: str, undone: int | None) -> MultipleResults[Act]:
        """The cell closes or transfers the last open comment."""
        road = self.town.departments["road"]
        case = partial(routing.transfer, department_id=road) if is_transfer else routing.close
        what, states = ("pass_on", [CommentState.ROUTED]) if is_transfer else ("close", [*OPEN])
        before = self._last_comment(Comment.state.in_(states))
        if before is None:
            return multiple()
        done = self.use_case(what, case, by=by, comment_id=before.id, reason=REASON)
        return self._undo_soon([] if done is None else [self._act(before, by)], undone)

    def _act(self, before: UndoneRow, by: str) -> Act:
        with self.town.read() as session:
            return Act(undo.newest_event(session, before).id, before, by, self.now)

    def _undo_soon(self, done: list[Act], undone: int | None) -> MultipleResults[Act]:
        """Undo these acts; return them if they are left for later."""
        if undone is None:
            return multiple(*done)
        self.pass_time(timedelta(seconds=undone))
        for act in done:
            self._try_to_undo(act)
        return multiple()

    @rule(act=consumes(acts), after=MOMENTS, then=TICK_DELAYS)
    def undo(self, act: Act, after: int, then: int | None) -> None:
        """An act is undone after whatever has happened since."""
        self.pass_time(timedelta(seconds=after))
        self._try_to_undo(act)
        self.tick_after(then)

    def _try_to_undo(self, act: Act) -> None:
        """Check that nobody else can undo the act, and who did it once, for half a minute."""
        other = "clerk" if act.by == "lead" else "lead"
        assert not self._undo(act, other), "somebody else's act"
        if self._undo(act, act.by):
            assert self.now - act.at <= WITHIN
            self._check_undone(act.before)
            assert not self._undo(act, act.by), "once"

    def _undo(self, act: Act, by: str) -> bool:
        case, what = self._reverse(act.before)
        done = self.use_case(what, case, by=by, event_id=act.event_id, within=WITHIN)
        return done is not None

    def _reverse(self, row: UndoneRow) -> tuple[Callable[..., Stateful], str]:
        if isinstance(row, Delivery):
            return partial(undo_cancel, delivery_id=row.id), "undo_cancel"
        return partial(undo_routing, comment_id=row.id), "undo_routing"

    def _check_undone(self, before: UndoneRow) -> None:
        """Check that the row has the state, the time and the department that it had."""
        if isinstance(before, Delivery):
            (delivery,) = self.deliveries(Delivery.id == before.id)
            assert delivery.state is DeliveryState.SCHEDULED
            assert delivery.due_at == before.due_at
            assert delivery.due_at > self.now
        elif isinstance(before, Comment):
            (comment,) = self._comments(Comment.id == before.id)
            assert (comment.state, comment.department_id) == (before.state, before.department_id)
            assert comment.due_at == before.due_at
