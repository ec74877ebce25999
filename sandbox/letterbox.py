"""The letterbox: it receives mail over SMTP, stores it, and parses it for reading."""

from __future__ import annotations

import asyncio
import email
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default as modern

from aiosmtpd.smtp import SMTP, Envelope, Session

from sandbox import faults
from sandbox.faults import Kind
from sandbox.ledger import Ledger
from sandbox.now import format_time, utc_now

LARGEST_MAIL = 32 * 1024 * 1024


@dataclass(frozen=True)
class Mail:
    """A received mail, parsed. Times are in UTC."""

    id: int
    received_at: str
    sender: str
    recipients: list[str]
    subject: str
    text: str
    html: str
    attachments: list[str]
    headers: dict[str, str]


class _Slot:
    """The handler of aiosmtpd: each mail is a row, durable before the 250."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    async def handle_DATA(  # noqa: N802  # aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        with self.ledger.transaction() as db:
            fault, _ = faults.take(db, "letterbox", "mail", None)
            if fault is not None and fault.kind is Kind.ERROR_BEFORE:
                return "451 4.3.0 Try again later"
            if fault is not None and fault.kind is Kind.BLOCKED:
                return "550 5.7.1 Refused"
            drop(db, envelope)
        if fault is not None and fault.kind is Kind.ERROR_AFTER:
            return "451 4.3.0 Try again later"
        if fault is not None and fault.kind is Kind.RESET_AFTER:
            raise ConnectionResetError("a fault: the connection ends with no answer")
        return "250 2.0.0 Kept"


def drop(db: sqlite3.Connection, envelope: Envelope) -> None:
    """Store a mail."""
    content = envelope.content or b""
    raw = content if isinstance(content, bytes) else content.encode()
    db.execute(
        "INSERT INTO mails (received_at, sender, recipients, raw) VALUES (?, ?, ?, ?)",
        (format_time(utc_now()), envelope.mail_from or "", json.dumps(envelope.rcpt_tos), raw),
    )


def mails(db: sqlite3.Connection, to: str = "") -> list[Mail]:
    """Return the mails, newest first; `to` filters by address."""
    rows = db.execute("SELECT * FROM mails ORDER BY id DESC").fetchall()
    letters = [_read(row) for row in rows]
    return [mail for mail in letters if not to or to.lower() in map(str.lower, mail.recipients)]


def mail(db: sqlite3.Connection, key: int) -> Mail | None:
    """Return a mail."""
    row = db.execute("SELECT * FROM mails WHERE id=?", (key,)).fetchone()
    return _read(row) if row else None


def _read(row: sqlite3.Row) -> Mail:
    parsed = email.message_from_bytes(row["raw"], policy=modern)
    headers = {name: str(value) for name, value in parsed.items()}
    # The standard parser leaves a space between the encoded words of a sender's name.
    sender = dict(parsed.raw_items()).get("From", "")
    headers["From"] = str(make_header(decode_header(sender)))
    return Mail(
        id=row["id"],
        received_at=row["received_at"],
        sender=row["sender"],
        recipients=json.loads(row["recipients"]),
        subject=str(parsed["Subject"] or ""),
        text=_body(parsed, "plain"),
        html=_body(parsed, "html"),
        attachments=[part.get_filename() or "" for part in parsed.iter_attachments()],
        headers=headers,
    )


def _body(parsed: EmailMessage, kind: str) -> str:
    part = parsed.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part is not None else ""


@contextmanager
def listening(ledger: Ledger, host: str, port: int) -> Iterator[int]:
    """Receive mail while the block runs; yield the bound port (0 asks for a free one)."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="letterbox", daemon=True)
    thread.start()
    try:
        opening = asyncio.run_coroutine_threadsafe(_open(loop, ledger, host, port), loop)
        server = opening.result(timeout=10)
        yield server.sockets[0].getsockname()[1]
        asyncio.run_coroutine_threadsafe(_shut(server), loop).result(timeout=10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _open(
    loop: asyncio.AbstractEventLoop, ledger: Ledger, host: str, port: int
) -> asyncio.Server:
    slot = _Slot(ledger)

    def one_connection() -> SMTP:
        return SMTP(
            slot,
            hostname="letterbox",
            enable_SMTPUTF8=True,
            data_size_limit=LARGEST_MAIL,
            loop=loop,
        )

    return await loop.create_server(one_connection, host, port)


async def _shut(server: asyncio.Server) -> None:
    # A closed server of asyncio drops a connection that it has just accepted, without closing it.
    for listener in server.sockets:
        asyncio.get_running_loop().remove_reader(listener.fileno())
    await asyncio.sleep(0)
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        for other in others:
            other.cancel()
        await asyncio.gather(*others, return_exceptions=True)
    server.close()
