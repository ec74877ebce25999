"""The judge: the sandbox's ledger beside the rows, after everything has come to rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from publisher.content_checks import outgoing_text
from publisher.models.deliveries import Delivery
from publisher.models.posts import Decision, Variant
from publisher.now import now
from publisher.review import gate_adapter
from publisher.states import DeliveryState
from tests.crash.house import House

AT_REST = (
    DeliveryState.PUBLISHED,
    DeliveryState.HELD,
    DeliveryState.FAILED,
    DeliveryState.MISSED,
    DeliveryState.CANCELLED,
)

Key = tuple[str, str]
"""The platform, and the words that are out on it or are to be."""

AT_ONCE = timedelta(seconds=0.25)
"""Of what crosses within so short a time the locks decide which was first, and not the times."""


@dataclass(frozen=True)
class Judgement:
    """What a run came to. `held_live` are those of the held that the platform shows.

    Of the posts, `pictured` have a picture; what is out there without it was never approved.
    """

    posts: int = 0
    pictured: int = 0
    published: int = 0
    duplicates: int = 0
    losses: int = 0
    unapproved: int = 0
    held: int = 0
    held_live: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether every promise held."""
        return (self.duplicates, self.losses, self.unapproved) == (0, 0, 0)

    def __add__(self, other: Judgement) -> Judgement:
        sums = (getattr(self, field.name) + getattr(other, field.name) for field in fields(self))
        return Judgement(*sums)


def judge(house: House) -> Judgement:
    """Compare what is out with what was approved, and every row with where it has to be."""
    published = _published_counts(house)
    deliveries = _deliveries(house)
    by_key = {_key(delivery): delivery for delivery in deliveries}
    held_deliveries = [delivery for delivery in deliveries if delivery.state is DeliveryState.HELD]
    return Judgement(
        posts=len(deliveries),
        pictured=sum(bool(delivery.variant.renditions) for delivery in deliveries),
        published=sum(delivery.state is DeliveryState.PUBLISHED for delivery in deliveries),
        duplicates=sum(count - 1 for count in published.values()),
        losses=sum(not _is_safe(delivery, published) for delivery in deliveries),
        unapproved=len(_unapproved(house, by_key)),
        held=len(held_deliveries),
        held_live=sum(published[_key(delivery)] > 0 for delivery in held_deliveries),
    )


def _published_counts(house: House) -> Counter[Key]:
    """How often each text of ours is out, posts and answers alike."""
    return Counter(key for key, _ in _media_counts(house))


def _media_counts(house: House) -> list[tuple[Key, int]]:
    """What is out of ours, and with how many pictures."""
    return [
        ((platform, str(post["text"])), len(post["media"]))
        for platform in ("x", "facebook")
        for post in house.ledger(platform)
        if not post["citizen"] and post["published"]
    ]


def _unapproved(house: House, by_key: Mapping[Key, Delivery]) -> set[Key]:
    """What is out without an approval of exactly that: of its words, with its pictures."""
    return {
        key
        for key, pictures in _media_counts(house)
        if not _was_approved(by_key.get(key)) or pictures != len(by_key[key].variant.renditions)
    }


def explain(house: House) -> str:
    """Each delivery that breaks a promise, a line each, with what is known of it."""
    published = _published_counts(house)
    by_key = {_key(delivery): delivery for delivery in _deliveries(house)}
    lines = [f"{key}: {count} times out there" for key, count in published.items() if count > 1]
    lines += [f"{key}: never approved" for key in _unapproved(house, by_key)]
    lines += [
        f"{key}: delivery {delivery.id} is {delivery.state}, fence {delivery.fence}, "
        f"{delivery.reason}"
        for key, delivery in by_key.items()
        if not _is_safe(delivery, published) or published[key] > 1
    ]
    return "\n".join([*lines, house.unsettled()])


def _deliveries(house: House) -> list[Delivery]:
    query = select(Delivery).options(
        joinedload(Delivery.account),
        joinedload(Delivery.variant).joinedload(Variant.revision),
        joinedload(Delivery.variant).joinedload(Variant.account),
    )
    with house.database.reading() as session:
        rows = list(session.scalars(query).unique())
        for row in rows:
            outgoing_text.outgoing_text(row.variant)
            len(row.variant.renditions)
            for decision in row.variant.revision.decisions:
                _ends(decision)
    return rows


def _key(delivery: Delivery) -> Key:
    return delivery.account.platform, outgoing_text.outgoing_text(delivery.variant)


def _is_safe(delivery: Delivery, published: Counter[Key]) -> bool:
    """It is final or before a person; what is said to be published can be seen out there."""
    if delivery.state is DeliveryState.PUBLISHED:
        return published[_key(delivery)] > 0
    return delivery.state in AT_REST


def _was_approved(delivery: Delivery | None) -> bool:
    """Whether the rows hold an approval of exactly what this delivery is pinned to."""
    if delivery is None:
        return False
    revision, left_at = delivery.variant.revision, (delivery.sending_at or now()) - AT_ONCE
    return any(
        decision.kind in gate_adapter.APPROVAL_KINDS
        and decision.digest == revision.digest
        and all(end is None or end > left_at for end in _ends(decision))
        for decision in revision.decisions
    )


def _ends(decision: Decision) -> tuple[datetime | None, ...]:
    """When an approval ceased to stand: it, its approver's office, or the approver's access."""
    return decision.withdrawn_at, decision.appointment.until_at, decision.person.disabled_at
