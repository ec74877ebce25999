"""The review screen in the sun, with large letters, by keyboard and by ear."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page

from tests.browser.conftest import Looking, Places

WALKTHROUGH = Path(__file__).resolve().parents[2] / "docs" / "review-walkthrough.md"
PHONE = {"width": 360, "height": 640}
DESK = {"width": 1280, "height": 900}
LEAST_CONTRAST = 7.0
MOST_OF_THE_BAR = {100: 160, 130: 220}
"""Pixels of the decision bar on a phone, by the size of the letters in per cent."""

CONTRASTS = """
() => {
  const rgb = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const one = (value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    };
    return 0.2126 * one(r) + 0.7152 * one(g) + 0.0722 * one(b);
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const found = rgb(getComputedStyle(at).backgroundColor);
      if (found.length < 4 || found[3] === 1) { return found; }
      if (found[3] !== 0) { return [NaN, NaN, NaN]; }
    }
    return [255, 255, 255];
  };
  const shown = (element) => {
    const box = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    const there = style.visibility === "visible" && style.opacity === "1";
    return there && box.width > 1 && box.height > 1;
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !shown(element)) { continue; }
    const [a, b] = [light(rgb(getComputedStyle(element).color)), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    found.push([Math.round(ratio * 100) / 100, walker.currentNode.data.trim().slice(0, 40)]);
  }
  return found;
}
"""


def open_review(places: Places, looking: Looking, lang: str, size: dict[str, int]) -> Page:
    """The officer's page of the post that waits, in a window of this size."""
    places.filled.enter(looking.window, "first", lang)
    page = looking.page
    page.set_viewport_size(size)  # type: ignore[arg-type]  # Playwright's own dictionary
    page.goto(places.filled.address + places.ids.path("/posts/{reviewed}/review"))
    page.evaluate("document.fonts.ready")
    return page


def enlarge(page: Page, per_cent: int) -> None:
    """Larger letters, as somebody sets them in the browser."""
    page.evaluate("size => { document.documentElement.style.fontSize = size }", f"{per_cent}%")


@pytest.mark.parametrize("lang", ["mr", "en", "hi"])
@pytest.mark.parametrize("per_cent", MOST_OF_THE_BAR)
def test_the_buttons_are_in_view_without_scrolling(
    places: Places, looking: Looking, lang: str, per_cent: int
) -> None:
    page = open_review(places, looking, lang, PHONE)
    enlarge(page, per_cent)
    assert page.evaluate("window.scrollY") == 0
    for button in page.locator(".decision-bar .btn").all():
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
    assert bar["height"] <= MOST_OF_THE_BAR[per_cent], bar["height"]
    assert title["y"] + title["height"] < bar["y"]
    assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth")


def test_the_bar_is_at_the_end_of_the_page_in_a_low_window_with_large_text(
    places: Places, looking: Looking
) -> None:
    low = {"width": 320, "height": 640}
    page = open_review(places, looking, "mr", low)
    enlarge(page, 200)
    bar = page.locator(".decision-bar")
    box = bar.bounding_box()
    assert box is not None
    assert box["y"] > low["height"], "the whole window is there for reading"
    page.locator(".decision-bar .btn-act").scroll_into_view_if_needed()
    assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    button = page.locator(".decision-bar .btn-act").bounding_box()
    assert button is not None
    assert 0 <= button["y"] < low["height"]


def cut_off(page: Page, text: str) -> bool:
    """Whether the button of these words is too small for them."""
    button = page.locator(".decision-bar .btn", has_text=text.strip()).first
    return bool(button.evaluate("one => one.scrollWidth > one.clientWidth + 1"))


def test_there_is_one_decision_on_the_page_and_one_filled_button(
    places: Places, looking: Looking
) -> None:
    page = open_review(places, looking, "mr", PHONE)
    assert page.locator(".decision-bar").count() == 1
    assert page.locator("main form:not(.languages)").count() == 0
    assert page.locator(".btn-act").all_inner_texts() == ["मान्यता द्या"]


@pytest.mark.parametrize("query", ["", "?revision=1"], ids=["newest", "stale"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_every_word_has_seven_times_the_light_or_the_dark_of_its_ground(
    places: Places, looking: Looking, size: dict[str, int], query: str
) -> None:
    page = open_review(places, looking, "mr", size)
    if query:
        page.goto(page.url + query)
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) > 15
    assert [contrast for contrast in contrasts if not contrast[0] >= LEAST_CONTRAST] == []


def test_a_pale_word_would_be_found(places: Places, looking: Looking) -> None:
    page = open_review(places, looking, "mr", PHONE)
    page.evaluate("document.querySelector('h1').style.color = '#777'")
    assert [contrast for contrast in page.evaluate(CONTRASTS) if contrast[0] < LEAST_CONTRAST]


def heard(session: CDPSession) -> tuple[str, str]:
    """Role and name of what has the focus, as the accessibility tree tells a screen reader.

    What a tab counts is left away: it changes from day to day.
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


def walk_by_tab(page: Page) -> list[tuple[str, str]]:
    """Everything that Tab reaches, from the beginning of the page to its last control."""
    session = page.context.new_cdp_session(page)
    session.send("Accessibility.enable")
    steps: list[tuple[str, str]] = []
    last = page.locator(".decision-bar .btn").last
    for _step in range(80):
        page.keyboard.press("Tab")
        steps.append(heard(session))
        assert has_visible_focus(page), steps[-1]
        if last.evaluate("one => one === document.activeElement"):
            break
    session.detach()
    return steps


def has_visible_focus(page: Page) -> bool:
    """An outline, and what has it not under the bar at the foot."""
    return bool(
        page.evaluate(
            """() => {
              const one = document.activeElement;
              const box = one.getBoundingClientRect();
              const at = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
              const outline = parseFloat(getComputedStyle(one).outlineWidth) >= 2;
              return outline && at !== null && (one.contains(at) || at.contains(one));
            }"""
        )
    )


def written(heading: str) -> list[tuple[str, str]]:
    """The rows of a table of the walk-through: its second and third column."""
    text = WALKTHROUGH.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (?:\d+|h\d) \| (.+?) \| (.+?) \|$", text, re.MULTILINE)
    return [(first, second) for first, second in rows]


def test_what_tab_reaches_is_what_the_walk_through_says(places: Places, looking: Looking) -> None:
    page = open_review(places, looking, "en", DESK)
    assert walk_by_tab(page) == written("By keyboard")


def test_the_marathi_page_is_walked_in_the_same_order(places: Places, looking: Looking) -> None:
    page = open_review(places, looking, "mr", DESK)
    roles = [role for role, _name in walk_by_tab(page)]
    assert roles == [role for role, _name in written("By keyboard")]


def test_headings_and_landmarks_are_what_the_walk_through_says(
    places: Places, looking: Looking
) -> None:
    page = open_review(places, looking, "en", DESK)
    title = page.locator("h1").inner_text()
    marks = {"banner", "navigation", "main", "region", "complementary", "contentinfo", "search"}
    on_screen = in_order(page)
    assert [(role, name or "–") for role, name in on_screen if role in marks] == written(
        "Landmarks"
    )
    headings = [name for role, name in on_screen if role == "heading"]
    expected = [title if name == "the post’s title" else name for name, _why in written("Headings")]
    assert headings == expected


def in_order(page: Page) -> list[tuple[str, str]]:
    """Role and name of everything in the accessibility tree, as it is read from top to bottom."""
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
