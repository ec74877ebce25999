"""Files uploaded on a page: kept for a day, with their rows until they are carried out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from approvals.errors import NotAllowed, WrongState
from approvals.policy import Action, Actor, require
from publisher.models.departments import RegisterFile, RegisterKind
from publisher.models.people import Appointment
from publisher.people.department_orders import DepartmentOrder
from publisher.people.department_spellings import fold_spelling
from publisher.register import columns as register_columns
from publisher.register.carry_out import carry_out, plan_sheet
from publisher.register.columns import Column
from publisher.register.plan import RegisterPlan
from publisher.register.sheet import FileTable, SheetRow
from publisher.validation import NotFound, person_of

LIFETIME: Final = timedelta(days=1)
"""After this a file is no longer found, and the retention deletes it."""


class FilePlanChanged(NotAllowed):
    """What the file would do is no longer what the page showed."""

    code = "file_plan_changed"


def store(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    kind: RegisterKind,
    name: str,
    sheet: FileTable,
) -> RegisterFile:
    """Store a file's rows. Raises `WrongRole`."""
    _require(actor, kind, now)
    file = RegisterFile(
        kind=kind,
        name=name[:200],
        headings=list(sheet.headings),
        rows=[(line.number, list(line.cells)) for line in sheet.rows],
        uploaded_at=now,
        uploaded_by_id=person_of(actor),
    )
    session.add(file)
    session.flush()
    return file


def _require(actor: Actor, kind: RegisterKind, now: datetime) -> None:
    is_heads = kind is RegisterKind.HEADS
    require(actor, Action.RECORD_HEAD if is_heads else Action.RECORD_OFFICER, None, now=now)


def get_file(session: Session, *, actor: Actor, now: datetime, file_id: int) -> RegisterFile:
    """Return one of the actor's own files; raises `NotFound` for any other, or an old one."""
    file = session.get(RegisterFile, file_id)
    is_own = file is not None and file.uploaded_by_id == actor.person_id
    if file is None or not is_own or file.uploaded_at <= now - LIFETIME:
        raise NotFound(file_id)
    return file


def own_files(session: Session, *, actor: Actor, now: datetime) -> list[RegisterFile]:
    """Return the actor's own files of the last day, the newest first, without their rows."""
    query = (
        select(RegisterFile)
        .where(
            RegisterFile.uploaded_by_id == actor.person_id,
            RegisterFile.uploaded_at > now - LIFETIME,
        )
        .options(defer(RegisterFile.rows))
        .order_by(RegisterFile.id.desc())
    )
    return list(session.scalars(query))


def read_columns(session: Session, file: RegisterFile) -> list[Column] | None:
    """Return the layout stored for files with these headings; None if nobody has chosen it yet."""
    layout = register_columns.find_layout(session, file.kind, file.headings)
    return [Column(name) for name in layout.columns] if layout is not None else None


def plan_file(session: Session, file: RegisterFile, *, now: datetime) -> RegisterPlan:
    """Return what a file would do. Raises `BadColumns` if the columns were not chosen."""
    sheet = FileTable(
        tuple(file.headings),
        tuple(SheetRow(number, tuple(cells)) for number, cells in file.rows),
    )
    columns = read_columns(session, file) or []
    return plan_sheet(session, sheet, columns, kind=file.kind, now=now, choices=file.choices)


def choose_department(file: RegisterFile, *, text: str, department_id: int) -> None:
    """Make a spelling mean a department in this file."""
    file.choices = {**file.choices, fold_spelling(text): department_id}


def carry_out_file(
    session: Session,
    file: RegisterFile,
    *,
    actor: Actor,
    now: datetime,
    digest: str,
    skips_refused: bool,
    order: DepartmentOrder | None,
) -> list[Appointment]:
    """Do what the page showed, by its plan's digest, and delete the rows of the file.

    Raises `FilePlanChanged`, `WrongState` if it was done already, and as `carry_out` does.
    """
    _require(actor, file.kind, now)
    session.refresh(file, with_for_update=True)
    if file.done_at is not None:
        raise WrongState(state="done", to="done")
    plan = plan_file(session, file, now=now)
    if plan.digest != digest:
        raise FilePlanChanged
    recorded = carry_out(
        session, plan, actor=actor, now=now, skips_refused=skips_refused, order=order
    )
    file.done_at, file.rows = now, []
    return recorded
