"""The page of rehearsals: who sees it, where it is offered, and the banner in a rehearsal."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from demo.rehearsals import processes
from demo.rehearsals.processes import CannotRehearse, RehearsalStep
from demo.rehearsals.scenarios import Scenario, scenario_script
from publisher.settings.environment import Settings
from tests.support.runs import processes_in, wait_until
from tests.web.site import Site
from tests.web.world import CAST, TABLE, Call, World, path_of
from web.core.context import AppContext

BANNER = {
    "mr": "सराव – हे खरे नाही",
    "en": "Rehearsal – this is not real",
    "hi": "अभ्यास – यह वास्तविक नहीं है",
}
START, DROP = "/rehearsals/lag/start", "/rehearsals/lag/drop"


def set_settings(site: Site, **changed: object) -> Settings:
    """Change settings of the site."""
    house = cast(AppContext, site.app.extensions["house"])
    settings = replace(house.settings, **changed)  # type: ignore[arg-type]  # by name
    site.app.extensions["house"] = replace(house, settings=settings)
    return settings


@pytest.fixture
def site_with_rehearsals(site: Site, tmp_path: Path) -> Site:
    """A site that offers rehearsals, without any started."""
    set_settings(site, base_url="http://127.0.0.1:8000", rehearsals_dir=tmp_path / "rehearsals")
    return site


def write_rehearsal(root: Path, **note: object) -> None:
    """Write the folder that a killed rehearsal leaves."""
    folder = root / "lag"
    folder.mkdir(parents=True)
    rehearsal = {"port": 8110, "begun_at": "2026-07-14T06:30:00+00:00", "step": "ready", "pid": 1}
    (folder / processes.NOTE).write_text(json.dumps(rehearsal | note))


@pytest.mark.parametrize(
    ("base_url", "allowed", "offered"),
    [
        ("http://127.0.0.1:8000", False, True),
        ("https://nagarvani.example", False, False),
        ("https://nagarvani.example", True, True),
    ],
)
def test_under_https_rehearsals_are_offered_only_where_the_setting_allows(
    site: Site, tmp_path: Path, base_url: str, allowed: bool, offered: bool
) -> None:
    settings = set_settings(
        site, base_url=base_url, rehearsals=allowed, rehearsals_dir=tmp_path / "rehearsals"
    )
    assert processes.are_offered(settings) is offered
    browser = site.browser("lead")
    page = browser.get("/rehearsals")
    assert (START in page.text) is offered
    assert ("/rehearsals" in browser.get("/").text) is offered
    if not offered:
        assert "NAGARVANI_REHEARSALS" in page.text
        assert browser.post(START).status_code == 409
        assert not (tmp_path / "rehearsals").exists()


def test_every_scenario_can_be_started_and_one_left_behind_can_be_dropped(
    site_with_rehearsals: Site, tmp_path: Path
) -> None:
    browser = site_with_rehearsals.browser("admin")
    page = browser.get("/rehearsals").text
    assert all(f"/rehearsals/{scenario.value}/start" in page for scenario in Scenario)
    write_rehearsal(tmp_path / "rehearsals")
    page = browser.get("/rehearsals").text
    assert START not in page
    assert "ते चालू नाही." in page
    assert "@pmc.example" not in page  # it does not run, so nobody can sign in
    response = browser.post(START)
    assert response.status_code == 409
    assert "अर्धवट राहिले आहे" in response.text
    assert browser.post(DROP).status_code == 302
    assert not (tmp_path / "rehearsals" / "lag").exists()
    assert START in browser.get("/rehearsals").text
    response = browser.post(DROP)
    assert response.status_code == 409
    assert "आता अस्तित्वात नाही" in response.text


def test_without_the_packages_of_the_sandbox_none_is_started(
    site_with_rehearsals: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "aiosmtpd", None)  # as if it were not installed
    response = site_with_rehearsals.browser("admin").post(START)
    assert response.status_code == 409
    assert "या सर्व्हरवर बसवलेले नाहीत" in response.text
    assert not (tmp_path / "rehearsals").exists()


def test_an_unknown_scenario_is_no_page(site_with_rehearsals: Site) -> None:
    browser = site_with_rehearsals.browser("lead")
    assert browser.post("/rehearsals/flood/start").status_code == 404
    assert browser.post("/rehearsals/..%2f..%2fvar/drop").status_code == 404


def test_inside_a_rehearsal_none_is_started(site_with_rehearsals: Site) -> None:
    set_settings(site_with_rehearsals, rehearsal="monsoon", rehearsals=True)
    browser = site_with_rehearsals.browser("lead")
    assert "हे सराव सत्रच आहे." in browser.get("/rehearsals").text
    assert browser.post(START).status_code == 409


def page_calls(world: World) -> Iterator[Call]:
    """Yield every GET call of the table whose row exists in the world."""
    known_names = {*world.own, "sign_in_id"}
    for rule in world.site.app.url_map.iter_rules():
        opened = "GET" in (rule.methods or ()) and rule.endpoint in TABLE
        if opened and rule.arguments <= known_names:
            yield Call(rule.endpoint, "GET", foreign=False)


def allowed_role(call: Call) -> str:
    """Return a role that may make the call."""
    roles = f"{call.entry.everywhere} {call.entry.own}".split()
    return roles[0] if roles else "lead"


@pytest.mark.proof
def test_every_page_of_a_rehearsal_says_that_it_is_one(world: World) -> None:
    set_settings(world.site, rehearsal="monsoon")
    browsers = {role: world.site.browser(name) for role, name in CAST.items()}
    page_count = 0
    for call in page_calls(world):
        role = allowed_role(call)
        response = browsers[role].get(path_of(world.site, call, world.ids(call, CAST[role])))
        if response.mimetype == "text/html" and response.status_code != 302:
            assert BANNER["mr"] in response.text, call.endpoint
            page_count += 1
    assert page_count > 20
    assert BANNER["mr"] in browsers["lead"].get("/nowhere").text


@pytest.mark.parametrize("language", BANNER)
def test_the_banner_speaks_the_persons_language(site: Site, language: str) -> None:
    set_settings(site, rehearsal="monsoon")
    browser = site.browser("lead")
    browser.post("/language", {"lang": language, "next": "/"})
    for path in ("/", "/sign-in", "/nowhere"):
        assert BANNER[language] in browser.get(path).text, path


def test_outside_a_rehearsal_no_page_says_so(site: Site) -> None:
    for path in ("/", "/sign-in", "/rehearsals", "/nowhere"):
        assert BANNER["mr"] not in site.browser("lead").get(path).text, path


def numbers_in(folder: Path) -> set[str]:
    """Return the outward numbers of the submissions of a rehearsal."""
    with closing(sqlite3.connect(folder / "nagarvani.db")) as connection:
        return {row[0] for row in connection.execute("SELECT outward_number FROM submissions")}


@pytest.mark.journey
@pytest.mark.proof
@pytest.mark.timeout(400)
def test_one_click_starts_a_filled_rehearsal_and_one_click_ends_it(
    site_with_rehearsals: Site, tmp_path: Path
) -> None:
    browser, root = site_with_rehearsals.browser("lead"), tmp_path / "rehearsals"
    try:
        assert browser.post(START).status_code == 302
        begun = processes.find(root, Scenario.LAG)
        assert begun is not None
        assert begun.running

        def step() -> RehearsalStep | None:
            process = processes.find(root, Scenario.LAG)
            return process.step if process else None

        assert wait_until(lambda: step() in (RehearsalStep.READY, RehearsalStep.ENDED), within=300)
        log = begun.log.read_text()
        assert step() is RehearsalStep.READY, log
        assert "left out" not in log
        assert numbers_in(begun.folder) == {
            notice.outward for notice in scenario_script(Scenario.LAG).notices.values()
        }, "the past is the scenario's, not that of the demo"
        page = browser.get("/rehearsals").text
        assert f'href="{begun.address}"' in page
        assert "medha.satpute@pmc.example" in page
        response = browser.post(START)
        assert (response.status_code, "आधीच चालू आहे" in response.text) == (409, True)
        assert len(processes_in(begun.folder)) >= 4
        assert browser.post(DROP).status_code == 302
        assert processes_in(begun.folder) == []
        assert not begun.folder.exists()
    finally:
        with suppress(CannotRehearse):
            processes.drop(root, Scenario.LAG)
