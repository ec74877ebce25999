"""The reads of the `sending` transaction: the locks, then everything else in one statement.

The statements are prepared once, of plain columns, since they run for every single delivery.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, exists, or_, select

from approvals import gate
from publisher.database.prepared_statements import NamedRow, PreparedStatement, Rows, Value, run
from publisher.database.session import table_of
from publisher.delivery.payload import DeliveryPayload
from publisher.models.accounts import AllowanceRow
from publisher.models.deliveries import Account, Delivery
from publisher.models.people import Appointment, Person
from publisher.models.posts import Decision, Post, Rendition, Revision, RevisionDepartment, Variant
from publisher.review import gate_adapter
from publisher.scheduling import holds
from publisher.transitions import DELIVERY_ID, NOW

GateRows = Rows
"""Rows of one delivery: one for each combination of variant, picture, decision and department."""

ApproverTenure = Mapping[int, NamedRow]
"""Approver tenure by decision id: rows of `id`, `from_at`, `until_at` and `disabled_at`."""

_DELIVERY, _POST, _REVISION = table_of(Delivery), table_of(Post), table_of(Revision)
_VARIANT, _OWN_VARIANT = table_of(Variant), table_of(Variant).alias("own")
_RENDITION, _REVISION_DEPARTMENT = table_of(Rendition), table_of(RevisionDepartment)
_DECISION, _APPOINTMENT, _PERSON = table_of(Decision), table_of(Appointment), table_of(Person)
_ACCOUNT, _ALLOWANCE = table_of(Account), table_of(AllowanceRow)
_APPROVES = or_(*(_DECISION.c.kind == kind for kind in sorted(gate_adapter.APPROVAL_KINDS)))

_IS_POST = _POST.c.id == _DELIVERY.c.post_id

#: PostgreSQL:
#:   SELECT posts.id
#:   FROM deliveries
#:   JOIN posts ON posts.id = deliveries.post_id
#:   WHERE deliveries.id = :delivery_id
#:   FOR SHARE OF posts
_LOCK_POST = PreparedStatement(
    "lock_post",
    select(_POST.c.id)
    .select_from(_DELIVERY)
    .join(_POST, _IS_POST)
    .where(_DELIVERY.c.id == DELIVERY_ID)
    .with_for_update(read=True, of=_POST),
    [DELIVERY_ID],
)

#: PostgreSQL:
#:   SELECT decisions.id, appointments.from_at, appointments.until_at, people.disabled_at
#:   FROM deliveries
#:   JOIN posts ON posts.id = deliveries.post_id
#:   JOIN variants ON variants.id = deliveries.variant_id
#:   JOIN decisions ON decisions.revision_id = variants.revision_id
#:     AND (decisions.kind = 'approved' OR decisions.kind = 'emergency'
#:         OR decisions.kind = 'own_hand')
#:   JOIN appointments ON appointments.id = decisions.appointment_id
#:   JOIN people ON people.id = appointments.person_id
#:   WHERE deliveries.id = :delivery_id
#:   FOR SHARE OF posts, appointments, people
_LOCK_ALL = PreparedStatement(
    "lock_post_and_approvers",
    select(
        _DECISION.c.id,
        _APPOINTMENT.c.from_at,
        _APPOINTMENT.c.until_at,
        _PERSON.c.disabled_at,
    )
    .select_from(_DELIVERY)
    .join(_POST, _IS_POST)
    .join(_VARIANT, _VARIANT.c.id == _DELIVERY.c.variant_id)
    .join(_DECISION, and_(_DECISION.c.revision_id == _VARIANT.c.revision_id, _APPROVES))
    .join(_APPOINTMENT, _APPOINTMENT.c.id == _DECISION.c.appointment_id)
    .join(_PERSON, _PERSON.c.id == _APPOINTMENT.c.person_id)
    .where(_DELIVERY.c.id == DELIVERY_ID)
    .with_for_update(read=True, of=(_POST, _APPOINTMENT, _PERSON)),
    [DELIVERY_ID],
)


_DELIVERY_COLUMNS = (
    _DELIVERY.c.due_at,
    _DELIVERY.c.late_limit,
    _DELIVERY.c.leased_until,
    _DELIVERY.c.urgent,
    holds.are_any(NOW).label("any_holds"),
    or_(
        _ACCOUNT.c.daily_cap.is_not(None),
        exists().where(_ALLOWANCE.c.account_id == _ACCOUNT.c.id),
    ).label("is_limited"),
    _ACCOUNT.c.daily_cap.is_not(None).label("is_capped"),
    _ACCOUNT.c.quiet_until,
    _ACCOUNT.c.state.label("account_state"),
)
_REVISION_COLUMNS = (
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
    _REVISION_DEPARTMENT.c.department_id.label("asked"),
)
_DECISION_COLUMNS = (
    _DECISION.c.id.label("decision_id"),
    _DECISION.c.kind.label("decision_kind"),
    _DECISION.c.department_id.label("decision_department_id"),
    _DECISION.c.person_id,
    _DECISION.c.digest.label("decision_digest"),
    _DECISION.c.withdrawn_at,
)
_VARIANT_COLUMNS = (
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
    is_asked = and_(
        _REVISION_DEPARTMENT.c.revision_id == _REVISION.c.id, _REVISION_DEPARTMENT.c.asked.is_(True)
    )
    approves = and_(_DECISION.c.revision_id == _REVISION.c.id, _APPROVES)
    return (
        select(*_DELIVERY_COLUMNS, *_REVISION_COLUMNS, *_DECISION_COLUMNS, *_VARIANT_COLUMNS)
        .select_from(_DELIVERY)
        .join(_ACCOUNT, _ACCOUNT.c.id == _DELIVERY.c.account_id)
        .join(_POST, _POST.c.id == _DELIVERY.c.post_id)
        .join(_OWN_VARIANT, _OWN_VARIANT.c.id == _DELIVERY.c.variant_id)
        .join(_REVISION, _REVISION.c.id == _OWN_VARIANT.c.revision_id)
        .join(_VARIANT, _VARIANT.c.revision_id == _REVISION.c.id)
        .outerjoin(_RENDITION, _RENDITION.c.variant_id == _VARIANT.c.id)
        .outerjoin(_REVISION_DEPARTMENT, is_asked)
        .outerjoin(_DECISION, approves)
        .where(_DELIVERY.c.id == DELIVERY_ID)
        .order_by(_VARIANT.c.position, _VARIANT.c.id, _RENDITION.c.position, _DECISION.c.id)
    )


#: PostgreSQL:
#:   SELECT deliveries.due_at, deliveries.late_limit, deliveries.leased_until, deliveries.urgent,
#:       (EXISTS (
#:         SELECT * FROM stops WHERE stops.released_at IS NULL
#:       )) OR (EXISTS (
#:         SELECT *
#:         FROM freezes
#:         WHERE freezes.lifted_at IS NULL
#:           AND freezes.from_at <= :now
#:           AND freezes.until_at > :now
#:       )) AS any_holds, accounts.daily_cap IS NOT NULL OR (EXISTS (
#:         SELECT * FROM allowances WHERE allowances.account_id = accounts.id
#:       )) AS is_limited, accounts.daily_cap IS NOT NULL AS is_capped, accounts.quiet_until,
#:       accounts.state AS account_state, posts.state, posts.newest, posts.department_id,
#:       posts.kind, revisions.id AS revision_id, revisions.number, revisions.digest,
#:       revisions.author_id, revisions.restored_from_id, revisions.not_before, revisions.not_after,
#:       revision_departments.department_id AS asked, decisions.id AS decision_id,
#:       decisions.kind AS decision_kind, decisions.department_id AS decision_department_id,
#:       decisions.person_id, decisions.digest AS decision_digest, decisions.withdrawn_at,
#:       variants.id AS variant_id, variants.account_id, variants.language, variants.text,
#:       variants.link, variants.target, renditions.position, renditions.sha256, renditions.alt_text
#:   FROM deliveries
#:   JOIN accounts ON accounts.id = deliveries.account_id
#:   JOIN posts ON posts.id = deliveries.post_id
#:   JOIN variants AS own ON own.id = deliveries.variant_id
#:   JOIN revisions ON revisions.id = own.revision_id
#:   JOIN variants ON variants.revision_id = revisions.id
#:   LEFT OUTER JOIN renditions ON renditions.variant_id = variants.id
#:   LEFT OUTER JOIN revision_departments ON revision_departments.revision_id = revisions.id
#:     AND revision_departments.asked IS true
#:   LEFT OUTER JOIN decisions ON decisions.revision_id = revisions.id
#:     AND (decisions.kind = 'approved' OR decisions.kind = 'emergency'
#:         OR decisions.kind = 'own_hand')
#:   WHERE deliveries.id = :delivery_id
#:   ORDER BY variants.position, variants.id, renditions.position, decisions.id
_GATE_ROWS = PreparedStatement("facts_of_delivery", _query(), [DELIVERY_ID, NOW])


def lock_and_load(
    connection: Connection, payload: DeliveryPayload, now: datetime
) -> tuple[GateRows, ApproverTenure]:
    """Lock what the gate depends on until the transaction ends, then read all that it needs.

    Returns the delivery's rows and the tenure of its approvers.
    """
    # Posts are locked before deliveries everywhere, so that two transactions never deadlock.
    # Approvers are locked so that none leaves office meanwhile; their tenure comes with the locks.
    # The rest is read by a later statement, so it is never older than the locks.
    values: dict[str, Value] = {"delivery_id": payload.claim.delivery_id, "now": now}
    gate_rows = _GATE_ROWS(values)
    if payload.creates:
        approvers, rows = run(connection, _LOCK_ALL(values), gate_rows)
        if approvers:
            return rows, {approver.id: approver for approver in approvers}
    if connection.dialect.name == "postgresql":  # SQLite is locked as a whole
        _, rows = run(connection, _LOCK_POST(values), gate_rows)
    elif not payload.creates:
        (rows,) = run(connection, gate_rows)
    return rows, {}


def subject_of(rows: GateRows) -> gate.Subject:
    """Return what is published if this revision is: the gate's subject."""
    first = rows[0]
    pictures: dict[int, dict[int, gate.Picture]] = {}
    variants: dict[int, NamedRow] = {}
    for row in rows:
        variants.setdefault(row.variant_id, row)
        by_position = pictures.setdefault(row.variant_id, {})
        if row.position is not None:
            by_position[row.position] = gate.Picture(row.sha256, row.alt_text)
    return gate.Subject(
        department_id=first.department_id,
        asked=tuple({row.asked: None for row in rows if row.asked is not None}),
        kind=first.kind,
        window=gate.Window(first.not_before, first.not_after),
        variants=tuple(_variant(row, pictures[variant_id]) for variant_id, row in variants.items()),
    )


def _variant(row: NamedRow, pictures: dict[int, gate.Picture]) -> gate.VariantSubject:
    return gate.VariantSubject(
        account_id=row.account_id,
        language=row.language,
        text=row.text,
        link=row.link,
        target=row.target,
        pictures=tuple(pictures.values()),
    )


def decisions(rows: GateRows, approvers: ApproverTenure) -> list[NamedRow]:
    """Return one row for each approval, without those that were made after the locks."""
    by_id = {row.decision_id: row for row in rows if row.decision_id is not None}
    return [row for decision_id, row in by_id.items() if decision_id in approvers]
