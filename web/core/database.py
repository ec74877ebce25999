"""The database session in which a request reads everything that it shows.

It begins its transaction at the first read, so that a page is one snapshot. It must not stay open
while something slow happens: `end_reading` is called before a body is read, before a platform or
another server is asked, before a write, and before the response is sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from flask import Flask, Response, g
from sqlalchemy.orm import Session

from publisher.database.session import ReadingSession
from web.core.context import ctx


def register(app: Flask) -> None:
    """End the reading of each request before its response is sent, or when it failed."""
    app.after_request(_end_before_sending)
    app.teardown_appcontext(_close)


@contextmanager
def reading() -> Iterator[Session]:
    """Yield the request's read-only session; its transaction outlives the block."""
    if "reading" not in g:
        g.reading = ctx.database.session_for_reading()
    yield cast(ReadingSession, g.reading)


def end_reading() -> None:
    """End the transaction of what was read, and return its connection; loaded rows stay."""
    session: ReadingSession | None = g.get("reading")
    if session is not None:
        session.end()


def _end_before_sending(response: Response) -> Response:
    end_reading()
    return response


def _close(_error: BaseException | None) -> None:
    session: ReadingSession | None = g.pop("reading", None)
    if session is not None:
        session.close()
