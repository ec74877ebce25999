"""List what a person has decided about posts, and the outcome of each decision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Action, Actor
from approvals.states import PostState
from publisher.models.comments import Comment, Reply
from publisher.models.deliveries import Delivery
from publisher.models.people import Appointment
from publisher.models.posts import Decision, DecisionKind, Post, Revision, Variant
from publisher.review import gate_adapter
from publisher.states import DeliveryState
from publisher.validation import departments_in_sight, person_of
from publisher.working_time import from_local, local_day

PageCursor = tuple[datetime, int]
"""The position where a page ended: time and id of its last decision."""

MOST_IN_A_MONTH = 1_000


class DecisionOutcome(StrEnum):
    """The outcome of a decision; `DELIVERIES` means that the deliveries show it."""

    WITHDRAWN_APPROVAL = "withdrawn_approval"
    POST_WITHDRAWN = "post_withdrawn"
    NEWER_REVISION = "newer_revision"
    WAITS_FOR_OTHERS = "waits_for_others"
    WAITS_FOR_A_TIME = "waits_for_a_time"
    WITH_THE_CELL = "with_the_cell"
    REJECTED = "rejected"
    DELIVERIES = "deliveries"


@dataclass(frozen=True)
class PastDecision:
    """A decision and its outcome; `deliveries` are those of the decided revision.

    `is_in_sight` is False if the person's present appointment may not see the post.
    """

    decision: Decision
    revision: Revision
    post: Post
    became: DecisionOutcome
    deliveries: tuple[Delivery, ...]
    is_in_sight: bool


@dataclass(frozen=True)
class DecidedPage:
    """A page of the list, newest first; `following` is None on the last page."""

    rows: tuple[PastDecision, ...]
    following: PageCursor | None


def list_decisions(
    session: Session,
    *,
    actor: Actor,
    month: date | None = None,
    before: PageCursor | None = None,
    limit: int = 25,
) -> DecidedPage:
    """Return the person's decisions under any appointment, in a constant number of queries.

    `month` is any day of the month, in the city's time. Raises `WrongRole` if no person acts.
    """
    query = select(Decision).where(Decision.person_id == person_of(actor))
    if month is not None:
        first = month.replace(day=1)
        begin, end = from_local(first, time(0)), from_local(_next_month(first), time(0))
        query = query.where(Decision.at >= begin, Decision.at < end)
    if before is not None:
        at, last = before
        earlier = and_(Decision.at == at, Decision.id < last)
        query = query.where(or_(Decision.at < at, earlier))
    ordered = query.order_by(Decision.at.desc(), Decision.id.desc()).limit(limit + 1)
    decisions = list(session.scalars(ordered.options(*_IN_FULL)))
    visible_ids = departments_in_sight(actor, Action.SEE_POST)
    page = decisions[:limit]
    following = (page[-1].at, page[-1].id) if len(decisions) > limit else None
    return DecidedPage(tuple(_row(decision, visible_ids) for decision in page), following)


_POST = joinedload(Decision.revision).joinedload(Revision.post)
_DELIVERIES = joinedload(Decision.revision).selectinload(Revision.variants)
_IN_FULL = (
    _POST.joinedload(Post.department),
    _POST.selectinload(Post.submissions),
    _POST.joinedload(Post.reply).joinedload(Reply.comment).joinedload(Comment.account),
    joinedload(Decision.revision).selectinload(Revision.departments),
    _DELIVERIES.joinedload(Variant.account),
    _DELIVERIES.selectinload(Variant.deliveries).joinedload(Delivery.receipt),
    joinedload(Decision.appointment).joinedload(Appointment.department),
)


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def list_months(session: Session, *, actor: Actor, now: datetime) -> list[date]:
    """Return the first days of the months since the person's first decision, newest first."""
    is_own = Decision.person_id == person_of(actor)
    first = session.scalar(select(func.min(Decision.at)).where(is_own))
    if first is None:
        return []
    month, last = local_day(first).replace(day=1), local_day(now)
    months = []
    while month <= last:
        months.append(month)
        month = _next_month(month)
    return months[::-1]


def find_decision(
    session: Session, *, actor: Actor, post_id: int, seen_revision: int
) -> Decision | None:
    """Return the person's decision about that revision that is not withdrawn, or None."""
    query = (
        select(Decision)
        .join(Revision, Revision.id == Decision.revision_id)
        .where(
            Revision.post_id == post_id,
            Revision.number == seen_revision,
            Decision.person_id == person_of(actor),
            Decision.withdrawn_at.is_(None),
        )
    )
    return session.scalars(query.order_by(Decision.id.desc()).limit(1)).one_or_none()


def _row(decision: Decision, visible_ids: frozenset[int] | None) -> PastDecision:
    revision = decision.revision
    departments = {revision.post.department_id, *gate_adapter.department_ids_to_ask(revision)}
    deliveries = tuple(delivery for variant in revision.variants for delivery in variant.deliveries)
    return PastDecision(
        decision=decision,
        revision=revision,
        post=revision.post,
        became=_outcome(decision, deliveries),
        deliveries=deliveries,
        is_in_sight=visible_ids is None or not visible_ids.isdisjoint(departments),
    )


def _outcome(decision: Decision, deliveries: tuple[Delivery, ...]) -> DecisionOutcome:
    post = decision.revision.post
    if decision.kind not in gate_adapter.APPROVAL_KINDS:
        return _outcome_of_refusal(decision)
    if any(delivery.state is not DeliveryState.CANCELLED for delivery in deliveries):
        return DecisionOutcome.DELIVERIES
    if decision.withdrawn_at is not None:
        return DecisionOutcome.WITHDRAWN_APPROVAL
    if post.state is PostState.WITHDRAWN:
        return DecisionOutcome.POST_WITHDRAWN
    if post.newest > decision.revision.number:
        return DecisionOutcome.NEWER_REVISION
    in_review = post.state is PostState.IN_REVIEW
    return DecisionOutcome.WAITS_FOR_OTHERS if in_review else DecisionOutcome.WAITS_FOR_A_TIME


def _outcome_of_refusal(decision: Decision) -> DecisionOutcome:
    post = decision.revision.post
    if post.newest > decision.revision.number:
        return DecisionOutcome.NEWER_REVISION
    if post.state is PostState.WITHDRAWN:
        return DecisionOutcome.POST_WITHDRAWN
    rejected = decision.kind is DecisionKind.REJECTED
    return DecisionOutcome.REJECTED if rejected else DecisionOutcome.WITH_THE_CELL
