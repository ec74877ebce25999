"""The page of rehearsals in a browser, in every state, and a page inside a rehearsal."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from playwright.sync_api import BrowserContext, Page

from demo.rehearsals import processes
from publisher.database.session import Database, migrate
from tests.browser.city_server import CityServer, create_city, serve_city
from tests.support import sqlite
from tests.support.accessibility import Findings
from tests.support.runs import Run
from web.core.context import AppContext

STEPS = {"monsoon": "ready", "noon": "filling", "lag": "ready"}
SAYS = {"mr": "सराव – हे खरे नाही", "en": "Rehearsal – this is not real"}


@pytest.fixture
def server(run: Run, tmp_path: Path) -> Iterator[CityServer]:
    """Serve a city with one rehearsal ready, one being filled, and one left behind."""
    with ExitStack() as stack:
        file = sqlite.copy(sqlite.template(run, migrate), tmp_path / "nagarvani.db")
        database = Database(file)
        stack.callback(database.dispose)
        site = stack.enter_context(serve_city(create_city(database, tmp_path), tmp_path))
        root = tmp_path / "rehearsals"
        change_settings(site, rehearsals_dir=root, rehearsals=True)
        for number, (name, step) in enumerate(STEPS.items()):
            write_rehearsal(root / name, step, 8110 + 10 * number)
            if name != "lag":
                lock = stack.enter_context((root / f"{name}.lock").open("w"))
                fcntl.flock(lock, fcntl.LOCK_EX)
        site.sign_in("lead")
        yield site


def change_settings(server: CityServer, **changed: object) -> None:
    house = cast(AppContext, server.app.extensions["house"])
    settings = replace(house.settings, **changed)  # type: ignore[arg-type]  # by name
    server.app.extensions["house"] = replace(house, settings=settings)


def write_rehearsal(folder: Path, step: str, port: int) -> None:
    folder.mkdir(parents=True)
    note = {"port": port, "begun_at": "2026-07-14T06:30:00+00:00", "step": step, "pid": 0}
    (folder / processes.NOTE).write_text(json.dumps(note))
    (folder / processes.MARK).write_text(json.dumps({"done": 120, "of": 480}))


@pytest.mark.proof
@pytest.mark.browser
@pytest.mark.parametrize("lang", SAYS)
def test_the_page_and_the_banner_are_fit_for_everybody(
    server: CityServer,
    window: Callable[..., BrowserContext],
    axe: Callable[[Page], Findings],
    shoot: Callable[[Page, str], None],
    lang: str,
) -> None:
    opened = window(width=390)
    server.use_session(opened, "lead", lang)
    page = opened.new_page()
    page.goto(f"{server.address}/rehearsals")
    assert page.locator("form[action$='/drop']").count() == 3
    assert page.locator("form[action$='/start']").count() == 0
    assert page.locator("a[href='http://127.0.0.1:8110']").count() == 1
    assert_fit(page, axe, shoot, f"rehearsals-{lang}")
    change_settings(server, rehearsal="monsoon")
    for path in ("/", "/sign-in"):
        page.goto(server.address + path)
        assert page.get_by_text(SAYS[lang]).is_visible()
        assert_fit(page, axe, shoot, f"rehearsal-{path.strip('/') or 'today'}-{lang}")


def assert_fit(
    page: Page, axe: Callable[[Page], Findings], shoot: Callable[[Page, str], None], name: str
) -> None:
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert [str(violation) for violation in axe(page).violations] == []
        shoot(page, f"{name}-{width}")
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
