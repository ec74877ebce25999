"""What narrow places have room for: spans of time, and somebody without the department."""

from __future__ import annotations

from datetime import timedelta

from publisher.i18n import dates
from publisher.reports.types import Who
from web.wording.names import AT_THE_CELL, person_name, role_name, who_name
from web.words import _, page_language


def span_words(span: timedelta) -> str:
    """How long something took: "2 hours 10 minutes"."""
    return dates.duration(span, page_language())


def who_short(who: Who) -> str:
    """Somebody by name and rank, for a list that names the department already."""
    if not who.is_person or who.role is None:
        return who_name(who)
    post = _("the cell") if who.role in AT_THE_CELL else role_name(who.role, who.rank)
    return f"{person_name(who)}, {post}"
