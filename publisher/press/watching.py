"""Reading back what is out: what somebody else deleted or changed is noticed within a day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, insert, or_, select
from sqlalchemy.orm import Session

from approvals.errors import WrongState
from approvals.policy import CLOCK, Action, Actor, require
from publisher import moving
from publisher.desk import leaving, live, ordering
from publisher.desk.checking import Missing, checked_reason
from publisher.desk.live import LiveText
from publisher.lifecycle import AccountState, DeliveryState
from publisher.models.deliveries import Account, Delivery, DeliveryAction, Receipt
from publisher.models.press import Order
from publisher.models.watching import Watch
from publisher.platforms.base import (
    CredentialsExpired,
    Medium,
    Outgoing,
    Refused,
    Seen,
    TryLater,
    shows,
)
from publisher.press import accounts, found
from publisher.press.bench import Bench

YOUNG = timedelta(days=30)
WEEK = timedelta(days=7)
SHORTEST = timedelta(hours=16)
SPREAD = 12
"""Steps of a quarter of an hour: sixteen to nineteen hours between two looks, never twenty."""

STEP = timedelta(minutes=15)
AGAIN = timedelta(minutes=15)
"""How soon it is looked at again where one look proves nothing."""

AFTER_TROUBLE = timedelta(hours=1)
MOST_OPENED = 500
CATCH_UP = 1_000
"""So far behind the newest watched receipt one may still have been committed late."""


@dataclass(frozen=True)
class Look:
    """One look at a publication, begun at `at`."""

    watch_id: int
    platform_id: str
    account: Account
    at: datetime


def tick_watching(
    bench: Bench,
    *,
    most: int = 6,
    of_one_account: int = 2,
    is_stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Look at what has waited longest, a few of each account; gives the number of looks.

    An account that gives no answer is left alone until the next tick: it keeps no other waiting.
    """
    with bench.database.transaction() as session:
        open_watches(session, now=bench.now())
    looks: Counter[int] = Counter()
    silent: set[int] = set()
    while looks.total() < most and not is_stopping():
        busy = {account for account, number in looks.items() if number >= of_one_account}
        look = _next_look(bench, busy | silent)
        if look is None:
            break
        looks[look.account.id] += 1
        if not _look(bench, look):
            silent.add(look.account.id)
    return looks.total()


def open_watches(session: Session, *, now: datetime) -> int:
    """Watch whatever came out since, each from a moment of its own on within the day."""
    newest = session.scalar(select(func.max(Watch.receipt_id)))
    query = (
        select(Receipt.id)
        .outerjoin(Watch, Watch.receipt_id == Receipt.id)
        .where(
            Watch.id.is_(None),
            Receipt.id > (newest or 0) - CATCH_UP,
            Receipt.action == DeliveryAction.PUBLISH,
            Receipt.gone_at.is_(None),
            Receipt.platform_id.not_like(f"{live.UNKNOWN_ID}%"),
        )
        .order_by(Receipt.id)
        .limit(MOST_OPENED)
    )
    found_ids = list(session.scalars(query))
    rows = [{"receipt_id": one, "look_at": now + _pause(one)} for one in found_ids]
    if rows:
        session.execute(insert(Watch), rows)
    return len(rows)


def _pause(receipt_id: int) -> timedelta:
    """Less than twenty hours, and another one for each, so that looks are spread over the day."""
    return SHORTEST + STEP * (receipt_id % SPREAD)


def _next_look(bench: Bench, busy: Collection[int]) -> Look | None:
    """Take what has waited longest, and keep other clocks off it for a lease."""
    with bench.database.transaction() as session:
        now = bench.now()
        query = (
            select(Watch)
            .join(Receipt, Receipt.id == Watch.receipt_id)
            .join(Account, Account.id == Receipt.account_id)
            .where(
                Watch.look_at <= now,
                Account.state == AccountState.CONNECTED,
                or_(Account.quiet_until.is_(None), Account.quiet_until <= now),
                Account.id.not_in(busy),
            )
            .order_by(Watch.look_at)
            .limit(1)
            .with_for_update(skip_locked=True, of=Watch)
        )
        watch = session.scalars(query).one_or_none()
        if watch is None:
            return None
        watch.look_at = now + timedelta(seconds=bench.pace.lease)
        return Look(watch.id, watch.receipt.platform_id, watch.receipt.account, now)


def _look(bench: Bench, look: Look) -> bool:
    """Look, with no transaction open meanwhile; gives whether the platform answered at all."""
    try:
        seen = bench.open_account(look.account).see(look.platform_id)
    except TryLater as problem:
        _put_off(bench, look, problem.at)
        return False
    except Refused:
        _put_off(bench, look, None)
    except CredentialsExpired:
        _pause_account(bench, look)
    else:
        _store(bench, look, seen)
    return True


