"""The printable guides, two pages for each role, with pictures of the pages as they are now."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.browser.cases import CASES
from tests.browser.conftest import CityServers, SharedWindow
from tests.browser.test_every_page import open_case
from tests.support.runs import CHECKOUT

GUIDES = CHECKOUT / "docs" / "guides"
FONT = CHECKOUT / "web" / "static" / "fonts"
PICTURE = re.compile(r'<figure data-case="([\w.-]+)">')
LATIN = {
    "English",
    "IT",
    "Nodal",
    "Officer",
    "X",
    "PMC",
    "QR",
    "CSV",
    "nagarvani",
    "init",
    "doctor",
}


class GuideText(HTMLParser):
    """Collects the text of a guide, without its markup."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.feed(html)

    def handle_data(self, data: str) -> None:
        self.text += data


def guides() -> list[Path]:
    return sorted(GUIDES.glob("*.html"))


@pytest.mark.parametrize("guide", guides(), ids=lambda path: path.stem)
def test_a_guide_fits_on_two_pages_with_pictures_of_today(
    guide: Path, servers: CityServers, shared_window: SharedWindow, shots: Path | None
) -> None:
    html = guide.read_text(encoding="utf-8")
    names = PICTURE.findall(html)
    assert len(names) == 2
    for name in names:
        html = html.replace(
            f'<figure data-case="{name}">',
            f'<figure><img alt="" src="{phone_picture(name, servers, shared_window)}">',
        )
    shared_window.page.goto("about:blank")
    shared_window.page.set_content(guide_page(html))
    shared_window.page.evaluate("document.fonts.ready")
    pdf = shared_window.page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page[^s]", pdf)) == 2
    if shots:
        (shots / "guides").mkdir(parents=True, exist_ok=True)
        (shots / "guides" / f"{guide.stem}.pdf").write_bytes(pdf)


@pytest.mark.parametrize("guide", guides(), ids=lambda path: path.stem)
def test_a_guide_is_written_in_marathi(guide: Path) -> None:
    text = GuideText(guide.read_text(encoding="utf-8")).text
    text = text.replace("PMC/2026/000412", "PMC")
    assert not re.search("[0-9]", text)
    assert set(re.findall("[A-Za-z]+", text)) <= LATIN
    assert "मीडिया" not in text


def phone_picture(name: str, servers: CityServers, shared_window: SharedWindow) -> str:
    """Return a screenshot of this page on a phone as a `data:` address."""
    open_case(next(case for case in CASES if case.id == name), "mr", servers, shared_window)
    shared_window.page.set_viewport_size({"width": 390, "height": 742})
    picture = base64.b64encode(shared_window.page.screenshot()).decode()
    return f"data:image/png;base64,{picture}"


def guide_page(html: str) -> str:
    """Return the guide as a whole page, with its own style and the product's font."""
    font = base64.b64encode(next(FONT.glob("*.woff2")).read_bytes()).decode()
    face = (
        '@font-face { font-family: "Nagarvani"; font-weight: 100 900; '
        f"src: url(data:font/woff2;base64,{font}); }}"
    )
    style = face + (GUIDES / "guide.css").read_text(encoding="utf-8")
    head = f'<meta charset="utf-8"><style>{style}</style>'
    return f'<!doctype html><html lang="mr"><head>{head}</head><body>{html}</body></html>'
