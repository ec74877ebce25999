"""The board of decisions: what did not leave, may have left, or will not leave by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import and_, select
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Action, Actor, Role, may
from approvals.states import PostState
from publisher.delivery.reconcile import PATIENCE
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
"""How long before its wished time a post that is not approved comes onto the board."""

REFERENCE = timedelta(days=400)
"""A date in a text further back than this is one that the text refers to."""

COUNTED_FOR = (Role.ADMIN, Role.CELL, Role.CELL_LEAD, Role.OFFICER, Role.HEAD)
"""The roles that are told how much stands on the board."""


class BoardKind(StrEnum):
    """Why something stands on the board, in the order in which it is shown."""

    HELD = "held"
    MISSED = "missed"
    FAILED = "failed"
    BLOCKED = "blocked"
    UNAPPROVED = "unapproved"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True)
class BoardRow:
    """One thing on the board, a delivery or a post, with what this actor may do about it.

    `due_at` is the planned time of a delivery, the wished time of a post. `late_at` is until when
    it might have left, `sent_at` when the last try began, `looks` how often the machine looked,
    `again_at` from when a person may send it again. `reason` has a `code` and what a sentence
    about it needs. `variant_id` is the text whose time can be changed, `ends_at` the end of the
    approval's window, and `passed` a date in the text that has passed, as it is written there.
    `lacking` are the departments where nobody can approve. `comment_id` is what an order hides.
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
        """Whether it takes something back, or hides it, and brings no text out."""
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
    """Everything on the board that is in the actor's sight, by kind and then by time.

    Raises `WrongRole` where the actor's role sees no posts.
    """
    seen = departments_in_sight(actor, Action.SEE_POST)
    rows = [*_deliveries(session, actor, seen, now), *_posts(session, actor, seen, now)]
    return sorted(rows, key=_rank)


def _rank(row: BoardRow) -> tuple[int, datetime, int]:
    return _ORDER.index(row.kind), row.due_at or row.since_at, row.subject_id


def to_decide(actor: Actor, *, now: datetime) -> list[tuple[type[Delivery | Post], Condition]]:
    """What of the board does not go on without a person, for counting; see `troubles.to_count`.

    The unconfirmed are the machine's.
    """
    if actor.role not in COUNTED_FOR:
        return []
    seen = departments_in_sight(actor, Action.SEE_POST)
    todo_kinds = sql_conditions.is_or_stands_still((DeliveryState.HELD,))
    posts = and_(
        Post.state == PostState.IN_REVIEW, sql_conditions.blocked(now=now) | _unapproved(now)
    )
    return [
        (Delivery, and_(todo_kinds, *sql_conditions.of_department(seen))),
        (Post, and_(posts, *_of_post(seen))),
    ]


def _of_post(seen: frozenset[int] | None) -> list[Condition]:
    return [] if seen is None else [Post.department_id.in_(seen)]


def _unapproved(now: datetime) -> Condition:
    """In review, and wished for soon or already."""
    return and_(
        Post.kind == PostKind.POST,
        sql_conditions.approval_wanted(now=now),
        sql_conditions.wished_at() <= now + NEAR,
    )


def _deliveries(
    session: Session, actor: Actor, seen: frozenset[int] | None, now: datetime
) -> Iterator[BoardRow]:
    todo_kinds = sql_conditions.is_or_stands_still((DeliveryState.HELD, DeliveryState.UNCONFIRMED))
    query = (
        select(Delivery, sql_conditions.number(Delivery.post_id))
        .where(todo_kinds, *sql_conditions.of_department(seen))
        .options(
            joinedload(Delivery.account),
            joinedload(Delivery.order),
            joinedload(Delivery.variant).joinedload(Variant.revision),
            joinedload(Delivery.post).joinedload(Post.department),
        )
    )
    for one, number in session.execute(query):
        yield _delivery(one, number, actor, now)


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
        again_at=tried + PATIENCE if tried and kind is BoardKind.HELD else None,
        variant_id=delivery.variant_id,
        ends_at=delivery.variant.revision.not_after,
        passed=_passed(delivery.variant.text, local_day(now)),
        reason=delivery.reason,
    )


def _passed(text: str, today: date) -> str:
    """The first date of the text that is over; one further back is a decision's or a law's."""
    for found in dates_in(text, today=today):
        if today - REFERENCE <= found.last < today:
            return text[found.start : found.end].strip(" .")
    return ""


def _acts(actor: Actor, kind: BoardKind, department_id: int) -> frozenset[Action]:
    return frozenset(one for one in _ACTS[kind] if may(actor, one, department_id))


_ORDERED = {
    DeliveryAction.DELETE: (Action.ORDER_DELETION,),
    DeliveryAction.HIDE: (Action.HIDE,),
    DeliveryAction.UNHIDE: (Action.UNHIDE,),
}


def _acts_on(actor: Actor, kind: BoardKind, delivery: Delivery) -> frozenset[Action]:
    """An order is given anew by whoever may give it; held, it is settled as any other."""
    given = _ORDERED.get(delivery.action)
    if given is None or kind is BoardKind.HELD:
        return _acts(actor, kind, delivery.post.department_id)
    return frozenset(act for act in given if may(actor, act, delivery.post.department_id))


def _posts(
    session: Session, actor: Actor, seen: frozenset[int] | None, now: datetime
) -> Iterator[BoardRow]:
    blocked = sql_conditions.blocked(now=now)
    query = (
        select(Post, Revision, blocked, sql_conditions.wished_at(), sql_conditions.number(Post.id))
        .join(Revision, sql_conditions.newest())
        .where(Post.state == PostState.IN_REVIEW, blocked | _unapproved(now), *_of_post(seen))
        .options(joinedload(Post.department))
    )
    found = session.execute(query).all()
    lacking = lacking_in(session, [post.id for post, *_ in found], now=now)
    for post, revision, is_blocked, wished_at, number in found:
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
