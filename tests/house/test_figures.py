from __future__ import annotations

import ast
import math

import pytest

from tests.house.reading import Function, Source, expect_none, product, python_files

LONGEST_FILE = 350  # "about 300"


def length(source: Source, function: Function) -> int:
    """Body lines without docstring and blank ones; comments count."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    if not body:
        return 0
    first = min(body[0].lineno, *(d.lineno for d in getattr(body[0], "decorator_list", [])), 10**9)
    lines = source.text.splitlines()[first - 1 : function.end_lineno]
    return sum(1 for line in lines if line.strip())


def complaints(sources: list[Source]) -> list[str]:
    """What breaks the figures: half ≤ 8, nine in ten ≤ 20, none > 40."""
    lengths = [
        (length(source, f), source.at(f), f.name) for source in sources for f in source.functions()
    ]
    counts = sorted(count for count, _, _ in lengths)
    if not counts:
        return []
    found = [f"{at} {name}: {count} lines" for count, at, name in lengths if count > 40]
    for share, most in ((0.5, 8), (0.9, 20)):
        reached = counts[math.ceil(share * len(counts)) - 1]
        if reached > most:
            found.append(
                f"{share:.0%} of the functions should have at most {most} lines: {reached}"
            )
    return found


def a_function(name: str, lines: int) -> str:
    return f'def {name}():\n    """Says."""\n\n' + "    x = 1\n\n" * lines


def test_half_of_the_functions_have_eight_lines_nine_in_ten_twenty_and_none_over_forty() -> None:
    expect_none(complaints(product()))
    expect_none(complaints(python_files("tools")))


def test_docstring_and_blank_lines_do_not_count_and_comments_do() -> None:
    source = Source(
        "a.py",
        'def f():\n    """Says.\n\n    More.\n    """\n\n    # why\n    x = 1\n\n    return x\n',
    )
    assert length(source, next(source.functions())) == 3 - 1  # the comment stands before the body


@pytest.mark.parametrize(
    ("lengths", "says"),
    [
        ([41, 1, 1, 1, 1, 1, 1, 1, 1, 1], "a9: 41 lines"),
        ([9, 9, 1], "50%"),
        ([21, 21, *[1] * 8], "90%"),
    ],
)
def test_a_house_with_longer_functions_is_found_out(lengths: list[int], says: str) -> None:
    text = "".join(a_function(f"a{9 if i == 0 else i}", n) for i, n in enumerate(lengths))
    assert any(says in complaint for complaint in complaints([Source("a.py", text)]))


def test_functions_within_the_figures_pass() -> None:
    text = "".join(a_function(f"a{i}", n) for i, n in enumerate([8, 8, 20, 20, 8, 8, 8, 1, 1, 40]))
    assert complaints([Source("a.py", text)]) == []


def test_no_file_grows_far_beyond_three_hundred_lines() -> None:
    long = [source.path for source in product() if source.text.count("\n") > LONGEST_FILE]
    assert long == []
