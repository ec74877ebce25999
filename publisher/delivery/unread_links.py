"""Look again at links of posts published by hand that could not be read back, until they are.

A post that is there is stored as read. If it is not there, or not what was approved, the cell is
notified once, and the delivery's page says so.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, contains_eager

from approvals.policy import CLOCK
from publisher import transitions
from publisher.delivery import manual, outcomes, platform_credits
from publisher.delivery.attempt import PlatformPool
from publisher.delivery.manual import LinkedPost, ManualPost
from publisher.delivery.worker_context import WorkerContext
from publisher.models.deliveries import Account, Delivery, ReceiptRow
from publisher.models.monitoring import UnreadLink
from publisher.notifications import compose, links
from publisher.notifications.kinds import NoticeKind
from publisher.people import responsibility
from publisher.platforms.base.charges import Cause, attribute_calls
from publisher.platforms.base.protocol import CredentialsExpired
from publisher.scheduling.corrections import UNKNOWN_ID
from publisher.states import AccountState
from publisher.validation import Invalid

PAUSES = (timedelta(hours=1), timedelta(hours=6), timedelta(days=1))
"""The pauses after each look at a platform that could not be read; the last one repeats."""


@dataclass(frozen=True)
class LinkLook:
    """A look at a link: either the post that is there, or the code of the problem."""

    manual_post: ManualPost
    linked_post: LinkedPost
    problem: str = ""


@attribute_calls(Cause.CONFIRMATION)
def tick_unread_links(
    context: WorkerContext, *, most: int = 20, is_stopping: Callable[[], bool] = lambda: False
) -> int:
    """Look at every unread link that is due; return the number of looks.

    An account that cannot be read is skipped until the next tick.
    """
    pool, looks = PlatformPool(context), 0
    silent_ids: set[int] = set()
    while looks < most and not is_stopping():
        manual_post = _lease_next(context, silent_ids)
        if manual_post is None:
            break
        looks += 1
        look = _look(pool, manual_post)
        if look.problem or look.linked_post.is_read:
            _store(context, look)
        else:
            silent_ids.add(manual_post.account.id)
    return looks


def _lease_next(context: WorkerContext, silent_ids: Collection[int]) -> ManualPost | None:
    """Return the link that has waited longest, and set the time of the next look."""
    with context.database.transaction() as session:
        now = context.now()
        query = (
            select(UnreadLink)
            .join(Delivery, Delivery.id == UnreadLink.delivery_id)
            .join(Account, Account.id == Delivery.account_id)
            .join(ReceiptRow, ReceiptRow.delivery_id == Delivery.id)
            .where(UnreadLink.look_at <= now, Account.state == AccountState.CONNECTED)
            .where(Account.id.not_in(silent_ids), ReceiptRow.gone_at.is_(None))
            .where(~platform_credits.has_no_credits())
            .options(contains_eager(UnreadLink.delivery).contains_eager(Delivery.receipt))
            .order_by(UnreadLink.look_at)
            .limit(1)
            .with_for_update(skip_locked=True, of=UnreadLink)
        )
        link = session.scalars(query).one_or_none()
        if link is None or link.delivery.receipt is None:
            return None
        link.look_at = now + PAUSES[min(link.looks, len(PAUSES) - 1)]
        link.looks += 1
        return manual.unread_post(session, link.delivery, link.delivery.receipt)


def _look(pool: PlatformPool, manual_post: ManualPost) -> LinkLook:
    try:
        platform = pool.open(manual_post.account)
        return LinkLook(manual_post, manual.read_back(platform, manual_post))
    except CredentialsExpired:
        return LinkLook(manual_post, manual.unread(manual_post))
    except Invalid as invalid:
        return LinkLook(manual_post, manual.unread(manual_post), invalid.problems[0].code)


def _store(context: WorkerContext, look: LinkLook) -> None:
    with context.database.transaction() as session:
        delivery = transitions.lock(session, Delivery, look.manual_post.delivery_id)
        link = session.get(UnreadLink, look.manual_post.delivery_id, populate_existing=True)
        if delivery is None or delivery.receipt is None or link is None or link.look_at is None:
            return
        problem = look.problem or _keep(session, delivery.receipt, look.linked_post)
        now = context.now()
        values = {"problem": problem} if problem else {}
        verb = "link_is_wrong" if problem else "link_is_read"
        transitions.record(session, delivery, verb, actor=CLOCK, now=now, values=values)
        if not problem:
            session.delete(link)
            return
        link.look_at, link.found_at, link.problem = None, now, problem
        _notify(session, delivery, problem, now)


def _keep(session: Session, receipt: ReceiptRow, linked_post: LinkedPost) -> str:
    """Store what was read; return the code of the problem if it is the post of another delivery."""
    if receipt.platform_id.startswith(UNKNOWN_ID):
        if outcomes.is_known(session, receipt.account_id, linked_post.platform_id):
            return "other_post"
        receipt.platform_id = linked_post.platform_id
        receipt.url = linked_post.url or receipt.url
    receipt.published_at = linked_post.published_at or receipt.published_at
    receipt.answer = linked_post.answer
    return ""


def _notify(session: Session, delivery: Delivery, problem: str, now: datetime) -> None:
    values = {
        "title": delivery.post.title,
        "account": delivery.account.name,
        "platform": delivery.account.platform,
        "at": now,
        "code": problem,
    }
    people = responsibility.people_of(responsibility.cell(session, now=now))
    kind, path = NoticeKind.LINK_WRONG, links.delivery(delivery.id)
    compose.queue_for_each(session, people, kind=kind, values=values, now=now, path=path)
