"""The README of the templates describes the macros that exist, with their parameters."""

from __future__ import annotations

import re
from pathlib import Path

from jinja2 import Environment, nodes

TEMPLATES = Path(__file__).parent.parent.parent / "web" / "templates"
SECTION = re.compile(r"^## (\S+\.html)(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
SIGNATURE = re.compile(r"`(\w+)\(([^`]*)\)`")
BRACKETS = re.compile(r"\[[^\]]*\]|\{[^}]*\}|\([^)]*\)|\"[^\"]*\"")
IMPORT = re.compile(r'{%-? from "(macros/\w+\.html)" import ([^%]*?)( with context)? -?%}')
README = (TEMPLATES / "README.md").read_text("utf-8")
SECTIONS = dict(SECTION.findall(README))


def macros_of(name: str) -> dict[str, set[str]]:
    """Return the parameters of each macro in a file."""
    tree = Environment(autoescape=True).parse((TEMPLATES / name).read_text("utf-8"))
    return {macro.name: {arg.name for arg in macro.args} for macro in tree.find_all(nodes.Macro)}


def parameters_of(signature: str) -> set[str]:
    """Return the parameters that a signature names; those shown as a value have no name."""
    parts = [part.partition("=")[0].strip() for part in BRACKETS.sub("", signature).split(",")]
    return {part for part in parts if part.isidentifier()}


def imported_macros() -> dict[str, set[str]]:
    """Return the names that templates import from each file of macros."""
    names: dict[str, set[str]] = {}
    for path in TEMPLATES.rglob("*.html"):
        for file, imports, _context in IMPORT.findall(path.read_text("utf-8")):
            parts = (part.split(" as ")[0].strip() for part in imports.split(","))
            names.setdefault(file, set()).update(parts)
    return names


def test_a_signature_in_the_readme_names_parameters_of_a_macro() -> None:
    for name, section in SECTIONS.items():
        macros, signatures = macros_of(name), SIGNATURE.findall(section)
        assert signatures, name
        for macro, signature in signatures:
            assert parameters_of(signature) - macros[macro] == set(), (name, macro)


def test_every_macro_that_a_template_imports_is_in_the_readme() -> None:
    for name, macros in imported_macros().items():
        assert macros - set(re.findall(r"`(\w+)[(`]", SECTIONS[name])) == set(), name
