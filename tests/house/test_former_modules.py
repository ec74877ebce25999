"""No file contains the old path of a module that was moved."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.house.complaints import expect_none
from tools.environment import ROOT
from tools.source import read, texts

LIST = "tests/house/former_modules.txt"
IMPORT = re.compile(r"\bfrom ([\w.]+) import (?:\(([^)]*)\)|([^\n]*))")
JOINED = re.compile(r"""["'][ \t]*/[ \t]*["']""")
PRETENDED = {
    "publisher.attic": "publisher.delivery",
    "publisher.attic.claiming": "publisher.delivery.claim",
    "web.cellar": "",
}


def former_modules(text: str) -> dict[str, str]:
    """Return each former module with its new name, or ""."""
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return {name: new[0] if new else "" for name, *new in lines}


def find_former(name: str, text: str, former: dict[str, str]) -> Iterator[str]:
    """Find the places of a text that contain a former module's path, with dots or slashes."""
    for at, path in _paths(JOINED.sub("/", text), {module.split(".")[0] for module in former}):
        parts = path.replace("/", ".").split(".")
        dotted = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
        if old := next(filter(former.__contains__, dotted), None):
            new = former[old] or "the path of the module that took its place"
            yield f"{name}:{text.count(chr(10), 0, at) + 1} {old} is gone: write {new}"


def _paths(text: str, roots: set[str]) -> Iterator[tuple[int, str]]:
    if not roots:
        return
    for path in re.finditer(rf"(?<![\w.])(?:{'|'.join(roots)})(?:[./]\w+)+", text):
        yield path.start(), path[0]
    for line in IMPORT.finditer(text):
        if line[1].split(".")[0] in roots:
            names = re.findall(r"\w+", line[2] or line[3])
            yield from ((line.start(), f"{line[1]}.{name}") for name in names)


def test_no_file_names_a_module_that_is_gone() -> None:
    former = former_modules(read(LIST))
    files = [(name, text) for name, text in texts() if name != LIST]
    expect_none({problem for name, text in files for problem in find_former(name, text, former)})


def test_no_module_that_exists_is_listed_as_gone() -> None:
    assert [name for name in former_modules(read(LIST)) if _exists(name.replace(".", "/"))] == []


def _exists(path: str) -> bool:
    # A folder that git has emptied may still have its caches.
    return (ROOT / f"{path}.py").exists() or any((ROOT / path).glob("*.*"))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("docs/a.md", "see `publisher.attic.claiming.claim_due`"),
        ("docs/a.md", "see [the claim](../publisher/attic/claiming.py)"),
        ("tests/mutants/a.patch", "--- a/publisher/attic/claiming.py\n"),
        ("tests/mutants/a.patch", "+from publisher.attic import claiming\n"),
        ("web/a.py", "from publisher.attic import (\n    bench,\n    claiming as c,\n)\n"),
        ("web/a.py", 'path = ROOT / "publisher" / "attic" / "claiming.py"'),
        ("pyproject.toml", '"publisher.attic.claiming",'),
    ],
)
def test_an_old_path_is_found(name: str, text: str) -> None:
    sentences = set(find_former(name, text, PRETENDED))
    expected = f"{name}:1 publisher.attic.claiming is gone: write publisher.delivery.claim"
    assert expected in sentences


def test_a_former_package_is_found_by_itself() -> None:
    (sentence,) = find_former("a.toml", "x\n{publisher.attic}", PRETENDED)
    assert sentence == "a.toml:2 publisher.attic is gone: write publisher.delivery"
    (sentence,) = set(find_former("a.py", "from web.cellar import views", PRETENDED))
    assert "the path of the module that took its place" in sentence


@pytest.mark.parametrize(
    "text",
    [
        "publisher.attics",
        "publisher.attic2.x",
        "x.publisher.attic",
        "my_publisher/attic",
        "from web import cellars",
        "from elsewhere import attic",
    ],
)
def test_other_paths_pass(text: str) -> None:
    assert list(find_former("a.py", text, PRETENDED)) == []


def test_the_list_has_a_module_a_line_and_comments() -> None:
    assert former_modules("# why\n\na.b c.d\na.c\n") == {"a.b": "c.d", "a.c": ""}
    assert list(find_former("a.py", "from a import b", {})) == []
