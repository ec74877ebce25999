"""Build the gate's input from rows: what a revision would publish, and who may approve it."""

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

APPROVAL_KINDS = frozenset({DecisionKind.APPROVED, DecisionKind.OWN_HAND, DecisionKind.EMERGENCY})
DEFAULT_OWNER_CODE = "information-technology"


def subject_of(revision: Revision) -> gate.Subject:
    """Return what is published if this revision is sent; its window has to be fixed."""
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
    """Return the case that the gate judges."""
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
    return decision.kind in APPROVAL_KINDS


def _approval(decision: Decision, now: datetime) -> gate.Approval:
    return gate.Approval(
        kind=gate.ApprovalKind(decision.kind.value),
        department_id=decision.department_id,
        person_id=decision.person_id,
        digest=decision.digest,
        in_force=is_in_force(decision, now=now),
    )


def is_in_force(decision: Decision, *, now: datetime) -> bool:
    """Return True if the approval is not withdrawn and the approver is in office.

    An emergency approval also needs its basis: an approved template, filled in unchanged.
    """
    is_valid = decision.withdrawn_at is None and _is_in_office(decision.appointment, now)
    if not is_valid or decision.kind is not DecisionKind.EMERGENCY:
        return is_valid
    return emergency_grounds.counts(decision.use, subject_of(decision.revision))


def _is_in_office(appointment: Appointment, now: datetime) -> bool:
    return appointment.in_force(now) and appointment.person.disabled_at is None


def check_in_office(session: Session, actor: Actor, action: Action, *, now: datetime) -> None:
    """Raise `WrongRole` unless the actor's appointment is in force at `now`.

    A page that was opened in office may be submitted later, so this is checked again on deciding.
    """
    appointment = session.get(Appointment, actor.appointment_id) if actor.appointment_id else None
    actor_identity = (actor.person_id, actor.role, actor.department_id)
    if (
        appointment is None
        or actor_identity != (appointment.person_id, appointment.role, appointment.department_id)
        or not _is_in_office(appointment, now)
    ):
        raise WrongRole(role=actor.role, action=action)


def asked_department_ids(revision: Revision) -> list[int]:
    """Return the departments that have to approve, or the owning one if none is listed."""
    department_ids = [row.department_id for row in revision.departments if row.asked]
    return department_ids or [revision.post.department_id]


def check_asked(revision: Revision, *, now: datetime) -> None:
    """Raise `Invalid` if the owning department is not asked, or an asked one has ended.

    A department may have ended after the revision was written, and could never decide.
    """
    approving_departments = [row.department for row in revision.departments if row.asked]
    owner_is_asked = revision.post.department_id in asked_department_ids(revision)
    if not owner_is_asked or any(
        not departments.is_in_force(department, now=now) for department in approving_departments
    ):
        raise Invalid([FieldError("asked", "closed")])


@dataclass(frozen=True)
class DepartmentReview:
    """The review of a revision by one department.

    `decision` is its approval in force, otherwise its return or rejection, otherwise None.
    """

    department: Department
    is_owner: bool
    is_asked: bool
    decision: Decision | None

    @property
    def has_approved(self) -> bool:
        """Return True if its approval is in force."""
        return self.decision is not None and self.decision.kind in APPROVAL_KINDS

    @property
    def is_pending(self) -> bool:
        """Return True if it is asked and has not decided."""
        return self.is_asked and self.decision is None


def department_reviews(revision: Revision, *, now: datetime) -> list[DepartmentReview]:
    """Return the reviews of all departments: the owning, then the asked, then the named ones."""
    post = revision.post
    rows = {row.department_id: (row.department, row.asked) for row in revision.departments}
    rows.setdefault(post.department_id, (post.department, True))
    reviews = [
        DepartmentReview(
            department=department,
            is_owner=department.id == post.department_id,
            is_asked=is_asked,
            decision=_decision_in_force(revision, department.id, now=now),
        )
        for department, is_asked in rows.values()
    ]
    return sorted(
        reviews, key=lambda review: (not review.is_owner, not review.is_asked, review.department.id)
    )


def _decision_in_force(revision: Revision, department_id: int, *, now: datetime) -> Decision | None:
    decisions = [
        decision
        for decision in revision.decisions
        if decision.department_id == department_id and _counts(decision, now=now)
    ]
    return decisions[-1] if decisions else None


def _counts(decision: Decision, *, now: datetime) -> bool:
    """Return True for an approval in force, or a refusal since the last sending for review."""
    if _approves(decision):
        return is_in_force(decision, now=now)
    sent_at = decision.revision.sent_for_review_at
    return sent_at is None or decision.at >= sent_at


def approvers_for(
    session: Session, revision: Revision, department_id: int, *, now: datetime
) -> gate.Approvers:
    """Return who can approve this revision for that department now."""
    head = responsibility.head(session, department_id, now=now)
    return gate.approvers(
        [
            _candidate(officer)
            for officer in responsibility.officers(session, department_id, now=now)
        ],
        _candidate(head) if head else None,
        excluded_authors(revision),
    )


def without_approver(
    session: Session, revision: Revision, reviews: Sequence[DepartmentReview], *, now: datetime
) -> list[tuple[Department, str]]:
    """Return the asked, undecided departments without an approver, each with the reason."""
    pending_departments = [review.department for review in reviews if review.is_pending]
    reasons = [
        (department, approvers_for(session, revision, department.id, now=now).blocked)
        for department in pending_departments
    ]
    return [(department, reason) for department, reason in reasons if reason is not None]


def excluded_authors(revision: Revision) -> frozenset[int]:
    """Return the ids of the persons who may not approve this revision, by the four-eyes rule."""
    return gate.excluded_authors(revision.post.kind, authors_of(revision))


def authors_of(revision: Revision) -> frozenset[int]:
    """Return the ids of the authors of this revision and of those that it restores."""
    author_ids, source = {revision.author_id}, revision.restored_from
    while source is not None:
        author_ids.add(source.author_id)
        source = source.restored_from
    return frozenset(author_ids)


def _candidate(appointment: Appointment) -> gate.Candidate:
    return gate.Candidate(appointment.person_id, appointment.id)


def default_owner_id(session: Session) -> int:
    """Return the id of the department that owns what no other department owns."""
    query = select(Department.id).where(Department.code == DEFAULT_OWNER_CODE)
    return session.execute(query).scalar_one()
