from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Role
from publisher.auth.known_devices import Visitor
from publisher.auth.refusals import SignInProblem, SignInRefusal
from publisher.auth.session_start import FactorRequest, SignedIn
from publisher.auth.sign_in import choose_language, hash_to_try, own_hash, sign_in
from publisher.auth.sign_in_codes import CodeRequest
from publisher.auth.throttling import (
    FIRST_WAIT,
    MOST_PER_ADDRESS,
    MOST_PER_IDENTIFIER,
    WINDOW,
)
from publisher.database.session import Database
from publisher.models.people import Person, SignIn, SignInAttempt
from publisher.people.appointments import disable_person, end_appointment
from publisher.people.permissions import COMMAND
from tests.support.city_people import NOON, add_department, appoint, verbs
from tests.support.passwords import (
    HASHER,
    PASSWORD,
    CheapHasher,
    prove,
    signed_in_as,
    with_password,
)

MAIL, MOBILE = "first@pmc.example", "+919822012345"
MINUTE = timedelta(minutes=1)
Outcome = SignedIn | CodeRequest | FactorRequest | SignInRefusal


def officer(session: Session) -> Person:
    water = add_department(session, "water")
    return with_password(session, appoint(session, water, mail=MAIL, mobile=MOBILE).person)


def try_sign_in(
    session: Session,
    identifier: str = MAIL,
    password: str = PASSWORD,
    *,
    address: str = "203.0.113.7",
    now: datetime = NOON,
    hasher: CheapHasher = HASHER,
) -> Outcome:
    return signed_in_as(session, identifier, password, address=address, now=now, hasher=hasher)


def entered(outcome: Outcome) -> SignedIn:
    assert isinstance(outcome, SignedIn), outcome
    return outcome


def problem(outcome: Outcome) -> SignInProblem:
    assert isinstance(outcome, SignInRefusal), outcome
    return outcome.code


@pytest.mark.parametrize(
    "identifier",
    [MAIL, " First@PMC.example ", "98220 12345", "०९८२२०१२३४५", "+91-98220-12345"],
)
def test_one_signs_in_by_mail_or_mobile_in_any_usual_spelling(
    on_sqlite: Database, identifier: str
) -> None:
    with on_sqlite.transaction() as session:
        person = officer(session)
        signed_in = entered(try_sign_in(session, identifier))
        assert signed_in.sign_in.person is person
        assert (signed_in.sign_in.signed_in_at, signed_in.sign_in.proved_at) == (NOON, NOON)
        assert verbs(session, "sign_ins", signed_in.sign_in.id) == ["sign_in"]