def _put_off(bench: Bench, look: Look, until: datetime | None) -> None:
    with bench.database.transaction() as session:
        soonest = bench.now() + AFTER_TROUBLE
        session.get_one(Watch, look.watch_id).look_at = max(until, soonest) if until else soonest


def _pause_account(bench: Bench, look: Look) -> None:
    with bench.database.transaction() as session:
        now = bench.now()
        session.get_one(Watch, look.watch_id).look_at = now
        accounts.pause(
            session, actor=CLOCK, now=now, account_id=look.account.id, reason="credentials"
        )


def _store(bench: Bench, look: Look, seen: Seen | None) -> None:
    with bench.database.transaction() as session:
        now = bench.now()
        watch = session.get_one(Watch, look.watch_id, with_for_update=True, populate_existing=True)
        watch.looked_at = now
        standing = _standing(session, watch)
        if standing is None:
            watch.look_at = None
        elif _is_ours_to_change(session, watch, standing, look):
            watch.look_at = now + AGAIN
        elif seen is None or not seen.is_public:
            _absent(session, watch, now)
        else:
            watch.absent_at = None
            watch.look_at = now + _next_pause(watch.receipt, now)
            _compare(session, watch, standing, seen, now)


def _standing(session: Session, watch: Watch) -> LiveText | None:
    """What we last published there; None once we know that it is gone."""
    lives = live.of_post(session, watch.receipt.delivery.post_id)
    return next((one for one in lives if one.receipt.id == watch.receipt_id), None)


def _is_ours_to_change(session: Session, watch: Watch, standing: LiveText, look: Look) -> bool:
    """An edit or a deletion of ours is under way, or came between the look and now."""
    if standing.since > look.at - AGAIN:
        return True
    receipt = watch.receipt
    deleting = (
        select(Order.id)
        .join(Delivery, Delivery.id == Order.delivery_id)
        .where(Order.receipt_id == receipt.id, Delivery.state.in_(ordering.UNSETTLED))
    )
    if session.scalars(deleting).first() is not None:
        return True
    under_way = (*live.MAY_BE_LIVE, DeliveryState.CLAIMED)
    return any(
        one.action is DeliveryAction.EDIT
        and one.state in under_way
        and one.variant.target == receipt.platform_id
        for one in live.deliveries_of(session, receipt.delivery.post_id)
    )


def _next_pause(receipt: Receipt, now: datetime) -> timedelta:
    return _pause(receipt.id) if now - receipt.published_at <= YOUNG else WEEK


def _absent(session: Session, watch: Watch, now: datetime) -> None:
    """One look that finds nothing is no proof; the second one is."""
    if watch.absent_at is None:
        watch.absent_at, watch.look_at = now, now + AGAIN
        return
    watch.receipt.gone_at = watch.found_gone_at = now
    watch.look_at = None
    _open(watch)
    found.tell_gone(session, watch, now=now)


def _compare(session: Session, watch: Watch, standing: LiveText, seen: Seen, now: datetime) -> None:
    if shows(seen, sought(standing)):
        if watch.differs_at is not None:
            moving.record(session, watch.receipt.delivery, "same_again", actor=CLOCK, now=now)
        watch.differs_at, watch.seen_text = None, ""
    elif watch.differs_at is None or watch.seen_text != seen.text:
        watch.differs_at, watch.seen_text = now, seen.text
        _open(watch)
        found.tell_changed(session, watch, now=now)


def _open(watch: Watch) -> None:
    """Something new was found: what somebody has seen before was another matter."""
    watch.settled_at = watch.settled_by_id = watch.settled_under_id = None
    watch.note = ""


def sought(standing: LiveText) -> Outgoing:
    """What should stand there: pictures are counted, so their bytes stay unread."""
    pictures = standing.first.renditions
    media = tuple(Medium(b"", one.mime, one.alt_text, one.sha256) for one in pictures)
    shown = standing.shown
    return Outgoing(leaving.leaving_text(shown), leaving.leaving_link(shown), media)


def note_seen(session: Session, *, actor: Actor, now: datetime, watch_id: int, note: str) -> Watch:
    """Somebody has seen what was found, and says what it is about; it leaves the board.

    Raises `WrongState` where nothing is found there any more, or somebody has noted it already.
    """
    watch = session.get(Watch, watch_id, with_for_update=True, populate_existing=True)
    if watch is None:
        raise Missing(watch_id)
    delivery = watch.receipt.delivery
    require(actor, Action.NOTE_FINDING, delivery.post.department_id, now=now)
    if watch.settled_at is not None or not (watch.found_gone_at or watch.differs_at):
        raise WrongState(state=delivery.state, to=delivery.state)
    watch.note = checked_reason(note, field="note")
    watch.settled_at = now
    watch.settled_by_id, watch.settled_under_id = actor.person_id, actor.appointment_id
    values = {"note": watch.note}
    moving.record(session, delivery, Action.NOTE_FINDING, actor=actor, now=now, values=values)
    return watch
