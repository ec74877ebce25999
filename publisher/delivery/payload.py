"""What one claim carries: everything that a try needs, read in the claim's own transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Select, select
from sqlalchemy.orm import Session

from approvals import gate
from publisher.content_checks import outgoing_text
from publisher.database.bulk import as_json, rows_from_json
from publisher.database.session import Key
from publisher.delivery.worker_context import Claim
from publisher.media.store import Store
from publisher.models.controls import Order
from publisher.models.deliveries import Account, Delivery, DeliveryAction
from publisher.models.posts import Post, PostKind, Rendition, Variant
from publisher.platforms.base.types import Medium, Outgoing

CREATES = (DeliveryAction.PUBLISH, DeliveryAction.EDIT)


@dataclass(frozen=True)
class MediaRef:
    """One picture of a parcel, still in the store."""

    sha256: str
    mime: str
    alt_text: str


@dataclass(frozen=True)
class DeliveryPayload:
    """What one try is about. `account` is a copy that belongs to no session; one claim shares it.

    `variant` is the text, link, target and pictures as the gate will see them; `target` the
    platform's id of what is answered, edited, deleted or hidden. `staged_id` is what an earlier
    try made unpublished. An `urgent` one goes ahead of all others.
    """

    claim: Claim
    action: DeliveryAction
    account: Account
    variant: gate.VariantSubject
    leaves: tuple[MediaRef, ...]
    target: str
    is_reply: bool
    staged_id: str
    urgent: bool

    @property
    def creates(self) -> bool:
        """Whether a text leaves, which the gate has to judge."""
        return self.action in CREATES

    @property
    def stages(self) -> bool:
        """Whether it is made unpublished first: seen to work here, and no answer."""
        return (
            self.action is DeliveryAction.PUBLISH
            and self.account.two_steps
            and not self.variant.target
        )


def load_payloads(session: Session, claims: Sequence[Claim]) -> list[DeliveryPayload]:
    """The parcels of these claims, in their order: two statements, however many they are."""
    if not claims:
        return []
    connection = session.connection()
    given = {"given": as_json([{"id": one.delivery_id} for one in claims])}
    found = connection.execute(_deliveries(connection.dialect.name), given)
    rows = {row.id: row for row in found}
    accounts = {row.account_id: row for row in rows.values()}
    copies = {key: _account(row) for key, row in accounts.items()}
    pictures = _pictures(connection, [row.variant_id for row in rows.values()])
    return [_parcel(one, rows[one.delivery_id], copies, pictures) for one in claims]


_COPIED = ("id", "code", "platform", "handle", "name", "url", "credentials", "two_steps")


@cache
def _deliveries(dialect: str) -> Select[*tuple[Any, ...]]:
    given = rows_from_json(dialect, {"id": Key})
    return (
        select(
            Delivery.id,
            Delivery.action,
            Delivery.staged_id,
            Delivery.urgent,
            Delivery.variant_id,
            Variant.account_id.label("variant_account_id"),
            Variant.language,
            Variant.text,
            Variant.link,
            Variant.target,
            Post.kind,
            Order.target.label("order_target"),
            *(getattr(Account, name).label(f"account_{name}") for name in _COPIED),
        )
        .join(given, given.c.id == Delivery.id)
        .join(Variant, Variant.id == Delivery.variant_id)
        .join(Post, Post.id == Delivery.post_id)
        .join(Account, Account.id == Delivery.account_id)
        .outerjoin(Order, Order.delivery_id == Delivery.id)
    )


@cache
def _renditions(dialect: str) -> Select[int, str, str, str]:
    given = rows_from_json(dialect, {"id": Key})
    return (
        select(Rendition.variant_id, Rendition.sha256, Rendition.mime, Rendition.alt_text)
        .join(given, given.c.id == Rendition.variant_id)
        .order_by(Rendition.variant_id, Rendition.position)
    )


def _pictures(connection: Connection, variant_ids: Sequence[int]) -> dict[int, list[MediaRef]]:
    given = {"given": as_json([{"id": one} for one in variant_ids])}
    found: dict[int, list[MediaRef]] = defaultdict(list)
    rows = connection.execute(_renditions(connection.dialect.name), given)
    for variant_id, sha256, mime, alt_text in rows:
        found[variant_id].append(MediaRef(sha256, mime, alt_text))
    return found


def _account(row: Row[Any]) -> Account:
    return Account(**{name: getattr(row, f"account_{name}") for name in _COPIED})


def _parcel(
    claim: Claim, row: Row[Any], accounts: dict[int, Account], pictures: dict[int, list[MediaRef]]
) -> DeliveryPayload:
    leaves = tuple(pictures.get(row.variant_id, ()))
    variant = gate.VariantSubject(
        account_id=row.variant_account_id,
        language=row.language,
        text=row.text,
        link=row.link,
        target=row.target,
        pictures=tuple(gate.Picture(one.sha256, one.alt_text) for one in leaves),
    )
    return DeliveryPayload(
        claim=claim,
        action=row.action,
        account=accounts[row.account_id],
        variant=variant,
        leaves=leaves,
        target=row.order_target or row.target,
        is_reply=row.kind is PostKind.REPLY,
        staged_id=row.staged_id,
        urgent=row.urgent,
    )


def outgoing_of(payload: DeliveryPayload, store: Store) -> Outgoing:
    """Exactly what leaves; the pictures' bytes are compared with their digests as they open."""
    media = tuple(
        Medium(store.open(one.sha256), one.mime, one.alt_text, one.sha256) for one in payload.leaves
    )
    return _outgoing(payload, media)


def lookup_of(payload: DeliveryPayload) -> Outgoing:
    """What to look for on the platform: pictures are counted there, so their bytes stay unread."""
    media = tuple(Medium(b"", one.mime, one.alt_text, one.sha256) for one in payload.leaves)
    return _outgoing(payload, media)


def _outgoing(payload: DeliveryPayload, media: tuple[Medium, ...]) -> Outgoing:
    variant = payload.variant
    is_reply = payload.action is DeliveryAction.PUBLISH and bool(variant.target)
    text, link = outgoing_text.render_outgoing(
        payload.account.platform,
        variant.text,
        variant.link,
        has_target=bool(variant.target),
        has_pictures=bool(payload.leaves),
    )
    reply_to = variant.target if is_reply else None
    return Outgoing(text=text, link=link, media=media, reply_to=reply_to)
