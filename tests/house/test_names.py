from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePath

import pytest

from tests.house.reading import Source, expect_none, product

NEVER = {
    *("data", "helper", "helpers", "job", "jobs", "manager", "managers", "misc"),
    *("process", "processes", "status", "task", "tasks", "util", "utils"),
}
NEVER_IN_DEFINITIONS = {"helper", "job", "manager", "task", "util", "utils", "status"}


def words_of(name: str) -> list[str]:
    """The words of a name: "PostState" and "post_state" are ["post", "state"]."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return [word for word in spaced.lower().split("_") if word]


def complaints(source: Source) -> Iterator[str]:
    """Names of modules, classes and functions that are not the design's."""
    for part in PurePath(source.path).with_suffix("").parts:
        if is_forbidden(words_of(part), NEVER):
            yield f"{source.path}: a module is not called {part}"
    for node in ast.walk(source.tree):
        defines = isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if defines and is_forbidden(words_of(node.name), NEVER_IN_DEFINITIONS):  # type: ignore[attr-defined]  # narrowed above
            yield f"{source.at(node)}: {node.name} is not one of our words"  # type: ignore[attr-defined]  # narrowed above


def is_forbidden(words: list[str], never: set[str]) -> bool:
    """Whether one of the words is, or two of them make "content item"."""
    return bool(never & set(words)) or "content_item" in "_".join(words)


def test_names_are_the_words_of_the_design() -> None:
    expect_none(found for source in product() for found in complaints(source))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("publisher/utils.py", ""),
        ("publisher/media_helper.py", ""),
        ("publisher/data/x.py", ""),
        ("publisher/desk/x.py", "class ContentItem: ..."),
        ("publisher/desk/x.py", "class PostManager: ..."),
        ("publisher/desk/x.py", "def post_status(): ..."),
        ("publisher/desk/x.py", "async def run_task(): ..."),
    ],
)
def test_a_forbidden_name_is_found_out(path: str, text: str) -> None:
    assert list(complaints(Source(path, text)))


def test_the_designs_own_words_pass() -> None:
    text = "class PostState: ...\ndef process_bind_param(): ...\ndef taskbar(): ..."
    assert not list(complaints(Source("publisher/moving.py", text)))
