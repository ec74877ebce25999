"""Who gave an approver another address does not have their own texts approved there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from approvals.errors import RestsOnWriter
from approvals.policy import Actor
from publisher.models.people import Appointment, ContactChange, Person
from publisher.models.posts import Post
from publisher.operations.retention import SPENT, tick_retention
from publisher.people import channel_writers, contact_corrections
from publisher.people.contact_corrections import WAIT, WAIT_OF_TWO, tick_contacts
from publisher.people.permissions import COMMAND
from publisher.reports import todo
from publisher.review import department_approvers
from publisher.states import DeliveryState
from publisher.tasks.specs import TaskKind
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, MINUTE
from tests.support.passwords import with_password

pytestmark = pytest.mark.twin  # the gate's query, and the lists' condition, are SQL
MOBILE = "+915550001111"


def ask(town: City, *, by: str | Actor = "lead", mobile: str = MOBILE) -> int:
    """Let staff give the first officer of Water, who has signed in, another mobile."""
    actor = town.actor(by) if isinstance(by, str) else by
    with town.write() as session:
        person = session.get_one(Person, town.people["first"])
        if person.password_hash is None:
            with_password(session, person)
        (change,) = contact_corrections.correct(
            session, actor=actor, person=person, mail=person.mail, mobile=mobile, now=town.now
        )
        return change.id


def come_in_force(town: City, after: timedelta = WAIT) -> None:
    town.clock.move(after)
    assert tick_contacts(town.database, now=town.now) == 1


def written_by(town: City, name: str) -> int:
    """Send a post of Water for review that this person of the cell wrote."""
    post_id = town.draft(town.hand_in(), on=["x"])
    town.save(post_id, by=name, on=["x"])
    town.send(post_id)
    return post_id


def refuse(town: City, post_id: int) -> None:
    with pytest.raises(RestsOnWriter):
        town.approve(post_id, by="first")


def test_who_asked_for_the_new_mobile_is_no_writer_for_its_officer(town: City) -> None:
    ask(town)
    town.approve(written_by(town, "lead"), by="first")  # not in force yet: the old one counts
    come_in_force(town)
    refuse(town, written_by(town, "lead"))
    town.approve(written_by(town, "clerk"), by="first")
    town.approve(written_by(town, "lead"), by="second")


def test_so_is_the_second_one_who_agreed_to_it(town: City) -> None:
    change_id = ask(town, by="admin")
    with town.write() as session:
        person = session.get_one(Person, town.people["first"])
        contact_corrections.second(
            session, actor=town.actor("lead"), person=person, change_id=change_id, now=town.now
        )
    come_in_force(town, WAIT_OF_TWO)
    refuse(town, written_by(town, "lead"))


def test_what_its_owner_accepted_or_a_command_gave_binds_nobody(town: City) -> None:
    change_id = ask(town)
    with town.write() as session:
        actor = town.actor("first", fresh=True)
        contact_corrections.accept(session, actor=actor, change_id=change_id, now=town.now)
    town.approve(written_by(town, "lead"), by="first")
    ask(town, by=COMMAND, mobile="+915550002222")
    come_in_force(town)
    town.approve(written_by(town, "lead"), by="first")


def test_it_ends_when_somebody_confirms_the_appointment_again(town: City) -> None:
    ask(town)
    come_in_force(town)
    post_id = written_by(town, "lead")
    refuse(town, post_id)
    town.clock.move(MINUTE)
    with town.write() as session:
        row = session.get_one(Appointment, town.appointments["first"])
        row.confirmed_by_id, row.confirmed_at = town.people["head"], town.now
    town.approve(post_id, by="first")


def test_another_change_by_who_has_the_mobile_now_frees_nobody(town: City) -> None:
    ask(town)
    come_in_force(town)
    with town.write() as session:
        session.get_one(Person, town.people["first"]).mobile = "+915550003333"
    refuse(town, written_by(town, "lead"))


def test_delivery_counts_no_approval_that_was_given_past_it(town: City) -> None:
    """As if the check on deciding had a hole: the gate judges again before sending."""
    ask(town)
    post_id = written_by(town, "lead")
    town.approve(post_id, by="first")
    (delivery_id,) = town.schedule(post_id, HOUR)
    with town.write() as session:
        change = session.scalars(select(ContactChange)).one()
        change.in_force_at = change.ended_at = town.now - MINUTE
    town.tick_dispatch(2 * HOUR)
    assert town.delivery(delivery_id).state is DeliveryState.FAILED


def test_what_was_approved_before_still_leaves(town: City) -> None:
    post_id = written_by(town, "lead")
    town.approve(post_id, by="first")
    (delivery_id,) = town.schedule(post_id, 4 * DAY)
    ask(town)
    come_in_force(town)
    town.tick_dispatch(DAY + HOUR)
    assert town.delivery(delivery_id).state is DeliveryState.PUBLISHED


def test_pages_and_lists_ask_only_who_may_approve(town: City) -> None:
    ask(town)
    come_in_force(town)
    post_id = written_by(town, "lead")
    with town.read() as session:
        revision = session.get_one(Post, post_id).revisions[-1]
        approvers = department_approvers.find_approvers(
            session, revision, revision.post.department_id, now=town.now
        )
        assert {row.person_id for row in approvers.everybody} == {town.people["second"]}
        for name, number in (("first", 0), ("second", 1)):
            rows = todo.list_waiting(session, actor=town.actor(name), now=town.now)
            assert [row.kind for row in rows] == [TaskKind.TO_APPROVE] * number


def test_it_is_kept_when_the_address_is_forgotten(town: City) -> None:
    ask(town)
    come_in_force(town)
    town.clock.move(SPENT + DAY)
    tick_retention(town.database, town.store, now=town.now)
    with town.read() as session:
        assert session.scalars(select(ContactChange.value)).all() == [""]
        writer_ids = channel_writers.writer_ids(
            session.get_one(Appointment, town.appointments["first"])
        )
        assert writer_ids == {town.people["lead"]}
    refuse(town, written_by(town, "lead"))
