"""What Facebook's headers tell of its limits: shares of an hour in hundredths.

Source: its page on rate limiting; that of the page's own header is known from others' pages only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta

from publisher.platforms.base.things import Allowance
from publisher.platforms.http.answers import Answer
from publisher.platforms.shapes import Json, number_at, rows_at

WHOLE = 100
PARTS = ("call_count", "total_time", "total_cputime")
SHARES = {"x-app-usage": "publish.app_hour", "x-page-usage": "publish.page_hour"}
BUSINESS = "x-business-use-case-usage"


def learned(answers: Mapping[str, Answer]) -> tuple[Allowance, ...]:
    """What the last answers tell; the newer counts. All calls share these, publishing too."""
    found: dict[str, Allowance] = {}
    for answer in answers.values():
        found |= {one.name: one for one in (*_shares(answer), *_business(answer))}
    return tuple(found.values())


def _shares(answer: Answer) -> Iterator[Allowance]:
    for header, name in SHARES.items():
        used = _used(_read(answer, header))
        if used is not None:
            yield Allowance(name, WHOLE, max(0, WHOLE - used), None)


def _business(answer: Answer) -> Iterator[Allowance]:
    """Facebook: by business and kind of use; what is used most counts, and the longest wait."""
    usage = _read(answer, BUSINESS)
    rows = [row for number in usage for row in rows_at(usage, number)]
    told = [used for row in rows if (used := _used(row)) is not None]
    waits = [number_at(row, "estimated_time_to_regain_access") or 0 for row in rows]
    if told:
        minutes = min(max(waits), 10**6)
        until = answer.received_at + timedelta(minutes=minutes) if minutes > 0 else None
        left = 0 if until else max(0, WHOLE - max(told))
        yield Allowance("publish.business_hour", WHOLE, left, until)


def _used(usage: Json) -> int | None:
    told = [number for part in PARTS if (number := number_at(usage, part)) is not None]
    return max(told) if told else None


def _read(answer: Answer, header: str) -> Json:
    try:
        found = json.loads(answer.headers.get(header, ""))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
