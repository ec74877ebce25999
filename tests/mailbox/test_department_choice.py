from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from publisher.database.session import Database
from publisher.mail.mailbox import department_choice, quarantine
from publisher.mail.mailbox.department_choice import ChoiceOutlook
from publisher.mail.mailbox.report import make_report
from publisher.mail.messages.message import AutomaticKind, MailAddress, MailMessage
from publisher.models.history import Event
from publisher.models.mailbox import MailOutcome, Quarantine, ReceivedMail
from publisher.models.notifications import Notice
from publisher.models.people import Appointment, Department, Link, Person
from publisher.models.submissions import Submission
from publisher.notifications import links
from publisher.states import QuarantineState
from publisher.validation import Invalid
from publisher.working_time import local_day
from tests.support.city import City
from tests.support.city_people import DAY
from tests.support.mailed import (
    address_of,
    appoint_to,
    ask_department,
    intake_of,
    message,
    prepared,
    receive_one,
)


def choose(
    session: Session, town: City, token: str, mail: MailMessage, department: str = "road"
) -> Submission | None:
    """Press for this department."""
    return department_choice.choose(
        session,
        prepared(town.store, mail),
        token=token,
        department_id=town.departments.get(department, 0),
        intake=intake_of(town.store),
        now=town.now,
    )


def outlook(session: Session, town: City, token: str) -> ChoiceOutlook:
    link = department_choice.get_link(session, token)
    return department_choice.outlook(session, link, now=town.now)


def test_a_member_of_several_departments_is_asked_in_the_thread(
    database: Database, town: City
) -> None:
    member = address_of(town, "member")
    with database.transaction() as session:
        token, mail = ask_department(session, town, references=("earlier@water.example",))
        assert (mail.outcome, mail.reason) == (MailOutcome.QUARANTINED, "several_departments")
        assert mail.department_id is None
        notice = session.scalars(select(Notice)).one()
        assert (notice.id, notice.kind, notice.address) == (
            mail.notice_id,
            "mail_department",
            member,
        )
        assert notice.in_thread == ["earlier@water.example", "first@water.example"]
        assert ("विभागासाठी" in notice.body, "choose the department" in notice.body) == (True, True)
        for sentence in ("Nobody reads replies", "उत्तर कोणीही वाचत नाही"):
            assert sentence in notice.body, "such a reply is ignored: it may quote the link"
        assert (notice.path, links.remove_secrets(notice.body).count(token)) == ("", 0)
        assert session.scalars(select(Submission)).all() == []
        waiting = session.scalars(quarantine.waiting()).one()
        assert waiting.mail.notice is notice
        link = department_choice.get_link(session, token)
        choices = department_choice.list_choices(session, link, now=town.now)
        assert {row.id for row in choices} == {town.departments[name] for name in ("water", "road")}


def test_the_report_names_no_department_and_the_question_as_the_answer(
    database: Database, town: City
) -> None:
    with database.transaction() as session:
        _token, mail = ask_department(session, town)
        report = make_report(session, mail, mail_from="city@pmc.example")
        question = session.get_one(Notice, mail.notice_id)
    assert (report.outcome, report.reason) == ("quarantined", "several_departments")
    assert (report.number, report.department) == (None, None)
    assert report.acknowledgement == f"<{question.mail_id}@pmc.example>"


def test_one_press_makes_the_submission_and_acknowledges_it(database: Database, town: City) -> None:
    original = message(address_of(town, "member"))
    with database.transaction() as session:
        token, mail = ask_department(session, town)
        submission = choose(session, town, token, original)
        assert submission is not None
        assert submission.number == "PMC/2026/000001"
        assert submission.department_id == town.departments["road"]
        assert submission.handed_in_by_id == town.people["member"]
        assert submission.handed_in_under is not None
        assert submission.handed_in_under.department_id == town.departments["road"]
        waiting = session.scalars(select(Quarantine)).one()
        assert (waiting.state, waiting.decided_by_id) == (
            QuarantineState.TAKEN_IN,
            town.people["member"],
        )
        event = session.scalars(select(Event).where(Event.verb == "take_in")).one()
        assert event.actor_kind == "link"
        acknowledgement = session.get_one(Notice, mail.notice_id)
        assert acknowledgement.kind == "mail_acknowledgement"
        assert acknowledgement.in_thread == ["first@water.example"]
        assert outlook(session, town, token) is ChoiceOutlook.CHOSEN
        assert choose(session, town, token, original) is None
        assert session.scalar(select(func.count()).select_from(Submission)) == 1


@pytest.mark.both
def test_of_two_presses_at_the_same_moment_one_counts(database: Database, town: City) -> None:
    original = message(address_of(town, "member"))
    with database.transaction() as session:
        token, _mail = ask_department(session, town)
    barrier = Barrier(2)

    def press(department: str) -> bool:
        barrier.wait(10)
        with database.transaction() as session:
            return choose(session, town, token, original, department) is not None

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(press, ("water", "road"))) == [False, True]
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Submission)) == 1


def test_the_cell_chooses_any_department_as_at_its_desk(database: Database, town: City) -> None:
    ward = MailAddress("ward@pmc.example", "सुनील")
    original = message(address_of(town, "clerk"), forwarded_from=ward)
    with database.transaction() as session:
        token, mail = ask_department(session, town, "clerk", also="", forwarded_from=ward)
        assert mail.reason == "from_cell"
        submission = choose(session, town, token, original, "garden")
        assert submission is not None
        assert submission.department_id == town.departments["garden"]
        assert submission.brought_by == "सुनील, ward@pmc.example"
        assert submission.handed_in_by_id == town.people["clerk"]


