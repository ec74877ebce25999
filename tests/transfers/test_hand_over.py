"""The open work of a person in office goes to another in one act."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from approvals.errors import WrongRole
from publisher.models.approvals import ReturnText
from publisher.models.comments import Comment
from publisher.models.history import Event
from publisher.models.notifications import Notice
from publisher.models.people import Appointment
from publisher.models.submissions import Submission
from publisher.reports.comment_detail import comment_page
from publisher.review import return_texts
from publisher.states import AppointmentState
from publisher.transfers import hand_over
from publisher.transfers.hand_over import CommentsLeft
from publisher.validation import Invalid, NotFound
from tests.support.city import City


def hand(town: City, source: str, target: str, *, by: str = "head") -> None:
    with town.write() as session:
        hand_over.hand_over(
            session,
            actor=town.actor(by),
            now=town.now,
            source_id=town.appointments[source],
            target_id=town.appointments[target],
        )


def holders(town: City, comment_id: int) -> list[int]:
    with town.read() as session:
        routings = session.get_one(Comment, comment_id).routings
        return [row.appointment.person_id for row in routings if row.appointment]


def test_an_officer_s_comments_texts_and_asked_approvals_go_to_the_other(town: City) -> None:
    comment_id = town.comment(under=town.live()[0])
    waiting = town.draft(town.hand_in("टाकी दुरुस्ती"))
    town.send(waiting)
    with town.write() as session:
        for text in ("वेळ लिहावी.", "ठिकाण लिहावे."):
            return_texts.save(session, actor=town.actor("first"), now=town.now, return_text=text)
        return_texts.save(
            session, actor=town.actor("second"), now=town.now, return_text="वेळ लिहावी."
        )
    hand(town, "first", "second")
    assert holders(town, comment_id) == [town.people["first"], town.people["second"]]
    with town.read() as session:
        query = select(ReturnText.words).where(ReturnText.person_id == town.people["second"])
        assert sorted(session.scalars(query)) == ["ठिकाण लिहावे.", "वेळ लिहावी."]
        is_act = (Event.subject == "appointments", Event.verb == "hand_over")
        event = session.scalars(select(Event).where(*is_act)).one()
        assert event.details["why"] == "handed_over"
        assert event.details["posts"] == [waiting]
        bodies = session.scalars(select(Notice.body).where(Notice.kind == "handed_over")).all()
    assert len(bodies) == 2
    assert all("टाकी दुरुस्ती" in body for body in bodies)
    assert town.notified("handed_over") == ["first", "second"]


def test_the_page_of_the_comment_still_names_who_had_it_before(town: City) -> None:
    comment_id = town.comment(under=town.live()[0])
    hand(town, "first", "second")
    with town.read() as session:
        page = comment_page(
            session, actor=town.actor("second"), comment_id=comment_id, now=town.now
        )
        names = [step.holder.name_mr for step in page.routing_steps if step.holder]
        assert names == ["मेधा सातपुते", "नितीन घोलप"]
        assert page.due_at == session.get_one(Comment, comment_id).due_at


def test_unfinished_submissions_of_a_clerk_go_and_done_ones_stay(town: City) -> None:
    town.draft(town.hand_in("टाकी दुरुस्ती"))
    town.live()
    hand(town, "clerk", "other_clerk", by="lead")
    with town.read() as session:
        rows = session.scalars(select(Submission))
        holders = {row.title: row.taken_by_id for row in rows}
    assert holders["टाकी दुरुस्ती"] == town.people["other_clerk"]
    assert set(holders.values()) == {town.people["clerk"], town.people["other_clerk"]}


def test_nothing_in_hand_is_handed_over_without_a_mail(town: City) -> None:
    hand(town, "first", "second")
    assert town.notified("handed_over") == []


def test_what_an_ended_officer_left_can_still_be_handed_over(town: City) -> None:
    comment_id = town.comment(under=town.live()[0])
    town.end("first")
    hand(town, "first", "second", by="clerk")
    assert holders(town, comment_id)[-1] == town.people["second"]


@pytest.mark.parametrize("by", ["member", "first", "auditor", "oversight"])
def test_only_the_head_the_cell_and_admins_hand_over(town: City, by: str) -> None:
    with pytest.raises(WrongRole):
        hand(town, "first", "second", by=by)


def test_another_department_s_work_is_not_found(town: City) -> None:
    with pytest.raises(NotFound):
        hand(town, "first", "second", by="health_head")


@pytest.mark.parametrize("target", ["first", "road_officer", "member", "clerk"])
def test_only_who_can_go_on_with_the_work_takes_it(town: City, target: str) -> None:
    with pytest.raises(Invalid) as caught:
        hand(town, "first", target)
    assert caught.value.codes == [("target_id", "hand_over_to_whom")]


def test_a_role_without_work_of_its_own_has_no_hand_over(town: City) -> None:
    with pytest.raises(NotFound):
        hand(town, "member", "first")


def test_the_last_officer_does_not_end_while_comments_are_open(town: City) -> None:
    comment_id = town.comment(under=town.live()[0])

    def end(name: str) -> None:
        with town.write() as session:
            hand_over.end_office(
                session,
                actor=town.actor("admin"),
                appointment=session.get_one(Appointment, town.appointments[name]),
                now=town.now,
            )

    end("second")
    with pytest.raises(CommentsLeft) as caught:
        end("first")
    assert caught.value.values["count"] == 1
    hand(town, "first", "head")
    end("first")
    with town.read() as session:
        row = session.get_one(Appointment, town.appointments["first"])
        assert row.state is AppointmentState.ENDED
    assert holders(town, comment_id)[-1] == town.people["head"]
