"""One attempt at one delivery: prepare the post, check that it may be sent, send it.

Publishing, replying, editing, hiding and deleting all go through here. No transaction is open
while a platform is called. The caller stores the receipt of a success; every other outcome is
stored here.
"""

from __future__ import annotations

import dataclasses
from contextlib import AbstractContextManager, nullcontext

from approvals.errors import Overtaken
from publisher import failpoints
from publisher.delivery import commit_sending, outcomes, platform_actions, receipts
from publisher.delivery.commit_sending import HeldBack
from publisher.delivery.payload import DeliveryPayload, outgoing_of
from publisher.delivery.receipts import Completion
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

NO_POST = PreparedPost(Outgoing(""))
"""What is prepared for an action that publishes no text, such as a deletion."""


class PlatformPool:
    """The platform clients of one worker thread, one for each account.

    `commit_semaphore` limits how many threads of a clock write `sending` at the same time: more
    would be slower.
    """

    def __init__(
        self, context: WorkerContext, commit_semaphore: AbstractContextManager[object] | None = None
    ) -> None:
        self.context = context
        self.commit_semaphore = commit_semaphore or nullcontext()
        self._cache: dict[int, tuple[str, Platform]] = {}

    def open(self, account: Account) -> Platform:
        """Return the account's platform client, a new one if its credentials have changed.

        Raises `CredentialsExpired`.
        """
        cached = self._cache.get(account.id)
        if cached is not None and cached[0] == account.credentials:
            return cached[1]
        platform = self.context.open_account(account)
        self._cache[account.id] = (account.credentials, platform)
        return platform

    def allowances(self, account: Account) -> tuple[Allowance, ...]:
        """Return the rate limits that the last responses for this account reported."""
        cached = self._cache.get(account.id)
        return cached[1].allowances if cached is not None else ()


def attempt_and_store(
    context: WorkerContext, payload: DeliveryPayload, pool: PlatformPool | None = None
) -> None:
    """Attempt this delivery once, and store its outcome, a receipt as well."""
    completion = attempt_delivery(pool or PlatformPool(context), payload)
    if completion is not None:
        receipts.store_receipts(context, [completion])


def attempt_delivery(pool: PlatformPool, payload: DeliveryPayload) -> Completion | None:
    """Attempt the delivery once, and return its receipt for the caller to store.

    Returns None if the attempt had any other outcome, which is then stored already.
    """
    context = pool.context
    deadline = Deadline.after(context.delivery_settings.send_deadline, context.monotonic)
    try:
        platform = pool.open(payload.account)
        prepared, ready = _prepare(context, platform, payload, deadline)
        with pool.commit_semaphore:
            commit_sending.start(context, ready)
        receipt = platform_actions.send(platform, ready, prepared, deadline)
    except (HeldBack, Overtaken):
        return None
    except MediumMissing as problem:
        outcomes.store_failure(context, payload, "medium_missing", problem.digest)
    except MediumChanged as problem:
        outcomes.store_failure(context, payload, "medium_changed", problem.digest)
    except Refused as problem:
        allowances = pool.allowances(payload.account)
        outcomes.store_failure(context, payload, problem.reason, problem.detail, allowances)
    except TryLater as problem:
        outcomes.store_delay(context, payload, problem, pool.allowances(payload.account))
    except CredentialsExpired as problem:
        outcomes.store_expiry(context, payload, problem, pool.allowances(payload.account))
    except OutcomeUnknown as problem:
        outcomes.store_unknown(context, payload, problem, pool.allowances(payload.account))
    else:
        failpoints.hit("publish.answer_unstored")
        return Completion(payload, receipt, platform.allowances)
    return None


def _prepare(
    context: WorkerContext, platform: Platform, payload: DeliveryPayload, deadline: Deadline
) -> tuple[PreparedPost, DeliveryPayload]:
    """Upload the pictures, and stage the post if the account publishes in two steps.

    Nothing becomes public. Return the prepared post, and the payload with the id of the staged one.
    """
    if not payload.creates:
        return NO_POST, payload
    outgoing = outgoing_of(payload, context.store)
    if payload.action is DeliveryAction.EDIT:
        # The pictures are on the platform already: only the text is checked.
        platform.prepare(dataclasses.replace(outgoing, media=()), deadline=deadline)
        return PreparedPost(outgoing), payload
    prepared = platform.prepare(outgoing, deadline=deadline)
    failpoints.hit("publish.uploaded")
    if payload.stages and not payload.staged_id:
        staged_id = platform_actions.stage(platform, prepared, deadline)
        failpoints.hit("publish.staged_unstored")
        outcomes.store_staged(context, payload, staged_id)
        failpoints.hit("publish.staged")
        payload = dataclasses.replace(payload, staged_id=staged_id)
    return prepared, payload
