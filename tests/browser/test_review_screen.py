"""The review screen: contrast, large letters, keyboard and screen reader."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page

from tests.browser.conftest import CityServers, SharedWindow

pytestmark = pytest.mark.ci

WALKTHROUGH = Path(__file__).resolve().parents[2] / "docs" / "review-walkthrough.md"
PHONE = {"width": 360, "height": 640}
DESK = {"width": 1280, "height": 900}
MIN_CONTRAST = 7.0
MAX_BAR_HEIGHT = {100: 160, 130: 220}
"""The decision bar's maximum height on a phone in pixels, by the text size in per cent."""

CONTRASTS = """
() => {
  const rgb = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const linear = (value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    };
    return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) { return colour; }
      if (colour[3] !== 0) { return [NaN, NaN, NaN]; }
    }
    return [255, 255, 255];
  };
  const isVisible = (element) => {
    const box = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    const visible = style.visibility === "visible" && style.opacity === "1";
    return visible && box.width > 1 && box.height > 1;
  };
  const contrasts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !isVisible(element)) { continue; }
    const [a, b] = [light(rgb(getComputedStyle(element).color)), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    contrasts.push([Math.round(ratio * 100) / 100, walker.currentNode.data.trim().slice(0, 40)]);
  }
  return contrasts;
}
"""


def open_review(
    servers: CityServers, shared_window: SharedWindow, lang: str, size: dict[str, int]
) -> Page:
    """Open the review page of a post in review as the officer, in a window of this size."""
    servers.filled.use_session(shared_window.context, "first", lang)
    page = shared_window.page
    page.set_viewport_size(size)  # type: ignore[arg-type]  # Playwright's own dictionary
    page.goto(servers.filled.address + servers.examples.path("/posts/{reviewed}/review"))
    page.evaluate("document.fonts.ready")
    return page


def enlarge(page: Page, per_cent: int) -> None:
    """Set the text size, as people do in the browser's settings."""
    page.evaluate("size => { document.documentElement.style.fontSize = size }", f"{per_cent}%")


@pytest.mark.parametrize("lang", ["mr", "en", "hi"])
@pytest.mark.parametrize("per_cent", MAX_BAR_HEIGHT)
def test_the_buttons_are_in_view_without_scrolling(
    servers: CityServers, shared_window: SharedWindow, lang: str, per_cent: int
) -> None:
    page = open_review(servers, shared_window, lang, PHONE)
    enlarge(page, per_cent)
    assert page.evaluate("window.scrollY") == 0
    for button in page.locator(".decision-bar .btn:visible").all():
        box = button.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["width"]
        assert box["y"] + box["height"] <= PHONE["height"]
        assert box["height"] >= 44
        assert not cut_off(page, button.inner_text())
    bar = page.locator(".decision-bar").bounding_box()
    title = page.locator("h1").bounding_box()
    assert bar is not None
    assert title is not None
    assert bar["height"] <= MAX_BAR_HEIGHT[per_cent], bar["height"]
    assert title["y"] + title["height"] < bar["y"]
    assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth")


def test_the_bar_is_at_the_end_of_the_page_in_a_low_window_with_large_text(
    servers: CityServers, shared_window: SharedWindow
) -> None:
    low = {"width": 320, "height": 640}
    page = open_review(servers, shared_window, "mr", low)
    enlarge(page, 200)
    bar = page.locator(".decision-bar")
    box = bar.bounding_box()
    assert box is not None
    assert box["y"] > low["height"], "the whole window is there for reading"
    page.locator(".decision-bar .btn:visible").first.scroll_into_view_if_needed()
    assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    button = page.locator(".decision-bar .btn:visible").first.bounding_box()
    assert button is not None
    assert 0 <= button["y"] < low["height"]


def cut_off(page: Page, text: str) -> bool:
    """Return whether the button is too small for its text."""
    button = page.locator(".decision-bar .btn", has_text=text.strip()).first
    return bool(button.evaluate("button => button.scrollWidth > button.clientWidth + 1"))


def test_there_is_one_decision_on_the_page_and_one_filled_button(
    servers: CityServers, shared_window: SharedWindow
) -> None:
    page = open_review(servers, shared_window, "mr", PHONE)
    assert page.locator(".decision-bar").count() == 1
    assert page.locator("main form:not(.languages)").count() == 0
    assert page.locator(".btn-act").all_inner_texts() == ["मान्यता द्या"]


