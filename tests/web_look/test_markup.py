"""The markup of the look book's pages, parsed without a browser."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from flask import Flask

from tests.web_look.lookbook import CODES, PAGES

ALL_PAGES = [*PAGES, *(f"error/{code}" for code in CODES)]


class Markup(HTMLParser):
    """Collects every element with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Add an element."""
        self.elements.append((tag, dict(attrs)))

    def with_attribute(self, name: str) -> list[dict[str, str | None]]:
        """Return the attributes of every element with this attribute."""
        return [attrs for _, attrs in self.elements if name in attrs]


def load_page(book: Flask, path: str, lang: str = "mr") -> Markup:
    """Load a page of the look book."""
    return Markup(book.test_client().get(f"/{lang}/{path}").get_data(as_text=True))


@pytest.fixture(scope="module")
def pages(lookbook: Flask) -> dict[str, str]:
    """Return the HTML of every page of the look book in Marathi, by its path."""
    client = lookbook.test_client()
    return {path: client.get(f"/mr/{path}").get_data(as_text=True) for path in ALL_PAGES}


def test_no_page_carries_a_style_or_a_script_of_its_own(pages: dict[str, str]) -> None:
    for path, html in pages.items():
        elements = Markup(html).elements
        assert not [attrs for _, attrs in elements if "style" in attrs], path
        assert not [attrs for _, attrs in elements if any(k.startswith("on") for k in attrs)], path
        assert all(attrs.get("src") for tag, attrs in elements if tag == "script"), path
        assert "style" not in {tag for tag, _ in elements}, path


def test_every_id_stands_once_and_every_reference_finds_its_id(pages: dict[str, str]) -> None:
    for path, html in pages.items():
        markup = Markup(html)
        ids = [attrs["id"] for attrs in markup.with_attribute("id")]
        assert len(ids) == len(set(ids)), path
        for name in ("aria-describedby", "aria-labelledby", "for"):
            for attrs in markup.with_attribute(name):
                assert set(str(attrs[name]).split()) <= set(ids), (path, attrs)


def test_a_page_has_the_drawing_of_each_of_its_icons(pages: dict[str, str]) -> None:
    for path, html in pages.items():
        drawn = set(re.findall(r'<symbol id="([^"]+)" viewBox="0 0 16 16"><', html))
        used = set(re.findall(r'<use href="#([^"]+)"', html))
        assert used, path
        assert used == drawn, path


def test_a_page_has_one_first_heading_and_a_title(pages: dict[str, str]) -> None:
    for path, html in pages.items():
        tags = [tag for tag, _ in Markup(html).elements]
        assert (tags.count("h1"), tags.count("main"), tags.count("title")) == (1, 1, 1), path


def test_every_wrong_field_is_marked_and_tied_to_its_sentence(lookbook: Flask) -> None:
    markup = load_page(lookbook, "hand_in_wrong")
    wrong = [a for a in markup.with_attribute("aria-invalid") if a["aria-invalid"] == "true"]
    tied = {
        reference
        for _, attrs in markup.elements
        for reference in str(attrs.get("aria-describedby") or "").split()
        if reference.endswith("-error")
    }
    errors = {str(a["id"]) for a in markup.with_attribute("id") if str(a["id"]).endswith("-error")}
    assert len(errors) == 11
    assert tied == errors
    assert len(wrong) >= len(errors)


def test_groups_of_choices_are_fieldsets_with_a_legend(lookbook: Flask) -> None:
    tags = [tag for tag, _ in load_page(lookbook, "hand_in").elements]
    assert tags.count("fieldset") == tags.count("legend") == 2


def test_no_field_cuts_what_is_typed(lookbook: Flask) -> None:
    assert not load_page(lookbook, "hand_in").with_attribute("maxlength")


def test_every_posting_form_carries_the_csrf_token(pages: dict[str, str]) -> None:
    for path, text in pages.items():
        posting = re.findall(r'<form[^>]*method="post".*?</form>', text, re.DOTALL)
        assert all('name="csrf_token"' in form for form in posting), path


def test_a_text_in_another_language_says_so(lookbook: Flask) -> None:
    languages = [attrs["lang"] for attrs in load_page(lookbook, "review").with_attribute("lang")]
    assert "en" in languages
    fields = load_page(lookbook, "hand_in").with_attribute("name")
    assert [a.get("lang") for a in fields if a["name"] in {"text_mr", "text_en"}] == ["mr", "en"]


@pytest.mark.parametrize("code", CODES)
def test_an_error_page_says_what_happened_what_to_do_and_its_number(
    lookbook: Flask, code: int
) -> None:
    text = lookbook.test_client().get(f"/en/error/{code}").get_data(as_text=True)
    assert "What to do now" in text
    assert ("7F3K-2M9Q" in text) == (code != 404)
    assert ("जपून ठेवला" in text) == (code in {413, 500})


def test_the_words_of_a_state_are_not_those_of_another_thing(lookbook: Flask) -> None:
    text = lookbook.test_client().get("/en/states").get_data(as_text=True)
    assert "Order carried out" in text
    assert "Published by hand" in text
