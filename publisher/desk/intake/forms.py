"""The form that is handed in, and everything that can be wrong with it but the department."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from publisher.desk.checking import Check, Problem
from publisher.media import files, headers, images
from publisher.media.files import BadFile, FileKind
from publisher.media.images import BadPicture
from publisher.models.content import SubmissionKind
from publisher.words import scripts

LONGEST_TITLE = 200
LONGEST_TEXT = 20_000
LONGEST_NUMBER = 80
LONGEST_NAME = 160
LONGEST_ALT_TEXT = 1_000
MOST_PICTURES = 4
MOST_FILES = 8
_LONGEST_FILE_NAME = 200


@dataclass(frozen=True)
class UploadedFile:
    """A file as it was chosen, with what it shows in words."""

    name: str
    content: bytes = field(repr=False)
    alt_mr: str = ""
    alt_en: str = ""


@dataclass(frozen=True)
class HandIn:
    """What is handed in, as typed; times are aware UTC.

    `form_token` is the form's own: the same one twice is one submission. `inward_number` and
    `brought_by` count only where the cell records it at its desk. `found` holds problems that
    were met while the form was read, such as a date that does not exist.
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
    outward_number: str = ""
    files: tuple[UploadedFile, ...] = ()
    form_token: str = ""
    inward_number: str = ""
    brought_by: str = ""
    found: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class ReceivedFile:
    """A file that may be kept; width and height in pixels where it is a picture."""

    name: str
    content: bytes = field(repr=False)
    mime: str
    width: int | None
    height: int | None
    alt_mr: str
    alt_en: str


@dataclass(frozen=True)
class Checked:
    """The form with its texts cleaned, the files that may be kept, and what is wrong."""

    form: HandIn
    files: tuple[ReceivedFile, ...]
    problems: tuple[Problem, ...]


def check(form: HandIn, *, at_desk: bool, now: datetime) -> Checked:
    """Look the whole form over; `at_desk` where the cell records it for somebody."""
    checking = Check(form.found)
    if form.kind is None:
        checking.add("kind", "required")
    cleaned = _with_numbers(_with_texts(form, checking), checking, at_desk=at_desk)
    _check_times(form, checking, now)
    received = _received(form.files, checking)
    checking.token("form_token", form.form_token)
    return Checked(cleaned, received, tuple(checking.problems))


def _with_texts(form: HandIn, checking: Check) -> HandIn:
    cleaned = replace(
        form,
        title=checking.line("title", form.title, most=LONGEST_TITLE, required=True),
        text_mr=checking.text("text_mr", form.text_mr, most=LONGEST_TEXT),
        text_en=checking.text("text_en", form.text_en, most=LONGEST_TEXT),
        text_hi=checking.text("text_hi", form.text_hi, most=LONGEST_TEXT),
        link=checking.link("link", form.link),
    )
    if not (cleaned.text_mr or cleaned.text_en or cleaned.text_hi):
        checking.add("text_mr", "no_text")
    return cleaned


def _with_numbers(form: HandIn, checking: Check, *, at_desk: bool) -> HandIn:
    outward = checking.line("outward_number", form.outward_number, most=LONGEST_NUMBER)
    if not at_desk:
        return replace(form, outward_number=outward, inward_number="", brought_by="")
    return replace(
        form,
        outward_number=outward,
        inward_number=checking.line("inward_number", form.inward_number, most=LONGEST_NUMBER),
        brought_by=checking.line("brought_by", form.brought_by, most=LONGEST_NAME, required=True),
    )


def _check_times(form: HandIn, checking: Check, now: datetime) -> None:
    checking.future("wished_at", form.wished_at, now=now)
    checking.future("useful_until", form.useful_until, now=now)
    if form.wished_at and form.useful_until and form.useful_until < form.wished_at:
        checking.add("useful_until", "before_wished", wished_at=form.wished_at)


def _received(uploads: tuple[UploadedFile, ...], checking: Check) -> tuple[ReceivedFile, ...]:
    if len(uploads) > MOST_FILES:
        checking.add("files", "too_many_files", found=len(uploads), most=MOST_FILES)
    found = [
        _received_file(f"files-{index}", upload, checking)
        for index, upload in enumerate(uploads[:MOST_FILES])
    ]
    received = tuple(one for one in found if one is not None)
    pictures = sum(one.width is not None for one in received)
    if pictures > MOST_PICTURES:
        checking.add("files", "too_many_pictures", found=pictures, most=MOST_PICTURES)
    return received


def _received_file(place: str, upload: UploadedFile, checking: Check) -> ReceivedFile | None:
    alt_mr = checking.text(f"{place}-alt_mr", upload.alt_mr, most=LONGEST_ALT_TEXT)
    alt_en = checking.text(f"{place}-alt_en", upload.alt_en, most=LONGEST_ALT_TEXT)
    try:
        mime, width, height = _look_at(upload)
    except (BadFile, BadPicture) as bad:
        checking.add(place, bad.code, **{**bad.values, "name": own_name(upload.name)})
        return None
    name = own_name(upload.name)
    return ReceivedFile(name, upload.content, mime, width, height, alt_mr, alt_en)


def _look_at(upload: UploadedFile) -> tuple[str, int | None, int | None]:
    """Type by content, and size in pixels; raises `BadFile` or `BadPicture`."""
    known = files.accept(
        upload.content[: headers.HEAD_BYTES],
        upload.name,
        size=len(upload.content),
        limits=files.Limits(),
    )
    if known.kind is not FileKind.PICTURE:
        return known.mime, None, None
    picture = images.inspect(upload.content)
    return known.mime, picture.width, picture.height


def own_name(name: str) -> str:
    """A file's name as it can be shown: without folders and deceiving characters, not too long."""
    last = name.replace("\\", "/").rpartition("/")[2]
    cleaned = scripts.clean(last)
    bad = {problem.index for problem in cleaned.problems}
    shown = "".join("_" if at in bad else letter for at, letter in enumerate(cleaned.text))
    return " ".join(shown.split())[-_LONGEST_FILE_NAME:]
