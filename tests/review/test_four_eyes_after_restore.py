"""Nobody approves their own words after somebody else restored them."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from approvals import gate
from approvals.errors import FourEyesRequired
from approvals.policy import Actor, Role
from approvals.states import PostState
from publisher.drafting import save
from publisher.models.posts import Decision, DecisionKind, Post, Revision
from publisher.review import decide, gate_adapter
from publisher.scheduling import schedule
from tests.support import post_steps
from tests.support.city_people import NOON, CityPeople, add_appointment

pytestmark = pytest.mark.twin


def officer_at_cell(session: Session, city: CityPeople, officer: Actor) -> Actor:
    """Give the officer a second appointment."""
    it = city.departments["information-technology"]
    return add_appointment(session, Role.CELL, it, person_id=officer.person_id)


def restore(session: Session, post_id: int, number: int, *, by: Actor) -> Revision:
    newest = session.get_one(Post, post_id).newest
    restored = save.restore(
        session, actor=by, now=NOON, post_id=post_id, seen_revision=newest, number=number, note=""
    )
    session.expire_all()
    return restored


@pytest.fixture
def post_id(session: Session, city: CityPeople) -> int:
    """The first revision is the officer's, written at the cell; the second is a clerk's."""
    post_id = post_steps.started(session, city)
    post_steps.save(session, city, post_id, by=officer_at_cell(session, city, city.actor("first")))
    post_steps.save(session, city, post_id, text="दुसरा मजकूर")
    return post_id


def test_who_wrote_the_words_that_were_brought_back_does_not_approve_them(
    session: Session, city: CityPeople, post_id: int
) -> None:
    restored = restore(session, post_id, 1, by=city.actor("clerk"))
    assert restored.author_id == city.actor("clerk").person_id
    post_steps.send(session, city, post_id)
    assert post_steps.notified(session, "review_asked") == [city.actor("second").person_id]
    with pytest.raises(FourEyesRequired):
        post_steps.approve(session, post_id, by=city.actor("first"))
    post_steps.approve(session, post_id, by=city.actor("second"))
    assert session.get_one(Post, post_id).state is PostState.APPROVED


def test_who_brings_words_of_others_back_does_not_approve_them_either(
    session: Session, city: CityPeople, post_id: int
) -> None:
    restore(session, post_id, 2, by=officer_at_cell(session, city, city.actor("second")))
    post_steps.send(session, city, post_id)
    with pytest.raises(FourEyesRequired):
        post_steps.approve(session, post_id, by=city.actor("second"))
    post_steps.approve(session, post_id, by=city.actor("first"))
    assert session.get_one(Post, post_id).state is PostState.APPROVED


def test_what_was_brought_back_twice_binds_all_on_the_way(
    session: Session, city: CityPeople, post_id: int
) -> None:
    """The first officer wrote it, the second restored it, and a clerk restored it again."""
    restore(session, post_id, 1, by=officer_at_cell(session, city, city.actor("second")))
    post_steps.save(session, city, post_id, text="चौथा मजकूर")
    last = restore(session, post_id, 3, by=city.actor("clerk"))
    people = {
        actor.person_id
        for actor in (city.actor("first"), city.actor("second"), city.actor("clerk"))
    }
    assert gate_adapter.authors_to_exclude(last) == people
    post_steps.send(session, city, post_id)
    for officer in (city.actor("first"), city.actor("second")):
        with pytest.raises(FourEyesRequired):
            post_steps.approve(session, post_id, by=officer)
    assert post_steps.notified(session, "review_asked") == [city.actor("head").person_id]
    post_steps.approve(session, post_id, by=city.actor("head"))
    assert session.get_one(Post, post_id).state is PostState.APPROVED


def test_what_somebody_else_writes_anew_binds_that_one_alone(
    session: Session, city: CityPeople, post_id: int
) -> None:
    restore(session, post_id, 1, by=city.actor("clerk"))
    newest = post_steps.save(session, city, post_id, text="नवा मजकूर")
    assert gate_adapter.authors_to_exclude(newest) == {city.actor("clerk").person_id}


def test_the_gate_ignores_a_stored_approval_of_ones_own_text(
    session: Session, city: CityPeople, post_id: int
) -> None:
    restore(session, post_id, 1, by=city.actor("clerk"))
    post_steps.send(session, city, post_id)
    revision = schedule.newest_revision(session.get_one(Post, post_id))
    session.add(
        Decision(
            revision=revision,
            department_id=city.departments["water"],
            kind=DecisionKind.APPROVED,
            person_id=city.actor("first").person_id or 0,
            appointment_id=city.actor("first").appointment_id or 0,
            at=NOON,
            digest=revision.digest,
        )
    )
    revision.post.state = PostState.APPROVED
    session.flush()
    verdict = gate.judge(gate_adapter.load_case(session, revision.id, now=NOON), now=NOON)
    assert verdict.refusal is gate.Refusal.APPROVAL_MISSING


def test_a_revision_brought_back_is_returned_by_its_author_as_any_other(
    session: Session, city: CityPeople, post_id: int
) -> None:
    """Four eyes forbid approving, and nothing else."""
    restore(session, post_id, 1, by=city.actor("clerk"))
    post_steps.send(session, city, post_id)
    decide.return_post(
        session,
        actor=city.actor("first"),
        now=NOON,
        post_id=post_id,
        seen_revision=3,
        reason="जुना मजकूर आहे.",
    )
    assert session.get_one(Post, post_id).state is PostState.DRAFT
