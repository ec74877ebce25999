"""What others did to something of ours on its platform, and who has seen it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Action, Actor, may
from approvals.states import PostState
from publisher.content_checks import outgoing_text
from publisher.models.deliveries import Delivery, ReceiptRow
from publisher.models.monitoring import Watch
from publisher.models.people import Appointment
from publisher.models.posts import Language, Post, PostKind, Variant
from publisher.notifications import links
from publisher.reports.sql_conditions import Condition
from publisher.reports.types import AccountName, Office, Who, account_of, office_of, who_acted
from publisher.scheduling import corrections
from publisher.validation import NotFound, check_in_sight, departments_in_sight


class FindingKind(StrEnum):
    """What somebody else did there."""

    GONE = "gone"
    CHANGED = "changed"


@dataclass(frozen=True)
class ExternalChange:
    """One thing found; `seen` is the text that stands there now, `url` where it stood.

    `note` is what somebody said about it, `noted_by` and `noted_at` who and when; until then it
    is open. `ours` is the text that we last published there. `acts` is what this actor may do.
    """

    watch_id: int
    receipt_id: int
    kind: FindingKind
    at: datetime
    post_id: int
    post_kind: PostKind
    path: str
    title: str
    department: Office
    account: AccountName
    language: Language
    url: str
    seen: str
    ours: str
    note: str
    noted_by: Who | None
    noted_at: datetime | None
    acts: frozenset[Action]

    @property
    def is_open(self) -> bool:
        """Whether nobody has said that they have seen it."""
        return self.noted_at is None


_IN_FULL = (
    joinedload(Watch.settled_by),
    joinedload(Watch.settled_under).options(
        joinedload(Appointment.person), joinedload(Appointment.department)
    ),
    joinedload(Watch.receipt).joinedload(ReceiptRow.account),
    joinedload(Watch.receipt)
    .joinedload(ReceiptRow.delivery)
    .options(
        joinedload(Delivery.variant).joinedload(Variant.revision),
        joinedload(Delivery.post).joinedload(Post.department),
    ),
)


def open_findings(session: Session, *, actor: Actor) -> tuple[ExternalChange, ...]:
    """What was found in the actor's sight and nobody has seen to, the oldest first."""
    query = _found().where(is_open(), *_in_sight(actor)).order_by(Watch.id)
    return tuple(_finding(session, one, actor) for one in session.scalars(query))


def findings_of(session: Session, *, actor: Actor, post_id: int) -> tuple[ExternalChange, ...]:
    """Everything that was found of one post, seen to or not; who may see it is asked before."""
    query = _found().where(_is_found(), Delivery.post_id == post_id).order_by(Watch.id)
    return tuple(_finding(session, one, actor) for one in session.scalars(query))


def finding_for(session: Session, *, actor: Actor, watch_id: int) -> ExternalChange:
    """One finding; `Missing` where nothing was found, or it is out of the actor's sight."""
    watch = session.scalars(_found().where(Watch.id == watch_id, _is_found())).one_or_none()
    if watch is None:
        raise NotFound(watch_id)
    check_in_sight(actor, Action.SEE_POST, [watch.receipt.delivery.post.department_id])
    return _finding(session, watch, actor)


def is_open_for(actor: Actor, *more: Condition) -> Condition:
    """The row of `watches` is open, in the actor's sight, and meets `more`, which may ask of its
    post as well; looked for by itself, so that it can be counted.
    """
    one = select(Watch.id).join(ReceiptRow).join(Delivery).join(Delivery.post)
    return Watch.id.in_(one.where(is_open(), *_in_sight(actor), *more))


def how_many(actor: Actor) -> ColumnElement[int]:
    """How many are open in the actor's sight, as a column."""
    query = (
        select(func.count()).select_from(Watch).join(ReceiptRow).join(Delivery).join(Delivery.post)
    )
    return query.where(is_open(), *_in_sight(actor)).scalar_subquery()


def is_open() -> Condition:
    """Found, and nobody has seen to it; what we have taken back ourselves is settled by that.

    The first two conditions are those of the index: few things that are out were found so.
    """
    marked = or_(Watch.found_gone_at.is_not(None), Watch.differs_at.is_not(None))
    open_ones = and_(Watch.settled_at.is_(None), marked)
    return and_(open_ones, _is_found(), Post.state != PostState.WITHDRAWN)


def _is_found() -> Condition:
    changed = and_(Watch.differs_at.is_not(None), ReceiptRow.gone_at.is_(None))
    return or_(Watch.found_gone_at.is_not(None), changed)


def _in_sight(actor: Actor) -> list[Condition]:
    """Of the departments in sight; reckoned with, so that no index leads by way of all posts."""
    seen = departments_in_sight(actor, Action.SEE_POST)
    return [] if seen is None else [(Post.department_id + 0).in_(seen)]


def _found() -> Select[Watch]:
    joined = select(Watch).join(Watch.receipt).join(ReceiptRow.delivery).join(Delivery.post)
    return joined.options(*_IN_FULL)


def kind_of(watch: Watch) -> FindingKind:
    """What was found: that it is gone counts before that it was changed."""
    return FindingKind.CHANGED if watch.found_gone_at is None else FindingKind.GONE


_ACTS = (Action.NOTE_FINDING, Action.DRAFT, Action.ORDER_DELETION)


def _finding(session: Session, watch: Watch, actor: Actor) -> ExternalChange:
    receipt, delivery = watch.receipt, watch.receipt.delivery
    post = delivery.post
    noted = watch.settled_at is not None
    return ExternalChange(
        watch_id=watch.id,
        receipt_id=receipt.id,
        kind=kind_of(watch),
        at=watch.found_gone_at or watch.differs_at or receipt.stored_at,
        post_id=post.id,
        post_kind=post.kind,
        path=links.found(watch.id),
        title=post.title,
        department=office_of(post.department),
        account=account_of(receipt.account),
        language=delivery.variant.language,
        url=receipt.url,
        seen=watch.seen_text,
        ours=_ours(session, watch),
        note=watch.note,
        noted_by=who_acted(watch.settled_under, watch.settled_by) if noted else None,
        noted_at=watch.settled_at,
        acts=frozenset(one for one in _ACTS if may(actor, one, post.department_id)),
    )


def _ours(session: Session, watch: Watch) -> str:
    """What we last published there, by correction or at first."""
    first = watch.receipt.delivery
    for one in corrections.of_post(session, first.post_id) if first.post.newest > 1 else ():
        if one.receipt.id == watch.receipt_id:
            return outgoing_text.outgoing_text(one.shown)
    return outgoing_text.outgoing_text(first.variant)
