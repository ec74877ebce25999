"""The worker at its work in the seeding's time, with whatever goes wrong for a delivery."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from demo.script import Story
from demo.seeding.context import Context, get_delivery
from demo.seeding.moments import MINUTE
from publisher.content_checks.outgoing_text import outgoing_link, outgoing_text
from publisher.delivery.dispatch import tick_dispatch
from publisher.delivery.monitoring import poll
from publisher.delivery.monitoring.intervals import DAY
from publisher.delivery.reconcile import tick_reconcile
from publisher.inbox.reply import tick_answers
from publisher.platforms.base.protocol import Deadline
from publisher.platforms.base.types import Outgoing
from publisher.scheduling.constraints import LATE_LIMIT

Play = Callable[[Context], None]
_SECOND: Final = timedelta(seconds=1)
#: Seconds after sending at which an unconfirmed post is looked for: a little after each is due.
_LOOKS: Final = (25, 65, 305, 905)
#: Seconds for which a demo shows a delivery as unconfirmed before the worker looks for it.
_LOOKED_FOR_LATE: Final = timedelta(hours=6).total_seconds()


def worker_steps(
    story: Story, variant: str, due_at: datetime, base: datetime
) -> Iterator[tuple[datetime, str, Play]]:
    """Yield what the worker does about a scheduled variant: when, what, and how."""
    trouble = story.troubles.get(variant, "")
    if trouble == "duplicate":
        yield (
            due_at - 5 * MINUTE,
            "post by hand",
            partial(_post_by_hand, story=story, variant=variant),
        )
    if trouble == "reset":
        yield due_at + _SECOND, "reset", partial(_send_into_reset, variant=variant)
        for seconds in _LOOKS:
            yield due_at + seconds * _SECOND, "look", _look
    elif trouble == "clock_stopped":
        yield due_at + (LATE_LIMIT + 1) * MINUTE, "deliver", deliver
    elif due_at < base:
        if trouble == "no_answer":
            yield due_at + _SECOND, "no answer", partial(_send_without_answer, variant=variant)
        yield due_at + 2 * _SECOND, "deliver", deliver


def deliver(context: Context) -> None:
    """Send what is due, give up what is too late, and note answers that are live."""
    tick_dispatch(context.worker_context)
    tick_answers(context.database, now=context.now)


def watch(context: Context) -> None:
    """Check what is live on the platforms, as the clock has done every day."""
    with context.database.transaction() as session:
        # An answer is looked at first after a day, a post sooner.
        while poll.open_watches(session, now=context.now - 2 * DAY):
            pass
    poll.tick_watching(context.worker_context)


def _look(context: Context) -> None:
    """Look for what is unconfirmed."""
    tick_reconcile(context.worker_context)


def _send_into_reset(context: Context, *, variant: str) -> None:
    """Let the connection end before the platform keeps anything."""
    _lay_publish_fault(context, variant, "reset_before")
    tick_dispatch(context.worker_context)
    context.sandbox.clear_faults()


def _send_without_answer(context: Context, *, variant: str) -> None:
    """Let the platform keep the post without answering; nobody looks for it for a long while."""
    # A reset after the post was kept tells as little as a hang does, and nobody waits for it.
    _lay_publish_fault(context, variant, "reset_after")
    pace = replace(context.worker_context.delivery_settings, looks=(_LOOKED_FOR_LATE,))
    tick_dispatch(replace(context.worker_context, delivery_settings=pace))
    context.sandbox.clear_faults()


def _lay_publish_fault(context: Context, variant: str, kind: str) -> None:
    platform = variant.partition("-")[0]
    context.sandbox.lay_fault({"platform": platform, "operation": "publish", "kind": kind})


def _post_by_hand(context: Context, *, story: Story, variant: str) -> None:
    """Post the very text on the account by hand, so that the platform refuses ours."""
    with context.database.reading() as session:
        delivery = get_delivery(session, story, variant)
        text, link = outgoing_text(delivery.variant), outgoing_link(delivery.variant)
        platform = context.worker_context.open_account(delivery.account)
    outgoing = Outgoing(text=text, link=link)
    deadline = Deadline.after(
        context.worker_context.delivery_settings.send_deadline, context.worker_context.monotonic
    )
    if platform.look_up(outgoing, since=context.now) is None:
        platform.publish(platform.prepare(outgoing, deadline=deadline), deadline=deadline)
