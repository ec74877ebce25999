"""Departments can be closed only without open work, and are merged with all their rows."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, text
from sqlalchemy.exc import OperationalError

from approvals.errors import WrongRole
from approvals.policy import Role
from approvals.states import PostState
from publisher import transitions
from publisher.database.session import Database
from publisher.drafting import save
from publisher.emergency import template_editing
from publisher.models.comments import Comment
from publisher.models.departments import DepartmentChange
from publisher.models.notifications import Notice
from publisher.models.people import Appointment, Department
from publisher.models.posts import Post
from publisher.models.submissions import Submission
from publisher.operations.departments import close as departments_close
from publisher.operations.departments.close import StillOpen
from publisher.operations.departments.open_items import OpenKind
from publisher.people import department_changes, department_orders, shared_addresses
from publisher.people.department_orders import BadDepartment, DepartmentOrder
from publisher.people.departments import is_in_force
from publisher.reports.timeline import post_timeline
from publisher.reports.timeline_steps import StepKind
from publisher.reports.todo import list_waiting
from publisher.scheduling import schedule
from publisher.states import CommentState
from publisher.tasks.specs import TaskKind
from publisher.validation import Invalid
from publisher.working_time import local_day
from tests.support import emergency_steps
from tests.support.city import City
from tests.support.city import city as found_city
from tests.support.city_people import APPROVERS, DAY


@pytest.fixture
def town(on_sqlite: Database, tmp_path: Path) -> City:
    """Build the city on SQLite alone; one test below uses both databases."""
    return found_city(on_sqlite, tmp_path)


def order(town: City, after: timedelta = timedelta(0)) -> DepartmentOrder:
    return DepartmentOrder("आ-४५/२०२६", local_day(town.now + after))


def close(town: City, code: str, *, by: str = "admin", after: timedelta = timedelta(0)) -> None:
    with town.write() as session:
        departments_close.close(
            session,
            actor=town.actor(by),
            now=town.now,
            department=session.get_one(Department, town.departments[code]),
            order=order(town, after),
        )


def merge(
    town: City, code: str, into: str, *, by: str = "admin", after: timedelta = timedelta(0)
) -> None:
    with town.write() as session:
        departments_close.merge(
            session,
            actor=town.actor(by),
            now=town.now,
            department=session.get_one(Department, town.departments[code]),
            into=session.get_one(Department, town.departments[into]),
            order=order(town, after),
        )


def department(town: City, code: str) -> Department:
    with town.read() as session:
        return session.get_one(Department, town.departments[code])


def in_force(town: City, code: str) -> bool:
    return is_in_force(department(town, code), now=town.now)


def holders(town: City, code: str) -> list[tuple[str, int | None]]:
    """Return role and rank of each current appointment in a department."""
    query = select(Appointment).where(Appointment.department_id == town.departments[code])
    with town.read() as session:
        appointments = [
            appointment for appointment in session.scalars(query) if appointment.in_force(town.now)
        ]
        return sorted((appointment.role.value, appointment.rank) for appointment in appointments)


def open_work(refused: StillOpen) -> list[tuple[OpenKind, int]]:
    return [(todo.kind, todo.id) for todo in refused.open_items]


def test_a_department_with_nothing_open_closes_and_its_people_go_with_it(town: City) -> None:
    close(town, "garden")
    assert not in_force(town, "garden")
    assert holders(town, "garden") == []
    verbs = town.verbs("departments", town.departments["garden"])
    assert verbs == ["record_department_change", "close_department"]
    with pytest.raises(BadDepartment):
        close(town, "garden")


def test_closing_is_refused_while_work_is_open_and_says_what(town: City) -> None:
    received = town.hand_in(department="road")
    draft = town.draft(town.hand_in(department="road"))
    reviewed = town.in_review("road")
    unscheduled = town.approved("road")
    scheduled = town.approved("road")
    town.schedule(scheduled)
    (live,) = town.live("road")
    comment = town.comment(under=live)
    with town.write() as session:
        under = session.get_one(Department, town.departments["garden"])
        under.reports_to_id = town.departments["road"]
    with pytest.raises(StillOpen) as refused:
        close(town, "road")
    assert open_work(refused.value) == [
        (OpenKind.SUBMISSION, received),
        (OpenKind.POST, draft),
        (OpenKind.POST, reviewed),
        (OpenKind.POST, unscheduled),
        (OpenKind.POST, scheduled),
        (OpenKind.COMMENT, comment),
        (OpenKind.DEPARTMENT, town.departments["garden"]),
    ]
    assert in_force(town, "road")


def test_published_and_abandoned_posts_do_not_keep_a_department_open(town: City) -> None:
    town.live("road")
    town.reject(town.in_review("road"), by="road_officer")
    close(town, "road")
    assert not in_force(town, "road")


def test_the_cells_own_department_does_not_close(town: City) -> None:
    with pytest.raises(StillOpen) as refused:
        close(town, "information-technology")
    kinds = {todo.kind for todo in refused.value.open_items}
    assert kinds == {OpenKind.APPOINTMENT, OpenKind.ACCOUNT}


@pytest.mark.twin
def test_people_and_open_work_go_to_the_other_department(
    database: Database, tmp_path: Path
) -> None:
    town = found_city(database, tmp_path)
    item = town.hand_in(department="road")
    draft = town.draft(town.hand_in(department="road"))
    (live,) = town.live("road")
    comment = town.comment(under=live)
    merge(town, "road", "garden")
    assert not in_force(town, "road")
    assert holders(town, "road") == []
    assert holders(town, "garden") == [("member", None), ("member", None), ("officer", 1)]
    garden = town.departments["garden"]
    with town.read() as session:
        assert session.get_one(Submission, item).department_id == garden
        post = session.get_one(Post, draft)
        assert post.department_id == garden
        assert [department.department_id for department in post.revisions[-1].departments] == [
            garden
        ]
        moved = session.get_one(Comment, comment)
        assert (moved.department_id, moved.state) == (garden, CommentState.ROUTED)
        holder = moved.routings[-1].appointment
        assert holder is not None
        assert (holder.person_id, holder.order_number) == (
            town.people["road_officer"],
            "आ-४५/२०२६",
        )
    assert town.verbs("posts", draft)[-1] == "merge_department"


def test_the_holder_of_a_moved_comment_is_told_the_new_department(town: City) -> None:
    (live,) = town.live("road")
    town.comment(under=live)
    with town.write() as session:
        session.execute(delete(Notice))
    merge(town, "road", "garden")
    assert town.notified("comment_routed") == ["road_officer"]
    with town.read() as session:
        notice = session.scalars(select(Notice).where(Notice.kind == "comment_routed")).one()
        garden = session.get_one(Department, town.departments["garden"])
        assert notice.person_id == town.people["road_officer"]
        assert garden.name_mr in notice.body


def test_later_comments_under_its_posts_reach_the_other_department(town: City) -> None:
    (live,) = town.live("road")
    merge(town, "road", "garden")
    comment = town.comment(under=live)
    with town.read() as session:
        assert session.get_one(Comment, comment).department_id == town.departments["garden"]


def test_a_moved_draft_goes_on_with_the_other_departments_officer(town: City) -> None:
    draft = town.draft(town.hand_in(department="road"))
    merge(town, "road", "garden")
    town.send(draft)
    assert town.notified("review_asked") == ["road_officer"]


def test_merging_is_refused_with_all_that_cannot_move(town: City) -> None:
    reviewed = town.in_review("road")
    approved = town.approved("road")
    town.appoint("road_head", Role.HEAD, "road")
    with pytest.raises(StillOpen) as refused:
        merge(town, "road", "water")
    assert open_work(refused.value) == [
        (OpenKind.POST, reviewed),
        (OpenKind.POST, approved),
        (OpenKind.NO_PLACE, town.people["road_officer"]),
        (OpenKind.NO_PLACE, town.people["road_head"]),
    ]
    assert holders(town, "road") == [("head", None), ("member", None), ("officer", 1)]


def test_a_joint_post_that_asks_the_department_is_settled_first(town: City) -> None:
    post = town.start(town.hand_in())
    town.save(post, on=["x"], asked_departments=["road"])
    town.send(post)
    with pytest.raises(StillOpen) as refused:
        merge(town, "road", "garden")
    assert open_work(refused.value) == [(OpenKind.POST, post)]


@pytest.mark.parametrize("act", ["close", "merge"])
def test_an_emergency_template_has_to_be_given_to_another_or_ended_first(
    town: City, act: str
) -> None:
    template = emergency_steps.add_template(town, "garden")

    def end_garden() -> None:
        if act == "close":
            close(town, "garden")
        else:
            merge(town, "garden", "road")

    with pytest.raises(StillOpen) as refused:
        end_garden()
    assert open_work(refused.value) == [(OpenKind.TEMPLATE, template)]
    with town.write() as session:
        template_editing.end(session, actor=town.actor("lead"), now=town.now, template_id=template)
    end_garden()
    assert not in_force(town, "garden")


def test_a_merging_for_a_day_to_come_takes_effect_by_the_tick(town: City) -> None:
    merge(town, "garden", "road", after=2 * DAY)
    assert in_force(town, "garden")
    tick = departments_close.tick_departments
    assert tick(town.database, now=town.clock) == 0
    town.clock.move(2 * DAY)
    assert tick(town.database, now=town.clock) == 1
    assert tick(town.database, now=town.clock) == 0
    assert not in_force(town, "garden")
    assert holders(town, "road") == [("member", None), ("member", None), ("officer", 1)]


def test_what_is_open_on_the_day_lets_the_change_wait_until_it_is_settled(town: City) -> None:
    close(town, "garden", after=DAY)
    item = town.hand_in(department="garden")
    town.clock.move(DAY)
    assert departments_close.tick_departments(town.database, now=town.clock) == 0
    assert in_force(town, "garden")
    with town.read() as session:
        change = session.scalars(select(DepartmentChange)).one()
        hindering = departments_close.hindering(
            session, change, actor=town.actor("admin"), now=town.now
        )
        assert [(obstacle.kind, obstacle.id) for obstacle in hindering] == [
            (OpenKind.SUBMISSION, item)
        ]
    with town.write() as session:
        session.get_one(Submission, item).department_id = town.departments["road"]
    assert departments_close.tick_departments(town.database, now=town.clock) == 1


def test_a_renaming_for_a_day_to_come_takes_effect_by_the_tick(town: City) -> None:
    with town.write() as session:
        department_changes.rename(
            session,
            actor=town.actor("lead"),
            now=town.now,
            department=session.get_one(Department, town.departments["road"]),
            names=department_orders.DepartmentNames("रस्ते विभाग", "Streets"),
            order=order(town, DAY),
        )
    town.clock.move(DAY)
    assert department(town, "road").name_en == "Roads"
    assert departments_close.tick_departments(town.database, now=town.clock) == 1
    assert department(town, "road").name_en == "Streets"


@pytest.mark.parametrize(("into", "code"), [("road", "itself"), ("gone", "unknown")])
def test_a_department_is_merged_into_another_one_in_force(town: City, into: str, code: str) -> None:
    if into == "gone":
        close(town, "garden")
        town.departments["gone"] = town.departments["garden"]
    with pytest.raises(BadDepartment) as refused:
        merge(town, "road", into)
    assert (refused.value.field, refused.value.code) == ("other_id", code)


@pytest.mark.parametrize("by", ["clerk", "head", "first", "member", "oversight", "auditor"])
def test_nobody_but_admin_and_lead_ends_a_department(town: City, by: str) -> None:
    with pytest.raises(WrongRole):
        close(town, "garden", by=by)
    with pytest.raises(WrongRole):
        merge(town, "garden", "road", by=by)


def test_nobody_ends_a_department_in_which_they_are_appointed(town: City) -> None:
    with town.write() as session:
        appointment = session.get_one(Appointment, town.appointments["garden_member"])
        appointment.person_id = town.people["lead"]
    with pytest.raises(StillOpen) as refused:
        close(town, "garden", by="lead")
    assert open_work(refused.value) == [(OpenKind.OWN_APPOINTMENT, town.people["lead"])]


def test_shared_addresses_go_with_a_merged_department(town: City) -> None:
    mail_text = "road@pmc.example"
    with town.write() as session:
        road = town.departments["road"]
        shared_addresses.add(
            session, actor=town.actor("lead"), department_id=road, mail_text=mail_text, now=town.now
        )
    merge(town, "road", "garden")
    garden = town.departments["garden"]
    with town.read() as session:
        addresses = shared_addresses.list_addresses(session, department_id=garden)
        assert [address.mail for address in addresses] == [mail_text]


def test_a_department_does_not_end_before_another_has_merged_into_it(town: City) -> None:
    merge(town, "garden", "road", after=2 * DAY)
    expected = [(OpenKind.DEPARTMENT, town.departments["garden"])]
    with pytest.raises(StillOpen) as closed:
        close(town, "road")
    assert open_work(closed.value) == expected
    with pytest.raises(StillOpen) as merged:
        merge(town, "road", "water", after=DAY)
    assert (OpenKind.DEPARTMENT, town.departments["garden"]) in open_work(merged.value)
    town.clock.move(2 * DAY)
    assert departments_close.tick_departments(town.database, now=town.clock) == 1
    assert in_force(town, "road")
    assert holders(town, "road") == [("member", None), ("member", None), ("officer", 1)]


def test_a_returned_draft_does_not_ask_a_merged_department(town: City) -> None:
    post = town.in_review("road")
    town.return_post(post, by="road_officer")
    merge(town, "road", "garden")
    with pytest.raises(Invalid) as refused:
        town.send(post)
    assert refused.value.codes == [("asked", "closed")]
    with pytest.raises(Invalid) as asked_anew:
        town.save(post, on=["x"], asked_departments=["road"])
    assert ("asked", "closed") in asked_anew.value.codes
    town.save(post, on=["x"])
    town.send(post)
    assert town.notified("review_asked") == ["road_officer", "road_officer"]


def test_a_returned_answer_does_not_ask_a_merged_department(town: City) -> None:
    (live,) = town.live("road")
    post = town.answer(town.comment(under=live), by="clerk")
    town.return_post(post, by="road_officer")
    merge(town, "road", "garden")
    with pytest.raises(Invalid) as refused:
        town.send(post)
    assert refused.value.codes == [("asked", "closed")]


def test_a_restored_revision_does_not_ask_a_department_that_has_ended(
    town: City,
) -> None:
    post = town.start(town.hand_in())
    town.save(post, on=["x"], asked_departments=["garden"])
    town.save(post, on=["x"])
    close(town, "garden")
    with town.write() as session:
        revision = save.restore(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            post_id=post,
            seen_revision=2,
            number=1,
            note="",
        )
        session.flush()
        by_department = {
            department.department_id: department.asked for department in revision.departments
        }
    assert by_department == {town.departments["water"]: True, town.departments["garden"]: False}


def add_cancelled_post(town: City, department: str, *, partner: str = "") -> int:
    """Return the id of an approved post whose deliveries are all cancelled."""
    post = town.start(town.hand_in(department=department))
    town.save(post, on=["x"], asked_departments=[partner] if partner else [])
    town.send(post)
    for department_code in (department, *([partner] if partner else [])):
        town.approve(post, by=APPROVERS[department_code])
    for delivery in town.schedule(post):
        with town.write() as session:
            schedule.cancel(session, actor=town.actor("clerk"), now=town.now, delivery_id=delivery)
    return post


@pytest.mark.parametrize(("owner", "asked_department"), [("road", ""), ("water", "road")])
def test_what_was_approved_in_its_name_and_has_not_left_is_a_draft_again(
    town: City, owner: str, asked_department: str
) -> None:
    """Otherwise it could be scheduled again, though the gate would never let it through."""
    post = add_cancelled_post(town, owner, partner=asked_department)
    merge(town, "road", "garden")
    with town.read() as session:
        assert session.get_one(Post, post).state is PostState.DRAFT
        timeline = post_timeline(session, post=session.get_one(Post, post), now=town.now)
        waiting = list_waiting(session, actor=town.actor("clerk"), now=town.now)
    assert timeline.steps[-1].kind is StepKind.PUT_BACK
    assert (TaskKind.DRAFT, post) in [(wait.kind, wait.subject_id) for wait in waiting]


def test_what_has_left_in_its_name_stays_as_it_is(town: City) -> None:
    (live,) = town.live("road")
    merge(town, "road", "garden")
    with town.read() as session:
        post = session.get_one(Post, town.delivery(live).post_id)
        assert (post.state, post.department_id) == (PostState.APPROVED, town.departments["garden"])


def end_with_short_timeout(town: City, end: str) -> None:
    """Close or merge the road department with a short lock timeout."""
    with town.write() as session:
        session.execute(text("SET LOCAL lock_timeout = '200ms'"))
        road = session.get_one(Department, town.departments["road"])
        admin, now, day = town.actor("admin"), town.now, order(town)
        if end == "close":
            departments_close.close(session, actor=admin, now=now, department=road, order=day)
        else:
            into = session.get_one(Department, town.departments["garden"])
            departments_close.merge(
                session, actor=admin, now=now, department=road, into=into, order=day
            )


@pytest.mark.postgres
@pytest.mark.parametrize("end", ["close", "merge"])
def test_a_post_that_somebody_is_about_to_schedule_is_waited_for(
    postgres_url: str, tmp_path: Path, end: str
) -> None:
    """Otherwise it would be checked before it is scheduled, and moved afterwards."""
    opened = Database(postgres_url)
    town = found_city(opened, tmp_path)
    post = add_cancelled_post(town, "road")
    with opened.transaction() as scheduling_now:
        transitions.lock(scheduling_now, Post, post)
        with pytest.raises(OperationalError, match="lock timeout"):
            end_with_short_timeout(town, end)
    opened.dispose()
