"""Request forms for Facebook, texts to compare its responses with, and its rate limit headers.

The headers report how much of an hour's limit is used, in per cent.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from publisher.platforms.base.json_values import Json, number_at, rows_at, text_at
from publisher.platforms.base.rate_limits import sensible
from publisher.platforms.base.text import normalize, with_link
from publisher.platforms.base.types import Allowance, Outgoing, PlatformLimits, PreparedPost
from publisher.platforms.facebook.post_limits import COMMENT_LIMITS, LIMITS
from publisher.platforms.http.responses import PlatformResponse


def choose_limits(outgoing: Outgoing) -> PlatformLimits:
    """Return the limits of a post, or of a comment if it replies to something."""
    return LIMITS if outgoing.reply_to is None else COMMENT_LIMITS


def full_text(outgoing: Outgoing) -> str:
    """Return the text as it is sent, with its link.

    Only a post without photos sends the link in a separate field.
    """
    has_link_field = outgoing.reply_to is None and not outgoing.media
    return normalize(outgoing.text if has_link_field else with_link(outgoing.text, outgoing.link))


def post_form(prepared: PreparedPost) -> dict[str, str]:
    """Return the form fields of a post on the page's feed."""
    outgoing = prepared.outgoing
    form = {"message": full_text(outgoing)}
    if outgoing.link and not outgoing.media:
        form["link"] = outgoing.link
    for index, photo_id in enumerate(prepared.media_ids):
        form[f"attached_media[{index}]"] = json.dumps({"media_fbid": photo_id})
    return form


def comment_form(prepared: PreparedPost) -> dict[str, str]:
    """Return the form fields of a comment; Facebook takes one picture there."""
    form = {"message": full_text(prepared.outgoing)}
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


FULL_SHARE = 100
USAGE_FIELDS = ("call_count", "total_time", "total_cputime")
NAME_BY_HEADER = {"x-app-usage": "publish.app_hour", "x-page-usage": "publish.page_hour"}
BUSINESS_HEADER = "x-business-use-case-usage"


def read_allowances(answers: Mapping[str, PlatformResponse]) -> tuple[Allowance, ...]:
    """Return the rate limits of the latest responses, in order of arrival.

    All calls share these limits, so the newest response that reports a limit decides.
    """
    allowances: dict[str, Allowance] = {}
    for answer in answers.values():
        allowances |= {
            allowance.name: allowance
            for allowance in (*_usage_limits(answer), *_business_limit(answer))
        }
    return tuple(allowances.values())


def _usage_limits(answer: PlatformResponse) -> Iterator[Allowance]:
    for header, name in NAME_BY_HEADER.items():
        used = _highest_share(_read_usage(answer, header))
        if used is not None:
            yield Allowance(name, FULL_SHARE, max(0, FULL_SHARE - used), None)


def _business_limit(answer: PlatformResponse) -> Iterator[Allowance]:
    """Yield the limit by business and use case: the highest usage, and the longest wait."""
    rows = _business_rows(answer)
    used_shares = [used for row in rows if (used := _highest_share(row)) is not None]
    if used_shares:
        until = _end_of_wait(answer, rows)
        remaining = 0 if until else max(0, FULL_SHARE - max(used_shares))
        yield Allowance("publish.business_hour", FULL_SHARE, remaining, until)


def next_call_time(answer: PlatformResponse) -> datetime | None:
    """Return when the page may call again; None if no header reports it."""
    until = _end_of_wait(answer, _business_rows(answer))
    return sensible(until, answer.received_at) if until else None


def _business_rows(answer: PlatformResponse) -> list[Json]:
    usage = _read_usage(answer, BUSINESS_HEADER)
    return [row for use_case_id in usage for row in rows_at(usage, use_case_id)]


def _end_of_wait(answer: PlatformResponse, rows: list[Json]) -> datetime | None:
    """Return the end of the longest wait; the header gives it in minutes."""
    waits = [number_at(row, "estimated_time_to_regain_access") or 0 for row in rows]
    minutes = min(max(waits, default=0), 10**6)
    return answer.received_at + timedelta(minutes=minutes) if minutes > 0 else None


def _highest_share(usage: Json) -> int | None:
    shares = [number for part in USAGE_FIELDS if (number := number_at(usage, part)) is not None]
    return max(shares) if shares else None


def _read_usage(answer: PlatformResponse, header: str) -> Json:
    try:
        usage = json.loads(answer.headers.get(header, ""))
    except (ValueError, RecursionError):
        return {}
    return usage if isinstance(usage, dict) else {}
