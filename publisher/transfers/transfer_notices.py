"""Notify those concerned of a list of transfers: the people who may confirm it, and the heads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from approvals.policy import Actor, Role
from publisher.models.people import Person
from publisher.models.transfers import Transfer, TransferList
from publisher.notifications import compose, links
from publisher.notifications.formatting import choose_language, format_values
from publisher.notifications.kinds import NoticeKind
from publisher.people import responsibility


def ask_to_confirm(
    session: Session, transfer_list: TransferList, *, actor: Actor, now: datetime
) -> None:
    """Ask the admins and leads to confirm the list, except the one who prepared it."""
    listed_ids = {transfer.before.person_id for transfer in transfer_list.rows}
    barred_ids = {actor.person_id, *listed_ids}
    offices = responsibility.lead_and_admins(session, now=now)
    for person in responsibility.people_of(offices):
        if person.id not in barred_ids:
            _notify(session, NoticeKind.TRANSFERS_WAIT, person, transfer_list, actor, now)


def notify_heads(
    session: Session,
    transfer_list: TransferList,
    *,
    actor: Actor,
    now: datetime,
    is_cancelled: bool = False,
) -> None:
    """Notify the heads whose department people leave or join, each about their own people."""
    rows_by_head: defaultdict[Person, list[Transfer]] = defaultdict(list)
    for transfer in transfer_list.rows:
        for department_id in dict.fromkeys((transfer.before.department_id, transfer.department_id)):
            for office in responsibility.list_informed(session, department_id, now=now):
                if office.role is Role.HEAD and transfer not in rows_by_head[office.person]:
                    rows_by_head[office.person].append(transfer)
    for person, rows in rows_by_head.items():
        kind = NoticeKind.TRANSFERS_CONFIRMED
        _notify(session, kind, person, transfer_list, actor, now, rows, cancelled=is_cancelled)


def _notify(
    session: Session,
    kind: NoticeKind,
    person: Person,
    transfer_list: TransferList,
    actor: Actor,
    now: datetime,
    rows: Iterable[Transfer] | None = None,
    **more_values: object,
) -> None:
    listed = transfer_list.rows if rows is None else list(rows)
    values: dict[str, object] = {
        "people": "\n".join(_line(transfer, person, now) for transfer in listed),
        "count": len(listed),
        "on": transfer_list.in_force_on,
        "number": transfer_list.order_number,
        **more_values,
    }
    if actor.person_id is not None:
        values["by"] = session.get_one(Person, actor.person_id)
    is_asked = kind is NoticeKind.TRANSFERS_WAIT
    path = links.transfer_list(transfer_list.id) if is_asked else links.TODAY
    compose.queue(session, kind=kind, person=person, values=values, now=now, path=path)


def _line(transfer: Transfer, reader: Person, now: datetime) -> str:
    """Return who moves from where to where, in the reader's language."""
    values = {
        "name": transfer.before.person,
        "before": transfer.before.department,
        "department": transfer.department,
        "role": transfer.role,
    }
    text = format_values(values, choose_language(reader), now=now)
    return f"– {text['name']}: {text['before']} → {text['department']}, {text['role']}"
