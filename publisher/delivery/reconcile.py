"""Reconciling deliveries that may be live: look for them, and let a person decide the rest."""

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
from publisher.delivery.permalinks import PastedLink
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
"""The wait after the last attempt before a person may send again: platforms list late."""


class TooSoon(NotAllowed):
    """The post may still appear; from `at` on a person may decide to send again."""

    code = "too_soon"


@dataclass(frozen=True)
class ReconcileCheck:
    """A check for an unconfirmed delivery. `number` counts its checks from 1."""

    payload: DeliveryPayload
    number: int
    since: datetime


def tick_reconcile(
    context: WorkerContext, *, most: int = 50, is_stopping: Callable[[], bool] = lambda: False
) -> int:
    """Look for every unconfirmed delivery whose check is due; return the number of checks.

    An account that does not respond is skipped until the next tick, so that it delays no other.
    """
    pool, checks = PlatformPool(context), 0
    silent_ids: set[int] = set()
    while checks < most and not is_stopping():
        check = _next_check(context, silent_ids)
        if check is None:
            break
        checks += 1
        if not _check(pool, check):
            silent_ids.add(check.payload.account.id)
    return checks


def _next_check(context: WorkerContext, silent: Collection[int]) -> ReconcileCheck | None:
    """Lease the next check that is due, so that no other clock makes it at the same time."""
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
        check = ReconcileCheck(payload, delivery.looks, delivery.sending_at or delivery.due_at)
    failpoints.hit("look.marked")
    return check


def _check(pool: PlatformPool, check: ReconcileCheck) -> bool:
    """Make the check and store its result; return True if the platform responded."""
    answer = _ask(pool, check)
    if isinstance(answer, CredentialsExpired):
        _pause(pool.context, check)
    _store_check(pool.context, check, answer)
    failpoints.hit("look.stored")
    return not isinstance(answer, (TryLater, OutcomeUnknown))


def _ask(pool: PlatformPool, check: ReconcileCheck) -> Match | PlatformError | None:
    """Return what the platform shows, or the error, which is no evidence of absence."""
    try:
        platform = pool.open(check.payload.account)
        match = platform_actions.find_published(platform, check.payload, since=check.since)
        failpoints.hit("look.read")
        if match is None and check.payload.staged_id:
            match = staged_posts.release_again(pool.context, platform, check.payload)
    except (TryLater, Refused, OutcomeUnknown, CredentialsExpired) as problem:
        return problem
    return match


def _pause(context: WorkerContext, check: ReconcileCheck) -> None:
    with context.database.transaction() as session:
        manage.pause(
            session,
            actor=CLOCK,
            now=context.now(),
            account_id=check.payload.account.id,
            reason="credentials",
        )


def _store_check(
    context: WorkerContext, check: ReconcileCheck, answer: Match | PlatformError | None
) -> None:
    with context.database.transaction() as session:
        now = context.now()
        delivery = outcomes.held_delivery(session, check.payload.claim)
        if delivery is None or delivery.state is not DeliveryState.UNCONFIRMED:
            return
        if isinstance(answer, PlatformError):
            _look_again_later(delivery, context, now)
        elif answer is None or _proves_another(session, delivery, answer):
            _not_found(session, delivery, check, context, now)
        else:
            _confirm(session, delivery, answer, now)
        failpoints.hit("look.in_commit")


def _proves_another(session: Session, delivery: Delivery, match: Match) -> bool:
    return delivery.action is DeliveryAction.PUBLISH and receipts.is_known(
        session, delivery.account_id, match.platform_id
    )


def _look_again_later(delivery: Delivery, context: WorkerContext, now: datetime) -> None:
    """Put off a check that had no response, and do not count it.

    The pause grows with the time that the delivery has been in doubt.
    """
    delivery.looks -= 1
    pauses = [timedelta(seconds=seconds) for seconds in context.delivery_settings.looks]
    shortest = pauses[min(1, len(pauses) - 1)]
    in_doubt = now - delivery.state_at
    delivery.look_at = now + max(shortest, min(in_doubt / 10, pauses[-1]))


