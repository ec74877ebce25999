"""The base class of forms, with errors of a use case shown next to their fields, and own fields.

The own fields are a whole number and a number of minutes; `web.moments.fields` has those of time.
"""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from typing import TypeVar, cast

from flask import request
from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import Field, IntegerField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # not in the stubs
from wtforms.fields.core import UnboundField
from wtforms.form import BaseForm

from approvals.errors import NotAllowed
from publisher.auth.contact_details import BadPerson
from publisher.models.people import Department
from publisher.validation import FieldError, Invalid
from web.core.i18n import _
from web.messages.field_errors import problem_sentence, recording_problem
from web.messages.names import department_name
from web.messages.refusals import refusal_sentence

FieldType = TypeVar("FieldType", bound=Field)


class FormMeta(FlaskForm.Meta):
    """How fields are made."""

    def bind_field(
        self,
        form: BaseForm,
        unbound_field: UnboundField[FieldType],
        options: MutableMapping[str, object],
    ) -> FieldType:
        """Give lists our own sentence for a value that is not one of theirs."""
        # WTForms has its own sentence only in English.
        field: FieldType = super().bind_field(form, unbound_field, options)
        if isinstance(field, SelectField):
            field.invalid_value_message = _("Choose from the list.")  # type: ignore[attr-defined]  # not in the stubs
        return field


class Form(FlaskForm):
    """A form whose fields can show the errors that a use case reports.

    `aliases` maps a use case's field name to the form's, if the two differ.
    """

    aliases: dict[str, str] = {}  # noqa: RUF012  WTForms reads annotated class variables as fields

    Meta = FormMeta

    refusal: Invalid | NotAllowed | None = None
    """The exception that the use case raised when the form was sent."""

    @property
    def is_shown(self) -> bool:
        """True if the page of the form is to be shown: before it is sent, and after a refusal."""
        return request.method != "POST" or self.refusal is not None

    def refuse(self, refusal: Invalid | NotAllowed) -> int:
        """Show the errors at their fields, or the sentence of the refusal above the form.

        Returns the HTTP status of the page.
        """
        self.refusal = refusal
        if isinstance(refusal, Invalid):
            self.show(refusal.problems)
            return 422
        if isinstance(refusal, BadPerson):
            for problem in (refusal, *refusal.others):
                self._add(problem.field, recording_problem(problem))
            return 422
        self.form_errors.append(refusal_sentence(refusal))
        return 409

    def require_valid(self) -> None:
        """Raise `Invalid` unless the fields are valid; each field has its own errors."""
        if not self.validate():
            raise Invalid(())

    def error(self, name: str, sentence: str) -> Invalid:
        """Show this sentence at a field; return the exception that shows the page of the form."""
        self[name].errors = [sentence]
        return Invalid(())

    def show(self, problems: Iterable[FieldError]) -> None:
        """Add each error to its field; errors without a field here are shown above the form."""
        for problem in problems:
            self._add(problem.field, problem_sentence(problem))

    @property
    def problems(self) -> tuple[FieldError, ...]:
        """The errors that the use case found in the form."""
        return self.refusal.problems if isinstance(self.refusal, Invalid) else ()

    def _add(self, name: str, sentence: str) -> None:
        field: Field | None = self._fields.get(self.aliases.get(name, name))
        if field is None:
            self.form_errors.append(sentence)
        elif sentence not in field.errors:
            field.errors = [*field.errors, sentence]


MOST = 2**63
"""The first integer that does not fit into a database column (signed 64 bits)."""


def options(pairs: Iterable[tuple[str, object]]) -> list[tuple[str, str]]:
    """Turn (value, label) pairs into choices of a SelectField or RadioField.

    WTForms 3.3 warns of plain pairs; its stubs still ask for them, hence the type.
    """
    return cast("list[tuple[str, str]]", [SelectChoice(value, label) for value, label in pairs])


def department_options(
    departments: Iterable[Department], *, empty_label: str = ""
) -> list[tuple[str, str]]:
    """Return the departments as choices by id, below an empty choice if it has a label.

    They are sorted by their names in the language of the page; the page's script finds them by
    their code and every name.
    """
    choices = [
        SelectChoice(
            str(department.id),
            department_name(department),
            render_kw={"data-search": _search_words(department)},
        )
        for department in departments
    ]
    choices.sort(key=lambda choice: choice.label.casefold())
    empty = options([("", empty_label)]) if empty_label else []
    return [*empty, *cast("list[tuple[str, str]]", choices)]


def _search_words(department: Department) -> str:
    names = (department.name_mr, department.name_en, department.name_hi)
    return " ".join((department.code, department.name_mr_transcribed, *names))


def key_of(text: object) -> int:
    """Parse an id; raises ValueError unless it is a non-negative integer that a database holds."""
    number = int(str(text))
    if not 0 <= number < MOST:
        raise ValueError(text)
    return number


def number_of(text: str | None) -> int:
    """Parse an id like `key_of`; returns 0 if it is missing or not valid."""
    try:
        return key_of(text or 0)
    except ValueError:
        return 0


class WholeNumberField(IntegerField):
    """A whole number; the error for anything else is translated."""

    unreadable = lazy_gettext("Write a whole number.")

    def process_formdata(self, valuelist: list[str]) -> None:
        """Parse the number, in Latin or Devanagari digits."""
        try:
            super().process_formdata(valuelist)
        except ValueError as problem:
            raise ValueError(self.unreadable) from problem


class MinutesField(WholeNumberField):
    """A number of minutes."""

    unreadable = lazy_gettext("Write a number of minutes.")


class ReasonForm(Form):
    """The reason for an act."""

    reason = TextAreaField(lazy_gettext("Reason"))
