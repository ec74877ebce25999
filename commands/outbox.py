"""`nagarvani queue`, `stop-all` and `release`: what waits to be sent, and the stop on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

import click

from commands.app_setup import command_origin, open_database
from publisher.delivery.controls import stop as stops
from publisher.models.deliveries import Delivery
from publisher.now import now
from publisher.operations.queue_report import QueueReport, queue_report
from publisher.people.permissions import COMMAND
from publisher.settings.environment import Settings
from publisher.states import CLAIMED_OR_SENDING, DeliveryState, NoticeState
from publisher.validation import Invalid


def show_queue(settings: Settings) -> None:
    """Print the stops in force, the counts, and the first deliveries of each group."""
    with open_database(settings) as database, database.reading() as session:
        lines = [
            f"All publishing is stopped since {_moment(stop.at)}: {stop.reason}"
            for stop in stops.open_stops(session)
        ]
        lines += _queue_lines(queue_report(session, now=now()))
    click.echo("\n".join(lines))


def _queue_lines(report: QueueReport) -> Iterator[str]:
    deliveries = dict(report.delivery_counts)
    scheduled = deliveries.pop(DeliveryState.SCHEDULED)
    yield f"Deliveries: scheduled {scheduled}, due {report.due_count}, late {report.late_count}"
    yield f"Not settled: {_counts(deliveries)}"
    messages = dict(report.message_counts)
    queued = messages.pop(NoticeState.QUEUED)
    yield f"Messages: queued {queued}, due {report.due_message_count}, {_counts(messages)}"
    for title, rows in (("Next", report.next_deliveries), ("Not settled", report.unsettled)):
        if rows:
            yield f"{title}:"
            yield from (_delivery_line(delivery) for delivery in rows)


def _counts(counts: Mapping[DeliveryState, int] | Mapping[NoticeState, int]) -> str:
    return ", ".join(f"{state} {count}" for state, count in counts.items())


def _delivery_line(delivery: Delivery) -> str:
    account = f"{delivery.account.platform} {delivery.account.handle}"
    # A delivery on its way keeps the reason of an earlier wait.
    code = "" if delivery.state in CLAIMED_OR_SENDING else delivery.reason.get("code")
    return (
        f"  {_moment(delivery.due_at)}  {delivery.id}  {delivery.state}  {delivery.action}  "
        f"{account}  {delivery.post.title}" + (f"  ({code})" if code else "")
    )


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def stop(settings: Settings, reason: str) -> None:
    """Stop all publishing; raises `click.ClickException`."""
    try:
        with open_database(settings) as database, database.transaction() as session:
            stops.stop_all(
                session, actor=COMMAND, now=now(), reason=reason, origin=command_origin("stop-all")
            )
            on_its_way = len(stops.deliveries_in_flight(session, department_ids=None))
    except Invalid as problem:
        raise click.ClickException(_sentence(problem)) from problem
    click.echo("All publishing is stopped; nagarvani release releases it.")
    if on_its_way:
        click.echo(f"Too late to stop, being sent or perhaps published: {on_its_way}")


def release_all(settings: Settings, reason: str, *, accepted_in_doubt: int) -> None:
    """Release every stop in force; raises `click.ClickException`."""
    try:
        with open_database(settings) as database, database.transaction() as session:
            open_stops = stops.open_stops(session)
            if not open_stops:
                raise click.ClickException("Nothing is stopped.")
            released = stops.release(
                session,
                actor=COMMAND,
                now=now(),
                stop_ids=[stop.id for stop in open_stops],
                reason=reason,
                accepted_in_doubt=accepted_in_doubt,
                origin=command_origin("release"),
            )
            lines = [f"Released: {_moment(stop.at)}, {stop.reason}" for stop in released]
    except Invalid as problem:
        raise click.ClickException(_sentence(problem)) from problem
    click.echo("\n".join(lines))


def _sentence(problem: Invalid) -> str:
    error = problem.problems[0]
    if error.code == "in_doubt":
        return (
            "Not released: deliveries of the restored backup that may be published already or were "
            "not looked up yet: {total}. Let the clock run and wait, or name that number by "
            "--accept-in-doubt.".format_map(error.values)
        )
    return "--reason has to be a text that fits on the pages."
