"""Prepare a raw mail before a transaction begins: store it, read it, and check its files."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from publisher.database.session import Database
from publisher.intake.uploads import put_off_removal
from publisher.mail.mailbox import mail_files
from publisher.mail.mailbox.mail_files import MailFiles
from publisher.mail.mailbox.senders import WaitReason, sender_of
from publisher.mail.messages.message import MailMessage, UnreadableMessage, UnreadableReason
from publisher.mail.messages.read import read_message
from publisher.media.store import MediaStore
from publisher.media.virus_scanner import Clamd, clamd
from publisher.notifications import links
from publisher.settings.environment import Settings


@dataclass(frozen=True)
class MailIntake:
    """What taking in mails needs: the store, and the settings of the city.

    `mail_from` is our own address, `mail_server` the authserv-id of our own mail server; empty if
    none checks senders, `hops` the Received headers that the city's servers write above
    its results. Without `clamd` no file is scanned for viruses. `store_identity` is that of
    `store` at the start; "" if it was not compared.
    """

    store: MediaStore
    city_code: str
    mail_from: str
    mail_server: str
    clamd: Clamd | None = None
    store_identity: str = ""
    hops: int = 0


def mail_intake(settings: Settings, store: MediaStore, *, store_identity: str = "") -> MailIntake:
    """Return the `MailIntake` of these settings."""
    return MailIntake(
        store=store,
        city_code=settings.city.code,
        mail_from=settings.mail_from,
        mail_server=settings.mail_server,
        hops=settings.mail_server_hops,
        clamd=clamd(settings.clamd_url),
        store_identity=store_identity,
    )


@dataclass(frozen=True)
class PreparedMail:
    """A stored raw mail.

    `message` is None if the mail cannot be read; `unreadable` says why. For a mail that is too
    large, `message` is what the headers say.
    """

    raw_sha256: str
    size: int
    message: MailMessage | None = None
    unreadable: UnreadableReason | None = None
    files: MailFiles = field(default=MailFiles((), ()))


def prepare(database: Database, raw: bytes, *, intake: MailIntake, now: datetime) -> PreparedMail:
    """Store the raw mail, read it, and store its files if its sender is known.

    A crash after this loses nothing and duplicates nothing: the same mail is stored as the same
    file. Raises `StoreAway`.
    """
    digest = intake.store.save(raw)
    try:
        message = _read(raw)
    except UnreadableMessage as problem:
        return PreparedMail(digest, len(raw), unreadable=problem.reason)
    with database.reading() as session:
        sender = sender_of(
            session, message, mail_server=intake.mail_server, hops=intake.hops, now=now
        )
    # If the sender has several departments, an answer belongs to the one that it is about.
    is_known = sender.actor is not None or sender.reason is WaitReason.SEVERAL_DEPARTMENTS
    is_taken_in = is_known and message.automatic is None
    return with_files(database, digest, message, intake=intake, now=now, is_taken_in=is_taken_in)


def _read(raw: bytes) -> MailMessage:
    """Read the mail without our tokens: a forwarded link is not for anybody at the Cell to use.

    Raises `UnreadableMessage`.
    """
    message = read_message(raw)
    return replace(
        message,
        subject=links.remove_quoted_tokens(message.subject),
        text=links.remove_quoted_tokens(message.text),
    )


def with_files(
    database: Database,
    raw_sha256: str,
    message: MailMessage,
    *,
    intake: MailIntake,
    now: datetime,
    is_taken_in: bool,
) -> PreparedMail:
    """Check the files of a mail, and store them if it is to be taken in.

    No transaction may be open: the scanner may take its time.
    """
    files = mail_files.choose_files(message.files)
    if intake.clamd is not None:
        files = mail_files.scan_files(intake.clamd, files)
    if is_taken_in and files.files:
        with database.transaction() as session:
            put_off_removal(session, digests=[file.sha256 for file in files.files], now=now)
        files = mail_files.store_files(intake.store, files)
    return PreparedMail(raw_sha256, message.size, message, files=files)


def prepare_again(
    database: Database, raw_sha256: str, *, intake: MailIntake, now: datetime
) -> PreparedMail:
    """Read a stored mail that is to be taken in, and store its files.

    Raises `MediumMissing`, `MediumChanged`, `UnreadableMessage`, or `StoreAway`.
    """
    message = _read(intake.store.open(raw_sha256))
    return with_files(database, raw_sha256, message, intake=intake, now=now, is_taken_in=True)
