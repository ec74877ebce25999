"""Every page of the URL map, filled, empty and in error: axe, reflow, console, languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.cases import CASES, FAILURES, NOT_PAGES, Case
from tests.browser.conftest import Looking, Places, Tell
from tests.browser.foreign import foreign
from tests.support.accessibility import Finding, examine

WIDTHS = {390: 844, 1280: 900}
NARROW = (320, 640)
# What people and platforms wrote bears a mark, and is not ours to translate.
OUR_WORDS = """() => {
    const page = document.body.cloneNode(true)
    const left = "[lang], [data-theirs], .source-text, .quoted, script, style, template"
    page.querySelectorAll(left).forEach(one => one.remove())
    return page.textContent
}"""


def test_every_page_of_the_url_map_has_a_case(places: Places) -> None:
    rules = places.filled.app.url_map.iter_rules()
    pages = {one.endpoint for one in rules if one.methods and "GET" in one.methods}
    assert pages - NOT_PAGES - {"fails"} == {one.endpoint for one in CASES}


def test_what_is_no_page_answers_with_a_file(places: Places, looking: Looking) -> None:
    places.filled.enter(looking.window, "first", "mr")
    page = looking.page
    page.goto(places.filled.address + places.ids.path("/posts/{reviewed}/review"))
    pictures = page.eval_on_selector_all(
        ".preview-grid img", "all => all.map(one => [one.src, one.naturalWidth])"
    )
    assert len(pictures) == 8
    assert all(width > 300 for _source, width in pictures)
    page.goto(places.filled.address + places.ids.path("/submissions/{reviewed_submission}"))
    links = page.eval_on_selector_all("a[href*='/files/']", "all => all.map(one => one.href)")
    for address in (*[source for source, _width in pictures], *links):
        answer = looking.window.request.get(address)
        assert answer.ok
        assert answer.headers["content-type"].startswith("image/")


# `make test` examines each page once, on a phone; `make proof` on a wide screen and in its other
# states.
FIRST = {case.endpoint: case for case in reversed(CASES)}


def examined_cases() -> Iterator[object]:
    """Yield each case with the widths at which one test looks at it."""
    for case in (*CASES, *FAILURES):
        if case in FIRST.values():
            yield pytest.param(case, [390], id=case.id)
            yield pytest.param(case, [1280], id=f"{case.id}-wide", marks=pytest.mark.proof)
        else:
            yield pytest.param(case, [390, 1280], id=case.id, marks=pytest.mark.proof)


@pytest.mark.parametrize(("case", "widths"), list(examined_cases()))
def test_a_page_is_fit_for_everybody(
    case: Case,
    widths: Sequence[int],
    places: Places,
    looking: Looking,
    tell: Tell,
    shots: Path | None,
    shoot: Callable[[Page, str], Path],
) -> None:
    """Axe looks at a page in Marathi only: its rules do not depend on the language."""
    page = looking.page
    check_in_language(case, "mr", places, looking)
    assert page.locator("h1").count() == 1
    for width in widths:
        if shots:
            show_whole(page, width)
            shoot(page, f"{case.id}-mr-{width}")
        page.set_viewport_size({"width": width, "height": WIDTHS[width]})
        findings = examine(page)
        assert [str(violation) for violation in findings.violations] == []
        for incomplete in findings.incompletes:
            tell(_line(incomplete))


@pytest.mark.proof
@pytest.mark.parametrize("lang", ["en", "hi"])
@pytest.mark.parametrize("case", [*CASES, *FAILURES], ids=lambda case: case.id)
def test_a_page_fits_and_speaks_one_language(
    case: Case,
    lang: str,
    places: Places,
    looking: Looking,
    shots: Path | None,
    shoot: Callable[[Page, str], Path],
) -> None:
    check_in_language(case, lang, places, looking)
    for width in WIDTHS if shots else ():
        show_whole(looking.page, width)
        shoot(looking.page, f"{case.id}-{lang}-{width}")


def check_in_language(case: Case, lang: str, places: Places, looking: Looking) -> None:
    """Open a case; no word is of another language, nothing overflows, the console is quiet."""
    page = looking.page
    open_case(case, lang, places, looking)
    assert page.locator("html").get_attribute("lang") == lang
    assert foreign(str(page.evaluate(OUR_WORDS)), lang) == []
    assert not scrolls_sideways(page, *NARROW)
    assert quiet(looking.said, page, case.code) == []
    page.evaluate("window.localStorage.clear()")


def open_case(case: Case, lang: str, places: Places, looking: Looking) -> None:
    """Lead the page to where the case is, and see that it got there."""
    counter, page = places.counter(case.city), looking.page
    page.goto("about:blank")  # an answer still under way would renew the cookie of before
    counter.enter(looking.window, case.who, lang)
    page.set_viewport_size({"width": 390, "height": 844})
    looking.said.clear()
    page.goto(counter.address + places.ids.path(case.path))
    if case.leaves:
        page.wait_for_load_state("networkidle")  # every answer renews the cookie
        counter.enter(looking.window, "", lang)
    if case.act is not None:
        with page.expect_navigation():
            case.act(page)
    page.evaluate("document.fonts.ready")
    assert looking.codes[-1] == case.code, page.url


def show_whole(page: Page, width: int) -> None:
    """Make the window as high as the page, so that a bar at its foot stands at the foot."""
    page.set_viewport_size({"width": width, "height": 900})
    height = int(page.evaluate("document.documentElement.scrollHeight"))
    page.set_viewport_size({"width": width, "height": max(height, 640)})


def scrolls_sideways(page: Page, width: int, height: int) -> bool:
    """Whether the page is wider than a window of this size."""
    page.set_viewport_size({"width": width, "height": height})
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


def quiet(said: list[str], page: Page, code: int) -> list[str]:
    """What the console has said, but for the browser's own advice and the page's own code."""
    return [
        line
        for line in said
        if not line.startswith("verbose: ")
        and not (code >= 400 and f"status of {code} " in line and page.url in line)
    ]


def _line(found: Finding) -> str:
    return f"{found.rule}: {found.says}: {found.places[0]}"
