"""Who is told that a freeze was laid or lifted: the cell, and whoever's posts fall into it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, not_, select
from sqlalchemy.orm import Session

from publisher.models.content.posts import Post
from publisher.models.deliveries import Account, Delivery
from publisher.models.people import Department, Person
from publisher.models.press import Freeze
from publisher.notifications import compose, links
from publisher.notifications.compose import NoticeKind
from publisher.people import responsibility
from publisher.scheduling.constraints import UNSENT
from publisher.scheduling.holds import Brakes, is_free


def tell_laid(session: Session, freeze: Freeze, *, now: datetime) -> None:
    """The freeze is laid: what falls into it does not leave meanwhile."""
    _tell(session, NoticeKind.FROZEN, freeze, by_id=freeze.person_id, now=now)


def tell_lifted(session: Session, freeze: Freeze, *, now: datetime) -> None:
    """The freeze is lifted: what is not too late leaves after all."""
    kind, by_id = NoticeKind.FREEZE_LIFTED, freeze.lifted_by_id
    _tell(session, kind, freeze, by_id=by_id, now=now)


def _tell(
    session: Session, kind: NoticeKind, freeze: Freeze, *, by_id: int | None, now: datetime
) -> None:
    """Each is told how much of theirs falls into it: the cell of all, a department of its own."""
    touched = _touched(session, freeze, now=now)
    by = session.get(Person, by_id) if by_id is not None else None
    values = {**_about(session, freeze), "by": by}
    cell = {one.person_id: one.person for one in responsibility.cell(session, now=now)}
    for person in cell.values():
        _queue(session, kind, person, values, sum(touched.values()), now=now)
    told = set(cell)
    for department_id, count in touched.items():
        for one in responsibility.rungs(session, department_id, now=now):
            if one.person_id not in told:
                told.add(one.person_id)
                _queue(session, kind, one.person, values, count, now=now)


def _queue(
    session: Session,
    kind: NoticeKind,
    person: Person,
    values: Mapping[str, object],
    count: int,
    *,
    now: datetime,
) -> None:
    said = {**values, "posts": count or None}
    path = links.decisions()
    compose.queue(session, kind=kind, person=person, values=said, now=now, path=path)


def _about(session: Session, freeze: Freeze) -> dict[str, object]:
    account = session.get(Account, freeze.account_id) if freeze.account_id else None
    department = session.get(Department, freeze.department_id) if freeze.department_id else None
    return {
        "from_at": freeze.from_at,
        "until_at": freeze.until_at,
        "reason": freeze.reason,
        "account": account.name if account is not None else None,
        "platform": account.platform if account is not None else None,
        "department": department,
        "kind": freeze.kind,
    }


def _touched(session: Session, freeze: Freeze, *, now: datetime) -> dict[int, int]:
    """How many scheduled deliveries of each department fall into it, by the departments' ids.

    What is due already and has not left falls into a freeze that holds now.
    """
    query = (
        select(Post.department_id, func.count())
        .join(Delivery, Delivery.post_id == Post.id)
        .where(
            Delivery.state.in_(UNSENT),
            Delivery.due_at < freeze.until_at,
            not_(is_free(Brakes(None, (freeze,)))),
        )
    )
    if freeze.from_at > now:
        query = query.where(Delivery.due_at >= freeze.from_at)
    rows = session.execute(query.group_by(Post.department_id).order_by(Post.department_id)).all()
    return dict(rows)
