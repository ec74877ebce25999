"""The rows of the board of decisions: what needs a person, and what this actor may do about it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from approvals.policy import Action, Actor, may
from publisher.delivery.reconcile import RESEND_WAIT
from publisher.i18n.dates_in_text import find_dates
from publisher.models.deliveries import OF_TEXTS, Delivery, DeliveryAction
from publisher.models.monitoring import Watch
from publisher.models.posts import Language, Post, PostKind, Revision
from publisher.notifications import links
from publisher.reports.external_changes import FindingKind, finding_kind
from publisher.reports.types import AccountName, Office, account_of, office_of
from publisher.scheduling.constraints import latest_moment
from publisher.working_time import local_day

REFERENCE = timedelta(days=400)
"""A date in a text further back than this is taken as a reference, not as an event."""


class BoardKind(StrEnum):
    """The reason for a row on the board, in display order."""

    HELD = "held"
    MISSED = "missed"
    FAILED = "failed"
    BLOCKED = "blocked"
    UNAPPROVED = "unapproved"
    OUTLIVED = "outlived"  #: A text was not scheduled before the window passed.
    FOUND = "found"  #: Somebody else changed or deleted it on its platform.
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True)
class BoardRow:
    """A delivery or a post on the board, with the actions allowed to this actor.

    `due_at` is the planned time of a delivery, or the wished time of a post; `late_at` the latest
    moment to publish it; `sent_at` the beginning of the last attempt; `looks` the number of checks
    on the platform; `again_at` the moment from which a person may send it again. `reason` has a
    `code` and values for its sentence. `variant_id` is the text that can be rescheduled, `ends_at`
    the end of the approval's window, `passed` a past date quoted from the text, `lacking` the
    departments where nobody can approve, `comment_id` the comment that an order hides, `finding`
    what somebody else did.
    """

    kind: BoardKind
    subject: str
    subject_id: int
    post_id: int
    post_kind: PostKind
    path: str
    title: str
    number: str
    department: Office
    since_at: datetime
    due_at: datetime | None
    acts: frozenset[Action]
    account: AccountName | None = None
    language: Language | None = None
    text: str = ""
    late_at: datetime | None = None
    sent_at: datetime | None = None
    looks: int = 0
    again_at: datetime | None = None
    variant_id: int | None = None
    ends_at: datetime | None = None
    passed: str = ""
    lacking: tuple[Office, ...] = ()
    reason: Mapping[str, object] = field(default_factory=dict)
    action: DeliveryAction = DeliveryAction.PUBLISH
    comment_id: int | None = None
    finding: FindingKind | None = None

    @property
    def is_order(self) -> bool:
        """True if the delivery deletes, hides or shows something instead of publishing a text."""
        return self.action not in OF_TEXTS


@dataclass(frozen=True)
class BoardLine:
    """A post on the board, with a row for each of its texts and orders that needs a decision.

    `is_live`: another text of it is published, so it is deleted and not withdrawn.
    """

    rows: tuple[BoardRow, ...]
    is_live: bool

    @property
    def first(self) -> BoardRow:
        """Return the most pressing row."""
        return self.rows[0]

    @property
    def acts(self) -> frozenset[Action]:
        """Return the actions allowed on any of its rows."""
        acts = frozenset[Action]().union(*(row.acts for row in self.rows))
        return acts - {Action.WITHDRAW_POST} if self.is_live else acts


_STUCK_ACTS = (Action.SCHEDULE, Action.PUBLISH_NOW, Action.CANCEL, Action.WITHDRAW_POST)
_ACTS: Mapping[BoardKind, tuple[Action, ...]] = {
    BoardKind.HELD: (Action.SETTLE_HELD,),
    BoardKind.MISSED: _STUCK_ACTS,
    BoardKind.FAILED: (*_STUCK_ACTS, Action.DRAFT),
    BoardKind.BLOCKED: (Action.RECORD_OFFICER, Action.RECORD_HEAD, Action.WITHDRAW_POST),
    BoardKind.UNAPPROVED: (Action.APPROVE,),
    BoardKind.OUTLIVED: (Action.DRAFT, Action.WITHDRAW_POST),
    BoardKind.FOUND: (),
    BoardKind.UNCONFIRMED: (),
}


def delivery_row(
    delivery: Delivery, *, number: str | None, actor: Actor, now: datetime
) -> BoardRow:
    """Return the row of a delivery that is held, stuck or unconfirmed."""
    kind, tried = BoardKind(delivery.state.value), delivery.sending_at
    return BoardRow(
        kind=kind,
        subject="delivery",
        subject_id=delivery.id,
        post_id=delivery.post_id,
        post_kind=delivery.post.kind,
        path=links.delivery(delivery.id),
        title=delivery.post.title,
        number=number or "",
        department=office_of(delivery.post.department),
        since_at=delivery.state_at,
        due_at=delivery.due_at,
        acts=_delivery_actions(actor, kind, delivery),
        action=delivery.action,
        comment_id=delivery.order.comment_id if delivery.order is not None else None,
        account=account_of(delivery.account),
        language=delivery.variant.language,
        text=delivery.variant.text,
        late_at=latest_moment(delivery),
        sent_at=tried,
        looks=delivery.looks,
        again_at=tried + RESEND_WAIT if tried and kind is BoardKind.HELD else None,
        variant_id=delivery.variant_id,
        ends_at=delivery.variant.revision.not_after,
        passed=find_passed_date(delivery.variant.text, local_day(now)),
        reason=delivery.reason,
    )


def find_passed_date(text: str, today: date) -> str:
    """Return the first past date of the text, or an empty string.

    Dates further back than `REFERENCE` are skipped.
    """
    for span in find_dates(text, today=today):
        if today - REFERENCE <= span.last < today:
            return text[span.start : span.end].strip(" .")
    return ""


def _acts(actor: Actor, kind: BoardKind, department_id: int) -> frozenset[Action]:
    return frozenset(action for action in _ACTS[kind] if may(actor, action, department_id))


_ORDER_ACTIONS = {
    DeliveryAction.DELETE: (Action.ORDER_DELETION,),
    DeliveryAction.HIDE: (Action.HIDE,),
    DeliveryAction.UNHIDE: (Action.UNHIDE,),
}


def _delivery_actions(actor: Actor, kind: BoardKind, delivery: Delivery) -> frozenset[Action]:
    """Return the actions allowed on a delivery."""
    # A failed order is repeated under the action that created it; a held one is settled like any
    # other delivery.
    actions = _ORDER_ACTIONS.get(delivery.action)
    if actions is None or kind is BoardKind.HELD:
        return _acts(actor, kind, delivery.post.department_id)
    return frozenset(act for act in actions if may(actor, act, delivery.post.department_id))


def post_row(
    post: Post,
    revision: Revision,
    kind: BoardKind,
    *,
    wished_at: datetime | None,
    number: str | None,
    lacking: Collection[Office],
    actor: Actor,
) -> BoardRow:
    """Return the row of a post that itself needs a decision."""
    return BoardRow(
        kind=kind,
        subject="post",
        subject_id=post.id,
        post_id=post.id,
        post_kind=post.kind,
        path=links.post(post.id),
        title=post.title,
        number=number or "",
        department=office_of(post.department),
        since_at=post.state_at,
        due_at=wished_at or revision.not_after,
        ends_at=revision.not_after,
        acts=_acts(actor, kind, post.department_id),
        lacking=tuple(lacking),
    )


def finding_row(watch: Watch, number: str | None) -> BoardRow:
    """Return the row of a publication that somebody else changed or deleted."""
    delivery = watch.receipt.delivery
    return BoardRow(
        kind=BoardKind.FOUND,
        subject="watch",
        subject_id=watch.id,
        post_id=delivery.post_id,
        post_kind=delivery.post.kind,
        path=links.external_change(watch.id),
        title=delivery.post.title,
        number=number or "",
        department=office_of(delivery.post.department),
        since_at=watch.found_gone_at or watch.differs_at or watch.receipt.stored_at,
        due_at=None,
        acts=frozenset(),
        account=account_of(watch.receipt.account),
        language=delivery.variant.language,
        text=watch.seen_text,
        finding=finding_kind(watch),
    )
