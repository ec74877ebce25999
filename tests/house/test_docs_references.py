"""What the docs name exists: files, tests, targets of make, and commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

from cli import nagarvani
from tests.house.complaints import expect_none
from tools.environment import ROOT
from tools.source import read, texts

FOLDERS = "approvals|bench|commands|demo|migrations|publisher|sandbox|tests|tools|web"
ENDINGS = "py|txt|toml|js|html|css|po|sh|yml|yaml|json"
FILE = re.compile(
    rf"(?<![\w./-])(?P<path>(?:{FOLDERS})(?:/[\w.-]+)*/[\w.-]+\.(?:{ENDINGS}))\b(?:::(?P<test>\w+))?"
)
FOLDER_OF_TESTS = re.compile(r"`(?P<path>tests(?:/\w+)+)/?`")
CODE = re.compile(r"^ {4}.*$|`[^`\n]+`", re.MULTILINE)
TARGET = re.compile(r"(?<![\w-])make (?P<name>[a-z]\w*)")
COMMAND = re.compile(r"(?<![\w.@=-])(?<!--owner )nagarvani(?P<words>(?: [a-z][a-z-]*)+)")


def find_missing(name: str, text: str) -> Iterator[str]:
    """Find what a document names that does not exist."""
    for match in FILE.finditer(text):
        yield from _missing_file(name, text, match)
    for match in FOLDER_OF_TESTS.finditer(text):
        if not (ROOT / match["path"]).is_dir():
            yield f"{_place(name, text, match)}: there is no folder {match['path']}"
    for code in CODE.finditer(text):
        for match in TARGET.finditer(text, code.start(), code.end()):
            if f"\n{match['name']}:" not in read("Makefile"):
                yield f"{_place(name, text, match)}: there is no target `make {match['name']}`"
        for match in COMMAND.finditer(text, code.start(), code.end()):
            if (command := unknown_command(match["words"].split())) is not None:
                yield f"{_place(name, text, match)}: there is no command `{command}`"


def _missing_file(name: str, text: str, match: re.Match[str]) -> Iterator[str]:
    path, test = match["path"], match["test"]
    if not (ROOT / path).is_file():
        yield f"{_place(name, text, match)}: there is no file {path}{_moved_to(path)}"
    elif test and f"def {test}(" not in read(path):
        yield f"{_place(name, text, match)}: {path} has no test {test}"


def _moved_to(path: str) -> str:
    """Return where files of this name are, for a path that was moved."""
    parent = path.partition("/")[0]
    found = sorted((ROOT / parent).rglob(Path(path).name))
    places = " or ".join(str(place.relative_to(ROOT)) for place in found)
    return f": write {places}" if places else ""


def unknown_command(words: list[str]) -> str | None:
    """Return the command that these words name, if there is none; words may follow a command."""
    group: click.Command = nagarvani
    while words and words[0] == "nagarvani":  # the user's name stood before it
        words = words[1:]
    for number, word in enumerate(words, 1):
        if not isinstance(group, click.Group):
            return None
        if word not in group.commands:
            return " ".join(["nagarvani", *words[:number]])
        group = group.commands[word]
    return None


def _place(name: str, text: str, match: re.Match[str]) -> str:
    return f"{name}:{text.count(chr(10), 0, match.start()) + 1}"


def _documents() -> list[tuple[str, str]]:
    """Return what readers are given; a decision that was superseded tells of its own day."""
    documents = [(name, text) for name, text in texts() if name.endswith(".md")]
    return [
        (name, text)
        for name, text in documents
        if name != "CHANGELOG.md" and "**Status.** Superseded" not in text
    ]


def test_what_the_docs_name_exists() -> None:
    documents = _documents()
    assert {"README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/running.md"} <= {
        name for name, _text in documents
    }
    expect_none({missing for name, text in documents for missing in find_missing(name, text)})


def test_what_does_not_exist_is_found() -> None:
    text = (
        "`tests/house/test_gone.py`, tests/house/test_docs_references.py::test_gone, `tests/gone`\n"
        "and web/test_docs_references.py. `make gone`, `make test`, `nagarvani gone`, make sure,\n"
        "`nagarvani people gone`, `nagarvani people list`, `nagarvani web`, nagarvani of old,\n"
        "    sudo -u nagarvani nagarvani mail gone\n"
        "and `tests/house/test_layers.py` too."
    )
    assert [missing.partition(": ")[2] for missing in find_missing("a.md", text)] == [
        "there is no file tests/house/test_gone.py",
        "tests/house/test_docs_references.py has no test test_gone",
        "there is no file web/test_docs_references.py",
        "there is no folder tests/gone",
        "there is no target `make gone`",
        "there is no command `nagarvani gone`",
        "there is no command `nagarvani people gone`",
        "there is no command `nagarvani mail gone`",
    ]


def test_a_path_that_was_moved_is_given_with_its_new_place() -> None:
    text = "`tests/web/test_docs_references.py`"
    (line,) = find_missing("a.md", text)
    assert line.endswith("test_docs_references.py: write tests/house/test_docs_references.py")
