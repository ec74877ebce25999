"""Rules on which modules may commit, change a state, read the time, or import what."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.house.complaints import expect_none
from tools.source import Source, product, python_files

COMMITS = {"commit", "begin"}
CLOCKS = {
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "time.time",
    "time.time_ns",
    "time.localtime",
    "time.gmtime",
    "time.ctime",
    "sqlalchemy.func.now",
    "sqlalchemy.func.current_timestamp",
    "sqlalchemy.func.localtimestamp",
}
STOPWATCHES = {"time.monotonic", "time.monotonic_ns", "time.perf_counter"}
MAY_MEASURE = (
    *("publisher.platforms", "publisher.failpoints", "publisher.database.engines", "demo"),
    *("sandbox", "cli"),
)


def find_commits(source: Source) -> Iterator[str]:
    """Find calls that end a transaction, or open one that ends by itself."""
    if source.is_in("publisher.database.session", "sandbox"):
        return
    for call, _ in source.calls():
        if isinstance(call.func, ast.Attribute) and call.func.attr in COMMITS:
            yield f"{source.at(call)} .{call.func.attr}(): only database/session.py commits"


def find_clocks(source: Source) -> Iterator[str]:
    """Find calls that read the time of the machine or of the database."""
    if source.is_in("publisher.now", "sandbox.now"):
        return
    for call, name in source.calls():
        if name in CLOCKS or (name in STOPWATCHES and not source.is_in(*MAY_MEASURE)):
            yield f"{source.at(call)} {name}: only now.py reads the time"


def find_moves(source: Source) -> Iterator[str]:
    """Find assignments to a state, in Python or SQL, outside `transitions` and the claim."""
    if source.is_in("publisher.transitions", "sandbox"):
        return
    claims = {id(node) for node in _claims(source)}
    for node in ast.walk(source.tree):
        if id(node) not in claims and _assigns_state(node):
            yield f"{source.at(node)}: only publisher/transitions.py and the claim assign a state"


def _claims(source: Source) -> Iterator[ast.AST]:
    """Yield all nodes of the functions that claim."""
    if source.is_in("publisher.delivery"):
        for function in source.functions():
            if "claim" in function.name:
                yield from ast.walk(function)


def _assigns_state(node: ast.AST) -> bool:
    match node:
        case ast.Assign(targets=targets):
            return any(_is_state(target) for target in targets)
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
            return _is_state(target)
        case ast.Call(func=ast.Name(id="setattr"), args=[_, ast.Constant(value="state"), _]):
            return True
        case ast.Call(func=ast.Attribute(attr="values" | "update"), args=args, keywords=keywords):
            names = [keyword.arg for keyword in keywords]
            return "state" in names or any(_has_state_key(argument) for argument in args)
    return False


def _is_state(target: ast.expr) -> bool:
    if isinstance(target, ast.Tuple | ast.List):
        return any(_is_state(part) for part in target.elts)
    return isinstance(target, ast.Attribute) and target.attr == "state"


def _has_state_key(argument: ast.expr) -> bool:
    if not isinstance(argument, ast.Dict):
        return False
    keys = (key.value for key in argument.keys if isinstance(key, ast.Constant))
    columns = (key.attr for key in argument.keys if isinstance(key, ast.Attribute))
    return "state" in {*keys, *columns}


def find_foreign_imports(source: Source) -> Iterator[str]:
    """Find imports of `approvals` from outside the standard library."""
    for node in ast.walk(source.tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "."]
        for name in names:
            if name.split(".")[0] not in {*sys.stdlib_module_names, "approvals"}:
                yield f"{source.at(node)} imports {name}: approvals is plain Python"


def test_only_the_database_module_commits() -> None:
    expect_none(find_commit for source in product() for find_commit in find_commits(source))


def test_only_now_reads_the_time() -> None:
    expect_none(find_clock for source in product() for find_clock in find_clocks(source))


def test_only_moving_and_the_claim_assign_a_state() -> None:
    expect_none(find_move for source in product() for find_move in find_moves(source))


def test_the_rulebook_imports_nothing_but_the_standard_library() -> None:
    rulebook = python_files("approvals")
    assert rulebook
    expect_none(
        find_foreign_import
        for source in rulebook
        for find_foreign_import in find_foreign_imports(source)
    )


@pytest.mark.parametrize(
    ("find", "path", "text"),
    [
        (find_commits, "publisher/intake/submit.py", "session.commit()"),
        (find_clocks, "publisher/delivery/failures.py", "from time import time\ntime()"),
        (find_moves, "publisher/review/decide.py", "a, post.state = 1, 2"),
        (find_foreign_imports, "approvals/gate.py", "from sqlalchemy import text"),
    ],
)
def test_each_rule_finds_what_breaks_it(
    find: Callable[[Source], Iterator[str]], path: str, text: str
) -> None:
    assert list(find(Source(path, text)))
