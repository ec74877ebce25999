"""`nagarvani register import`: what a file of officers or heads would do, and doing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from commands.app_setup import command_origin, open_database
from commands.register_messages import columns_text, file_text, problem_text, row_line, summary
from publisher.models.departments import RegisterKind
from publisher.models.people import Department
from publisher.now import now
from publisher.people.department_orders import BadDepartment, DepartmentOrder, read_order
from publisher.people.permissions import COMMAND
from publisher.register import columns as register_columns
from publisher.register.carry_out import BadRow, RowsRefused, carry_out, plan_sheet
from publisher.register.columns import BadColumns, Column
from publisher.register.plan import RegisterPlan
from publisher.register.sheet import BadSheet, FileTable, read_sheet
from publisher.settings.environment import Settings
from publisher.working_time import local_day


@dataclass(frozen=True)
class ImportOptions:
    """What the command was asked for; `columns` and `departments` are as typed."""

    is_heads: bool = False
    does: bool = False
    confirms: bool = False
    skips_refused: bool = False
    columns: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    order_number: str = ""
    order_on: date | None = None

    @property
    def kind(self) -> RegisterKind:
        """The kind of the file."""
        return RegisterKind.HEADS if self.is_heads else RegisterKind.OFFICERS


def import_file(settings: Settings, file: Path, options: ImportOptions) -> None:
    """Print the plan row by row and, if asked to, carry it out; raises `click.ClickException`."""
    at = now()
    try:
        sheet = read_sheet(file.read_bytes())
    except BadSheet as problem:
        raise click.ClickException(file_text(problem)) from problem
    with open_database(settings) as database:
        with database.reading() as session:
            columns = _columns(session, sheet, options)
            meanings = zip(sheet.headings, columns, strict=True)
            for number, (heading, column) in enumerate(meanings, start=1):
                click.echo(f"column {number}: {heading} = {column}")
            plan = _plan(session, sheet, columns, options, at)
            for row in plan.rows:
                click.echo(row_line(row))
            click.echo(summary(plan))
        if options.does:
            with database.transaction() as session:
                # Read again: since then somebody may have recorded one of them.
                plan = _plan(session, sheet, columns, options, at)
                _import_plan(session, plan, sheet, columns, options, at)
        else:
            click.echo("Nothing was changed: repeat it with --do.")


def _columns(session: Session, sheet: FileTable, options: ImportOptions) -> list[Column]:
    """Return what the columns mean: as stored for such a file, or as guessed, and as asked for."""
    layout = register_columns.find_layout(session, options.kind, sheet.headings)
    if layout is not None:
        columns = [Column(name) for name in layout.columns]
    else:
        columns = register_columns.guess(options.kind, sheet.headings)
    for text in options.columns:
        number, _, name = text.partition("=")
        if not number.isdecimal() or not 1 <= int(number) <= len(columns):
            raise click.ClickException(f"--column {text}: write the column's number first.")
        if name not in set(Column):
            meanings = ", ".join(
                column.value for column in register_columns.column_choices(options.kind)
            )
            raise click.ClickException(f"--column {text}: a column is one of {meanings}.")
        columns[int(number) - 1] = Column(name)
    try:
        register_columns.check(options.kind, columns)
    except BadColumns as problem:
        raise click.ClickException(columns_text(problem, sheet.headings)) from problem
    return columns


def _plan(
    session: Session,
    sheet: FileTable,
    columns: Sequence[Column],
    options: ImportOptions,
    at: datetime,
) -> RegisterPlan:
    return plan_sheet(
        session,
        sheet,
        columns,
        kind=options.kind,
        now=at,
        choices=dict(_choice(session, text) for text in options.departments),
        confirms=options.confirms,
    )


def _choice(session: Session, text: str) -> tuple[str, int]:
    spelling, _, code = text.rpartition("=")
    query = select(Department.id).where(Department.code == code)
    department_id = session.scalars(query).one_or_none()
    if not spelling or department_id is None:
        raise click.ClickException(f"--department {text}: no department has the code {code}.")
    return spelling, department_id


def _import_plan(
    session: Session,
    plan: RegisterPlan,
    sheet: FileTable,
    columns: Sequence[Column],
    options: ImportOptions,
    at: datetime,
) -> None:
    try:
        carry_out(
            session,
            plan,
            actor=COMMAND,
            now=at,
            origin=command_origin("register import"),
            order=_order(options, at),
            confirms=options.confirms,
            skips_refused=options.skips_refused,
        )
    except RowsRefused as problem:
        count = problem.values["count"]
        says = f"Nothing was changed: rows are refused ({count}). Correct them, or --skip-refused."
        raise click.ClickException(says) from problem
    except BadRow as problem:
        says = f"Nothing was changed. Row {problem.number}: {problem_text(problem.problem)}."
        raise click.ClickException(says) from problem
    register_columns.keep(session, options.kind, sheet.headings, columns, actor=COMMAND, now=at)
    click.echo("Done.")


def _order(options: ImportOptions, at: datetime) -> DepartmentOrder | None:
    if not options.order_number:
        return None
    try:
        return read_order(options.order_number, options.order_on or local_day(at))
    except BadDepartment as problem:
        raise click.ClickException(f"--order: {problem_text(problem)}.") from problem
