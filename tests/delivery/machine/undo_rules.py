"""Steps that undo what was just done: a cancelled time, a closed or transferred comment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from publisher import undo
from publisher.inbox import routing
from publisher.inbox.undo import undo_routing
from publisher.models.comments import Comment
from publisher.models.deliveries import Delivery
from publisher.review import withdraw
from publisher.scheduling import schedule as scheduling_schedule
from publisher.scheduling.undo import undo_cancel
from publisher.states import UNSENT, CommentState, DeliveryState
from publisher.transitions import Stateful
from tests.delivery.machine.city_machine import REASON
from tests.delivery.machine.inbox_rules import InboxRules
from tests.delivery.machine.post_rules import PostRules

WITHIN = timedelta(seconds=30)


class UndoRules(PostRules, InboxRules):
    """Steps that undo an act: all is as it was before it, or the undo is refused."""

    def cancel_and_undo(self, post: int, between: str, after: int, then: int | None) -> None:
        """The lead cancels what is scheduled, and undoes it; meanwhile the post may change."""
        self._schedule(post, 3_700)
        of_post = Delivery.post_id == post
        waiting = self.deliveries(of_post, Delivery.state.in_(UNSENT))
        for delivery in waiting:
            self.use_case("cancel", scheduling_schedule.cancel, delivery_id=delivery.id)
        cancelled = self.deliveries(of_post, Delivery.state == DeliveryState.CANCELLED)
        events = {delivery.id: self._newest_event(delivery) for delivery in cancelled}
        self._change(post, between)
        self.town.clock.move(timedelta(seconds=after))
        for delivery in waiting:
            case = partial(undo_cancel, delivery_id=delivery.id)
            if delivery.id in events and self._undo(case, events[delivery.id]):
                assert not between, "the approved revision is not the newest one any more"
                assert timedelta(seconds=after) <= WITHIN
                (scheduled,) = self.deliveries(Delivery.id == delivery.id)
                assert scheduled.state is DeliveryState.SCHEDULED
                assert scheduled.due_at == delivery.due_at
                self.counts["undo_cancel"] += 1
                assert not self._undo(case, events[delivery.id]), "once"
        self.tick_after(then)

    def _change(self, post: int, how: str) -> None:
        if how == "revise":
            self.town.save(post, text=self.new_text())
        elif how == "withdraw_approval":
            newest, who = self.town.newest(post), self.approver
            case = withdraw.withdraw_approval
            self.use_case(how, case, by=who, post_id=post, seen_revision=newest)
        elif how:
            self.use_case(how, withdraw.withdraw_post, post_id=post, reason=REASON)

    def route_and_undo(self, is_transfer: bool, after: int, then: int | None) -> None:
        """The lead closes or transfers the last open comment, and undoes it."""
        before = self._last_comment(Comment.state == CommentState.ROUTED)
        if before is None:
            return
        road = self.town.departments["road"]
        case = partial(routing.transfer, department_id=road) if is_transfer else routing.close
        what = "pass_on" if is_transfer else "close"
        if self.use_case(what, case, comment_id=before.id, reason=REASON) is None:
            return
        event_id = self._newest_event(before)
        self.town.clock.move(timedelta(seconds=after))
        if self._undo(partial(undo_routing, comment_id=before.id), event_id):
            assert timedelta(seconds=after) <= WITHIN
            (comment,) = self._comments(Comment.id == before.id)
            assert (comment.state, comment.department_id) == (before.state, before.department_id)
            assert comment.due_at == before.due_at
            self.counts["undo_routing"] += 1
        self.tick_after(then)

    def _undo(self, case: Callable[..., object], event_id: int) -> bool:
        undone = self.use_case("undo", case, event_id=event_id, within=WITHIN)
        return undone is not None

    def _newest_event(self, row: Stateful) -> int:
        with self.town.read() as session:
            return undo.newest_event(session, row).id
