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
from sandbox.now import format_time, parse_time, pause, utc_now

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
class RequestContext:
    """The context of a request: the ledger's transaction, the time, the caller.

    `account` is the acting account's id (None: the app alone); entries younger than
    `hidden_seconds` are hidden.
    """

    db: sqlite3.Connection
    now: datetime
    account: str | None
    hidden_seconds: float = 0.0


class PlatformResponses(Protocol):
    """A platform's responses that are common to all requests."""

    platform: str
    json_type: str

    def count(self, request_context: RequestContext, operation: str) -> Mapping[str, str]:
        """Count the request; return the rate limit headers. Raises Refused beyond the limit."""

    def fault(self, request_context: RequestContext, fault: Fault) -> Answer:
        """Return the response of a fault (limit, token, block, JSON error)."""

    def without_id(self) -> object:
        """Return a success body without an id."""


def request_time() -> datetime:
    """Return the request's time: now, or that of the seed header X-Sandbox-At (else 400)."""
    text = request.headers.get("X-Sandbox-At")
    try:
        return parse_time(text) if text else utc_now()
    except ValueError:
        raise BadRequest("X-Sandbox-At is not an ISO time") from None


def answer(
    ledger: Ledger,
    responses: PlatformResponses,
    operation: str,
    account: str | None,
    work: Callable[[RequestContext], Answer],
) -> Response:
    """Handle a request of a platform, with its fault, if any."""
    now, reply = request_time(), None
    with ledger.transaction() as db:
        fault, hidden_seconds = faults.take(db, responses.platform, operation, account)
        if fault is None or fault.kind is not Kind.HANG_BEFORE:
            reply = _carry_out(
                responses, RequestContext(db, now, account, hidden_seconds), operation, fault, work
            )
    if reply is None:
        pause((fault.seconds if fault else None) or 0.0)
        with ledger.transaction() as db:
            reply = _carry_out(
                responses, RequestContext(db, now, account, hidden_seconds), operation, None, work
            )
    return _send(responses, reply, fault)


def _carry_out(
    responses: PlatformResponses,
    request_context: RequestContext,
    operation: str,
    fault: Fault | None,
    work: Callable[[RequestContext], Answer],
) -> Answer:
    if fault is not None and fault.kind in faults.REPLACING:
        return _fault_response(responses, request_context, fault)
    headers: Mapping[str, str] = {}
    try:
        headers = responses.count(request_context, operation)
        with _savepoint(request_context.db):
            reply = work(request_context)
    except Refused as refusal:
        reply = refusal.answer
    if fault is not None and fault.kind is Kind.ERROR_JSON_AFTER:
        reply = responses.fault(request_context, fault)
    request_context.db.execute(
        "INSERT INTO requests (at, platform, operation, account, code) VALUES (?, ?, ?, ?, ?)",
        (
            format_time(request_context.now),
            responses.platform,
            operation,
            request_context.account,
            reply.code,
        ),
    )
    return replace(reply, headers={**headers, **reply.headers})


def _fault_response(
    responses: PlatformResponses, request_context: RequestContext, fault: Fault
) -> Answer:
    if fault.kind in RESETS:
        return Answer(503, "")
    if fault.kind is Kind.ERROR_BEFORE:
        return Answer(fault.code or 503, HTML_ERROR)
    return responses.fault(request_context, fault)


@contextmanager
def _savepoint(db: sqlite3.Connection) -> Iterator[None]:
    """Roll back what a refused request has written; the count around it stays."""
    db.execute("SAVEPOINT work")
    try:
        yield
    except Refused:
        db.execute("ROLLBACK TO work")
        raise


def _send(responses: PlatformResponses, reply: Answer, fault: Fault | None) -> Response:
    kind = fault.kind if fault else None
    if kind in RESETS:
        drop_connection()
    if fault is not None and kind is Kind.HANG_AFTER:
        pause(fault.seconds or 0.0)
    if fault is not None and kind is Kind.ERROR_AFTER:
        reply = Answer(fault.code or 500, HTML_ERROR)
    if kind is Kind.NO_ID:
        reply = replace(reply, code=200, body=responses.without_id())
    response = http_response(responses.json_type, reply)
    if kind is Kind.EMPTY_BODY:
        response.set_data(b"")
    if kind is Kind.TRUNCATED:
        response.set_data(response.get_data()[: len(response.get_data()) // 2])
    if fault is not None and kind is Kind.DRIP_AFTER:
        return _drip(response, fault.seconds or 0.0)
    return response


def http_response(json_type: str, reply: Answer) -> Response:
    """Return an HTTP response: JSON, or HTML if the body is text."""
    is_text = isinstance(reply.body, str)
    body = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
    response = Response(body, status=reply.code)
    response.headers["Content-Type"] = "text/html; charset=utf-8" if is_text else json_type
    response.headers.extend(dict(reply.headers))
    return response


def _drip(response: Response, seconds: float) -> Response:
    content = response.get_data()

    def chunks() -> Iterator[bytes]:
        for index in range(len(content)):
            pause(seconds / max(1, len(content)))
            yield content[index : index + 1]

    slow = Response(chunks(), status=response.status_code, headers=response.headers)
    slow.headers["Content-Length"] = str(len(content))
    return slow


def drop_connection() -> None:
    """Reset the caller's connection without a response. Raises ConnectionResetError."""
    connection = request.environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        linger = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    raise ConnectionResetError("a fault: the connection ends with no answer")
