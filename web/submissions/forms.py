"""The form to submit, change or reuse a submission."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date, datetime, time

from wtforms import (
    FileField,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)

from publisher.intake.form import TEXT_FIELDS, HandIn
from publisher.models.people import Department
from publisher.models.submissions import Priority, SubmissionKind
from publisher.working_time import from_local, local_day
from web.core.i18n import N_, _, _l
from web.forms import Form, department_options, key_of, number_of, options
from web.moments.fields import DayField, MomentField
from web.submissions.uploads import FileRow

KIND_WORDS = {
    SubmissionKind.SCHEME: N_("Scheme"),
    SubmissionKind.PROJECT: N_("Project"),
    SubmissionKind.EVENT: N_("Event"),
    SubmissionKind.PUBLIC_NOTICE: N_("Public notice"),
    SubmissionKind.MEASURE: N_("Measure taken"),
    SubmissionKind.PRESS_NOTE: N_("Press note"),
    SubmissionKind.OTHER: N_("Other"),
}
WITH_AN_EVENT = (SubmissionKind.EVENT, SubmissionKind.SCHEME, SubmissionKind.MEASURE)
"""The kinds for which the form shows the day and place of the event at once."""

PRIORITY_WORDS = {Priority.NORMAL: N_("Normal"), Priority.URGENT: N_("Urgent")}
_END_OF_DAY = time(23, 59)


class HandInForm(Form):
    """The fields of a submission; the cell also names the department and who brought it."""

    aliases = {"department_id": "department"}  # noqa: RUF012  read by the base class only

    form_token = HiddenField()
    seen = HiddenField()
    department = SelectField(_l("Department"), coerce=number_of, validate_choice=False)
    brought_by = StringField(_l("Brought or phoned in by"))
    inward_number = StringField(_l("Inward number"))
    kind = RadioField(_l("Kind"), validate_choice=False)
    title = StringField(_l("Title"))
    text_mr = TextAreaField(_l("Marathi text"))
    text_en = TextAreaField(_l("English text"))
    text_hi = TextAreaField(_l("Hindi text"))
    link = StringField(_l("Link"))
    event_on = DayField(_l("Day of the event"), asks_past=True)
    event_until_on = DayField(_l("Last day of the event"))
    event_place = StringField(_l("Place of the event"))
    wards = SelectMultipleField(_l("Ward offices concerned"), coerce=key_of, validate_choice=False)
    files = FileField(_l("Add photos or files"))
    wished_at = MomentField(_l("Requested publishing time"))
    useful_until = DayField(_l("Useful until"))
    priority = RadioField(_l("Priority"), validate_choice=False)
    urgent_reason = TextAreaField(_l("Why it is urgent"))
    outward_number = StringField(_l("Outward number"))


def empty_form(departments: Sequence[Department], wards: Sequence[Department]) -> HandInForm:
    """Return an empty form in the page's language; no department is chosen."""
    form = HandInForm()
    form.kind.choices = options((kind.value, _(label)) for kind, label in KIND_WORDS.items())
    form.department.choices = department_options(departments, empty_label=_("Choose a department"))
    form.wards.choices = department_options(wards)
    form.priority.choices = options(
        (priority.value, _(word)) for priority, word in PRIORITY_WORDS.items()
    )
    if not form.form_token.data:
        form.form_token.data = secrets.token_urlsafe(24)
    if not form.priority.data:
        form.priority.data = Priority.NORMAL.value
    return form


def fill(form: HandInForm, hand_in_form: HandIn) -> None:
    """Fill an empty form from a `HandIn`."""
    for name in TEXT_FIELDS:
        form[name].data = getattr(hand_in_form, name)
    form.kind.data = hand_in_form.kind.value if hand_in_form.kind else None
    form.priority.data = hand_in_form.priority.value
    form.wards.data = list(hand_in_form.wards)
    form.event_on.data, form.event_until_on.data = (
        hand_in_form.event_on,
        hand_in_form.event_until_on,
    )
    form.department.data = hand_in_form.department_id
    form.wished_at.data = hand_in_form.wished_at
    if hand_in_form.useful_until is not None:
        form.useful_until.data = local_day(hand_in_form.useful_until)


def read(
    form: HandInForm,
    rows: Sequence[FileRow],
    *,
    department_id: int,
    useful_until: datetime | None = None,
) -> HandIn:
    """Read the form as a `HandIn`.

    `useful_until` is the stored moment; it is kept if the form names the same day.
    """
    kind = form.kind.data
    texts = {name: form[name].data or "" for name in TEXT_FIELDS}
    urgent = form.priority.data == Priority.URGENT.value
    return HandIn(
        department_id=department_id,
        kind=SubmissionKind(kind) if kind in set(SubmissionKind) else None,
        wished_at=form.wished_at.data,
        useful_until=_useful(form, useful_until),
        event_on=form.event_on.data,
        event_until_on=form.event_until_on.data,
        wards=tuple(sorted(set(form.wards.data or ()))),
        priority=Priority.URGENT if urgent else Priority.NORMAL,
        files=tuple(row.file for row in rows),
        form_token=form.form_token.data or "",
        **texts,
    )


def _useful(form: HandInForm, previous: datetime | None) -> datetime | None:
    """Return the end of the chosen day, or `previous` if that lies on the same day."""
    day: date | None = form.useful_until.data
    if day is None:
        return None
    if previous is not None and local_day(previous) == day:
        return previous
    return from_local(day, _END_OF_DAY)
