"""Private and filler names are found, with a sentence that says what to write instead."""

from __future__ import annotations

import pytest

from tests.house.complaints import complaints_of
from tests.support.tables import each
from tools.figures import names
from tools.figures.figure import Tree
from tools.source import Source


@each(
    "text",
    [
        "found = 1",
        "def f(found): ...",
        "for found in []: ...",
        "[0 for found in ()]",
        "with a as found: ...",
        "found: int = 1",
        "_found = 1",
        "if found := 1: ...",
    ],
)
def test_a_variable_called_found_is_found(text: str) -> None:
    (sentence,) = complaints_of("private_words", [Source("web/a.py", text)])
    assert "name a value by its noun" in sentence


@pytest.mark.parametrize("text", ["delivery = 1", "print(found)", "self.found = 1", "f(found=1)"])
def test_a_noun_and_a_name_that_is_only_read_pass(text: str) -> None:
    assert complaints_of("private_words", [Source("web/a.py", text)]) == []


def test_the_share_is_of_all_variables_without_self_and_cls() -> None:
    sources = [Source("web/a.py", "def f(self, cls, one, row, name): key = 1")]
    assert names.private_words(Tree(sources)).amount == 25


def test_private_words_are_counted_for_each_package() -> None:
    sources = [
        Source("publisher/now.py", "one = 1"),
        Source("publisher/inbox/__init__.py", "one = 1"),
        Source("publisher/inbox/a/b.py", "one = 1"),
        Source("web/core/a.py", "row = 1"),
    ]
    counted = names.private_words_by_package(Tree(sources))
    assert counted == {"publisher": 1, "publisher.inbox": 2, "web": 0}


def test_a_variable_called_item_is_found() -> None:
    (sentence,) = complaints_of("fillers", [Source("web/a.py", "for item in rows: ...")])
    assert "instead of `item`" in sentence


def test_a_name_that_newly_makes_up_a_hundredth_is_found() -> None:
    others = "".join(f"a{number} = session = 1\n" for number in range(99))
    assert complaints_of("newly_common", [Source("web/a.py", f"{others}row = 1")], ceiling=99) == []
    rare = [Source("web/a.py", "session = 1\n" * 199 + "row = 1\n")]
    assert complaints_of("newly_common", rare) == []
    common = [Source("web/a.py", "session = 1\n" * 197 + "row = 1\n" * 2)]
    (sentence,) = complaints_of("newly_common", common)
    assert "by its own noun" in sentence


@pytest.mark.parametrize(
    "path",
    [
        "web/sending.py",
        "web/text_sending.py",
        "web/sending/__init__.py",
        "web/post_sent.py",
    ],
)
def test_a_module_named_by_an_activity_is_found(path: str) -> None:
    (sentence,) = complaints_of("activity_modules", [Source(path, "")])
    assert "name the module by its thing or act" in sentence


@pytest.mark.parametrize(
    "path",
    ["web/routing.py", "web/sending_form.py", "web/feed.py", "demo/sending.py"],
)
def test_a_module_named_by_a_noun_passes(path: str) -> None:
    assert complaints_of("activity_modules", [Source(path, "")]) == []


@pytest.mark.parametrize(("path", "number"), [("found", 1), ("restored", 1), ("left_over", 0)])
def test_a_module_named_by_a_bare_participle_is_found(path: str, number: int) -> None:
    assert len(complaints_of("bare_participles", [Source(f"web/{path}.py", "")])) == number


def test_a_class_name_that_exists_is_found() -> None:
    sources = [Source("web/a.py", "class Step: ..."), Source("web/b.py", "class Step: ...")]
    (sentence,) = complaints_of("repeated_classes", sources)
    assert "give the class a name of its own" in sentence
    sandbox = [Source("web/a.py", "class Step: ..."), Source("sandbox/b.py", "class Step: ...")]
    assert complaints_of("repeated_classes", sandbox) == []


def test_a_test_name_of_more_than_90_letters_is_found() -> None:
    tests = [Source("tests/a.py", f"def test_{'a' * 86}() -> None: ...")]
    (sentence,) = complaints_of("test_names_over_90", [], tests=tests)
    assert "in at most about 70 letters" in sentence
    assert complaints_of("test_names_over_70", [], tests=tests) != []
    shorter = [Source("tests/a.py", f"def test_{'a' * 85}() -> None: ...")]
    assert complaints_of("test_names_over_90", [], tests=shorter) == []


@pytest.mark.parametrize("call", ["Department(code=1)", "models.people.Department(code=1)"])
def test_a_second_city_is_found(call: str) -> None:
    paths = ("tests/support/city_people.py", "bench/city.py")
    tests = [Source(path, f"row = {call}") for path in paths]
    (sentence,) = complaints_of("city_builders", [], tests=tests, ceiling=1)
    assert "use tests/support/city.py" in sentence
    assert complaints_of("city_builders", [], tests=tests[:1], ceiling=1) == []
