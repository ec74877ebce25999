"""The tasks of accounts, for the admins: one is paused, or its platform has no credits."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from publisher.delivery import platform_credits
from publisher.models.deliveries import Account
from publisher.models.monitoring import CreditOutage
from publisher.states import AccountState
from publisher.tasks.specs import SpecsOfSubjects, SubjectTasks, TaskKind, TaskQueue, TaskSpec


def list_specs(session: Session, ids: Collection[int], *, now: datetime) -> SpecsOfSubjects:
    """Return the tasks of these accounts, in one statement."""
    del now
    query = (
        select(Account.id, Account.state, Account.state_at, CreditOutage.began_at)
        .outerjoin(CreditOutage, CreditOutage.platform == Account.platform)
        .where(Account.id.in_(ids), _is_stopped())
    )
    specs = []
    for account in session.execute(query):
        kind, since_at = TaskKind.CREDITS_USED_UP, account.began_at
        if account.state is AccountState.PAUSED:
            kind, since_at = TaskKind.ACCOUNT_PAUSED, account.state_at
        specs.append(TaskSpec(kind, account.id, since_at, queue=TaskQueue.ADMIN))
    return SpecsOfSubjects(specs)


def _is_stopped() -> ColumnElement[bool]:
    """The account is paused, or connected to a platform without credits."""
    is_unpaid = (Account.state == AccountState.CONNECTED) & platform_credits.has_no_credits()
    return or_(Account.state == AccountState.PAUSED, is_unpaid)


ACCOUNTS = SubjectTasks(
    table=Account.__tablename__,
    kinds=(TaskKind.ACCOUNT_PAUSED, TaskKind.CREDITS_USED_UP),
    specs_of=list_specs,
    open_ids=select(Account.id).where(_is_stopped()),
    has_offices=False,
)
"""What is asked about accounts."""
