"""The base of every form: CSRF, and problems of the house put beside their fields.

Form fields of our own: a date in three boxes, and choices as WTForms now wants them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import cast

from flask_babel import lazy_gettext
from flask_babel.speaklater import LazyString
from flask_wtf import FlaskForm
from wtforms import Field, IntegerField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # not in the stubs

from publisher.i18n.date_parsing import BadWhen, WhenProblem, parse_day
from publisher.validation import FieldError
from web.messages.field_errors import problem_sentence


class Form(FlaskForm):
    """A form whose fields can take the problems that a use case found.

    `aliases` names the form's field for a use case's, where the two differ.
    """

    aliases: dict[str, str] = {}  # noqa: RUF012  WTForms reads annotated class variables as fields

    def show(self, problems: Iterable[FieldError]) -> list[str]:
        """Put each problem at its field; gives the sentences that belong to no field here."""
        rest = []
        for problem in problems:
            field = self._field(problem.field)
            sentence = problem_sentence(problem)
            if field is None:
                rest.append(sentence)
            elif sentence not in field.errors:
                field.errors = [*field.errors, sentence]
        return rest

    def _field(self, name: str) -> Field | None:
        found: Field | None = self._fields.get(self.aliases.get(name, name))
        return found


MOST = 2**63
"""Where the whole numbers of a database end."""


def options(pairs: Iterable[tuple[str, object]]) -> list[tuple[str, str]]:
    """Turn (value, words) into choices of a SelectField, RadioField or SelectMultipleField.

    WTForms 3.3 warns of plain pairs; its stubs still ask for them, hence the type.
    """
    return cast("list[tuple[str, str]]", [SelectChoice(value, words) for value, words in pairs])


def key_of(typed: object) -> int:
    """An id, or another whole number that a database can hold; raises ValueError."""
    number = int(str(typed))
    if not 0 <= number < MOST:
        raise ValueError(typed)
    return number


def number_of(typed: str | None) -> int:
    """The same; 0 where nothing of the kind was sent."""
    try:
        return key_of(typed or 0)
    except ValueError:
        return 0


class MinutesField(IntegerField):
    """A number of minutes; what is none is told in the language of the page."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read it; Devanagari digits as well."""
        try:
            super().process_formdata(valuelist)
        except ValueError as problem:
            raise ValueError(lazy_gettext("Write a number of minutes.")) from problem


def date_sentence(code: WhenProblem) -> LazyString:
    """Word what is wrong with a typed date."""
    if code is WhenProblem.DATE_DOES_NOT_EXIST:
        return lazy_gettext("There is no such day in the calendar. Check day and month.")
    if code is WhenProblem.DATE_OUT_OF_RANGE:
        return lazy_gettext("The year must lie between 2000 and 2099.")
    return lazy_gettext("Write day, month and year as numbers, for example 27 11 2026.")


class DayMonthYearField(Field):
    """A date typed as day, month and year, all three under the field's own name, in this order.

    `data` is a `date`, or None where nothing was typed or no such day exists; what was typed
    stays in `parts` for showing it again. Devanagari digits are read as well.
    """

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Read the three boxes; a day that does not exist raises ValueError with the sentence."""
        self.data: date | None = None
        typed = [value.strip() for value in valuelist[:3]]
        if not any(typed):
            return
        try:
            self.data = parse_day("/".join(typed))
        except BadWhen as problem:
            raise ValueError(date_sentence(problem.code)) from problem

    @property
    def typed(self) -> str:
        """The date in one piece, as `parse_day` reads it; empty where nothing was typed."""
        return "/".join(part.strip() for part in self.parts) if self.is_typed else ""

    @property
    def is_typed(self) -> bool:
        """Whether anything stands in one of the boxes."""
        return any(part.strip() for part in self.parts)

    @property
    def parts(self) -> tuple[str, str, str]:
        """Return what the three boxes show: what was typed, else the date, else nothing."""
        if self.raw_data:
            typed = [str(value) for value in self.raw_data[:3]] + ["", "", ""]
            return typed[0], typed[1], typed[2]
        if self.data is None:
            return "", "", ""
        return str(self.data.day), str(self.data.month), str(self.data.year)
