"""Only `publisher/platforms` knows a platform by its name: elsewhere capabilities are asked."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from jinja2 import Environment, nodes

from publisher.platforms.registry import all_platforms
from tests.house.complaints import expect_none
from tools.environment import ROOT
from tools.source import Source, product

NAMES = frozenset(platform.name for platform in all_platforms())
LABELS = re.compile(r"(?<![\w\\-])(?:X|Facebook)(?![\w-])")
REMEDY = "ask publisher.platforms.registry.capabilities(name)"
# The scenarios of rehearsals tell what happens on the practice platforms.
MAY_SAY_LABELS = ("web.rehearsals", "demo", "commands", "cli")
TEMPLATES = Environment(autoescape=True, extensions=["jinja2.ext.i18n"], trim_blocks=True)


def find_names(source: Source) -> Iterator[str]:
    """Find comparisons with a platform's name, tables keyed by names, and lists of names."""
    if source.is_in("publisher.platforms", "sandbox", "migrations"):
        return
    for node in ast.walk(source.tree):
        if _compares(node) or _is_table(node):
            yield f"{source.at(node)} names a platform: {REMEDY}"


def _compares(node: ast.AST) -> bool:
    match node:
        case ast.Compare(left=left, comparators=comparators):
            return any(_has_name(operand) for operand in (left, *comparators))
        case ast.MatchValue(value=value):
            return _has_name(value)
        case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
            return _has_name(value)
        case ast.Subscript(slice=key):
            return _has_name(key)
    return False


def _is_table(node: ast.AST) -> bool:
    match node:
        case ast.Dict(keys=keys):
            return any(_has_name(key) for key in keys if key is not None)
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            return {part.value for part in parts if isinstance(part, ast.Constant)} >= NAMES
    return False


def _has_name(node: ast.AST) -> bool:
    """Return True for a name, and for a collection of names."""
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return any(_has_name(part) for part in node.elts)
    return isinstance(node, ast.Constant) and node.value in NAMES


def find_labels(source: Source) -> Iterator[str]:
    """Find texts that say what a platform is called."""
    if source.is_in("publisher.platforms", "sandbox", "migrations", *MAY_SAY_LABELS):
        return
    prose = {id(node.value) for node in ast.walk(source.tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Constant) or id(node) in prose:
            continue
        if isinstance(node.value, str) and LABELS.search(node.value):
            yield f"{source.at(node)} says what a platform is called: {REMEDY}"


def find_in_template(name: str, text: str) -> Iterator[str]:
    """Find names in the expressions of a template, and labels in its texts."""
    tree = TEMPLATES.parse(text)
    for constant in tree.find_all(nodes.Const):
        if constant.value in NAMES or LABELS.search(str(constant.value)):
            yield f"{name}:{constant.lineno} names a platform: {REMEDY}"
    for attribute in tree.find_all(nodes.Getattr):
        if attribute.attr in NAMES - {"x"}:  # charts have an x
            yield f"{name}:{attribute.lineno} names a platform: {REMEDY}"
    for part in tree.find_all(nodes.TemplateData):
        if LABELS.search(part.data):
            yield f"{name}:{part.lineno} says what a platform is called: {REMEDY}"


def test_no_code_outside_the_platforms_knows_one_by_its_name() -> None:
    expect_none(complaint for source in product() for complaint in find_names(source))


def test_no_text_outside_the_platforms_says_what_one_is_called() -> None:
    expect_none(complaint for source in product() for complaint in find_labels(source))


def test_no_template_knows_a_platform_by_its_name() -> None:
    folder = ROOT / "web" / "templates"
    expect_none(
        complaint
        for path in sorted(folder.rglob("*.html"))
        for complaint in find_in_template(str(path.relative_to(ROOT)), path.read_text("utf-8"))
    )


def test_names_and_labels_are_found_and_prose_is_left_alone() -> None:
    source = Source("web/example.py", '"""On X."""\nif platform == "x":\n    say("On X it is 23.")')
    assert [len([*find(source)]) for find in (find_names, find_labels)] == [1, 1]
    assert len([*find_in_template("page.html", '<p>Facebook</p>{{ rule(of="x") }}')]) == 2
