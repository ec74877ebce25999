from __future__ import annotations

import inspect
import re

from publisher.notices import paths


def test_every_pattern_has_a_function_that_fills_it() -> None:
    for name, pattern in paths.PATTERNS.items():
        function = getattr(paths, name)
        wanted = list(inspect.signature(function).parameters)
        assert re.findall(r"\{(\w+)\}", pattern) == wanted
        filled = function(*[7 for _ in wanted])
        assert filled == re.sub(r"\{\w+\}", "7", pattern)


def test_the_base_is_put_into_every_link() -> None:
    text = f"{paths.BASE}/posts/7 and {paths.BASE}/"
    assert paths.with_base(text, "https://nagarvani.example") == (
        "https://nagarvani.example/posts/7 and https://nagarvani.example/"
    )


def test_the_token_of_a_one_use_link_is_taken_out_and_nothing_else() -> None:
    text = f"मुदत {paths.BASE}{paths.invitation('aB3-_x')} नंतर {paths.BASE}{paths.post(7)}"
    assert paths.without_secrets(text) == (
        f"मुदत {paths.BASE}/invitation/… नंतर {paths.BASE}/posts/7"
    )
