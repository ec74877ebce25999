"""The figures of `make figures` are within their ceilings, which may only fall."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house.complaints import complaints_of, expect_none
from tools.figures import ceilings, sizes
from tools.figures.__main__ import show
from tools.figures.ceilings import Ceilings, Report
from tools.figures.code import lines_of_code
from tools.figures.figure import Measurement, Tree, checkout
from tools.figures.table import FIGURES
from tools.source import Source, python_files

TODAY = {figure.key: 100.0 for figure in FIGURES if figure.has_ceiling}


@pytest.fixture(scope="module")
def report() -> Report:
    return ceilings.measure(checkout())


def report_of(amount: float, packages: dict[str, int]) -> Report:
    """Return a report in which every figure has this amount."""
    return Report({figure.key: Measurement(amount) for figure in FIGURES}, packages)


def function_of(name: str, lines: int) -> str:
    return f'def {name}():\n    """Returns."""\n\n' + "    x = 1\n\n" * lines


def functions_of(lengths: list[int]) -> list[Source]:
    text = "".join(function_of(f"f{number}", lines) for number, lines in enumerate(lengths))
    return [Source("web/a.py", text)]


def test_every_figure_is_within_its_ceiling(report: Report) -> None:
    expect_none(ceilings.too_high(report, ceilings.load()))


def test_every_ceiling_is_lowered_when_its_figure_falls(report: Report) -> None:
    expect_none(ceilings.too_loose(report, ceilings.load()))


def test_functions_of_the_tools_are_as_short_as_the_products() -> None:
    tools = python_files("tools")
    assert sizes.nine_in_ten_of(tools).amount <= sizes.NINE_IN_TEN
    assert sizes.longest_function_of(tools).amount <= sizes.MOST_LINES


def test_docstring_and_blank_lines_do_not_count_and_comments_do() -> None:
    docstring = '    """A.\n\n    B.\n    """\n'
    text = f"def f():\n{docstring}\n    y = 0\n    # why\n    x = 1\n\n    return x\n"
    source = Source("a.py", text)
    assert sizes.length(source, next(source.functions())) == 4


@pytest.mark.parametrize(
    ("key", "lengths", "ceiling"),
    [("longest_function", [41, *[1] * 9], 40), ("nine_in_ten", [21, 21, *[1] * 8], 20)],
)
def test_longer_functions_are_found(key: str, lengths: list[int], ceiling: int) -> None:
    (sentence,) = complaints_of(key, functions_of(lengths), ceiling=ceiling)
    assert "under names of their own" in sentence


def test_functions_within_the_ceilings_pass() -> None:
    sources = functions_of([8, 8, 20, 20, 8, 8, 8, 1, 1, 40])
    assert complaints_of("longest_function", sources, ceiling=40) == []
    assert complaints_of("nine_in_ten", sources, ceiling=20) == []


def test_a_file_of_more_than_350_lines_is_found() -> None:
    assert complaints_of("longest_file", [Source("web/a.py", "\n" * 350)], ceiling=350) == []
    (sentence,) = complaints_of("longest_file", [Source("web/a.py", "\n" * 351)], ceiling=350)
    assert "split the file by subject" in sentence


def test_the_median_leaves_out_demo_sandbox_and_the_smallest_files() -> None:
    lines = {"web/a.py": 10, "web/b.py": 20, "demo/a.py": 500, "sandbox/a.py": 500, "web/c.py": 3}
    sources = [Source(path, "\n" * number) for path, number in lines.items()]
    assert sizes.median_file(Tree(sources)).amount == 15
    assert complaints_of("median_file", sources, ceiling=15) == []
    assert "merge files" in complaints_of("median_file", sources, ceiling=16)[0]


def test_a_short_private_function_that_is_used_once_is_counted() -> None:
    text = "def _a():\n    return 1\n\ndef _b():\n    return _a()\n\nprint(_b(), _b())\n"
    places = sizes.short_private_functions(Tree([Source("web/a.py", text)])).places
    assert places == ["web/a.py:1 _a"]


def test_a_figure_above_its_ceiling_says_what_to_do_and_fails(
    capsys: pytest.CaptureFixture[str],
) -> None:
    facades = Report({**report_of(100, {}).figures, "facades": Measurement(101)}, {})
    assert show(facades, Ceilings(TODAY, {})) == 1
    assert "import each name from the module that defines it" in capsys.readouterr().out
    assert show(report_of(100, {}), Ceilings(TODAY, {})) == 0


def test_a_ceiling_far_above_its_figure_has_to_be_lowered() -> None:
    sentences = ceilings.too_loose(report_of(80, {}), Ceilings(TODAY, {}))
    assert any("__init__" in s and "lower the ceiling to 80" in s for s in sentences)
    assert ceilings.too_loose(report_of(95, {}), Ceilings(TODAY, {})) == []


def test_a_ceiling_falls_to_the_goal_and_no_further() -> None:
    lowered = ceilings.lower(report_of(20, {}), Ceilings(TODAY, {})).figures
    assert lowered["facades"] == 60
    assert lowered["activity_modules"] == 20


def test_the_ceiling_of_a_share_or_a_median_leaves_room_to_move() -> None:
    lowered = ceilings.lower(report_of(116.5, {}), Ceilings({}, {})).figures
    assert lowered["private_words"] == 117
    assert lowered["median_file"] == 110


def test_no_ceiling_is_ever_raised_and_no_floor_lowered() -> None:
    lowered = ceilings.lower(report_of(120, {"web": 9}), Ceilings(TODAY, {"web": 5}))
    assert lowered.figures.pop("median_file") == 120
    assert max(lowered.figures.values()) == 100
    assert lowered.packages == {"web": 5}
    assert ceilings.lower(report_of(90, {}), Ceilings(TODAY, {})).figures["median_file"] == 100


def test_a_renamed_package_has_its_ceiling_set_by_lowering() -> None:
    before = Ceilings(TODAY, {"publisher.attic": 9})
    report = report_of(100, {"publisher.delivery": 9})
    sentences = "".join(ceilings.too_loose(report, before))
    assert "publisher.delivery has no ceiling" in sentences
    assert "publisher.attic is no package any more" in sentences
    assert ceilings.lower(report, before).packages == {"publisher.delivery": 9}


def test_files_that_move_take_their_private_words_along() -> None:
    before = Ceilings(TODAY, {"web": 9, "demo": 1})
    same, more = report_of(100, {"web": 2, "demo": 8}), report_of(100, {"web": 2, "demo": 9})
    assert ceilings.lower(same, before, moved=True).packages == {"web": 2, "demo": 8}
    assert ceilings.lower(more, before, moved=True).packages == {"web": 2, "demo": 1}


def test_a_package_with_more_private_words_is_found() -> None:
    (sentence,) = ceilings.too_high(report_of(100, {"web": 9}), Ceilings(TODAY, {"web": 8}))
    assert sentence.startswith("web has 9 variables")
    loose = ceilings.too_loose(report_of(100, {"web": 2}), Ceilings(TODAY, {"web": 8}))
    assert any("private words in web: lower the ceiling to 2" in sentence for sentence in loose)


def test_ceilings_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    written = Ceilings({"private_words": 10.6, "facades": 481}, {"publisher.media": 21, "web": 5})
    ceilings.write(written, tmp_path / "ceilings.toml")
    assert ceilings.load(tmp_path / "ceilings.toml") == written


def test_docstrings_comments_and_blank_lines_are_no_code() -> None:
    attribute = '# why\nx = 1\n"""About x."""\n'
    function = 'def f():\n    """Does."""\n\n    return """\na\n"""\n'
    source = Source("a.py", f'"""Says."""\n\n{attribute}\n{function}')
    assert lines_of_code(source) == len(["x = 1", "def f()", "return", "a", '"""'])
