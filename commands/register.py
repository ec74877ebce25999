"""`nagarvani register`: print the annex, and import officers and heads from a file."""

from __future__ import annotations

import csv
import sys

import click

from commands.app_setup import checked_database
from publisher.coverage.annex import BadAnnexDay, annex
from publisher.i18n.date_parsing import BadWhen, WhenProblem
from publisher.i18n.languages import digits
from publisher.i18n.moment_parsing import parse_typed_day
from publisher.now import now
from publisher.settings.environment import Settings


def print_annex(settings: Settings, on: str | None) -> None:
    """Print the annex of a day, or of today, as CSV; raises `click.ClickException`."""
    at = now()
    with checked_database(settings) as database, database.reading() as session:
        try:
            day = parse_typed_day(on or "today", now=at, looks_back=True).day
            paper = annex(session, on=day, now=at)
        except (BadWhen, BadAnnexDay) as problem:
            raise click.ClickException(_day_sentence(problem, on)) from problem
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("अ. क्र.", "विभाग / खाते", "code"))
    writer.writerows((digits(str(row.number), "mr"), row.name_mr, row.code) for row in paper.rows)


def _day_sentence(problem: BadWhen | BadAnnexDay, on: str | None) -> str:
    if problem.code == "not_yet":
        return f"--on {on}: this day has not come yet."
    if problem.code == WhenProblem.DATE_DOES_NOT_EXIST:
        return f"--on {on}: this day does not exist."
    if problem.code in ("before_record", WhenProblem.DATE_OUT_OF_RANGE):
        return f"--on {on}: before 14 July 2021 nothing is recorded."
    return f"--on {on}: write a day such as 2021-07-14."
