from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from publisher.database.session import Database
from publisher.intake import questions
from publisher.intake.take import take
from publisher.mail.mailbox.receive import receive
from publisher.mail.mailbox.take_in import list_mails
from publisher.mail.messages.message import MailFile, MailMessage
from publisher.models.mailbox import MailOutcome, ReceivedMail
from publisher.models.notifications import Notice
from publisher.models.posts import Decision, Post
from publisher.models.submission_details import NoteKind, SubmissionNote
from publisher.models.submissions import Submission
from publisher.reports.todo import list_waiting
from publisher.states import SubmissionState
from tests.support.city import City
from tests.support.city_people import DAY, HOUR
from tests.support.forms import photo
from tests.support.mailed import address_of, intake_of, message, prepared, receive_one
from tests.support.ticked_tasks import reminded

NUMBER = "PMC/2026/000001"


def reply_to(notice: Notice, sender: str, text: str, **changed: object) -> MailMessage:
    """Return an answer to our mail."""
    thread = {"in_reply_to": (f"{notice.mail_id}@pmc.example",), "message_id": f"{text}@x.example"}
    return message(sender, text=text, **{**thread, **changed})


def acknowledged(session: Session, town: City) -> tuple[Submission, Notice]:
    """Hand in by the member's mail; return the submission and our answer."""
    mail = receive_one(session, town, message(address_of(town, "member")))
    return (
        session.get_one(Submission, mail.submission_id),
        session.get_one(Notice, mail.notice_id),
    )


def notes(session: Session) -> list[tuple[NoteKind, str]]:
    query = select(SubmissionNote.kind, SubmissionNote.text).order_by(SubmissionNote.id)
    return [(row.kind, row.text) for row in session.execute(query)]


def test_a_reply_to_the_acknowledgement_is_a_note_and_no_new_submission(
    database: Database, town: City
) -> None:
    member = address_of(town, "member")
    with database.transaction() as session:
        submission, notice = acknowledged(session, town)
        mail = receive_one(session, town, reply_to(notice, member, "वेळ बदलली आहे"))
        assert (mail.outcome, mail.submission_id) == (MailOutcome.JOINED, submission.id)
        assert notes(session) == [(NoteKind.NOTE, "वेळ बदलली आहे")]
        again = receive_one(session, town, reply_to(notice, member, "वेळ बदलली आहे"))
        assert again.outcome is MailOutcome.DUPLICATE
        assert session.scalar(select(func.count()).select_from(Submission)) == 1


def test_a_reply_answers_the_open_question(database: Database, town: City) -> None:
    member = address_of(town, "member")
    with database.transaction() as session:
        submission, notice = acknowledged(session, town)
        questions.return_submission(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            submission_id=submission.id,
            question="कोणता भाग?",
        )
        mail = receive_one(session, town, reply_to(notice, member, "पूर्व भाग"))
        assert mail.outcome is MailOutcome.JOINED
        assert submission.state is SubmissionState.RECEIVED
        assert notes(session)[-1] == (NoteKind.ANSWER, "पूर्व भाग")


def test_without_our_message_id_the_number_in_the_subject_counts(
    database: Database, town: City
) -> None:
    member = address_of(town, "member")
    with database.transaction() as session:
        submission, _notice = acknowledged(session, town)
        later = message(member, subject=f"Re: पोचपावती: {NUMBER} – पाणी", text="आणखी एक")
        mail = receive_one(session, town, later)
        assert (mail.outcome, mail.submission_id) == (MailOutcome.JOINED, submission.id)


OWN = "first@water.example"
"""The Message-ID of the mail that was handed in."""


@pytest.mark.parametrize("names", [{"in_reply_to": (OWN,)}, {"references": ("a@x", OWN)}], ids=str)
@pytest.mark.parametrize("taken_back", ["in the draft", "before it"])
def test_a_reply_to_ones_own_mail_asks_the_cell_at_once(
    town: City, names: dict[str, object], taken_back: str
) -> None:
    """An officer takes a notice back by answering the mail that she sent."""
    with town.write() as session:
        submission_id = acknowledged(session, town)[0].id
        clerk = town.actor("clerk")
        take(
            session,
            actor=clerk,
            now=town.now,
            submission_id=submission_id,
            seen_holder_id=None,
        )
    post_id = town.draft(submission_id) if taken_back == "in the draft" else 0
    town.clock.move(HOUR)
    text = "ही सूचना मागे घेत आहोत."
    reply = message(address_of(town, "member"), text=text, message_id="second@x", **names)
    with town.write() as session:
        mail = receive_one(session, town, reply)
        assert (mail.outcome, mail.submission_id) == (MailOutcome.JOINED, submission_id)
        assert session.scalar(select(func.count()).select_from(Submission)) == 1
        (notice,) = session.scalars(select(Notice).where(Notice.kind == "submission_note"))
        assert (notice.person_id, notice.send_at) == (town.people["clerk"], town.now)
        assert text in notice.body
    town.clock.move(HOUR)
    # Whatever is drafted meanwhile, it waits until somebody has marked it as seen.
    town.save(post_id or town.start(submission_id))
    with town.write() as session:
        assert text in [todo.quote for todo in list_waiting(session, actor=clerk, now=town.now)]
        questions.mark_notes_seen(session, actor=clerk, now=town.now, submission_id=submission_id)
        assert text not in [todo.quote for todo in list_waiting(session, actor=clerk, now=town.now)]


