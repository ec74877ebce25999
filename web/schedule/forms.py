"""The form in which all texts of a post get their times: a row for each text."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, SelectMultipleField
from wtforms.validators import InputRequired

from publisher.scheduling.constraints import LATE_LIMIT
from publisher.scheduling.post_schedule import NewTime
from publisher.validation import FieldError, Invalid
from web.core.i18n import _l
from web.forms import Form, MinutesField, key_of
from web.moments.fields import MomentField

WARNINGS = frozenset({"clash", "in_quiet_time", "in_freeze", "quiet_now"})
"""Errors that a person may set aside."""


class TimeRow(Form):
    """The time of one text, in Asia/Kolkata; `expected` marks its delivery on the page."""

    class Meta(FlaskForm.Meta):
        """The token of the whole form covers its rows."""

        csrf = False

    due_at = MomentField(_l("When it is published"))
    expected = HiddenField()

    def new_time(self) -> NewTime:
        """Return the typed time; raises `Invalid` if nothing was typed."""
        if self.due_at.data is None:
            raise Invalid([FieldError("due_at", "time_missing")])
        return NewTime(self.due_at.data, self.expected.data or "")


class PostTimesForm(Form):
    """The texts that are to be scheduled, and how late each may still be published."""

    chosen = SelectMultipleField(_l("Texts"), coerce=key_of, validate_choice=False)
    late_limit = MinutesField(
        _l("Late limit in minutes"),
        default=LATE_LIMIT,
        validators=[InputRequired(_l("Write a number of minutes."))],
    )
    despite_warnings = BooleanField(_l("Keep these times anyway"))

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[int, TimeRow] = {}

    def row(self, variant_id: int) -> TimeRow:
        """Return the row of a text, read from the request."""
        if variant_id not in self.rows:
            self.rows[variant_id] = TimeRow(prefix=f"text-{variant_id}-")
        return self.rows[variant_id]

    @property
    def chosen_ids(self) -> list[int]:
        """The variants that were ticked, each once."""
        return list(dict.fromkeys(self.chosen.data or []))

    @property
    def has_warning(self) -> bool:
        """True if the use case found something that a person may set aside."""
        return any(problem.code in WARNINGS for problem in self.problems)

    def fill_row(self, variant_id: int, at: datetime | None) -> None:
        """Write a time into a row instead of what was typed."""
        self.row(variant_id).due_at.fill(at)

    def times(self) -> dict[int, NewTime]:
        """Return the times of the ticked rows; raises `Invalid` with every wrong row."""
        times: dict[int, NewTime] = {}
        problems: list[FieldError] = []
        for variant_id in self.chosen_ids:
            row = self.row(variant_id)
            if not row.validate():
                continue  # the row shows its own errors
            try:
                times[variant_id] = row.new_time()
            except Invalid as invalid:
                problems += [_row_error(variant_id, problem) for problem in invalid.problems]
        if problems or len(times) < len(self.chosen_ids):
            raise Invalid(problems)
        return times

    def expected_marks(self) -> dict[int, str]:
        """Return the marks that the page had for the ticked texts, by the variant's id."""
        return {
            variant_id: self.row(variant_id).expected.data or ""
            for variant_id in self.chosen_ids
            if self.row(variant_id).expected.raw_data
        }

    def row_errors(self, open_ids: Collection[int]) -> list[tuple[str, str]]:
        """Return the errors of the rows for the summary, each with the id that it links to.

        A row that is not in `open_ids` no longer has fields. An error that all rows share,
        such as hours to avoid, is shown once.
        """
        errors = [
            (str(error), row.due_at.id if variant_id in open_ids else f"text-{variant_id}")
            for variant_id, row in self.rows.items()
            for error in row.due_at.errors
        ]
        if {problem.code for problem in self.problems} == {"in_quiet_time"}:
            return errors[:1]
        return errors

    def show(self, problems: Iterable[FieldError]) -> None:
        """Add each error to its field; "due_at-12" is the time of variant 12."""
        for problem in problems:
            field, _dash, number = problem.field.partition("-")
            if number.isdecimal():
                self.row(int(number)).show([FieldError(field, problem.code, problem.values)])
            else:
                super().show([problem])


def _row_error(variant_id: int, problem: FieldError) -> FieldError:
    return FieldError(f"{problem.field}-{variant_id}", problem.code, problem.values)
