"""Which departments' posts may leave by which account: all, where an account names no users."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from approvals.errors import NotAllowed
from publisher.models.accounts import AccountDepartment
from publisher.models.deliveries import Account


class AccountNotOpen(NotAllowed):
    """The account is kept for other departments than the one whose post this is."""

    code = "account_not_open"


def is_open_to(department_id: int) -> ColumnElement[bool]:
    """That `Account` may be used for a post of this department; its owner always may."""
    users = exists().where(AccountDepartment.account_id == Account.id)
    named = users.where(AccountDepartment.department_id == department_id)
    owns = Account.department_id == department_id
    return or_(owns, ~users.correlate(Account), named.correlate(Account))


def closed_among(session: Session, account_ids: set[int], department_id: int) -> set[int]:
    """Those of these accounts that a post of this department may not use."""
    if not account_ids:
        return set()
    query = select(Account.id).where(Account.id.in_(account_ids), ~is_open_to(department_id))
    return set(session.scalars(query))


def check_open(session: Session, account: Account, department_id: int) -> None:
    """Raise `AccountNotOpen` where a post of this department may not leave by this account."""
    if closed_among(session, {account.id}, department_id):
        raise AccountNotOpen(account=account.name)
