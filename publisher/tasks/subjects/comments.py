"""The tasks of comments: to answer, to assign to a department, and answers that were not sent."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from approvals.states import PostState
from publisher.database.noted_changes import NotedChanges
from publisher.database.session import AnyRow
from publisher.inbox import ownership
from publisher.inbox.reply import has_come_to_nothing
from publisher.inbox.routing import RoutingReason
from publisher.models.comments import AnswerKind, Comment, Reply, Routing
from publisher.models.deliveries import OF_TEXTS, Delivery
from publisher.models.people import Appointment, Person, is_office_held
from publisher.models.posts import Post, PostKind
from publisher.people import absences, responsibility
from publisher.states import STUCK, CommentState, DeliveryState
from publisher.tasks.specs import (
    DueKind,
    SpecsOfSubjects,
    SubjectTasks,
    TaskKind,
    TaskQueue,
    TaskSpec,
)
from publisher.tasks.subjects.noted_posts import exclude_kind

_OPEN_STATES = (CommentState.RECEIVED, CommentState.ROUTED)


@dataclass
class _Answer:
    """A reply of the present opening that was not withdrawn, with its texts' deliveries."""

    post_id: int
    kind: AnswerKind
    post_state: PostState
    delivery_states: list[DeliveryState] = field(default_factory=list)
    stuck_at: datetime | None = None

    @property
    def has_come_to_nothing(self) -> bool:
        return has_come_to_nothing(self.post_state, self.delivery_states)

    @property
    def has_failed(self) -> bool:
        """It was approved and not sent; a person may send it again."""
        is_stuck = self.has_come_to_nothing and self.stuck_at is not None
        return is_stuck and self.post_state is PostState.APPROVED


@dataclass(frozen=True)
class _OpenComment:
    """An open comment with its present routing and its answers."""

    row: AnyRow
    answers: Mapping[int, _Answer]

    @property
    def failed_answers(self) -> list[_Answer]:
        return [answer for answer in self.answers.values() if answer.has_failed]

    @property
    def has_answer_on_its_way(self) -> bool:
        """There is a final answer that may still be sent."""
        return any(
            answer.kind is AnswerKind.FINAL and not answer.has_come_to_nothing
            for answer in self.answers.values()
        )

    @property
    def is_to_answer(self) -> bool:
        """There is no final answer that may still be sent, or that somebody may send again."""
        return all(
            answer.has_come_to_nothing and not answer.has_failed
            for answer in self.answers.values()
            if answer.kind is AnswerKind.FINAL
        )


def list_specs(session: Session, ids: Collection[int], *, now: datetime) -> SpecsOfSubjects:
    """Return the tasks of these comments, in at most four statements.

    Comments whose officer no longer serves have to be settled, unless an answer is on its way.
    """
    comments = _open_comments(session, ids)
    substitutes = _substitutes(session, comments, now=now)
    specs: list[TaskSpec] = []
    unsettled_ids: list[int] = []
    for comment in comments:
        row = comment.row
        if row.comment_state is CommentState.RECEIVED:
            specs.append(_routing_task(row))
        elif not _has_holder(row, now):
            unsettled_ids += [] if comment.has_answer_on_its_way else [row.id]
        else:
            for appointment_id in {row.appointment_id, substitutes.get(row.id, row.appointment_id)}:
                specs += _appointment_tasks(comment, appointment_id)
    return SpecsOfSubjects(specs, unsettled_ids)


def _has_holder(row: AnyRow, now: datetime) -> bool:
    """Return True if the officer to whom the comment is routed is in office."""
    has_officer = row.appointment_id is not None and row.disabled_at is None
    return has_officer and is_office_held(row, now)


def _open_comments(session: Session, ids: Collection[int]) -> list[_OpenComment]:
    rows: dict[int, AnyRow] = {}
    answers: dict[int, dict[int, _Answer]] = {}
    for row in session.execute(_query(), {"ids": list(ids)}):
        rows.setdefault(row.id, row)
        of_comment = answers.setdefault(row.id, {})
        if row.post_id is None:
            continue
        answer = of_comment.setdefault(
            row.post_id, _Answer(row.post_id, row.answer, row.post_state)
        )
        if row.delivery_state is not None:
            answer.delivery_states.append(row.delivery_state)
        if row.delivery_state in STUCK:
            answer.stuck_at = min(answer.stuck_at or row.delivery_at, row.delivery_at)
    return [_OpenComment(rows[comment_id], answers[comment_id]) for comment_id in rows]


