"""What departments hand in: received with a number, looked through, declined or withdrawn."""

from __future__ import annotations

from publisher.desk.intake.forms import HandIn, UploadedFile
from publisher.desk.intake.handing_in import contact, hand_in
from publisher.desk.intake.looking import counts, submission_for, submissions_for
from publisher.desk.intake.settling import decline, withdraw

__all__ = [
    "HandIn",
    "UploadedFile",
    "contact",
    "counts",
    "decline",
    "hand_in",
    "submission_for",
    "submissions_for",
    "withdraw",
]
