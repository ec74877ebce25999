"""Store the marks and the links of a revision's texts when it is saved."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import Insert, insert, literal, select, true, update
from sqlalchemy.orm import Session

from publisher.content_checks.context import revision_texts, url_digest
from publisher.content_checks.fingerprints import choose_marks, word_runs
from publisher.content_checks.rules import all_addresses
from publisher.database.bulk import insert_for, rows_from_json, rows_to_json
from publisher.database.session import core_table
from publisher.models.content_checks import CheckedLink, TextMark
from publisher.models.posts import PostKind, Revision
from publisher.transitions import NOW

FRESH = timedelta(hours=6)
"""A link that was checked within this time is not checked again."""


def note(session: Session, revision: Revision, *, now: datetime) -> None:
    """Store the marks of a flushed revision, and request checks of its links.

    Replies have no marks: only posts are compared with each other.
    """
    compared = revision.variants if revision.post.kind is PostKind.POST else []
    rows = [
        {"variant_id": variant.id, "mark": mark}
        for variant in compared
        for mark in choose_marks(word_runs(variant.text))
    ]
    if rows:
        session.execute(insert(TextMark), rows)
    ask_for_links(session, all_addresses(revision_texts(revision)), now=now)


def ask_for_links(session: Session, addresses: Iterable[str], *, now: datetime) -> None:
    """Request checks of these addresses, unless they were checked recently."""
    rows = [{"digest": url_digest(url), "url": url} for url in addresses]
    if not rows:
        return
    session.flush()
    connection = session.connection()
    connection.execute(
        _insert_links(connection.dialect.name), {"rows": rows_to_json(rows), "now": now}
    )
    is_listed = CheckedLink.digest.in_([row["digest"] for row in rows])
    stale = CheckedLink.checked_at < now - FRESH
    session.execute(
        update(CheckedLink)
        .where(is_listed, stale, CheckedLink.next_at.is_(None))
        .values(next_at=now, asked_at=now, tries=0)
        .execution_options(synchronize_session=False)
    )


#: PostgreSQL:
#:   INSERT INTO checked_links (digest, url, asked_at, next_at, tries, landed_on, title,
#:       picture_sha256)
#:   SELECT json_rows.digest AS digest, json_rows.url AS url, :now AS asked_at, :now AS next_at,
#:       0 AS tries, '' AS landed_on, '' AS title, '' AS picture_sha256
#:   FROM json_to_recordset(CAST(:rows AS JSON)) AS json_rows(digest VARCHAR(64), url TEXT)
#:   WHERE true
#:   ON CONFLICT DO NOTHING
@cache
def _insert_links(dialect: str) -> Insert:
    table = core_table(CheckedLink)
    links = rows_from_json(dialect, {"digest": table.c.digest.type, "url": table.c.url.type})
    columns = {
        "digest": links.c.digest,
        "url": links.c.url,
        "asked_at": NOW,
        "next_at": NOW,
        "tries": literal(0),
        **{name: literal("") for name in ("landed_on", "title", "picture_sha256")},
    }
    # Without a WHERE, SQLite would take ON CONFLICT for the condition of a join.
    query = select(*(column.label(name) for name, column in columns.items())).where(true())
    return (
        insert_for(dialect, CheckedLink).from_select(list(columns), query).on_conflict_do_nothing()
    )
