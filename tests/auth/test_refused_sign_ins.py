"""Every refused sign-in adds an event, without anything that was typed."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from publisher.auth.refusals import MOST_RECORDED, MOST_RECORDED_OF_NOBODY
from publisher.auth.session_start import SignedIn
from publisher.auth.throttling import WINDOW
from publisher.database.session import Database
from publisher.models.approvals import RefusalDay, RefusedSignIn
from publisher.models.history import Event
from publisher.models.people import Person, SignInAttempt
from publisher.people.appointments import disable_person, end_appointment
from publisher.people.permissions import COMMAND
from tests.support.city_people import NOON, add_department, appoint, verbs
from tests.support.passwords import PASSWORD, prove, signed_in_as, with_password

MAIL = "first@pmc.example"
WRONG = "not the pass-word at all"


def officer(session: Session) -> Person:
    water = add_department(session, "water")
    return with_password(session, appoint(session, water, mail=MAIL).person)


def try_sign_in(session: Session, identifier: str = MAIL, password: str = PASSWORD) -> object:
    return signed_in_as(session, identifier, password)


def refusals(session: Session) -> list[Event]:
    query = select(Event).where(Event.verb == "refuse_sign_in").order_by(Event.id)
    return list(session.scalars(query))


def test_a_wrong_password_is_recorded_for_known_and_unknown_accounts(
    on_sqlite: Database,
) -> None:
    with on_sqlite.transaction() as session:
        person = officer(session)
        try_sign_in(session, password=WRONG)
        try_sign_in(session, "nobody@pmc.example", WRONG)
        known_refusal, unknown = refusals(session)
        assert known_refusal.details == {"why": "wrong", "person": person.id}
        assert unknown.details == {"why": "wrong", "person": None}
        assert (known_refusal.at, known_refusal.subject, known_refusal.person_id) == (
            NOON,
            "refused_sign_ins",
            None,
        )
        row = session.get_one(RefusedSignIn, known_refusal.subject_id)
        assert (row.person_id, row.address, row.device) == (person.id, "203.0.113.7", "Firefox")


def test_nothing_of_what_was_typed_is_kept(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        officer(session)
        try_sign_in(session, "nobody.typed.this@pmc.example", WRONG)
        try_sign_in(session, password=WRONG)
        details = [json.dumps(refusal.details) for refusal in refusals(session)]
        for row in session.scalars(select(RefusedSignIn)):
            details += [str(getattr(row, column.key)) for column in RefusedSignIn.__table__.columns]
        assert not [text for text in details if "typed" in text or WRONG in text or MAIL in text]


@pytest.mark.parametrize("why", ["disabled", "no_appointment"])
def test_whoever_has_the_password_but_is_let_in_no_more_is_written_down(
    on_sqlite: Database, why: str
) -> None:
    with on_sqlite.transaction() as session:
        person = officer(session)
        if why == "disabled":
            disable_person(session, actor=COMMAND, person=person, now=NOON)
        else:
            end_appointment(session, actor=COMMAND, appointment=person.appointments[0], now=NOON)
        try_sign_in(session)
        assert [refusal.details for refusal in refusals(session)] == [
            {"why": why, "person": person.id}
        ]


@pytest.mark.ci
@pytest.mark.parametrize(
    ("identifier", "most"), [(MAIL, MOST_RECORDED), ("nobody@pmc.example", MOST_RECORDED_OF_NOBODY)]
)
def test_failures_without_end_are_counted_and_fill_no_history(
    on_sqlite: Database, identifier: str, most: int
) -> None:
    with on_sqlite.transaction() as session:
        officer(session)
        for number in range(most + 20):
            address = f"203.0.113.{number // 6}"
            signed_in_as(session, identifier, WRONG, address=address)
        assert len(refusals(session)) == most
        (refusal_day,) = session.scalars(select(RefusalDay))
        assert refusal_day.number == most + 20
        rows = session.scalars(select(func.count()).select_from(SignInAttempt)).one()
        assert rows == most + 20 + 20, "one for each address and try, and twenty of the account"
        try_again = NOON + timedelta(days=1)
        signed_in_as(session, identifier, WRONG, now=try_again)
        assert len(refusals(session)) == most + 1


@pytest.mark.both
def test_many_at_once_are_counted_in_one_row_a_day(database: Database) -> None:
    with database.transaction() as session:
        officer(session)

    def fail(number: int) -> None:
        with database.transaction() as session:
            signed_in_as(session, f"nobody{number}@pmc.example", WRONG, address=f"192.0.2.{number}")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(fail, range(12)))
    with database.reading() as session:
        (refusal_day,) = session.scalars(select(RefusalDay))
        assert (refusal_day.person_id, refusal_day.number) == (None, 12)


def test_getting_in_is_no_refusal(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        officer(session)
        assert isinstance(try_sign_in(session), SignedIn)
        assert refusals(session) == []


def test_a_wrong_password_within_a_session_is_written_down_too(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        officer(session)
        entered = try_sign_in(session)
        assert isinstance(entered, SignedIn)
        mine = entered.sign_in.id
        later = NOON + timedelta(minutes=1)
        prove(session, mine, WRONG, now=later)
        assert verbs(session, "sign_ins", mine) == ["sign_in", "refuse_prove"]


def test_the_row_stays_when_the_throttle_has_forgotten(database: Database) -> None:
    with database.transaction() as session:
        officer(session)
        try_sign_in(session, password=WRONG)
    with database.transaction() as session:
        later = NOON + WINDOW + timedelta(days=179)
        signed_in_as(session, "other@pmc.example", WRONG, address="203.0.113.8", now=later)
    with database.reading() as session:
        assert len(refusals(session)) == 2
