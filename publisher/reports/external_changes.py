"""Changes that others made to our posts on a platform, and who has noted them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Action, Actor, may
from publisher.content_checks import outgoing_text
from publisher.delivery.monitoring.findings import is_finding
from publisher.models.deliveries import Delivery, ReceiptRow
from publisher.models.monitoring import Watch
from publisher.models.posts import Post, Variant
from publisher.reports.types import Who, actor_of, with_names
from publisher.scheduling import corrections
from publisher.validation import check_in_sight, existing


class FindingKind(StrEnum):
    """The kind of change: the post was deleted or altered."""

    GONE = "gone"
    CHANGED = "changed"


@dataclass(frozen=True)
class ExternalChange:
    """A change found on a platform.

    `own_text` is the text that we last published there. `noted_by` is who dealt with it; until then
    it is open. `acts` are the actions allowed to this actor.
    """

    watch: Watch
    own_text: str
    noted_by: Who | None
    acts: frozenset[Action]

    @property
    def kind(self) -> FindingKind:
        """Return the kind of change."""
        return finding_kind(self.watch)

    @property
    def at(self) -> datetime:
        """Return when the change was found."""
        watch = self.watch
        return watch.found_gone_at or watch.differs_at or watch.receipt.stored_at

    @property
    def post(self) -> Post:
        """Return the post that was changed."""
        return self.watch.receipt.delivery.post


_DELIVERY = joinedload(Watch.receipt).joinedload(ReceiptRow.delivery)
_IN_FULL = (
    joinedload(Watch.settled_by),
    *with_names(Watch.settled_under),
    _DELIVERY.joinedload(Delivery.variant).joinedload(Variant.revision),
)


def findings_of(session: Session, *, actor: Actor, post_id: int) -> tuple[ExternalChange, ...]:
    """Return all changes of one post. The caller checks the actor's access."""
    query = (
        findings_query()
        .options(*_IN_FULL)
        .where(is_finding(), Delivery.post_id == post_id)
        .order_by(Watch.id)
    )
    return tuple(_finding(session, watch, actor) for watch in session.scalars(query))


def finding_for(session: Session, *, actor: Actor, watch_id: int) -> ExternalChange:
    """Return one change; raises `NotFound` if there is none or it is not visible."""
    query = findings_query().options(*_IN_FULL).where(Watch.id == watch_id, is_finding())
    watch = existing(session.scalars(query).one_or_none(), watch_id)
    check_in_sight(actor, Action.SEE_POST, [watch.receipt.delivery.post.department_id])
    return _finding(session, watch, actor)


def findings_query() -> Select[Watch]:
    """Return the query for changes, with what a list shows of each."""
    joined = select(Watch).join(Watch.receipt).join(ReceiptRow.delivery).join(Delivery.post)
    return joined.options(
        joinedload(Watch.receipt).joinedload(ReceiptRow.account),
        _DELIVERY.joinedload(Delivery.variant),
        _DELIVERY.joinedload(Delivery.post).joinedload(Post.department),
    )


def finding_kind(watch: Watch) -> FindingKind:
    """Return the kind of change; deletion takes precedence over alteration."""
    return FindingKind.CHANGED if watch.found_gone_at is None else FindingKind.GONE


_ACTS = (Action.NOTE_FINDING, Action.DRAFT, Action.ORDER_DELETION)


def _finding(session: Session, watch: Watch, actor: Actor) -> ExternalChange:
    department_id = watch.receipt.delivery.post.department_id
    is_noted = watch.settled_at is not None
    return ExternalChange(
        watch=watch,
        own_text=_own_text(session, watch),
        noted_by=actor_of(watch.settled_under, watch.settled_by, watch.settled_at)
        if is_noted
        else None,
        acts=frozenset(action for action in _ACTS if may(actor, action, department_id)),
    )


def _own_text(session: Session, watch: Watch) -> str:
    """Return the text that we last published there, corrections included."""
    first = watch.receipt.delivery
    for correction in (
        corrections.list_live_texts(session, first.post_id) if first.post.newest > 1 else ()
    ):
        if correction.receipt.id == watch.receipt_id:
            return outgoing_text.outgoing_text(correction.current)
    return outgoing_text.outgoing_text(first.variant)
