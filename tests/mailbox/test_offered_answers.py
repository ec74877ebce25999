"""Replies to the mail about a citizen's comment: drafts of the answer, never sent by themselves."""

from __future__ import annotations

import pytest
from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from approvals.errors import WrongRole
from approvals.policy import Role
from publisher.database.session import Database
from publisher.inbox import offered_answers, routing
from publisher.mail.mailbox.report import make_report
from publisher.models.comments import AnswerKind, Reply
from publisher.models.mailbox import MailOutcome, ReceivedMail
from publisher.models.notifications import Notice
from publisher.models.people import Appointment
from publisher.models.submissions import Submission
from publisher.validation import NotFound
from tests.mailbox.test_replies import reply_to
from tests.support.city import City
from tests.support.mailed import address_of, receive_one, reply_to_comment

TEXT = "उद्या सकाळी सहा वाजता पाणी येईल."


def replied(town: City, comment_id: int, *, by: str = "first", text: str = TEXT) -> ReceivedMail:
    """Answer the mail about the comment, and return what became of the answer."""
    return reply_to_comment(town, comment_id, text, by=by)


@pytest.fixture
def comment_id(town: City) -> int:
    """Return a comment that waits for the answer of water."""
    return town.comment(under=town.live()[0])


def offers(town: City, comment_id: int) -> list[str]:
    with town.read() as session:
        return [mail.text for mail in offered_answers.list_offers(session, comment_id)]


def test_a_reply_to_a_comments_mail_is_offered_as_the_answer(town: City, comment_id: int) -> None:
    mail = replied(town, comment_id)
    assert (mail.outcome, mail.comment_id, mail.submission_id) == ("joined", comment_id, None)
    assert offers(town, comment_id) == [TEXT]
    with town.read() as session:
        assert session.scalars(select(Reply)).all() == [], "nothing is answered by itself"
        report = make_report(
            session, session.get_one(ReceivedMail, mail.id), mail_from="a@b.example"
        )
        assert (report.outcome, report.joined_to, report.number) == (
            *("joined", str(comment_id)),
            None,
        )
        assert report.acknowledgement is None


@pytest.mark.parametrize("by", ["member", "road_member", "clerk"])
def test_a_reply_of_somebody_who_answers_no_comment_of_it_waits(
    town: City, comment_id: int, by: str
) -> None:
    assert replied(town, comment_id, by=by).outcome is MailOutcome.QUARANTINED
    assert offers(town, comment_id) == []
    with town.read() as session:
        assert len(session.scalars(select(Submission)).all()) == 1, "that of the post"


def test_an_officer_of_several_departments_answers_for_the_comments(
    town: City, comment_id: int
) -> None:
    with town.write() as session:
        officer = session.get_one(Appointment, town.appointments["first"])
        keys = {attribute.key for attribute in inspect(Appointment).column_attrs} - {"id"}
        columns = {key: getattr(officer, key) for key in keys}
        columns |= {"department_id": town.departments["garden"], "role": Role.MEMBER, "rank": None}
        session.add(Appointment(**columns))
    mail = replied(town, comment_id)
    assert (mail.outcome, mail.department_id) == (MailOutcome.JOINED, town.departments["water"])
    assert offers(town, comment_id) == [TEXT]


def test_once_the_comment_is_answered_a_reply_waits_for_a_person(
    town: City, comment_id: int
) -> None:
    assert town.notified("comment_routed") == ["first"]
    town.answer(comment_id)
    assert replied(town, comment_id).reason == "unjoined_reply"


def test_a_reply_without_text_waits_for_a_person(town: City, comment_id: int) -> None:
    assert replied(town, comment_id, text="").reason == "unjoined_reply"


def test_a_final_answer_ends_what_was_offered_and_an_interim_one_does_not(
    town: City, comment_id: int
) -> None:
    replied(town, comment_id)
    replied(town, comment_id, by="head", text=f"{TEXT} – प्रमुख")
    town.answer(comment_id, "माहिती घेत आहोत.", kind=AnswerKind.INTERIM)
    assert len(offers(town, comment_id)) == 2
    town.answer(comment_id, TEXT)
    assert offers(town, comment_id) == []


def test_a_text_beyond_the_platforms_limit_is_kept_whole(town: City, comment_id: int) -> None:
    replied(town, comment_id, text="पाणी " * 400)
    assert offers(town, comment_id) == [("पाणी " * 400).strip()]


def test_while_another_department_has_the_comment_it_sees_no_offer(
    town: City, comment_id: int
) -> None:
    mail_id = replied(town, comment_id).id
    for by, department, visible in (("first", "road", []), ("road_officer", "water", [TEXT])):
        with town.write() as session:
            routing.transfer(
                session,
                actor=town.actor(by),
                now=town.now,
                comment_id=comment_id,
                department_id=town.departments[department],
                reason="विषय त्यांचा",
            )
        assert offers(town, comment_id) == visible
        if not visible:
            with town.read() as session, pytest.raises(NotFound):
                offered_answers.get_offered_mail(session, comment_id=comment_id, mail_id=mail_id)


def test_an_offer_is_dismissed_once_by_whoever_answers(town: City, comment_id: int) -> None:
    mail_id = replied(town, comment_id).id
    for by, refusal in (("road_officer", NotFound), ("member", WrongRole)):
        with pytest.raises(refusal), town.write() as session:
            _dismiss(session, town, comment_id, mail_id, by)
    with pytest.raises(NotFound), town.write() as session:
        _dismiss(session, town, town.comment("दुसरे", under=town.live()[0]), mail_id, "first")
    for _time in range(2):
        with town.write() as session:
            ended_at = _dismiss(session, town, comment_id, mail_id, "first").offer_ended_at
            assert ended_at == town.now
    assert offers(town, comment_id) == []


def _dismiss(session: Session, town: City, comment_id: int, mail_id: int, by: str) -> ReceivedMail:
    return offered_answers.dismiss(
        session, actor=town.actor(by), now=town.now, comment_id=comment_id, mail_id=mail_id
    )


def test_a_reply_to_a_mail_with_a_code_is_kept_from_everybody(
    database: Database, town: City
) -> None:
    sender = address_of(town, "member")
    with database.transaction() as session:
        notice = Notice(
            kind="password_code",
            address=sender,
            subject="Code",
            body="",
            mail_id="a" * 32,
            queued_at=town.now,
            send_at=town.now,
            state_at=town.now,
            language="en",
        )
        session.add(notice)
        session.flush()
        mail = receive_one(session, town, reply_to(notice, sender, "> 482 913"))
        assert (mail.outcome, mail.reason) == (MailOutcome.IGNORED, "secret_mail")
        assert (mail.subject, mail.text, mail.files) == ("", "", [])
