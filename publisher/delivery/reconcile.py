"""Looking after what may be live: the machine looks, and a person decides what was not found."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.errors import NotAllowed, WrongState
from approvals.policy import CLOCK, Action, Actor, require
from publisher import failpoints, transitions
from publisher.delivery import (
    manual,
    notify,
    outcomes,
    platform_actions,
    receipts,
    staged_posts,
)
from publisher.delivery.accounts import manage
from publisher.delivery.attempt import PlatformPool
from publisher.delivery.manual import LinkedPost, ManualPost
from publisher.delivery.payload import DeliveryPayload, load_payloads, lookup_of
from publisher.delivery.permalinks import Pasted
from publisher.delivery.worker_context import Claim, WorkerContext
from publisher.models.deliveries import Delivery, DeliveryAction, ReceiptOrigin
from publisher.platforms.base.protocol import (
    CredentialsExpired,
    OutcomeUnknown,
    PlatformError,
    Refused,
    TryLater,
)
from publisher.platforms.base.types import Match, Receipt
from publisher.scheduling import corrections
from publisher.states import DeliveryState
from publisher.validation import FieldError, Invalid, NotFound

PATIENCE = timedelta(minutes=15)
"""How long after the last try a person may say that it is not live: platforms list late."""


class TooSoon(NotAllowed):
    """It may still appear; `at` says when a person may decide to send again."""

    code = "too_soon"


@dataclass(frozen=True)
class ReconcileCheck:
    """One look for an unconfirmed delivery; `number` counts them from one."""

    payload: DeliveryPayload
    number: int
    since: datetime


def tick_reconcile(
    context: WorkerContext, *, most: int = 50, is_stopping: Callable[[], bool] = lambda: False
) -> int:
    """Look for every unconfirmed delivery whose time has come; gives the number of looks.

    An account that gives no answer is left alone until the next tick: it keeps no other waiting.
    """
    desk, looks = PlatformPool(context), 0
    silent: set[int] = set()
    while looks < most and not is_stopping():
        look = _next_look(context, silent)
        if look is None:
            break
        looks += 1
        if not _look(desk, look):
            silent.add(look.payload.account.id)
    return looks


def _next_look(context: WorkerContext, silent: Collection[int]) -> ReconcileCheck | None:
    """Mark the next look as taken, so that another clock does not look at the same time."""
    with context.database.transaction() as session:
        now = context.now()
        query = (
            select(Delivery)
            .where(Delivery.state == DeliveryState.UNCONFIRMED, Delivery.look_at <= now)
            .where(Delivery.account_id.not_in(silent))
            .order_by(Delivery.look_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        delivery = session.scalars(query).one_or_none()
        if delivery is None:
            return None
        staged_posts.end_unfinished(session, delivery, now)
        delivery.looks += 1
        delivery.look_at = now + timedelta(seconds=context.delivery_settings.lease)
        (payload,) = load_payloads(session, [Claim(delivery.id, delivery.fence)])
        look = ReconcileCheck(payload, delivery.looks, delivery.sending_at or delivery.due_at)
    failpoints.hit("look.marked")
    return look


def _look(pool: PlatformPool, look: ReconcileCheck) -> bool:
    """Look, and store what was seen; gives whether the platform answered at all."""
    found = _ask(pool, look)
    if isinstance(found, CredentialsExpired):
        _pause(pool.context, look)
    _store_look(pool.context, look, found)
    failpoints.hit("look.stored")
    return not isinstance(found, (TryLater, OutcomeUnknown))


def _ask(pool: PlatformPool, look: ReconcileCheck) -> Match | PlatformError | None:
    """What the platform shows, or why it does not say: that is no evidence of absence."""
    try:
        platform = pool.open(look.payload.account)
        found = platform_actions.find_published(platform, look.payload, since=look.since)
        failpoints.hit("look.read")
        if found is None and look.payload.staged_id:
            found = staged_posts.release_again(pool.context, platform, look.payload)
    except (TryLater, Refused, OutcomeUnknown, CredentialsExpired) as problem:
        return problem
    return found


def _pause(context: WorkerContext, look: ReconcileCheck) -> None:
    with context.database.transaction() as session:
        manage.pause(
            session,
            actor=CLOCK,
            now=context.now(),
            account_id=look.payload.account.id,
            reason="credentials",
        )


def _store_look(
    context: WorkerContext, look: ReconcileCheck, found: Match | PlatformError | None
) -> None:
    with context.database.transaction() as session:
        now = context.now()
        delivery = outcomes.held_delivery(session, look.payload.claim)
        if delivery is None or delivery.state is not DeliveryState.UNCONFIRMED:
            return
        if isinstance(found, PlatformError):
            _look_again_later(delivery, context, now)
        elif found is None or _proves_another(session, delivery, found):
            _not_found(session, delivery, look, context, now)
        else:
            _found(session, delivery, found, now)
        failpoints.hit("look.in_commit")


def _proves_another(session: Session, delivery: Delivery, found: Match) -> bool:
    return delivery.action is DeliveryAction.PUBLISH and receipts.is_known(
        session, delivery.account_id, found.platform_id
    )


def _look_again_later(delivery: Delivery, context: WorkerContext, now: datetime) -> None:
    """The platform gave no answer: this look does not count.

    The longer it has been in doubt, the longer it is left in peace.
    """
    delivery.looks -= 1
    pauses = [timedelta(seconds=one) for one in context.delivery_settings.looks]
    shortest = pauses[min(1, len(pauses) - 1)]
    in_doubt = now - delivery.state_at
    delivery.look_at = now + max(shortest, min(in_doubt / 10, pauses[-1]))


def _found(session: Session, delivery: Delivery, found: Match, now: datetime) -> None:
    receipt = Receipt(found.platform_id, found.url, found.published_at, found.answer)
    receipts.add_receipt(session, delivery, receipt, origin=ReceiptOrigin.LOOK_UP, now=now)
    delivery.reason = {}
    transitions.apply(session, delivery, DeliveryState.PUBLISHED, actor=CLOCK, now=now, verb="find")


def _not_found(
    session: Session,
    delivery: Delivery,
    look: ReconcileCheck,
    context: WorkerContext,
    now: datetime,
) -> None:
    """Look again a few times over minutes, then hold it: absence now is not absence."""
    if look.number < len(context.delivery_settings.looks):
        since = delivery.sending_at or now
        next_at = since + timedelta(seconds=context.delivery_settings.looks[look.number])
        delivery.look_at = max(next_at, now + timedelta(seconds=1))
        return
    delivery.look_at = None
    transitions.apply(session, delivery, DeliveryState.HELD, actor=CLOCK, now=now, verb="hold")
    notify.tell_held(session, delivery, now=now)


def unconfirmed_deliveries(
    session: Session, *, actor: Actor, now: datetime, delivery_id: int, link: str
) -> ManualPost | None:
    """What is to be looked for by its text, as its link holds no id; None where nothing is.

    Raises what `confirm_live` raises.
    """
    delivery = _may_settle(session.get(Delivery, delivery_id), delivery_id, actor, now)
    seen = _pasted(session, delivery, link)
    if not seen.url or seen.platform_id or delivery.action is not DeliveryAction.PUBLISH:
        return None
    (payload,) = load_payloads(session, [Claim(delivery.id, delivery.fence)])
    since = min(delivery.due_at, now) - manual.LOOK_BACK
    return ManualPost(delivery.id, payload.account, lookup_of(payload), seen, since)


def confirm_live(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    delivery_id: int,
    link: str = "",
    found: LinkedPost | None = None,
) -> Delivery:
    """A person has seen a held delivery on the platform; `link` is what they saw, if given.

    `found` is what was found of what was looked for. Raises `Invalid` where the link is none,
    leads elsewhere, or to another post of ours.
    """
    delivery = _held(session, delivery_id, actor=actor, now=now)
    seen = _pasted(session, delivery, link)
    if found is not None and receipts.is_known(session, delivery.account_id, found.platform_id):
        raise Invalid([FieldError("link", "other_post")])
    told = found or LinkedPost(False, "")
    # Without an id, a name that stands for not knowing.
    platform_id = seen.platform_id or told.platform_id or f"{corrections.UNKNOWN_ID}{delivery.id}"
    published_at = told.published_at or delivery.sending_at or now
    receipt = Receipt(platform_id, seen.url, published_at, told.answer)
    receipts.add_receipt(
        session,
        delivery,
        receipt,
        origin=ReceiptOrigin.PERSON,
        now=now,
        person_id=actor.person_id,
    )
    transitions.apply(
        session, delivery, DeliveryState.PUBLISHED, actor=actor, now=now, verb="it_is_live"
    )
    return delivery


def _pasted(session: Session, delivery: Delivery, link: str) -> Pasted:
    """What the link names, seen to be on this account and no other post of ours."""
    if not link.strip():
        return Pasted("", "")
    (payload,) = load_payloads(session, [Claim(delivery.id, delivery.fence)])
    found = manual.link_of(session, payload, link)
    if found.platform_id and _is_another(session, payload, found.platform_id):
        raise Invalid([FieldError("link", "other_post")])
    return found


def _is_another(session: Session, payload: DeliveryPayload, platform_id: str) -> bool:
    """An edit stands under the id of what it edits; only what is new has one of its own."""
    if payload.action is DeliveryAction.PUBLISH:
        return receipts.is_known(session, payload.account.id, platform_id)
    return platform_id != payload.target


def send_again(session: Session, *, actor: Actor, now: datetime, delivery_id: int) -> Delivery:
    """A person says that a held delivery is not live: the same row, due now, next fence.

    Raises `TooSoon` within a quarter of an hour of the last try.
    """
    delivery = _held(session, delivery_id, actor=actor, now=now)
    free_at = (delivery.sending_at or now) + PATIENCE
    if now < free_at:
        raise TooSoon(at=free_at)
    delivery.due_at, delivery.not_before, delivery.looks = now, None, 0
    delivery.reason = {}
    transitions.apply(
        session, delivery, DeliveryState.SCHEDULED, actor=actor, now=now, verb="send_again"
    )
    return delivery


def _held(session: Session, delivery_id: int, *, actor: Actor, now: datetime) -> Delivery:
    return _may_settle(transitions.lock(session, Delivery, delivery_id), delivery_id, actor, now)


def _may_settle(
    delivery: Delivery | None, delivery_id: int, actor: Actor, now: datetime
) -> Delivery:
    if delivery is None:
        raise NotFound(delivery_id)
    require(actor, Action.SETTLE_HELD, delivery.post.department_id, now=now)
    if delivery.state is not DeliveryState.HELD:
        raise WrongState(state=delivery.state, to=DeliveryState.PUBLISHED)
    return delivery
