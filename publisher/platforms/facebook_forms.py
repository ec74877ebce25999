"""What Facebook is sent, and how what it answers is compared with it."""

from __future__ import annotations

import json

from publisher.platforms.base import Limits, Outgoing, Prepared, normal, with_link
from publisher.platforms.shapes import Json, rows_at, text_at

PHOTO_TYPES = ("image/jpeg", "image/png", "image/gif", "image/bmp", "image/tiff")
# Facebook: photos up to 10 MB. How long a text may be is known from others' pages only.
LIMITS = Limits(63_206, 10, 10 * 1024 * 1024, 1_000, PHOTO_TYPES)
COMMENT_LIMITS = Limits(8_000, 1, 10 * 1024 * 1024, 1_000, PHOTO_TYPES)


def limits_for(outgoing: Outgoing) -> Limits:
    """The limits of a post, or of a comment where it answers something."""
    return LIMITS if outgoing.reply_to is None else COMMENT_LIMITS


def post_words(outgoing: Outgoing) -> str:
    """The text of a post: its link has a field of its own, but not beside photos."""
    return with_link(outgoing.text, outgoing.link) if outgoing.media else outgoing.text


def post_form(prepared: Prepared) -> dict[str, str]:
    """The fields of a post on the page's feed."""
    outgoing = prepared.outgoing
    form = {"message": normal(post_words(outgoing))}
    if outgoing.link and not outgoing.media:
        form["link"] = outgoing.link
    for place, number in enumerate(prepared.media_ids):
        form[f"attached_media[{place}]"] = json.dumps({"media_fbid": number})
    return form


def comment_form(prepared: Prepared) -> dict[str, str]:
    """The fields of a comment; Facebook takes one picture there."""
    outgoing = prepared.outgoing
    form = {"message": normal(with_link(outgoing.text, outgoing.link))}
    if prepared.media_ids:
        form["attachment_id"] = prepared.media_ids[0]
    return form


def plain(text: str) -> str:
    """The text with its spaces made alike, to compare by."""
    return " ".join(normal(text).split())


def photo_count(found: Json) -> int:
    """How many photos a post or comment shows."""
    if text_at(found, "attachment", "type") in ("photo", "sticker"):
        return 1
    for attachment in rows_at(found, "attachments", "data"):
        parts = rows_at(attachment, "subattachments", "data")
        return len(parts) or int(text_at(attachment, "media_type") == "photo")
    return 0
