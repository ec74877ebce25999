"""What holds a delivery back beside its approval: a stop of everything, and freezes in force.

Which freezes a planned time falls into: told to whoever schedules, and refusing nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BindParameter, ColumnElement, and_, exists, not_, or_, select
from sqlalchemy.orm import Session, joinedload

from publisher.models.controls import Freeze, Stop
from publisher.models.deliveries import Delivery, DeliveryAction
from publisher.models.posts import Post, PostKind
from publisher.models.submissions import PostSubmission, Submission

TAKES_BACK = (DeliveryAction.DELETE, DeliveryAction.HIDE, DeliveryAction.UNHIDE)
"""What goes on under a stop and a freeze: it takes from the public, or gives back to it."""


class Hold(StrEnum):
    """Why something that is due and approved stays here for the moment."""

    STOPPED = "stopped"
    FROZEN = "frozen"


@dataclass(frozen=True)
class Facts:
    """What a delivery is to a stop and a freeze; `kinds` are those of its submissions."""

    action: DeliveryAction
    account_id: int
    department_id: int
    is_reply: bool
    urgent: bool
    kinds: frozenset[str]

    @property
    def can_freeze(self) -> bool:
        """Whether a freeze can touch it: posts alone, no answers and no emergencies."""
        return self.action not in TAKES_BACK and not self.is_reply and not self.urgent


@dataclass(frozen=True)
class Holds:
    """The standing stop, if there is one, and the freezes in force."""

    stop: Stop | None
    freezes: tuple[Freeze, ...]

    def holds(self, facts: Facts) -> Hold | None:
        """What holds this back; a stop counts before a freeze."""
        if self.stop is not None and facts.action not in TAKES_BACK:
            return Hold.STOPPED
        return Hold.FROZEN if any(freezes(freeze, facts) for freeze in self.freezes) else None


def active_holds(session: Session, *, now: datetime) -> Holds:
    """What holds back now."""
    return Holds(standing_stop(session), tuple(freezes_at(session, now)))


def are_any(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """That a stop stands or a freeze is in force, whatever they hold: seldom, and asked often."""
    return or_(exists().where(Stop.released_at.is_(None)), exists().where(*_in_force(now)))


def _in_force(at: datetime | BindParameter[datetime]) -> tuple[ColumnElement[bool], ...]:
    return Freeze.lifted_at.is_(None), Freeze.from_at <= at, Freeze.until_at > at


def standing_stop(session: Session) -> Stop | None:
    """The stop that nobody has released; None where the press is free."""
    query = select(Stop).where(Stop.released_at.is_(None)).order_by(Stop.id).limit(1)
    return session.scalars(query).one_or_none()


def freezes_at(session: Session, at: datetime) -> list[Freeze]:
    """The freezes that hold at this moment, in the order in which they were laid."""
    query = select(Freeze).where(*_in_force(at)).order_by(Freeze.id)
    return list(session.scalars(query))


def freezes(freeze: Freeze, facts: Facts) -> bool:
    """Whether this freeze touches that delivery, its dates aside."""
    return (
        facts.can_freeze
        and freeze.account_id in (None, facts.account_id)
        and freeze.department_id in (None, facts.department_id)
        and (freeze.kind is None or freeze.kind in facts.kinds)
    )


def facts_of(delivery: Delivery) -> Facts:
    """What this delivery is to a stop and a freeze."""
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
    """What a delivery of this post on that account would be to a stop and a freeze."""
    return Facts(
        action=action,
        account_id=account_id,
        department_id=post.department_id,
        is_reply=post.kind is PostKind.REPLY,
        urgent=urgent,
        kinds=frozenset(submission.kind.value for submission in post.submissions),
    )


def not_held(holds: Holds) -> ColumnElement[bool]:
    """The same as a condition on `deliveries` joined with `posts`, for many at once."""
    conditions: list[ColumnElement[bool]] = [is_held(freeze) for freeze in holds.freezes]
    if holds.stop is not None:
        conditions.append(Delivery.action.not_in(TAKES_BACK))
    return not_(or_(*conditions)) if conditions else Delivery.id.is_not(None)


def is_held(freeze: Freeze) -> ColumnElement[bool]:
    """`freezes` as a condition on `deliveries` joined with `posts`."""
    return and_(
        Delivery.action.not_in(TAKES_BACK),
        Post.kind != PostKind.REPLY,
        Delivery.urgent.is_(False),
        *_where(freeze),
    )


def _where(freeze: Freeze) -> Iterable[ColumnElement[bool]]:
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
    """The freezes that hold or are still to come, by the time at which they begin."""
    query = (
        select(Freeze)
        .where(Freeze.lifted_at.is_(None), Freeze.until_at > now)
        .options(joinedload(Freeze.account), joinedload(Freeze.department))
        .order_by(Freeze.from_at, Freeze.id)
    )
    return list(session.scalars(query))


def touching(candidates: Iterable[Freeze], facts: Facts) -> list[Freeze]:
    """Those of these freezes that concern such a delivery, their dates aside."""
    return [freeze for freeze in candidates if freezes(freeze, facts)]


def freeze_at(candidates: Iterable[Freeze], facts: Facts, at: datetime) -> Freeze | None:
    """The freeze that would hold such a delivery at this moment; of several the longest."""
    holding = [
        freeze for freeze in touching(candidates, facts) if freeze.from_at <= at < freeze.until_at
    ]
    return max(holding, key=lambda freeze: freeze.until_at, default=None)
