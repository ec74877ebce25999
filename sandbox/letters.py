"""Letters that a visitor writes to the Cell: real mails, as the city's mail server has them."""

from __future__ import annotations

import mimetypes
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime, make_msgid

from sandbox.ledger import Ledger
from sandbox.now import format_time, utc_now

MAIL_SERVER = "mail.pmc.example"
"""The name under which the city's mail server says whether a sender is proven."""
CELL = ""
"""The office of the correspondent to whom letters are written."""
OUTCOMES = {
    "": "The Cell's mailbox has not been read yet.",
    "submission": "It became a submission.",
    "joined": "It joined the submission that it answers.",
    "quarantined": "It waits for a person of the Cell.",
    "ignored": "It was ignored, as no person wrote it.",
    "duplicate": "It repeats an earlier mail.",
    "refused": "It could not be read.",
}
"""What became of a letter, by what the Cell's mailbox says of it."""


class BadLetter(Exception):
    """A letter that cannot be sent; the message is the field that is wrong."""


@dataclass(frozen=True)
class Correspondent:
    """Somebody who writes to the Cell, or the Cell itself, whose `office` is empty."""

    address: str
    name: str
    office: str


@dataclass(frozen=True)
class Draft:
    """What a visitor typed: `files` are names and contents, `answers` the mail that is answered."""

    sender: str
    subject: str
    text: str
    files: Sequence[tuple[str, bytes]] = ()
    is_forged: bool = False
    answers: str = ""
    references: str = ""


@dataclass(frozen=True)
class Letter:
    """A letter that was sent; `outcome` is empty until it was read, `url` is where it then is."""

    id: int
    written_at: str
    sender: str
    subject: str
    outcome: str
    url: str


def set_correspondents(db: sqlite3.Connection, people: Iterable[Correspondent]) -> None:
    """Replace everybody who may write; the one without an office is the Cell."""
    db.execute("DELETE FROM correspondents")
    rows = [(person.address, person.name, person.office) for person in people]
    db.executemany("INSERT INTO correspondents VALUES (?, ?, ?)", rows)


def correspondents(db: sqlite3.Connection) -> list[Correspondent]:
    """Return everybody who may write, in the order in which they were set."""
    rows = db.execute("SELECT address, name, office FROM correspondents ORDER BY rowid")
    return [Correspondent(**row) for row in rows if row["office"] != CELL]


def cell(db: sqlite3.Connection) -> str:
    """Return the Cell's address; empty where nobody reads letters."""
    row = db.execute("SELECT address FROM correspondents WHERE office=?", (CELL,)).fetchone()
    return str(row["address"]) if row else ""


def post(ledger: Ledger, draft: Draft) -> int:
    """Send a letter to the Cell, and return its id. Raises `BadLetter`."""
    with ledger.transaction() as db:
        names = {person.address: person.name for person in correspondents(db)}
        to = cell(db)
    raw = written(draft, name=names.get(draft.sender, ""), to=to)
    with ledger.transaction() as db:
        cursor = db.execute(
            "INSERT INTO letters (written_at, sender, subject, raw) VALUES (?, ?, ?, ?)",
            (format_time(utc_now()), draft.sender, draft.subject, raw),
        )
        return int(cursor.lastrowid or 0)


def written(draft: Draft, *, name: str, to: str) -> bytes:
    """Return the mail as it lies in the Cell's mailbox. Raises `BadLetter`."""
    try:
        sender = Address(name, addr_spec=draft.sender)
    except (MessageError, ValueError, IndexError) as problem:
        raise BadLetter("sender") from problem
    if not sender.domain or not to:
        raise BadLetter("sender")
    message = EmailMessage(policy=WIRE)
    verdict = "fail" if draft.is_forged else "pass"
    message["Return-Path"] = f"<{draft.sender}>"
    message["Authentication-Results"] = (
        f"{MAIL_SERVER}; dmarc={verdict} header.from={sender.domain}"
    )
    message["From"], message["To"] = sender, to
    subject = " ".join(draft.subject.split())
    # As a field of its own, the message would lose spaces where the encoded subject is folded.
    message.set_raw("Subject", Header(subject, "utf-8", header_name="Subject").encode())
    message["Date"] = format_datetime(utc_now())
    message["Message-ID"] = make_msgid(domain=sender.domain)
    if draft.answers:
        message["In-Reply-To"] = draft.answers
        message["References"] = " ".join(filter(None, (draft.references, draft.answers)))
    message.set_content(draft.text, charset="utf-8", cte="base64")
    for file_name, content in draft.files:
        mime = mimetypes.guess_type(file_name)[0] or "application/octet-stream"
        main, _, sub = mime.partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=file_name)
    return message.as_bytes()


def letters(db: sqlite3.Connection) -> list[Letter]:
    """Return the letters, newest first."""
    rows = db.execute(
        "SELECT id, written_at, sender, subject, outcome, url FROM letters ORDER BY id DESC"
    )
    return [Letter(**row) for row in rows]


def letter(db: sqlite3.Connection, key: int) -> Letter | None:
    """Return a letter."""
    return next((candidate for candidate in letters(db) if candidate.id == key), None)


def unread(db: sqlite3.Connection) -> list[tuple[int, bytes]]:
    """Return the ids and the mails of the letters that the Cell has not read, oldest first."""
    rows = db.execute("SELECT id, raw FROM letters WHERE outcome='' ORDER BY id")
    return [(row["id"], row["raw"]) for row in rows]


def note_outcome(db: sqlite3.Connection, key: int, outcome: str, url: str) -> None:
    """Store what became of a letter, and the page where it is. Raises `BadLetter`."""
    if not outcome or outcome not in OUTCOMES or not url.startswith(("http://", "https://")):
        raise BadLetter("outcome")
    db.execute("UPDATE letters SET outcome=?, url=? WHERE id=?", (outcome, url, key))
