"""Questions, answers and notes: the number stays, both sides are notified, events are added."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.errors import WrongRole, WrongState
from publisher.database.session import Database
from publisher.drafting import save
from publisher.intake import close, questions, submit
from publisher.intake.persistence import store_form
from publisher.media.folder_store import FolderStore
from publisher.models.history import Event
from publisher.models.notifications import Notice
from publisher.models.people import Appointment
from publisher.models.submission_details import NoteKind, SubmissionNote
from publisher.models.submissions import Submission
from publisher.states import SubmissionState
from publisher.validation import Invalid, NotFound
from tests.support.city import City
from tests.support.city_people import DAY, NOON, verbs_of
from tests.support.forms import form, handed_in, mails, saved

QUESTION, ANSWER = "टँकर कोठे मिळेल?", "पर्वती टाकीजवळ मिळेल."


@pytest.fixture
def submission(database: Database, town: City) -> Submission:
    with database.transaction() as session:
        return handed_in(session, town)


def ask(session: Session, town: City, submission: Submission, question: str = QUESTION) -> None:
    questions.return_submission(
        session, actor=town.actor("clerk"), now=NOON, submission_id=submission.id, question=question
    )


def answer_question(
    session: Session, town: City, submission: Submission, who: str = "member", text: str = ANSWER
) -> Submission:
    return questions.answer_question(
        session,
        actor=town.actor(who),
        now=NOON + DAY,
        submission_id=submission.id,
        answer=text,
    )


def notes(session: Session) -> list[tuple[NoteKind, str]]:
    rows = session.scalars(select(SubmissionNote).order_by(SubmissionNote.id))
    return [(row.kind, row.text) for row in rows]


def test_a_question_returns_a_submission_and_an_answer_brings_it_back(
    database: Database, town: City, submission: Submission
) -> None:
    with database.transaction() as session:
        ask(session, town, submission)
        returned = session.get_one(Submission, submission.id)
        assert (returned.state, returned.reason) == (SubmissionState.RETURNED, QUESTION)
    with database.transaction() as session:
        back = answer_question(session, town, submission, text=f"  {ANSWER} ")
        assert (back.state, back.reason, back.number) == (
            SubmissionState.RECEIVED,
            "",
            submission.number,
        )
        assert back.state_at == NOON + DAY
        assert verbs_of(session, back) == ["hand_in", "return_submission", "complete_submission"]
        assert notes(session) == [(NoteKind.QUESTION, QUESTION), (NoteKind.ANSWER, ANSWER)]
        events = select(Event.details).where(Event.subject == "submissions").order_by(Event.id)
        assert session.scalars(events).all()[1:] == [{"note": 1}, {"note": 2}]


def test_member_and_first_officer_are_asked_and_the_clerk_gets_the_answer(
    database: Database, town: City, submission: Submission
) -> None:
    with database.transaction() as session:
        ask(session, town, submission)
        answer_question(session, town, submission, "head")
        assert mails(session)[1:] == [
            ("submission_returned", town.actor("member").person_id),
            ("submission_returned", town.actor("first").person_id),
            ("submission_completed", town.actor("clerk").person_id),
        ]
        bodies = list(session.scalars(select(Notice.body).order_by(Notice.id)))[1:]
        assert QUESTION in bodies[0]
        assert QUESTION in bodies[1]
        assert ANSWER in bodies[2]
        assert f"/submissions/{submission.id}" in bodies[0]


def test_an_officer_who_handed_it_in_gets_one_mail(
    database: Database, town: City, store: FolderStore
) -> None:
    with database.transaction() as session:
        own = submit.create_submission(
            session,
            actor=town.actor("first"),
            now=NOON,
            city_code="PMC",
            stored_form=store_form(store, form(town)),
        )
        ask(session, town, own)
        assert mails(session)[1:] == [("submission_returned", town.actor("first").person_id)]


def test_it_may_be_asked_and_answered_again(
    database: Database, town: City, submission: Submission
) -> None:
    with database.transaction() as session:
        ask(session, town, submission)
        answer_question(session, town, submission)
        ask(session, town, submission, "किती वाजता?")
        answer_question(session, town, submission, text="नऊ वाजता.")
        assert [text for _kind, text in notes(session)] == [
            QUESTION,
            ANSWER,
            "किती वाजता?",
            "नऊ वाजता.",
        ]


def test_questions_and_answers_need_words(
    database: Database, town: City, submission: Submission
) -> None:
    with pytest.raises(Invalid) as caught, database.transaction() as session:
        ask(session, town, submission, " ")
    assert caught.value.codes == [("question", "required")]
    with database.transaction() as session:
        ask(session, town, submission)
    with pytest.raises(Invalid) as caught, database.transaction() as session:
        answer_question(session, town, submission, text="")
    assert caught.value.codes == [("answer", "required")]


@pytest.mark.parametrize(
    ("who", "error"),
    [
        ("clerk", WrongRole),
        ("auditor", WrongRole),
        ("admin", WrongRole),
        ("road_officer", NotFound),
    ],
)
def test_only_its_department_answers(
    database: Database,
    town: City,
    submission: Submission,
    who: str,
    error: type[Exception],
) -> None:
    with database.transaction() as session:
        ask(session, town, submission)
    with pytest.raises(error), database.transaction() as session:
        answer_question(session, town, submission, who)


def test_the_cell_records_the_answer_to_what_it_recorded_at_its_desk(
    database: Database, town: City, store: FolderStore
) -> None:
    form_fields = form(town, brought_by="दूरध्वनीवरून, किरण")
    with database.transaction() as session:
        recorded = submit.create_submission(
            session,
            actor=town.actor("clerk"),
            now=NOON,
            city_code="PMC",
            stored_form=store_form(store, form_fields),
        )
        ask(session, town, recorded)
        assert answer_question(session, town, recorded, "clerk").state is SubmissionState.RECEIVED


@pytest.mark.parametrize("who", ["member", "head", "auditor"])
def test_nobody_but_the_cell_asks(
    database: Database, town: City, submission: Submission, who: str
) -> None:
    with pytest.raises(WrongRole), database.transaction() as session:
        questions.return_submission(
            session,
            actor=town.actor(who),
            now=NOON,
            submission_id=submission.id,
            question=QUESTION,
        )


def test_a_returned_submission_is_not_drafted_or_answered_unasked(
    database: Database, town: City, submission: Submission
) -> None:
    with pytest.raises(WrongState), database.transaction() as session:
        answer_question(session, town, submission)
    with database.transaction() as session:
        ask(session, town, submission)
    with pytest.raises(WrongState), database.transaction() as session:
        save.start(session, actor=town.actor("clerk"), now=NOON, submission_id=submission.id)
    with pytest.raises(WrongState), database.transaction() as session:
        ask(session, town, submission)


def test_a_note_goes_to_who_began_the_draft_and_then_to_who_wrote_it(
    database: Database, town: City, submission: Submission
) -> None:
    def note(session: Session, text: str) -> None:
        questions.add_note(
            session,
            actor=town.actor("member"),
            now=NOON,
            submission_id=submission.id,
            note_text=text,
        )

    with database.transaction() as session:
        note(session, "मसुदा सुरू होण्याआधी")
        post = save.start(
            session, actor=town.actor("other_clerk"), now=NOON, submission_id=submission.id
        )
        note(session, "टँकरचा क्रमांक बदलला आहे.")
        assert mails(session)[1:] == [("submission_note", town.actor("other_clerk").person_id)]
    saved(town, post, seen_revision=0)
    with database.transaction() as session:
        note(session, "वेळही बदलली आहे.")
        assert mails(session)[-1] == ("submission_note", town.actor("clerk").person_id)
        assert "वेळही बदलली आहे." in list(session.scalars(select(Notice.body)))[-1]
        assert verbs_of(session, submission).count("add_note") == 3
        assert session.get_one(Submission, submission.id).state is SubmissionState.DRAFTED


def test_no_note_is_written_to_what_has_ended(
    database: Database, town: City, submission: Submission
) -> None:
    with database.transaction() as session:
        close.decline(
            session, actor=town.actor("clerk"), now=NOON, submission_id=submission.id, reason="जुने"
        )
    with pytest.raises(WrongState), database.transaction() as session:
        questions.add_note(
            session,
            actor=town.actor("member"),
            now=NOON,
            submission_id=submission.id,
            note_text="टीप",
        )


def test_a_member_who_left_is_not_asked_but_the_first_officer_is(
    database: Database, town: City, submission: Submission
) -> None:
    with database.transaction() as session:
        appointment = session.get_one(Appointment, town.actor("member").appointment_id)
        appointment.until_at = NOON - timedelta(minutes=1)
        ask(session, town, submission)
        assert mails(session)[1:] == [("submission_returned", town.actor("first").person_id)]
