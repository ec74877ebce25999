"""The tasks of mails: those that wait for a decision of the cell, and those that were unreadable.

Every change to such a mail writes an Event about it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.mail.mailbox import quarantine
from publisher.models.mailbox import Quarantine, ReceivedMail
from publisher.tasks.specs import SpecsOfSubjects, SubjectTasks, TaskKind, TaskQueue, TaskSpec


def waiting_specs(session: Session, ids: Collection[int], *, now: datetime) -> SpecsOfSubjects:
    """Return the tasks of these mails in quarantine, in one statement."""
    del now  # time changes none of them
    query = select(Quarantine.id, Quarantine.since_at).where(quarantine.is_waiting())
    mails = session.execute(query.where(Quarantine.id.in_(ids)))
    return SpecsOfSubjects([_spec(TaskKind.MAIL_WAITING, mail.id, mail.since_at) for mail in mails])


def unreadable_specs(session: Session, ids: Collection[int], *, now: datetime) -> SpecsOfSubjects:
    """Return the tasks of these received mails, in one statement."""
    del now
    query = select(ReceivedMail.id, ReceivedMail.received_at).where(quarantine.is_unreadable())
    mails = session.execute(query.where(ReceivedMail.id.in_(ids)))
    kind = TaskKind.MAIL_UNREADABLE
    return SpecsOfSubjects([_spec(kind, mail.id, mail.received_at) for mail in mails])


def _spec(kind: TaskKind, mail_id: int, since_at: datetime) -> TaskSpec:
    return TaskSpec(kind, mail_id, since_at, queue=TaskQueue.CELL)


QUARANTINES = SubjectTasks(
    table=Quarantine.__tablename__,
    kinds=(TaskKind.MAIL_WAITING,),
    specs_of=waiting_specs,
    open_ids=select(Quarantine.id).where(quarantine.is_waiting()),
    has_offices=False,
)
"""What is asked about mails in quarantine."""

RECEIVED_MAILS = SubjectTasks(
    table=ReceivedMail.__tablename__,
    kinds=(TaskKind.MAIL_UNREADABLE,),
    specs_of=unreadable_specs,
    open_ids=select(ReceivedMail.id).where(quarantine.is_unreadable()),
    has_offices=False,
)
"""What is asked about received mails."""
