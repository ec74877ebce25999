"""Request forms for Facebook, texts to compare its responses with, and its rate limit headers.

The headers report shares of an hour in hundredths.
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
    """Return the limits of a post, or of a comment if it replies to something."""
    return LIMITS if outgoing.reply_to is None else COMMENT_LIMITS


def post_words(outgoing: Outgoing) -> str:
    """Return the text of a post: without photos the link goes into a field of its own."""
    return with_link(outgoing.text, outgoing.link) if outgoing.media else outgoing.text


def words_of(outgoing: Outgoing) -> str:
    """Return the text as it is sent; a comment's text includes its link."""
    if outgoing.reply_to is None:
        return normal(post_words(outgoing))
    return normal(with_link(outgoing.text, outgoing.link))


def post_form(prepared: PreparedPost) -> dict[str, str]:
    """Return the form fields of a post on the page's feed."""
    outgoing = prepared.outgoing
    form = {"message": words_of(outgoing)}
    if outgoing.link and not outgoing.media:
        form["link"] = outgoing.link
    for index, number in enumerate(prepared.media_ids):
        form[f"attached_media[{index}]"] = json.dumps({"media_fbid": number})
    return form


def comment_form(prepared: PreparedPost) -> dict[str, str]:
    """Return the form fields of a comment; Facebook takes one picture there."""
    form = {"message": words_of(prepared.outgoing)}
    if prepared.media_ids:
        form["attachment_id"] = prepared.media_ids[0]
    return form


def photo_count(node: Json) -> int:
    """Return the number of photos of a post or comment."""
    if text_at(node, "attachment", "type") in ("photo", "sticker"):
        return 1
    for attachment in rows_at(node, "attachments", "data"):
        parts = rows_at(attachment, "subattachments", "data")
        return len(parts) or int(text_at(attachment, "media_type") == "photo")
    return 0


WHOLE = 100
PARTS = ("call_count", "total_time", "total_cputime")
SHARES = {"x-app-usage": "publish.app_hour", "x-page-usage": "publish.page_hour"}
BUSINESS = "x-business-use-case-usage"


def learned(answers: Mapping[str, PlatformResponse]) -> tuple[Allowance, ...]:
    """Return the rate limits of the latest responses; the newest wins.

    All calls share these limits.
    """
    allowances: dict[str, Allowance] = {}
    for answer in answers.values():
        allowances |= {
            allowance.name: allowance for allowance in (*_shares(answer), *_business(answer))
        }
    return tuple(allowances.values())


def _shares(answer: PlatformResponse) -> Iterator[Allowance]:
    for header, name in SHARES.items():
        used = _used(_read(answer, header))
        if used is not None:
            yield Allowance(name, WHOLE, max(0, WHOLE - used), None)


def _business(answer: PlatformResponse) -> Iterator[Allowance]:
    """Yield the limit by business and use case: the highest usage, and the longest wait."""
    usage = _read(answer, BUSINESS)
    rows = [row for number in usage for row in rows_at(usage, number)]
    used_shares = [used for row in rows if (used := _used(row)) is not None]
    wait_minutes = [number_at(row, "estimated_time_to_regain_access") or 0 for row in rows]
    if used_shares:
        minutes = min(max(wait_minutes), 10**6)
        until = answer.received_at + timedelta(minutes=minutes) if minutes > 0 else None
        remaining = 0 if until else max(0, WHOLE - max(used_shares))
        yield Allowance("publish.business_hour", WHOLE, remaining, until)


def _used(usage: Json) -> int | None:
    shares = [number for part in PARTS if (number := number_at(usage, part)) is not None]
    return max(shares) if shares else None


def _read(answer: PlatformResponse, header: str) -> Json:
    try:
        usage = json.loads(answer.headers.get(header, ""))
    except (ValueError, RecursionError):
        return {}
    return usage if isinstance(usage, dict) else {}
