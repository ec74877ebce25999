"""The platform calls of each action, and the check that an action was carried out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from publisher.delivery.payload import DeliveryPayload, lookup_of
from publisher.models.deliveries import DeliveryAction
from publisher.platforms.base.protocol import (
    Deadline,
    OutcomeUnknown,
    Platform,
    RefusalCode,
    Refused,
)
from publisher.platforms.base.text import is_shown_as_sent
from publisher.platforms.base.types import Match, Outgoing, PreparedPost, Receipt, RemotePost

HIDES = (DeliveryAction.HIDE, DeliveryAction.UNHIDE)

LONGEST_ID, LONGEST_URL = 120, 500
"""Lengths of a receipt's columns, in characters."""

NUL = "\0"
"""PostgreSQL's text columns cannot hold this character."""

ReceiptOrMatch = TypeVar("ReceiptOrMatch", Receipt, Match)


def send(
    platform: Platform, payload: DeliveryPayload, prepared: PreparedPost, deadline: Deadline
) -> Receipt:
    """Carry out the action by the only call with a public effect. Raises any `PlatformError`.

    A staged post is released by the payload's `staged_id`.
    """
    return normalized(_call_platform(platform, payload, prepared, deadline))


def stage(platform: Platform, prepared: PreparedPost, deadline: Deadline) -> str:
    """Create the post unpublished and return its id.

    Raises any `PlatformError`, and `Refused` if the response holds no valid id.
    """
    staged_id = platform.stage(prepared, deadline=deadline)
    if not _is_id(staged_id):  # the staged post is not public, so nothing is in doubt
        raise Refused(RefusalCode.INVALID, "the id in the answer cannot be one")
    return staged_id


def normalized(proof: ReceiptOrMatch) -> ReceiptOrMatch:
    """Normalise a receipt or match to what its columns hold. Drops a URL that does not fit.

    Raises `OutcomeUnknown` if the id is not valid: the post may be live, and nothing proves it.
    """
    if not _is_id(proof.platform_id):
        raise OutcomeUnknown("the id in the answer cannot be one")
    fits = len(proof.url) <= LONGEST_URL and _is_text(proof.url)
    answer = proof.answer.replace(NUL, "").encode(errors="replace").decode()
    return replace(proof, url=proof.url if fits else "", answer=answer)


def _is_id(platform_id: str) -> bool:
    return len(platform_id) <= LONGEST_ID and _is_text(platform_id)


def _is_text(text: str) -> bool:
    """Return True if a database can store the text: no NUL, and no lone surrogate."""
    return NUL not in text and text == text.encode(errors="replace").decode()


def _call_platform(
    platform: Platform, payload: DeliveryPayload, prepared: PreparedPost, deadline: Deadline
) -> Receipt:
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


def find_published(
    platform: Platform, payload: DeliveryPayload, *, since: datetime
) -> Match | None:
    """Return what shows that the action was carried out, or None if nothing does.

    Raises `TryLater`, `Refused` or `CredentialsExpired`.
    """
    match = _find(platform, payload, since)
    return normalized(match) if match is not None and _is_id(match.platform_id) else None


def _find(platform: Platform, payload: DeliveryPayload, since: datetime) -> Match | None:
    outgoing = lookup_of(payload)
    if payload.action is DeliveryAction.PUBLISH and not payload.staged_id:
        return platform.look_up(outgoing, since=since)
    target = payload.staged_id or payload.target
    if payload.action in HIDES and not platform.limits.tells_hidden:
        return None  # the platform does not show what is hidden: a person decides
    remote_post = platform.see(target)
    if not _is_done(payload, remote_post, outgoing):
        return None
    if remote_post is None:
        return Match(target, "", since, "")
    return Match(
        remote_post.platform_id, remote_post.url, remote_post.published_at, remote_post.text
    )


def _is_done(payload: DeliveryPayload, remote_post: RemotePost | None, outgoing: Outgoing) -> bool:
    match payload.action:
        case DeliveryAction.DELETE:
            return remote_post is None
        case DeliveryAction.EDIT:
            return remote_post is not None and is_shown_as_sent(remote_post, outgoing)
        case DeliveryAction.HIDE | DeliveryAction.UNHIDE:
            hidden = payload.action is DeliveryAction.HIDE
            return remote_post is not None and remote_post.is_hidden == hidden
        case _:
            return remote_post is not None and remote_post.is_public
