"""The guides: one for each role, in each language, light, and linked from every page."""

from __future__ import annotations

import gzip
import re
from collections import Counter

import pytest

from approvals.policy import Role
from publisher.i18n.languages import LANGUAGES
from tests.browser.test_weight import MOST_LATER
from tests.i18n.test_forbidden_words import FORBIDDEN
from tests.support.tables import each
from tests.web.html_page import Element, Page
from tests.web.site import Browser, Site
from tests.web.world import CAST
from web.home.guides import GUIDE_OF, GUIDES

AVOIDED = ("मीडिया", "मंजूर", "सदस्य", "प्रत्युत्तर", "मुदतबाह्य", "रंगीत तालीम", "प्राधिकरण")
MARATHI = re.compile("[०-९ळॲ]|मिडिया|समन्वयक|मान्यता द|आहे|करावे|नाही(?!ं)")
LATIN = {"IT", "Nodal", "Officer", "PMC", "CSV", "nagarvani", "doctor", "pmc", "example"}
LATIN |= {"swati", "nitin"}


def guide_page(browser: Browser, guide: str, language: str) -> Page:
    """Return a guide in this language."""
    browser.post("/language", {"lang": language, "next": "/"})
    return browser.page(f"/help/{guide}")


def parts(page: Page) -> list[Element]:
    """Return the parts of the guide's own text."""
    return [element for element in page.all if is_in_guide(element)]


def is_in_guide(element: Element) -> bool:
    while element.parent is not None:
        element = element.parent
        if "guide" in element.get("class").split():
            return True
    return False


def test_every_role_has_a_guide_and_every_guide_a_role() -> None:
    assert set(GUIDE_OF) == set(Role)
    assert set(GUIDE_OF.values()) == set(GUIDES)


@pytest.mark.parametrize("role", CAST)
def test_ones_own_guide_is_in_the_menu_and_first_in_the_list(site: Site, role: str) -> None:
    browser, name = site.browser(CAST[role]), CAST[role]
    own = f"/help/{GUIDE_OF[site.city.roles[name][0]]}"
    today = [link.get("href") for link in browser.page("/").all if link.tag == "a"]
    assert own in today
    assert "/help" in today
    rows = [link for link in browser.page("/help").all if "link-row" in link.get("class").split()]
    assert rows[0].get("href") == own
    assert len(rows) == len(GUIDES)


def test_a_visitor_reads_the_guides_before_signing_in(site: Site) -> None:
    nobody = site.nobody()
    links = [link.get("href") for link in nobody.page("/sign-in").all if link.tag == "a"]
    assert "/help" in links
    assert "विभागाच्या समन्वयकांनी मान्यता दिल्यावरच" in nobody.page("/help/member")
    assert nobody.get("/help/mayor").status_code == 404


@pytest.mark.parametrize("guide", GUIDES)
def test_a_guide_has_the_same_parts_in_every_language(site: Site, guide: str) -> None:
    nobody, shapes, texts = site.nobody(), {}, set()
    for language in LANGUAGES:
        page = guide_page(nobody, guide, language)
        shapes[language] = Counter(part.tag for part in parts(page))
        texts.add(page.text)
        assert shapes[language]["figure"] >= 1
        assert 10 <= shapes[language]["li"] <= 20
    assert len(texts) == len(LANGUAGES)
    assert len({tuple(sorted(shape.items())) for shape in shapes.values()}) == 1, shapes


@each("language", LANGUAGES)
@each("guide", GUIDES)
def test_a_guide_says_no_forbidden_word_and_is_light(site: Site, guide: str, language: str) -> None:
    page = guide_page(site.nobody(), guide, language)
    said = " ".join(part.text for part in parts(page))
    assert re.search(FORBIDDEN[language], said) is None
    assert len(gzip.compress(page.html.encode())) < MOST_LATER


@pytest.mark.parametrize("guide", GUIDES)
def test_a_guide_in_marathi_is_written_in_marathi(site: Site, guide: str) -> None:
    page = guide_page(site.nobody(), guide, "mr")
    said = " ".join(part.text for part in parts(page)).replace("PMC/2026/000412", "PMC")
    assert re.findall("[0-9]", said) == []
    assert set(re.findall("[A-Za-z]+", said)) <= LATIN
    assert not [word for word in AVOIDED if word in said]


@pytest.mark.parametrize("guide", GUIDES)
def test_a_guide_in_hindi_is_written_in_hindi(site: Site, guide: str) -> None:
    page = guide_page(site.nobody(), guide, "hi")
    said = " ".join(part.text for part in parts(page))
    assert MARATHI.search(said) is None


@pytest.mark.parametrize("guide", GUIDES)
def test_nothing_in_a_picture_can_be_pressed_or_is_read_out(site: Site, guide: str) -> None:
    for part in parts(site.nobody().page(f"/help/{guide}")):
        if "guide-screen" in part.get("class").split():
            assert "inert" in part.attributes
            assert part.get("aria-hidden") == "true"
        if part.within("figure"):
            assert part.tag not in ("a", "button", "input", "textarea", "h1", "h2", "h3")
