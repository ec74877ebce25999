"""Lock numbers until the transaction ends; SQLite, which has one writer, needs no locks."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sqlalchemy import Integer, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

TASKS: Final = 57
"""The namespace of the departments whose tasks are refreshed."""

# ORDER BY inside the subquery: every caller that locks several takes them in the same order.
_LOCK_NUMBERS: Final = text(
    "SELECT count(pg_advisory_xact_lock(:namespace, number)) "
    "FROM (SELECT unnest(:numbers) AS number ORDER BY 1) AS sorted"
).bindparams(bindparam("numbers", type_=ARRAY(Integer)))


def lock_numbers(session: Session, namespace: int, numbers: Collection[int]) -> None:
    """Wait for the locks of these numbers, in their order; they end with the transaction."""
    if numbers and session.connection().dialect.name != "sqlite":
        values = {"namespace": namespace, "numbers": sorted(numbers)}
        session.connection().execute(_LOCK_NUMBERS, values)


def try_lock_number(session: Session, namespace: int, number: int) -> bool:
    """Return False at once if another transaction holds the lock of this number, else take it."""
    if session.connection().dialect.name == "sqlite":
        return True
    return bool(session.scalar(select(func.pg_try_advisory_xact_lock(namespace, number))))
