"""The figures of `make figures` are within their ceilings, which may only fall."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house.complaints import expect_none
from tools.figures import ceilings, sizes
from tools.figures.__main__ import show
from tools.figures.ceilings import Ceilings, Report
from tools.figures.code import lines_of_code
from tools.figures.figure import Measurement, checkout
from tools.figures.table import FIGURES
from tools.source import Source, python_files

TODAY = {figure.key: 100.0 for figure in FIGURES if figure.has_ceiling}


@pytest.fixture(scope="module")
def report() -> Report:
    return ceilings.measure(checkout())


def report_of(amount: float, packages: dict[str, int]) -> Report:
    """Return a report in which every figure has this amount."""
    return Report({figure.key: Measurement(amount) for figure in FIGURES}, packages)


def test_every_figure_is_within_its_ceiling(report: Report) -> None:
    expect_none(ceilings.too_high(report, ceilings.load()))


def test_every_ceiling_is_lowered_when_its_figure_falls(report: Report) -> None:
    expect_none(ceilings.too_loose(report, ceilings.load()))


def test_functions_of_the_tools_are_as_short_as_the_products() -> None:
    tools = python_files("tools")
    assert sizes.nine_in_ten_of(tools).amount <= sizes.NINE_IN_TEN
    assert sizes.longest_function_of(tools).amount <= sizes.MOST_LINES


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
