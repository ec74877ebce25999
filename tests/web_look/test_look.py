"""The look book in a browser: axe, reflow, focus, target sizes, the bar at the foot."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.support.accessibility import examine
from tests.web_look.conftest import Opener
from tests.web_look.lookbook import PAGES

# Every page in Marathi; in English those where the macros' own words stand.
PAGES_AND_LANGUAGES = [(path, "mr") for path in (*PAGES, "error/500")] + [
    (path, "en") for path in ("states", "review", "hand_in_wrong", "submissions", "error/500")
]
# Links inside a sentence may be as high as their line.
SMALL_TARGETS = """() => [...document.querySelectorAll(
    'a, button, input, select, textarea, summary')]
  .filter(element => element.checkVisibility() && !element.closest('p, .notice, .banner'))
  .map(element => [element.outerHTML.slice(0, 90), element.getBoundingClientRect()])
  .filter(([, box]) => box.width > 1 && (box.height < 24 || box.width < 24))
  .map(([html, box]) => `${html} ${box.width}x${box.height}`)"""
FOCUSED = """() => {
  const element = document.activeElement;
  if (element === document.body) { return null; }
  const own = getComputedStyle(element, element.matches('a.pick') ? '::after' : undefined);
  const isFile = element.matches('input[type=file]');
  const styled = isFile ? getComputedStyle(element.nextElementSibling) : own;
  const box = element.getBoundingClientRect();
  const bar = document.querySelector('.decision-bar');
  const inside = bar && bar.contains(element);
  return {
    html: element.outerHTML.slice(0, 90),
    outline: parseFloat(styled.outlineWidth), style: styled.outlineStyle, shadow: styled.boxShadow,
    hidden: Boolean(bar && !inside && box.height && box.top < bar.getBoundingClientRect().bottom
      && box.bottom > bar.getBoundingClientRect().top),
  };
}"""


def wait_for_font(page: Page) -> Page:
    """Wait for the font, which changes where lines break."""
    page.evaluate("document.fonts.ready")
    return page


def set_width(page: Page, width: int) -> None:
    """Change the width of the page's window."""
    page.set_viewport_size({"width": width, "height": 900})


def scrolls_sideways(page: Page) -> bool:
    """Return whether the page is wider than its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


@pytest.mark.parametrize(("path", "lang"), PAGES_AND_LANGUAGES)
def test_axe_finds_nothing_and_targets_are_large_on_phone_and_desk(
    visit: Opener, path: str, lang: str
) -> None:
    page = visit(path, lang=lang)
    for width in (390, 1280):
        set_width(page, width)
        violations = examine(wait_for_font(page)).violations
        assert not violations, "\n".join(str(violation) for violation in violations)
        assert page.evaluate(SMALL_TARGETS) == []


@pytest.mark.parametrize(("path", "lang"), PAGES_AND_LANGUAGES)
def test_nothing_scrolls_sideways_at_320_px_nor_with_larger_letters(
    visit: Opener, path: str, lang: str
) -> None:
    page = wait_for_font(visit(path, lang=lang, width=320))
    assert not scrolls_sideways(page)
    page.evaluate("document.documentElement.style.fontSize = '130%'")
    assert not scrolls_sideways(page)
    set_width(page, 800)
    assert not scrolls_sideways(page)


def test_what_is_pressed_on_a_phone_is_at_least_44_px_high(visit: Opener) -> None:
    for path in ("today", "review", "hand_in", "decisions", "inbox"):
        page = wait_for_font(visit(path))
        low = page.evaluate(
            """() => [...document.querySelectorAll('.btn, .link-row, .tabs a, .views a, .choice')]
            .filter(link => link.checkVisibility() && link.getBoundingClientRect().height < 44)
            .map(link => link.outerHTML.slice(0, 80))"""
        )
        assert low == []


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("path", ["review", "hand_in_wrong", "inbox", "today", "submissions"])
def test_whatever_has_the_focus_shows_a_ring_and_is_not_hidden(
    visit: Opener, path: str, width: int
) -> None:
    page = wait_for_font(visit(path, width=width))
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
    assert focus_count >= 10


def test_the_decision_bar_leaves_room_on_a_small_phone(visit: Opener) -> None:
    page = visit("review", width=360)
    page.set_viewport_size({"width": 360, "height": 640})
    wait_for_font(page)
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
    phone, desk = wait_for_font(visit("review")), wait_for_font(visit("review", width=1280))
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
        assert links.count() == 11
        for at in range(links.count()):
            target = str(links.nth(at).get_attribute("href"))
            assert page.locator(f"input{target}, select{target}, textarea{target}").count() == 1
        links.first.click()
        assert page.evaluate("location.hash") == "#kind-0"


def test_the_error_summary_is_no_wider_than_its_form(visit: Opener) -> None:
    page = visit("hand_in_wrong", width=1280)
    widths = [
        page.locator(part).first.evaluate("part => part.offsetWidth")
        for part in (".error-summary", ".sheet:has(form)")
    ]
    assert widths[0] <= widths[1] + 1


def test_the_menu_and_every_page_work_without_javascript(visit: Opener) -> None:
    page = visit("today", javascript=False)
    page.locator(".menu summary").click()
    assert page.locator(".menu-panel").is_visible()
    assert visit("hand_in", javascript=False).locator("input[type=file]").is_visible()
