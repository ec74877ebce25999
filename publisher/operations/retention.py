"""What the house keeps for a time only: signs of coming and going, spent links, unused uploads."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, CursorResult, and_, delete, func, or_, select, text, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from publisher.auth import throttling
from publisher.database.session import Database
from publisher.media.store import MediaStore
from publisher.models.approvals import RefusedSignIn, SpotCode
from publisher.models.content_checks import CheckedLink
from publisher.models.deliveries import ClockBeat
from publisher.models.people import ContactChange, Link, SignIn, SignInAttempt
from publisher.models.posts import Rendition
from publisher.models.submission_details import Upload
from publisher.models.submissions import SubmissionFile

LOGS: Final = timedelta(days=180)
"""Refused sign-ins and ended sessions: for so long logs of access have to be kept in India."""

SPENT: Final = timedelta(days=30)
"""Links, codes and asked changes of contact that lead nowhere: while somebody may still ask why."""

UNUSED: Final = timedelta(days=30)
"""Files that were sent and never handed in: a form that lies open for longer is given up."""

BEATS: Final = timedelta(days=7)
"""Beats of clocks that are dead: each start has a name of its own."""

STEP: Final = 2_000
"""How many rows of a table go at once, so that nobody waits for it; the rest goes next time."""

USED_IN: Final[tuple[InstrumentedAttribute[str], ...]] = (
    SubmissionFile.sha256,
    Rendition.sha256,
    Rendition.source_sha256,
    CheckedLink.picture_sha256,
)
"""Every place where a file of the store is named; what stands in one of them is kept."""

Table = type[RefusedSignIn | SpotCode | ContactChange | Link | SignIn | SignInAttempt]


def tick_retention(database: Database, store: MediaStore, *, now: datetime) -> int:
    """Erase what has been kept for its time; gives how many rows and files went.

    History, decisions and all that was published are never touched. The history names sessions
    and refused sign-ins by their number, so none of these is ever given twice: the last one stays
    without its address and device.
    """
    with database.transaction() as session:
        gone = sum(_erase(session, table, over) for table, over in _over(now).items())
        gone += _rows(session.execute(delete(ClockBeat).where(ClockBeat.beat_at <= now - BEATS)))
        _blank(session, now)
    return gone + _drop_uploads(database, store, now)


def _over(now: datetime) -> dict[Table, ColumnElement[bool]]:
    """For each table what is over, links ahead of what they lead to."""
    spent = now - SPENT
    newest = select(func.max(RefusedSignIn.id)).scalar_subquery()
    return {
        SignInAttempt: SignInAttempt.at <= now - throttling.WINDOW,
        Link: or_(Link.used_at <= spent, Link.ended_at <= spent, Link.expires_at <= spent),
        ContactChange: or_(ContactChange.ended_at <= spent, ContactChange.expires_at <= spent),
        SpotCode: or_(SpotCode.ended_at <= spent, SpotCode.expires_at <= spent),
        RefusedSignIn: and_(RefusedSignIn.at <= now - LOGS, RefusedSignIn.id != newest),
        SignIn: and_(_has_ended(now - LOGS), _is_in_between()),
    }


def _has_ended(moment: datetime) -> ColumnElement[bool]:
    """The session had ended by then, or nobody had been seen in it since."""
    return func.coalesce(SignIn.ended_at, SignIn.seen_at) <= moment


def _is_in_between() -> ColumnElement[bool]:
    """Neither a person's first session, which tells newcomers, nor the last, which goes before."""
    ends = (func.min(SignIn.id), func.max(SignIn.id))
    return and_(*(SignIn.id.not_in(select(end).group_by(SignIn.person_id)) for end in ends))


def _erase(session: Session, table: Table, over: ColumnElement[bool]) -> int:
    some = select(table.id).where(over).order_by(table.id).limit(STEP)
    return _rows(session.execute(delete(table).where(table.id.in_(some))))


def _blank(session: Session, now: datetime) -> None:
    """Take where and by what from those that stay."""
    for table, over in (
        (RefusedSignIn, RefusedSignIn.at <= now - LOGS),
        (SignIn, _has_ended(now - LOGS)),
    ):
        told = or_(table.address != "", table.device != "")
        session.execute(update(table).where(over, told).values(address="", device=""))


def _drop_uploads(database: Database, store: MediaStore, now: datetime) -> int:
    """Forget old uploads, and remove the files of those that stand nowhere.

    Nobody can send the same file meanwhile: an upload is written down before it is stored, and
    the writing waits for the end of this transaction.
    """
    with database.transaction() as session:
        if not database.is_sqlite:
            session.execute(text("LOCK TABLE uploads IN SHARE ROW EXCLUSIVE MODE"))
        last = func.max(Upload.at)
        old = select(Upload.sha256).group_by(Upload.sha256).having(last <= now - UNUSED)
        digests = session.scalars(old.order_by(Upload.sha256).limit(STEP)).all()
        unused = set(digests) - _used(session, digests)
        for digest in unused:
            store.remove(digest)
        gone = session.execute(delete(Upload).where(Upload.sha256.in_(digests)))
    return _rows(gone) + len(unused)


def _used(session: Session, digests: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for place in USED_IN:
        found.update(session.scalars(select(place).where(place.in_(digests))))
    return found


def _rows(result: object) -> int:
    return result.rowcount if isinstance(result, CursorResult) else 0
