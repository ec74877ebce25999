"""Validate the submission form, except for its department and ward offices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal

from publisher.intake.uploads import KeptFile, UploadedFile, UploadRefused, check_upload
from publisher.models.submissions import Priority, SubmissionKind
from publisher.validation import LONGEST_REASON, FieldError, Validator

LONGEST_TITLE = 200
LONGEST_TEXT = 20_000
LONGEST_NUMBER = 80
LONGEST_NAME = 160
LONGEST_PLACE = 200
LONGEST_ALT_TEXT = 1_000
MOST_PICTURES = 4
MOST_FILES = 8


@dataclass(frozen=True)
class FieldRule:
    """How a field of the form is checked, stored and used again.

    `check` is the validator's method for its text (None: it is not a text), `most` its length in
    characters. A field that is `reused` is copied into the form of a new submission like this one.
    """

    check: Literal["line", "text", "link"] | None = None
    most: int = 0
    required: bool = False
    reused: bool = False


# The one list of fields that have the same name in the form, in the submission and on the page.
FIELDS: Mapping[str, FieldRule] = {
    "title": FieldRule("line", LONGEST_TITLE, required=True, reused=True),
    "text_mr": FieldRule("text", LONGEST_TEXT, reused=True),
    "text_en": FieldRule("text", LONGEST_TEXT, reused=True),
    "text_hi": FieldRule("text", LONGEST_TEXT, reused=True),
    "link": FieldRule("link", reused=True),
    "wished_at": FieldRule(),
    "useful_until": FieldRule(),
    "event_on": FieldRule(),
    "event_until_on": FieldRule(),
    "event_place": FieldRule("line", LONGEST_PLACE, reused=True),
    "priority": FieldRule(),
    "urgent_reason": FieldRule("text", LONGEST_REASON, required=True),
    "outward_number": FieldRule("line", LONGEST_NUMBER),
    "inward_number": FieldRule("line", LONGEST_NUMBER),
    "brought_by": FieldRule("line", LONGEST_NAME, required=True),
}
TEXT_FIELDS = tuple(name for name, rule in FIELDS.items() if rule.check)
REUSED_FIELDS = tuple(name for name, rule in FIELDS.items() if rule.reused)


@dataclass(frozen=True)
class HandIn:
    """A submission form; times are aware UTC, dates are the city's.

    `form_token` identifies the form: a form submitted twice is one submission. `inward_number` and
    `brought_by` are used only if the cell records the submission for a department. `wards` are ids
    of ward offices.
    """

    department_id: int
    kind: SubmissionKind | None
    title: str
    text_mr: str = ""
    text_en: str = ""
    text_hi: str = ""
    link: str = ""
    wished_at: datetime | None = None
    useful_until: datetime | None = None
    event_on: date | None = None
    event_until_on: date | None = None
    event_place: str = ""
    wards: tuple[int, ...] = ()
    priority: Priority = Priority.NORMAL
    urgent_reason: str = ""
    outward_number: str = ""
    files: tuple[UploadedFile | KeptFile, ...] = ()
    form_token: str = ""
    inward_number: str = ""
    brought_by: str = ""


@dataclass(frozen=True)
class StandingValues:
    """The present times and files of a submission: valid even if past, or above the limit.

    `files` are digests: a mail may have brought more files than a form may have.
    """

    wished_at: datetime | None = None
    useful_until: datetime | None = None
    files: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Checked:
    """The form with cleaned texts, the accepted files, and all errors."""

    form: HandIn
    files: tuple[KeptFile, ...]
    problems: tuple[FieldError, ...]


NOTHING = StandingValues()


def check(
    form: HandIn, *, at_desk: bool, now: datetime, standing: StandingValues = NOTHING
) -> Checked:
    """Validate the whole form; `at_desk` is True if the cell records it for a department."""
    validator = Validator()
    if form.kind is None:
        validator.add("kind", "required")
    cleaned = _clean_numbers(_clean_texts(form, validator), validator, at_desk=at_desk)
    cleaned = _clean_event(_clean_priority(cleaned, validator), validator)
    for field in ("wished_at", "useful_until"):
        at = getattr(form, field)
        if at != getattr(standing, field):
            validator.future(field, at, now=now)
    if form.wished_at and form.useful_until and form.useful_until < form.wished_at:
        validator.add("useful_until", "before_wished", wished_at=form.wished_at)
    received = _receive_files(form.files, validator, standing.files)
    validator.token("form_token", form.form_token)
    return Checked(cleaned, received, tuple(validator.problems))


def _clean_texts(form: HandIn, validator: Validator) -> HandIn:
    cleaned = _clean(form, validator, "title", "text_mr", "text_en", "text_hi", "link")
    if not (cleaned.text_mr or cleaned.text_en or cleaned.text_hi):
        validator.add("text_mr", "no_text")
    return cleaned


def _clean_numbers(form: HandIn, validator: Validator, *, at_desk: bool) -> HandIn:
    if not at_desk:
        form = replace(form, inward_number="", brought_by="")
        return _clean(form, validator, "outward_number")
    return _clean(form, validator, "outward_number", "inward_number", "brought_by")


def _clean_priority(form: HandIn, validator: Validator) -> HandIn:
    """Require a reason for an urgent submission, and drop it for any other."""
    if form.priority is Priority.NORMAL:
        return replace(form, urgent_reason="")
    return _clean(form, validator, "urgent_reason")


def _clean_event(form: HandIn, validator: Validator) -> HandIn:
    if form.event_until_on and not form.event_on:
        validator.add("event_on", "first_day_missing")
    if form.event_on and form.event_until_on and form.event_until_on < form.event_on:
        validator.add("event_until_on", "before_event", event_on=form.event_on)
    cleaned = _clean(form, validator, "event_place")
    return replace(cleaned, wards=tuple(sorted(set(form.wards))))


def _clean(form: HandIn, validator: Validator, *names: str) -> HandIn:
    """Return the form with these texts cleaned and checked by their rules."""
    texts: dict[str, Any] = {}
    for name in names:
        rule, text = FIELDS[name], getattr(form, name)
        match rule.check:
            case "link":
                texts[name] = validator.link(name, text)
            case "line":
                texts[name] = validator.line(name, text, most=rule.most, required=rule.required)
            case _:
                texts[name] = validator.text(name, text, most=rule.most, required=rule.required)
    return replace(form, **texts)


def _receive_files(
    uploads: tuple[UploadedFile | KeptFile, ...], validator: Validator, standing: frozenset[str]
) -> tuple[KeptFile, ...]:
    added = [file for file in uploads if _digest(file) not in standing]
    most = MOST_FILES if added else len(uploads)
    if len(uploads) > most:
        validator.add("files", "too_many_files", found=len(uploads), most=most)
    checked_files = [
        _receive_file(f"files-{index}", upload, validator)
        for index, upload in enumerate(uploads[:most])
    ]
    received = tuple(file for file in checked_files if file is not None)
    pictures = sum(file.is_picture for file in received)
    if pictures > MOST_PICTURES:
        validator.add("files", "too_many_pictures", found=pictures, most=MOST_PICTURES)
    _check_for_duplicates(received, validator)
    return received


def _digest(file: UploadedFile | KeptFile) -> str:
    return file.sha256 if isinstance(file, KeptFile) else ""


def _receive_file(
    field: str, upload: UploadedFile | KeptFile, validator: Validator
) -> KeptFile | None:
    alt_mr = validator.text(f"{field}-alt_mr", upload.alt_mr, most=LONGEST_ALT_TEXT)
    alt_en = validator.text(f"{field}-alt_en", upload.alt_en, most=LONGEST_ALT_TEXT)
    if isinstance(upload, KeptFile):
        return replace(upload, alt_mr=alt_mr, alt_en=alt_en)
    try:
        return replace(check_upload(upload), alt_mr=alt_mr, alt_en=alt_en)
    except UploadRefused as bad:
        validator.add(field, bad.code, **bad.values)
        return None


def _check_for_duplicates(received: tuple[KeptFile, ...], validator: Validator) -> None:
    for digest, count in Counter(file.sha256 for file in received).items():
        if count > 1:
            name = next(file.name for file in received if file.sha256 == digest)
            validator.add("files", "same_file_twice", name=name)
