"""The form by which something is handed in, changed, or used again."""

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

from publisher.i18n.date_parsing import BadWhen, parse_when
from publisher.intake.form import TEXT_FIELDS, HandIn
from publisher.models.people import Department
from publisher.models.submissions import Priority, SubmissionKind
from publisher.validation import FieldError
from publisher.working_time import from_local, local
from web.core.i18n import _, _l
from web.core.state_badges import N_
from web.forms import DayMonthYearField, Form, key_of, number_of, options
from web.messages.names import department_name
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
"""The kinds whose day and place are asked for without being looked for."""

PRIORITY_WORDS = {Priority.NORMAL: N_("In its turn"), Priority.URGENT: N_("Urgent")}
_END_OF_DAY = time(23, 59)


class HandInForm(Form):
    """What a department tells; the cell adds for whom, and who brought it."""

    aliases = {  # noqa: RUF012  read by the base class only
        "wished_at": "wished_day",
        "useful_until": "useful_day",
        "department_id": "department",
    }

    form_token = HiddenField()
    seen = HiddenField()
    department = SelectField(_l("Department"), coerce=number_of, validate_choice=False)
    brought_by = StringField(_l("Who brought it, or rang"))
    inward_number = StringField(_l("Inward number"))
    kind = RadioField(_l("Kind"), validate_choice=False)
    title = StringField(_l("Title"))
    text_mr = TextAreaField(_l("Marathi text"))
    text_en = TextAreaField(_l("English text"))
    text_hi = TextAreaField(_l("Hindi text"))
    link = StringField(_l("Link"))
    event_on = DayMonthYearField(_l("Day of the event"))
    event_until_on = DayMonthYearField(_l("Last day of the event"))
    event_place = StringField(_l("Place of the event"))
    wards = SelectMultipleField(_l("Ward offices concerned"), coerce=key_of, validate_choice=False)
    files = FileField(_l("Add photos or files"))
    wished_day = DayMonthYearField(_l("Wished time"))
    wished_clock = StringField(_l("Time"))
    useful_day = DayMonthYearField(_l("Useful until"))
    priority = RadioField(_l("Priority"), validate_choice=False)
    urgent_reason = TextAreaField(_l("Why it is urgent"))
    outward_number = StringField(_l("Outward number"))


def empty_form(
    departments: Sequence[Department], wards: Sequence[Department], own: int | None
) -> HandInForm:
    """A form in the language of the page; `own` is chosen beforehand."""
    form = HandInForm()
    form.kind.choices = options((kind.value, _(words)) for kind, words in KIND_WORDS.items())
    form.department.choices = options((str(one.id), department_name(one)) for one in departments)
    form.wards.choices = options((str(one.id), department_name(one)) for one in wards)
    form.priority.choices = options((one.value, _(word)) for one, word in PRIORITY_WORDS.items())
    if not form.form_token.data:
        form.form_token.data = secrets.token_urlsafe(24)
    if not form.priority.data:
        form.priority.data = Priority.NORMAL.value
    if own is not None and not form.is_submitted():
        form.department.data = own
    return form


def fill(form: HandInForm, handed: HandIn) -> None:
    """Let an empty form show what was handed in."""
    for name in TEXT_FIELDS:
        form[name].data = getattr(handed, name)
    form.kind.data = handed.kind.value if handed.kind else None
    form.priority.data = handed.priority.value
    form.wards.data = list(handed.wards)
    form.event_on.data, form.event_until_on.data = handed.event_on, handed.event_until_on
    form.department.data = handed.department_id
    if handed.wished_at is not None:
        at = local(handed.wished_at)
        form.wished_day.data, form.wished_clock.data = at.date(), f"{at:%H:%M}"
    if handed.useful_until is not None:
        form.useful_day.data = local(handed.useful_until).date()


def read(
    form: HandInForm,
    rows: Sequence[FileRow],
    *,
    department_id: int,
    useful_until: datetime | None = None,
) -> HandIn:
    """What the form says; `useful_until` is what stood so far, kept where its day is the same."""
    found: list[FieldError] = []
    kind = form.kind.data
    texts = {name: form[name].data or "" for name in TEXT_FIELDS}
    urgent = form.priority.data == Priority.URGENT.value
    return HandIn(
        department_id=department_id,
        kind=SubmissionKind(kind) if kind in set(SubmissionKind) else None,
        wished_at=_wished(form, found),
        useful_until=_useful(form, useful_until),
        event_on=form.event_on.data,
        event_until_on=form.event_until_on.data,
        wards=tuple(sorted(set(form.wards.data or ()))),
        priority=Priority.URGENT if urgent else Priority.NORMAL,
        files=tuple(row.file for row in rows),
        form_token=form.form_token.data or "",
        form_errors=tuple(found),
        **texts,
    )


def _wished(form: HandInForm, found: list[FieldError]) -> datetime | None:
    day: date | None = form.wished_day.data
    clock = (form.wished_clock.data or "").strip()
    if day is None:
        if clock and not form.wished_day.process_errors:
            found.append(FieldError("wished_day", "date_missing"))
        return None
    try:
        return parse_when(day.isoformat(), clock)
    except BadWhen as bad:
        found.append(FieldError("wished_clock", bad.code.value))
        return None


def _useful(form: HandInForm, standing: datetime | None) -> datetime | None:
    """The end of that day."""
    day: date | None = form.useful_day.data
    if day is None:
        return None
    if standing is not None and local(standing).date() == day:
        return standing
    return from_local(day, _END_OF_DAY)
