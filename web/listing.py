"""Where a page of a list ends, in an address: the moment and the id of its last row."""

from __future__ import annotations

from datetime import UTC, datetime

from publisher.reports.types import Place
from web.fields import key_of


def place_to(place: Place | None) -> str:
    """The place as it stands in an address; empty where nothing follows."""
    return f"{place[0].isoformat()}_{place[1]}" if place is not None else ""


def place_from(typed: str) -> Place | None:
    """The place out of an address; None where it is none."""
    moment, _, key = typed.rpartition("_")
    try:
        at = datetime.fromisoformat(moment.replace(" ", "+"))
        return (at.astimezone(UTC), key_of(key)) if at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
