"""The board of decisions: deliveries and posts that need a person to act on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import and_, select
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Action, Actor, Role, may
from approvals.states import PostState
from publisher.delivery.reconcile import RESEND_WAIT
from publisher.i18n.dates_in_text import dates_in
from publisher.models.deliveries import OF_TEXTS, Delivery, DeliveryAction
from publisher.models.posts import Language, Post, PostKind, Revision, Variant
from publisher.notifications import links
from publisher.reports import sql_conditions
from publisher.reports.missing_approvers import lacking_in
from publisher.reports.sql_conditions import Condition
from publisher.reports.types import AccountName, Office, account_of, office_of
from publisher.scheduling.constraints import latest_moment
from publisher.states import DeliveryState
from publisher.validation import departments_in_sight
from publisher.working_time import local_day

NEAR = timedelta(hours=24)
"""A post that is not approved appears on the board this long before its wished time."""

REFERENCE = timedelta(days=400)
"""A date in a text further back than this is taken as a reference, not as an event."""

COUNTED_FOR = (Role.ADMIN, Role.CELL, Role.CELL_LEAD, Role.OFFICER, Role.HEAD)
"""The roles that see the number of open decisions."""


class BoardKind(StrEnum):
    """The reason for a row on the board, in display order."""

    HELD = "held"
    MISSED = "missed"
    FAILED = "failed"
    BLOCKED = "blocked"
    UNAPPROVED = "unapproved"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True)
class BoardRow:
    """A delivery or a post on the board, with the actions allowed to this actor.

    `due_at` is the planned time of a delivery, or the wished time of a post; `late_at` the latest
    moment it may leave; `sent_at` the beginning of the last attempt; `looks` the number of checks
    on the platform; `again_at` the moment from which a person may send it again. `reason` has a
    `code` and values for its sentence. `variant_id` is the text that can be rescheduled, `ends_at`
    the end of the approval's window, `passed` a past date quoted from the text, `lacking` the
    departments where nobody can approve, `comment_id` the comment that an order hides.
    """

    kind: BoardKind
    subject: str
    subject_id: int
    post_id: int
    post_kind: PostKind
    path: str
    title: str
    number: str
    department: Office
    since_at: datetime
    due_at: datetime | None
    acts: frozenset[Action]
    account: AccountName | None = None
    language: Language | None = None
    text: str = ""
    late_at: datetime | None = None
    sent_at: datetime | None = None
    looks: int = 0
    again_at: datetime | None = None
    variant_id: int | None = None
    ends_at: datetime | None = None
    passed: str = ""
    lacking: tuple[Office, ...] = ()
    reason: Mapping[str, object] = field(default_factory=dict)
    action: DeliveryAction = DeliveryAction.PUBLISH
    comment_id: int | None = None

    @property
    def is_order(self) -> bool:
        """The delivery deletes, hides or shows something instead of publishing a text."""
        return self.action not in OF_TEXTS


_ACTS: Mapping[BoardKind, tuple[Action, ...]] = {
    BoardKind.HELD: (Action.SETTLE_HELD,),
    BoardKind.MISSED: (Action.SCHEDULE, Action.PUBLISH_NOW, Action.WITHDRAW_POST),
    BoardKind.FAILED: (Action.SCHEDULE, Action.PUBLISH_NOW, Action.WITHDRAW_POST, Action.DRAFT),
    BoardKind.BLOCKED: (Action.RECORD_OFFICER, Action.RECORD_HEAD, Action.WITHDRAW_POST),
    BoardKind.UNAPPROVED: (Action.APPROVE,),
    BoardKind.UNCONFIRMED: (),
}
_ORDER = list(BoardKind)


def decisions(session: Session, *, actor: Actor, now: datetime) -> list[BoardRow]:
    """Return the visible rows of the board, by kind and then by time.

    Raises `WrongRole` if the actor's role sees no posts.
    """
    visible_departments = departments_in_sight(actor, Action.SEE_POST)
    rows = [
        *_deliveries(session, actor, visible_departments, now),
        *_posts(session, actor, visible_departments, now),
    ]
    return sorted(rows, key=_rank)


def _rank(row: BoardRow) -> tuple[int, datetime, int]:
    return _ORDER.index(row.kind), row.due_at or row.since_at, row.subject_id


def to_decide(actor: Actor, *, now: datetime) -> list[tuple[type[Delivery | Post], Condition]]:
    """Return the tables and conditions that count the decisions; see `problems.to_count`.

    Unconfirmed deliveries are not counted: the reconciliation checks them itself.
    """
    if actor.role not in COUNTED_FOR:
        return []
    visible_departments = departments_in_sight(actor, Action.SEE_POST)
    is_stuck = sql_conditions.is_or_stands_still((DeliveryState.HELD,))
    posts = and_(
        Post.state == PostState.IN_REVIEW, sql_conditions.blocked(now=now) | _unapproved(now)
    )
    return [
        (Delivery, and_(is_stuck, *sql_conditions.of_department(visible_departments))),
        (Post, and_(posts, *_in_departments(visible_departments))),
    ]


def _in_departments(visible_departments: frozenset[int] | None) -> list[Condition]:
    return [] if visible_departments is None else [Post.department_id.in_(visible_departments)]


def _unapproved(now: datetime) -> Condition:
    """The post is in review, and its wished time is near or past."""
    return and_(
        Post.kind == PostKind.POST,
        sql_conditions.approval_wanted(now=now),
        sql_conditions.wished_at() <= now + NEAR,
    )


def _deliveries(
    session: Session, actor: Actor, visible_departments: frozenset[int] | None, now: datetime
) -> Iterator[BoardRow]:
    is_stuck = sql_conditions.is_or_stands_still((DeliveryState.HELD, DeliveryState.UNCONFIRMED))
    query = (
        select(Delivery, sql_conditions.number(Delivery.post_id))
        .where(is_stuck, *sql_conditions.of_department(visible_departments))
        .options(
            joinedload(Delivery.account),
            joinedload(Delivery.order),
            joinedload(Delivery.variant).joinedload(Variant.revision),
            joinedload(Delivery.post).joinedload(Post.department),
        )
    )
    for delivery, number in session.execute(query):
        yield _delivery(delivery, number, actor, now)


def _delivery(delivery: Delivery, number: str | None, actor: Actor, now: datetime) -> BoardRow:
    kind, tried = BoardKind(delivery.state.value), delivery.sending_at
    return BoardRow(
        kind=kind,
        subject="delivery",
        subject_id=delivery.id,
        post_id=delivery.post_id,
        post_kind=delivery.post.kind,
        path=links.delivery(delivery.id),
        title=delivery.post.title,
        number=number or "",
        department=office_of(delivery.post.department),
        since_at=delivery.state_at,
        due_at=delivery.due_at,
        acts=_acts_on(actor, kind, delivery),
        action=delivery.action,
        comment_id=delivery.order.comment_id if delivery.order is not None else None,
        account=account_of(delivery.account),
        language=delivery.variant.language,
        text=delivery.variant.text,
        late_at=latest_moment(delivery),
        sent_at=tried,
        looks=delivery.looks,
        again_at=tried + RESEND_WAIT if tried and kind is BoardKind.HELD else None,
        variant_id=delivery.variant_id,
        ends_at=delivery.variant.revision.not_after,
        passed=_passed_date(delivery.variant.text, local_day(now)),
        reason=delivery.reason,
    )


def _passed_date(text: str, today: date) -> str:
    """Return the first past date of the text, or an empty string.

    Dates further back than `REFERENCE` are skipped.
    """
    for span in dates_in(text, today=today):
        if today - REFERENCE <= span.last < today:
            return text[span.start : span.end].strip(" .")
    return ""


def _acts(actor: Actor, kind: BoardKind, department_id: int) -> frozenset[Action]:
    return frozenset(action for action in _ACTS[kind] if may(actor, action, department_id))


_ORDER_ACTIONS = {
    DeliveryAction.DELETE: (Action.ORDER_DELETION,),
    DeliveryAction.HIDE: (Action.HIDE,),
    DeliveryAction.UNHIDE: (Action.UNHIDE,),
}


def _acts_on(actor: Actor, kind: BoardKind, delivery: Delivery) -> frozenset[Action]:
    """Return the actions allowed on a delivery."""
    # An order that failed is given again under the action that gave it; a held one is settled like
    # any other delivery.
    actions = _ORDER_ACTIONS.get(delivery.action)
    if actions is None or kind is BoardKind.HELD:
        return _acts(actor, kind, delivery.post.department_id)
    return frozenset(act for act in actions if may(actor, act, delivery.post.department_id))


def _posts(
    session: Session, actor: Actor, visible_departments: frozenset[int] | None, now: datetime
) -> Iterator[BoardRow]:
    blocked = sql_conditions.blocked(now=now)
    query = (
        select(Post, Revision, blocked, sql_conditions.wished_at(), sql_conditions.number(Post.id))
        .join(Revision, sql_conditions.newest())
        .where(
            Post.state == PostState.IN_REVIEW,
            blocked | _unapproved(now),
            *_in_departments(visible_departments),
        )
        .options(joinedload(Post.department))
    )
    rows = session.execute(query).all()
    lacking = lacking_in(session, [post.id for post, *_ in rows], now=now)
    for post, revision, is_blocked, wished_at, number in rows:
        kind = BoardKind.BLOCKED if is_blocked else BoardKind.UNAPPROVED
        yield BoardRow(
            kind=kind,
            subject="post",
            subject_id=post.id,
            post_id=post.id,
            post_kind=post.kind,
            path=links.post(post.id),
            title=post.title,
            number=number or "",
            department=office_of(post.department),
            since_at=post.state_at,
            due_at=wished_at or revision.not_after,
            ends_at=revision.not_after,
            acts=_acts(actor, kind, post.department_id),
            lacking=tuple(lacking[post.id]),
        )
