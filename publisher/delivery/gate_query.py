"""What the transaction of `sending` reads: its locks, then everything else in one statement.

All are made once, of plain columns, since they run for every single delivery.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, exists, or_, select

from approvals import gate
from publisher.database.prepared_statements import Fields, PreparedStatement, Rows, Value, run
from publisher.database.session import table_of
from publisher.delivery.payload import DeliveryPayload
from publisher.models.accounts import AllowanceRow
from publisher.models.deliveries import Account, Delivery
from publisher.models.people import Appointment, Person
from publisher.models.posts import Decision, Post, Rendition, Revision, RevisionDepartment, Variant
from publisher.review import gate_adapter
from publisher.scheduling import holds
from publisher.transitions import KEY, MOMENT

GateRows = Rows
"""One delivery, repeated for each variant, picture, decision and asked department."""

ApproverTenure = Mapping[int, Fields]
"""By the approval's id: from and until when its approver's appointment runs, and since when that
person may do nothing here.
"""


_DELIVERY, _POST, _REVISION = table_of(Delivery), table_of(Post), table_of(Revision)
_VARIANT, _OWN = table_of(Variant), table_of(Variant).alias("own")
_RENDITION, _ASKED = table_of(Rendition), table_of(RevisionDepartment)
_DECISION, _APPOINTMENT, _PERSON = table_of(Decision), table_of(Appointment), table_of(Person)
_ACCOUNT, _ALLOWANCE = table_of(Account), table_of(AllowanceRow)
_APPROVES = or_(*(_DECISION.c.kind == one for one in sorted(gate_adapter.APPROVALS)))

_LOCKS = (
    select(_POST.c.id)
    .select_from(_DELIVERY)
    .join(_POST, _POST.c.id == _DELIVERY.c.post_id)
    .where(_DELIVERY.c.id == KEY)
)
_LOCK_POST = PreparedStatement("lock_post", _LOCKS.with_for_update(read=True, of=_POST), [KEY])
_LOCK_ALL = PreparedStatement(
    "lock_post_and_approvers",
    _LOCKS.join(_VARIANT, _VARIANT.c.id == _DELIVERY.c.variant_id)
    .join(_DECISION, and_(_DECISION.c.revision_id == _VARIANT.c.revision_id, _APPROVES))
    .join(_APPOINTMENT, _APPOINTMENT.c.id == _DECISION.c.appointment_id)
    .join(_PERSON, _PERSON.c.id == _APPOINTMENT.c.person_id)
    .with_only_columns(
        _DECISION.c.id,
        _APPOINTMENT.c.from_at,
        _APPOINTMENT.c.until_at,
        _PERSON.c.disabled_at,
    )
    .with_for_update(read=True, of=(_POST, _APPOINTMENT, _PERSON)),
    [KEY],
)


_OF_DELIVERY = (
    _DELIVERY.c.due_at,
    _DELIVERY.c.late_limit,
    _DELIVERY.c.leased_until,
    _DELIVERY.c.urgent,
    holds.are_any(MOMENT).label("braked"),
    or_(
        _ACCOUNT.c.daily_cap.is_not(None),
        exists().where(_ALLOWANCE.c.account_id == _ACCOUNT.c.id),
    ).label("is_limited"),
    _ACCOUNT.c.daily_cap.is_not(None).label("is_capped"),
    _ACCOUNT.c.quiet_until,
    _ACCOUNT.c.state.label("account_state"),
)
_OF_REVISION = (
    _POST.c.state,
    _POST.c.newest,
    _POST.c.department_id,
    _POST.c.kind,
    _REVISION.c.id.label("revision_id"),
    _REVISION.c.number,
    _REVISION.c.digest,
    _REVISION.c.author_id,
    _REVISION.c.restored_from_id,
    _REVISION.c.not_before,
    _REVISION.c.not_after,
    _ASKED.c.department_id.label("asked"),
)
_OF_DECISION = (
    _DECISION.c.id.label("decision_id"),
    _DECISION.c.kind.label("decision_kind"),
    _DECISION.c.department_id.label("decision_department_id"),
    _DECISION.c.person_id,
    _DECISION.c.digest.label("decision_digest"),
    _DECISION.c.withdrawn_at,
)
_OF_VARIANT = (
    _VARIANT.c.id.label("variant_id"),
    _VARIANT.c.account_id,
    _VARIANT.c.language,
    _VARIANT.c.text,
    _VARIANT.c.link,
    _VARIANT.c.target,
    _RENDITION.c.position,
    _RENDITION.c.sha256,
    _RENDITION.c.alt_text,
)


def _query() -> Select[*tuple[Any, ...]]:
    asked = and_(_ASKED.c.revision_id == _REVISION.c.id, _ASKED.c.asked.is_(True))
    approves = and_(_DECISION.c.revision_id == _REVISION.c.id, _APPROVES)
    return (
        select(*_OF_DELIVERY, *_OF_REVISION, *_OF_DECISION, *_OF_VARIANT)
        .select_from(_DELIVERY)
        .join(_ACCOUNT, _ACCOUNT.c.id == _DELIVERY.c.account_id)
        .join(_POST, _POST.c.id == _DELIVERY.c.post_id)
        .join(_OWN, _OWN.c.id == _DELIVERY.c.variant_id)
        .join(_REVISION, _REVISION.c.id == _OWN.c.revision_id)
        .join(_VARIANT, _VARIANT.c.revision_id == _REVISION.c.id)
        .outerjoin(_RENDITION, _RENDITION.c.variant_id == _VARIANT.c.id)
        .outerjoin(_ASKED, asked)
        .outerjoin(_DECISION, approves)
        .where(_DELIVERY.c.id == KEY)
        .order_by(_VARIANT.c.position, _VARIANT.c.id, _RENDITION.c.position, _DECISION.c.id)
    )


_FACTS = PreparedStatement("facts_of_delivery", _query(), [KEY, MOMENT])


def lock_and_load(
    connection: Connection, payload: DeliveryPayload, now: datetime
) -> tuple[GateRows, ApproverTenure]:
    """Lock what the gate rests on until the transaction ends, then read all that decides.

    Post before delivery, in the desk's own order, so that the two never block each other; and
    whoever approved, so that none of them leaves office meanwhile: how they stand comes with the
    locks. All else is read by a statement of its own, so nothing is older than these.
    """
    values: dict[str, Value] = {"of_key": payload.claim.delivery_id, "at_moment": now}
    facts = _FACTS(values)
    if payload.creates:
        approvers, found = run(connection, _LOCK_ALL(values), facts)
        if approvers:
            return found, {one.id: one for one in approvers}
    if connection.dialect.name == "postgresql":  # SQLite is locked as a whole
        _, found = run(connection, _LOCK_POST(values), facts)
    elif not payload.creates:
        (found,) = run(connection, facts)
    return found, {}


def subject_of(found: GateRows) -> gate.Subject:
    """What leaves if this revision leaves."""
    row = found[0]
    pictures: dict[int, dict[int, gate.Picture]] = {}
    variants: dict[int, Fields] = {}
    for one in found:
        variants.setdefault(one.variant_id, one)
        of_it = pictures.setdefault(one.variant_id, {})
        if one.position is not None:
            of_it[one.position] = gate.Picture(one.sha256, one.alt_text)
    return gate.Subject(
        department_id=row.department_id,
        asked=tuple({one.asked: None for one in found if one.asked is not None}),
        kind=row.kind,
        window=gate.Window(row.not_before, row.not_after),
        variants=tuple(_variant(one, pictures[key]) for key, one in variants.items()),
    )


def _variant(row: Fields, pictures: dict[int, gate.Picture]) -> gate.VariantSubject:
    return gate.VariantSubject(
        account_id=row.account_id,
        language=row.language,
        text=row.text,
        link=row.link,
        target=row.target,
        pictures=tuple(pictures.values()),
    )


def decisions(found: GateRows, approvers: ApproverTenure) -> list[Fields]:
    """One row for each approval; one that came after the locks does not count yet."""
    rows = {one.decision_id: one for one in found if one.decision_id is not None}
    return [one for key, one in rows.items() if key in approvers]
