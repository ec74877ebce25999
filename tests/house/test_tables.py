from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]
TABLE = """
import pytest
from tests.support.tables import each

@pytest.fixture
def two():
    return 2

@each("number, word", [(1, "one"), (2, "two"), (3, "three")])
def test_words(number, word, two):
    assert number != two, word

@each("letter", "ab")
@each("number", [1, 2])
def test_pairs(letter, number):
    assert (letter, number) not in [("a", 2), ("b", 1)]

def raises(error):
    with pytest.raises(error):
        pass

@each("error", [ValueError])
def test_what_does_not_raise(error):
    raises(error)
"""


def test_every_row_is_tried_and_each_that_fails_is_named(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TABLE)
    done = pytester.runpytest("-p", "no:cacheprovider")
    output = done.stdout.str()
    for name in ("2-two", "a-2", "b-1", "ValueError"):
        assert f"[{name}]" in output
    assert "[1-one]" not in output
    done.assert_outcomes(failed=7)  # four rows, and the three tests that hold them
