"""Looking on the platform whether an action was carried out."""

from __future__ import annotations

from datetime import datetime

from publisher.delivery.attempt import is_id, lookup_of, normalized
from publisher.delivery.claim import DeliveryPayload
from publisher.models.deliveries import DeliveryAction
from publisher.platforms.base.protocol import Platform
from publisher.platforms.base.text import is_shown_as_sent
from publisher.platforms.base.types import Match, Outgoing, RemotePost

HIDES = (DeliveryAction.HIDE, DeliveryAction.UNHIDE)


def find_published(
    platform: Platform, payload: DeliveryPayload, *, since: datetime
) -> Match | None:
    """Return what shows that the action was carried out, or None if nothing does.

    Raises `TryLater`, `Refused` or `CredentialsExpired`.
    """
    match = _find(platform, payload, since)
    return normalized(match) if match is not None and is_id(match.platform_id) else None


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