def _confirm(session: Session, delivery: Delivery, match: Match, now: datetime) -> None:
    receipt = Receipt(match.platform_id, match.url, match.published_at, match.answer)
    receipts.add_receipt(session, delivery, receipt, origin=ReceiptOrigin.LOOK_UP, now=now)
    delivery.reason = {}
    transitions.apply(session, delivery, DeliveryState.PUBLISHED, actor=CLOCK, now=now, verb="find")


def _not_found(
    session: Session,
    delivery: Delivery,
    check: ReconcileCheck,
    context: WorkerContext,
    now: datetime,
) -> None:
    """Schedule the next check, or hold the delivery after the last one.

    A platform may list a post late, so a single absence proves nothing.
    """
    if check.number < len(context.delivery_settings.looks):
        since = delivery.sending_at or now
        next_at = since + timedelta(seconds=context.delivery_settings.looks[check.number])
        delivery.look_at = max(next_at, now + timedelta(seconds=1))
        return
    delivery.look_at = None
    transitions.apply(session, delivery, DeliveryState.HELD, actor=CLOCK, now=now, verb="hold")
    notify.tell_held(session, delivery, now=now)


def unconfirmed_deliveries(
    session: Session, *, actor: Actor, now: datetime, delivery_id: int, link: str
) -> ManualPost | None:
    """Return the post to look for by its text, if the link holds no id; None if there is none.

    Raises what `confirm_live` raises.
    """
    delivery = _may_settle(session.get(Delivery, delivery_id), delivery_id, actor, now)
    pasted = _read_link(session, delivery, link)
    if not pasted.url or pasted.platform_id or delivery.action is not DeliveryAction.PUBLISH:
        return None
    (payload,) = load_payloads(session, [Claim(delivery.id, delivery.fence)])
    since = min(delivery.due_at, now) - manual.LOOK_BACK
    return ManualPost(delivery.id, payload.account, lookup_of(payload), pasted, since)


def confirm_live(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    delivery_id: int,
    link: str = "",
    linked_post: LinkedPost | None = None,
) -> Delivery:
    """Store that a person has seen a held delivery live; `link` leads to it, if they have one.

    `linked_post` is the post that was found by its text. Raises `Invalid` if the link is not a
    link, leads elsewhere, or to another post of ours.
    """
    delivery = _held(session, delivery_id, actor=actor, now=now)
    pasted = _read_link(session, delivery, link)
    if linked_post is not None and receipts.is_known(
        session, delivery.account_id, linked_post.platform_id
    ):
        raise Invalid([FieldError("link", "other_post")])
    linked = linked_post or LinkedPost(False, "")
    # Without an id, a made-up id marks it as unknown.
    platform_id = (
        pasted.platform_id or linked.platform_id or f"{corrections.UNKNOWN_ID}{delivery.id}"
    )
    published_at = linked.published_at or delivery.sending_at or now
    receipt = Receipt(platform_id, pasted.url, published_at, linked.answer)
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


def _read_link(session: Session, delivery: Delivery, link: str) -> PastedLink:
    """Parse the link and check that it leads to this account and to no other post of ours."""
    if not link.strip():
        return PastedLink("", "")
    (payload,) = load_payloads(session, [Claim(delivery.id, delivery.fence)])
    pasted = manual.link_of(session, payload, link)
    if pasted.platform_id and _is_another(session, payload, pasted.platform_id):
        raise Invalid([FieldError("link", "other_post")])
    return pasted


def _is_another(session: Session, payload: DeliveryPayload, platform_id: str) -> bool:
    # An edit has the id of what it edits; only a publication has an id of its own.
    if payload.action is DeliveryAction.PUBLISH:
        return receipts.is_known(session, payload.account.id, platform_id)
    return platform_id != payload.target


def send_again(session: Session, *, actor: Actor, now: datetime, delivery_id: int) -> Delivery:
    """Schedule a held delivery again, now, after a person has seen that it is not live.

    Raises `TooSoon` within `PATIENCE` of the last attempt.
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
