"""Reminder letters on paper, printed again as they were written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from publisher.i18n.dates import editable_day
from publisher.models.nominations import ReminderLetter
from publisher.nominations.letter_text import PAPER, read_letter_text
from publisher.papers.pdf import Paper, Paragraph, make_sender, write
from publisher.settings.environment import Settings
from publisher.working_time import local_day


def letter_paper(letter: ReminderLetter) -> Paper:
    """Return a letter as a paper, under its number and day."""
    text = read_letter_text(letter)
    return Paper(
        title=text.title,
        parts=[Paragraph(part, strong=part == text.subject) for part in text.parts],
        date=editable_day(local_day(letter.written_at), PAPER),
        number=letter.number,
        signatory=text.signatory,
        is_letter=True,
    )


def letters_pdf(letters: Sequence[ReminderLetter], *, settings: Settings, now: datetime) -> bytes:
    """Return letters as one PDF, each on a page of its own.

    Raises `NoImage`, `CannotShape` and `TypesettingFailed`.
    """
    # The number of a letter is complete; the outward number of the settings is not put before it.
    sender = replace(make_sender(settings, PAPER), outward_number="")
    papers = [letter_paper(letter) for letter in letters]
    return write(papers, sender=sender, language=PAPER, now=now)
