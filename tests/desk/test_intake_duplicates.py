"""A duplicate whose original is declined or withdrawn: told why, and how to hand it in anew."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.database.session import Database
from publisher.intake import close, submit
from publisher.intake.merge import merge as intake_merge
from publisher.media.store import Store
from publisher.models.history import Event
from publisher.models.notifications import Notice
from publisher.models.submissions import Submission
from publisher.states import SubmissionState
from tests.desk.small_house import NOW, House, form, handed_in, mails, verbs

KIND = "original_ended"
Ending = Callable[[Session, House, Submission], Submission]


def decline(session: Session, house: House, submission: Submission) -> Submission:
    reason = "निविदा रद्द झाली."
    return close.decline(
        session, actor=house.clerk, now=NOW, submission_id=submission.id, reason=reason
    )


def withdraw(session: Session, house: House, submission: Submission) -> Submission:
    reason = "निविदा रद्द झाली."
    return close.withdraw(
        session, actor=house.head, now=NOW, submission_id=submission.id, reason=reason
    )


def merge(session: Session, house: House, submission: Submission, into: Submission) -> None:
    intake_merge(
        session,
        actor=house.clerk,
        now=NOW,
        submission_id=submission.id,
        number=into.number,
        reason="मजकूर एकच आहे.",
    )
    session.flush()


def of_the_roads(session: Session, house: House, store: Store) -> Submission:
    return submit.hand_in(
        session,
        actor=house.roads_officer,
        now=NOW,
        city_code="PMC",
        store=store,
        form=form(house, department_id=house.roads),
    )


both_endings = pytest.mark.parametrize("end", [decline, withdraw])


@both_endings
def test_the_department_of_the_duplicate_is_told_why_and_what_to_do(
    database: Database, house: House, store: Store, end: Ending
) -> None:
    with database.transaction() as session:
        original = handed_in(session, house, store)
        duplicate = of_the_roads(session, house, store)
        merge(session, house, duplicate, original)
        end(session, house, original)
    with database.reading() as session:
        assert mails(session)[-1] == (KIND, house.roads_officer.person_id)
        body = session.scalars(select(Notice.body).where(Notice.kind == KIND)).one()
        for words in (original.number, duplicate.number, "निविदा रद्द झाली.", "‘पुन्हा वापरा’"):
            assert words in body
        assert ("अस्वीकृत झाला आहे" in body) is (end is decline)


@both_endings
def test_it_stays_merged_with_its_number_and_the_end_of_the_other_in_its_history(
    database: Database, house: House, store: Store, end: Ending
) -> None:
    with database.transaction() as session:
        original = handed_in(session, house, store)
        duplicate = of_the_roads(session, house, store)
        merge(session, house, duplicate, original)
        number = duplicate.number
        end(session, house, original)
    with database.reading() as session:
        found = session.get_one(Submission, duplicate.id)
        assert (found.state, found.number) == (SubmissionState.MERGED, number)
        assert verbs(session, found) == ["hand_in", "merge_submission", "original_ended"]
        details = session.scalars(select(Event.details).where(Event.verb == KIND)).one()
        expected = {"into": original.number, "into_id": original.id, "same": False}
        assert details == expected
        assert submit.ended_original(found) is session.get_one(Submission, original.id)


def test_one_that_was_merged_by_way_of_another_is_told_too(
    database: Database, house: House, store: Store
) -> None:
    with database.transaction() as session:
        last = handed_in(session, house, store)
        middle = handed_in(session, house, store, title="दुसरे")
        first = of_the_roads(session, house, store)
        merge(session, house, first, middle)
        merge(session, house, middle, last)
        session.expire_all()
        decline(session, house, last)
    with database.reading() as session:
        told = [person for kind, person in mails(session) if kind == KIND]
        assert sorted(told, key=str) == sorted(
            [house.member.person_id, house.roads_officer.person_id], key=str
        )
        found = session.get_one(Submission, first.id)
        ended = submit.ended_original(found)
        assert ended is not None
        assert ended.number == last.number


def test_while_the_original_goes_on_nothing_has_ended(
    database: Database, house: House, store: Store
) -> None:
    with database.transaction() as session:
        original = handed_in(session, house, store)
        duplicate = handed_in(session, house, store, title="दुसरे")
        merge(session, house, duplicate, original)
        assert submit.ended_original(duplicate) is None
        assert submit.ended_original(original) is None


@both_endings
def test_where_nothing_was_merged_nobody_is_told(
    database: Database, house: House, store: Store, end: Ending
) -> None:
    with database.transaction() as session:
        end(session, house, handed_in(session, house, store))
    with database.reading() as session:
        assert KIND not in [kind for kind, _ in mails(session)]
