"""What Facebook is sent, and how what it answers is compared with it."""

from __future__ import annotations

import json
from dataclasses import replace

from publisher.platforms.base.texts import normal, with_link
from publisher.platforms.base.things import Limits, Outgoing, Prepared
from publisher.platforms.shapes import Json, rows_at, text_at

PHOTO_TYPES = ("image/jpeg", "image/png", "image/gif", "image/bmp", "image/tiff")
# Facebook: photos up to 10 MB. How long a text may be is known from others' pages only.
# A batch holds up to 50 requests.
LIMITS = Limits(
    63_206,
    10,
    10 * 1024 * 1024,
    1_000,
    PHOTO_TYPES,
    can_edit=True,
    has_two_steps=True,
    seen_at_once=50,
)
COMMENT_LIMITS = replace(LIMITS, text_units=8_000, media=1, has_two_steps=False)


def limits_for(outgoing: Outgoing) -> Limits:
    """The limits of a post, or of a comment where it answers something."""
    return LIMITS if outgoing.reply_to is None else COMMENT_LIMITS


def post_words(outgoing: Outgoing) -> str:
    """The text of a post: its link has a field of its own, but not beside photos."""
    return with_link(outgoing.text, outgoing.link) if outgoing.media else outgoing.text


def words_of(outgoing: Outgoing) -> str:
    """The text as it is sent: of a comment its link is a part."""
    if outgoing.reply_to is None:
        return normal(post_words(outgoing))
    return normal(with_link(outgoing.text, outgoing.link))


def post_form(prepared: Prepared) -> dict[str, str]:
    """The fields of a post on the page's feed."""
    outgoing = prepared.outgoing
    form = {"message": words_of(outgoing)}
    if outgoing.link and not outgoing.media:
        form["link"] = outgoing.link
    for place, number in enumerate(prepared.media_ids):
        form[f"attached_media[{place}]"] = json.dumps({"media_fbid": number})
    return form


def comment_form(prepared: Prepared) -> dict[str, str]:
    """The fields of a comment; Facebook takes one picture there."""
    form = {"message": words_of(prepared.outgoing)}
    if prepared.media_ids:
        form["attachment_id"] = prepared.media_ids[0]
    return form


def photo_count(found: Json) -> int:
    """How many photos a post or comment shows."""
    if text_at(found, "attachment", "type") in ("photo", "sticker"):
        return 1
    for attachment in rows_at(found, "attachments", "data"):
        parts = rows_at(attachment, "subattachments", "data")
        return len(parts) or int(text_at(attachment, "media_type") == "photo")
    return 0
