"""A confirmed appointment is told what only informs, gets no work, and a recorded one neither."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from approvals.policy import Role
from publisher.inbox import routing
from publisher.models.comments import Comment
from publisher.models.people import Department
from publisher.models.posts import Post
from publisher.people import confirmation
from publisher.review import department_approvers
from publisher.scheduling import schedule
from publisher.states import AppointmentState
from tests.support import city_controls
from tests.support.city import City
from tests.support.city_people import appoint
from tests.support.passwords import set_password

STATES = ["recorded", "confirmed", "active"]


def newcomer(town: City, role: Role, state: str) -> None:
    """Appoint the `second` officer, or the `head`, of the water supply anew, in this state."""
    name = "head" if role is Role.HEAD else "second"
    town.end(name)
    with town.write() as session:
        water = session.get_one(Department, town.departments["water"])
        row = appoint(session, water, role, name="चारुता", actor=town.actor("lead"), now=town.now)
        session.flush()
        town.people[name], town.appointments[name] = row.person_id, row.id
        if state != "recorded":
            digests = {row.id: confirmation.confirmation_digest(row)}
            confirmation.confirm(session, actor=town.actor("admin"), now=town.now, digests=digests)
        if state == "active":
            set_password(session, row.person, "dongar-mathyavar-dhag", now=town.now)
        assert row.state is AppointmentState(state)


def is_told_of_a_freeze(town: City, name: str) -> bool:
    town.schedule(town.approved())
    city_controls.add_freeze(town, department="water", ahead=0, days=3, on="x")
    return name in town.notified("frozen")


def is_told_of_a_stop(town: City, name: str) -> bool:
    town.schedule(town.approved())
    city_controls.stop_all(town)
    return name in town.notified("stopped")


def gets_the_receipt_of_a_submission(town: City, name: str) -> bool:
    for other in {"first", "second", "head"} - {name}:
        town.end(other)
    town.hand_in(by="clerk")
    return name in town.notified("acknowledgement")


def is_asked_to_approve(town: City, name: str) -> bool:
    for other in {"first", "second", "head"} - {name}:
        town.end(other)
    town.send(town.draft(town.hand_in()))
    return name in town.notified("review_asked")


def may_approve(town: City, name: str) -> bool:
    for other in {"first", "second", "head"} - {name}:
        town.end(other)
    post_id = town.draft(town.hand_in())
    with town.write() as session:
        revision = schedule.newest_revision(session.get_one(Post, post_id))
        water = town.departments["water"]
        approvers = department_approvers.find_approvers(session, revision, water, now=town.now)
        ids = [candidate.appointment_id for candidate in approvers.everybody]
    return town.appointments[name] in ids


def gets_comments(town: City, name: str) -> bool:
    for other in {"first", "second", "head"} - {name}:
        town.end(other)
    comment_id = town.comment("पाणी कधी येणार?")
    town.assign(comment_id, "water")
    with town.read() as session:
        routed = routing.current(session.get_one(Comment, comment_id))
        return routed.appointment_id == town.appointments[name]


Gets = Callable[[City, str], bool]
INFORMS: dict[str, Gets] = {
    "freeze": is_told_of_a_freeze,
    "stop": is_told_of_a_stop,
    "receipt": gets_the_receipt_of_a_submission,
}
WORKS: dict[str, Gets] = {
    "asked": is_asked_to_approve,
    "approves": may_approve,
    "comments": gets_comments,
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("role", [Role.OFFICER, Role.HEAD])
@pytest.mark.parametrize("what", INFORMS)
def test_what_only_informs_reaches_who_is_confirmed(
    town: City, what: str, role: Role, state: str
) -> None:
    newcomer(town, role, state)
    name = "head" if role is Role.HEAD else "second"
    assert INFORMS[what](town, name) is (state != "recorded")


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("role", [Role.OFFICER, Role.HEAD])
@pytest.mark.parametrize("what", WORKS)
def test_work_reaches_only_who_is_active(town: City, what: str, role: Role, state: str) -> None:
    newcomer(town, role, state)
    name = "head" if role is Role.HEAD else "second"
    assert WORKS[what](town, name) is (state == "active")
