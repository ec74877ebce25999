"""What of a post is live now, and in which words: a fact of its receipts, not of its state."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from publisher.desk import leaving
from publisher.models.content.posts import Language, Revision, Variant
from publisher.models.deliveries import OF_TEXTS, Account, Delivery, DeliveryAction, Receipt
from publisher.states import DeliveryState

Slot = tuple[int, Language]
"""An account and a language: where one text of a post stands."""

MAY_BE_LIVE = (DeliveryState.SENDING, DeliveryState.UNCONFIRMED, DeliveryState.HELD)
UNKNOWN_ID = "not-given-"
"""How the id begins of what a person saw live, without giving its link."""


@dataclass(frozen=True)
class LiveText:
    """One publication that stands on a platform: its receipt, and the text it shows now.

    `first` is the text with which it came out; `shown` that of the last edit since, at `since`.
    """

    receipt: Receipt
    first: Variant
    shown: Variant
    since: datetime

    @property
    def account(self) -> Account:
        """Where it stands."""
        return self.first.account

    @property
    def slot(self) -> Slot:
        """On which account, in which language."""
        return self.first.account_id, self.first.language

    @property
    def platform_id(self) -> str:
        """The platform's id of it."""
        return self.receipt.platform_id

    @property
    def is_known(self) -> bool:
        """Whether its id is known, so that it can be changed and deleted from here."""
        return not self.receipt.platform_id.startswith(UNKNOWN_ID)

    @property
    def is_note(self) -> bool:
        """Whether it is a correction that stands as an answer under what it corrects."""
        return leaving.is_note(self.first)

    @property
    def can_be_edited(self) -> bool:
        """Whether the platform lets a text be changed that is out."""
        return self.is_known and self.account.platform in leaving.CAN_EDIT


def among(deliveries: Iterable[Delivery]) -> list[LiveText]:
    """What of these deliveries of one post stands now, in the order in which it came out."""
    done = [one for one in deliveries if one.state is DeliveryState.PUBLISHED and one.receipt]
    edits = [one for one in done if one.action is DeliveryAction.EDIT]
    edits.sort(key=_came)
    made = [one for one in done if one.action is DeliveryAction.PUBLISH]
    found = [_live(one, one.receipt, edits) for one in made if one.receipt]
    standing = [one for one in found if one.receipt.gone_at is None]
    return sorted(standing, key=lambda one: (one.receipt.published_at, one.receipt.id))


def _came(delivery: Delivery) -> tuple[datetime, int]:
    """When it was carried out; of two in one moment the later one counts."""
    return (delivery.receipt.published_at if delivery.receipt else delivery.due_at), delivery.id


def _live(delivery: Delivery, receipt: Receipt, edits: Iterable[Delivery]) -> LiveText:
    shown, since = delivery.variant, receipt.published_at
    for one in edits:
        same = one.account_id == delivery.account_id and one.variant.target == receipt.platform_id
        if same:
            shown, since = one.variant, _came(one)[0]
    return LiveText(receipt, delivery.variant, shown, since)


def of_post(session: Session, post_id: int) -> list[LiveText]:
    """What of this post is live, freshly read."""
    return among(deliveries_of(session, post_id))


def deliveries_of(session: Session, post_id: int) -> list[Delivery]:
    """Every delivery that brings a text of this post out, with its receipt, freshly read."""
    query = (
        select(Delivery)
        .where(Delivery.post_id == post_id, Delivery.action.in_(OF_TEXTS))
        .options(
            joinedload(Delivery.account),
            joinedload(Delivery.receipt),
            joinedload(Delivery.variant).options(
                joinedload(Variant.account),
                joinedload(Variant.revision).joinedload(Revision.post),
                selectinload(Variant.renditions),
            ),
        )
        .order_by(Delivery.id)
    )
    return list(session.scalars(query.execution_options(populate_existing=True)))


def by_slot(lives: Iterable[LiveText]) -> dict[Slot, LiveText]:
    """For each account and language the publication that a correction is about: the first one."""
    found: dict[Slot, LiveText] = {}
    for one in lives:
        if not one.is_note:
            found.setdefault(one.slot, one)
    return found
