"""Build the gate's input from rows: what a revision would publish, and who may approve it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from sqlalchemy import bindparam, exists, or_, select
from sqlalchemy.orm import Session, joinedload, object_session

from approvals import gate
from approvals.appointments import STAFF
from approvals.approvers import HeadRight
from approvals.errors import WrongRole
from approvals.policy import Action, Actor, Role
from publisher.database.session import AnyRow, Key, core_table
from publisher.models.history import AppointmentRecorder
from publisher.models.people import Appointment, ContactChange, Person, is_office_held
from publisher.models.posts import (
    Decision,
    DecisionKind,
    Post,
    Rendition,
    Revision,
    RevisionDepartment,
    Variant,
)
from publisher.people import channel_writers
from publisher.review import emergency_grounds

APPROVAL_KINDS = frozenset({DecisionKind.APPROVED, DecisionKind.OWN_HAND, DecisionKind.EMERGENCY})


_POST, _REVISION, _ASKED = core_table(Post), core_table(Revision), core_table(RevisionDepartment)
_VARIANT, _RENDITION = core_table(Variant), core_table(Rendition)
_DECISION, _APPOINTMENT, _PERSON = core_table(Decision), core_table(Appointment), core_table(Person)
_CONFIRMING, _RECORDER = _APPOINTMENT.alias("confirming"), core_table(AppointmentRecorder)
_REVISION_ID = bindparam("revision_id", type_=Key)

#: PostgreSQL:
#:   SELECT posts.state, posts.newest, posts.department_id, posts.kind, revisions.number,
#:       revisions.digest, revisions.author_id, revisions.restored_from_id, revisions.not_before,
#:       revisions.not_after, revision_departments.department_id AS asked_id,
#:       variants.id AS variant_id, variants.account_id, variants.language, variants.text,
#:       variants.link, variants.target, renditions.position, renditions.sha256, renditions.alt_text
#:   FROM revisions
#:   JOIN posts ON posts.id = revisions.post_id
#:   LEFT OUTER JOIN revision_departments ON revision_departments.revision_id = revisions.id
#:     AND revision_departments.asked IS true
#:   LEFT OUTER JOIN variants ON variants.revision_id = revisions.id
#:   LEFT OUTER JOIN renditions ON renditions.variant_id = variants.id
#:   WHERE revisions.id = :revision_id
#:   ORDER BY variants.position, variants.id, renditions.position,
#:       revision_departments.department_id
_CASE_ROWS = (
    select(
        *(_POST.c.state, _POST.c.newest, _POST.c.department_id, _POST.c.kind),
        *(_REVISION.c.number, _REVISION.c.digest, _REVISION.c.author_id),
        *(_REVISION.c.restored_from_id, _REVISION.c.not_before, _REVISION.c.not_after),
        _ASKED.c.department_id.label("asked_id"),
        *(_VARIANT.c.id.label("variant_id"), _VARIANT.c.account_id, _VARIANT.c.language),
        *(_VARIANT.c.text, _VARIANT.c.link, _VARIANT.c.target),
        *(_RENDITION.c.position, _RENDITION.c.sha256, _RENDITION.c.alt_text),
    )
    .select_from(_REVISION)
    .join(_POST, _POST.c.id == _REVISION.c.post_id)
    .outerjoin(_ASKED, (_ASKED.c.revision_id == _REVISION.c.id) & _ASKED.c.asked.is_(True))
    .outerjoin(_VARIANT, _VARIANT.c.revision_id == _REVISION.c.id)
    .outerjoin(_RENDITION, _RENDITION.c.variant_id == _VARIANT.c.id)
    .where(_REVISION.c.id == _REVISION_ID)
    .order_by(_VARIANT.c.position, _VARIANT.c.id, _RENDITION.c.position, _ASKED.c.department_id)
)

#: PostgreSQL:
#:   SELECT posts.state, posts.newest, posts.department_id, posts.kind, revisions.number,
#:       revisions.digest, revisions.author_id, revisions.restored_from_id, revisions.not_before,
#:       revisions.not_after, revision_departments.department_id AS asked_id,
#:       variants.id AS variant_id, variants.account_id, variants.language, variants.text,
#:       variants.link, variants.target, renditions.position, renditions.sha256, renditions.alt_text
#:   FROM revisions
#:   JOIN posts ON posts.id = revisions.post_id
#:   LEFT OUTER JOIN revision_departments ON revision_departments.revision_id = revisions.id
#:     AND revision_departments.asked IS true
#:   LEFT OUTER JOIN variants ON variants.revision_id = revisions.id
#:   LEFT OUTER JOIN renditions ON renditions.variant_id = variants.id
#:   WHERE revisions.id = :revision_id
#:   ORDER BY variants.position, variants.id, renditions.position,
#:       revision_departments.department_id
#:   FOR SHARE OF posts
_LOCKED_CASE_ROWS = _CASE_ROWS.with_for_update(read=True, of=_POST)

#: PostgreSQL:
#:   SELECT decisions.id, decisions.kind, decisions.department_id, decisions.person_id,
#:       decisions.digest, decisions.withdrawn_at, decisions.at, decisions.head_ground,
#:       decisions.head_from_at, appointments.role, appointments.state, appointments.from_at,
#:       appointments.until_at, appointments.confirmed_by_id, decisions.appointment_id,
#:       people.disabled_at, confirming.role AS confirmed_by_role,
#:       appointment_recorders.appointment_id = appointments.id AS is_own_recorder,
#:       appointment_recorders.person_id AS recorder_id, EXISTS (
#:         SELECT *
#:         FROM contact_changes
#:         WHERE contact_changes.person_id = appointments.person_id
#:           AND contact_changes.in_force_at <= contact_changes.ended_at
#:           AND (appointments.confirmed_at IS NULL
#:               OR contact_changes.ended_at > appointments.confirmed_at)
#:           AND contact_changes.ended_at <= decisions.at
#:       ) AS has_new_channel
#:   FROM decisions
#:   JOIN appointments ON appointments.id = decisions.appointment_id
#:   JOIN people ON people.id = appointments.person_id
#:   LEFT OUTER JOIN appointments AS confirming ON confirming.id = appointments.confirmed_under_id
#:   LEFT OUTER JOIN appointment_recorders
#:       ON appointment_recorders.appointment_id IN (appointments.id, confirming.id)
#:   WHERE decisions.revision_id = :revision_id
#:     AND (decisions.kind = 'approved' OR decisions.kind = 'emergency'
#:         OR decisions.kind = 'own_hand')
#:   ORDER BY decisions.id
_APPROVALS = (
    select(
        *(_DECISION.c.id, _DECISION.c.kind, _DECISION.c.department_id, _DECISION.c.person_id),
        *(_DECISION.c.digest, _DECISION.c.withdrawn_at, _DECISION.c.at),
        *(_DECISION.c.head_ground, _DECISION.c.head_from_at, _APPOINTMENT.c.role),
        *(_APPOINTMENT.c.state, _APPOINTMENT.c.from_at, _APPOINTMENT.c.until_at),
        *(_APPOINTMENT.c.confirmed_by_id, _DECISION.c.appointment_id, _PERSON.c.disabled_at),
        _CONFIRMING.c.role.label("confirmed_by_role"),
        (_RECORDER.c.appointment_id == _APPOINTMENT.c.id).label("is_own_recorder"),
        _RECORDER.c.person_id.label("recorder_id"),
        # True for almost nobody, so another statement reads who it was.
        exists()
        .where(channel_writers.is_ground(_APPOINTMENT.c), ContactChange.ended_at <= _DECISION.c.at)
        .correlate(_APPOINTMENT, _DECISION)
        .label("has_new_channel"),
    )
    .join(_APPOINTMENT, _APPOINTMENT.c.id == _DECISION.c.appointment_id)
    .join(_PERSON, _PERSON.c.id == _APPOINTMENT.c.person_id)
    .outerjoin(_CONFIRMING, _CONFIRMING.c.id == _APPOINTMENT.c.confirmed_under_id)
    .outerjoin(_RECORDER, _RECORDER.c.appointment_id.in_([_APPOINTMENT.c.id, _CONFIRMING.c.id]))
    .where(
        _DECISION.c.revision_id == _REVISION_ID,
        or_(*(_DECISION.c.kind == kind for kind in sorted(APPROVAL_KINDS))),
    )
    .order_by(_DECISION.c.id)
)

#: PostgreSQL: the same, and
#:   FOR SHARE OF appointments, people
_LOCKED_APPROVALS = _APPROVALS.with_for_update(read=True, of=(_APPOINTMENT, _PERSON))


def load_case(session: Session, revision_id: int, *, now: datetime) -> gate.Case:
    """Return the case that the gate judges, read from the database.

    Raises `ValueError` if the revision's window is not fixed, as it is before review.
    """
    rows = _rows(session, revision_id)
    approvals = session.execute(_APPROVALS, _parameters(revision_id))
    return _case(session, revision_id, rows, approvals, now)


def lock_case(session: Session, revision_id: int, *, now: datetime) -> gate.Case | None:
    """Return the case as `load_case` does, or None if the revision's window is not fixed.

    Until the transaction ends, the post cannot change, and no approver can leave office.
    """
    # One statement locks the post and reads the revision. If it has to wait for the lock, it still
    # reads the post as it is afterwards; the rest of an approved revision never changes.
    rows = session.execute(_LOCKED_CASE_ROWS, _parameters(revision_id)).all()
    if rows[0].not_after is None:
        return None
    approvals = session.execute(_LOCKED_APPROVALS, _parameters(revision_id))
    return _case(session, revision_id, rows, approvals, now)


def _parameters(revision_id: int) -> dict[str, int]:
    return {"revision_id": revision_id}


def _case(
    session: Session,
    revision_id: int,
    rows: Sequence[AnyRow],
    approvals: Iterable[AnyRow],
    now: datetime,
) -> gate.Case:
    first, subject = rows[0], _subject(rows)
    authors = frozenset({first.author_id})
    if first.restored_from_id is not None:
        authors = author_ids(session.get_one(Revision, revision_id))
    return gate.Case(
        state=first.state,
        revision=first.number,
        newest_revision=first.newest,
        stored_digest=first.digest,
        subject=subject,
        authors=authors,
        approvals=tuple(
            _approval(session, list(rows), subject, now)
            for _id, rows in groupby(approvals, attrgetter("id"))
        ),
    )


def load_subject(session: Session, revision_id: int) -> gate.Subject:
    """Return what is published if this revision is sent; raises as `load_case` does."""
    return _subject(_rows(session, revision_id))


def _rows(session: Session, revision_id: int) -> Sequence[AnyRow]:
    """Return one row for each combination of variant, picture and asked department."""
    rows = session.execute(_CASE_ROWS, _parameters(revision_id)).all()
    if rows[0].not_after is None:
        raise ValueError("the window is not fixed before review")
    return rows


def _subject(rows: Sequence[AnyRow]) -> gate.Subject:
    first = rows[0]
    pictures: dict[int, dict[int, gate.Picture]] = {}
    variants: dict[int, AnyRow] = {}
    for row in [row for row in rows if row.variant_id is not None]:
        variants.setdefault(row.variant_id, row)
        by_position = pictures.setdefault(row.variant_id, {})
        if row.position is not None:
            by_position[row.position] = gate.Picture(row.sha256, row.alt_text)
    return gate.Subject(
        department_id=first.department_id,
        asked=tuple({row.asked_id: None for row in rows if row.asked_id is not None}),
        kind=first.kind,
        window=gate.Window(first.not_before, first.not_after),
        variants=tuple(
            _variant(row, pictures[variant_id].values()) for variant_id, row in variants.items()
        ),
    )


def variant_subject(variant: Variant) -> gate.VariantSubject:
    """Return a variant as it is approved."""
    return _variant(variant, [gate.Picture(row.sha256, row.alt_text) for row in variant.renditions])


def _variant(row: AnyRow | Variant, pictures: Iterable[gate.Picture]) -> gate.VariantSubject:
    return gate.VariantSubject(
        account_id=row.account_id,
        language=row.language,
        text=row.text,
        link=row.link,
        target=row.target,
        pictures=tuple(pictures),
    )


def _approval(
    session: Session, rows: Sequence[AnyRow], subject: gate.Subject, now: datetime
) -> gate.Approval:
    """Return an approval from its rows: one for each person on whom it may rest."""
    row = rows[0]
    in_force = row.withdrawn_at is None and row.disabled_at is None and is_office_held(row, now)
    if in_force and row.kind is DecisionKind.EMERGENCY:
        in_force = emergency_grounds.counts(session.get_one(Decision, row.id).use, subject)
    own_ids = {row.recorder_id for row in rows if row.is_own_recorder}
    staff_ids = {row.recorder_id for row in rows if row.recorder_id and not row.is_own_recorder}
    is_head = row.role is Role.HEAD
    writer_ids: frozenset[int] = frozenset()
    if row.has_new_channel:
        office = session.get_one(Appointment, row.appointment_id)
        writer_ids = channel_writers.writer_ids(office, until=row.at)
    return gate.Approval(
        kind=gate.ApprovalKind(row.kind.value),
        department_id=row.department_id,
        person_id=row.person_id,
        digest=row.digest,
        in_force=in_force,
        rests_on=writer_ids
        | gate.rests_on(
            own_ids, row.confirmed_by_id, staff_ids if row.confirmed_by_role in STAFF else ()
        ),
        head_right=HeadRight(row.at, row.head_ground, row.head_from_at) if is_head else None,
    )


def is_in_force(decision: Decision, *, now: datetime) -> bool:
    """Return True if the approval is not withdrawn and the approver is in office.

    An emergency approval also needs its basis: an approved template, filled in unchanged.
    """
    is_valid = decision.withdrawn_at is None and _is_in_office(decision.appointment, now)
    if not is_valid or decision.kind is not DecisionKind.EMERGENCY:
        return is_valid
    session = object_session(decision)
    if session is None:
        raise ValueError("the decision belongs to no session")
    return emergency_grounds.counts(decision.use, load_subject(session, decision.revision_id))


def _is_in_office(office: Appointment, now: datetime) -> bool:
    return office.in_force(now) and office.person.disabled_at is None


def check_in_office(session: Session, actor: Actor, action: Action, *, now: datetime) -> None:
    """Raise `WrongRole` unless the actor's appointment is in force at `now`.

    A page that was opened in office may be submitted later, so this is checked again on deciding.
    Until the transaction ends, the appointment cannot change.
    """
    appointment = session.get(
        Appointment,
        actor.appointment_id or 0,
        options=[joinedload(Appointment.person)],
        with_for_update={"read": True, "of": Appointment},
        populate_existing=True,
    )
    actor_identity = (actor.person_id, actor.role, actor.department_id)
    if (
        appointment is None
        or actor_identity != (appointment.person_id, appointment.role, appointment.department_id)
        or not _is_in_office(appointment, now)
    ):
        raise WrongRole(role=actor.role, action=action)


def department_ids_to_ask(revision: Revision) -> list[int]:
    """Return the departments that have to approve, or the owning one if none is listed."""
    department_ids = [row.department_id for row in revision.departments if row.asked]
    return department_ids or [revision.post.department_id]


def deciding_department_id(revision: Revision, actor: Actor) -> int:
    """Return the actor's department if it is asked, else the first asked one."""
    asked_ids, own_id = department_ids_to_ask(revision), actor.department_id
    return own_id if own_id is not None and own_id in asked_ids else asked_ids[0]


def authors_to_exclude(revision: Revision) -> frozenset[int]:
    """Return the ids of the persons who may not approve this revision, by the four-eyes rule."""
    return gate.authors_to_exclude(revision.post.kind, author_ids(revision))


def author_ids(revision: Revision) -> frozenset[int]:
    """Return the ids of the authors of this revision and of those that it restores."""
    author_ids, source = {revision.author_id}, revision.restored_from
    while source is not None:
        author_ids.add(source.author_id)
        source = source.restored_from
    return frozenset(author_ids)
