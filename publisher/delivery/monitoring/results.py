"""Storing the results of checks, and notifying people of changes by others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session, joinedload

from approvals.policy import CLOCK
from publisher import transitions
from publisher.content_checks import outgoing_text
from publisher.database.noted_changes import note_changed
from publisher.database.session import core_table
from publisher.delivery.monitoring import notify
from publisher.delivery.monitoring.intervals import AGAIN, next_look
from publisher.delivery.worker_context import WorkerContext
from publisher.models.controls import Order
from publisher.models.deliveries import Delivery, DeliveryAction, ReceiptRow
from publisher.models.monitoring import Watch
from publisher.platforms.base.text import is_shown_as_sent
from publisher.platforms.base.types import Medium, Outgoing, RemotePost
from publisher.scheduling import corrections
from publisher.scheduling.corrections import LiveText
from publisher.states import MAY_BE_LIVE, OPEN_DELIVERY, DeliveryState

_WATCHES = core_table(Watch)

#: PostgreSQL:
#:   UPDATE watches
#:   SET look_at=:look_at, looked_at=:looked_at
#:   WHERE watches.id = :watch_id
#:     AND watches.absent_at IS NULL
#:     AND watches.differs_at IS NULL
#:     AND watches.look_at IS NOT NULL
_MARK_UNCHANGED = (
    update(_WATCHES)
    .where(
        _WATCHES.c.id == bindparam("watch_id"),
        _WATCHES.c.absent_at.is_(None),
        _WATCHES.c.differs_at.is_(None),
        _WATCHES.c.look_at.is_not(None),
    )
    .values(looked_at=bindparam("looked_at"), look_at=bindparam("look_at"))
)
"""Skips watches for which another clock has found something since the comparison."""


def store(context: WorkerContext, posts: Mapping[int, RemotePost | None], *, at: datetime) -> None:
    """Store the results of checks begun at `at`: posts by watch id (None: missing)."""
    # Almost every check finds no change. These are compared without locks and recorded by one
    # guarded UPDATE; each of the others is handled in a transaction of its own.
    now = context.now()
    with context.database.reading() as session:
        query = (
            select(Watch)
            .where(Watch.id.in_(list(posts)))
            .options(joinedload(Watch.receipt).joinedload(ReceiptRow.delivery))
            .order_by(Watch.id)
        )
        watches = list(session.scalars(query))
        same = [watch for watch in watches if _is_unchanged(session, watch, posts[watch.id])]
        rows = [
            {"watch_id": watch.id, "looked_at": now, "look_at": next_look(watch, now)}
            for watch in same
        ]
    if rows:
        with context.database.transaction() as session:
            session.connection().execute(_MARK_UNCHANGED, rows)
    for watch_id in sorted(posts.keys() - {row["watch_id"] for row in rows}):
        _store_one(context, watch_id, posts[watch_id], at)


def _is_unchanged(session: Session, watch: Watch, remote_post: RemotePost | None) -> bool:
    """Return True if the post is as we last published it, and there was no finding before."""
    if remote_post is None or not remote_post.is_public or watch.absent_at or watch.differs_at:
        return False
    live_text = _standing(session, watch)
    return live_text is not None and is_shown_as_sent(remote_post, build_expected(live_text))


def _store_one(
    context: WorkerContext, watch_id: int, remote_post: RemotePost | None, at: datetime
) -> None:
    with context.database.transaction() as session:
        now = context.now()
        watch = session.get_one(Watch, watch_id, with_for_update=True, populate_existing=True)
        note_changed(session, Watch.__tablename__, watch_id, now=now, is_by_person=False)
        watch.looked_at = now
        live_text = _standing(session, watch)
        if live_text is None:
            watch.look_at = None
        elif _is_ours_to_change(session, watch, live_text, at):
            watch.look_at = now + AGAIN
        elif remote_post is None or not remote_post.is_public:
            _absent(session, watch, now, at)
        else:
            watch.absent_at = None
            watch.look_at = next_look(watch, now)
            if is_shown_as_sent(remote_post, build_expected(live_text)):
                if watch.differs_at is not None:
                    transitions.record(
                        session, watch.receipt.delivery, "same_again", actor=CLOCK, now=now
                    )
                watch.differs_at, watch.seen_text = None, ""
            elif watch.differs_at is None or watch.seen_text != remote_post.text:
                watch.differs_at, watch.seen_text = now, remote_post.text
                _open(watch)
                notify.record_changed(session, watch, now=now)


def _standing(session: Session, watch: Watch) -> LiveText | None:
    """Return what we last published there; None once it is known to be gone."""
    lives = corrections.list_live_texts(session, watch.receipt.delivery.post_id)
    return next(
        (live_text for live_text in lives if live_text.receipt.id == watch.receipt_id), None
    )


def _is_ours_to_change(session: Session, watch: Watch, live_text: LiveText, at: datetime) -> bool:
    """Return True if an edit or deletion of ours is in flight, or came since the check."""
    if live_text.since > at - AGAIN:
        return True
    receipt = watch.receipt
    deleting = (
        select(Order.id)
        .join(Delivery, Delivery.id == Order.delivery_id)
        .where(Order.receipt_id == receipt.id, Delivery.state.in_(OPEN_DELIVERY))
    )
    if session.scalars(deleting).first() is not None:
        return True
    under_way = (*MAY_BE_LIVE, DeliveryState.CLAIMED)
    return any(
        delivery.action is DeliveryAction.EDIT
        and delivery.state in under_way
        and delivery.variant.target == receipt.platform_id
        for delivery in corrections.list_deliveries(session, receipt.delivery.post_id)
    )


def _absent(session: Session, watch: Watch, now: datetime, at: datetime) -> None:
    """Store that the post is missing; a second check after `AGAIN` confirms that it is gone."""
    # Two clocks may make one check at the same time if a lease has ended: it counts once.
    if watch.absent_at is None:
        watch.absent_at = now
    if at < watch.absent_at + AGAIN:
        watch.look_at = watch.absent_at + AGAIN
        return
    watch.receipt.gone_at = watch.found_gone_at = now
    watch.look_at = None
    _open(watch)
    notify.record_gone(session, watch, now=now)


def _open(watch: Watch) -> None:
    """Reopen the watch for a new finding: the acknowledgement was for another one."""
    watch.settled_at = watch.settled_by_id = watch.settled_under_id = None
    watch.note = ""


def build_expected(live_text: LiveText) -> Outgoing:
    """Return what should be live. Pictures are only counted, so they have no bytes."""
    pictures = live_text.first.renditions
    media = tuple(
        Medium(b"", picture.mime, picture.alt_text, picture.sha256) for picture in pictures
    )
    variant = live_text.current
    return Outgoing(
        outgoing_text.outgoing_text(variant), outgoing_text.outgoing_link(variant), media
    )
