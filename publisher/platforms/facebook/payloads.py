"""What Facebook is sent, and how what it answers is compared with it.

What Facebook's headers tell of its limits: shares of an hour in hundredths.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

from publisher.platforms.base.text import normal, with_link
from publisher.platforms.base.types import Allowance, Outgoing, PlatformLimits, PreparedPost
from publisher.platforms.http.client import Json, number_at, rows_at, text_at
from publisher.platforms.http.responses import PlatformResponse

PHOTO_TYPES = ("image/jpeg", "image/png", "image/gif", "image/bmp", "image/tiff")
# Facebook: photos up to 10 MB. How long a text may be is known from others' pages only.
# A batch holds up to 50 requests.
LIMITS = PlatformLimits(
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


def limits_for(outgoing: Outgoing) -> PlatformLimits:
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


def post_form(prepared: PreparedPost) -> dict[str, str]:
    """The fields of a post on the page's feed."""
    outgoing = prepared.outgoing
    form = {"message": words_of(outgoing)}
    if outgoing.link and not outgoing.media:
        form["link"] = outgoing.link
    for place, number in enumerate(prepared.media_ids):
        form[f"attached_media[{place}]"] = json.dumps({"media_fbid": number})
    return form


def comment_form(prepared: PreparedPost) -> dict[str, str]:
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


WHOLE = 100
PARTS = ("call_count", "total_time", "total_cputime")
SHARES = {"x-app-usage": "publish.app_hour", "x-page-usage": "publish.page_hour"}
BUSINESS = "x-business-use-case-usage"


def learned(answers: Mapping[str, PlatformResponse]) -> tuple[Allowance, ...]:
    """What the last answers tell; the newer counts. All calls share these, publishing too."""
    found: dict[str, Allowance] = {}
    for answer in answers.values():
        found |= {one.name: one for one in (*_shares(answer), *_business(answer))}
    return tuple(found.values())


def _shares(answer: PlatformResponse) -> Iterator[Allowance]:
    for header, name in SHARES.items():
        used = _used(_read(answer, header))
        if used is not None:
            yield Allowance(name, WHOLE, max(0, WHOLE - used), None)


def _business(answer: PlatformResponse) -> Iterator[Allowance]:
    """Facebook: by business and kind of use; what is used most counts, and the longest wait."""
    usage = _read(answer, BUSINESS)
    rows = [row for number in usage for row in rows_at(usage, number)]
    told = [used for row in rows if (used := _used(row)) is not None]
    todo_kinds = [number_at(row, "estimated_time_to_regain_access") or 0 for row in rows]
    if told:
        minutes = min(max(todo_kinds), 10**6)
        until = answer.received_at + timedelta(minutes=minutes) if minutes > 0 else None
        left = 0 if until else max(0, WHOLE - max(told))
        yield Allowance("publish.business_hour", WHOLE, left, until)


def _used(usage: Json) -> int | None:
    told = [number for part in PARTS if (number := number_at(usage, part)) is not None]
    return max(told) if told else None


def _read(answer: PlatformResponse, header: str) -> Json:
    try:
        found = json.loads(answer.headers.get(header, ""))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