@pytest.mark.parametrize("query", ["", "?revision=1"], ids=["newest", "stale"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_every_word_has_seven_times_the_light_or_the_dark_of_its_ground(
    servers: CityServers, shared_window: SharedWindow, size: dict[str, int], query: str
) -> None:
    page = open_review(servers, shared_window, "mr", size)
    if query:
        page.goto(page.url + query)
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) > 15
    assert [contrast for contrast in contrasts if not contrast[0] >= MIN_CONTRAST] == []


def test_a_pale_word_would_be_found(servers: CityServers, shared_window: SharedWindow) -> None:
    page = open_review(servers, shared_window, "mr", PHONE)
    page.evaluate("document.querySelector('h1').style.color = '#777'")
    assert [contrast for contrast in page.evaluate(CONTRASTS) if contrast[0] < MIN_CONTRAST]


def focused_role_and_name(session: CDPSession) -> tuple[str, str]:
    """Return role and name of the focused element, as a screen reader announces them.

    The number of a tab is removed: it changes from day to day.
    """
    focused = session.send("Runtime.evaluate", {"expression": "document.activeElement"})
    tree = session.send(
        "Accessibility.getPartialAXTree",
        {"objectId": focused["result"]["objectId"], "fetchRelatives": False},
    )
    node = tree["nodes"][0]
    return value_of(node, "role"), re.sub(r" [0-9०-९]+$", "", value_of(node, "name"))


def value_of(node: dict[str, Any], name: str) -> str:
    return " ".join(str(node.get(name, {}).get("value", "")).split())


def tab_order(page: Page) -> list[tuple[str, str]]:
    """Return everything that Tab reaches, from the beginning of the page to its last control."""
    session = page.context.new_cdp_session(page)
    session.send("Accessibility.enable")
    steps: list[tuple[str, str]] = []
    last = page.locator(".decision-bar .btn").last
    for _step in range(80):
        page.keyboard.press("Tab")
        steps.append(focused_role_and_name(session))
        assert has_visible_focus(page), steps[-1]
        if last.evaluate("button => button === document.activeElement"):
            break
    session.detach()
    return steps


def has_visible_focus(page: Page) -> bool:
    """Return whether the focused element has an outline and is not covered by the bar."""
    return bool(
        page.evaluate(
            """() => {
              const element = document.activeElement;
              const box = element.getBoundingClientRect();
              const at = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
              const outline = parseFloat(getComputedStyle(element).outlineWidth) >= 2;
              return outline && at !== null && (element.contains(at) || at.contains(element));
            }"""
        )
    )


def table_rows(heading: str) -> list[tuple[str, str]]:
    """Return the second and third column of a table of docs/review-walkthrough.md."""
    text = WALKTHROUGH.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (?:\d+|h\d) \| (.+?) \| (.+?) \|$", text, re.MULTILINE)
    return [(first, second) for first, second in rows]


def test_what_tab_reaches_is_what_the_walk_through_says(
    servers: CityServers, shared_window: SharedWindow
) -> None:
    page = open_review(servers, shared_window, "en", DESK)
    assert tab_order(page) == table_rows("By keyboard")


def test_the_marathi_page_is_walked_in_the_same_order(
    servers: CityServers, shared_window: SharedWindow
) -> None:
    page = open_review(servers, shared_window, "mr", DESK)
    roles = [role for role, _name in tab_order(page)]
    assert roles == [role for role, _name in table_rows("By keyboard")]


def test_headings_and_landmarks_are_what_the_walk_through_says(
    servers: CityServers, shared_window: SharedWindow
) -> None:
    page = open_review(servers, shared_window, "en", DESK)
    title = page.locator("h1").inner_text()
    marks = {"banner", "navigation", "main", "region", "complementary", "contentinfo", "search"}
    on_screen = in_reading_order(page)
    assert [(role, name or "–") for role, name in on_screen if role in marks] == table_rows(
        "Landmarks"
    )
    headings = [name for role, name in on_screen if role == "heading"]
    expected = [
        title if name == "the post’s title" else name for name, _why in table_rows("Headings")
    ]
    assert headings == expected


def in_reading_order(page: Page) -> list[tuple[str, str]]:
    """Return role and name of everything in the accessibility tree, in reading order."""
    session = page.context.new_cdp_session(page)
    session.send("Accessibility.enable")
    nodes = {node["nodeId"]: node for node in session.send("Accessibility.getFullAXTree")["nodes"]}
    session.detach()
    in_reading_order, ahead = [], [next(iter(nodes))]
    while ahead:
        node = nodes.get(ahead.pop())
        if node is not None:
            in_reading_order.append((value_of(node, "role"), value_of(node, "name")))
            ahead += reversed(node.get("childIds", []))
    return in_reading_order
