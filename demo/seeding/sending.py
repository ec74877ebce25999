"""The press at work in the seeding's time, with whatever goes wrong for a delivery."""

from __future__ import annotations

from datetime import timedelta

from demo.plan import Course, Outcome
from demo.seeding.drafting import delivery_of
from demo.seeding.stage import Stage
from publisher.content_checks import outgoing_text
from publisher.delivery.dispatch import tick_press
from publisher.delivery.reconcile import tick_confirming
from publisher.platforms.base.protocol import Deadline
from publisher.platforms.base.types import Outgoing
from publisher.states import DeliveryState

SIX_HOURS = timedelta(hours=6).total_seconds()
"""How long the demo shows a delivery as unconfirmed before the clock looks for it."""


def press(stage: Stage) -> None:
    """Send what is due, and give up what is too late."""
    tick_press(stage.bench)


def press_into_reset(stage: Stage, number: int, course: Course, outcome: Outcome) -> None:
    """The connection ends before the platform keeps anything."""
    if _is_scheduled(stage, number, course, outcome):
        stage.practice.lay_fault(
            platform=outcome.platform, operation="publish", kind="reset_before"
        )
    tick_press(stage.bench)


def press_without_answer(stage: Stage, number: int, course: Course, outcome: Outcome) -> None:
    """The platform keeps the post, and its answer never comes; nobody looks for a long while.

    A reset after keeping it tells the press as little as a hang does, and nobody waits for it.
    """
    if _is_scheduled(stage, number, course, outcome):
        stage.practice.lay_fault(platform=outcome.platform, operation="publish", kind="reset_after")
    tick_press(stage.patient_bench(SIX_HOURS))


def post_by_hand(stage: Stage, number: int, course: Course, outcome: Outcome) -> None:
    """Somebody puts the very text on the account by hand, so that the platform refuses ours."""
    with stage.database.reading() as session:
        delivery, account = delivery_of(session, number, course, outcome.platform, outcome.language)
        text, link = (
            outgoing_text.leaving_text(delivery.variant),
            outgoing_text.leaving_link(delivery.variant),
        )
        platform = stage.bench.open_account(account)
    outgoing = Outgoing(text=text, link=link)
    deadline = Deadline.after(stage.bench.pace.send_deadline, stage.bench.monotonic)
    if platform.look_up(outgoing, since=stage.now) is None:
        platform.publish(platform.prepare(outgoing, deadline=deadline), deadline=deadline)


def look(stage: Stage) -> None:
    """Look for what is unconfirmed."""
    tick_confirming(stage.bench)


def _is_scheduled(stage: Stage, number: int, course: Course, outcome: Outcome) -> bool:
    with stage.database.reading() as session:
        found, _ = delivery_of(session, number, course, outcome.platform, outcome.language)
        return found.state is DeliveryState.SCHEDULED
