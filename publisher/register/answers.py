"""Read the rows of a file as answers: a department, its people, and the order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import partial

from publisher.auth.contact_details import BadPerson, Problems, read_identifier
from publisher.i18n.date_parsing import BadWhen, parse_day, plain_text
from publisher.i18n.languages import latin_digits
from publisher.i18n.moment_parsing import WholeDay, parse_moment, parse_typed_day
from publisher.models.people import ServiceClass
from publisher.people import lookup
from publisher.people.appointments import read_order
from publisher.people.lookup import PersonDetails
from publisher.register.columns import Column
from publisher.register.sheet import FileTable, SheetRow
from publisher.working_time import from_local

_BETWEEN_NUMBERS = re.compile(r"[,;/|\n]| किंवा | व | or | and ")
_DEVANAGARI = re.compile(r"[\u0900-\u097f]")
_LATIN = re.compile(r"[A-Za-z]")
_CLASSES: Mapping[str, ServiceClass] = {
    **dict.fromkeys(("अधिकारी", "official", "officer"), ServiceClass.OFFICIAL),
    **dict.fromkeys(("कर्मचारी", "employee"), ServiceClass.EMPLOYEE),
}
#: 2026/11/20 10:15:30 am gmt+5:30, as Google writes when an answer came.
_STAMP = re.compile(
    r"(\d{4}[-/]\d{1,2}[-/]\d{1,2}|\d{1,2}[-/]\d{1,2}[-/]\d{4})[ t]"
    r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?"
    r" ?([ap]m)?(?: (?:gmt|utc)?[+-]?[\d:]*)?"
)


@dataclass(frozen=True)
class NamedPerson:
    """A person whom a row names."""

    details: PersonDetails
    service_class: ServiceClass | None


@dataclass
class Answer:
    """A row as far as it could be read; `problems` are the parts that could not."""

    number: int
    department_text: str
    above_text: str = ""
    people: list[NamedPerson] = field(default_factory=list)
    order_number: str = ""
    ordered_on: date | None = None
    answered_at: datetime | None = None
    problems: list[BadPerson] = field(default_factory=list)


def read_answers(sheet: FileTable, columns: Sequence[Column], *, now: datetime) -> list[Answer]:
    """Return an answer for each row, including those that are refused."""
    return [_read(sheet_row, columns, now) for sheet_row in sheet.rows]


def _read(sheet_row: SheetRow, columns: Sequence[Column], now: datetime) -> Answer:
    cells: dict[Column, str] = {
        column: text
        for column, text in zip(columns, sheet_row.cells, strict=True)
        if column is not Column.IGNORED
    }
    answer = Answer(sheet_row.number, cells.get(Column.DEPARTMENT, ""), cells.get(Column.ABOVE, ""))
    problems = Problems()
    for column, text in cells.items():
        if text.startswith("="):
            problems.found.append(BadPerson(_field(column), "formula"))
    if not answer.department_text:
        problems.found.append(BadPerson("department_id", "missing"))
    for rank in ("first", "second"):
        if any(text for column, text in cells.items() if column.value.startswith(rank)):
            person = problems.read(partial(_person, cells, rank))
            answer.people += [person] if person is not None else []
    if not answer.people and not problems.found:
        problems.found.append(BadPerson("name_mr", "missing"))
    order_number = cells.get(Column.ORDER_NUMBER, "")
    answer.order_number = problems.read(lambda: read_order(order_number)) or ""
    ordered_on = cells.get(Column.ORDERED_ON, "")
    answer.ordered_on = problems.read(lambda: _day(ordered_on, now)) if ordered_on else None
    answer.answered_at = _stamp(cells.get(Column.ANSWERED_AT, ""), now)
    answer.problems = problems.found
    return answer


def _field(column: Column) -> str:
    rank, _, name = column.value.partition("_")
    return {"name": "name_mr"}.get(name, name) if rank in ("first", "second") else column.value


def _person(cells: Mapping[Column, str], rank: str) -> NamedPerson:
    """Return the first or second person of a row. Raises `BadPerson`."""
    texts = {
        name: cells.get(Column(f"{rank}_{name}"), "")
        for name in ("name", "designation", "class", "mail", "mobile")
    }
    name = texts["name"]
    is_latin = bool(_LATIN.search(name)) and not _DEVANAGARI.search(name)
    problems = Problems()
    service_class = problems.read(lambda: _service_class(texts["class"]))
    details = problems.read(
        lambda: lookup.read(
            name_mr=name,
            name_en=name if is_latin else "",
            designation=texts["designation"],
            mail=texts["mail"],
            mobile=_mobile_part(texts["mobile"]),
        )
    )
    for problem in problems.found:
        # Without a name the next cell identifies the person.
        problem.officer = next(filter(None, texts.values()), "")
    problems.finish()
    assert details is not None  # noqa: S101  otherwise there was a problem
    return NamedPerson(details, service_class)


def _mobile_part(text: str) -> str:
    """Return the first mobile number of a cell, which may also hold a landline number."""
    parts = [
        latin_digits(part).strip(" '’").removesuffix(".0") for part in _BETWEEN_NUMBERS.split(text)
    ]
    numbers = [part for part in parts if part]
    return next((part for part in numbers if read_identifier(part)), "".join(numbers[:1]))


def _service_class(text: str) -> ServiceClass | None:
    word = plain_text(text)
    if word and word not in _CLASSES:
        raise BadPerson("service_class", "unreadable")
    return _CLASSES.get(word)


def _day(text: str, now: datetime) -> date:
    try:
        return parse_typed_day(_date_part(text), now=now, looks_back=True).day
    except BadWhen as problem:
        raise BadPerson("ordered_on", problem.code.value) from problem


def _date_part(text: str) -> str:
    match = _STAMP.fullmatch(plain_text(text))
    return match[1] if match else text


def _stamp(text: str, now: datetime) -> datetime | None:
    """Return when an answer came; None if that cannot be read, so the order of rows counts."""
    match = _STAMP.fullmatch(plain_text(text))
    try:
        if match is None:
            return parse_moment(text, now=now, looks_back=True, whole_day=WholeDay.BEGINS).at
        hour, minute = int(match[2]) % 24, int(match[3])
        if match[5] is not None:
            hour = hour % 12 + 12 * (match[5] == "pm")
        day = parse_day(match[1].replace("/", "-"))
        return from_local(day, time(hour, minute, int(match[4] or 0)))
    except (BadWhen, ValueError):
        return None
