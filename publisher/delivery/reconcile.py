"""Reconcile unconfirmed deliveries: their post may be live, or not.

The clock looks for the post on the platform several times (the first half of this module). If it
never appears, the delivery is held, and a person decides about it (the second half).
"""

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
    failures,
    lookup,
    manual,
    notify,
    outcomes,
    platform_credits,
    staged_posts,
)
from publisher.delivery.attempt import PlatformPool
from publisher.delivery.claim import DeliveryPayload, load_payloads
from publisher.delivery.manual import LinkedPost, ManualPost
from publisher.delivery.permalinks import PastedLink
from publisher.delivery.worker_context import Claim, WorkerContext
from publisher.models.deliveries import Account, Delivery, DeliveryAction, ReceiptOrigin
from publisher.platforms.base.charges import Cause, attribute_calls
from publisher.platforms.base.protocol import (
    CredentialsExpired,
    CreditsUsedUp,
    OutcomeUnknown,
    PlatformError,
    Refused,
    TryLater,
)
from publisher.platforms.base.types import Match, Receipt
from publisher.scheduling import corrections
from publisher.states import DeliveryState
from publisher.validation import FieldError, Invalid, existing

RESEND_WAIT = timedelta(minutes=15)
"""The time after the last attempt in which nobody may send again.

A platform may list a new post only minutes after it was created.
"""


class TooSoon(NotAllowed):
    """The post may still appear on the platform; sending again is allowed from `at` on."""

    code = "too_soon"


@dataclass(frozen=True)
class ReconcileCheck:
    """A search of the platform for an unconfirmed delivery's post.

    `number` counts the delivery's checks from 1. `since` is the earliest time at which the post can
    have been created. `named_id` is the id in the platform's doubtful answer, and `known_ids` are
    those of other deliveries.
    """

    payload: DeliveryPayload
    number: int
    since: datetime
    named_id: str
    known_ids: frozenset[str]


@attribute_calls(Cause.CONFIRMATION)
def tick_reconcile(
    context: WorkerContext, *, most: int = 50, is_stopping: Callable[[], bool] = lambda: False
) -> int:
    """Look for every unconfirmed delivery whose next check is due; return the number of checks.

    An account that does not respond is skipped until the next tick, so that it delays no other.
    """
    pool, checks = PlatformPool(context), 0
    silent_ids: set[int] = set()
    while checks < most and not is_stopping():
        check = _lease_next_check(context, silent_ids)
        if check is None:
            break
        checks += 1
        # An error is a finding as well: it is no evidence that the post is absent.
        finding: Match | PlatformError | None
        try:
            platform = pool.open(check.payload.account)
            finding = lookup.find_published(
                platform,
                check.payload,
                since=check.since,
                named_id=check.named_id,
                known_ids=check.known_ids,
            )
            failpoints.hit("look.read")
            if finding is None and check.payload.staged_id:
                finding = staged_posts.release_again(context, platform, check.payload)
        except (TryLater, Refused, OutcomeUnknown, CredentialsExpired) as problem:
            finding = problem
        if isinstance(finding, CredentialsExpired):
            with context.database.transaction() as session:
                failures.pause(session, check.payload.account.id, context.now())
        _store_finding(context, check, finding)
        failpoints.hit("look.stored")
        if isinstance(finding, (TryLater, OutcomeUnknown)):
            silent_ids.add(check.payload.account.id)
    return checks


def _lease_next_check(context: WorkerContext, silent_ids: Collection[int]) -> ReconcileCheck | None:
    """Lease the next check that is due, so that no other clock makes it at the same time.

    Accounts in `silent_ids` are skipped.
    """
    with context.database.transaction() as session:
        now = context.now()
        query = (
            select(Delivery)
            .join(Account, Account.id == Delivery.account_id)
            .where(Delivery.state == DeliveryState.UNCONFIRMED, Delivery.look_at <= now)
            .where(Delivery.account_id.not_in(silent_ids), ~platform_credits.has_no_credits())
            .order_by(Delivery.look_at)
            .limit(1)
            .with_for_update(skip_locked=True, of=Delivery)
        )
        delivery = session.scalars(query).one_or_none()
        if delivery is None:
            return None
        staged_posts.end_lapsed_releases(session, delivery, now)
        # The check counts before it is made. If this clock dies, the check is due again after the
        # lease.
        delivery.looks += 1
        delivery.look_at = now + timedelta(seconds=context.delivery_settings.lease)
        (payload,) = load_payloads(session, [Claim(delivery.id, delivery.fence)])
        since = delivery.sending_at or delivery.due_at
        check = ReconcileCheck(
            payload=payload,
            number=delivery.looks,
            since=since,
            named_id=delivery.reason.get("platform_id", ""),
            known_ids=outcomes.receipt_ids(session, delivery.account_id, since - manual.LOOK_BACK),
        )
    failpoints.hit("look.marked")
    return check


def _store_finding(
    context: WorkerContext, check: ReconcileCheck, finding: Match | PlatformError | None
) -> None:
    with context.database.transaction() as session:
        now = context.now()
        delivery = outcomes.lock_for_claim(session, check.payload.claim)
        if delivery is None or delivery.state is not DeliveryState.UNCONFIRMED:
            return
        if isinstance(finding, CreditsUsedUp):
            platform_credits.record_exhaustion(session, delivery.account.platform, now=now)
        if isinstance(finding, PlatformError):
            # The pause is a tenth of the time that the delivery has been in doubt, within the
            # configured pauses.
            delivery.looks -= 1
            pauses = [timedelta(seconds=seconds) for seconds in context.delivery_settings.looks]
            # The first pause follows the attempt and is very short, so the second is the minimum.
            shortest_pause = pauses[min(1, len(pauses) - 1)]
            in_doubt = now - delivery.state_at
            delivery.look_at = now + max(shortest_pause, min(in_doubt / 10, pauses[-1]))
        elif finding is None or _belongs_to_another(session, delivery, finding):
            _schedule_check_or_hold(session, delivery, check, context, now)
        else:
            outcomes.add_receipt(session, delivery, finding, ReceiptOrigin.LOOK_UP, now=now)
            delivery.reason = {}
            transitions.apply(
                session, delivery, DeliveryState.PUBLISHED, actor=CLOCK, now=now, verb="find"
            )
        failpoints.hit("look.in_commit")