def test_the_sessions_token_is_random_and_not_kept(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        officer(session)
        first, second = entered(try_sign_in(session)), entered(try_sign_in(session))
        assert first.token != second.token
        columns = [getattr(first.sign_in, column.key) for column in SignIn.__table__.columns]
        assert not any(first.token in str(value) for value in columns)


def test_a_wrong_password_and_an_unknown_account_are_indistinguishable(
    on_sqlite: Database,
) -> None:
    hasher = CheapHasher()
    with on_sqlite.transaction() as session:
        officer(session)
        invited = appoint(session, add_department(session, "road"), mail="new@pmc.example")
        assert invited.person.password_hash is None
        work = []
        for identifier in (
            MAIL,
            "nobody@pmc.example",
            "9822099999",
            "new@pmc.example",
            "gibberish",
        ):
            before = hasher.verified
            signed_in = try_sign_in(session, identifier, "not the password", hasher=hasher)
            assert signed_in == SignInRefusal(SignInProblem.WRONG)
            work.append(hasher.verified - before)
    assert work == [1] * 5


@pytest.mark.parametrize("identifier", [MAIL, "nobody@pmc.example"])
def test_after_five_failures_a_code_is_asked_of_everybody(
    database: Database, identifier: str
) -> None:
    with database.transaction() as session:
        officer(session)
    for _ in range(MOST_PER_IDENTIFIER):
        with database.transaction() as session:
            signed_in = try_sign_in(session, identifier, "wrong password")
            assert problem(signed_in) is SignInProblem.WRONG
    with database.transaction() as session:
        signed_in = try_sign_in(session, identifier, PASSWORD)
        assert isinstance(signed_in, CodeRequest)
        assert signed_in.not_before == NOON + FIRST_WAIT


def test_a_quarter_of_an_hour_later_the_password_is_enough_again(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        officer(session)
        for _ in range(MOST_PER_IDENTIFIER):
            try_sign_in(session, password="wrong password")
        assert isinstance(try_sign_in(session, now=NOON + 14 * MINUTE), CodeRequest)
        entered(try_sign_in(session, now=NOON + WINDOW))


def test_failures_of_one_spelling_of_an_account_count_for_every_spelling(
    on_sqlite: Database,
) -> None:
    with on_sqlite.transaction() as session:
        officer(session)
        for identifier in ("9822012345", "98220 12345", "098220-12345", MOBILE, "९८२२०१२३४५"):
            try_sign_in(session, identifier, "wrong password")
        assert isinstance(try_sign_in(session, "0091 98220 12345"), CodeRequest)


@pytest.mark.parametrize(
    ("addresses", "other"),
    [(["203.0.113.7"], "203.0.113.8"), (["2001:db8::1", "2001:db8::9:2"], "2001:db8:0:1::1")],
)
def test_an_address_that_tries_many_accounts_is_asked_for_codes(
    on_sqlite: Database, addresses: list[str], other: str
) -> None:
    with on_sqlite.transaction() as session:
        officer(session)
        for number in range(MOST_PER_ADDRESS):
            address = addresses[number % len(addresses)]
            try_sign_in(session, f"guess{number}@pmc.example", "wrong password", address=address)
        later = NOON + MINUTE
        assert isinstance(try_sign_in(session, address=addresses[0], now=later), CodeRequest)
        entered(try_sign_in(session, address=other, now=later))


def test_signing_in_clears_failures_of_the_account_not_of_the_address(
    on_sqlite: Database,
) -> None:
    with on_sqlite.transaction() as session:
        officer(session)
        for _ in range(MOST_PER_IDENTIFIER - 1):
            try_sign_in(session, password="wrong password")
        entered(try_sign_in(session))
        for _ in range(MOST_PER_IDENTIFIER - 1):
            assert problem(try_sign_in(session, password="wrong password")) is SignInProblem.WRONG
        keys = session.scalars(select(SignInAttempt.key)).all()
        assert sum(key.startswith("at:") for key in keys) == 2 * (MOST_PER_IDENTIFIER - 1)


def test_failures_that_count_no_more_are_deleted_and_nothing_typed_is_kept(
    on_sqlite: Database,
) -> None:
    with on_sqlite.transaction() as session:
        officer(session)
        try_sign_in(session, password="wrong password")
        try_sign_in(session, password="wrong password", now=NOON + WINDOW)
        attempts = session.scalars(select(SignInAttempt)).all()
        assert [sign_in_attempt.at for sign_in_attempt in attempts] == [NOON + WINDOW] * 2
        assert not any(
            MAIL in sign_in_attempt.key or "203.0" in sign_in_attempt.key
            for sign_in_attempt in attempts
        )


def test_a_disabled_person_is_told_so_only_with_the_right_password(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        disable_person(session, actor=COMMAND, person=officer(session), now=NOON)
        assert problem(try_sign_in(session, password="wrong password")) is SignInProblem.WRONG
        assert problem(try_sign_in(session)) is SignInProblem.DISABLED
        assert session.scalars(select(SignIn)).all() == []


def test_without_an_appointment_in_force_nobody_is_signed_in(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        person = officer(session)
        end_appointment(session, actor=COMMAND, appointment=person.appointments[0], now=NOON)
        assert problem(try_sign_in(session)) is SignInProblem.NO_APPOINTMENT


def test_a_session_begins_under_the_appointment_last_acted_under(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        person = officer(session)
        second = appoint(session, add_department(session, "road"), Role.MEMBER, mail=MAIL)
        first = entered(try_sign_in(session))
        assert first.sign_in.appointment_id == person.appointments[0].id
        first.sign_in.appointment = second
        first.sign_in.seen_at = NOON + MINUTE
        again = entered(try_sign_in(session, now=NOON + 2 * MINUTE))
        assert again.sign_in.appointment is second
        end_appointment(session, actor=COMMAND, appointment=second, now=NOON + 3 * MINUTE)
        after = entered(try_sign_in(session, now=NOON + 3 * MINUTE))
        assert after.sign_in.appointment_id == first.sign_in.person.appointments[0].id


def test_proving_oneself_makes_the_sign_in_fresh(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        officer(session)
        mine = entered(try_sign_in(session)).sign_in
        later = NOON + 60 * MINUTE
        refused = prove(session, mine.id, "wrong password", now=later)
        assert refused == SignInRefusal(SignInProblem.WRONG)
        assert mine.proved_at == NOON
        assert not prove(session, mine.id, PASSWORD, now=later)
        assert (mine.proved_at, mine.signed_in_at) == (later, NOON)


def test_proving_is_throttled_too(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        officer(session)
        mine = entered(try_sign_in(session)).sign_in
        for _ in range(MOST_PER_IDENTIFIER):
            prove(session, mine.id, "wrong", now=NOON)
        proof = prove(session, mine.id, PASSWORD, now=NOON)
        assert proof == SignInRefusal(SignInProblem.THROTTLED, NOON + WINDOW)


def test_a_password_is_checked_before_the_transaction_and_not_in_it(
    on_sqlite: Database,
) -> None:
    hasher, visitor = CheapHasher(), Visitor("203.0.113.7", "Firefox")
    with on_sqlite.transaction() as session:
        person = officer(session)
        for password, right in ((PASSWORD, True), ("wrong password", False)):
            stored_hash = hash_to_try(session, identifier=MAIL, visitor=visitor, now=NOON)
            proof = stored_hash.proof(password, hasher=hasher)
            before = hasher.verified
            signed_in = sign_in(session, identifier=MAIL, proof=proof, visitor=visitor, now=NOON)
            assert isinstance(signed_in, SignedIn) is right
            assert hasher.verified == before
        assert hasher.verified == 2
        for _ in range(MOST_PER_ADDRESS):
            try_sign_in(session, password="wrong password")
        busy = hash_to_try(session, identifier=MAIL, visitor=visitor, now=NOON)
        assert not busy.proof(PASSWORD, hasher=hasher).is_right
        assert hasher.verified == 2, "an address that is busy is not worth the work"
        assert not own_hash(session, person_id=person.id, now=NOON).is_throttled


def test_a_person_chooses_the_language_of_their_mails(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        person = officer(session)
        choose_language(session, person_id=person.id, language="hi")
        assert person.language == "hi"
        with pytest.raises(ValueError, match="xx"):
            choose_language(session, person_id=person.id, language="xx")
