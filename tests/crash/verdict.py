"""Compares the sandbox's ledger with the rows after all deliveries have settled."""

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
from tests.crash.clock_installation import ClockInstallation

SETTLED = (
    DeliveryState.PUBLISHED,
    DeliveryState.HELD,
    DeliveryState.FAILED,
    DeliveryState.MISSED,
    DeliveryState.CANCELLED,
)

Key = tuple[str, str]
"""A platform, and the text of a post on it."""

TOLERANCE = timedelta(seconds=0.25)
"""Two events within this time may be recorded in either order, since locks decide the order."""


@dataclass(frozen=True)
class Judgement:
    """The outcome of a round's deliveries. `held_live` are held deliveries that are live.

    `pictured` are posts with a picture; a live post with other pictures counts as `unapproved`.
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
        """Whether there are no duplicates, losses or unapproved posts."""
        return (self.duplicates, self.losses, self.unapproved) == (0, 0, 0)

    def __add__(self, other: Judgement) -> Judgement:
        sums = (getattr(self, field.name) + getattr(other, field.name) for field in fields(self))
        return Judgement(*sums)


def judge(installation: ClockInstallation) -> Judgement:
    """Compare the live posts with the approvals, and every delivery with its required state."""
    published = _published_counts(installation)
    deliveries = _deliveries(installation)
    by_key = {_key(delivery): delivery for delivery in deliveries}
    held_deliveries = [delivery for delivery in deliveries if delivery.state is DeliveryState.HELD]
    return Judgement(
        posts=len(deliveries),
        pictured=sum(bool(delivery.variant.renditions) for delivery in deliveries),
        published=sum(delivery.state is DeliveryState.PUBLISHED for delivery in deliveries),
        duplicates=sum(count - 1 for count in published.values()),
        losses=sum(not _is_safe(delivery, published) for delivery in deliveries),
        unapproved=len(_unapproved(installation, by_key)),
        held=len(held_deliveries),
        held_live=sum(published[_key(delivery)] > 0 for delivery in held_deliveries),
    )


def _published_counts(installation: ClockInstallation) -> Counter[Key]:
    """Return how often each text of the city is live, posts and answers alike."""
    return Counter(key for key, _ in _published_with_pictures(installation))


def _published_with_pictures(installation: ClockInstallation) -> list[tuple[Key, list[str]]]:
    """Return the city's live posts, each with the digests of its pictures."""
    return [
        ((platform, str(post["text"])), [picture["digest"] for picture in post["media"]])
        for platform in ("x", "facebook")
        for post in installation.ledger(platform)
        if not post["citizen"] and post["published"]
    ]


def _unapproved(installation: ClockInstallation, by_key: Mapping[Key, Delivery]) -> set[Key]:
    """Return the live posts without an approval of exactly this text and its pictures."""
    return {
        key
        for key, pictures in _published_with_pictures(installation)
        if not _was_approved(by_key.get(key)) or pictures != _digests(by_key[key])
    }


def explain(installation: ClockInstallation) -> str:
    """Describe each duplicate, lost or unapproved post in a line."""
    published = _published_counts(installation)
    by_key = {_key(delivery): delivery for delivery in _deliveries(installation)}
    lines = [f"{key}: {count} times out there" for key, count in published.items() if count > 1]
    lines += [f"{key}: never approved" for key in _unapproved(installation, by_key)]
    lines += [
        f"{key}: delivery {delivery.id} is {delivery.state}, fence {delivery.fence}, "
        f"{delivery.reason}"
        for key, delivery in by_key.items()
        if not _is_safe(delivery, published) or published[key] > 1
    ]
    return "\n".join([*lines, installation.describe_waiting()])


def _deliveries(installation: ClockInstallation) -> list[Delivery]:
    query = select(Delivery).options(
        joinedload(Delivery.account),
        joinedload(Delivery.variant).joinedload(Variant.revision),
        joinedload(Delivery.variant).joinedload(Variant.account),
    )
    with installation.database.reading() as session:
        rows = list(session.scalars(query).unique())
        for row in rows:
            outgoing_text.outgoing_text(row.variant)
            _digests(row)
            for decision in row.variant.revision.decisions:
                _end_times(decision)
    return rows


def _key(delivery: Delivery) -> Key:
    return delivery.account.platform, outgoing_text.outgoing_text(delivery.variant)


def _digests(delivery: Delivery) -> list[str]:
    """Return the digests of the approved pictures, in order."""
    return [rendition.sha256 for rendition in delivery.variant.renditions]


def _is_safe(delivery: Delivery, published: Counter[Key]) -> bool:
    """Return whether the delivery is settled, and live if its state is `published`."""
    if delivery.state is DeliveryState.PUBLISHED:
        return published[_key(delivery)] > 0
    return delivery.state in SETTLED


def _was_approved(delivery: Delivery | None) -> bool:
    """Return whether the delivery's revision had a valid approval when it was sent."""
    if delivery is None:
        return False
    revision, sent_at = delivery.variant.revision, (delivery.sending_at or now()) - TOLERANCE
    return any(
        decision.kind in gate_adapter.APPROVAL_KINDS
        and decision.digest == revision.digest
        and all(end is None or end > sent_at for end in _end_times(decision))
        for decision in revision.decisions
    )


def _end_times(decision: Decision) -> tuple[datetime | None, ...]:
    """Return when the approval, its approver's appointment and the approver's access ended."""
    return decision.withdrawn_at, decision.appointment.until_at, decision.person.disabled_at
