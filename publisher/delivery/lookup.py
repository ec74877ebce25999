"""Check on the platform whether an action was carried out."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from publisher.delivery.attempt import build_lookup, is_id, normalize_proof
from publisher.delivery.claim import DeliveryPayload
from publisher.models.deliveries import DeliveryAction
from publisher.platforms.base.protocol import Platform, Refused, TryLater
from publisher.platforms.base.text import is_shown_as_sent
from publisher.platforms.base.types import Match, Outgoing, RemotePost

LARGEST_SKEW = timedelta(days=1)
"""How far a platform's clock may be behind ours for a named post to be the attempt's."""

HIDES = (DeliveryAction.HIDE, DeliveryAction.UNHIDE)


def find_published(
    platform: Platform,
    payload: DeliveryPayload,
    *,
    since: datetime,
    named_id: str = "",
    known_ids: Collection[str] = (),
) -> Match | None:
    """Return what shows that the action was carried out, or None if nothing does.

    `named_id` is the id in a platform's doubtful answer, which is looked at first. `known_ids` are
    those of other deliveries. Raises `TryLater`, `Refused` or `CredentialsExpired`.
    """
    match = _find(platform, payload, since, named_id, known_ids)
    return normalize_proof(match) if match is not None and is_id(match.platform_id) else None


def _find(
    platform: Platform,
    payload: DeliveryPayload,
    since: datetime,
    named_id: str,
    known_ids: Collection[str],
) -> Match | None:
    outgoing = build_lookup(payload)
    if payload.action is DeliveryAction.PUBLISH and not payload.staged_id:
        named_post = None if named_id in known_ids else _read_named_post(platform, named_id)
        if named_post is not None and _is_ours(named_post, outgoing, since):
            return _make_match(named_post)
        return platform.look_up(outgoing, since=since, known_ids=known_ids)
    target = payload.staged_id or payload.target
    if payload.action in HIDES and not platform.limits.tells_hidden:
        return None  # the platform does not show what is hidden: a person decides
    remote_post = platform.see(target)
    if not _is_done(payload, remote_post, outgoing):
        return None
    if remote_post is None:
        return Match(target, "", since, "")
    return _make_match(remote_post)


def _read_named_post(platform: Platform, named_id: str) -> RemotePost | None:
    try:
        return platform.see(named_id) if named_id else None
    except (Refused, TryLater):
        return None  # the search decides: if the platform is down, it fails as well


def _is_ours(named_post: RemotePost, outgoing: Outgoing, since: datetime) -> bool:
    """Return True if the post can be that of the attempt, and shows what was sent."""
    return (
        named_post.by_ourselves
        and named_post.is_public
        and named_post.published_at > since - LARGEST_SKEW
        and named_post.parent_id == outgoing.reply_to
        and is_shown_as_sent(named_post, outgoing)
    )


def _make_match(remote_post: RemotePost) -> Match:
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
