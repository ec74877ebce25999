"""`nagarvani queue` says what waits; `stop-all` and `release` stop publishing by command."""

from __future__ import annotations

import getpass
from pathlib import Path

import pytest
from sqlalchemy import select, update

from publisher.database.session import Database
from publisher.models.deliveries import Delivery
from publisher.models.history import Event
from publisher.models.notifications import Notice
from publisher.now import now
from publisher.operations.backup import restore
from publisher.states import NoticeState
from tests.cli.command_line import Workspace, make_workspace
from tests.support.city import City, city
from tests.support.city_people import HOUR

WHY, GONE = "खाते दुसऱ्याच्या ताब्यात आहे.", "खाते परत मिळाले."


@pytest.fixture
def town(on_sqlite: Database, tmp_path: Path) -> City:
    """Put the city into a database, with the time of the commands."""
    built = city(on_sqlite, tmp_path)
    built.clock.at = now()
    return built


@pytest.fixture
def workspace(town: City, tmp_path: Path) -> Workspace:
    """Create a workspace with the city's database."""
    return make_workspace(tmp_path, town.database.url)


def origins(town: City, verb: str) -> list[tuple[str, str]]:
    with town.read() as session:
        events = session.scalars(select(Event).where(Event.verb == verb).order_by(Event.id))
        return [(event.details["command"], event.details["user"]) for event in events]


def test_the_queue_is_counted_and_its_first_lines_are_shown(
    workspace: Workspace, town: City
) -> None:
    with town.write() as session:
        session.execute(update(Notice).values(state=NoticeState.SENT))
    unfound = town.hold()
    (late,), (due,) = town.due(), town.due("road")
    ahead = town.schedule(town.approved(), 2 * HOUR)[0]
    with town.write() as session:
        session.get_one(Delivery, late).due_at = now() - HOUR / 2
        waiting = session.get_one(Delivery, due)
        waiting.due_at, waiting.reason = now(), {"code": "store_away"}
        session.get_one(Delivery, ahead).due_at = now() + 2 * HOUR
    output = workspace.run_in_process("queue")
    assert output.code == 0, output.err
    deliveries, unsettled, messages = output.lines[:3]
    assert deliveries == "Deliveries: scheduled 3, due 2, late 1"
    assert (
        unsettled == "Not settled: claimed 0, sending 0, unconfirmed 0, held 1, missed 0, failed 0"
    )
    assert messages.startswith("Messages: queued ")
    first = output.lines.index("Next:") + 1
    assert [line.split("  ")[2] for line in output.lines[first : first + 3]] == [
        str(late),
        str(due),
        str(ahead),
    ]
    assert [line.endswith("  (store_away)") for line in output.lines[first : first + 3]] == [
        False,
        True,
        False,
    ]
    assert f"  {unfound}  held  publish  x " in output.lines[-1]


def test_an_empty_queue_has_three_lines(workspace: Workspace) -> None:
    assert len(workspace.run_in_process("queue").lines) == 3


def test_a_command_stops_and_releases_as_the_page_does(workspace: Workspace, town: City) -> None:
    (delivery,) = town.due()
    output = workspace.run_in_process("stop-all", "--reason", WHY)
    assert output.code == 0, output.err
    assert town.tick_dispatch() == 0
    told = ["admin", "clerk", "first", "head", "lead", "other_clerk", "second"]
    assert town.notified("stopped") == told
    assert WHY in workspace.run_in_process("queue").lines[0]
    assert origins(town, "stop_all") == [("stop-all", getpass.getuser())]
    output = workspace.run_in_process("release", "--reason", GONE)
    assert output.code == 0, output.err
    assert WHY in output.out
    assert origins(town, "release") == [("release", getpass.getuser())]
    assert set(town.notified("released")) >= {"admin", "clerk", "lead", "other_clerk"}
    assert town.tick_dispatch() == 1
    assert town.delivery(delivery).fence == 1


def test_a_second_stop_for_the_same_reason_is_the_first(workspace: Workspace, town: City) -> None:
    for _ in range(2):
        assert workspace.run_in_process("stop-all", "--reason", WHY).code == 0
    assert len(origins(town, "stop_all")) == 1


@pytest.mark.parametrize("command", ["stop-all", "release"])
def test_a_reason_is_required(workspace: Workspace, command: str) -> None:
    if command == "release":
        workspace.run_in_process("stop-all", "--reason", WHY)
    output = workspace.run_in_process(command, "--reason", " ")
    assert (output.code, "--reason" in output.err) == (1, True)
    assert workspace.run_in_process(command).code == 2


def test_without_a_stop_there_is_nothing_to_release(workspace: Workspace) -> None:
    output = workspace.run_in_process("release", "--reason", GONE)
    assert (output.code, "Nothing is stopped" in output.err) == (1, True)


def test_posts_in_doubt_after_a_restore_are_released_by_their_number_alone(
    workspace: Workspace, town: City
) -> None:
    town.schedule(town.approved(), 5 * HOUR)
    with town.write() as session:
        at = town.now
        restore.stop_everything(session, now=at, reason="पुनर्स्थापित", backup_at=at - HOUR)
    output = workspace.run_in_process("release", "--reason", GONE)
    assert (output.code, "not looked up yet: 1" in output.err) == (1, True)
    output = workspace.run_in_process("release", "--reason", GONE, "--accept-in-doubt", "1")
    assert output.code == 0, output.err
