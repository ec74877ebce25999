"""`nagarvani register annex`: the departments without an officer, as CSV or PDF."""

from __future__ import annotations

import csv
import sys
from dataclasses import replace
from datetime import datetime

import click

from commands.app_setup import open_database
from publisher.coverage.annex import HEADINGS, PAPER, Annex, BadAnnexDay, annex
from publisher.i18n.date_parsing import BadWhen, WhenProblem
from publisher.i18n.dates import editable_day
from publisher.i18n.moment_parsing import parse_typed_day
from publisher.now import now
from publisher.papers.annex import annex_paper
from publisher.papers.characters import CannotShape
from publisher.papers.pdf import NoImage, make_sender, write
from publisher.settings.environment import Settings
from publisher.working_time import local_day


def print_annex(settings: Settings, on: str | None, *, as_pdf: bool = False) -> None:
    """Print the annex of a day, or of today, as CSV or PDF; raises `click.ClickException`."""
    at = now()
    with open_database(settings) as database, database.reading() as session:
        try:
            day = parse_typed_day(on or "today", now=at, looks_back=True).day
            listed = annex(session, on=day, now=at)
        except (BadWhen, BadAnnexDay) as problem:
            raise click.ClickException(_day_sentence(problem, on)) from problem
    if as_pdf:
        sys.stdout.buffer.write(_pdf(settings, listed, at))
        return
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow((*HEADINGS, "code"))
    writer.writerows((*row.cells, row.code) for row in listed.rows)


def _pdf(settings: Settings, listed: Annex, at: datetime) -> bytes:
    try:
        sender = make_sender(settings, PAPER)
        number = "" if sender.outward_number else None
        today = editable_day(local_day(at), PAPER)
        paper = replace(annex_paper(listed), date=today, number=number)
        return write([paper], sender=sender, language=PAPER, now=at)
    except CannotShape as refusal:
        says = f"The font has no letters for {refusal.characters} in {refusal.text!r}."
        raise click.ClickException(says) from refusal
    except NoImage as problem:
        says = f"NAGARVANI_LETTERHEAD: {problem.path} is no picture that can be read."
        raise click.ClickException(says) from problem


def _day_sentence(problem: BadWhen | BadAnnexDay, on: str | None) -> str:
    if problem.code == "not_yet":
        return f"--on {on}: this day has not come yet."
    if problem.code == WhenProblem.DATE_DOES_NOT_EXIST:
        return f"--on {on}: this day does not exist."
    if problem.code in ("before_record", WhenProblem.DATE_OUT_OF_RANGE):
        return f"--on {on}: before 14 July 2021 nothing is recorded."
    return f"--on {on}: write a day such as 2021-07-14."
