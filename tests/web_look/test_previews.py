"""Previews: where X cuts texts, how platforms crop pictures, link cards, light and dark."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from publisher.platforms.x import text_length
from tests.web_look.conftest import Opener
from web.link_cards import display_domain, first_link
from web.preview_filters import fold

WORD = "शब्द "


def test_x_cuts_a_long_text_at_a_word_within_its_limit() -> None:
    text = WORD * 100
    cut = fold(text, "x")
    assert text_length.count(cut.before).weighted <= text_length.LIMIT
    assert text_length.count(f"{cut.before} शब्द").weighted > text_length.LIMIT
    assert f"{cut.before} {cut.after}" == text.strip()


@pytest.mark.parametrize("text", ["", "पाणी", "x" * 280, "https://pmc.in/" + "a" * 400])
def test_x_shows_what_is_within_its_limit_whole(text: str) -> None:
    assert fold(text, "x") == (text, "")


def test_x_cuts_one_endless_word_at_the_limit_itself() -> None:
    assert fold("क" * 300, "x") == ("क" * 280, "क" * 20)


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://www.pmc.example/a?b", "pmc.example"),
        ("http://127.0.0.1:80/", "127.0.0.1"),
        ("http://[::1", "http://[::1"),
        ("nonsense", "nonsense"),
    ],
)
def test_a_link_is_named_by_its_domain(url: str, domain: str) -> None:
    assert display_domain(url) == domain


def test_x_makes_a_card_of_the_first_link_of_a_text() -> None:
    assert first_link("पाहा https://pmc.example/a. व https://b.example") == "https://pmc.example/a"
    assert first_link("pmc.example") == ""


DARKEST = "getComputedStyle(document.querySelector('.preview-post')).backgroundColor"


@pytest.mark.parametrize("javascript", [True, False])
def test_the_switch_shows_every_preview_in_the_dark_without_a_script(
    visit: Opener, javascript: bool
) -> None:
    page = visit("review", javascript=javascript)
    assert page.evaluate(DARKEST) == "rgb(255, 255, 255)"
    page.click("[for=look-dark]")
    grounds = page.locator(".preview-post").evaluate_all(
        "all => [...new Set(all.map(text => getComputedStyle(text).backgroundColor))]"
    )
    assert grounds == ["rgb(20, 33, 46)"]


def contrasts(page: Page) -> dict[str, float]:
    """Return the lowest contrast of each kind of text with its background."""
    measured: dict[str, float] = page.evaluate(
        """() => {
        const light = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map(Number)
          .map((part) => part / 255)
          .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
          .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
        const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        const result = {};
        document.querySelectorAll(".preview-text p, .hashtag, .cut, .preview-account .who span, " +
          ".preview-actions, .card-domain").forEach((element) => {
          const on = element.closest(".preview-card") || element.closest(".preview-post");
          const value = ratio(light(getComputedStyle(element).color),
                              light(getComputedStyle(on).backgroundColor));
          const name = element.className || element.tagName;
          result[name] = Math.min(result[name] || 99, value);
        });
        return result;
      }"""
    )
    return measured


@pytest.mark.parametrize("look", ["light", "dark"])
def test_every_text_of_a_preview_stands_out_in_light_and_dark(visit: Opener, look: str) -> None:
    page = visit("review")
    if look == "dark":
        page.click("[for=look-dark]")
    contrasts_measured = contrasts(page)
    assert {"hashtag", "cut", "P"} <= set(contrasts_measured)
    assert min(contrasts_measured.values()) >= 7, contrasts_measured


@pytest.mark.parametrize(
    ("kind", "count", "columns", "rows"),
    [
        ("x", 2, 2, 1),
        ("x", 3, 2, 2),
        ("x", 4, 2, 2),
        ("facebook", 2, 2, 1),
        ("facebook", 3, 2, 2),
        ("facebook", 4, 2, 2),
    ],
)
def test_a_grid_of_square_pictures_is_laid_out_as_the_platform_does(
    visit: Opener, kind: str, count: int, columns: int, rows: int
) -> None:
    assert grid_size(visit, kind, count, "square") == (columns, rows)


@pytest.mark.parametrize(
    ("count", "shape", "columns", "rows"),
    [(2, "wide", 1, 2), (4, "wide", 3, 2), (4, "tall", 2, 3), (3, "tall", 2, 2)],
)
def test_facebook_lays_out_by_the_shape_of_the_first_picture(
    visit: Opener, count: int, shape: str, columns: int, rows: int
) -> None:
    assert grid_size(visit, "facebook", count, shape) == (columns, rows)


def grid_size(visit: Opener, kind: str, count: int, shape: str) -> tuple[int, int]:
    """Return the number of columns and rows of a grid in the browser."""
    page = visit("review")
    measured: list[int] = page.evaluate(
        """([kind, count, shape]) => {
        const figure = document.createElement("figure");
        figure.className = "preview preview-" + kind;
        const grid = document.createElement("div");
        grid.className = `preview-grid preview-grid-${count} preview-grid-${shape}`;
        for (let at = 0; at < count; at += 1) { grid.append(document.createElement("span")); }
        figure.append(grid);
        document.querySelector("main").append(figure);
        const style = getComputedStyle(grid);
        const sides = [style.gridTemplateColumns, style.gridTemplateRows];
        return sides.map((side) => side.split(" ").length);
      }""",
        [kind, count, shape],
    )
    return measured[0], measured[1]


def test_a_link_typed_anew_names_its_own_domain_and_loses_the_title_before(visit: Opener) -> None:
    page = visit("drafting", lang="en")
    row = page.locator("[data-preview-link-of]")
    assert row.locator(".card-domain").inner_text() == "pmc.example"
    page.fill("#outward", "https://www.other.example/b")
    assert row.locator(".card-domain").inner_text() == "other.example"
    page.fill("#outward", "")
    assert row.is_hidden()


def test_a_long_text_on_x_is_cut_in_the_browser_as_on_the_server(
    visit: Opener,
) -> None:
    page = visit("drafting", lang="en")
    page.evaluate("() => { window.nagarvaniCount = (text) => Array.from(text).length; }")
    page.fill("#text_mr", WORD * 100)
    texts = page.locator("[data-preview-of=text_mr] p").all_inner_texts()
    assert texts == list(fold(WORD * 100, "x"))
