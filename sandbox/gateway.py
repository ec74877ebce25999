"""A practice SMS gateway: it accepts an SMS over HTTP and stores it for the letterbox.

A message without a registered template is accepted and never delivered, as operators do. A template
counts as registered if its id has nineteen digits.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, Response, jsonify, request

from sandbox import faults
from sandbox.faults import Fault, Kind
from sandbox.ledger import Ledger
from sandbox.now import format_time, utc_now

REGISTERED = re.compile(r"\d{19}")
NUMBER = re.compile(r"\d{10,15}")
TABLE = """
CREATE TABLE IF NOT EXISTS sms (
  id INTEGER PRIMARY KEY AUTOINCREMENT, received_at TEXT NOT NULL, recipient TEXT NOT NULL,
  sender TEXT NOT NULL, template_id TEXT NOT NULL, text TEXT NOT NULL, dropped INTEGER NOT NULL
)
"""


@dataclass(frozen=True)
class Sms:
    """A received SMS; `dropped` is true if an operator would not have delivered it."""

    id: int
    received_at: str
    recipient: str
    sender: str
    template_id: str
    text: str
    dropped: bool


def add_to(pages: Blueprint, ledger: Ledger) -> None:
    """Add the gateway's endpoint, and the list of its SMS in JSON."""
    with ledger.transaction() as db:
        db.execute(TABLE)
    pages.add_url_rule("/sms", "sms", lambda: _take(ledger), methods=["POST", "GET"])
    pages.add_url_rule("/sms.json", "sms_json", lambda: _told(ledger))


def messages(db: sqlite3.Connection, to: str = "") -> list[Sms]:
    """Return the SMS, newest first; `to` filters by number, in any spelling."""
    digits = re.sub(r"\D", "", to)[-10:]
    rows = db.execute("SELECT * FROM sms ORDER BY id DESC").fetchall()
    messages = [Sms(**(dict(row) | {"dropped": bool(row["dropped"])})) for row in rows]
    return [sms for sms in messages if not to or (digits and sms.recipient.endswith(digits))]


def _take(ledger: Ledger) -> Response | tuple[Response, int]:
    """Store an SMS; as with real gateways, a refusal is a 200."""
    sent = _sent()
    with ledger.transaction() as db:
        fault, _ = faults.take(db, "letterbox", "sms", None)
        if fault is not None and fault.kind is Kind.ERROR_BEFORE:
            return jsonify(type="error", message="try again later"), 503
        if fault is not None and fault.kind is Kind.BLOCKED:
            return jsonify(type="error", message="blocked")
        if not NUMBER.fullmatch(sent.get("to", "")):
            return jsonify(type="error", message="no such number")
        key = _keep(db, sent)
    return _answer(fault, key)


def _answer(fault: Fault | None, key: int) -> Response | tuple[Response, int]:
    if fault is not None and fault.kind is Kind.ERROR_AFTER:
        return jsonify(type="error", message="internal error"), 500
    return jsonify(type="success", id=f"sms-{key}")


def _sent() -> Mapping[str, str]:
    body = request.get_json(silent=True) if request.is_json else None
    fields = body if isinstance(body, dict) else request.values
    return {name: str(value) for name, value in fields.items()}


def _keep(db: sqlite3.Connection, sent: Mapping[str, str]) -> int:
    template = sent.get("template_id", "")
    cursor = db.execute(
        "INSERT INTO sms (received_at, recipient, sender, template_id, text, dropped)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            format_time(utc_now()),
            sent.get("to", ""),
            sent.get("sender", ""),
            template,
            sent.get("text", ""),
            not REGISTERED.fullmatch(template),
        ),
    )
    return int(cursor.lastrowid or 0)


def _told(ledger: Ledger) -> Response:
    with ledger.transaction() as db:
        return jsonify(messages(db, request.args.get("to", "")))