def test_a_reply_to_a_mail_of_somebody_else_joins_nothing(town: City) -> None:
    with town.write() as session:
        acknowledged(session, town)
        other = message(address_of(town, "first"), in_reply_to=(OWN,), message_id="other@x")
        assert receive_one(session, town, other).outcome is MailOutcome.SUBMISSION


def test_files_of_a_reply_are_added_until_drafting_has_begun(
    database: Database, town: City
) -> None:
    member = address_of(town, "member")
    files = tuple(
        MailFile(f"{number}.jpg", "image/jpeg", photo(60 + number)) for number in range(6)
    )
    with database.transaction() as session:
        submission, notice = acknowledged(session, town)
        receive_one(session, town, reply_to(notice, member, "फोटो", files=files))
        assert [file.name for file in submission.files] == [
            *("0.jpg", "1.jpg", "2.jpg", "3.jpg"),
            *("4.jpg", "5.jpg"),
        ]
        assert submission.edition == 2


def test_files_of_a_reply_for_which_there_is_no_room_are_named(
    database: Database, town: City
) -> None:
    member = address_of(town, "member")
    papers = tuple(
        MailFile(f"{number}.pdf", "application/pdf", b"%PDF-1.7\n" + bytes([number]))
        for number in range(6)
    )
    photos = tuple(MailFile(f"{n}.jpg", "image/jpeg", photo(60 + n)) for n in range(3))
    more = MailFile("more.jpg", "image/jpeg", photo(80))
    with database.transaction() as session:
        submission, notice = acknowledged(session, town)
        receive_one(session, town, reply_to(notice, member, "कागद", files=papers))
        mail = receive_one(session, town, reply_to(notice, member, "फोटो", files=photos))
        assert [file.name for file in submission.files][-2:] == ["0.jpg", "1.jpg"]
        assert mail.notes == [{"code": "left_out", "name": "2.jpg"}]
        submission.state = SubmissionState.DRAFTED
        late = receive_one(session, town, reply_to(notice, member, "उशिरा", files=(more,)))
        assert late.notes == [{"code": "left_out_late", "name": "more.jpg"}]
        mails = list_mails(session, submission)
        assert [mail.outcome for mail in mails] == [MailOutcome.SUBMISSION, *3 * ["joined"]]


@pytest.mark.parametrize("who", ["road_member", "clerk"])
def test_a_reply_of_another_department_waits_for_a_person(
    database: Database, town: City, who: str
) -> None:
    sender = address_of(town, who)
    with database.transaction() as session:
        _submission, notice = acknowledged(session, town)
        mail = receive_one(session, town, reply_to(notice, sender, "माझे मत"))
        assert mail.outcome is MailOutcome.QUARANTINED
        assert mail.reason == ("from_cell" if who == "clerk" else "unjoined_reply")
        assert notes(session) == []


def test_a_reply_to_a_review_mail_is_a_note_and_never_an_approval(
    database: Database, town: City
) -> None:
    post_id = town.in_review("water")
    officer = address_of(town, "first")
    with database.transaction() as session:
        asked = select(Notice).where(Notice.kind == "review_asked", Notice.address == officer)
        notice = session.scalars(asked).one()
        for text in ("मान्य आहे", "मान्यता देतो"):
            mail = receive_one(session, town, reply_to(notice, officer, text))
            assert mail.outcome is MailOutcome.JOINED
        assert [text for _kind, text in notes(session)] == ["मान्य आहे", "मान्यता देतो"]
        assert session.scalars(select(Decision)).all() == []
        assert session.get_one(Post, post_id).state.value == "in_review"
        answers = select(Notice).where(Notice.kind == "mail_no_approval")
        (answer,) = session.scalars(answers)
        assert (answer.address, answer.path) == (officer, f"/posts/{post_id}/review")
        town.clock.move(DAY)
        receive_one(session, town, reply_to(notice, officer, "पुन्हा"))
        assert len(session.scalars(answers).all()) == 2


