"""Numbered pages of a list: the part to show, and the links to the next and previous parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Generic, TypeVar
from urllib.parse import urlencode

from flask import request
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from web.core.page_path import path_of_page
from web.forms import number_of

Row = TypeVar("Row")
PAGE_SIZE = 25


@dataclass(frozen=True)
class PageOfList(Generic[Row]):
    """A page of a list of `total` rows; `number` begins with 1, and so does `first`.

    If it is `from_end`, page 1 has the last rows, and the next page those before them. `parameter`
    is the name of the number in the URL: each of several lists on a page has its own.
    """

    rows: Sequence[Row]
    number: int
    total: int
    size: int
    from_end: bool = False
    parameter: str = "page"

    @property
    def first(self) -> int:
        """Return the position of the first row."""
        if self.from_end:
            return max(0, self.total - self.number * self.size) + 1
        return (self.number - 1) * self.size + 1

    @property
    def next_href(self) -> str | None:
        """Return the URL of the next page, None on the last."""
        is_last = self.number * self.size >= self.total
        return None if is_last else _href(self.parameter, self.number + 1)

    @property
    def previous_href(self) -> str | None:
        """Return the URL of the previous page, None on the first."""
        return _href(self.parameter, self.number - 1) if self.number > 1 else None


def _href(parameter: str, number: int) -> str:
    """Return the URL of the present page with another number."""
    return f"{path_of_page()}?{urlencode({**request.args.to_dict(), parameter: number})}"


def _number(total: int, size: int, parameter: str = "page") -> int:
    """Return the number in the URL, or the nearest that exists."""
    return min(max(1, number_of(request.args.get(parameter))), max(1, ceil(total / size)))


def page_of_rows(rows: Sequence[Row], size: int = PAGE_SIZE) -> PageOfList[Row]:
    """Return the page of these rows that the URL asks for."""
    number = _number(len(rows), size)
    return PageOfList(rows[(number - 1) * size : number * size], number, len(rows), size)


def newest_page(rows: Sequence[Row], size: int = 50) -> PageOfList[Row]:
    """Return the page that the URL asks for, from rows that begin with the oldest."""
    number = _number(len(rows), size)
    end = len(rows) - (number - 1) * size
    return PageOfList(rows[max(0, end - size) : end], number, len(rows), size, from_end=True)


def page_of_query(
    session: Session, query: Select[Row], size: int = PAGE_SIZE, *, parameter: str = "page"
) -> PageOfList[Row]:
    """Return the page of this sorted query's rows that the URL asks for, by two statements."""
    counted = query.order_by(None).subquery()
    total = session.scalar(select(func.count()).select_from(counted)) or 0
    number = _number(total, size, parameter)
    rows = session.scalars(query.offset((number - 1) * size).limit(size)).all()
    return PageOfList(rows, number, total, size, parameter=parameter)
