"""What a browser finds on the look book: axe, reflow, focus, targets, the bar at the foot."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.support.accessibility import examine
from tests.web_look.conftest import Opener
from tests.web_look.lookbook import PAGES

# Every page in Marathi; in English those where the macros' own words stand.
SEEN = [(path, "mr") for path in (*PAGES, "error/500")] + [
    (path, "en") for path in ("states", "review", "hand_in_wrong", "submissions", "error/500")
]
# Links inside a sentence may be as high as their line.
SMALL_TARGETS = """() => [...document.querySelectorAll(
    'a, button, input, select, textarea, summary')]
  .filter(one => one.checkVisibility() && !one.closest('p, .notice, .banner'))
  .map(one => [one.outerHTML.slice(0, 90), one.getBoundingClientRect()])
  .filter(([, box]) => box.width > 1 && (box.height < 24 || box.width < 24))
  .map(([html, box]) => `${html} ${box.width}x${box.height}`)"""
FOCUSED = """() => {
  const one = document.activeElement;
  if (one === document.body) { return null; }
  const ring = one.matches('a.pick') ? getComputedStyle(one, '::after') : getComputedStyle(one);
  const shown = one.matches('input[type=file]') ? getComputedStyle(one.nextElementSibling) : ring;
  const box = one.getBoundingClientRect();
  const bar = document.querySelector('.decision-bar');
  const inside = bar && bar.contains(one);
  return {
    html: one.outerHTML.slice(0, 90),
    outline: parseFloat(shown.outlineWidth), style: shown.outlineStyle, shadow: shown.boxShadow,
    hidden: Boolean(bar && !inside && box.height && box.top < bar.getBoundingClientRect().bottom
      && box.bottom > bar.getBoundingClientRect().top),
  };
}"""


def settled(page: Page) -> Page:
    """Wait for the font: without it lines break elsewhere."""
    page.evaluate("document.fonts.ready")
    return page


def widen(page: Page, width: int) -> None:
    """Show the same page in a window of another width."""
    page.set_viewport_size({"width": width, "height": 900})


def scrolls_sideways(page: Page) -> bool:
    """Tell whether the page is wider than its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


@pytest.mark.proof
@pytest.mark.parametrize(("path", "lang"), SEEN)
def test_axe_finds_nothing_and_targets_are_large_on_phone_and_desk(
    visit: Opener, path: str, lang: str
) -> None:
    page = visit(path, lang=lang)
    for width in (390, 1280):
        widen(page, width)
        violations = examine(settled(page)).violations
        assert not violations, "\n".join(str(violation) for violation in violations)
        assert page.evaluate(SMALL_TARGETS) == []


@pytest.mark.proof
@pytest.mark.parametrize(("path", "lang"), SEEN)
def test_nothing_scrolls_sideways_at_320_px_nor_with_larger_letters(
    visit: Opener, path: str, lang: str
) -> None:
    page = settled(visit(path, lang=lang, width=320))
    assert not scrolls_sideways(page)
    page.evaluate("document.documentElement.style.fontSize = '130%'")
    assert not scrolls_sideways(page)
    widen(page, 800)
    assert not scrolls_sideways(page)


def test_what_is_pressed_on_a_phone_is_at_least_44_px_high(visit: Opener) -> None:
    for path in ("today", "review", "hand_in", "decisions", "inbox"):
        page = settled(visit(path))
        low = page.evaluate(
            """() => [...document.querySelectorAll('.btn, .link-row, .tabs a, .views a, .choice')]
            .filter(one => one.checkVisibility() && one.getBoundingClientRect().height < 44)
            .map(one => one.outerHTML.slice(0, 80))"""
        )
        assert low == []


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("path", ["review", "hand_in_wrong", "inbox", "today", "submissions"])
def test_whatever_has_the_focus_shows_a_ring_and_is_not_hidden(
    visit: Opener, path: str, width: int
) -> None:
    page = settled(visit(path, width=width))
    focus_count = 0
    for _ in range(60):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused is None:
            break
        focus_count += 1
        assert focused["outline"] >= 3, focused
        assert focused["style"] == "solid", focused
        assert focused["shadow"] != "none", focused
        assert not focused["hidden"], focused
    assert focus_count > 10


def test_the_decision_bar_leaves_room_on_a_small_phone(visit: Opener) -> None:
    page = visit("review", width=360)
    page.set_viewport_size({"width": 360, "height": 640})
    settled(page)
    height = "document.querySelector('.decision-bar').getBoundingClientRect().height"
    assert page.evaluate(height) <= 160
    assert page.evaluate(
        "document.querySelector('.decision-bar').getBoundingClientRect().bottom <= 640"
    )
    page.evaluate("document.documentElement.style.fontSize = '130%'")
    assert page.evaluate(height) <= 220


def test_a_task_page_on_a_phone_has_a_back_link_instead_of_tabs(visit: Opener) -> None:
    phone = visit("review")
    assert phone.locator(".bar .back").is_visible()
    assert not phone.locator(".tabs").is_visible()
    desk = visit("review", width=1280)
    assert not desk.locator(".bar .back").is_visible()
    assert desk.locator(".tabs").is_visible()


def test_what_changed_stands_first_on_a_phone_and_at_the_side_at_the_desk(visit: Opener) -> None:
    script = "i => document.querySelector('.columns-review').children[i].getBoundingClientRect()"
    phone, desk = settled(visit("review")), settled(visit("review", width=1280))
    assert phone.evaluate(script, 0)["top"] < phone.evaluate(script, 1)["top"]
    assert desk.evaluate(script, 0)["left"] > desk.evaluate(script, 1)["right"]
    assert desk.evaluate(script, 2)["left"] == desk.evaluate(script, 0)["left"]


def test_one_button_a_page_is_filled(visit: Opener) -> None:
    for path in ("today", "review", "hand_in", "submissions", "inbox", "empty", "sign_in"):
        page = visit(path)
        assert page.locator("main .btn-act, .decision-bar .btn-act").count() == 1, path
    assert visit("decisions").locator("main .btn-act").count() == 0


def test_the_error_summary_takes_the_focus_and_leads_to_each_field(visit: Opener) -> None:
    for javascript in (True, False):
        page = visit("hand_in_wrong", javascript=javascript)
        page.locator(".error-summary:focus").wait_for()
        links = page.locator(".error-summary a")
        assert links.count() == 12
        for at in range(links.count()):
            target = str(links.nth(at).get_attribute("href"))
            assert page.locator(f"input{target}, select{target}, textarea{target}").count() == 1
        links.first.click()
        assert page.evaluate("location.hash") == "#kind-0"


def test_the_menu_and_every_page_work_without_javascript(visit: Opener) -> None:
    page = visit("today", javascript=False)
    page.locator(".menu summary").click()
    assert page.locator(".menu-panel").is_visible()
    assert visit("hand_in", javascript=False).locator("input[type=file]").is_visible()
