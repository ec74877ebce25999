"""From rows to the gate: what a revision would send out, and who may approve it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals import gate
from approvals.errors import WrongRole
from approvals.policy import Action, Actor
from publisher.models.people import Appointment, Department
from publisher.models.posts import Decision, DecisionKind, Revision, Variant
from publisher.people import departments, responsibility
from publisher.review import emergency_grounds
from publisher.validation import FieldError, Invalid

APPROVALS = frozenset({DecisionKind.APPROVED, DecisionKind.OWN_HAND, DecisionKind.EMERGENCY})
OWNER_OF_THE_REST = "information-technology"


def subject_of(revision: Revision) -> gate.Subject:
    """What leaves if this revision leaves; its window has to be fixed."""
    if revision.not_after is None:
        raise ValueError("the window is not fixed before review")
    return gate.Subject(
        department_id=revision.post.department_id,
        asked=tuple(row.department_id for row in revision.departments if row.asked),
        kind=revision.post.kind,
        window=gate.Window(revision.not_before, revision.not_after),
        variants=tuple(_variant(variant) for variant in revision.variants),
    )


def _variant(variant: Variant) -> gate.VariantSubject:
    pictures = tuple(
        gate.Picture(rendition.sha256, rendition.alt_text) for rendition in variant.renditions
    )
    return gate.VariantSubject(
        account_id=variant.account_id,
        language=variant.language,
        text=variant.text,
        link=variant.link,
        target=variant.target,
        pictures=pictures,
    )


def case_of(revision: Revision, *, now: datetime) -> gate.Case:
    """The case that the gate judges."""
    return gate.Case(
        state=revision.post.state,
        revision=revision.number,
        newest_revision=revision.post.newest,
        stored_digest=revision.digest,
        subject=subject_of(revision),
        authors=authors_of(revision),
        approvals=tuple(
            _approval(decision, now) for decision in revision.decisions if _approves(decision)
        ),
    )


def _approves(decision: Decision) -> bool:
    return decision.kind in APPROVALS


def _approval(decision: Decision, now: datetime) -> gate.Approval:
    return gate.Approval(
        kind=gate.ApprovalKind(decision.kind.value),
        department_id=decision.department_id,
        person_id=decision.person_id,
        digest=decision.digest,
        in_force=is_in_force(decision, now=now),
    )


def is_in_force(decision: Decision, *, now: datetime) -> bool:
    """Whether nobody took the approval back and the approver is in office.

    An emergency one has to have its ground as well: an approved template, in exactly its texts.
    """
    is_valid = decision.withdrawn_at is None and _is_in_office(decision.appointment, now)
    if not is_valid or decision.kind is not DecisionKind.EMERGENCY:
        return is_valid
    return emergency_grounds.counts(decision.use, subject_of(decision.revision))


def _is_in_office(appointment: Appointment, now: datetime) -> bool:
    return appointment.in_force(now) and appointment.person.disabled_at is None


def check_in_office(session: Session, actor: Actor, action: Action, *, now: datetime) -> None:
    """Raise `WrongRole` unless the appointment that the actor acts under holds at `now`.

    A page that was opened in office may be sent after it; a decision is asked once more.
    """
    appointment = session.get(Appointment, actor.appointment_id) if actor.appointment_id else None
    claimed = (actor.person_id, actor.role, actor.department_id)
    if (
        appointment is None
        or claimed != (appointment.person_id, appointment.role, appointment.department_id)
        or not _is_in_office(appointment, now)
    ):
        raise WrongRole(role=actor.role, action=action)


def asked_departments(revision: Revision) -> list[int]:
    """The departments that have to approve; the owning one where none is listed."""
    department_ids = [row.department_id for row in revision.departments if row.asked]
    return department_ids or [revision.post.department_id]


def check_asked(revision: Revision, *, now: datetime) -> None:
    """Raise `Invalid` where the owning department is not asked, or one that is asked has ended.

    A department may have ended since the revision was written: it would be waited for in vain.
    """
    approving_departments = [row.department for row in revision.departments if row.asked]
    owner_is_asked = revision.post.department_id in asked_departments(revision)
    if not owner_is_asked or any(
        not departments.is_in_force(department, now=now) for department in approving_departments
    ):
        raise Invalid([FieldError("asked", "closed")])


@dataclass(frozen=True)
class DepartmentReview:
    """How one department stands to a revision: whether it is asked, and what it decided.

    `decision` is its approval in force, else its return or rejection, else None.
    """

    department: Department
    is_owner: bool
    is_asked: bool
    decision: Decision | None

    @property
    def has_approved(self) -> bool:
        """Whether an approval of it is in force."""
        return self.decision is not None and self.decision.kind in APPROVALS

    @property
    def is_missing(self) -> bool:
        """Whether it is asked and has not decided."""
        return self.is_asked and self.decision is None


def standings(revision: Revision, *, now: datetime) -> list[DepartmentReview]:
    """Every department of a revision: the owning one, those asked, those only named."""
    post = revision.post
    rows = {row.department_id: (row.department, row.asked) for row in revision.departments}
    rows.setdefault(post.department_id, (post.department, True))
    reviews = [
        DepartmentReview(
            department=department,
            is_owner=department.id == post.department_id,
            is_asked=is_asked,
            decision=_decided(revision, department.id, now=now),
        )
        for department, is_asked in rows.values()
    ]
    return sorted(
        reviews, key=lambda review: (not review.is_owner, not review.is_asked, review.department.id)
    )


def _decided(revision: Revision, department_id: int, *, now: datetime) -> Decision | None:
    counting = [
        decision
        for decision in revision.decisions
        if decision.department_id == department_id and _still_counts(decision, now=now)
    ]
    return counting[-1] if counting else None


def _still_counts(decision: Decision, *, now: datetime) -> bool:
    """An approval while it is in force, a refusal until the revision is sent for review again."""
    if _approves(decision):
        return is_in_force(decision, now=now)
    sent_at = decision.revision.sent_for_review_at
    return sent_at is None or decision.at >= sent_at


def approvers_for(
    session: Session, revision: Revision, department_id: int, *, now: datetime
) -> gate.Approvers:
    """Who can approve this revision for that department now."""
    top = responsibility.head(session, department_id, now=now)
    return gate.approvers(
        [
            _candidate(officer)
            for officer in responsibility.officers(session, department_id, now=now)
        ],
        _candidate(top) if top else None,
        bound_authors(revision),
    )


def lacking(
    session: Session, revision: Revision, standings: Sequence[DepartmentReview], *, now: datetime
) -> list[tuple[Department, str]]:
    """The asked departments that have not decided and where nobody can, each with why."""
    waited_for = [review.department for review in standings if review.is_missing]
    reasons = [
        (department, approvers_for(session, revision, department.id, now=now).blocked)
        for department in waited_for
    ]
    return [(department, why) for department, why in reasons if why is not None]


def bound_authors(revision: Revision) -> frozenset[int]:
    """Whom four eyes keep from approving this revision."""
    return gate.bound_authors(revision.post.kind, authors_of(revision))


def authors_of(revision: Revision) -> frozenset[int]:
    """Who wrote it; where it was restored, whoever restored it and whoever wrote those words."""
    author_ids, source = {revision.author_id}, revision.restored_from
    while source is not None:
        author_ids.add(source.author_id)
        source = source.restored_from
    return frozenset(author_ids)


def _candidate(appointment: Appointment) -> gate.Candidate:
    return gate.Candidate(appointment.person_id, appointment.id)


def owner_of_the_rest(session: Session) -> int:
    """The department that owns what no other does."""
    query = select(Department.id).where(Department.code == OWNER_OF_THE_REST)
    return session.execute(query).scalar_one()
