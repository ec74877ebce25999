"""The ways in which an attempt ends, and what becomes of a delivery that was not published."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from sqlalchemy.orm import Session

from approvals.policy import CLOCK
from publisher import transitions
from publisher.delivery import notify, platform_credits
from publisher.delivery.accounts import manage
from publisher.delivery.late_limit import STORE_AWAY, give_up_late
from publisher.delivery.sending import Blocker
from publisher.delivery.worker_context import WorkerContext
from publisher.media.store import MediumChanged, MediumMissing, StoreAway
from publisher.models.deliveries import Account, Delivery
from publisher.platforms.base.protocol import (
    CredentialsExpired,
    CreditsUsedUp,
    OutcomeUnknown,
    Refused,
    TryLater,
)
from publisher.platforms.base.types import Receipt
from publisher.states import CLAIMED_OR_SENDING, DeliveryState

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=15)
"""Pauses before a retry for which the platform named no time; each is twice the one before."""

PUT_OFF = ("later", "store")
"""Outcomes of attempts that made the delivery wait for a platform or for the media store."""


@dataclass(frozen=True)
class Lost:
    """The claim was lost before `sending`: the delivery was cancelled or claimed again."""


@dataclass(frozen=True)
class GivenBack:
    """The clock stopped before it began, so another clock can take the delivery at once."""


Failure = (
    Refused
    | MediumMissing
    | MediumChanged
    | StoreAway
    | TryLater
    | CredentialsExpired
    | OutcomeUnknown
    | Blocker
    | Lost
    | GivenBack
)
Ending = Receipt | Failure


def move_unpublished(
    context: WorkerContext, session: Session, delivery: Delivery, failure: Failure, now: datetime
) -> None:
    """Move a delivery that was not published, unless it was decided about meanwhile."""
    if delivery.state not in CLAIMED_OR_SENDING:
        return
    match failure:
        case Refused():
            _distrust_second_step(delivery)
            _fail(session, delivery, failure.reason, now)
        case MediumMissing() | MediumChanged():
            _distrust_second_step(delivery)
            is_missing = isinstance(failure, MediumMissing)
            _fail(session, delivery, "medium_missing" if is_missing else "medium_changed", now)
        case StoreAway():
            # That says nothing about the pictures: without them it is never sent.
            until = next_try(delivery, now=now, retry_at=None)
            _schedule(session, delivery, now, code=STORE_AWAY, until=until)
        case CreditsUsedUp():
            _wait_for_credits(session, delivery, now)
        case TryLater():
            until = next_try(delivery, now=now, retry_at=failure.at)
            _schedule(session, delivery, now, code="later", until=until)
            _quieten(session, delivery.account_id, until=failure.at)
        case CredentialsExpired():
            delivery.reason = {"code": "credentials"}
            _schedule(session, delivery, now)
            pause(session, delivery.account_id, now)
        case OutcomeUnknown():
            unconfirm(context, session, delivery, "unknown", platform_id=failure.platform_id)
        case Blocker() if not failure.waits:
            _fail(session, delivery, failure.code, now)
        case Blocker():
            _schedule(session, delivery, now, code=failure.code, until=failure.until)
            # Otherwise it would be claimed and prepared again and again until the next maintenance,
            # before everything that is due later.
            if failure.code == "late":
                give_up_late(session, now=now, machine=context.machine, only=delivery.id)
        case GivenBack():
            _schedule(session, delivery, now)
        case Lost():
            pass
        case _:
            assert_never(failure)


def _distrust_second_step(delivery: Delivery) -> None:
    # A staged post that could not be published: from now on this account publishes in one step.
    if delivery.staged_id:
        delivery.staged_id = ""
        delivery.account.two_steps = False


def _fail(session: Session, delivery: Delivery, code: str, now: datetime) -> None:
    """Mark the delivery as failed: a person has to act."""
    delivery.reason = {"code": code}
    _move(session, delivery, DeliveryState.FAILED, now, "fail")
    notify.delivery_failed(session, delivery, now=now)


def _schedule(
    session: Session,
    delivery: Delivery,
    now: datetime,
    *,
    code: str = "",
    until: datetime | None = None,
) -> None:
    """Schedule the delivery again; if a time is known, not before that time."""
    if until is not None:
        delivery.not_before = until
        delivery.reason = {"code": code, "at": until.isoformat()}
    _move(session, delivery, DeliveryState.SCHEDULED, now, "give_back")


def _wait_for_credits(session: Session, delivery: Delivery, now: datetime) -> None:
    """Schedule again what was refused for lack of credits; an emergency waits for the next try."""
    until = platform_credits.record_exhaustion(session, delivery.account.platform, now=now)
    delivery.not_before = until if delivery.urgent else None
    delivery.reason = {"code": platform_credits.CODE, "at": until.isoformat()}
    _schedule(session, delivery, now)


def next_try(delivery: Delivery, *, now: datetime, retry_at: datetime | None) -> datetime:
    """Return when to try again: at `retry_at` if that is in the future, else with backoff.

    Only attempts that the platform or the media store put off make the pause longer; those of dead
    clocks do not.
    """
    if retry_at is not None and retry_at > now:
        return retry_at
    put_off = sum(attempt.outcome in PUT_OFF for attempt in delivery.attempts)
    doubled: timedelta = FIRST_PAUSE * 2 ** min(max(put_off - 1, 0), 10)
    return now + min(doubled, LONGEST_PAUSE)


def _quieten(session: Session, account_id: int, *, until: datetime | None) -> None:
    """Send nothing more on the account until then, if the platform named a time."""
    account = transitions.lock(session, Account, account_id)
    if account is None or until is None:
        return
    if account.quiet_until is None or until > account.quiet_until:
        account.quiet_until = until


def pause(session: Session, account_id: int, now: datetime) -> None:
    """Pause an account whose credentials have expired; its deliveries wait."""
    manage.pause(session, actor=CLOCK, now=now, account_id=account_id, reason="credentials")


def unconfirm(
    context: WorkerContext,
    session: Session,
    delivery: Delivery,
    code: str,
    *,
    platform_id: str = "",
) -> None:
    """Move a delivery that is `sending` to unconfirmed: it is looked for, and never sent again.

    `platform_id` is the id of a post that the answer named; that post is looked at first.
    """
    if delivery.state is not DeliveryState.SENDING:
        return
    now = context.now()
    delivery.look_at = now + timedelta(seconds=context.delivery_settings.looks[0])
    delivery.reason = {"code": code} | ({"platform_id": platform_id} if platform_id else {})
    _move(session, delivery, DeliveryState.UNCONFIRMED, now, "unconfirm")


def _move(
    session: Session, delivery: Delivery, to: DeliveryState, now: datetime, verb: str
) -> None:
    """Change the state of a locked delivery; its reason goes into the history."""
    values = {key: str(value) for key, value in (delivery.reason or {}).items()}
    transitions.apply(
        session,
        delivery,
        to,
        actor=CLOCK,
        now=now,
        verb=verb,
        fence=delivery.fence,
        values=values,
    )
