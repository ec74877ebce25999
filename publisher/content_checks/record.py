"""Store the marks and the links of a revision's texts when it is saved."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import insert, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from publisher.content_checks.context import digest_of, texts_of
from publisher.content_checks.fingerprints import marks_of, runs_of
from publisher.content_checks.rules import all_addresses
from publisher.models.content_checks import CheckedLink, TextMark
from publisher.models.posts import Revision

FRESH = timedelta(hours=6)
"""A link that was checked within this time is not checked again."""


def note(session: Session, revision: Revision, *, now: datetime) -> None:
    """Store the marks of a flushed revision, and request checks of its links."""
    rows = [
        {"variant_id": variant.id, "mark": mark}
        for variant in revision.variants
        for mark in marks_of(runs_of(variant.text))
    ]
    if rows:
        session.execute(insert(TextMark), rows)
    ask_for_links(session, all_addresses(texts_of(revision)), now=now)


def ask_for_links(session: Session, addresses: Iterable[str], *, now: datetime) -> None:
    """Request checks of these addresses, unless they were checked recently."""
    rows = [
        {
            "digest": digest_of(url),
            "url": url,
            "asked_at": now,
            "next_at": now,
            "tries": 0,
            "landed_on": "",
            "title": "",
            "picture_sha256": "",
        }
        for url in addresses
    ]
    if not rows:
        return
    make = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    session.execute(make(CheckedLink).values(rows).on_conflict_do_nothing())
    is_listed = CheckedLink.digest.in_([row["digest"] for row in rows])
    stale = CheckedLink.checked_at < now - FRESH
    session.execute(
        update(CheckedLink)
        .where(is_listed, stale, CheckedLink.next_at.is_(None))
        .values(next_at=now, asked_at=now, tries=0)
        .execution_options(synchronize_session=False)
    )