# A post with the same text may belong to another delivery, which has its receipt. An edit or a
# deletion concerns a post that has a receipt anyway.
def _belongs_to_another(session: Session, delivery: Delivery, match: Match) -> bool:
    return delivery.action is DeliveryAction.PUBLISH and outcomes.is_known(
        session, delivery.account_id, match.platform_id
    )


def _schedule_check_or_hold(
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
    notify.delivery_held(session, delivery, now=now)


def post_to_find(
    session: Session, *, actor: Actor, now: datetime, delivery_id: int, link: str
) -> ManualPost | None:
    """Return the post that has to be found by its text, because the link holds no id.

    Returns None if there is no link, if the link holds the id, or if the delivery published
    nothing. Call this before `confirm_live`, which raises the same errors.
    """
    delivery = _require_held(session.get(Delivery, delivery_id), delivery_id, actor, now)
    pasted = _read_link(session, delivery, link)
    if not pasted.url or pasted.platform_id or delivery.action is not DeliveryAction.PUBLISH:
        return None
    (payload,) = load_payloads(session, [Claim(delivery.id, delivery.fence)])
    return manual.make_manual_post(session, delivery, payload, pasted, now=now)


def confirm_live(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    delivery_id: int,
    link: str = "",
    linked_post: LinkedPost | None = None,
) -> Delivery:
    """Store that a person has seen the post of a held delivery live.

    `link` leads to the post, if the person has a link. `linked_post` is the post that was found by
    its text (see `post_to_find`). Raises `Invalid` if the link cannot be parsed, does not lead to
    this account, or leads to the post of another delivery.
    """
    delivery = _lock_held(session, delivery_id, actor=actor, now=now)
    pasted = _read_link(session, delivery, link)
    if linked_post is not None and outcomes.is_known(
        session, delivery.account_id, linked_post.platform_id
    ):
        raise Invalid([FieldError("link", "other_post")])
    linked = linked_post or LinkedPost(is_read=False, platform_id="")
    # A receipt needs an id, so a made-up id says that the real one is unknown.
    platform_id = (
        pasted.platform_id or linked.platform_id or f"{corrections.UNKNOWN_ID}{delivery.id}"
    )
    published_at = linked.published_at or delivery.sending_at or now
    receipt = Receipt(platform_id, linked.url or pasted.url, published_at, linked.answer)
    outcomes.add_receipt(
        session,
        delivery,
        receipt,
        ReceiptOrigin.PERSON,
        now=now,
        person_id=actor.person_id,
    )
    transitions.apply(
        session, delivery, DeliveryState.PUBLISHED, actor=actor, now=now, verb="it_is_live"
    )
    return delivery


def _read_link(session: Session, delivery: Delivery, link: str) -> PastedLink:
    """Parse the link; check that it leads to this account and not to another delivery's post.

    Without a link, return an empty one.
    """
    if not link.strip():
        return PastedLink("", "")
    (payload,) = load_payloads(session, [Claim(delivery.id, delivery.fence)])
    pasted = manual.parse_link(session, payload, link)
    if pasted.platform_id and _is_id_of_another(session, payload, pasted.platform_id):
        raise Invalid([FieldError("link", "other_post")])
    return pasted


def _is_id_of_another(session: Session, payload: DeliveryPayload, platform_id: str) -> bool:
    # A publication creates an id, so no receipt may hold it yet. Other actions keep the id of the
    # post that they change.
    if payload.action is DeliveryAction.PUBLISH:
        return outcomes.is_known(session, payload.account.id, platform_id)
    return platform_id != payload.target


def send_again(session: Session, *, actor: Actor, now: datetime, delivery_id: int) -> Delivery:
    """Schedule a held delivery to be sent now, after a person has seen that its post is not live.

    Raises `TooSoon` within `RESEND_WAIT` of the last attempt.
    """
    delivery = _lock_held(session, delivery_id, actor=actor, now=now)
    allowed_at = (delivery.sending_at or now) + RESEND_WAIT
    if now < allowed_at:
        raise TooSoon(at=allowed_at)
    delivery.due_at, delivery.not_before, delivery.looks = now, None, 0
    delivery.reason = {}
    transitions.apply(
        session, delivery, DeliveryState.SCHEDULED, actor=actor, now=now, verb="send_again"
    )
    return delivery


def _lock_held(session: Session, delivery_id: int, *, actor: Actor, now: datetime) -> Delivery:
    return _require_held(transitions.lock(session, Delivery, delivery_id), delivery_id, actor, now)


def _require_held(row: Delivery | None, delivery_id: int, actor: Actor, now: datetime) -> Delivery:
    delivery = existing(row, delivery_id)
    require(actor, Action.SETTLE_HELD, delivery.post.department_id, now=now)
    if delivery.state is not DeliveryState.HELD:
        raise WrongState(state=delivery.state, to=DeliveryState.PUBLISHED)
    return delivery
