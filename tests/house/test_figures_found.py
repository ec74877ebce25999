"""Each figure counts what it names, and says what to do instead."""

from __future__ import annotations

import pytest

from tests.house.complaints import complaints_of
from tools.source import Source

FUNCTION = 'def f():\n    """Return."""\n\n' + "    x = 1\n\n" * 21
CASES: dict[str, tuple[dict[str, str], str]] = {
    "private_words": ({"web/a.py": "for found in []: ..."}, "name a value by its noun"),
    "fillers": ({"web/a.py": "for item in rows: ..."}, "instead of `item`"),
    "newly_common": ({"web/a.py": "session = 1\n" * 197 + "row = 1\n" * 2}, "by its own noun"),
    "activity_modules": ({"web/text_sending.py": ""}, "name the module by its thing or act"),
    "bare_participles": ({"web/restored.py": ""}, "name the module by its thing"),
    "odd_functions": ({"web/a.py": "def digest_of(): ..."}, "by a verb with its object"),
    "odd_functions_without_of": ({"web/a.py": "def kept_secret(): ..."}, "by a verb with its"),
    "repeated_classes": ({"web/a.py": "class A: ...", "web/b.py": "class A: ..."}, "of its own"),
    "modules_in_web": ({"web/a.py": ""}, "package of its feature"),
    "fullest_package": ({"demo/a.py": "", "demo/b.py": ""}, "split the package"),
    "facades": ({"web/core/__init__.py": "from .forms import Form"}, "that defines it"),
    "circles": (
        {"web/a.py": "import web.b", "web/b.py": "def f() -> None:\n    from web import a"},
        "into a module that both import",
    ),
    "circles_at_run_time": (
        {"web/a/__init__.py": "import web.a.x", "web/a/x.py": "import web.b"}
        | {"web/b.py": "import web.a.y", "web/a/y.py": ""},
        "empty the `__init__`",
    ),
    "longest_function": ({"web/a.py": FUNCTION}, "under names of their own"),
    "nine_in_ten": ({"web/a.py": FUNCTION}, "under names of their own"),
    "longest_file": ({"web/a.py": "\n" * 21}, "split the file by subject"),
    "private_used_once": (
        {"web/a.py": "def _double(n: int) -> int:\n    return 2 * n\n\n\nprint(_double(1))"},
        "write the body in place",
    ),
    "median_file": ({"web/a.py": "\n" * 10}, "merge files"),
}
CEILINGS = {"longest_function": 20, "nine_in_ten": 20, "longest_file": 20}
CEILINGS |= {"median_file": 20, "fullest_package": 1}


@pytest.mark.parametrize("key", CASES)
def test_a_figure_above_its_ceiling_is_found(key: str) -> None:
    texts, advice = CASES[key]
    sources = [Source(path, text) for path, text in texts.items()]
    (sentence,) = complaints_of(key, sources, ceiling=CEILINGS.get(key, 0))
    assert advice in sentence


def test_long_test_names_and_a_second_city_are_found() -> None:
    text = f"def test_{'a' * 86}() -> None:\n    row = Department(code=1)"
    tests = [Source(path, text) for path in ("tests/support/city_people.py", "bench/city.py")]
    for key in ("test_names_over_90", "test_names_over_70"):
        assert "at most about 70 letters" in complaints_of(key, [], tests=tests)[0]
    assert "tests/support/city.py" in complaints_of("city_builders", [], tests=tests, ceiling=1)[0]
