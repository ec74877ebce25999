"""One attempt at one delivery: prepare the post, check that it may be sent, send it.

Publishing, replying, editing, hiding and deleting all go through here, and each attempt has one
`Outcome`, which `outcomes.store` stores. No transaction is open while a platform is called.
"""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from approvals.errors import WrongState
from publisher import failpoints
from publisher.content_checks import outgoing_text
from publisher.delivery import outcomes, sending
from publisher.delivery.claim import DeliveryPayload
from publisher.delivery.failures import Ending, Lost
from publisher.delivery.outcomes import Outcome
from publisher.delivery.worker_context import WorkerContext
from publisher.media.store import MediaStore, MediumChanged, MediumMissing, StoreAway
from publisher.models.deliveries import Account, DeliveryAction
from publisher.platforms.base.protocol import (
    CredentialsExpired,
    Deadline,
    OutcomeUnknown,
    Platform,
    RefusalCode,
    Refused,
    TryLater,
)
from publisher.platforms.base.storable_text import storable
from publisher.platforms.base.types import Allowance, Match, Medium, Outgoing, PreparedPost, Receipt
from publisher.states import DeliveryState

NO_POST = PreparedPost(Outgoing(""))
"""What is prepared for an action that publishes no text, such as a deletion."""

LONGEST_ID, LONGEST_URL = 120, 500
"""Lengths of a receipt's columns, in characters."""

ReceiptOrMatch = TypeVar("ReceiptOrMatch", Receipt, Match)


class PlatformPool:
    """The platform clients of one worker thread, one for each account."""

    def __init__(self, context: WorkerContext) -> None:
        self.context = context
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
    """Attempt this delivery once, and store the outcome."""
    outcomes.store(context, [attempt_delivery(pool or PlatformPool(context), payload)])


def attempt_delivery(pool: PlatformPool, payload: DeliveryPayload) -> Outcome:
    """Attempt the delivery once, and return the outcome for the caller to store."""
    ending = _attempt(pool, payload)
    return Outcome(payload, ending, pool.allowances(payload.account))


def _attempt(pool: PlatformPool, payload: DeliveryPayload) -> Ending:
    context = pool.context
    deadline = Deadline.after(context.delivery_settings.send_deadline, context.monotonic)
    try:
        platform = pool.open(payload.account)
        prepared, ready = _prepare(context, platform, payload, deadline)
        blocker = sending.start(context, ready)
        if blocker is not None:
            return blocker
        receipt = normalize_proof(_call_platform(platform, ready, prepared, deadline))
    except WrongState:
        return Lost()
    except (MediumMissing, MediumChanged, StoreAway) as problem:
        return problem
    except (Refused, TryLater, CredentialsExpired, OutcomeUnknown) as problem:
        return problem
    failpoints.hit("publish.answer_unstored")
    return receipt


def _prepare(
    context: WorkerContext, platform: Platform, payload: DeliveryPayload, deadline: Deadline
) -> tuple[PreparedPost, DeliveryPayload]:
    """Upload the pictures, and stage the post if the account publishes in two steps.

    Nothing becomes public. Return the prepared post, and the payload with the id of the staged one.
    """
    if not payload.creates:
        return NO_POST, payload
    if payload.action is DeliveryAction.EDIT:
        # The pictures are on the platform already: only the text is checked.
        outgoing = build_lookup(payload)
        platform.prepare(dataclasses.replace(outgoing, media=()), deadline=deadline)
        return PreparedPost(outgoing), payload
    outgoing = build_outgoing(payload, context.store, deadline)
    prepared = platform.prepare(outgoing, deadline=deadline)
    failpoints.hit("publish.uploaded")
    if payload.stages and not payload.staged_id:
        staged_id = _stage(platform, prepared, deadline)
        failpoints.hit("publish.staged_unstored")
        _store_staged(context, payload, staged_id)
        failpoints.hit("publish.staged")
        payload = dataclasses.replace(payload, staged_id=staged_id)
    return prepared, payload


def _stage(platform: Platform, prepared: PreparedPost, deadline: Deadline) -> str:
    """Create the post unpublished and return its id.

    Raises any `PlatformError`, and `Refused` if the response holds no valid id.
    """
    staged_id = platform.stage(prepared, deadline=deadline)
    if not is_id(staged_id):  # the staged post is not public, so nothing is in doubt
        raise Refused(RefusalCode.INVALID, "the id in the answer cannot be one")
    return staged_id


