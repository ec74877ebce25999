"""Write a validated form into a submission, and read a submission back into a form."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.intake.form import FIELDS, MOST_FILES, REUSED_FIELDS, HandIn
from publisher.intake.uploads import (
    FILE_COLUMNS,
    KeptFile,
    UploadedFile,
    UploadRefused,
    check_upload,
    kept_of,
)
from publisher.media.store import MediaStore, MediumMissing, StoreAway
from publisher.models.people import Department
from publisher.models.submissions import ScanResult, Submission, SubmissionFile
from publisher.people.departments import is_in_force
from publisher.validation import FieldError

WARD_OFFICE = "ward-office"


@dataclass(frozen=True)
class StoredForm:
    """A form whose files are in the store, except those that `unstored` names.

    A row may refer to a file only once it is stored, and the store may be unavailable or slow: so
    the files come first, and no transaction waits for them.
    """

    form: HandIn
    unstored: tuple[FieldError, ...] = ()


def store_form(store: MediaStore, form: HandIn) -> StoredForm:
    """Store the form's new files, and check that the others are there.

    No transaction may be open. Nothing is stored if the form refuses one of the files.
    """
    try:
        files = [
            check_upload(file) if isinstance(file, UploadedFile) else file for file in form.files
        ]
    except UploadRefused:
        return StoredForm(form)  # it is refused with all its errors when it is checked
    codes: dict[int, str] = {}
    for index, file in enumerate(files):
        try:
            if file.content is not None:
                store.save(file.content)
            elif not store.exists(file.sha256):
                raise MediumMissing(file.sha256)
            files[index] = replace(file, content=None)
        except MediumMissing:
            codes[index] = "picture_missing"
        except StoreAway:
            # The store is not asked for the others: each answer may be slow.
            codes |= dict.fromkeys(range(index, len(files)), "store_away")
            break
    unstored = (
        FieldError(f"files-{index}", code, {"name": files[index].name})
        for index, code in codes.items()
    )
    return StoredForm(replace(form, files=tuple(files)), tuple(unstored))


def ward_offices(session: Session, *, now: datetime) -> list[Department]:
    """Return the ward offices in force, by name."""
    query = select(Department).where(Department.kind == WARD_OFFICE).order_by(Department.name_mr)
    return [office for office in session.scalars(query) if is_in_force(office, now=now)]


def wrong_wards(session: Session, wards: Sequence[int], *, now: datetime) -> list[FieldError]:
    """Return an error if one of the ids is not a ward office in force."""
    if not wards:
        return []
    ward_ids = {office.id for office in ward_offices(session, now=now)}
    return [] if ward_ids.issuperset(wards) else [FieldError("wards", "unknown_ward")]


def fill(session: Session, submission: Submission, form: HandIn) -> None:
    """Copy the form's fields into the submission; raises ValueError if the form has no kind."""
    if form.kind is None:
        raise ValueError("a form without its kind is not written")
    submission.kind = form.kind
    for name in FIELDS:
        setattr(submission, name, getattr(form, name))
    wards = select(Department).where(Department.id.in_(form.wards)).order_by(Department.id)
    submission.wards = list(session.scalars(wards)) if form.wards else []


def fill_files(session: Session, submission: Submission, files: Sequence[KeptFile]) -> None:
    """Replace the submission's files by these, in order; a file that stays keeps its id."""
    files_by_digest = {file.sha256: file for file in submission.files}
    for digest, file in files_by_digest.items():
        file.position = -1 - file.position  # temporary: (submission, position) is unique
        if digest not in {kept_file.sha256 for kept_file in files}:
            submission.files.remove(file)
            session.delete(file)
    session.flush()
    for position, kept_file in enumerate(files):
        file = files_by_digest.get(kept_file.sha256) or _new_file(session, submission, kept_file)
        file.position, file.name = position, kept_file.name
        file.alt_mr, file.alt_en = kept_file.alt_mr, kept_file.alt_en
    session.flush()
    session.expire(submission, ["files"])


def _new_file(session: Session, submission: Submission, kept_file: KeptFile) -> SubmissionFile:
    columns = {column: getattr(kept_file, column) for column in FILE_COLUMNS}
    file = SubmissionFile(submission=submission, **columns)
    session.add(file)
    return file


def submission_to_form(submission: Submission) -> HandIn:
    """Return the submission as a form."""
    return _form(submission, FIELDS)


def form_again(submission: Submission) -> HandIn:
    """Return a form for a new submission like this one, without its dates and infected files."""
    form = _form(submission, REUSED_FIELDS)
    files = [kept_of(file) for file in submission.files if file.scan is not ScanResult.INFECTED]
    return replace(form, files=tuple(files[:MOST_FILES]))


def _form(submission: Submission, names: Iterable[str]) -> HandIn:
    values = {name: getattr(submission, name) for name in names}
    return HandIn(
        department_id=submission.department_id,
        kind=submission.kind,
        wards=tuple(ward.id for ward in submission.wards),
        files=tuple(kept_of(file) for file in submission.files),
        **values,
    )
