"""Fixtures that serve the look book on a free port of loopback."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Page
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.web_look.lookbook import make_app


class QuietRequestHandler(WSGIRequestHandler):
    """A request handler that logs nothing."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing."""


@pytest.fixture(scope="session")
def lookbook() -> Flask:
    """Create the application of the look book."""
    return make_app()


@pytest.fixture(scope="session")
def address(lookbook: Flask) -> Iterator[str]:
    """Serve the look book, and return its address."""
    server = make_server(
        "127.0.0.1", 0, lookbook, threaded=True, request_handler=QuietRequestHandler
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


Opener = Callable[..., Page]


def wait_until_true(page: Page, condition: str) -> None:
    """Wait until a script returns true; Playwright's wait needs `eval`, which the CSP forbids."""
    for _ in range(100):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(condition)


@pytest.fixture
def visit(address: str, window: Callable[..., BrowserContext]) -> Opener:
    """Open a page of the look book: `visit("today", lang="mr", width=390, javascript=True)`.

    All pages of one width are opened in the same window.
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
