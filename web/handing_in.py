"""The form by which something is handed in, with files that survive a form sent back."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date, datetime, time

from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.datastructures import FileStorage
from wtforms import FileField, HiddenField, RadioField, SelectField, StringField, TextAreaField

from publisher.desk.checking import Problem
from publisher.desk.intake import HandIn, UploadedFile
from publisher.media.store import MediumChanged, MediumMissing
from publisher.models.content import SubmissionKind
from publisher.models.people import Department
from publisher.words.when import BadWhen, parse_when
from publisher.worktime import from_local
from web.fields import DayMonthYearField, key_of, options
from web.forms import Form
from web.house import house
from web.icons import N_
from web.wording.names import department_name
from web.words import _, _l

KIND_WORDS = {
    SubmissionKind.SCHEME: N_("Scheme"),
    SubmissionKind.PROJECT: N_("Project"),
    SubmissionKind.EVENT: N_("Event"),
    SubmissionKind.PUBLIC_NOTICE: N_("Public notice"),
    SubmissionKind.MEASURE: N_("Measure taken"),
    SubmissionKind.PRESS_NOTE: N_("Press note"),
    SubmissionKind.OTHER: N_("Other"),
}
PLACES = range(4)
_END_OF_DAY = time(23, 59)


class HandInForm(Form):
    """What a department tells; the cell adds for whom, and who brought it."""

    aliases = {  # noqa: RUF012  read by the base class only
        "wished_at": "wished_day",
        "useful_until": "useful_day",
        "department_id": "department",
        "files": "file_0",
    }

    form_token = HiddenField()
    department = SelectField(_l("Department"), coerce=key_of, validate_choice=False)
    brought_by = StringField(_l("Who brought it, or rang"))
    inward_number = StringField(_l("Inward number"))
    kind = RadioField(_l("Kind"), validate_choice=False)
    title = StringField(_l("Title"))
    text_mr = TextAreaField(_l("Marathi text"))
    text_en = TextAreaField(_l("English text"))
    text_hi = TextAreaField(_l("Hindi text"))
    link = StringField(_l("Link"))
    wished_day = DayMonthYearField(_l("Wished time"))
    wished_clock = StringField(_l("Time"))
    useful_day = DayMonthYearField(_l("Useful until"))
    outward_number = StringField(_l("Outward number"))
    file_0 = FileField(_l("First photo"))
    file_1 = FileField(_l("Second photo"))
    file_2 = FileField(_l("Third photo"))
    file_3 = FileField(_l("Fourth photo"))
    kept_0 = HiddenField()
    kept_1 = HiddenField()
    kept_2 = HiddenField()
    kept_3 = HiddenField()
    alt_mr_0 = TextAreaField(_l("Description of the photo, Marathi"))
    alt_mr_1 = TextAreaField(_l("Description of the photo, Marathi"))
    alt_mr_2 = TextAreaField(_l("Description of the photo, Marathi"))
    alt_mr_3 = TextAreaField(_l("Description of the photo, Marathi"))
    alt_en_0 = TextAreaField(_l("Description of the photo, English"))
    alt_en_1 = TextAreaField(_l("Description of the photo, English"))
    alt_en_2 = TextAreaField(_l("Description of the photo, English"))
    alt_en_3 = TextAreaField(_l("Description of the photo, English"))


def empty_form(departments: Sequence[Department], own: int | None) -> HandInForm:
    """A form in the language of the page; `own` is chosen beforehand."""
    form = HandInForm()
    form.kind.choices = options((kind.value, _(words)) for kind, words in KIND_WORDS.items())
    form.department.choices = options((str(one.id), department_name(one)) for one in departments)
    if not form.form_token.data:
        form.form_token.data = secrets.token_urlsafe(24)
    if own is not None and not form.is_submitted():
        form.department.data = own
    return form


def read(form: HandInForm, *, department_id: int) -> tuple[HandIn, list[int]]:
    """What was handed in, and the places of its files in the form, in their order."""
    found: list[Problem] = []
    uploads = [(place, one) for place in PLACES if (one := _upload(form, place)) is not None]
    kind = form.kind.data
    handed = HandIn(
        department_id=department_id,
        kind=SubmissionKind(kind) if kind in set(SubmissionKind) else None,
        title=form.title.data or "",
        text_mr=form.text_mr.data or "",
        text_en=form.text_en.data or "",
        text_hi=form.text_hi.data or "",
        link=form.link.data or "",
        wished_at=_wished(form, found),
        useful_until=_useful(form),
        outward_number=form.outward_number.data or "",
        files=tuple(one for _place, one in uploads),
        form_token=form.form_token.data or "",
        inward_number=form.inward_number.data or "",
        brought_by=form.brought_by.data or "",
        found=tuple(found),
    )
    return handed, [place for place, _one in uploads]


def _wished(form: HandInForm, found: list[Problem]) -> datetime | None:
    day: date | None = form.wished_day.data
    clock = (form.wished_clock.data or "").strip()
    if day is None:
        if clock and not form.wished_day.process_errors:
            found.append(Problem("wished_day", "date_missing"))
        return None
    try:
        return parse_when(day.isoformat(), clock)
    except BadWhen as bad:
        found.append(Problem("wished_clock", bad.code.value))
        return None


def _useful(form: HandInForm) -> datetime | None:
    """The end of that day."""
    day: date | None = form.useful_day.data
    return from_local(day, _END_OF_DAY) if day is not None else None


def _upload(form: HandInForm, place: int) -> UploadedFile | None:
    """The file chosen now, else the one that an earlier try has left in the store."""
    words = {name: form[f"{name}_{place}"].data or "" for name in ("alt_mr", "alt_en")}
    chosen = form[f"file_{place}"].data
    if isinstance(chosen, FileStorage) and chosen.filename:
        return UploadedFile(chosen.filename, chosen.read(), **words)
    kept = kept_file(form, place)
    if kept is None:
        return None
    digest, name = kept
    try:
        return UploadedFile(name, house().store.open(digest), **words)
    except (MediumMissing, MediumChanged):
        return None


def _seal() -> URLSafeSerializer:
    return URLSafeSerializer(house().settings.secret_key, salt="kept file")


def kept_file(form: HandInForm, place: int) -> tuple[str, str] | None:
    """Digest and name of the file that the form still holds at this place."""
    try:
        digest, name = _seal().loads(form[f"kept_{place}"].data or "")
    except (BadSignature, ValueError):
        return None
    return str(digest), str(name)


def keep_files(form: HandInForm, files: Sequence[tuple[int, UploadedFile]]) -> None:
    """Keep what was chosen, so that a form sent back does not ask for it again."""
    for place, upload in files:
        digest = house().store.save(upload.content)
        form[f"kept_{place}"].data = _seal().dumps([digest, upload.name])


def problem_at(problem: Problem, places: Sequence[int]) -> Problem:
    """The same problem at the field of this form that it belongs to."""
    parts = problem.field.split("-")
    if parts[0] != "files" or len(parts) < 2:
        return problem
    place = places[int(parts[1])]
    field = f"{parts[2]}_{place}" if len(parts) > 2 else f"file_{place}"
    return Problem(field, problem.code, problem.values)
