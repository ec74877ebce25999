"""What "in force" means is written once: other modules ask the appointment for it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.house.complaints import expect_none
from tools.source import Source, product

TERM = {"from_at", "until_at"}
#: Other things that last from one time to another, by the names that they have in the product.
OTHERS = {"Duty", "duty", "Freeze", "freeze", "Routing", "routing", "form"}
#: The meaning itself, and who has not ended: that one keeps a place, whatever its rights are.
DEFINES = ("publisher.models.people", "publisher.people.permissions")


def find_written_out(source: Source) -> Iterator[str]:
    """Find comparisons of an appointment's begin or end with a time."""
    if source.is_in(*DEFINES, "publisher.delivery.controls.freeze", "sandbox"):
        return
    for node in source.nodes:
        if any(_is_term(operand) for operand in _operands(node)):
            yield f"{source.at(node)}: ask Appointment.in_force or in_force_at"


def _operands(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.Compare():
            return [node.left, *node.comparators]
        case ast.Call(func=ast.Attribute(value=value, attr="is_" | "is_not" | "between")):
            return [value]
    return []


def _is_term(node: ast.expr) -> bool:
    if not isinstance(node, ast.Attribute) or node.attr not in TERM:
        return False
    owner = node.value.value if isinstance(node.value, ast.Attribute) else node.value
    return not (isinstance(owner, ast.Name) and owner.id in OTHERS)


def test_nobody_writes_out_what_in_force_means() -> None:
    expect_none(problem for source in product() for problem in find_written_out(source))


def test_a_term_that_is_written_out_is_found() -> None:
    text = "or_(other.until_at.is_(None), other.until_at > now, Duty.until_at > now)"
    assert len(list(find_written_out(Source("publisher/example.py", text)))) == 2
