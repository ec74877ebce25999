"""The columns of a file: guessed from their headings, or as chosen by somebody before."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Actor
from publisher.auth.contact_details import BadInput
from publisher.i18n.languages import latin_digits
from publisher.models.departments import RegisterKind, RegisterLayout


class Column(StrEnum):
    """The meaning of a column; a head is a first person."""

    IGNORED = "ignored"
    ANSWERED_AT = "answered_at"
    DEPARTMENT = "department"
    ORDER_NUMBER = "order_number"
    ORDERED_ON = "ordered_on"
    #: The office to which the department reports.
    ABOVE = "above"
    FIRST_NAME = "first_name"
    FIRST_DESIGNATION = "first_designation"
    FIRST_CLASS = "first_class"
    FIRST_MOBILE = "first_mobile"
    FIRST_MAIL = "first_mail"
    SECOND_NAME = "second_name"
    SECOND_DESIGNATION = "second_designation"
    SECOND_CLASS = "second_class"
    SECOND_MOBILE = "second_mobile"
    SECOND_MAIL = "second_mail"


class BadColumns(BadInput):
    """Required columns were not found, or one was chosen twice."""


_WORDS: Final = (
    # The first that fits counts: "विभागाचे नाव" is a department, "आदेश दिनांक" no order number.
    ("ordered_on", r"order date|date of order|आदेश.*(?:दिनांक|तारीख)|(?:दिनांक|तारीख).*आदेश"),
    ("order_number", r"order|आदेश|जावक"),
    ("answered_at", r"timestamp|टाइमस्टॅम्प|submitted|भरल्याची|वेळ"),
    ("above", r"reports to|office above|वरिष्ठ|अधिपत्य|अधीन"),
    ("class", r"official or employee|official/employee|अधिकारी.*कर्मचारी|service class|वर्ग"),
    ("designation", r"designation|पदनाम|हुद्दा|पद\b"),
    ("mail", r"e-?mail|ई-?मेल|इ-?मेल"),
    ("mobile", r"mobile|phone|whatsapp|contact n|मोबा|भ्रमणध्वनी|दूरध्वनी|फोन|संपर्क"),
    ("department", r"department|\boffice\b|विभाग|खाते|खात्या|कार्यालय|कोड|\bcode\b"),
    ("name", r"name|नाव|नांव|नाम"),
)
_OF_PEOPLE: Final = ("name", "designation", "class", "mobile", "mail")
_OF_THE_HEAD = re.compile(r"विभाग ?प्रमुख(?:ाचे|ांचे|ाचा|ांचा)?|खाते ?प्रमुख(?:ाचे|ांचे)?|\bhead(?:'s)?\b")
_FIRST = re.compile(r"(?<!\d)1(?!\d)|first|पहिल|प्रथम")
_SECOND = re.compile(r"(?<!\d)2(?!\d)|second|दुसर|द्वितीय")
_OF_HEADS: Final = frozenset(
    {Column.IGNORED, Column.DEPARTMENT, Column.ABOVE, Column.FIRST_NAME, Column.FIRST_DESIGNATION}
    | {Column.FIRST_MOBILE, Column.FIRST_MAIL}
)


def column_choices(kind: RegisterKind) -> list[Column]:
    """Return the columns that a file of this kind may have."""
    is_heads = kind is RegisterKind.HEADS
    return [
        column
        for column in Column
        if (column in _OF_HEADS if is_heads else column is not Column.ABOVE)
    ]


def guess(kind: RegisterKind, headings: Sequence[str]) -> list[Column]:
    """Return what each column means by its heading; what is not clear is ignored.

    Of two headings without a number, the first is the first person's. A heading without a number
    among numbered ones belongs to the person who filled the form in.
    """
    guessed = [_guess(kind, _plain(heading)) for heading in headings]
    columns: list[Column] = []
    for word, number in guessed:
        names = [word]
        if word in _OF_PEOPLE:
            ranks = ("first", "second") if (word, "first") not in guessed else ()
            names = [f"{rank}_{word}" for rank in ((number,) if number else ranks)]
        free = [Column(name) for name in names if name and Column(name) not in columns]
        fitting = [column for column in free if column in column_choices(kind)]
        columns.append(fitting[0] if fitting else Column.IGNORED)
    return columns


def _guess(kind: RegisterKind, heading: str) -> tuple[str, str]:
    """Return the word of a heading, and `first` or `second`, or empty if it says neither."""
    if _OF_THE_HEAD.search(heading):
        if kind is RegisterKind.OFFICERS:
            return "", ""
        heading = _OF_THE_HEAD.sub("", heading)
    word = next((word for word, pattern in _WORDS if re.search(pattern, heading)), "")
    if _SECOND.search(heading):
        return word, "second"
    return word, "first" if _FIRST.search(heading) else ""


def _plain(heading: str) -> str:
    text = unicodedata.normalize("NFC", latin_digits(heading)).casefold()
    return " ".join(text.replace("\u200d", "").replace("\u200c", "").split())


def check(kind: RegisterKind, columns: Sequence[Column]) -> None:
    """Raise `BadColumns` if one occurs more than once, or a required one is missing."""
    chosen = [column for column in columns if column is not Column.IGNORED]
    twice = next((column for column in chosen if chosen.count(column) > 1), None)
    if twice is not None:
        raise BadColumns("columns", "twice", column=twice)
    for needed in (Column.DEPARTMENT, Column.FIRST_NAME):
        if needed not in chosen:
            raise BadColumns("columns", "missing", column=needed)
    if not {Column.FIRST_MAIL, Column.FIRST_MOBILE} & set(chosen):
        raise BadColumns("columns", "missing", column=Column.FIRST_MOBILE)
    if other := next((column for column in chosen if column not in column_choices(kind)), None):
        raise BadColumns("columns", "other_kind", column=other)


def find_layout(
    session: Session, kind: RegisterKind, headings: Sequence[str]
) -> RegisterLayout | None:
    """Return the layout stored for files with these headings; None if this is the first one."""
    query = select(RegisterLayout).where(
        RegisterLayout.kind == kind, RegisterLayout.digest == _digest(headings)
    )
    return session.scalars(query).one_or_none()


def keep(
    session: Session,
    kind: RegisterKind,
    headings: Sequence[str],
    columns: Sequence[Column],
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Store what the columns mean for the next file with these headings. Raises `BadColumns`."""
    check(kind, columns)
    layout = find_layout(session, kind, headings)
    if layout is None:
        layout = RegisterLayout(kind=kind, digest=_digest(headings))
        session.add(layout)
    layout.headings, layout.columns = list(headings), [column.value for column in columns]
    layout.kept_at, layout.kept_by_id = now, actor.person_id


def _digest(headings: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps([_plain(text) for text in headings]).encode()).hexdigest()
