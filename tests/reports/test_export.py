"""Long lists are exported in steps, with what the person may see, and kept for a day."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from publisher.database.session import Database
from publisher.models.people import Department
from publisher.models.saved_views import Export
from publisher.reports import saved_views
from publisher.reports.export import (
    MOST,
    get_export,
    list_exports,
    rows_of_part,
    start,
    tick_exports,
)
from publisher.reports.submission_filters import SubmissionFilter, SubmissionView
from publisher.validation import Invalid, NotFound
from tests.support.city import City, city
from tests.support.city_people import DAY, MINUTE

ALL = SubmissionFilter(SubmissionView.ALL)


@pytest.fixture
def town(on_sqlite: Database, tmp_path: Path) -> City:
    """Build a city with three submissions, one of them of the road department."""
    founded = city(on_sqlite, tmp_path)
    with founded.write() as session:
        for code in ("water", "road"):
            above = founded.departments["information-technology"]
            session.get_one(Department, founded.departments[code]).reports_to_id = above
    for department in ("water", "road", "water"):
        founded.hand_in(department=department)
        founded.clock.move(MINUTE)
    return founded


def _start(town: City, who: str, filters: SubmissionFilter = ALL) -> int:
    with town.write() as session:
        return start(session, actor=town.actor(who), now=town.now, filters=filters).id


def _tick(town: City) -> int:
    return tick_exports(town.database, now=town.now)


def _numbers(town: City, who: str, export_id: int) -> list[object]:
    with town.read() as session:
        export = get_export(session, actor=town.actor(who), now=town.now, export_id=export_id)
        parts = [rows_of_part(session, export_id, number) for number in range(export.parts)]
        return [row["number"] for rows in parts for row in rows]


def test_it_is_written_in_steps_that_leave_nothing_out(town: City) -> None:
    export_id = _start(town, "clerk")
    done = [tick_exports(town.database, now=town.now, step=2) for _ in range(3)]
    assert done == [2, 1, 0]
    newest_first = [f"PMC/2026/00000{number}" for number in (3, 2, 1)]
    assert _numbers(town, "clerk", export_id) == newest_first


@pytest.mark.parametrize(("who", "count"), [("member", 2), ("oversight", 3), ("road_member", 1)])
def test_it_holds_what_its_owner_sees(town: City, who: str, count: int) -> None:
    export_id = _start(town, who)
    assert _tick(town) == count
    assert len(_numbers(town, who, export_id)) == count


def test_nobody_else_gets_it(town: City) -> None:
    export_id = _start(town, "clerk")
    _tick(town)
    for who in ("other_clerk", "lead", "auditor"):
        with pytest.raises(NotFound):
            _numbers(town, who, export_id)


def test_after_a_day_it_is_gone(town: City) -> None:
    export_id = _start(town, "clerk")
    _tick(town)
    town.clock.move(DAY)
    with pytest.raises(NotFound):
        _numbers(town, "clerk", export_id)
    _tick(town)
    with town.read() as session:
        assert session.get(Export, export_id) is None


def test_it_stops_where_the_appointment_has_ended(town: City) -> None:
    export_id = _start(town, "clerk")
    town.end("clerk")
    town.clock.move(MINUTE)
    assert _tick(town) == 0
    with town.read() as session:
        export = session.get_one(Export, export_id)
        assert (export.failed_at, export.finished_at) == (town.now, None)


def test_the_oldest_makes_room_for_one_too_many(town: City) -> None:
    ids = [_start(town, "clerk") for _ in range(MOST + 1)]
    with town.read() as session:
        exports = list_exports(session, actor=town.actor("clerk"), now=town.now)
    assert [export.id for export in exports] == ids[:0:-1]


def _keep(town: City, who: str, name: str, query: str = "wished=soon") -> int:
    with town.write() as session:
        view = saved_views.keep_view(
            session,
            actor=town.actor(who),
            now=town.now,
            page="submissions",
            name=name,
            query=query,
        )
        return view.id


def test_a_view_is_kept_under_its_name_for_one_person(town: City) -> None:
    _keep(town, "clerk", "या आठवड्यात")
    again = _keep(town, "clerk", " या  आठवड्यात ", "wished=today")
    with town.read() as session:
        (view,) = saved_views.list_views(session, actor=town.actor("clerk"), page="submissions")
        others = saved_views.list_views(session, actor=town.actor("lead"), page="submissions")
    assert (view.id, view.query, others) == (again, "wished=today", [])
    with town.write() as session, pytest.raises(NotFound):
        saved_views.drop_view(session, actor=town.actor("lead"), view_id=again)
    with town.write() as session:
        saved_views.drop_view(session, actor=town.actor("clerk"), view_id=again)
    with town.read() as session:
        assert not saved_views.list_views(session, actor=town.actor("clerk"), page="submissions")


@pytest.mark.parametrize(
    ("name", "code"),
    [("", "required"), ("अ" * 81, "too_long"), ("नाव\u202e", "bidirectional_override")],
)
def test_a_view_without_a_good_name_is_refused(town: City, name: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        _keep(town, "clerk", name)
    assert ("name", code) in refused.value.codes


def test_only_so_many_views_are_kept(town: City) -> None:
    for number in range(saved_views.MOST):
        _keep(town, "clerk", f"निवड {number}")
    with pytest.raises(Invalid) as refused:
        _keep(town, "clerk", "आणखी एक")
    assert refused.value.codes == [("name", "too_many_views")]


def test_it_stops_where_a_department_has_left_the_line_of_oversight(town: City) -> None:
    export_id = _start(town, "oversight")
    with town.write() as session:
        session.get_one(Department, town.departments["road"]).reports_to_id = None
    assert _tick(town) == 0
    with town.read() as session:
        assert session.get_one(Export, export_id).failed_at == town.now


def test_it_is_not_fetched_where_a_department_has_left_the_line_since(town: City) -> None:
    export_id = _start(town, "oversight")
    assert _tick(town) == 3
    less = replace(town.actor("oversight"), line=frozenset({town.departments["water"]}))
    with town.read() as session, pytest.raises(NotFound):
        get_export(session, actor=less, now=town.now, export_id=export_id)
