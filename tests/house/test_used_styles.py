"""The part of Bootstrap that is kept here is the part that the pages use."""

from __future__ import annotations

from tools.used_styles import TARGET, used_styles


def test_the_kept_styles_are_those_that_the_pages_use() -> None:
    assert TARGET.read_text("utf-8") == used_styles(), "python -m tools.used_styles"


def test_what_a_page_uses_is_in_and_what_none_uses_is_out() -> None:
    styles = used_styles()
    for kept in (".form-control{", ".btn{", ".visually-hidden", "Licensed under MIT", "@media"):
        assert kept in styles
    for left_out in (".carousel", ".offcanvas", ".spinner-border", "[data-bs-theme=dark]"):
        assert left_out not in styles
