"""A web server on loopback with the pages of a test city, and sessions for its people."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from flask import Flask, abort
from playwright.sync_api import BrowserContext
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.test import run_wsgi_app

from publisher.database.session import Database
from publisher.i18n.languages import LANGUAGES
from publisher.settings import environment
from tests.support.city import City, city
from tests.support.passwords import HASHER, give_password, session_token
from tests.web.site import cache_templates
from web.app import create_app
from web.core import permissions
from web.core.auth import SESSION_KEY
from web.core.context import AppContext

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PASSWORD = "kavita-nadi-sagar-ubhi"
COOKIE = "__Host-nagarvani"
SECRET = "a secret of the tests, long enough"


class QuietRequestHandler(WSGIRequestHandler):
    """A request handler that logs nothing."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing."""


@dataclass
class CityServer:
    """A server of a city's pages; `sign_in` makes sessions, `use_session` puts one in a window."""

    town: City
    app: Flask
    address: str
    cookies: dict[tuple[str, str], str] = field(default_factory=dict)

    def sign_in(self, name: str) -> None:
        """Sign a person of the city in, and store a session cookie for each language."""
        give_password(self.town, name, PASSWORD)
        token = session_token(self.town, name, PASSWORD)
        self._store_cookies(name, {SESSION_KEY: token})

    def _store_cookies(self, name: str, values: Mapping[str, str]) -> None:
        """Store a cookie with these session values for each language."""
        url = self.address.replace("http://", "https://")
        for lang in LANGUAGES:
            client = self.app.test_client()
            with client.session_transaction(base_url=url) as flask_session:
                flask_session.update(values, language=lang)
            cookie = client.get_cookie(COOKIE, domain="127.0.0.1")
            assert cookie is not None
            self.cookies[name, lang] = cookie.value

    def read(self, path: str, name: str, lang: str) -> tuple[int, str]:
        """Return the status code and the HTML of a page, read without a browser."""
        if not name and ("", lang) not in self.cookies:
            self._store_cookies("", {})
        url = self.address.replace("http://", "https://")
        client = self.app.test_client()
        client.set_cookie(COOKIE, self.cookies[name, lang], domain="127.0.0.1", secure=True)
        answer = client.get(path, base_url=url, follow_redirects=True)
        return answer.status_code, answer.get_data(as_text=True)

    def use_session(self, window: BrowserContext, name: str, lang: str) -> None:
        """Put a person's session, or an anonymous one (""), in this language into a window."""
        if not name and ("", lang) not in self.cookies:
            self._store_cookies("", {})
        window.clear_cookies()
        value = self.cookies[name, lang]
        # A browser trusts loopback without TLS, but accepts a secure cookie only for https.
        url = self.address.replace("http://", "https://")
        window.add_cookies([{"name": COOKIE, "value": value, "url": url, "secure": True}])


def create_city(database: Database, folder: Path) -> City:
    """Build a city whose Facebook takes as much text as the real one."""
    town = city(database, folder)
    facebook = town.platform("facebook")
    facebook.limits = replace(facebook.limits, text_units=63_206)
    return town


def open_app(town: City, folder: Path, variables: Mapping[str, str]) -> Flask:
    """Build the web application of a city, with more `variables` of the environment."""
    settings = environment.load(
        {
            "NAGARVANI_SECRET_KEY": SECRET,
            "NAGARVANI_MEDIA_DIR": str(folder / "media"),
            "NAGARVANI_TAKE_BACK": "0",
            "NAGARVANI_HELP_PHONE": "020-5550-0100",
            "NAGARVANI_HELP_MAIL": "help@pmc.example",
            "NAGARVANI_HELP_HOURS": "mon-sat 10:00-18:00",
            **variables,
        },
        folder=folder,
    )
    app = create_app(
        AppContext(
            settings=settings,
            database=town.database,
            store=town.store,
            open_account=lambda account: town.platforms[account.id],
            now=town.clock,
            hasher=HASHER,
        )
    )
    cache_templates(app)
    return app


def _add_failing_page(app: Flask) -> None:
    """Add a page that fails with the status code in its path, to show the error pages."""

    @app.get("/fails/<int:code>")
    @permissions.public
    def fails(code: int) -> str:
        abort(code)


def _read_whole(app: WSGIApplication) -> WSGIApplication:
    """Read each response whole and close it before it is sent."""

    # Werkzeug's server leaves a file open if the browser goes on in the middle of it.
    def respond(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        body, status, headers = run_wsgi_app(app, environ, buffered=True)
        start_response(status, headers.to_wsgi_list())
        return body

    return respond


@contextmanager
def serve_city(
    town: City, folder: Path, variables: Mapping[str, str] = MappingProxyType({})
) -> Iterator[CityServer]:
    """Serve the pages of a city on a free port of loopback."""
    app = open_app(town, folder, variables)
    _add_failing_page(app)
    server = make_server(
        "127.0.0.1", 0, _read_whole(app), threaded=True, request_handler=QuietRequestHandler
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield CityServer(town, app, f"http://127.0.0.1:{server.server_port}")
    finally:
        _stop_server(server, thread)


def _stop_server(server: BaseWSGIServer, thread: threading.Thread) -> None:
    server.shutdown()
    thread.join()
    server.server_close()
