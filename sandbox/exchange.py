"""A request and its response: counted, subject to its fault, in one transaction."""

from __future__ import annotations

import json
import socket
import sqlite3
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from flask import Response, request
from werkzeug.exceptions import BadRequest

from sandbox import faults
from sandbox.faults import Fault, Kind
from sandbox.ledger import Ledger
from sandbox.now import pause, read, utc_now

HTML_ERROR = (
    '<!DOCTYPE html><html lang="en"><head><title>Error</title></head>'
    "<body><h1>Sorry, something went wrong.</h1></body></html>"
)
RESETS = (Kind.RESET_BEFORE, Kind.RESET_AFTER)


@dataclass(frozen=True)
class Answer:
    """A response: an HTTP code, a JSON body (or HTML, as text) and headers."""

    code: int
    body: object
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):
    """The platform refuses the request; its changes are rolled back."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(str(answer.body))
        self.answer = answer


@dataclass(frozen=True)
class Turn:
    """The context of a request: the ledger's transaction, the time, the caller, the veil.

    `account` is the acting account's id (None: the app alone); `veil` hides entries younger than
    that many seconds.
    """

    db: sqlite3.Connection
    now: datetime
    account: str | None
    veil: float = 0.0


class Voice(Protocol):
    """A platform's responses that are common to all requests."""

    platform: str
    json_type: str

    def count(self, turn: Turn, operation: str) -> Mapping[str, str]:
        """Count the request; return the rate limit headers. Raises Refused beyond the limit."""

    def fault(self, turn: Turn, fault: Fault) -> Answer:
        """Return the response of a fault (limit, token, block, JSON error)."""

    def without_id(self) -> object:
        """Return a success body without an id."""


def moment() -> datetime:
    """Return the request's time: now, or that of the seed header X-Sandbox-At (else 400)."""
    text = request.headers.get("X-Sandbox-At")
    try:
        return read(text) if text else utc_now()
    except ValueError:
        raise BadRequest("X-Sandbox-At is not an ISO time") from None


def answer(
    ledger: Ledger,
    voice: Voice,
    operation: str,
    account: str | None,
    work: Callable[[Turn], Answer],
) -> Response:
    """Handle a request of a platform, with its fault, if any."""
    now, reply = moment(), None
    with ledger.transaction() as db:
        fault, veil = faults.take(db, voice.platform, operation, account)
        if fault is None or fault.kind is not Kind.HANG_BEFORE:
            reply = _tried(voice, Turn(db, now, account, veil), operation, fault, work)
    if reply is None:
        pause((fault.seconds if fault else None) or 0.0)
        with ledger.transaction() as db:
            reply = _tried(voice, Turn(db, now, account, veil), operation, None, work)
    return _sent(voice, reply, fault)


def _tried(
    voice: Voice,
    turn: Turn,
    operation: str,
    fault: Fault | None,
    work: Callable[[Turn], Answer],
) -> Answer:
    if fault is not None and fault.kind in faults.INSTEAD:
        return _instead(voice, turn, fault)
    headers: Mapping[str, str] = {}
    try:
        headers = voice.count(turn, operation)
        with _all_or_nothing(turn.db):
            reply = work(turn)
    except Refused as refusal:
        reply = refusal.answer
    if fault is not None and fault.kind is Kind.ERROR_JSON_AFTER:
        reply = voice.fault(turn, fault)
    return replace(reply, headers={**headers, **reply.headers})


def _instead(voice: Voice, turn: Turn, fault: Fault) -> Answer:
    if fault.kind in RESETS:
        return Answer(503, "")
    if fault.kind is Kind.ERROR_BEFORE:
        return Answer(fault.code or 503, HTML_ERROR)
    return voice.fault(turn, fault)


@contextmanager
def _all_or_nothing(db: sqlite3.Connection) -> Iterator[None]:
    """Roll back what a refused request has written; the count around it stays."""
    db.execute("SAVEPOINT work")
    try:
        yield
    except Refused:
        db.execute("ROLLBACK TO work")
        raise


def _sent(voice: Voice, reply: Answer, fault: Fault | None) -> Response:
    kind = fault.kind if fault else None
    if kind in RESETS:
        drop_connection()
    if fault is not None and kind is Kind.HANG_AFTER:
        pause(fault.seconds or 0.0)
    if fault is not None and kind is Kind.ERROR_AFTER:
        reply = Answer(fault.code or 500, HTML_ERROR)
    if kind is Kind.NO_ID:
        reply = replace(reply, code=200, body=voice.without_id())
    response = plain(voice.json_type, reply)
    if kind is Kind.EMPTY_BODY:
        response.set_data(b"")
    if kind is Kind.TRUNCATED:
        response.set_data(response.get_data()[: len(response.get_data()) // 2])
    if fault is not None and kind is Kind.DRIP_AFTER:
        return _dripping(response, fault.seconds or 0.0)
    return response


def plain(json_type: str, reply: Answer) -> Response:
    """Return an HTTP response: JSON, or HTML if the body is text."""
    is_text = isinstance(reply.body, str)
    body = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
    response = Response(body, status=reply.code)
    response.headers["Content-Type"] = "text/html; charset=utf-8" if is_text else json_type
    response.headers.extend(dict(reply.headers))
    return response


def _dripping(response: Response, seconds: float) -> Response:
    content = response.get_data()

    def drops() -> Iterator[bytes]:
        for index in range(len(content)):
            pause(seconds / max(1, len(content)))
            yield content[index : index + 1]

    slow = Response(drops(), status=response.status_code, headers=response.headers)
    slow.headers["Content-Length"] = str(len(content))
    return slow


def drop_connection() -> None:
    """Reset the caller's connection without a response. Raises ConnectionResetError."""
    connection = request.environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        linger = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    raise ConnectionResetError("a fault: the connection ends with no answer")
