"""Mutations drawn by a seed, and the tests that have to catch them."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from tests.support.runs import CHECKOUT
from tools.console import UsageError
from tools.mutator.__main__ import main
from tools.mutator.changes import CALL, COMPARISON, CONDITION, Change, find_changes
from tools.mutator.draw import PLACES, all_changes, draw, read_list, save_list
from tools.mutator.results import read_results
from tools.mutator.stages import TestFiles
from tools.mutator.trial import Tests, read_output

GATE = "approvals/gate.py"
RULE = """def may_publish(age: int) -> bool:
    return age >= 18


def describe(age: int) -> str:
    return "old" if age > 99 else "young"
"""
TESTS_OF_RULE = """from approvals.gate import may_publish


def test_adults_may_publish() -> None:
    assert may_publish(18)
"""


def changed_texts(text: str, kind: str) -> list[str]:
    """Return the text after each change of this kind."""
    changes = find_changes("rules", GATE, text)
    return [change.apply(text) for change in changes if change.kind == kind]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A product of one module, with tests that catch one of its mutations."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # they take a second to load
    for path, text in ((GATE, RULE), ("tests/approvals/test_gate.py", TESTS_OF_RULE)):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    return tmp_path


@pytest.fixture(scope="module")
def product_changes() -> list[Change]:
    return all_changes(CHECKOUT)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a < b", "a >= b"),
        ("a >= b", "a < b"),
        ("a > b", "a <= b"),
        ("a <= b", "a > b"),
        ("(a) == (b)", "(a) != (b)"),
        ("a != b", "a == b"),
        ("a in b", "a not in b"),
        ("a not  in b", "a in b"),
        ("a is b", "a is not b"),
        ("a is not b", "a is b"),
        ("'दिन' == b", "'दिन' != b"),
    ],
)
def test_a_comparison_is_turned_into_its_opposite(before: str, after: str) -> None:
    assert changed_texts(f"x = {before}\n", COMPARISON) == [f"x = {after}\n"]


def test_each_comparison_of_a_chain_is_turned_by_itself() -> None:
    assert changed_texts("x = a < b <= c\n", COMPARISON) == ["x = a >= b <= c\n", "x = a < b > c\n"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = a and b or c", ["x = (c)", "x = (a and b)", "x = (b) or c", "x = (a) or c"]),
        ("x = [y for y in z if y]", ["x = [y for y in z if True]"]),
        ("if a: pass", ["if True: pass"]),
        ("q.where(A == 1, B)", ["q.where(B)", "q.where(A == 1)"]),
        ("q.where(A)", ["q.where()"]),
        ("x = or_(A, B)", ["x = or_(B)", "x = or_(A)"]),
        ("x = or_(A)", []),
        ("if (y := a): use(y)", []),
        ("if TYPE_CHECKING: pass", []),
    ],
)
def test_a_condition_is_dropped(before: str, after: list[str]) -> None:
    assert changed_texts(f"{before}\n", CONDITION) == [f"{text}\n" for text in after]


def test_a_call_that_is_a_statement_is_left_out() -> None:
    text = 'def f():\n    """Says."""\n    send(\n        1,\n    )\n    return f()\n'
    assert changed_texts(text, CALL) == ['def f():\n    """Says."""\n    pass\n    return f()\n']


@pytest.mark.parametrize("call", ["log.info(1)", "checkpoints.reach('a')", "assert_never(a)"])
def test_calls_that_no_test_of_behaviour_sees_stay(call: str) -> None:
    assert changed_texts(f"{call}\n", CALL) == []


def test_every_change_of_the_product_makes_another_valid_module(
    product_changes: list[Change],
) -> None:
    texts = {path: (CHECKOUT / path).read_text() for path in {c.path for c in product_changes}}
    trees = {path: ast.dump(ast.parse(text)) for path, text in texts.items()}
    # One change in a hundred: parsing all modules for each takes a minute.
    for change in product_changes[::100]:
        assert ast.dump(ast.parse(change.apply(texts[change.path]))) != trees[change.path]


def test_one_seed_draws_the_same_changes_each_time(product_changes: list[Change]) -> None:
    assert draw(product_changes, 1, 40) == draw(all_changes(CHECKOUT), 1, 40)
    assert draw(product_changes, 1, 40) != draw(product_changes, 2, 40)


def test_every_place_and_kind_is_drawn_and_no_change_twice(product_changes: list[Change]) -> None:
    drawn = draw(product_changes, 1, 40)
    assert len(set(drawn)) == 40
    for place in PLACES:
        assert sum(change.place == place.name for change in drawn) == 10
    assert {change.kind for change in drawn} == {COMPARISON, CONDITION, CALL}


def test_all_changes_can_be_drawn_from_places_of_unlike_size() -> None:
    changes = find_changes("rules", GATE, RULE) + find_changes("inbox", "a.py", "f()\n")
    assert set(draw(changes, 1, len(changes))) == set(changes)


@pytest.mark.parametrize(
    ("line", "failed"),
    [
        ("FAILED tests/a.py::test_b - assert 1 == 2", "tests/a.py::test_b"),
        ("FAILED tests/a.py::test_b[c - d]@group - assert []", "tests/a.py::test_b[c - d]"),
        ("ERROR tests/a.py::test_b[c[1]]", "tests/a.py::test_b[c[1]]"),
        ("FAILED tests/a.py::test_b[c@d.in]", "tests/a.py::test_b[c@d.in]"),
        ("ERROR tests/a.py - NameError: c", "tests/a.py"),
    ],
)
def test_the_first_failure_is_read_from_the_summary(line: str, failed: str) -> None:
    output = f"FAILED in a log\n=== short test summary info ===\n{line}\nFAILED tests/z.py::z\n"
    assert read_output(output, passed=False) == Tests(passed=False, failed=failed)


def test_tests_that_import_the_module_run_between_nearest_and_rest(
    checkout: Path,
) -> None:
    (checkout / "web").mkdir()
    (checkout / "web/app.py").write_text("from approvals import gate\n")
    for path, text in {
        "tests/web/test_far.py": "",
        "tests/web/test_page.py": "import web.app\n",
        "tests/reports/conftest.py": "import web.app\n",
        "tests/reports/test_list.py": "",
        "tests/test_cli.py": "import approvals.gate\n",
        "tests/house/test_names.py": "import approvals.gate\n",
    }.items():
        (checkout / path).parent.mkdir(exist_ok=True)
        (checkout / path).write_text(text)
    stages = TestFiles(checkout).stages(find_changes("rules", GATE, RULE)[0])
    assert [(stage.name, stage.files) for stage in stages] == [
        ("nearest", ("tests/approvals/test_gate.py",)),
        (
            "importing",
            ("tests/test_cli.py", "tests/web/test_page.py", "tests/reports/test_list.py"),
        ),
        ("rest", ("tests/web/test_far.py",)),
    ]


def test_a_saved_list_is_read_as_it_was_drawn(tmp_path: Path) -> None:
    changes = draw(all_changes(CHECKOUT), 3, 5)
    save_list(tmp_path / "changes.json", changes)
    assert read_list(tmp_path / "changes.json", CHECKOUT) == changes


@pytest.mark.parametrize(
    "text", [RULE.replace("18", "21"), f"# A comment.\n{RULE}", "", None], ids=str
)
def test_a_saved_list_is_refused_if_the_product_changed_since(
    checkout: Path, text: str | None
) -> None:
    save_list(checkout / "changes.json", find_changes("rules", GATE, RULE))
    (checkout / GATE).unlink()
    if text is not None:
        (checkout / GATE).write_text(text)
    with pytest.raises(
        UsageError, match=r"gate.py:2 no longer reads 'return age >= 18': mend the list"
    ):
        read_list(checkout / "changes.json", checkout)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--count", "0"], "--count must be between 1 and 2, the changes there are."),
        (["--count", "3"], "--count must be between 1 and 2, the changes there are."),
        (["--from", "nowhere.json"], "nowhere.json cannot be read: No such file or directory."),
        (["--from", "broken.json"], "broken.json is not a list that --list has written."),
        (
            ["--count", "1", "--compare", "broken.json"],
            "broken.json does not hold results of the mutator.",
        ),
        (
            ["--count", "1", "--results", "other.json"],
            "other.json holds the results of another list: name a new file with --results.",
        ),
    ],
)
def test_bad_input_is_told_in_one_sentence(
    checkout: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    sentence: str,
) -> None:
    monkeypatch.chdir(checkout)
    Path("broken.json").write_text('[{"path": 1}]')
    Path("other.json").write_text("[]")
    assert main(arguments, checkout) == 1
    assert capsys.readouterr().err.removeprefix(f"{checkout}/") == f"{sentence}\n"


@pytest.mark.proof
def test_a_change_is_caught_or_survives_and_neither_is_tried_twice(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["--count", "2", "--workers", "0", "--results", "var/mutate.json"]
    assert main(call, checkout) == 0
    assert (checkout / GATE).read_text() == RULE
    lines = capsys.readouterr().out.splitlines()
    assert any("caught by tests/approvals/test_gate.py::test_adults_may" in line for line in lines)
    assert lines[-2:] == [
        "not caught: approvals/gate.py:6 comparison turned: > → <=",
        "caught 1 of 2",
    ]
    assert main(call, checkout) == 0
    assert capsys.readouterr().out.splitlines() == lines[-2:]


@pytest.mark.proof
def test_a_change_that_was_caught_earlier_and_not_now_is_reported(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["--count", "2", "--workers", "0"]
    main([*call, "--results", "var/before.json"], checkout)
    (checkout / "tests/approvals/test_gate.py").write_text("def test_nothing() -> None: ...\n")
    before = str(checkout / "var/before.json")
    assert main([*call, "--results", "var/after.json", "--compare", before], checkout) == 1
    assert "MISSED, caught earlier: approvals/gate.py:2" in capsys.readouterr().out


@pytest.mark.proof
def test_a_test_that_fails_without_the_change_catches_nothing(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tests = checkout / "tests/approvals/test_gate.py"
    tests.write_text("def test_broken() -> None:\n    assert False\n" + TESTS_OF_RULE)
    assert main(["--count", "2", "--workers", "0", "--nearest"], checkout) == 0
    out = capsys.readouterr().out
    assert "test_broken fails now and then or without the change: left out" in out
    outcomes = read_results(checkout / "var/mutate.json").outcomes.values()
    assert sorted(outcome.result for outcome in outcomes) == ["caught", "not caught nearby"]


@pytest.mark.proof
def test_tests_that_do_not_start_without_a_change_stop_the_run(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / "tests/approvals/conftest.py").write_text("import nothing_of_this_name\n")
    assert main(["--count", "1", "--workers", "0"], checkout) == 1
    assert "The nearest tests do not start without any change" in capsys.readouterr().err


@pytest.mark.proof
def test_tests_that_hang_are_caught_by_time_out(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    endless = RULE.replace("    return age >= 18", "    while age >= 18: age -= 1\n    return True")
    (checkout / GATE).write_text(endless.replace("age -= 1", "age += 0 if age < 18 else -1"))
    assert main(["--count", "3", "--workers", "0", "--minutes", "0.05"], checkout) == 0
    out = capsys.readouterr().out
    assert "timed out by tests that do not end" in out
    rows = json.loads((checkout / "var/mutate.json").read_text())
    assert "timed out" in {row["outcome"]["result"] for row in rows}
    assert out.endswith("of them by time-out\n")
