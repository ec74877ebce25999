"""The look book, served on a free port of loopback for the tests of this room."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Page
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.web_look.lookbook import make_app


class Quiet(WSGIRequestHandler):
    """Writes no line for each request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def book() -> Flask:
    """The look book as an application."""
    return make_app()


@pytest.fixture(scope="session")
def address(book: Flask) -> Iterator[str]:
    """Where the look book is served."""
    server = make_server("127.0.0.1", 0, book, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


Opener = Callable[..., Page]


def until(page: Page, condition: str) -> None:
    """Wait until a script is true; Playwright's own way needs `eval`, which the CSP refuses."""
    for _ in range(100):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(condition)


@pytest.fixture
def visit(address: str, window: Callable[..., BrowserContext]) -> Opener:
    """Opens a page of the look book: `visit("today", lang="mr", width=390, javascript=True)`.

    One window of each width serves the whole test.
    """
    pages: dict[tuple[int, bool], Page] = {}

    def open_page(
        path: str, *, lang: str = "mr", width: int = 390, javascript: bool = True
    ) -> Page:
        key = (width, javascript)
        if key not in pages:
            pages[key] = window(width=width, javascript=javascript).new_page()
        pages[key].goto(f"{address}/{lang}/{path}")
        return pages[key]

    return open_page
