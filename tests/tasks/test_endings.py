"""Who sees to departments and lists of transfers whose day has come, as rows."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from publisher.models.departments import DepartmentChange
from publisher.models.tasks import Task
from publisher.operations.departments.close import tick_departments
from publisher.people import department_changes
from publisher.tasks.tick import tick_tasks
from publisher.transfers import lists
from publisher.transfers.carry_out import tick_transfers
from publisher.transfers.typed_rows import TypedRow
from publisher.working_time import day_bounds, local_day
from tests.operations.test_departments import close, merge
from tests.support.city import City
from tests.support.city_people import DAY, MINUTE
from tests.tasks.open_tasks import open_tasks
from tests.transfers.test_lists import cancel, confirm, prepare

TO_HEALTH = TypedRow("मेधा सातपुते", "water", "health", "", "1")


def look(town: City) -> None:
    tick_tasks(town.database, now=town.clock)


def until_day(town: City, day: date) -> None:
    """Wait until a minute before the day, look, and then until it begins."""
    town.clock.move(day_bounds(day)[0] - MINUTE - town.now)
    look(town)


def only_id(town: City) -> int:
    with town.read() as session:
        return session.scalars(select(DepartmentChange.id)).one()


def rows(kind: str, subject_id: int) -> list[tuple[str, int, str]]:
    return [(kind, subject_id, "admin"), (kind, subject_id, "lead")]


def test_a_merger_waits_for_leads_and_admins_from_its_day_on(town: City) -> None:
    merge(town, "garden", "road", after=2 * DAY)
    change_id, day = only_id(town), local_day(town.now + 2 * DAY)
    until_day(town, day)
    assert open_tasks(town, "department_changes") == []
    town.clock.move(MINUTE)
    look(town)
    assert open_tasks(town, "department_changes") == rows("merger_due", change_id)
    with town.read() as session:
        (task, _other) = session.scalars(select(Task)).all()
        change = session.get_one(DepartmentChange, change_id)
        assert (task.since_at, task.due_at) == (change.recorded_at, day_bounds(day)[0])
        assert (task.due_kind, task.department_id) == ("in_force", change.department_id)
    tick_departments(town.database, now=town.clock)
    assert open_tasks(town, "department_changes") == []


def test_a_closing_that_is_hindered_waits_until_it_is_dropped(town: City) -> None:
    close(town, "garden", after=DAY)
    change_id = only_id(town)
    town.hand_in(department="garden")
    town.clock.move(DAY)
    look(town)
    assert tick_departments(town.database, now=town.clock) == 0
    assert open_tasks(town, "department_changes") == rows("closing_due", change_id)
    with town.write() as session:
        change = session.get_one(DepartmentChange, change_id)
        admin = town.actor("admin")
        department_changes.cancel_change(session, actor=admin, change=change, now=town.now)
    assert open_tasks(town, "department_changes") == []


def test_what_is_done_or_dropped_before_its_day_is_nobodys_task(town: City) -> None:
    close(town, "garden")
    assert open_tasks(town, "department_changes") == []
    merge(town, "health", "road", after=DAY)
    with town.write() as session:
        query = select(DepartmentChange).where(DepartmentChange.done_at.is_(None))
        change, lead = session.scalars(query).one(), town.actor("lead")
        department_changes.cancel_change(session, actor=lead, change=change, now=town.now)
    town.clock.move(DAY)
    look(town)
    assert open_tasks(town, "department_changes") == []


def test_a_list_that_nobody_confirmed_waits_until_it_is_dropped(town: City) -> None:
    day = local_day(town.now + 2 * DAY)
    list_id = prepare(town, TO_HEALTH, day=day)
    until_day(town, day)
    assert open_tasks(town, "transfer_lists") == []
    town.clock.move(MINUTE)
    look(town)
    assert open_tasks(town, "transfer_lists") == rows("transfers_unconfirmed", list_id)
    with town.read() as session:
        (task, _other) = session.scalars(select(Task)).all()
        transfer_list = lists.existing_list(session, list_id)
        assert (task.since_at, task.due_at) == (transfer_list.prepared_at, day_bounds(day)[0])
    cancel(town, list_id)
    assert open_tasks(town, "transfer_lists") == []


def test_a_list_for_today_waits_at_once_until_it_is_confirmed(town: City) -> None:
    list_id = prepare(town, TO_HEALTH, day=local_day(town.now))
    assert open_tasks(town, "transfer_lists") == rows("transfers_unconfirmed", list_id)
    confirm(town, list_id)
    assert open_tasks(town, "transfer_lists") == []


def test_a_confirmed_list_waits_while_it_is_hindered(town: City) -> None:
    list_id = prepare(town, TO_HEALTH, day=local_day(town.now + DAY))
    confirm(town, list_id)
    town.clock.move(DAY)
    look(town)
    assert open_tasks(town, "transfer_lists") == []
    town.appoint("third", town.roles["first"][0], "health")
    assert tick_transfers(town.database, now=town.clock) == 0
    assert open_tasks(town, "transfer_lists") == rows("transfers_hindered", list_id)
    town.end("third")
    assert tick_transfers(town.database, now=town.clock) == 1
    assert open_tasks(town, "transfer_lists") == []