def test_only_own_departments_in_force_may_be_chosen(database: Database, town: City) -> None:
    original = message(address_of(town, "member"))
    with database.transaction() as session:
        token, _mail = ask_department(session, town)
        road = session.get_one(Department, town.departments["road"])
        road.until_on = local_day(town.now) - timedelta(days=1)
        for department, code in (
            ("garden", "no_office"),
            ("road", "closed"),
            ("nowhere", "unknown_department"),
        ):
            with pytest.raises(Invalid) as refusal:
                choose(session, town, token, original, department)
            assert refusal.value.codes == [("department_id", code)]
        assert choose(session, town, token, original, "water") is not None


def close_all(session: Session, town: City) -> None:
    for department in session.scalars(select(Department)):
        department.until_on = local_day(town.now) - timedelta(days=1)


def disable(session: Session, town: City) -> None:
    session.get_one(Person, town.people["member"]).disabled_at = town.now


def move_away(session: Session, town: City) -> None:
    session.get_one(Person, town.people["member"]).mail = "elsewhere@water.example"


def end_offices(session: Session, town: City) -> None:
    query = select(Appointment).where(Appointment.person_id == town.people["member"])
    for appointment in session.scalars(query):
        appointment.until_at = town.now


def expire(session: Session, _town: City) -> None:
    link = session.scalars(select(Link).where(Link.purpose == "choose_department")).one()
    link.expires_at = link.made_at


def reject(session: Session, town: City) -> None:
    waiting = session.scalars(select(Quarantine.id)).one()
    by: dict[str, Any] = {"actor": town.actor("clerk"), "now": town.now}
    quarantine.reject(session, **by, quarantine_id=waiting, word="जाहिरात")


def delete(session: Session, town: City) -> None:
    waiting = session.scalars(select(Quarantine.id)).one()
    quarantine.delete(session, actor=town.actor("clerk"), now=town.now, quarantine_id=waiting)


def take_in(session: Session, town: City) -> None:
    waiting = session.scalars(select(Quarantine)).one()
    quarantine.take_in_waiting_mail(
        session,
        prepared(town.store, message(waiting.mail.sender)),
        actor=town.actor("clerk"),
        intake=intake_of(town.store),
        now=town.now,
        quarantine_id=waiting.id,
        department_id=town.departments["water"],
    )


ENDS = {
    ChoiceOutlook.ALL_CLOSED: close_all,
    ChoiceOutlook.DISABLED: disable,
    ChoiceOutlook.OTHER_ADDRESS: move_away,
    ChoiceOutlook.NO_OFFICE: end_offices,
    ChoiceOutlook.EXPIRED: expire,
    ChoiceOutlook.NOT_OURS: reject,
    ChoiceOutlook.DELETED: delete,
    ChoiceOutlook.TAKEN_IN: take_in,
}


@pytest.mark.parametrize("end", ENDS)
def test_a_press_does_nothing_once_the_choice_is_over(
    database: Database, town: City, end: ChoiceOutlook
) -> None:
    with database.transaction() as session:
        token, _mail = ask_department(session, town)
        ENDS[end](session, town)
        session.flush()
        assert outlook(session, town, token) is end
        before = session.scalar(select(func.count()).select_from(Submission))
        assert choose(session, town, token, message("member@water.example")) is None
        assert session.scalar(select(func.count()).select_from(Submission)) == before


def test_the_question_counts_among_the_five_answers_a_day(database: Database, town: City) -> None:
    member = address_of(town, "member")
    with database.transaction() as session:
        appoint_to(session, town, "member", "road")
        for number in range(7):
            mail = receive_one(session, town, message(member, text=f"मजकूर {number}"))
            assert mail.outcome is MailOutcome.QUARANTINED
            assert (mail.notice_id is not None) is (number < 5)
        assert session.scalar(select(func.count()).select_from(Link)) == 5


@pytest.mark.parametrize(
    "changed",
    [
        {"automatic": AutomaticKind.AUTO_REPLY},
        {"in_reply_to": ("ours@pmc.example",)},
    ],
    ids=["automatic", "a reply to us"],
)
def test_automatic_mail_and_replies_to_us_are_not_asked_about(
    database: Database, town: City, changed: dict[str, Any]
) -> None:
    member = address_of(town, "member")
    with database.transaction() as session:
        appoint_to(session, town, "member", "road")
        ours = Notice(
            kind="approved",
            address=member,
            language="mr",
            subject="",
            body="",
            mail_id="ours",
            queued_at=town.now - DAY,
            send_at=town.now,
            state_at=town.now,
        )
        session.add(ours)
        mail = receive_one(session, town, message(member, **changed))
        assert mail.notice_id is None
        assert session.scalars(select(Link)).all() == []


def test_a_department_that_has_closed_is_none_to_ask_about(database: Database, town: City) -> None:
    with database.transaction() as session:
        appoint_to(session, town, "member", "road")
        road = session.get_one(Department, town.departments["road"])
        road.until_on = local_day(town.now) - timedelta(days=1)
        mail = receive_one(session, town, message(address_of(town, "member")))
        assert mail.outcome is MailOutcome.SUBMISSION
        assert mail.department_id == town.departments["water"]
        assert session.scalars(select(ReceivedMail)).one() is mail
