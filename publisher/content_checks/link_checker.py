"""Looking at links: by the clock's tick, or at once for whoever waits, never in a transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.content_checks.context import digest_of
from publisher.content_checks.record import ask_for_links
from publisher.database.session import Database
from publisher.media.link_preview import Looked, fetch_preview, is_within
from publisher.media.store import MediaStore, StoreAway
from publisher.models.content_checks import CheckedLink, LinkFinding
from publisher.platforms.base.protocol import Deadline
from publisher.settings.environment import Reach

ONE_LINK = 4.0
"""Seconds for one link, its picture and all."""

PATIENCE = 4.5
"""Seconds that a page waits for its links; what is not seen by then the clock sees."""

AT_ONCE = 10
_LEASE = timedelta(minutes=5)
_AGAIN = (timedelta(minutes=10), timedelta(hours=1))
_SURE = (LinkFinding.FINE, LinkFinding.GUARDED, LinkFinding.UNSAFE)

Seen = tuple[str, Looked, str]
"""An address, what came of looking, and the digest of its stored picture, or nothing."""


@dataclass(frozen=True)
class LinkChecker:
    """What links are looked at with; `monotonic` gives seconds for deadlines."""

    database: Database
    store: MediaStore
    reach: Reach
    monotonic: Callable[[], float]


def tick_links(link_checker: LinkChecker, *, now: Callable[[], datetime]) -> int:
    """Look at the links that are due; gives how many. Where none may be asked, none are."""
    if link_checker.reach is Reach.NONE or not _any_due(link_checker.database, now=now()):
        return 0
    with link_checker.database.transaction() as session:
        due = _claimed(session, link_checker.reach, now=now())
    seen = _look_at(link_checker, due, patience=ONE_LINK * AT_ONCE)
    with link_checker.database.transaction() as session:
        _record(session, seen, now=now())
    return len(seen)


def check_now(link_checker: LinkChecker, urls: Sequence[str], *, now: datetime) -> int:
    """Look at these links within `PATIENCE`; the rest is left to the clock. Gives how many."""
    with link_checker.database.transaction() as session:
        ask_for_links(session, urls, now=now)
    wanted = [one for one in urls if is_within(one, link_checker.reach)]
    seen = _look_at(link_checker, wanted, patience=PATIENCE)
    with link_checker.database.transaction() as session:
        _record(session, seen, now=now)
    return len(seen)


def _any_due(database: Database, *, now: datetime) -> bool:
    """Looked at by reading alone: the tick comes often, and there is nothing most of the time."""
    with database.reading() as session:
        query = select(CheckedLink.digest).where(CheckedLink.next_at <= now).limit(1)
        return session.scalar(query) is not None


def _claimed(session: Session, reach: Reach, *, now: datetime) -> list[str]:
    """The addresses that are due, put off while they are looked at: another clock takes others.

    What is out of reach is not asked for again.
    """
    query = (
        select(CheckedLink)
        .where(CheckedLink.next_at <= now)
        .order_by(CheckedLink.next_at)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    rows = list(session.scalars(query))
    for row in rows:
        row.next_at = now + _LEASE if is_within(row.url, reach) else None
    return [row.url for row in rows if row.next_at is not None]


def _look_at(link_checker: LinkChecker, urls: Sequence[str], *, patience: float) -> list[Seen]:
    """What came of each address that answered in time."""
    pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="links")
    todo_kinds = [pool.submit(_look, link_checker, url) for url in urls]
    done, _late = wait(todo_kinds, timeout=patience)
    pool.shutdown(wait=False, cancel_futures=True)
    return [one.result() for one in todo_kinds if one in done]


def _look(link_checker: LinkChecker, url: str) -> Seen:
    deadline = Deadline.after(ONE_LINK, link_checker.monotonic)
    looked = fetch_preview(url, reach=link_checker.reach, remaining=deadline.remaining)
    return url, looked, _kept(link_checker, looked.picture) if looked.picture else ""


def _kept(link_checker: LinkChecker, picture: bytes) -> str:
    """The digest of its picture; nothing where none can be kept now."""
    try:
        return link_checker.store.save(picture)
    except StoreAway:
        return ""


def _record(session: Session, seen: Sequence[Seen], *, now: datetime) -> None:
    for url, looked, picture in seen:
        row = session.get(CheckedLink, digest_of(url))
        if row is None:
            continue
        row.checked_at, row.finding, row.code = now, looked.finding, looked.code
        row.landed_on, row.title, row.picture_sha256 = looked.landed_on, looked.title, picture
        row.next_at = _next(row, now)
        row.tries += 1


def _next(row: CheckedLink, now: datetime) -> datetime | None:
    """When to look again: what did not answer may only have been slow."""
    if row.finding in _SURE or row.tries >= len(_AGAIN):
        return None
    return now + _AGAIN[row.tries]
