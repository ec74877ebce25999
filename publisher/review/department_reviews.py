"""The review of a revision by each department that is asked or named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from publisher.models.people import Department
from publisher.models.posts import Decision, Revision
from publisher.review.department_approvers import DepartmentOffices, select_approvers
from publisher.review.gate_adapter import APPROVAL_KINDS, is_in_force


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
    if decision.kind in APPROVAL_KINDS:
        return is_in_force(decision, now=now)
    sent_at = decision.revision.sent_for_review_at
    return sent_at is None or decision.at >= sent_at


def pending_ids(reviews: Iterable[DepartmentReview]) -> set[int]:
    """Return the ids of the asked, undecided departments."""
    return {review.department.id for review in reviews if review.is_pending}


def find_unapprovable(
    offices: Mapping[int, DepartmentOffices],
    revision: Revision,
    reviews: Sequence[DepartmentReview],
    *,
    now: datetime,
) -> list[tuple[Department, str]]:
    """Return the asked, undecided departments without an approver, each with the reason.

    `offices` has the offices of each of these.
    """
    pending_departments = [review.department for review in reviews if review.is_pending]
    reasons = [
        (department, select_approvers(offices[department.id], revision, now=now).blocked)
        for department in pending_departments
    ]
    return [(department, reason) for department, reason in reasons if reason is not None]
