"""Check links, in the clock's tick or at once for a waiting page, and never in a transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.content_checks.context import url_digest
from publisher.content_checks.link_preview import LinkPreview, fetch_preview, may_fetch
from publisher.content_checks.record import ask_for_links
from publisher.database.session import Database
from publisher.media.store import MediaStore, StoreAway
from publisher.models.content_checks import CheckedLink, LinkFinding
from publisher.platforms.base.protocol import Deadline
from publisher.settings.environment import Reach

LINK_TIMEOUT = 4.0
"""Seconds for one link, including its picture."""

PAGE_TIMEOUT = 4.5
"""Seconds that a page waits for its links; the clock checks the rest."""

BATCH_SIZE = 10
_LEASE = timedelta(minutes=5)
_RETRY_DELAYS = (timedelta(minutes=10), timedelta(hours=1))
_FINAL_FINDINGS = (LinkFinding.FINE, LinkFinding.GUARDED, LinkFinding.UNSAFE)

FetchedLink = tuple[str, LinkPreview, str]
"""A URL, its preview, and the digest of the stored picture or ""."""


@dataclass(frozen=True)
class LinkChecker:
    """The dependencies for checking links; `monotonic` returns seconds for deadlines."""

    database: Database
    store: MediaStore
    reach: Reach
    monotonic: Callable[[], float]


def tick_links(link_checker: LinkChecker, *, now: Callable[[], datetime]) -> int:
    """Check the links that are due, and return their number; without network access do nothing."""
    if link_checker.reach is Reach.NONE or not _any_due(link_checker.database, now=now()):
        return 0
    with link_checker.database.transaction() as session:
        due_urls = _claim_due(session, link_checker.reach, now=now())
    fetched_links = _fetch_all(link_checker, due_urls, patience=LINK_TIMEOUT * BATCH_SIZE)
    with link_checker.database.transaction() as session:
        _record(session, fetched_links, now=now())
    return len(fetched_links)


def check_now(link_checker: LinkChecker, urls: Sequence[str], *, now: datetime) -> int:
    """Check these links within `PAGE_TIMEOUT`, and return the number; the clock checks the rest."""
    with link_checker.database.transaction() as session:
        ask_for_links(session, urls, now=now)
    reachable_urls = [url for url in urls if may_fetch(url, link_checker.reach)]
    fetched_links = _fetch_all(link_checker, reachable_urls, patience=PAGE_TIMEOUT)
    with link_checker.database.transaction() as session:
        _record(session, fetched_links, now=now)
    return len(fetched_links)


def _any_due(database: Database, *, now: datetime) -> bool:
    # Read only: the tick is frequent, and most of the time nothing is due.
    with database.reading() as session:
        query = select(CheckedLink.digest).where(CheckedLink.next_at <= now).limit(1)
        return session.scalar(query) is not None


def _claim_due(session: Session, reach: Reach, *, now: datetime) -> list[str]:
    """Return the URLs that are due, and postpone them so that another clock takes others.

    URLs out of reach are not scheduled again.
    """
    query = (
        select(CheckedLink)
        .where(CheckedLink.next_at <= now)
        .order_by(CheckedLink.next_at)
        .limit(BATCH_SIZE)
        .with_for_update(skip_locked=True)
    )
    rows = list(session.scalars(query))
    for row in rows:
        row.next_at = now + _LEASE if may_fetch(row.url, reach) else None
    return [row.url for row in rows if row.next_at is not None]


def _fetch_all(
    link_checker: LinkChecker, urls: Sequence[str], *, patience: float
) -> list[FetchedLink]:
    """Return the previews of the URLs that answered in time."""
    pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="links")
    futures = [pool.submit(_fetch, link_checker, url) for url in urls]
    done, _late = wait(futures, timeout=patience)
    pool.shutdown(wait=False, cancel_futures=True)
    return [future.result() for future in futures if future in done]


def _fetch(link_checker: LinkChecker, url: str) -> FetchedLink:
    deadline = Deadline.after(LINK_TIMEOUT, link_checker.monotonic)
    preview = fetch_preview(url, reach=link_checker.reach, remaining=deadline.remaining)
    return url, preview, _store_picture(link_checker, preview.picture) if preview.picture else ""


def _store_picture(link_checker: LinkChecker, picture: bytes) -> str:
    """Return the digest of the stored picture, or "" if the store is unavailable."""
    try:
        return link_checker.store.save(picture)
    except StoreAway:
        return ""


def _record(session: Session, fetched_links: Sequence[FetchedLink], *, now: datetime) -> None:
    for url, preview, picture in fetched_links:
        row = session.get(CheckedLink, url_digest(url))
        if row is None:
            continue
        row.checked_at, row.finding, row.code = now, preview.finding, preview.code
        row.landed_on, row.title, row.picture_sha256 = preview.landed_on, preview.title, picture
        row.next_at = _next_check_time(row, now)
        row.tries += 1


def _next_check_time(row: CheckedLink, now: datetime) -> datetime | None:
    """Return when to check again: a link that did not answer may only have been slow."""
    if row.finding in _FINAL_FINDINGS or row.tries >= len(_RETRY_DELAYS):
        return None
    return now + _RETRY_DELAYS[row.tries]
