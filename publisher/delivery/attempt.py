"""One try of one delivery: prepare, let the gate judge, send, and store what came of it.

Publishing, answering, editing, hiding and deleting all leave through here. No transaction is
open while a platform is called.
"""

from __future__ import annotations

import dataclasses
from contextlib import AbstractContextManager, nullcontext

from approvals.errors import Overtaken
from publisher import failpoints
from publisher.delivery import commit_sending, outcomes, payload, platform_actions, receipts
from publisher.delivery.commit_sending import HeldBack
from publisher.delivery.payload import DeliveryPayload
from publisher.delivery.receipts import Done
from publisher.delivery.worker_context import WorkerContext
from publisher.media.store import MediumChanged, MediumMissing
from publisher.models.deliveries import Account, DeliveryAction
from publisher.platforms.base.protocol import (
    CredentialsExpired,
    Deadline,
    OutcomeUnknown,
    Platform,
    Refused,
    TryLater,
)
from publisher.platforms.base.types import Allowance, Outgoing, PreparedPost

NOTHING = PreparedPost(Outgoing(""))


class PlatformPool:
    """Where one thread of the press works: an account's platform, opened once and kept.

    `open` gives the platform; an account whose credentials changed is opened anew.
    `commit_semaphore` lets
    only so many of a clock's threads write `sending` at the same time: more would be slower.
    """

    def __init__(
        self, bench: WorkerContext, turn: AbstractContextManager[object] | None = None
    ) -> None:
        self.bench = bench
        self.commit_semaphore = turn or nullcontext()
        self._opened: dict[int, tuple[str, Platform]] = {}

    def open(self, account: Account) -> Platform:
        """The platform behind this account. Raises CredentialsExpired."""
        known = self._opened.get(account.id)
        if known is not None and known[0] == account.credentials:
            return known[1]
        platform = self.bench.open_account(account)
        self._opened[account.id] = (account.credentials, platform)
        return platform

    def allowances(self, account: Account) -> tuple[Allowance, ...]:
        """What the last answers said of this account's limits."""
        known = self._opened.get(account.id)
        return known[1].allowances if known is not None else ()


def carry_out(
    bench: WorkerContext, parcel: DeliveryPayload, desk: PlatformPool | None = None
) -> None:
    """Try this delivery once, and store the outcome."""
    done = try_once(desk or PlatformPool(bench), parcel)
    if done is not None:
        receipts.store_receipts(bench, [done])


def try_once(desk: PlatformPool, parcel: DeliveryPayload) -> Done | None:
    """Try once; what was done is still to be stored, every other outcome is stored already."""
    bench = desk.bench
    deadline = Deadline.after(bench.pace.send_deadline, bench.monotonic)
    try:
        platform = desk.open(parcel.account)
        prepared, ready = _prepare(bench, platform, parcel, deadline)
        with desk.commit_semaphore:
            commit_sending.start(bench, ready)
        receipt = platform_actions.send(platform, ready, prepared, deadline)
    except (HeldBack, Overtaken):
        return None
    except MediumMissing as problem:
        outcomes.store_failure(bench, parcel, "medium_missing", problem.digest)
    except MediumChanged as problem:
        outcomes.store_failure(bench, parcel, "medium_changed", problem.digest)
    except Refused as problem:
        told = desk.allowances(parcel.account)
        outcomes.store_failure(bench, parcel, problem.reason, problem.detail, told)
    except TryLater as problem:
        outcomes.store_delay(bench, parcel, problem, desk.allowances(parcel.account))
    except CredentialsExpired as problem:
        outcomes.store_expiry(bench, parcel, problem, desk.allowances(parcel.account))
    except OutcomeUnknown as problem:
        outcomes.store_unknown(bench, parcel, problem, desk.allowances(parcel.account))
    else:
        failpoints.hit("publish.answer_unstored")
        return Done(parcel, receipt, platform.allowances)
    return None


def _prepare(
    bench: WorkerContext, platform: Platform, parcel: DeliveryPayload, deadline: Deadline
) -> tuple[PreparedPost, DeliveryPayload]:
    """Upload the pictures and make what can be made unpublished: the public sees none of it."""
    if not parcel.creates:
        return NOTHING, parcel
    outgoing = payload.outgoing_of(parcel, bench.store)
    if parcel.action is DeliveryAction.EDIT:  # an edit changes words: the pictures stand already
        platform.prepare(dataclasses.replace(outgoing, media=()), deadline=deadline)
        return PreparedPost(outgoing), parcel
    prepared = platform.prepare(outgoing, deadline=deadline)
    failpoints.hit("publish.uploaded")
    if parcel.stages and not parcel.staged_id:
        staged_id = platform_actions.stage(platform, prepared, deadline)
        failpoints.hit("publish.staged_unstored")
        outcomes.store_staged(bench, parcel, staged_id)
        failpoints.hit("publish.staged")
        parcel = dataclasses.replace(parcel, staged_id=staged_id)
    return prepared, parcel
