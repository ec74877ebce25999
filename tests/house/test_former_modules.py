"""No file contains the old path of a module that was moved."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.house.complaints import expect_none
from tools.environment import ROOT
from tools.source import read, texts

LIST = "tests/house/former_modules.txt"
IMPORT = re.compile(r"\bfrom ([\w.]+) import (?:\(([^)]*)\)|([^\n]*))")
JOINED = re.compile(r"""["'][ \t]*/[ \t]*["']""")


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


def test_an_old_path_is_found() -> None:
    former = {"publisher.attic.claiming": "publisher.delivery.claim"}
    text = "from publisher.attic import (\n    bench,\n    claiming as c,\n)\n"
    expected = "web/a.py:1 publisher.attic.claiming is gone: write publisher.delivery.claim"
    assert list(find_former("web/a.py", text, former)) == [expected]
