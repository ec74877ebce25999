"""Parse the body of a request to X: only known keys, of the right type."""

from __future__ import annotations

import re
from collections.abc import Mapping

from flask import request

from sandbox.names import names
from sandbox.x.problems import invalid

ID = re.compile(r"[0-9]{1,19}")
# X: the create body allows these keys and no other (its published description, August 2026).
POST_KEYS = names(
    "card_uri community_id direct_message_deep_link edit_options for_super_followers_only geo"
    " made_with_ai media nullcast paid_partnership poll quote_tweet_id reply reply_settings"
    " share_with_followers text"
)
IMITATED = frozenset({"text", "reply", "media", "reply_settings", "made_with_ai"})
REPLY_KEYS = frozenset(
    {"in_reply_to_tweet_id", "exclude_reply_user_ids", "auto_populate_reply_metadata"}
)
MEDIA_KEYS = names(
    "call_to_actions description embeddable media_ids preview_media_id tagged_user_ids title"
)
REPLY_SETTINGS = ("following", "mentionedUsers", "subscribers", "verified")
MOST_PICTURES = 4


def json_object() -> dict[str, object]:
    """Return the request's JSON object. Raises Refused (400)."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise invalid("The request body is not a JSON object.")
    return body


def only(body: Mapping[str, object], known_keys: frozenset[str], path: str = "$") -> None:
    """Refuse unknown keys."""
    for key in sorted(body.keys() - known_keys):
        raise invalid(
            f"[{path}.{key}] is not defined in the schema and the schema does not allow"
            " additional properties",
            key,
        )


def part(
    body: Mapping[str, object], name: str, known_keys: frozenset[str]
) -> dict[str, object] | None:
    """Return an object inside the body, with known keys only; None if it is missing."""
    inner = body.get(name)
    if inner is None:
        return None
    if not isinstance(inner, dict):
        raise invalid(f"[$.{name}] is not an object", name)
    only(inner, known_keys, f"$.{name}")
    return inner


def checked_post(body: dict[str, object]) -> None:
    """Refuse a body that X's description of a new post does not allow."""
    only(body, POST_KEYS)
    for key in sorted(body.keys() - IMITATED):
        raise invalid(f"The practice platform does not imitate [$.{key}].", key)
    if not isinstance(body.get("text", ""), str):
        raise invalid("[$.text] is not a string", "text")
    if body.get("reply_settings", "following") not in REPLY_SETTINGS:
        raise invalid("[$.reply_settings] is not one of the allowed values", "reply_settings")
    if not isinstance(body.get("made_with_ai", False), bool):
        raise invalid("[$.made_with_ai] is not a boolean", "made_with_ai")


def reply_target(body: dict[str, object]) -> str | None:
    """Return the id that a new post replies to."""
    reply = part(body, "reply", REPLY_KEYS)
    if reply is None:
        return None
    return an_id(reply.get("in_reply_to_tweet_id"), "reply.in_reply_to_tweet_id")


def left_out(body: dict[str, object]) -> list[str]:
    """Return the accounts that a reply must not name."""
    reply = part(body, "reply", REPLY_KEYS) or {}
    ids = reply.get("exclude_reply_user_ids") or []
    return [str(key) for key in ids] if isinstance(ids, list) else []


def media_ids(body: dict[str, object]) -> list[str]:
    """Return the uploads of a post: one to four."""
    inner = part(body, "media", MEDIA_KEYS)
    if inner is None:
        return []
    ids = inner.get("media_ids")
    if not isinstance(ids, list) or not 1 <= len(ids) <= MOST_PICTURES:
        raise invalid("[$.media.media_ids] must hold 1 to 4 ids", "media.media_ids")
    return [an_id(key, "media.media_ids") for key in ids]


def an_id(value: object, name: str) -> str:
    """Return an id of up to 19 digits. Raises Refused (400)."""
    if not isinstance(value, str) or not ID.fullmatch(value):
        raise invalid(f"[$.{name}] does not match ^[0-9]{{1,19}}$", name, str(value))
    return value
