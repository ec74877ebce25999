"""Duplicates: one number goes on, both say so, and nothing is drafted from the other.

A duplicate whose original is declined or withdrawn: told why, and how to hand it in anew.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.errors import WrongRole, WrongState
from publisher.database.session import Database
from publisher.drafting import save
from publisher.intake import close, submit
from publisher.intake.merge import merge as intake_merge
from publisher.intake.merge import whole_number
from publisher.intake.persistence import store_form
from publisher.media.folder_store import FolderStore
from publisher.models.history import Event
from publisher.models.notifications import Notice
from publisher.models.submissions import Submission
from publisher.states import SubmissionState
from publisher.validation import Invalid, NotFound
from tests.support.city import City
from tests.support.city_people import NOON, verbs_of
from tests.support.forms import form, handed_in, mails

REASON = "दोन्ही प्रस्तावांचा मजकूर एकच आहे."


@pytest.fixture
def two_submissions(database: Database, town: City) -> tuple[Submission, Submission]:
    with database.transaction() as session:
        first = handed_in(session, town)
        return first, handed_in(session, town, title="पुन्हा तेच")


def merge(
    session: Session,
    town: City,
    submission: Submission,
    number: str,
    who: str = "clerk",
    reason: str = REASON,
) -> Submission:
    return intake_merge(
        session,
        actor=town.actor(who),
        now=NOON,
        submission_id=submission.id,
        number=number,
        reason=reason,
    )


@pytest.mark.parametrize("number", ["PMC/2026/000001", " pmc/२०२६/०००००१ ", "1", "००१"])
def test_a_duplicate_takes_the_others_number_and_its_department_is_told(
    database: Database,
    town: City,
    two_submissions: tuple[Submission, Submission],
    number: str,
) -> None:
    with database.transaction() as session:
        merge(session, town, two_submissions[1], number)
    with database.reading() as session:
        merged = session.get_one(Submission, two_submissions[1].id)
        assert merged.state is SubmissionState.MERGED
        assert (merged.merged_into_id, merged.reason) == (two_submissions[0].id, REASON)
        assert [
            duplicate.id
            for duplicate in session.get_one(Submission, two_submissions[0].id).duplicates
        ] == [merged.id]
        assert verbs_of(session, merged) == ["hand_in", "merge_submission"]
        assert verbs_of(session, two_submissions[0]) == ["hand_in", "take_in"]
        events = select(Event.details).where(Event.verb.in_(["merge_submission", "take_in"]))
        assert list(session.scalars(events.order_by(Event.id))) == [
            {"into": "PMC/2026/000001", "into_id": two_submissions[0].id, "same": True},
            {"number": "PMC/2026/000002", "id": two_submissions[1].id, "same": True},
        ]
        assert mails(session)[-1] == ("submission_merged", town.actor("member").person_id)
        body = list(session.scalars(select(Notice.body).order_by(Notice.id)))[-1]
        assert "PMC/2026/000001" in body
        assert REASON in body


def test_nothing_of_the_merged_one_is_drafted_declined_or_merged_again(
    database: Database, town: City, two_submissions: tuple[Submission, Submission]
) -> None:
    with database.transaction() as session:
        merge(session, town, two_submissions[1], "1")
    for use in (
        lambda session: save.start(
            session, actor=town.actor("clerk"), now=NOON, submission_id=two_submissions[1].id
        ),
        lambda session: close.decline(
            session,
            actor=town.actor("clerk"),
            now=NOON,
            submission_id=two_submissions[1].id,
            reason="जुने",
        ),
        lambda session: merge(session, town, two_submissions[1], "1"),
    ):
        with pytest.raises(WrongState), database.transaction() as session:
            use(session)


def test_merging_into_a_drafted_submission_of_another_department_works(
    database: Database,
    town: City,
    store: FolderStore,
    two_submissions: tuple[Submission, Submission],
) -> None:
    form_fields = form(town, department_id=town.departments["road"])
    with database.transaction() as session:
        other = submit.create_submission(
            session,
            actor=town.actor("road_officer"),
            now=NOON,
            city_code="PMC",
            stored_form=store_form(store, form_fields),
        )
        save.start(session, actor=town.actor("clerk"), now=NOON, submission_id=other.id)
        assert merge(session, town, two_submissions[1], other.number).merged_into_id == other.id
        event = session.scalars(select(Event).where(Event.verb == "take_in")).one()
        assert event.details["same"] is False


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("", "required"),
        ("PMC/2026/009999", "unknown_number"),
        ("कोणता तरी", "unknown_number"),
        ("\x00", "unknown_number"),
        ("9" * 500, "unknown_number"),
        ("2", "itself"),
        ("3", "has_ended"),
        ("4", "merged_itself"),
    ],
)
def test_a_number_that_cannot_take_a_duplicate_is_refused_with_a_reason(
    database: Database,
    town: City,
    two_submissions: tuple[Submission, Submission],
    number: str,
    code: str,
) -> None:
    with database.transaction() as session:
        declined = handed_in(session, town, title="तिसरे")
        close.decline(
            session, actor=town.actor("clerk"), now=NOON, submission_id=declined.id, reason="जुने"
        )
        merge(session, town, handed_in(session, town, title="चौथे"), "1")
    with pytest.raises(Invalid) as caught, database.transaction() as session:
        merge(session, town, two_submissions[1], number, reason=" ")
    assert caught.value.codes == [("number", code), ("reason", "required")]
    if code == "merged_itself":
        assert caught.value.problems[0].values == {"into": "PMC/2026/000001"}


@pytest.mark.parametrize(
    ("who", "error"), [("member", WrongRole), ("head", WrongRole), ("road_officer", NotFound)]
)
def test_nobody_but_the_cell_merges(
    database: Database,
    town: City,
    two_submissions: tuple[Submission, Submission],
    who: str,
    error: type[Exception],
) -> None:
    with pytest.raises(error), database.transaction() as session:
        merge(session, town, two_submissions[1], "1", who)


def test_digits_alone_are_a_number_of_the_same_city_and_year() -> None:
    assert whole_number("४१२", "PMC/2026/000007") == "PMC/2026/000412"
    assert whole_number("pmc / 2025 / 000412", "PMC/2026/000007") == "PMC/2025/000412"


KIND = "original_ended"
Ending = Callable[[Session, City, Submission], Submission]


def decline(session: Session, town: City, submission: Submission) -> Submission:
    reason = "निविदा रद्द झाली."
    return close.decline(
        session, actor=town.actor("clerk"), now=NOON, submission_id=submission.id, reason=reason
    )


def withdraw(session: Session, town: City, submission: Submission) -> Submission:
    reason = "निविदा रद्द झाली."
    return close.withdraw(
        session, actor=town.actor("head"), now=NOON, submission_id=submission.id, reason=reason
    )


def merge_into(session: Session, town: City, submission: Submission, into: Submission) -> None:
    intake_merge(
        session,
        actor=town.actor("clerk"),
        now=NOON,
        submission_id=submission.id,
        number=into.number,
        reason="मजकूर एकच आहे.",
    )
    session.flush()


def road_submission(session: Session, town: City, store: FolderStore) -> Submission:
    return submit.create_submission(
        session,
        actor=town.actor("road_officer"),
        now=NOON,
        city_code="PMC",
        stored_form=store_form(store, form(town, department_id=town.departments["road"])),
    )


both_endings = pytest.mark.parametrize("end", [decline, withdraw])


@both_endings
def test_the_department_of_the_duplicate_is_told_why_and_what_to_do(
    database: Database, town: City, store: FolderStore, end: Ending
) -> None:
    with database.transaction() as session:
        original = handed_in(session, town)
        duplicate = road_submission(session, town, store)
        merge_into(session, town, duplicate, original)
        end(session, town, original)
    with database.reading() as session:
        assert mails(session)[-1] == (KIND, town.actor("road_officer").person_id)
        body = session.scalars(select(Notice.body).where(Notice.kind == KIND)).one()
        for text in (original.number, duplicate.number, "निविदा रद्द झाली.", "‘पुन्हा वापरा’"):
            assert text in body
        assert ("अस्वीकृत झाला आहे" in body) is (end is decline)


@both_endings
def test_a_duplicate_stays_merged_when_its_original_ends(
    database: Database, town: City, store: FolderStore, end: Ending
) -> None:
    with database.transaction() as session:
        original = handed_in(session, town)
        duplicate = road_submission(session, town, store)
        merge_into(session, town, duplicate, original)
        number = duplicate.number
        end(session, town, original)
    with database.reading() as session:
        submission_row = session.get_one(Submission, duplicate.id)
        assert (submission_row.state, submission_row.number) == (SubmissionState.MERGED, number)
        assert verbs_of(session, submission_row) == [
            "hand_in",
            "merge_submission",
            "original_ended",
        ]
        details = session.scalars(select(Event.details).where(Event.verb == KIND)).one()
        expected = {"into": original.number, "into_id": original.id, "same": False}
        assert details == expected
        assert submit.find_ended_original(submission_row) is session.get_one(
            Submission, original.id
        )


def test_one_that_was_merged_by_way_of_another_is_told_too(
    database: Database, town: City, store: FolderStore
) -> None:
    with database.transaction() as session:
        last = handed_in(session, town)
        middle = handed_in(session, town, title="दुसरे")
        first = road_submission(session, town, store)
        merge_into(session, town, first, middle)
        merge_into(session, town, middle, last)
        session.expire_all()
        decline(session, town, last)
    with database.reading() as session:
        recipients = [person for kind, person in mails(session) if kind == KIND]
        assert sorted(recipients, key=str) == sorted(
            [town.actor("member").person_id, town.actor("road_officer").person_id], key=str
        )
        submission_row = session.get_one(Submission, first.id)
        ended = submit.find_ended_original(submission_row)
        assert ended is not None
        assert ended.number == last.number


def test_while_the_original_goes_on_nothing_has_ended(database: Database, town: City) -> None:
    with database.transaction() as session:
        original = handed_in(session, town)
        duplicate = handed_in(session, town, title="दुसरे")
        merge_into(session, town, duplicate, original)
        assert submit.find_ended_original(duplicate) is None
        assert submit.find_ended_original(original) is None


@both_endings
def test_where_nothing_was_merged_nobody_is_told(
    database: Database, town: City, end: Ending
) -> None:
    with database.transaction() as session:
        end(session, town, handed_in(session, town))
    with database.reading() as session:
        assert KIND not in [kind for kind, _ in mails(session)]
