"""The web application of a small city, and browsers for its people, over Flask's test client."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from publisher.database.session import Database
from publisher.delivery.accounts.credentials import OpenAccount
from publisher.media.folder_store import FolderStore
from publisher.models.people import Department
from publisher.settings.environment import load
from publisher.tasks import before_commit
from tests.support import runs
from tests.support.city import City
from tests.support.city import city as found_city
from tests.support.city_people import Clock
from tests.support.memory_platform.platform import MemoryPlatform
from tests.support.passwords import HASHER, give_password, session_token
from tests.web.html_page import Page
from web.app import create_app
from web.core.auth import SESSION_KEY
from web.core.context import AppContext

BASE_URL = "https://127.0.0.1"
TOKEN = re.compile(rb'name="csrf_token" value="([^"]+)"')
PASSWORD = "सात डोंगर निळी होडी"
"""Argon2id with its lowest cost: these tests are not about the cost of a sign-in."""

Fields = Mapping[str, object] | Iterable[tuple[str, str]]
File = tuple[str, bytes]
SECRET = "a key that only these tests know, and that is long enough"


@dataclass
class Browser:
    """A browser: it has cookies, and sends the token and the headers that a browser sends."""

    app: Flask
    client: FlaskClient
    base: str = BASE_URL
    _token: str = ""

    def get(self, path: str, **headers: str) -> TestResponse:
        """Request a page."""
        response = self.client.get(path, base_url=self.base, headers=headers)
        if match := TOKEN.search(response.get_data()):
            self._token = match[1].decode()
        response.close()
        return response

    def page(self, path: str) -> Page:
        """Request a page and parse it; its status has to be 200."""
        response = self.get(path)
        assert response.status_code == 200, (path, response.status_code)
        return Page(response.text)

    @property
    def token(self) -> str:
        """The CSRF token of this browser's cookie, read from the last page."""
        if not self._token:
            self.get("/sign-in")
        return self._token

    def forget_token(self) -> None:
        """Forget the token, because the server has replaced the cookie that it belongs to."""
        self._token = ""

    def post(
        self,
        path: str,
        fields: Fields = (),
        *,
        files: Iterable[tuple[str, File]] = (),
        token: str | None = None,
        site: str = "same-origin",
    ) -> TestResponse:
        """Send a form as a page of this site does; with `token=""` it has no CSRF token."""
        form_data: MultiDict[str, object] = MultiDict(
            fields if isinstance(fields, Mapping) else list(fields)
        )
        csrf_token = self.token if token is None else token
        if csrf_token:
            form_data["csrf_token"] = csrf_token
        for name, (file_name, content) in files:
            form_data.add(name, (BytesIO(content), file_name))
        response = self.client.post(
            path, base_url=self.base, data=form_data, headers={"Sec-Fetch-Site": site}
        )
        response.request.environ["wsgi.input"].close()
        return response

    def sign_in(self, name: str, password: str = PASSWORD, **more: str) -> TestResponse:
        """Sign in through the sign-in page."""
        mail = f"{name.replace('_', '-')}@pmc.example"
        response = self.post("/sign-in", {"identifier": mail, "password": password, **more})
        self.forget_token()
        return response

    def cookie(self) -> str:
        """Return the session token in the cookie; empty if there is none."""
        with self.client.session_transaction(base_url=self.base) as cookie_session:
            return str(cookie_session.get(SESSION_KEY, ""))


@dataclass
class Site:
    """A city and its web application."""

    city: City
    app: Flask
    _passwords: set[str] = field(default_factory=set)

    def nobody(self) -> Browser:
        """Return a browser in which nobody has signed in."""
        return Browser(self.app, self.app.test_client())

    def browser(self, name: str) -> Browser:
        """Return a browser in which this person of the city has signed in just now."""
        self.give_password(name)
        browser = self.nobody()
        token = session_token(self.city, name, PASSWORD)
        with browser.client.session_transaction(base_url=BASE_URL) as cookie_session:
            cookie_session[SESSION_KEY] = token
        return browser

    def give_password(self, name: str) -> None:
        """Set the password of these tests for a person of the city, once."""
        if name in self._passwords:
            return
        give_password(self.city, name, PASSWORD)
        self._passwords.add(name)


def open_site(database: Database, folder: Path, app: Flask | None = None) -> Site:
    """Fill the database with the city, and return it with an application that serves it.

    `app` is an application that serves this city from now on: to create one takes longer than most
    tests. The water supply reports to the office that oversees departments.
    """
    city = found_city(database, folder)
    with city.write() as session:
        water = session.get_one(Department, city.departments["water"])
        water.reports_to_id = city.departments["information-technology"]
    if app is None:
        return Site(city, make_app(city, folder))
    app.extensions["house"] = app_context(city, folder)
    return Site(city, app)


def copy_site(site: Site, file: Path, folder: Path, app: Flask) -> Site:
    """Return the same city in a copy of its SQLite file, which is much faster than to fill one.

    `app` is an application that serves the copy from now on.
    """
    shutil.copyfile(file, folder / "nagarvani.db")
    if site.city.store.root.exists():
        shutil.copytree(site.city.store.root, folder / "media")
    city = replace(
        site.city,
        database=before_commit.register(Database(f"sqlite:///{folder / 'nagarvani.db'}")),
        store=FolderStore(folder / "media"),
        clock=Clock(site.city.clock.at),
        # A test may appoint people, or add departments: its names are not those of other copies.
        departments=dict(site.city.departments),
        appointments=dict(site.city.appointments),
        people=dict(site.city.people),
        accounts=dict(site.city.accounts),
        roles=dict(site.city.roles),
        platforms={},
    )
    for name, account_id in city.accounts.items():
        can_edit = name == "facebook"
        city.platforms[account_id] = MemoryPlatform(now=city.clock, name=name, can_edit=can_edit)
    app.extensions["house"] = app_context(city, folder)
    return Site(city, app, set(site._passwords))


def app_context(
    city: City,
    folder: Path,
    *,
    base_url: str = "https://nagarvani.example",
    open_account: OpenAccount | None = None,
    database: Database | None = None,
) -> AppContext:
    """Return the context of an application that serves this city."""
    settings = load(
        {
            "NAGARVANI_SECRET_KEY": SECRET,
            "NAGARVANI_DATABASE_URL": city.database.url,
            "NAGARVANI_MEDIA_DIR": str(folder / "media"),
            "NAGARVANI_BASE_URL": base_url,
        },
        folder=folder,
    )
    return AppContext(
        settings=settings,
        database=database or city.database,
        store=city.store,
        open_account=open_account or (lambda account: city.platforms[account.id]),
        now=city.clock,
        hasher=HASHER,
    )


def make_app(
    city: City,
    folder: Path,
    *,
    base_url: str = "https://nagarvani.example",
    open_account: OpenAccount | None = None,
    database: Database | None = None,
) -> Flask:
    """Create an application that serves this city."""
    app = create_app(
        app_context(city, folder, base_url=base_url, open_account=open_account, database=database)
    )
    cache_templates(app)
    return app


def cache_templates(app: Flask) -> None:
    """Let every application of a run use the templates that the first has compiled."""
    templates = runs.current().folder / "templates"
    templates.mkdir(exist_ok=True)
    app.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(templates))


def with_settings(site: Site, **settings: str) -> None:
    """Let the application have other settings of the platforms."""
    house = site.app.extensions["house"]
    platforms = {**house.settings.platforms, **settings}
    changed = replace(house.settings, platforms=platforms)
    site.app.extensions["house"] = replace(house, settings=changed)