def test_a_reply_to_a_reminder_is_a_note_and_never_an_approval(
    database: Database, town: City
) -> None:
    post_id = town.start(town.hand_in(wished_at=town.now + 5 * HOUR))
    town.save(post_id, on=["x"])
    town.send(post_id)
    town.clock.move(2.5 * HOUR)
    assert reminded(town) == 1
    officer = address_of(town, "first")
    with database.transaction() as session:
        asked = select(Notice).where(Notice.kind == "review_reminder", Notice.address == officer)
        mail = receive_one(session, town, reply_to(session.scalars(asked).one(), officer, "मान्य"))
        assert mail.outcome is MailOutcome.JOINED
        assert notes(session) == [(NoteKind.NOTE, "मान्य")]
        answer = session.get_one(Notice, mail.notice_id)
        assert (answer.kind, answer.address) == ("mail_no_approval", officer)
        assert session.scalars(select(Decision)).all() == []


def test_an_officer_of_another_asked_department_is_told_it_is_no_approval(
    database: Database, town: City
) -> None:
    post_id = town.start(town.hand_in())
    town.save(post_id, asked_departments=["water", "road"])
    town.send(post_id)
    officer = address_of(town, "road_officer")
    with database.transaction() as session:
        asked = select(Notice).where(Notice.kind == "review_asked", Notice.address == officer)
        mail = receive_one(session, town, reply_to(session.scalars(asked).one(), officer, "मान्य"))
        assert mail.reason == "unjoined_reply"
        answer = session.get_one(Notice, mail.notice_id)
        assert (answer.kind, answer.address) == ("mail_no_approval", officer)


def test_a_reply_to_a_mail_about_nothing_waits_for_a_person(database: Database, town: City) -> None:
    member = address_of(town, "member")
    with database.transaction() as session:
        _submission, notice = acknowledged(session, town)
        notice.path = ""
        session.flush()
        mail = receive_one(session, town, replace(reply_to(notice, member, "नमस्कार")))
        assert mail.reason == "unjoined_reply"
        assert session.scalar(select(func.count()).select_from(ReceivedMail)) == 2


def test_the_cell_reads_the_note_of_a_reviewer_and_is_told_of_it(
    database: Database, town: City
) -> None:
    town.in_review("water")
    officer = address_of(town, "first")
    with database.transaction() as session:
        asked = select(Notice).where(Notice.kind == "review_asked", Notice.address == officer)
        mail = receive_one(session, town, reply_to(session.scalars(asked).one(), officer, "मान्य"))
        told = select(Notice).where(Notice.kind == "submission_note")
        (notice,) = session.scalars(told)
        assert notice.address == address_of(town, "clerk")
        assert "मान्य" in notice.body
        assert notice.path == f"/submissions/{mail.submission_id}"


def test_a_reply_about_a_post_of_no_submission_is_answered_too(
    database: Database, town: City
) -> None:
    """The mail waits for the cell, and its sender must not believe to have approved."""
    town.in_review("water")
    officer = address_of(town, "first")
    with database.transaction() as session:
        asked = select(Notice).where(Notice.kind == "review_asked", Notice.address == officer)
        notice = session.scalars(asked).one()
        post = session.scalars(select(Post)).one()
        post.submissions.clear()
        mail = receive_one(session, town, reply_to(notice, officer, "मान्य"))
        assert mail.reason == "unjoined_reply"
        answer = session.get_one(Notice, mail.notice_id)
        assert (answer.kind, answer.address) == ("mail_no_approval", officer)


@pytest.mark.both
def test_of_two_replies_at_one_moment_one_is_answered(database: Database, town: City) -> None:
    town.in_review("water")
    officer = address_of(town, "first")
    with database.transaction() as session:  # a note would lock the submission
        post = session.scalars(select(Post)).one()
        post.submissions.clear()
        asked = select(Notice).where(Notice.kind == "review_asked", Notice.address == officer)
        notice = session.scalars(asked).one()
        session.flush()
        session.refresh(notice)
        session.expunge(notice)
    ready = Barrier(2, timeout=30)

    def receive_at_once(text: str) -> None:
        mail = prepared(town.store, reply_to(notice, officer, text))
        ready.wait()
        with database.transaction() as session:
            receive(session, mail, intake=intake_of(town.store), now=town.now)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(receive_at_once, ("मान्य", "मान्यता")))
    with database.reading() as session:
        answers = select(Notice).where(Notice.kind == "mail_no_approval")
        assert len(session.scalars(answers).all()) == 1
        reasons = session.scalars(select(ReceivedMail.reason)).all()
        assert reasons == ["unjoined_reply"] * 2
