"""The counter of a small city, and browsers that come to it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path

from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from publisher.auth import sign_in as auth_sign_in
from publisher.database.session import Database
from publisher.delivery.accounts.credentials import OpenAccount
from publisher.media.store import Store
from publisher.models.people import Department, Person
from publisher.platforms.memory.platform import MemoryPlatform
from publisher.settings.environment import load
from tests.support import runs
from tests.support.city import City
from tests.support.city import city as found_city
from tests.support.city_people import Clock
from tests.web.reading import Page, token_in
from web.app import create_app
from web.core.auth import SESSION_KEY
from web.core.context import AppContext

BASE = "https://127.0.0.1"
PASSWORD = "सात डोंगर निळी होडी"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Argon2id at its cheapest: the cost of a sign-in is not what these tests are about."""

Fields = Mapping[str, object] | Iterable[tuple[str, str]]
File = tuple[str, bytes]
SECRET = "a key that only these tests know, and that is long enough"


@dataclass
class Browser:
    """A browser at the counter; it keeps its cookies and sends what a browser sends."""

    app: Flask
    client: FlaskClient
    base: str = BASE
    _token: str = ""

    def get(self, path: str, **headers: str) -> TestResponse:
        """Open a page."""
        answer = self.client.get(path, base_url=self.base, headers=headers)
        answer.get_data()
        answer.close()
        return answer

    def page(self, path: str) -> Page:
        """Open a page and read it; it has to be there."""
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return Page(answer.text)

    @property
    def token(self) -> str:
        """The CSRF token of this browser's cookie."""
        if not self._token:
            self._token = token_in(self.get("/sign-in").text)
        return self._token

    def forget_token(self) -> None:
        """The cookie has been made anew, and the token with it."""
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
        """Send a form as a page of ours sends it; `token` "" leaves the token out."""
        sent: MultiDict[str, object] = MultiDict(
            fields if isinstance(fields, Mapping) else list(fields)
        )
        chosen = self.token if token is None else token
        if chosen:
            sent["csrf_token"] = chosen
        for name, (file_name, content) in files:
            sent.add(name, (BytesIO(content), file_name))
        answer = self.client.post(
            path, base_url=self.base, data=sent, headers={"Sec-Fetch-Site": site}
        )
        answer.request.environ["wsgi.input"].close()
        return answer

    def sign_in(self, name: str, password: str = PASSWORD, **more: str) -> TestResponse:
        """Sign in by the page."""
        mail = f"{name.replace('_', '-')}@pmc.example"
        answer = self.post("/sign-in", {"identifier": mail, "password": password, **more})
        self.forget_token()
        return answer

    def cookie(self) -> str:
        """The session's token as it stands in the cookie; empty where there is none."""
        with self.client.session_transaction(base_url=self.base) as kept:
            return str(kept.get(SESSION_KEY, ""))


@dataclass
class Site:
    """A city and its counter."""

    city: City
    app: Flask
    _passwords: set[str] = field(default_factory=set)

    def nobody(self) -> Browser:
        """A browser of somebody who has not signed in."""
        return Browser(self.app, self.app.test_client())

    def browser(self, name: str) -> Browser:
        """A browser in which somebody of the cast has signed in just now."""
        self.give_password(name)
        opened = self.nobody()
        with self.city.write() as session:
            entered = auth_sign_in.sign_in(
                session,
                identifier=f"{name.replace('_', '-')}@pmc.example",
                password=PASSWORD,
                address="127.0.0.1",
                device=f"browser of {name}",
                now=self.city.now,
                hasher=CHEAP,
            )
            assert isinstance(entered, auth_sign_in.SignedIn), entered
        with opened.client.session_transaction(base_url=BASE) as kept:
            kept[SESSION_KEY] = entered.token
        return opened

    def give_password(self, name: str) -> None:
        """Let somebody of the cast have the password of these tests."""
        if name in self._passwords:
            return
        with self.city.write() as session:
            person = session.get_one(Person, self.city.people[name])
            auth_sign_in.set_password(
                session, person=person, password=PASSWORD, now=self.city.now, hasher=CHEAP
            )
        self._passwords.add(name)


def open_site(database: Database, folder: Path, app: Flask | None = None) -> Site:
    """Found the city, put its water supply under the overseeing office, and open the counter.

    `app` is a counter that now serves this city; making one takes longer than most tests.
    """
    city = found_city(database, folder)
    with city.write() as session:
        water = session.get_one(Department, city.departments["water"])
        water.reports_to_id = city.departments["information-technology"]
    if app is None:
        return Site(city, open_counter(city, folder))
    app.extensions["house"] = house_of(city, folder)
    return Site(city, app)


def move_in(site: Site, file: Path, folder: Path, app: Flask) -> Site:
    """The same city as it stood, in a copy of its SQLite file: founding it takes much longer.

    `app` is a counter that now serves this city.
    """
    shutil.copyfile(file, folder / "nagarvani.db")
    if site.city.store.root.exists():
        shutil.copytree(site.city.store.root, folder / "media")
    city = replace(
        site.city,
        database=Database(f"sqlite:///{folder / 'nagarvani.db'}"),
        store=Store(folder / "media"),
        clock=Clock(site.city.clock.at),
        platforms={},
    )
    for name, account_id in city.accounts.items():
        can_edit = name == "facebook"
        city.platforms[account_id] = MemoryPlatform(now=city.clock, name=name, can_edit=can_edit)
    app.extensions["house"] = house_of(city, folder)
    return Site(city, app, set(site._passwords))


def house_of(
    city: City,
    folder: Path,
    *,
    base_url: str = "https://nagarvani.example",
    open_account: OpenAccount | None = None,
    database: Database | None = None,
) -> AppContext:
    """What a counter of this city works with."""
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
    )


def open_counter(
    city: City,
    folder: Path,
    *,
    base_url: str = "https://nagarvani.example",
    open_account: OpenAccount | None = None,
    database: Database | None = None,
) -> Flask:
    """Another counter of the same city; its templates are compiled once in a run."""
    app = create_app(
        house_of(city, folder, base_url=base_url, open_account=open_account, database=database)
    )
    templates = runs.current().folder / "templates"
    templates.mkdir(exist_ok=True)
    app.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(templates))
    return app
