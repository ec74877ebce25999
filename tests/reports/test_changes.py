"""The query that every open page asks again and again reads the end of an index."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import Connection, event, text

from publisher.reports.live_mark import is_present
from publisher.reports.tab_counts import overview_of
from tests.support.city import City

pytestmark = pytest.mark.both

PAST = 20_000
SCANNED = re.compile(r"Seq Scan on (\w+)|^SCAN (\w+)", re.MULTILINE)
OWN_PLAN = "EXPLAIN", "EXPLAIN QUERY PLAN"


@pytest.mark.parametrize("name", ["clerk", "first", "oversight"])
def test_the_query_of_changes_reads_the_last_events_by_their_key(town: City, name: str) -> None:
    """However much has happened before, and whoever asks: all, a department, those in its line."""
    _add_past(town)
    plan = _plan(town, name)
    assert re.search(r"pk_events|USING INTEGER PRIMARY KEY \(rowid>\?\)", plan), plan
    # The rows that were read are counted; nothing that grows is read whole.
    read_whole = {table for row in SCANNED.findall(plan) for table in row if table}
    assert not read_whole & {"events", "posts", "deliveries", "comments", "tasks"}, plan


def _add_past(town: City) -> None:
    """Add events and settled tasks, as after years."""
    post_id = town.in_review()
    numbers = (
        f"WITH RECURSIVE series(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM series "
        f"WHERE number < {PAST}) "
    )
    columns = "at, subject, subject_id, verb, actor_kind, details"
    with town.write() as session:
        values = f"events.at, 'posts', {post_id}, 'save', 'clock', events.details"
        first = "(SELECT min(id) FROM events)"
        session.execute(
            text(
                f"{numbers} INSERT INTO events ({columns}) SELECT {values} FROM series, events "
                f"WHERE events.id = {first}"
            )
        )
        columns = "kind, subject, subject_id, department_id, queue, since_at, closed_at"
        values = "kind, subject, -number, department_id, 'cell', since_at, since_at"
        session.execute(
            text(
                f"{numbers} INSERT INTO tasks ({columns}, is_urgent, change_id) "
                f"SELECT {values}, is_urgent, -number FROM series, tasks "
                f"WHERE tasks.id = (SELECT min(id) FROM tasks)"
            )
        )
        session.execute(text("ANALYZE"))


def _plan(town: City, name: str) -> str:
    actor = town.actor(name)
    executed: list[tuple[str, object]] = []

    def note(
        _connection: Connection, _cursor: object, sql: str, values: object, *_: object
    ) -> None:
        executed.append((sql, values))

    with town.read() as session:
        mark = overview_of(session, actor=actor, now=town.now).mark
        event.listen(town.database.engine, "before_cursor_execute", note)
        assert is_present(session, mark, actor=actor, now=town.now)
        event.remove(town.database.engine, "before_cursor_execute", note)
        ((sql, values),) = executed
        if not town.database.is_sqlite:  # which would read a table of one row whole
            session.execute(text("SET LOCAL enable_seqscan = off"))
        explain = OWN_PLAN[town.database.is_sqlite]
        rows = session.connection().exec_driver_sql(f"{explain} {sql}", values)  # type: ignore[arg-type]  # as it was sent
        return "\n".join(str(row[-1]) for row in rows)
