"""What departments hand in: received with a number, looked through, changed, asked about, ended."""

from __future__ import annotations

from publisher.desk.intake.changing import (
    ChangedMeanwhile,
    DraftingBegun,
    change,
    changes_of,
)
from publisher.desk.intake.copying import form_again, form_of
from publisher.desk.intake.duplicates import ended_original
from publisher.desk.intake.forms import HandIn
from publisher.desk.intake.handing_in import contact, hand_in
from publisher.desk.intake.looking import counts, submission_for, submissions_for
from publisher.desk.intake.merging import likely_originals, merge
from publisher.desk.intake.questioning import (
    add_note,
    complete,
    return_submission,
    see_note,
)
from publisher.desk.intake.receiving import (
    KeptFile,
    Refused,
    UploadedFile,
    admit,
    give_back,
    look_at,
)
from publisher.desk.intake.settling import decline, withdraw
from publisher.desk.intake.writing import ward_offices

__all__ = [
    "ChangedMeanwhile",
    "DraftingBegun",
    "HandIn",
    "KeptFile",
    "Refused",
    "UploadedFile",
    "add_note",
    "admit",
    "change",
    "changes_of",
    "complete",
    "contact",
    "counts",
    "decline",
    "ended_original",
    "form_again",
    "form_of",
    "give_back",
    "hand_in",
    "likely_originals",
    "look_at",
    "merge",
    "return_submission",
    "see_note",
    "submission_for",
    "submissions_for",
    "ward_offices",
    "withdraw",
]
