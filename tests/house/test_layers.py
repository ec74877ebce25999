"""The layers of imports are complete, and breaking each of them is found."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.house.complaints import expect_none
from tools.source import Source, product, read

CONTRACTS = tomllib.loads(read("pyproject.toml"))["tool"]["importlinter"]
SHOWN = {contract["id"]: contract["name"] for contract in CONTRACTS["contracts"]}

# The two modules at the top, which the linter cannot read, and what each may not import.
AT_THE_TOP = {
    "cli": {"flask", "flask_babel", "flask_wtf", "werkzeug", "apscheduler", "tweepy", "facebook"},
    "scheduler": {"flask", "flask_babel", "flask_wtf", "werkzeug", "web", "sandbox", "cli"},
}

# Packages whose own packages lie in layers that are apart.
SPLIT = {"publisher.mail"}


def layers() -> list[list[str]]:
    """Return the packages of each layer, from the highest to the lowest."""
    contract = next(contract for contract in CONTRACTS["contracts"] if contract["id"] == "layers")
    return [line.strip("()").replace("|", ":").split(" : ") for line in contract["layers"]]


def packages() -> set[str]:
    """Return every top-level module, and every one right below `publisher`."""
    imports = set()
    for source in product():
        parts = source.path.removesuffix(".py").split("/")
        depth = 3 if ".".join(parts[:2]) in SPLIT else 2 if parts[0] == "publisher" else 1
        imports.add(".".join(parts[:depth]).removesuffix(".__init__"))
    return imports - {"publisher", "sandbox", *SPLIT, *AT_THE_TOP}


def write_product(folder: Path, imports: dict[str, str]) -> None:
    """Write an empty product with a package for each layer, and with these imports."""
    flat = [room for layer in layers() for room in layer]
    everywhere = {
        *flat,
        *imports,
        *SPLIT,
        "sandbox",
        "migrations",
        "publisher",
        "publisher.database.inner",
    }
    for room in sorted(everywhere):
        path = folder / room.replace(".", "/") / "__init__.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"import {imports[room]}\n" if room in imports else "")
    (folder / "pyproject.toml").write_text(read("pyproject.toml"))


def linter_output(folder: Path) -> str:
    """Return the linter's output, or "" if every contract is kept."""
    call = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", "--no-logo"]
    done = subprocess.run(call, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


def test_every_room_stands_in_a_layer() -> None:
    named = {room for layer in layers() for room in layer}
    assert packages() - named == set()


def test_every_package_of_the_product_is_linted() -> None:
    roots = {source.root for source in product()} - set(AT_THE_TOP)
    assert roots <= set(CONTRACTS["root_packages"])


def test_each_contract_can_be_broken(tmp_path: Path) -> None:
    upper, lower = layers()[-2][0], layers()[-1][0]
    imports = {
        lower: f"{upper}, typst",
        "sandbox": "approvals",
        "web": "scheduler, apscheduler, tweepy, sandbox",
        "migrations": "flask_wtf",
        "publisher.platforms": "sqlalchemy",
    }
    write_product(tmp_path, imports)
    output = linter_output(tmp_path)
    assert [name for name in SHOWN.values() if f"{name} BROKEN" not in output] == []


def find_upward(source: Source) -> Iterator[str]:
    """Find imports of `scheduler` and `cli` that are not permitted."""
    for node in ast.walk(source.tree):
        names = [name.name for name in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            if name.split(".")[0] in AT_THE_TOP.get(source.root, ()):
                yield f"{source.at(node)} imports {name}"


def test_the_front_door_and_the_clock_import_only_what_is_theirs() -> None:
    assert list(find_upward(Source("scheduler.py", "def f() -> None:\n    from web.app import x")))
    expect_none(upward for source in product() for upward in find_upward(source))
