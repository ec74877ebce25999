"""Freezes hold the posts of an account, a department or a kind between two moments.

An election's code of conduct is an example. Replies to citizens and emergencies are not held. The
cell, and the departments whose posts are held, are notified.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, not_, or_, select
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.interfaces import ORMOption

from approvals.errors import NotAllowed
from approvals.policy import Action, Actor, require
from publisher import transitions
from publisher.delivery.controls import stop
from publisher.models.controls import Freeze
from publisher.models.deliveries import Account, Delivery
from publisher.models.people import Appointment, Department, Person
from publisher.models.posts import Post
from publisher.models.submissions import SubmissionKind
from publisher.notifications import compose, links
from publisher.notifications.kinds import NoticeKind
from publisher.people import departments, responsibility
from publisher.scheduling.holds import Holds, not_held
from publisher.states import UNSENT
from publisher.validation import LONGEST_REASON, NotFound, Validator, person_of


def _notify(
    session: Session, kind: NoticeKind, freeze: Freeze, *, by_id: int | None, now: datetime
) -> None:
    """Notify the cell of the number of all posts held, and each department of its own."""
    touched = _count_held_by_department(session, freeze, now=now)
    by = session.get(Person, by_id) if by_id is not None else None
    account = session.get(Account, freeze.account_id) if freeze.account_id else None
    department = session.get(Department, freeze.department_id) if freeze.department_id else None
    values = {
        "from_at": freeze.from_at,
        "until_at": freeze.until_at,
        "reason": freeze.reason,
        "account": account.name if account is not None else None,
        "platform": account.platform if account is not None else None,
        "department": department,
        "kind": freeze.kind,
        "by": by,
    }
    cell, total = responsibility.cell(session, now=now), sum(touched.values())
    counts = dict.fromkeys(responsibility.people_of(cell), total)
    for department_id, count in touched.items():
        informed = responsibility.list_informed(session, department_id, now=now)
        for person in responsibility.people_of(informed):
            counts.setdefault(person, count)
    for person, count in counts.items():
        compose.queue(
            session,
            kind=kind,
            person=person,
            values={**values, "posts": count or None},
            now=now,
            path=links.DECISIONS,
        )


def _count_held_by_department(session: Session, freeze: Freeze, *, now: datetime) -> dict[int, int]:
    """Count the scheduled deliveries that the freeze holds, by department id.

    A freeze in force also holds deliveries that are overdue.
    """
    query = (
        select(Post.department_id, func.count())
        .join(Delivery, Delivery.post_id == Post.id)
        .where(
            Delivery.state.in_(UNSENT),
            Delivery.due_at < freeze.until_at,
            not_(not_held(Holds(None, (freeze,)))),
        )
    )
    if freeze.from_at > now:
        query = query.where(Delivery.due_at >= freeze.from_at)
    rows = session.execute(query.group_by(Post.department_id).order_by(Post.department_id)).all()
    return dict(rows)


class FreezeOver(NotAllowed):
    """The freeze has ended, or was lifted already."""

    code = "freeze_over"


@dataclass(frozen=True)
class FreezeForm:
    """A freeze as requested; None means all accounts, departments or kinds."""

    from_at: datetime
    until_at: datetime
    reason: str
    account_id: int | None = None
    department_id: int | None = None
    kind: str | None = None


def freeze(session: Session, *, actor: Actor, now: datetime, form: FreezeForm) -> Freeze:
    """Make a freeze that begins now at the earliest, notify people, and return it.

    Raises `WrongRole`, and `Invalid` with everything that is wrong with the form.
    """
    require(actor, Action.FREEZE, None, now=now)
    check = Validator()
    if form.until_at <= now:
        check.add("until_at", "past")
    elif form.until_at <= form.from_at:
        check.add("until_at", "before_beginning")
    if form.account_id is not None and session.get(Account, form.account_id) is None:
        check.add("account", "unknown_account")
    if form.department_id is not None:
        department = session.get(Department, form.department_id)
        if department is None or not departments.is_in_force(department, now=now):
            check.add("department", "unknown_department")
    if form.kind is not None and form.kind not in {kind.value for kind in SubmissionKind}:
        check.add("kind", "required")
    reason = check.text("reason", form.reason, most=LONGEST_REASON, required=True)
    check.finish()
    row = Freeze(
        from_at=max(form.from_at, now),
        until_at=form.until_at,
        account_id=form.account_id,
        department_id=form.department_id,
        kind=form.kind,
        reason=reason,
        at=now,
        person_id=person_of(actor),
        appointment_id=actor.appointment_id,
    )
    session.add(row)
    transitions.record(session, row, "freeze", actor=actor, now=now, values=_event_values(row))
    _notify(session, NoticeKind.FROZEN, row, by_id=row.person_id, now=now)
    return row


def lift(session: Session, *, actor: Actor, now: datetime, freeze_id: int) -> Freeze:
    """End a freeze early, or cancel it before it begins.

    Raises `WrongRole`, `NotFound`, and `FreezeOver` if it has ended or was lifted.
    """
    require(actor, Action.FREEZE, None, now=now)
    row = session.get(Freeze, freeze_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(freeze_id)
    if row.lifted_at is not None or row.until_at <= now:
        raise FreezeOver
    row.lifted_at, row.lifted_by_id = now, actor.person_id
    transitions.record(session, row, "lift", actor=actor, now=now, values=_event_values(row))
    _notify(session, NoticeKind.FREEZE_LIFTED, row, by_id=row.lifted_by_id, now=now)
    return row


def deliveries_in_flight(session: Session, *, freeze_id: int, now: datetime) -> list[Delivery]:
    """Return the deliveries in flight that the freeze came too late for; [] before it begins."""
    row = session.get(Freeze, freeze_id)
    if row is None or not row.from_at <= now < row.until_at:
        return []
    return stop.deliveries_in_flight(session, department_ids=None, frozen_by=row)


def past_freezes(*, now: datetime) -> Select[Freeze]:
    """Return the query of the freezes that have ended or were lifted, the newest first."""
    return (
        select(Freeze)
        .where(or_(Freeze.lifted_at.is_not(None), Freeze.until_at <= now))
        .options(*load_names())
        .order_by(Freeze.until_at.desc(), Freeze.id.desc())
    )


def standing_freezes(*, now: datetime) -> Select[Freeze]:
    """Return the query of the freezes in force or to come, with the people who made them."""
    query = select(Freeze).where(Freeze.lifted_at.is_(None), Freeze.until_at > now)
    return query.options(*load_names()).order_by(Freeze.from_at, Freeze.id)


def load_names() -> tuple[ORMOption, ...]:
    """Return the options that load a freeze's account, department and people with it."""
    appointment = joinedload(Freeze.appointment)
    return (
        joinedload(Freeze.account),
        joinedload(Freeze.department),
        joinedload(Freeze.lifted_by),
        appointment.joinedload(Appointment.department),
        appointment.joinedload(Appointment.person),
    )


def _event_values(row: Freeze) -> dict[str, object]:
    return {
        "from_at": row.from_at.isoformat(),
        "until_at": row.until_at.isoformat(),
        "account": row.account_id,
        "department": row.department_id,
        "kind": row.kind,
    }
