"""Every page of the URL map, filled, empty and in error: axe, reflow, large letters, languages.

Each case is opened once, in Marathi; `make proof` looks at the other languages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize

from tests.browser.cases import CASES, FAILURES, NOT_PAGES, Case
from tests.browser.conftest import CityServers, ReportLine, SharedWindow
from tests.browser.foreign_sentences import (
    TEXT_TO_TRANSLATE,
    foreign_sentences,
    longest_language,
    text_to_translate,
)
from tests.support.accessibility import Finding, examine
from tests.support.runs import CHECKOUT
from tools.source import read

WIDTHS = {390: 844, 1280: 900}
SIZES = {**WIDTHS, 320: 640}
"""Widths and heights of the window, in the order in which a page is looked at from 390 px on."""

PICTURES = CHECKOUT / "docs" / "pictures"
README_PICTURES = {
    ("today.index-clerk", "en", 1280): "today",
    ("review.show-first-revision", "mr", 390): "review",
    ("calendar.index-clerk", "en", 1280): "calendar",
}
"""The pictures of the README: a case, its language, and the width of the window."""

EVERY_CASE = (*CASES, *FAILURES)
FIRST_CASES = frozenset({case.endpoint: case.id for case in reversed(EVERY_CASE)}.values())
FIRST_ERRORS = frozenset(
    {
        case.endpoint: case.id for case in reversed(EVERY_CASE) if case.act or case.code >= 400
    }.values()
)
READ_CASES = [case for case in EVERY_CASE if case.act is None]
"""The cases that show what is asked for, without a press."""
OTHER_CASES = [case for case in EVERY_CASE if case.id in FIRST_CASES or case.act]
OTHER_LANGUAGES = ("en", "hi")
SCROLLS_SIDEWAYS = "document.documentElement.scrollWidth > window.innerWidth"
# The letters become twice as large; what scrolls in a box of its own may be wider than the page.
ELEMENTS_WIDER_THAN_THE_PAGE = """() => {
  document.documentElement.style.fontSize = '200%';
  const root = document.documentElement;
  const width = root.clientWidth;
  if (root.scrollWidth <= width) { return []; }
  const scrollable = ['auto', 'scroll', 'hidden', 'clip'];
  const scrolls = (element) => element !== document.body && (
    scrollable.includes(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
  const right = (element) => Math.round(element.getBoundingClientRect().right);
  return [...document.querySelectorAll('body *')]
    .filter((element) => right(element) > width + 1 && !scrolls(element.parentElement))
    .map((element) => `${element.tagName}.${element.getAttribute('class')} ${right(element)}`)
    .concat([`the page: ${root.scrollWidth}`]).slice(0, 6);
}"""


@pytest.mark.ci
def test_every_page_of_the_url_map_has_a_case(servers: CityServers) -> None:
    rules = servers.filled.app.url_map.iter_rules()
    pages = {rule.endpoint for rule in rules if rule.methods and "GET" in rule.methods}
    assert pages - NOT_PAGES - {"fails"} == {rule.endpoint for rule in CASES}


def test_each_picture_of_the_readme_is_there_and_shows_a_case() -> None:
    assert {case for case, _, _ in README_PICTURES} <= {case.id for case in EVERY_CASE}
    named = set(re.findall(r"docs/pictures/(\w+)\.png", read("README.md")))
    assert named == set(README_PICTURES.values())
    assert {file.stem for file in PICTURES.iterdir()} == named


@pytest.mark.ci
def test_what_is_no_page_answers_with_a_file(
    servers: CityServers, shared_window: SharedWindow
) -> None:
    servers.filled.use_session(shared_window.context, "first", "mr")
    page = shared_window.page
    page.goto(servers.filled.address + servers.examples.path("/posts/{reviewed}/review"))
    shown = page.eval_on_selector_all("#photos img", "images => images.map(image => image.src)")
    whole = page.eval_on_selector_all("#photos a", "links => links.map(link => link.href)")
    assert shown
    assert whole
    page.goto(servers.filled.address + servers.examples.path("/submissions/{reviewed_submission}"))
    links = page.eval_on_selector_all(
        "a[href*='/files/']", "elements => elements.map(element => element.href)"
    )
    for address in (*shown, *whole, *links):
        answer = shared_window.context.request.get(address)
        assert answer.ok
        assert answer.headers["content-type"].startswith("image/")


@pytest.mark.ci
@pytest.mark.parametrize("case", EVERY_CASE, ids=lambda case: case.id)
def test_a_page_is_fit_for_everybody(
    case: Case,
    servers: CityServers,
    shared_window: SharedWindow,
    report_line: ReportLine,
    shots: Path | None,
    shoot: Callable[[Page, str], None],
) -> None:
    """Axe examines the first case of an endpoint and its first error: the parts of its pages."""
    page = shared_window.page

    def look(width: int) -> None:
        # The few colours of a wide page alone belong to parts that pages share.
        if case.id in FIRST_CASES if width == 1280 else width == 390:
            findings = examine(page)
            assert [str(violation) for violation in findings.violations] == []
            for incomplete in findings.incompletes:
                report_line(_summary(incomplete))

    examined = case.id in FIRST_CASES | FIRST_ERRORS
    check_in_language(case, "mr", servers, shared_window, look if examined else None)
    assert page.locator("h1").count() == 1
    resize(page, 320)
    assert page.evaluate(ELEMENTS_WIDER_THAN_THE_PAGE) == []
    if shots:
        for lang in ("mr", *OTHER_LANGUAGES):
            open_case(case, lang, servers, shared_window)
            keep_pictures(page, case, lang, shoot)


@pytest.mark.parametrize("case", OTHER_CASES, ids=lambda case: case.id)
def test_the_language_with_the_longest_texts_fits(
    case: Case, servers: CityServers, shared_window: SharedWindow
) -> None:
    lang = longest_language(OTHER_LANGUAGES)
    check_in_language(case, lang, servers, shared_window, widths=(320,))


@pytest.mark.proof
@pytest.mark.parametrize("case", READ_CASES, ids=lambda case: case.id)
def test_a_page_speaks_one_language(
    case: Case, servers: CityServers, subtests: pytest.Subtests
) -> None:
    for lang in OTHER_LANGUAGES:
        with subtests.test(lang):
            server = servers.server(case.city)
            code, html = server.read(servers.examples.path(case.path), case.who, lang)
            assert code == case.code
            assert f'<html lang="{lang}"' in html
            assert foreign_sentences(text_to_translate(html), lang) == []


def check_in_language(
    case: Case,
    lang: str,
    servers: CityServers,
    shared_window: SharedWindow,
    look: Callable[[int], None] | None = None,
    widths: Iterable[int] = SIZES,
) -> None:
    """Open a case, check for foreign sentences, overflow, the console; `look` at each width."""
    page = shared_window.page
    open_case(case, lang, servers, shared_window)
    assert page.locator("html").get_attribute("lang") == lang
    assert foreign_sentences(str(page.evaluate(TEXT_TO_TRANSLATE)), lang) == []
    for width in widths:
        resize(page, width)
        assert not page.evaluate(SCROLLS_SIDEWAYS), width
        if look:
            look(width)
    assert console_problems(shared_window.console_lines, page, case.code) == []
    page.evaluate("window.localStorage.clear()")


def open_case(case: Case, lang: str, servers: CityServers, shared_window: SharedWindow) -> None:
    """Open the case's page, run its act, and check the status code."""
    server, page = servers.server(case.city), shared_window.page
    page.goto("about:blank")  # a pending answer would restore the previous cookie
    server.use_session(shared_window.context, case.who, lang)
    resize(page, 390)
    shared_window.console_lines.clear()
    page.goto(server.address + servers.examples.path(case.path))
    if case.leaves:
        page.wait_for_load_state("networkidle")  # every answer renews the cookie
        server.use_session(shared_window.context, "", lang)
    if case.act is not None:
        with page.expect_navigation():
            case.act(page)
    page.evaluate("document.fonts.ready")
    assert shared_window.status_codes[-1] == case.code, page.url


def keep_pictures(page: Page, case: Case, lang: str, shoot: Callable[[Page, str], None]) -> None:
    """Take a picture of the whole page at each width, and those that the README shows."""
    for width in WIDTHS:
        show_whole(page, width)
        shoot(page, f"{case.id}-{lang}-{width}")
        if name := README_PICTURES.get((case.id, lang, width)):
            resize(page, width)
            page.screenshot(path=PICTURES / f"{name}.png")


def show_whole(page: Page, width: int) -> None:
    """Make the window as high as the page, so that a bar at its foot is drawn at the foot."""
    page.set_viewport_size({"width": width, "height": 900})
    height = int(page.evaluate("document.documentElement.scrollHeight"))
    page.set_viewport_size({"width": width, "height": max(height, 640)})


def resize(page: Page, width: int) -> None:
    """Give the window this width, unless it has it: each change lays the page out anew."""
    size = ViewportSize(width=width, height=SIZES[width])
    if page.viewport_size != size:
        page.set_viewport_size(size)


def console_problems(console_lines: list[str], page: Page, code: int) -> list[str]:
    """Return the console's lines, except the browser's advice and the expected status code."""
    return [
        line
        for line in console_lines
        if not line.startswith("verbose: ")
        and not (code >= 400 and f"status of {code} " in line and page.url in line)
    ]


def _summary(finding: Finding) -> str:
    return f"{finding.rule}: {finding.message}: {finding.elements[0]}"
