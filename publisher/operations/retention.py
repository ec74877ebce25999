"""Deletion of data that is kept for a limited time: sign-in logs, links, uploads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    exists,
    func,
    not_,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from publisher.auth import known_devices, throttling
from publisher.database.session import Database, execute_and_count
from publisher.inbox import authors
from publisher.intake.uploads import BEING_REMOVED
from publisher.mail.mailbox import quarantine
from publisher.media.store import MediaStore, StoreAway
from publisher.models.approvals import RefusalDay, RefusedSignIn, SpotCode
from publisher.models.comments import CommentHint, Webhook
from publisher.models.content_checks import CheckedLink
from publisher.models.deliveries import ClockBeat
from publisher.models.departments import RegisterFile
from publisher.models.mailbox import MailOutcome, Quarantine, ReceivedMail
from publisher.models.nominations import Nomination
from publisher.models.people import ContactChange, KnownDevice, Link, SignIn, SignInAttempt
from publisher.models.posts import Rendition
from publisher.models.submission_details import Upload
from publisher.models.submissions import SubmissionFile
from publisher.people.channel_writers import CAME_BY_TIME
from publisher.register import uploads
from publisher.states import QuarantineState
from publisher.working_time import local_day

LOGS: Final = timedelta(days=180)
"""Refused sign-ins and ended sessions: access logs have to be kept for this long in India."""

SPENT: Final = timedelta(days=30)
"""Used and expired links, codes and contact changes, for questions about them."""

UNUSED: Final = timedelta(days=30)
"""Uploaded files that were never handed in, after which a form counts as abandoned."""

WEBHOOKS: Final = timedelta(days=30)
"""Webhooks as received, and hints about comments under posts that are not ours."""

BEATS: Final = timedelta(days=7)
"""Heartbeats of dead workers: each start has a name of its own."""

RAW_MAILS: Final = timedelta(days=90)
"""Mails as received, after they were read; a submission keeps its text and files."""

STEP: Final = 2_000
"""How many rows of a table a tick deletes, to keep its locks short."""

USED_IN: Final[tuple[InstrumentedAttribute[str] | InstrumentedAttribute[str | None], ...]] = (
    SubmissionFile.sha256,
    Rendition.sha256,
    Rendition.source_sha256,
    CheckedLink.picture_sha256,
    ReceivedMail.raw_sha256,
    Nomination.scan_sha256,
)
"""Every column that names a stored file; a file named in any of them is kept."""

Table = type[
    RefusedSignIn
    | RefusalDay
    | SpotCode
    | ContactChange
    | Link
    | SignIn
    | SignInAttempt
    | KnownDevice
    | RegisterFile
    | Webhook
    | CommentHint
]


def tick_retention(database: Database, store: MediaStore, *, now: datetime) -> int:
    """Delete expired rows and files, and return how many.

    History, decisions and published posts are never deleted. The history refers to sessions, known
    devices and refused sign-ins by id, so an id must not be used again: the last row stays without
    its address and device.
    """
    with database.transaction() as session:
        gone = sum(
            _erase(session, table, is_expired)
            for table, is_expired in _expiry_conditions(now).items()
        )
        gone += execute_and_count(
            session, delete(ClockBeat).where(ClockBeat.beat_at <= now - BEATS)
        )
        authors.erase_expired(session, now=now)
        gone += quarantine.end_expired(session, now=now, most=STEP)
        _blank(session, now)
    return gone + _drop_uploads(database, store, now) + _drop_mails(database, store, now)


def _expiry_conditions(now: datetime) -> dict[Table, ColumnElement[bool]]:
    """Return the condition of expired rows by table, in order of foreign keys."""
    spent = now - SPENT
    newest = select(func.max(RefusedSignIn.id)).scalar_subquery()
    newest_device = select(func.max(KnownDevice.id)).scalar_subquery()
    return {
        SignInAttempt: SignInAttempt.at <= now - throttling.WINDOW,
        Link: or_(Link.used_at <= spent, Link.ended_at <= spent, Link.expires_at <= spent),
        ContactChange: and_(
            or_(ContactChange.ended_at <= spent, ContactChange.expires_at <= spent),
            # The gate needs these forever.
            func.coalesce(not_(CAME_BY_TIME), True),
        ),
        SpotCode: or_(SpotCode.ended_at <= spent, SpotCode.expires_at <= spent),
        RefusedSignIn: and_(RefusedSignIn.at <= now - LOGS, RefusedSignIn.id != newest),
        RefusalDay: RefusalDay.day <= local_day(now - LOGS),
        KnownDevice: and_(_has_lapsed(now - known_devices.LASTS), KnownDevice.id != newest_device),
        CommentHint: CommentHint.told_at <= now - WEBHOOKS,
        Webhook: Webhook.received_at <= now - WEBHOOKS,
        RegisterFile: RegisterFile.uploaded_at <= now - uploads.LIFETIME,
        SignIn: and_(_has_ended(now - LOGS), _is_middle_session()),
    }


def _has_ended(moment: datetime) -> ColumnElement[bool]:
    """The session had ended by then, or has not been used since."""
    return func.coalesce(SignIn.ended_at, SignIn.seen_at) <= moment


def _has_lapsed(moment: datetime) -> ColumnElement[bool]:
    """The device had ended by then, or has not been used since."""
    return func.coalesce(KnownDevice.ended_at, KnownDevice.used_at) <= moment


def _is_middle_session() -> ColumnElement[bool]:
    """The session is neither its person's first nor last."""
    # The first one shows that its person is not new; the last one keeps its id in use.
    ends = (func.min(SignIn.id), func.max(SignIn.id))
    return and_(*(SignIn.id.not_in(select(end).group_by(SignIn.person_id)) for end in ends))


