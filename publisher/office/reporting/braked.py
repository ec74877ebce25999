"""What stays here for the moment: how many texts wait for a stop, and which fall into a freeze."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Action, Actor
from publisher.models.content.posts import Post, PostKind, Variant
from publisher.models.deliveries import Delivery
from publisher.models.press import Freeze, Stop
from publisher.office.reporting import conditions
from publisher.scheduling.constraints import UNSENT, latest_moment
from publisher.scheduling.holds import facts_of, freeze_at, freezes_ahead, standing_stop
from publisher.validation import departments_in_sight


@dataclass(frozen=True)
class Frozen:
    """A freeze, and the texts in sight that are due while it holds.

    `next_at` is when the first of them is due, `lost` how many will be missed unless they are
    moved: the freeze lasts past their late limit.
    """

    freeze: Freeze
    delivery_ids: tuple[int, ...]
    next_at: datetime | None
    lost: int


@dataclass(frozen=True)
class Braked:
    """The standing stop with the number of texts that are due, and every freeze ahead."""

    stop: Stop | None
    waiting: int
    freezes: tuple[Frozen, ...]

    @property
    def number(self) -> int:
        """How many things on the board this is: those that keep something here."""
        return int(self.stop is not None) + sum(bool(one.delivery_ids) for one in self.freezes)


def braked(session: Session, *, actor: Actor, now: datetime) -> Braked:
    """What a stop and freezes keep here, of the posts in sight. Raises `WrongRole`."""
    seen = departments_in_sight(actor, Action.SEE_POST)
    stop = standing_stop(session)
    known = freezes_ahead(session, now=now)
    waiting = _unsent(session, seen, known, now=now) if stop or known else []
    due = [one for one in waiting if one.due_at <= now]
    return Braked(
        stop=stop,
        waiting=len(due) if stop else 0,
        freezes=tuple(_frozen(one, waiting, now=now) for one in known),
    )


def _unsent(
    session: Session,
    seen: frozenset[int] | None,
    known: Sequence[Freeze],
    *,
    now: datetime,
) -> list[Delivery]:
    """What has not left, up to the end of the last freeze."""
    ends = max([now, *(one.until_at for one in known)])
    query = (
        select(Delivery)
        .join(Post, Post.id == Delivery.post_id)
        .where(
            Delivery.state.in_(UNSENT),
            Delivery.due_at < ends,
            *conditions.of_department(seen),
        )
        .options(
            joinedload(Delivery.variant).joinedload(Variant.revision),
            joinedload(Delivery.post).selectinload(Post.submissions),
        )
        .order_by(Delivery.due_at, Delivery.id)
    )
    return list(session.scalars(query))


def _frozen(freeze: Freeze, waiting: Collection[Delivery], *, now: datetime) -> Frozen:
    held = [
        one
        for one in waiting
        if freeze_at([freeze], facts_of(one), max(one.due_at, now)) is not None
    ]
    return Frozen(
        freeze=freeze,
        delivery_ids=tuple(one.id for one in held if one.post.kind is PostKind.POST),
        next_at=held[0].due_at if held else None,
        lost=sum(freeze.until_at > latest_moment(one) for one in held),
    )
