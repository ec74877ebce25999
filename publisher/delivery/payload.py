"""The payload of a claim: everything an attempt needs, read in the claim's transaction."""

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
    """A picture of a payload, by its digest in the media store."""

    sha256: str
    mime: str
    alt_text: str


@dataclass(frozen=True)
class DeliveryPayload:
    """Everything that one attempt needs.

    `account` is a detached copy, shared by the payloads of one claim. `variant` holds the text,
    link, target and pictures as the gate will see them. `target` is the platform's id of what is
    replied to, edited, deleted or hidden. `staged_id` is the platform's id of the unpublished post
    of an earlier attempt. `urgent` payloads are sent before all others.
    """

    claim: Claim
    action: DeliveryAction
    account: Account
    variant: gate.VariantSubject
    media_refs: tuple[MediaRef, ...]
    target: str
    is_reply: bool
    staged_id: str
    urgent: bool

    @property
    def creates(self) -> bool:
        """True if a text is published, which the gate has to judge."""
        return self.action in CREATES

    @property
    def stages(self) -> bool:
        """True if it is staged unpublished first: the account can do so, and it is not a reply."""
        return (
            self.action is DeliveryAction.PUBLISH
            and self.account.two_steps
            and not self.variant.target
        )


def load_payloads(session: Session, claims: Sequence[Claim]) -> list[DeliveryPayload]:
    """Return the payloads of these claims, in their order, by two statements."""
    if not claims:
        return []
    connection = session.connection()
    parameters = {"rows": as_json([{"id": claim.delivery_id} for claim in claims])}
    records = connection.execute(_deliveries(connection.dialect.name), parameters)
    rows = {row.id: row for row in records}
    accounts = {row.account_id: row for row in rows.values()}
    copies = {key: _account(row) for key, row in accounts.items()}
    pictures = _pictures(connection, [row.variant_id for row in rows.values()])
    return [_payload(claim, rows[claim.delivery_id], copies, pictures) for claim in claims]


_ACCOUNT_COLUMNS = ("id", "code", "platform", "handle", "name", "url", "credentials", "two_steps")


#: PostgreSQL:
#:   SELECT deliveries.id, deliveries.action, deliveries.staged_id, deliveries.urgent,
#:       deliveries.variant_id, variants.account_id AS variant_account_id, variants.language,
#:       variants.text, variants.link, variants.target, posts.kind, orders.target AS order_target,
#:       accounts.id AS account_id, accounts.code AS account_code,
#:       accounts.platform AS account_platform, accounts.handle AS account_handle,
#:       accounts.name AS account_name, accounts.url AS account_url,
#:       accounts.credentials AS account_credentials, accounts.two_steps AS account_two_steps
#:   FROM deliveries
#:   JOIN json_to_recordset(CAST(:rows AS JSON)) AS json_rows(id BIGINT)
#:       ON json_rows.id = deliveries.id
#:   JOIN variants ON variants.id = deliveries.variant_id
#:   JOIN posts ON posts.id = deliveries.post_id
#:   JOIN accounts ON accounts.id = deliveries.account_id
#:   LEFT OUTER JOIN orders ON orders.delivery_id = deliveries.id
@cache
def _deliveries(dialect: str) -> Select[*tuple[Any, ...]]:
    ids = rows_from_json(dialect, {"id": Key})
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
            *(getattr(Account, name).label(f"account_{name}") for name in _ACCOUNT_COLUMNS),
        )
        .join(ids, ids.c.id == Delivery.id)
        .join(Variant, Variant.id == Delivery.variant_id)
        .join(Post, Post.id == Delivery.post_id)
        .join(Account, Account.id == Delivery.account_id)
        .outerjoin(Order, Order.delivery_id == Delivery.id)
    )


#: PostgreSQL:
#:   SELECT renditions.variant_id, renditions.sha256, renditions.mime, renditions.alt_text
#:   FROM renditions
#:   JOIN json_to_recordset(CAST(:rows AS JSON)) AS json_rows(id BIGINT)
#:       ON json_rows.id = renditions.variant_id
#:   ORDER BY renditions.variant_id, renditions.position
@cache
def _renditions(dialect: str) -> Select[int, str, str, str]:
    ids = rows_from_json(dialect, {"id": Key})
    return (
        select(Rendition.variant_id, Rendition.sha256, Rendition.mime, Rendition.alt_text)
        .join(ids, ids.c.id == Rendition.variant_id)
        .order_by(Rendition.variant_id, Rendition.position)
    )


def _pictures(connection: Connection, variant_ids: Sequence[int]) -> dict[int, list[MediaRef]]:
    parameters = {"rows": as_json([{"id": variant_id} for variant_id in variant_ids])}
    by_variant: dict[int, list[MediaRef]] = defaultdict(list)
    rows = connection.execute(_renditions(connection.dialect.name), parameters)
    for variant_id, sha256, mime, alt_text in rows:
        by_variant[variant_id].append(MediaRef(sha256, mime, alt_text))
    return by_variant


def _account(row: Row[Any]) -> Account:
    return Account(**{name: getattr(row, f"account_{name}") for name in _ACCOUNT_COLUMNS})


def _payload(
    claim: Claim, row: Row[Any], accounts: dict[int, Account], pictures: dict[int, list[MediaRef]]
) -> DeliveryPayload:
    media_refs = tuple(pictures.get(row.variant_id, ()))
    variant = gate.VariantSubject(
        account_id=row.variant_account_id,
        language=row.language,
        text=row.text,
        link=row.link,
        target=row.target,
        pictures=tuple(
            gate.Picture(media_ref.sha256, media_ref.alt_text) for media_ref in media_refs
        ),
    )
    return DeliveryPayload(
        claim=claim,
        action=row.action,
        account=accounts[row.account_id],
        variant=variant,
        media_refs=media_refs,
        target=row.order_target or row.target,
        is_reply=row.kind is PostKind.REPLY,
        staged_id=row.staged_id,
        urgent=row.urgent,
    )


def outgoing_of(payload: DeliveryPayload, store: Store) -> Outgoing:
    """Return exactly what is sent, with the pictures' bytes.

    Raises `MediumMissing` or `MediumChanged` (bytes that do not match their digest).
    """
    media = tuple(
        Medium(store.open(media_ref.sha256), media_ref.mime, media_ref.alt_text, media_ref.sha256)
        for media_ref in payload.media_refs
    )
    return _outgoing(payload, media)


def lookup_of(payload: DeliveryPayload) -> Outgoing:
    """Return what to look for on the platform. Pictures are only counted, so they have no bytes."""
    media = tuple(
        Medium(b"", media_ref.mime, media_ref.alt_text, media_ref.sha256)
        for media_ref in payload.media_refs
    )
    return _outgoing(payload, media)


def _outgoing(payload: DeliveryPayload, media: tuple[Medium, ...]) -> Outgoing:
    variant = payload.variant
    is_reply = payload.action is DeliveryAction.PUBLISH and bool(variant.target)
    text, link = outgoing_text.render_outgoing(
        payload.account.platform,
        variant.text,
        variant.link,
        has_target=bool(variant.target),
        has_pictures=bool(payload.media_refs),
    )
    reply_to = variant.target if is_reply else None
    return Outgoing(text=text, link=link, media=media, reply_to=reply_to)
