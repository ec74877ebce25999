"""Shared addresses of departments: they belong to no person, and no link or code goes there."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.models.departments import DepartmentAddress
from publisher.models.people import Department


def owner_of(session: Session, mail: str | None) -> Department | None:
    """Return the department whose shared address this is; None if it is none's."""
    query = select(Department).join(DepartmentAddress).where(DepartmentAddress.mail == mail)
    return session.scalars(query).one_or_none() if mail else None
