"""Every page of the URL map, filled, empty and in error: axe, reflow, large letters, languages."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize

from tests.browser.cases import CASES, FAILURES, NOT_PAGES, Case
from tests.browser.conftest import CityServers, ReportLine, SharedWindow
from tests.browser.foreign_sentences import foreign_sentences
from tests.support.accessibility import Finding, examine
from tests.support.runs import CHECKOUT
from tools.source import read

WIDTHS = {390: 844, 1280: 900}
SIZES = {**WIDTHS, 320: 640}
"""Widths and heights of the window, in the order in which a page is looked at from 390 px on."""

PICTURES = CHECKOUT / "docs" / "pictures"
README_PICTURES = {
    ("today.index-clerk", "en", 1280): "today",
    ("reviewing.show-first-revision", "mr", 390): "review",
    ("calendar.index-clerk", "en", 1280): "calendar",
}
"""The pictures of the README: a case, its language, and the width of the window."""

EVERY_CASE = (*CASES, *FAILURES)
FIRST_CASES = frozenset({case.endpoint: case.id for case in reversed(EVERY_CASE)}.values())
# Texts written by people and platforms are marked, and are not translated.
TEXT_TO_TRANSLATE = """() => {
    const page = document.body.cloneNode(true)
    const untranslated = "[lang], [data-theirs], .source-text, .quoted, script, style, template"
    page.querySelectorAll(untranslated).forEach(element => element.remove())
    return page.textContent
}"""
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


@pytest.mark.proof
def test_every_page_of_the_url_map_has_a_case(servers: CityServers) -> None:
    rules = servers.filled.app.url_map.iter_rules()
    pages = {rule.endpoint for rule in rules if rule.methods and "GET" in rule.methods}
    assert pages - NOT_PAGES - {"fails"} == {rule.endpoint for rule in CASES}


def test_each_picture_of_the_readme_is_there_and_shows_a_case() -> None:
    assert {case for case, _, _ in README_PICTURES} <= {case.id for case in EVERY_CASE}
    named = set(re.findall(r"docs/pictures/(\w+)\.png", read("README.md")))
    assert named == set(README_PICTURES.values())
    assert {file.stem for file in PICTURES.iterdir()} == named


def test_what_is_no_page_answers_with_a_file(
    servers: CityServers, shared_window: SharedWindow
) -> None:
    servers.filled.use_session(shared_window.context, "first", "mr")
    page = shared_window.page
    page.goto(servers.filled.address + servers.examples.path("/posts/{reviewed}/review"))
    sheets = page.eval_on_selector_all("#photos img", "images => images.map(image => image.src)")
    whole = page.eval_on_selector_all("#photos a", "links => links.map(link => link.href)")
    assert len(set(sheets)) == 1
    assert len(whole) == 4
    page.goto(servers.filled.address + servers.examples.path("/submissions/{reviewed_submission}"))
    links = page.eval_on_selector_all(
        "a[href*='/files/']", "elements => elements.map(element => element.href)"
    )
    for address in (*sheets, *whole, *links):
        answer = shared_window.context.request.get(address)
        assert answer.ok
        assert answer.headers["content-type"].startswith("image/")


@pytest.mark.parametrize("case", EVERY_CASE, ids=lambda case: case.id)
def test_a_page_is_fit_for_everybody(
    case: Case,
    servers: CityServers,
    shared_window: SharedWindow,
    report_line: ReportLine,
    shots: Path | None,
    shoot: Callable[[Page, str], None],
) -> None:
    """Axe examines a page in Marathi only: its rules do not depend on the language."""
    page = shared_window.page

    def look(width: int) -> None:
        if width not in WIDTHS:
            return
        # Contrast is two thirds of axe's work. The few colours of a wide page alone belong to parts
        # that pages share; each endpoint's first case shows them.
        contrast = width == 390 or case.id in FIRST_CASES
        findings = examine(page, contrast=contrast)
        assert [str(violation) for violation in findings.violations] == []
        for incomplete in findings.incompletes:
            report_line(_summary(incomplete))

    check_in_language(case, "mr", servers, shared_window, look)
    assert page.locator("h1").count() == 1
    if shots:
        keep_pictures(page, case, "mr", shoot)
    resize(page, 320)
    assert page.evaluate(ELEMENTS_WIDER_THAN_THE_PAGE) == []


@pytest.mark.parametrize("lang", ["en", "hi"])
@pytest.mark.parametrize("case", EVERY_CASE, ids=lambda case: case.id)
def test_a_page_fits_and_speaks_one_language(
    case: Case,
    lang: str,
    servers: CityServers,
    shared_window: SharedWindow,
    shots: Path | None,
    shoot: Callable[[Page, str], None],
) -> None:
    check_in_language(case, lang, servers, shared_window)
    if shots:
        keep_pictures(shared_window.page, case, lang, shoot)


def check_in_language(
    case: Case,
    lang: str,
    servers: CityServers,
    shared_window: SharedWindow,
    look: Callable[[int], None] = lambda _width: None,
) -> None:
    """Open a case, check for foreign sentences, overflow, the console; `look` at each width."""
    page = shared_window.page
    open_case(case, lang, servers, shared_window)
    assert page.locator("html").get_attribute("lang") == lang
    assert foreign_sentences(str(page.evaluate(TEXT_TO_TRANSLATE)), lang) == []
    for width in SIZES:
        resize(page, width)
        assert not page.evaluate(SCROLLS_SIDEWAYS), width
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
