"""The tasks of each person after an officer's words were restored by somebody else."""

from __future__ import annotations

import pytest

from approvals.policy import Role
from publisher.drafting import save
from publisher.models.people import Appointment
from publisher.models.posts import Post
from publisher.reports.next_step import NextKind
from publisher.reports.timeline import post_timeline
from publisher.reports.todo import list_waiting
from publisher.tasks.specs import TaskKind
from tests.support.city import City

pytestmark = pytest.mark.twin


def officer_at_cell(town: City, officer: str) -> str:
    """Give the officer a second appointment at the cell, and return its name."""
    name = f"{officer}_at_the_cell"
    town.appoint(name, Role.CELL, "information-technology")
    with town.write() as session:
        appointment = session.get_one(Appointment, town.appointments[name])
        appointment.person_id = town.people[name] = town.people[officer]
    return name


def restore_revision(town: City, post_id: int, number: int, *, by: str) -> None:
    newest = town.newest(post_id)
    with town.write() as session:
        save.restore(
            session,
            actor=town.actor(by),
            now=town.now,
            post_id=post_id,
            seen_revision=newest,
            number=number,
            note="",
        )


def restored(town: City, *officers: str) -> int:
    """Send a post for review whose first revision, by an officer, was restored repeatedly."""
    first, *others = [officer_at_cell(town, officer) for officer in officers]
    post_id = town.start(town.hand_in())
    town.save(post_id, on=["x"], by=first)
    town.save(post_id, on=["x"], text="दुसरा मजकूर")
    for number, name in zip((1, 3), [*others, "clerk"], strict=False):
        restore_revision(town, post_id, number, by=name)
    town.send(post_id)
    return post_id


def is_asked_to_approve(town: City, name: str) -> int:
    """Return how many posts wait for this person's approval."""
    with town.read() as session:
        waiting = list_waiting(session, actor=town.actor(name), now=town.now)
    return sum(todo.kind is TaskKind.TO_APPROVE for todo in waiting)


def blocked(town: City) -> int:
    """Return how many posts the lead sees as blocked."""
    with town.read() as session:
        waiting = list_waiting(session, actor=town.actor("lead"), now=town.now)
    return sum(todo.kind is TaskKind.BLOCKED for todo in waiting)


def test_a_restored_text_waits_for_the_officer_who_did_not_write_it(town: City) -> None:
    post_id = restored(town, "first")
    assert [is_asked_to_approve(town, name) for name in ("first", "second", "head")] == [0, 1, 0]
    with town.read() as session:
        following = post_timeline(session, post=session.get_one(Post, post_id), now=town.now).next
    assert following is not None
    assert [holder.person_id for holder in following.holders] == [town.people["second"]]
    town.approve(post_id, by="second")


def test_the_head_decides_if_two_restores_exclude_both_officers(town: City) -> None:
    restored(town, "first", "second")
    assert [is_asked_to_approve(town, name) for name in ("first", "second", "head")] == [0, 0, 1]
    assert blocked(town) == 0


def test_where_the_head_is_gone_as_well_it_is_shown_as_blocked(town: City) -> None:
    post_id = restored(town, "first", "second")
    town.end("head")
    assert [is_asked_to_approve(town, name) for name in ("first", "second")] == [0, 0]
    assert blocked(town) == 1
    with town.read() as session:
        following = post_timeline(session, post=session.get_one(Post, post_id), now=town.now).next
    assert following is not None
    assert following.kind is NextKind.NAME_SOMEBODY


@pytest.mark.parametrize("who", ["first", "second"])
def test_a_post_that_was_never_brought_back_waits_for_both_officers(town: City, who: str) -> None:
    town.in_review()
    assert is_asked_to_approve(town, who) == 1
