"""Hold deliveries back by a stop, freezes or a wrong time; scheduling warns about freezes only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BindParameter, ColumnElement, and_, exists, not_, or_, select
from sqlalchemy.orm import Session, joinedload

from publisher.models.controls import Freeze, Stop
from publisher.models.deliveries import Delivery, DeliveryAction
from publisher.models.monitoring import WrongTime
from publisher.models.posts import Post, PostKind
from publisher.models.submissions import PostSubmission, Submission

TAKES_BACK = (DeliveryAction.DELETE, DeliveryAction.HIDE, DeliveryAction.UNHIDE)
"""Actions that a stop and a freeze do not hold back: they remove something, or show it again."""


class Hold(StrEnum):
    """The reason why a due and approved delivery is held back."""

    STOPPED = "stopped"
    FROZEN = "frozen"
    WRONG_TIME = "wrong_time"


@dataclass(frozen=True)
class Facts:
    """The properties of a delivery that decide on holds; `kinds` are those of its submissions."""

    action: DeliveryAction
    account_id: int
    department_id: int
    is_reply: bool
    urgent: bool
    kinds: frozenset[str]

    @property
    def can_freeze(self) -> bool:
        """Return True if freezes and a wrong time apply: to posts, not replies or emergencies."""
        return self.action not in TAKES_BACK and not self.is_reply and not self.urgent


@dataclass(frozen=True)
class Holds:
    """The stop, if there is one, the freezes in force, and whether a wrong time holds posts."""

    stop: Stop | None
    freezes: tuple[Freeze, ...]
    wrong_time: bool = False

    def holds(self, facts: Facts) -> Hold | None:
        """Return what holds the delivery back, in the order of `Hold`, or None."""
        if self.stop is not None and facts.action not in TAKES_BACK:
            return Hold.STOPPED
        if any(freezes(freeze, facts) for freeze in self.freezes):
            return Hold.FROZEN
        return Hold.WRONG_TIME if self.wrong_time and facts.can_freeze else None


def active_holds(session: Session, *, now: datetime, machine: str | None = None) -> Holds:
    """Return the stop and the freezes in force now, and a wrong time only of `machine`."""
    wrong_time = session.scalars(select(is_time_wrong(machine))).one()
    return Holds(standing_stop(session), tuple(freezes_at(session, now)), wrong_time)


def are_any(now: BindParameter[datetime], machine: BindParameter[str]) -> ColumnElement[bool]:
    """Return an SQL condition: any hold is in force for a clock, whichever deliveries it holds."""
    is_stopped = exists().where(Stop.released_at.is_(None))
    return or_(is_stopped, exists().where(*_is_in_force(now)), is_time_wrong(machine))


def is_time_wrong(machine: str | BindParameter[str] | None) -> ColumnElement[bool]:
    """Return an SQL condition: a wrong time of this machine (None: any) holds posts."""
    holds_posts = exists().where(WrongTime.ended_at.is_(None), WrongTime.holds_posts)
    return holds_posts if machine is None else holds_posts.where(WrongTime.machine == machine)


def _is_in_force(at: datetime | BindParameter[datetime]) -> tuple[ColumnElement[bool], ...]:
    return Freeze.lifted_at.is_(None), Freeze.from_at <= at, Freeze.until_at > at


def standing_stop(session: Session) -> Stop | None:
    """Return the stop that is not released, or None."""
    query = select(Stop).where(Stop.released_at.is_(None)).order_by(Stop.id).limit(1)
    return session.scalars(query).one_or_none()


def freezes_at(session: Session, at: datetime) -> list[Freeze]:
    """Return the freezes in force at this moment, in order of creation."""
    query = select(Freeze).where(*_is_in_force(at)).order_by(Freeze.id)
    return list(session.scalars(query))


def freezes(freeze: Freeze, facts: Facts) -> bool:
    """Return True if this freeze applies to the delivery, regardless of its dates."""
    return (
        facts.can_freeze
        and freeze.account_id in (None, facts.account_id)
        and freeze.department_id in (None, facts.department_id)
        and (freeze.kind is None or freeze.kind in facts.kinds)
    )


def facts_of(delivery: Delivery) -> Facts:
    """Return the facts of this delivery."""
    return facts_for(
        delivery.post,
        action=delivery.action,
        account_id=delivery.account_id,
        urgent=delivery.urgent,
    )


def facts_for(
    post: Post,
    *,
    account_id: int,
    action: DeliveryAction = DeliveryAction.PUBLISH,
    urgent: bool = False,
) -> Facts:
    """Return the facts of a planned delivery of this post on this account."""
    return Facts(
        action=action,
        account_id=account_id,
        department_id=post.department_id,
        is_reply=post.kind is PostKind.REPLY,
        urgent=urgent,
        kinds=frozenset(submission.kind.value for submission in post.submissions),
    )


def not_held(holds: Holds) -> ColumnElement[bool]:
    """Return the condition on `deliveries` joined with `posts` that no hold applies."""
    conditions: list[ColumnElement[bool]] = [is_held(freeze) for freeze in holds.freezes]
    if holds.wrong_time:
        conditions.append(is_held(None))
    if holds.stop is not None:
        conditions.append(Delivery.action.not_in(TAKES_BACK))
    return not_(or_(*conditions)) if conditions else Delivery.id.is_not(None)


def is_held(freeze: Freeze | None) -> ColumnElement[bool]:
    """Return the condition on `deliveries` joined with `posts` that this freeze applies.

    None means a hold on all posts, such as a wrong time.
    """
    return and_(
        Delivery.action.not_in(TAKES_BACK),
        Post.kind != PostKind.REPLY,
        Delivery.urgent.is_(False),
        *(_freeze_conditions(freeze) if freeze is not None else ()),
    )


def _freeze_conditions(freeze: Freeze) -> Iterable[ColumnElement[bool]]:
    if freeze.account_id is not None:
        yield Delivery.account_id == freeze.account_id
    if freeze.department_id is not None:
        yield Post.department_id == freeze.department_id
    if freeze.kind is not None:
        yield exists().where(
            PostSubmission.post_id == Delivery.post_id,
            PostSubmission.submission_id == Submission.id,
            Submission.kind == freeze.kind,
        )


def freezes_ahead(session: Session, *, now: datetime) -> list[Freeze]:
    """Return the freezes in force or still to come, by start."""
    query = (
        select(Freeze)
        .where(Freeze.lifted_at.is_(None), Freeze.until_at > now)
        .options(joinedload(Freeze.account), joinedload(Freeze.department))
        .order_by(Freeze.from_at, Freeze.id)
    )
    return list(session.scalars(query))


def touching(candidates: Iterable[Freeze], facts: Facts) -> list[Freeze]:
    """Return those of the freezes that apply to the delivery, regardless of their dates."""
    return [freeze for freeze in candidates if freezes(freeze, facts)]


def freeze_at(candidates: Iterable[Freeze], facts: Facts, at: datetime) -> Freeze | None:
    """Return the freeze that would hold the delivery at this moment; the last to end of several."""
    holding = [
        freeze for freeze in touching(candidates, facts) if freeze.from_at <= at < freeze.until_at
    ]
    return max(holding, key=lambda freeze: freeze.until_at, default=None)