def _erase(session: Session, table: Table, is_expired: ColumnElement[bool]) -> int:
    ids = select(table.id).where(is_expired).order_by(table.id).limit(STEP)
    return execute_and_count(session, delete(table).where(table.id.in_(ids)))


def _blank(session: Session, now: datetime) -> None:
    """Clear addresses and devices of the rows that stay."""
    spent_changes = (ContactChange.ended_at <= now - SPENT, ContactChange.value != "")
    session.execute(update(ContactChange).where(CAME_BY_TIME, *spent_changes).values(value=""))
    for table, is_expired in (
        (RefusedSignIn, RefusedSignIn.at <= now - LOGS),
        (SignIn, _has_ended(now - LOGS)),
        (KnownDevice, _has_lapsed(now - known_devices.LASTS)),
    ):
        is_identifying = or_(table.address != "", table.device != "")
        session.execute(
            update(table).where(is_expired, is_identifying).values(address="", device="")
        )


def _drop_uploads(database: Database, store: MediaStore, now: datetime) -> int:
    """Delete old uploads, and the files that nothing else uses."""
    # An upload is inserted before its file is stored, and finds the file still there: it would be
    # lost if it were removed after that. The store may be slow or away, and no lock may wait for
    # it. So the rows stay, marked, until the file is gone; meanwhile the mark refuses an upload of
    # the same file, which can be retried. After a crash the next tick continues from the mark.
    with database.transaction() as session:
        gone, marked = mark_unused(session, is_sqlite=database.is_sqlite, now=now)
    removed = _remove(database, store, marked)
    with database.transaction() as session:
        is_removed = (Upload.sha256.in_(removed), Upload.at == BEING_REMOVED)
        gone += execute_and_count(session, delete(Upload).where(*is_removed))
    return gone + len(removed)


def mark_unused(session: Session, *, is_sqlite: bool, now: datetime) -> tuple[int, set[str]]:
    """Mark the old uploads whose files nothing uses, and delete those whose files are used.

    Return how many were deleted, and the digests of those that are marked.
    """
    # An insert waits for the end of this transaction, and sees the mark afterwards.
    if not is_sqlite:
        session.execute(text("LOCK TABLE uploads IN SHARE ROW EXCLUSIVE MODE"))
    last = func.max(Upload.at)
    old = select(Upload.sha256).group_by(Upload.sha256).having(last <= now - UNUSED)
    digests = set(session.scalars(old.order_by(Upload.sha256).limit(STEP)))
    used = _referenced_digests(session, digests)
    gone = execute_and_count(session, delete(Upload).where(Upload.sha256.in_(used)))
    unused = digests - used
    session.execute(update(Upload).where(Upload.sha256.in_(unused)).values(at=BEING_REMOVED))
    return gone, unused


def _drop_mails(database: Database, store: MediaStore, now: datetime) -> int:
    """Delete the raw mails that were read long ago, or deleted, and that nothing waits for."""
    waits = exists().where(
        Quarantine.mail_id == ReceivedMail.id, Quarantine.state == QuarantineState.WAITING
    )
    is_deleted = exists().where(
        Quarantine.mail_id == ReceivedMail.id, Quarantine.state == QuarantineState.DELETED
    )
    is_unseen = and_(ReceivedMail.outcome == MailOutcome.REFUSED, ReceivedMail.seen_at.is_(None))
    is_over = or_(ReceivedMail.received_at <= now - RAW_MAILS, is_deleted)
    query = select(ReceivedMail.id, ReceivedMail.raw_sha256).where(
        ReceivedMail.raw_sha256.is_not(None), is_over, not_(waits), not_(is_unseen)
    )
    with database.reading() as session:
        mails = session.execute(query.order_by(ReceivedMail.id).limit(STEP)).all()
        digests = {mail.raw_sha256 for mail in mails}
        ids = [mail.id for mail in mails]
        used = _referenced_digests(session, digests, apart_from=ids)
    # Nobody opens them any more. The rows name the files until these are gone: otherwise files in a
    # store that is away would never be deleted.
    removed = _remove(database, store, digests - used, apart_from=ids)
    with database.transaction() as session:
        is_done = (ReceivedMail.id.in_(ids), ReceivedMail.raw_sha256.in_(used | removed))
        session.execute(update(ReceivedMail).where(*is_done).values(raw_sha256=None))
    return len(removed)


def list_used_digests(connection: Connection | Session) -> set[str]:
    """Return the digest of every stored file that a row names."""
    digests: set[str] = set()
    for column in USED_IN:
        used = connection.execute(select(column).where(column != "").distinct()).scalars()
        digests.update(digest for digest in used if digest is not None)
    return digests


def _remove(
    database: Database, store: MediaStore, digests: Iterable[str], *, apart_from: Sequence[int] = ()
) -> set[str]:
    """Remove the files that nothing uses any more, and return their digests.

    Once the store is away, the others are left for the next tick.
    """
    removed: set[str] = set()
    for digest in sorted(digests):
        with database.reading() as session:
            is_used = bool(_referenced_digests(session, [digest], apart_from=apart_from))
        if is_used:
            continue
        try:
            store.remove(digest)
        except StoreAway:
            break
        removed.add(digest)
    return removed


def _referenced_digests(
    session: Session, digests: Iterable[str], *, apart_from: Sequence[int] = ()
) -> set[str]:
    """Return those of the digests that a row names, except the mails with ids in `apart_from`."""
    used: set[str] = set()
    for column in USED_IN:
        query = select(column).where(column.in_(digests))
        if column is ReceivedMail.raw_sha256:
            query = query.where(ReceivedMail.id.not_in(apart_from))
        used.update(digest for digest in session.scalars(query) if digest is not None)
    return used