def _store_staged(context: WorkerContext, payload: DeliveryPayload, staged_id: str) -> None:
    """Store the id of the staged post, before it is published by that id."""
    with context.database.transaction() as session:
        delivery = outcomes.lock_for_claim(session, payload.claim)
        outcomes.get_attempt(session, payload.claim).staged_id = staged_id
        if delivery is not None and delivery.state is DeliveryState.CLAIMED:
            delivery.staged_id = staged_id


def _call_platform(
    platform: Platform, payload: DeliveryPayload, prepared: PreparedPost, deadline: Deadline
) -> Receipt:
    """Carry out the action by the only call with a public effect. Raises any `PlatformError`.

    A staged post is released by the payload's `staged_id`.
    """
    match payload.action:
        case DeliveryAction.EDIT:
            return platform.edit(payload.target, prepared, deadline=deadline)
        case DeliveryAction.DELETE:
            return platform.delete(payload.target, deadline=deadline)
        case DeliveryAction.HIDE | DeliveryAction.UNHIDE:
            hidden = payload.action is DeliveryAction.HIDE
            return platform.hide(payload.target, hidden=hidden, deadline=deadline)
    if payload.staged_id:
        return platform.release(payload.staged_id, deadline=deadline)
    if prepared.outgoing.reply_to is not None:
        return platform.reply(prepared, deadline=deadline)
    return platform.publish(prepared, deadline=deadline)


def normalize_proof(proof: ReceiptOrMatch) -> ReceiptOrMatch:
    """Normalise a receipt or match to what its columns hold. Drops a URL that does not fit.

    Raises `OutcomeUnknown` if the id is not valid: the post may be live, and nothing proves it.
    """
    if not is_id(proof.platform_id):
        raise OutcomeUnknown("the id in the answer cannot be one")
    fits = len(proof.url) <= LONGEST_URL and _is_storable(proof.url)
    url = proof.url if fits else ""
    return dataclasses.replace(proof, url=url, answer=storable(proof.answer))


def is_id(platform_id: str) -> bool:
    """Return True if the platform's id fits the columns of receipts."""
    return len(platform_id) <= LONGEST_ID and _is_storable(platform_id)


def _is_storable(text: str) -> bool:
    return storable(text) == text


def build_outgoing(payload: DeliveryPayload, store: MediaStore, deadline: Deadline) -> Outgoing:
    """Return exactly what is sent, with the pictures' bytes.

    Raises `MediumMissing`, `MediumChanged` (bytes that do not match their digest), or `StoreAway`,
    also if they were read too late to be sent by the deadline.
    """
    refs = payload.media_refs
    if not refs:
        return _outgoing(payload, ())
    # A store over the network may take as long for one picture as the whole attempt may. So they
    # are read in parallel: together they take no longer, which is less than half of the lease.
    with ThreadPoolExecutor(len(refs)) as threads:
        contents = list(threads.map(store.open, [media_ref.sha256 for media_ref in refs]))
    if deadline.passed():
        raise StoreAway("the pictures were read too late to be sent by the deadline")
    media = tuple(
        Medium(content, media_ref.mime, media_ref.alt_text, media_ref.sha256)
        for content, media_ref in zip(contents, refs, strict=True)
    )
    return _outgoing(payload, media)


def build_lookup(payload: DeliveryPayload) -> Outgoing:
    """Return what is on the platform already. Its pictures are only counted, and have no bytes."""
    media = tuple(
        Medium(b"", media_ref.mime, media_ref.alt_text, media_ref.sha256)
        for media_ref in payload.media_refs
    )
    return _outgoing(payload, media)


def _outgoing(payload: DeliveryPayload, media: tuple[Medium, ...]) -> Outgoing:
    variant = payload.variant
    is_reply = payload.action is DeliveryAction.PUBLISH and bool(variant.target)
    text, link = outgoing_text.render_outgoing(
        payload.account.platform,
        variant.text,
        variant.link,
        has_target=bool(variant.target),
        has_pictures=bool(payload.media_refs),
    )
    reply_to = variant.target if is_reply else None
    return Outgoing(text=text, link=link, media=media, reply_to=reply_to)
