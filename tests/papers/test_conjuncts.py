"""Conjuncts are drawn as Chromium draws them with the font as it came; a wrong shape is noticed."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from io import BytesIO
from itertools import product
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageOps
from playwright.sync_api import Page

from publisher.papers.characters import FONTS
from publisher.papers.pdf import Paper, Paragraph, Sender, write
from tests.papers import reading
from tools.fonts import source

PIXELS = 96
POINTS = 10.5
"""The size of running text on paper."""
MOST_DIFFERENT = 0.15
"""Edges of strokes fall on other pixels; a wrong shape differs by all of its ink."""
CONJUNCTS = (
    "क्ष",
    "त्र",
    "र्\u200dय",
    "श्री",
    "द्ध्य",
    "ज्ञ",
    "र्क",
    "कि",
    "रु",
    "हृ",
    "द्र",
    "द्धृ",
    "ट्टू",
    "द्गुं",
)


def by_chromium(page: Page, text: str, file: Path) -> Image.Image:
    font = b64encode(file.read_bytes()).decode()
    page.set_content(
        f"<style>@font-face {{ font-family: paper; src: url(data:font/ttf;base64,{font}) }}"
        f"p {{ font: {PIXELS}px/2 paper; margin: 20px }}</style><p lang='mr'>{text}</p>"
    )
    page.evaluate("document.fonts.ready")
    picture = Image.open(BytesIO(page.locator("p").screenshot()))
    return _ink(picture.convert("L"))


def by_paper(text: str) -> Image.Image:
    paper = Paper("", [Paragraph(text)], letterhead=False, signatory=())
    pdf = write([paper], sender=Sender(""), language="mr", now=datetime(2026, 11, 29, tzinfo=UTC))
    page = reading.drawn(pdf, scale=PIXELS / POINTS)
    return _ink(page.crop((0, 0, page.width, page.height // 2)))  # without its number


def _ink(picture: Image.Image) -> Image.Image:
    """Return what is drawn, white on black, without what is around it."""
    ink = ImageOps.invert(picture).point(lambda light: 255 if light > 127 else 0)
    return ink.crop(ink.getbbox())


def difference(drawn: Image.Image, expected: Image.Image) -> float:
    """Return how much of the ink is in only one of both, at the best of nine places."""
    size = (max(drawn.width, expected.width) + 2, max(drawn.height, expected.height) + 2)

    def laid(picture: Image.Image, place: tuple[int, int]) -> Image.Image:
        sheet = Image.new("L", size)
        sheet.paste(picture, place)
        return sheet

    below = laid(expected, (1, 1))
    different = min(
        ImageChops.difference(laid(drawn, (left, top)), below).histogram()[255]
        for left, top in product(range(3), repeat=2)
    )
    return different / below.histogram()[255]


@pytest.mark.parametrize("text", CONJUNCTS)
def test_a_conjunct_is_drawn_as_in_chromium(page: Page, text: str) -> None:
    assert difference(by_paper(text), by_chromium(page, text, source())) < MOST_DIFFERENT


def test_a_mark_a_little_off_its_height_is_put_at_it(page: Page) -> None:
    levelled = by_chromium(page, "ळू", FONTS / "400.ttf")
    assert difference(by_paper("ळू"), levelled) < MOST_DIFFERENT


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ("क्\u200cष", "क्ष"),
        ("त्\u200cर", "त्र"),
        ("र्य", "र्\u200dय"),
        ("श्\u200cरी", "श्री"),
        ("द्\u200cध्य", "द्ध्य"),
        ("िक", "कि"),
    ],
)
def test_a_wrong_shape_differs_by_far(page: Page, wrong: str, text: str) -> None:
    assert difference(by_paper(wrong), by_chromium(page, text, source())) > 3 * MOST_DIFFERENT
