"""The number of a page's statements does not grow with the number of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from approvals.policy import Action
from approvals.states import PostState
from publisher.database.session import Base, Database
from publisher.models.comments import Comment, Routing
from publisher.models.deliveries import Delivery
from publisher.models.posts import Post, Revision, RevisionDepartment, Variant
from publisher.models.submissions import PostSubmission, Submission
from publisher.reports import (
    calendar,
    calendar_month,
    comment_detail,
    decision_board,
    inbox_list,
    submission_filters,
    timeline,
    todo,
    todo_values,
)
from publisher.reports.submission_list import list_submissions
from publisher.states import CommentState, DeliveryState
from publisher.tasks.check import repair
from publisher.validation import departments_in_sight
from tests.support import scenes
from tests.support.city import City, city, statements


@pytest.fixture
def full_city(on_sqlite: Database, tmp_path: Path) -> City:
    """Build a city with one row of everything, to be multiplied by `_copy`."""
    town = city(on_sqlite, tmp_path)
    for happens in (
        scenes.answer_returned,
        scenes.received,
        scenes.drafted,
        scenes.in_review,
        scenes.in_review_with_nobody,
        scenes.approved,
        scenes.missed,
        scenes.failed,
        scenes.held,
        scenes.unrouted,
    ):
        happens(town)
    return town


Report = Callable[[Session, City, str], object]
REPORTS: dict[str, Report] = {
    "waiting_for": lambda session, town, name: todo.list_waiting(
        session, actor=town.actor(name), now=town.now
    ),
    "submissions_in": lambda session, town, name: list_submissions(
        session,
        actor=town.actor(name),
        now=town.now,
        filters=submission_filters.SubmissionFilter(),
        limit=100,
    ),
    "decisions": lambda session, town, name: decision_board.board(
        session, actor=town.actor(name), now=town.now
    ),
    "items_by_day": lambda session, town, name: calendar_month.items_by_day(
        session,
        calendar.CalendarPart(
            first_day=(town.now - timedelta(days=3)).date(),
            days=7,
            visible_departments=departments_in_sight(town.actor(name), Action.SEE_POST),
        ),
        now=town.now,
    ),
    "unscheduled": lambda session, town, name: calendar.list_unscheduled(
        session, actor=town.actor(name), most=100
    ),
    "comments_in": lambda session, town, name: inbox_list.list_comments(
        session,
        actor=town.actor(name),
        view=inbox_list.InboxView.DEPARTMENT,
        limit=100,
    ),
    "comment_page": lambda session, town, name: comment_detail.comment_page(
        session, actor=town.actor(name), comment_id=_routed(session), now=town.now
    ),
    "timeline_of": lambda session, town, _name: timeline.load_timeline(
        session, submission=session.get_one(Submission, _live(session)), now=town.now
    ),
}


@pytest.mark.parametrize("who", ["lead", pytest.param("first", marks=pytest.mark.proof)])
def test_six_hundred_rows_cost_as_many_statements_as_sixty(full_city: City, who: str) -> None:
    sizes, costs = [], []
    for copies in (60, 540):
        _copy(full_city, copies)
        sizes.append(len(_rows(full_city, who)))
        costs.append({name: _cost(full_city, who, report) for name, report in REPORTS.items()})
    assert sizes[0] >= 60
    assert sizes[1] >= 600
    assert costs[0] == costs[1]
    assert max(costs[1].values()) <= 20


def _rows(town: City, who: str) -> list[todo_values.Waiting]:
    with town.read() as session:
        return todo.list_waiting(session, actor=town.actor(who), now=town.now)


def _cost(town: City, who: str, report: Report) -> int:
    with town.read() as session, statements(town.database) as executed:
        report(session, town, who)
    return len(executed)


def _routed(session: Session) -> int:
    query = select(Comment.id).where(Comment.state == CommentState.ROUTED)
    return session.scalars(query.order_by(Comment.id)).first() or 0


def _live(session: Session) -> int:
    query = (
        select(PostSubmission.submission_id)
        .join(Delivery, Delivery.post_id == PostSubmission.post_id)
        .where(Delivery.state == DeliveryState.PUBLISHED)
    )
    return session.scalars(query).first() or 0


@dataclass
class _Copier:
    """Copies rows within their tables, with new ids and new unique values."""

    session: Session
    copies: int

    def copy(self, table: type[Base], old: int, **changed: Sequence[object]) -> list[int]:
        row = self.session.get_one(table, old)
        names = [column.key for column in table.__mapper__.column_attrs]
        plain = {name: getattr(row, name) for name in names if name != "id"}
        rows = [
            plain | {name: values[at] for name, values in changed.items()}
            for at in range(self.copies)
        ]
        added = insert(table).returning(table.__table__.c.id)
        return list(self.session.scalars(added, rows))


def _copy(town: City, copies: int) -> None:
    """Add this many submissions, posts in review, held deliveries and comments."""
    with town.write() as session:
        copier = _Copier(session, copies)
        first = session.scalars(select(Submission.id)).first() or 0
        stamp = session.query(Submission).count()
        submissions = copier.copy(
            Submission,
            first,
            number=[f"PMC/2026/9{stamp + at:05}" for at in range(copies)],
            form_token=[None] * copies,
        )
        _copy_posts(session, copier, PostState.IN_REVIEW, submissions)
        _copy_posts(session, copier, PostState.APPROVED, submissions)
        _copy_comments(session, copier, stamp)
    repair(town.database, now=town.now)


def _copy_posts(
    session: Session, copier: _Copier, state: PostState, submissions: list[int]
) -> None:
    query = select(Post.id).where(Post.state == state).order_by(Post.id)
    held_query = query.join(Delivery, Delivery.post_id == Post.id).where(
        Delivery.state == DeliveryState.HELD
    )
    old = session.scalars(query if state is PostState.IN_REVIEW else held_query).first() or 0
    revision = session.scalars(select(Revision).where(Revision.post_id == old)).one()
    posts = copier.copy(Post, old)
    revisions = copier.copy(Revision, revision.id, post_id=posts)
    variants = copier.copy(Variant, revision.variants[0].id, revision_id=revisions)
    session.execute(
        insert(RevisionDepartment),
        [
            {"revision_id": new_revision_id, "department_id": row.department_id, "asked": True}
            for new_revision_id in revisions
            for row in revision.departments
        ],
    )
    session.execute(
        insert(PostSubmission),
        [
            {"post_id": post, "submission_id": submission}
            for post, submission in zip(posts, submissions, strict=True)
        ],
    )
    if state is PostState.APPROVED:
        delivery = session.scalars(select(Delivery.id).where(Delivery.post_id == old)).one()
        copier.copy(
            Delivery,
            delivery,
            post_id=posts,
            variant_id=variants,
        )


def _copy_comments(session: Session, copier: _Copier, stamp: int) -> None:
    for state in (CommentState.ROUTED, CommentState.RECEIVED):
        query = select(Comment.id).where(Comment.state == state).order_by(Comment.id)
        old = session.scalars(query).first() or 0
        comments = copier.copy(
            Comment, old, platform_id=[f"{state}-{stamp}-{at}" for at in range(copier.copies)]
        )
        routing = session.scalars(
            select(Routing.id).where(Routing.comment_id == old, Routing.until_at.is_(None))
        ).one()
        copier.copy(Routing, routing, comment_id=comments)