@cache
def _query() -> Select[*tuple[object, ...]]:
    is_standing = (
        (Reply.comment_id == Comment.id)
        & (Reply.opening == Comment.opening)
        & Reply.withdrawn_at.is_(None)
    )
    is_text = (Delivery.post_id == Reply.post_id) & Delivery.action.in_(OF_TEXTS)
    return (
        select(
            *(Comment.id, Comment.state.label("comment_state")),
            *(Comment.department_id, Comment.due_at),
            *(Routing.since_at, Routing.reason, Routing.details, Routing.appointment_id),
            *(Appointment.person_id, Appointment.state, Appointment.from_at, Appointment.until_at),
            Person.disabled_at,
            *(Reply.post_id, Reply.answer, Post.state.label("post_state")),
            *(Delivery.state.label("delivery_state"), Delivery.state_at.label("delivery_at")),
        )
        .join(Routing, (Routing.comment_id == Comment.id) & Routing.until_at.is_(None))
        .outerjoin(Appointment, Appointment.id == Routing.appointment_id)
        .outerjoin(Person, Person.id == Appointment.person_id)
        .outerjoin(Reply, is_standing)
        .outerjoin(Post, Post.id == Reply.post_id)
        .outerjoin(Delivery, is_text)
        .where(Comment.id.in_(bindparam("ids", expanding=True)), Comment.state.in_(_OPEN_STATES))
        .order_by(Comment.id, Reply.post_id, Delivery.id)
    )


def _substitutes(
    session: Session, comments: Collection[_OpenComment], *, now: datetime
) -> dict[int, int]:
    """Return, by comment, who answers in addition to an absent holder: the next who is present."""
    holder_ids = {
        comment.row.person_id
        for comment in comments
        if comment.row.person_id is not None and (comment.is_to_answer or comment.failed_answers)
    }
    away = absences.absences_by_person(session, holder_ids, now=now) if holder_ids else {}
    of_absent = [comment.row for comment in comments if comment.row.person_id in away]
    if not of_absent:
        return {}
    department_ids = {row.department_id for row in of_absent}
    chains = responsibility.responsible_chains(session, department_ids, now=now)
    person_ids = {office.person_id for chain in chains.values() for office in chain}
    away = absences.absences_by_person(session, person_ids, now=now)
    present_ids = {
        department_id: [office.id for office in chain if office.person_id not in away]
        for department_id, chain in chains.items()
    }
    return {
        row.id: present_ids[row.department_id][0]
        for row in of_absent
        if present_ids.get(row.department_id)
    }


def _routing_task(row: AnyRow) -> TaskSpec:
    return TaskSpec(
        TaskKind.COMMENT_UNROUTED,
        row.id,
        row.since_at,
        queue=TaskQueue.CELL,
        due_at=row.due_at,
        due_kind=DueKind.ASSIGN_BY,
    )


def _appointment_tasks(comment: _OpenComment, appointment_id: int) -> Iterator[TaskSpec]:
    """Yield what this appointment has to do: answer, or see to the answer that was not sent."""
    row = comment.row
    is_holder = appointment_id == row.appointment_id
    # A holder who got it back by an undo keeps the earlier time.
    had_since = row.details.get("since") if row.details else None
    to_answer = TaskSpec(
        TaskKind.COMMENT,
        row.id,
        datetime.fromisoformat(had_since) if had_since else row.since_at,
        department_id=row.department_id,
        appointment_id=appointment_id,
        due_at=row.due_at,
        due_kind=DueKind.ANSWER_BY,
        told_at=row.since_at if is_holder and row.reason == RoutingReason.HANDED_OVER else None,
    )
    if comment.is_to_answer:
        yield to_answer
    for answer in comment.failed_answers[:1]:
        since_at = answer.stuck_at or row.since_at
        # Its holder at that time was notified that it failed.
        told_at = since_at if is_holder and row.since_at < since_at else None
        kind, post_id = TaskKind.ANSWER_FAILED, answer.post_id
        yield replace(to_answer, kind=kind, since_at=since_at, post_id=post_id, told_at=told_at)


def _depending(session: Session, noted: NotedChanges) -> Iterator[Select[int]]:
    """Yield the comments with an answer, or its delivery, that was changed."""
    if post_ids := exclude_kind(session, noted.ids[Post.__tablename__], PostKind.POST):
        yield select(Reply.comment_id).where(Reply.post_id.in_(post_ids))


COMMENTS = SubjectTasks(
    table=Comment.__tablename__,
    kinds=(TaskKind.COMMENT, TaskKind.COMMENT_UNROUTED, TaskKind.ANSWER_FAILED),
    specs_of=list_specs,
    open_ids=select(Comment.id, Comment.department_id).where(Comment.state.in_(_OPEN_STATES)),
    depends_on=(Post.__tablename__,),
    depending=_depending,
    open_states=_OPEN_STATES,
    settle=ownership.settle,
)
"""What is asked about comments."""
