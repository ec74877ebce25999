"""A pretend fourth language, its texts twice as long: every mail is composed, every page opened."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from publisher.i18n import TRANSLATIONS
from publisher.i18n.languages import LANGUAGES
from publisher.models.people import Person
from publisher.notifications import links
from publisher.notifications.compose import compose
from publisher.notifications.kinds import NoticeKind
from tests.i18n.test_catalogues import catalogue
from tests.notifications.test_compose import VALUES
from tests.support.city_people import NOON
from tests.support.runs import CHECKOUT
from tests.support.tables import each
from tests.web.html_page import Page
from tests.web.site import app_context, cache_templates
from tests.web.world import CAST, World, calls, path_of, send_call
from tools.build_assets import compile_all
from web.app import create_app

FOURTH = "gu"
FOUR: Mapping[str, str] = {**LANGUAGES, FOURTH: "ગુજરાતી"}


def write_doubled_catalogue(folder: Path) -> None:
    """Translate every English text of the pages by the same text twice."""
    doubled = Catalog(locale=FOURTH)
    for message in catalogue("mr"):
        if isinstance(message.id, str):
            doubled.add(message.id, f"{message.id} {message.id}" if message.id else "")
        else:
            doubled.add(message.id, tuple(f"{text} {text}" for text in message.id))
    file = folder / FOURTH / "LC_MESSAGES" / "messages.po"
    file.parent.mkdir(parents=True)
    content = io.BytesIO()
    write_po(content, doubled)
    file.write_bytes(content.getvalue())


@pytest.fixture
def four_languages(world: World, tmp_path: Path) -> World:
    """Return the world with an application of four languages."""
    folder = tmp_path / "translations"
    write_doubled_catalogue(folder)
    compile_all(folder)
    app = create_app(
        app_context(world.site.city, tmp_path), languages=FOUR, translations=(TRANSLATIONS, folder)
    )
    cache_templates(app)
    return World(replace(world.site, app=app), world.own, world.foreign)


def test_the_languages_are_listed_in_one_place_only() -> None:
    listed = re.compile(r"""["']mr["'], ["'](?:en["'], ["']hi|hi["'], ["']en)["']""")
    product = [*(CHECKOUT / "publisher").rglob("*.py"), *(CHECKOUT / "web").rglob("*.py")]
    again = [path.name for path in product if listed.search(path.read_text(encoding="utf-8"))]
    assert again == []


@each("kind", NoticeKind)
def test_every_mail_is_composed_in_a_fourth_language(kind: NoticeKind) -> None:
    """A language that has no mails of its own yet reads the English ones."""
    reader = Person(
        name_mr="नितीन घोलप", name_en="Nitin Gholap", designation="उप अभियंता", language=FOURTH
    )
    subject, body, _texts = compose(
        kind, reader, VALUES[kind], now=NOON, path=links.post(7), languages=FOUR
    )
    assert subject
    assert f"{links.BASE}/posts/7\n" in body


@pytest.mark.parametrize(
    "role",
    [
        pytest.param("lead", marks=pytest.mark.ci),
        pytest.param("admin", marks=pytest.mark.proof),
        pytest.param("officer", marks=pytest.mark.proof),
    ],
)
def test_every_page_opens_in_a_fourth_language(four_languages: World, role: str) -> None:
    site = four_languages.site
    browser = site.browser(CAST[role])
    assert browser.post("/language", {"lang": FOURTH}).status_code == 302
    opened, wrong = 0, []
    for call in calls(site):
        if call.method != "GET" or call.foreign:
            continue
        ids = four_languages.ids(call, CAST[role])
        path = path_of(site, call, ids)
        response = send_call(browser, call, path, ids)
        if response.status_code >= 500:
            wrong.append(f"{path}: {response.status_code}")
        if response.status_code == 200 and response.mimetype == "text/html":
            opened += 1
            if f'<html lang="{FOURTH}">' not in response.text:
                wrong.append(f"{path}: not in the language")
    assert not wrong, "\n".join(wrong)
    assert opened > 40


def test_a_person_keeps_a_fourth_language_in_the_profile(four_languages: World) -> None:
    site = four_languages.site
    browser = site.browser("clerk")
    profile = dict(browser.page("/profile").form_to("/profile")) | {"language": FOURTH}
    assert browser.post("/profile", profile).status_code == 302
    with site.city.read() as session:
        assert session.get_one(Person, site.city.people["clerk"]).language == FOURTH
    page = Page(browser.get("/submissions").text)
    assert "Search Search" in page
