"""A table of rules as one test: all its rows are tried, and each that fails is named.

As items of their own, thousands of rows took longer to be collected than to be tried.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import partial, wraps

import pytest

Test = Callable[..., None]
Row = dict[str, object]
ROWS = "rows_of_the_table"


def each(names: str, values: Iterable[object]) -> Callable[[Test], Test]:
    """Run a test for each row of values; applied twice, for each pair of rows.

    `names` are the arguments of the test that a row gives, as in `parametrize`.
    """
    keys = names.split(", ")
    rows = [dict(zip(keys, _cells(value, len(keys)), strict=True)) for value in values]
    assert rows, "an empty table proves nothing"

    def decorate(test: Test) -> Test:
        inner: list[Row] = getattr(test, ROWS, [{}])
        innermost: Test = inspect.unwrap(test)
        table = [{**row, **more} for row in rows for more in inner]

        @wraps(innermost)
        def try_all(subtests: pytest.Subtests, **fixtures: object) -> None:
            for row in table:
                with ExitStack() as stack:
                    stack.push(partial(_report, subtests, row))
                    innermost(**row, **fixtures)

        setattr(try_all, ROWS, table)
        try_all.__signature__ = _signature(innermost, table[0])  # type: ignore[attr-defined]  # read by inspect
        return try_all

    return decorate


def _report(
    subtests: pytest.Subtests,
    row: Row,
    _kind: object,
    failure: BaseException | None,
    _trace: object,
) -> bool:
    """Report what a row raised as a subtest, and go on with the next row; an end of pytest ends."""
    if isinstance(failure, (Exception, pytest.fail.Exception)):
        with subtests.test(_label(row)):
            raise failure
        return True
    return False


def _cells(value: object, count: int) -> tuple[object, ...]:
    if count == 1:
        return (value,)
    assert isinstance(value, (tuple, list))
    return tuple(value)


def _signature(test: Test, row: Row) -> inspect.Signature:
    """Return the signature by which pytest finds the fixtures: without what a row gives."""
    parameters = inspect.signature(test).parameters.values()
    wanted = [parameter for parameter in parameters if parameter.name not in row]
    subtests = inspect.Parameter("subtests", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return inspect.Signature([subtests, *wanted])


def _label(row: Row) -> str:
    return "-".join(str(getattr(value, "__name__", value)) for value in row.values())
