"""Strangers' failures keep no owner out: known devices, waits, and codes for unknown devices."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from publisher.auth import known_devices, sessions
from publisher.auth.known_devices import LASTS, Visitor
from publisher.auth.refusals import SignInProblem, SignInRefusal
from publisher.auth.session_start import FactorRequest, SignedIn, SignInMethod
from publisher.auth.sign_in import confirm_code
from publisher.auth.sign_in_codes import CodeRequest
from publisher.auth.throttling import (
    LONGEST_WAIT,
    MOST_PER_ADDRESS,
    MOST_PER_IDENTIFIER,
    MOST_PER_MINUTE,
    WINDOW,
)
from publisher.database.session import Base, Database
from publisher.models.approvals import RefusedSignIn
from publisher.models.history import Event
from publisher.models.notifications import Notice
from publisher.models.people import KnownDevice, Person, SignInAttempt
from publisher.people.appointments import disable_person
from publisher.people.permissions import COMMAND
from tests.support.city_people import NOON, add_department, appoint
from tests.support.passwords import (
    PASSWORD,
    CheapHasher,
    set_password,
    signed_in_as,
    with_password,
)

MAIL, OTHER = "first@pmc.example", "second@pmc.example"
WRONG = "not the pass-word at all"
OFFICE, STRANGER, HOME = "203.0.113.7", "198.51.100.9", "192.0.2.4"
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


def people(session: Session) -> Person:
    """Return the officer whose account is attacked; there is another person too."""
    water = add_department(session, "water")
    with_password(session, appoint(session, water, mail=OTHER).person)
    return with_password(session, appoint(session, water, mail=MAIL).person)


def device_of(session: Session, mail: str = MAIL, *, now: datetime = NOON) -> str:
    """Sign the person in at the office, and return the token of the known device."""
    signed_in = signed_in_as(session, mail, address=OFFICE, now=now)
    assert isinstance(signed_in, SignedIn)
    return signed_in.device_token


def attack(session: Session, mail: str = MAIL, times: int = MOST_PER_IDENTIFIER) -> None:
    """Fail to sign in as this person, from a stranger's address."""
    for _ in range(times):
        signed_in_as(session, mail, WRONG, address=STRANGER)


def asked_at_home(session: Session, password: str = PASSWORD, mail: str = MAIL) -> CodeRequest:
    """Sign in on an unknown device at home, which is asked for a code."""
    asked = signed_in_as(session, mail, password, address=HOME)
    assert isinstance(asked, CodeRequest)
    return asked


def type_code(
    session: Session,
    asked: CodeRequest,
    code: str,
    *,
    mail: str = MAIL,
    now: datetime = NOON + MINUTE,
) -> SignedIn | SignInRefusal:
    outcome = confirm_code(
        session,
        identifier=mail,
        code_request=asked,
        code=code,
        visitor=Visitor(HOME, "Firefox"),
        now=now,
    )
    assert not isinstance(outcome, FactorRequest)
    return outcome


def problem(outcome: object) -> SignInProblem:
    assert isinstance(outcome, SignInRefusal), outcome
    return outcome.code


def codes(session: Session) -> list[str]:
    notices = session.scalars(select(Notice).where(Notice.kind == "sign_in_code"))
    return [code for notice in notices for code in re.findall(r"\ue001(\d{8})\ue001", notice.body)]


def count(session: Session, table: type[Base]) -> int:
    return session.scalars(select(func.count()).select_from(table)).one()


def test_five_failures_of_a_stranger_do_not_keep_the_owners_device_out(
    database: Database,
) -> None:
    with database.transaction() as session:
        people(session)
        token = device_of(session)
        attack(session, times=50)
    with database.transaction() as session:
        signed_in = signed_in_as(session, MAIL, address=OFFICE, device_token=token)
        assert isinstance(signed_in, SignedIn)


@pytest.mark.ci
def test_a_thousand_failures_behind_one_nat_keep_no_known_device_out(
    on_sqlite: Database,
) -> None:
    hasher = CheapHasher()
    with on_sqlite.transaction() as session:
        people(session)
        token = device_of(session)
        before = count(session, Event)
        for number in range(1000):
            guess = MAIL if number % 2 else f"guess{number}@pmc.example"
            at = NOON + number * SECOND / 4
            signed_in_as(session, guess, WRONG, address=OFFICE, now=at, hasher=hasher)
        end = NOON + 250 * SECOND
        signed_in = signed_in_as(session, MAIL, address=OFFICE, device_token=token, now=end)
        assert isinstance(signed_in, SignedIn)
        most = MOST_PER_ADDRESS + 5 * MOST_PER_MINUTE
        assert hasher.verified <= most, "the address has so many tries, and no more work is done"
        assert count(session, SignInAttempt) <= 2 * most
        assert count(session, RefusedSignIn) <= most
        assert count(session, Event) - before <= most + 1


def test_an_unknown_device_with_the_password_waits_and_types_a_code(database: Database) -> None:
    with database.transaction() as session:
        people(session)
        attack(session)
        asked = asked_at_home(session)
    with database.transaction() as session:
        (code,) = codes(session)
        early = type_code(session, asked, code, now=asked.not_before - SECOND)
        assert early == SignInRefusal(SignInProblem.TOO_EARLY, asked.not_before)
        signed_in = type_code(session, asked, code, now=asked.not_before)
        assert isinstance(signed_in, SignedIn)
        assert signed_in.sign_in.method == SignInMethod.CODE
        token = signed_in.device_token
        again = signed_in_as(session, MAIL, address=HOME, device_token=token)
        assert isinstance(again, SignedIn), "and is known from then on"


def test_the_wait_grows_with_each_failure_to_a_minute(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        people(session)
        attack(session)
        waits = []
        for _ in range(7):
            asked = signed_in_as(session, MAIL, WRONG, address=STRANGER)
            assert isinstance(asked, CodeRequest)
            waits.append((asked.not_before - NOON).seconds)
        assert waits == [5, 10, 20, 40, 60, 60, 60]
        assert LONGEST_WAIT == MINUTE


def test_right_wrong_and_unknown_get_the_same_answer_and_one_a_code(on_sqlite: Database) -> None:
    hasher, work = CheapHasher(), []
    with on_sqlite.transaction() as session:
        people(session)
        for mail, password in ((MAIL, PASSWORD), (OTHER, WRONG), ("nobody@pmc.example", WRONG)):
            attack(session, mail)
            before = hasher.verified
            asked = signed_in_as(session, mail, password, address=HOME, hasher=hasher)
            assert isinstance(asked, CodeRequest)
            assert (len(asked.browser), asked.not_before) == (22, NOON + 5 * SECOND)
            work.append(hasher.verified - before)
            outcome = type_code(session, asked, "00000000", mail=mail)
            assert problem(outcome) is SignInProblem.WRONG_CODE
        assert work == [1, 1, 1]
        assert len(codes(session)) == 1


def test_an_address_without_many_failures_of_the_account_is_asked_too(
    on_sqlite: Database,
) -> None:
    with on_sqlite.transaction() as session:
        people(session)
        for number in range(MOST_PER_ADDRESS):
            signed_in_as(session, f"guess{number}@pmc.example", WRONG, address=OFFICE)
        busy = signed_in_as(session, MAIL, address=OFFICE)
        assert busy == SignInRefusal(SignInProblem.BUSY, NOON + MINUTE)
        asked = signed_in_as(session, MAIL, address=OFFICE, now=NOON + MINUTE)
        assert isinstance(asked, CodeRequest)
        code = codes(session)[-1]
        assert isinstance(type_code(session, asked, code, now=NOON + 2 * MINUTE), SignedIn)


@pytest.mark.both
def test_of_two_right_codes_at_once_one_signs_in(database: Database) -> None:
    with database.transaction() as session:
        people(session)
        attack(session)
        asked = asked_at_home(session)
        (code,) = codes(session)
    start = Barrier(2)

    def sign_in_at_once(_number: int) -> bool:
        start.wait(timeout=60)
        with database.transaction() as session:
            return isinstance(type_code(session, asked, code), SignedIn)

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(sign_in_at_once, range(2))) == [False, True]


def test_a_code_is_worth_nothing_in_another_browser_or_for_another_person(
    on_sqlite: Database,
) -> None:
    with on_sqlite.transaction() as session:
        people(session)
        attack(session)
        attack(session, OTHER)
        asked = asked_at_home(session)
        thief = asked_at_home(session, WRONG)
        other = asked_at_home(session, PASSWORD, OTHER)
        code, _other_code = codes(session)
        assert problem(type_code(session, thief, code)) is SignInProblem.WRONG_CODE
        assert problem(type_code(session, other, code, mail=OTHER)) is SignInProblem.WRONG_CODE
        assert problem(type_code(session, asked, code, mail=OTHER)) is SignInProblem.WRONG_CODE
        assert isinstance(type_code(session, asked, code), SignedIn)


def test_five_wrong_codes_close_one_browser_and_no_other(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        people(session)
        attack(session)
        asked, thief = asked_at_home(session), asked_at_home(session, WRONG)
        (code,) = codes(session)
        for number in range(MOST_PER_IDENTIFIER):
            type_code(session, thief, f"0000000{number}")
        assert problem(type_code(session, thief, code)) is SignInProblem.THROTTLED
        assert isinstance(type_code(session, asked, code), SignedIn)


@pytest.mark.parametrize("change", ["late", "used", "password", "disabled"])
def test_a_code_ends_when_it_is_late_or_used_or_the_access_changes(
    on_sqlite: Database, change: str
) -> None:
    with on_sqlite.transaction() as session:
        person = people(session)
        attack(session)
        asked = asked_at_home(session)
        (code,) = codes(session)
        now = NOON + MINUTE
        if change == "late":
            now = NOON + WINDOW
        if change == "used":
            type_code(session, asked, code)
        if change == "password":
            set_password(session, person, "another-nadi-kinari", now=NOON)
        if change == "disabled":
            disable_person(session, actor=COMMAND, person=person, now=NOON)
        assert not isinstance(type_code(session, asked, code, now=now), SignedIn)


def test_no_more_than_five_codes_are_sent_in_a_quarter_of_an_hour(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        people(session)
        attack(session)
        for _ in range(MOST_PER_IDENTIFIER + 3):
            asked_at_home(session)
        assert len(codes(session)) == MOST_PER_IDENTIFIER


def test_a_known_device_has_its_own_counter_and_then_counts_as_unknown(
    on_sqlite: Database,
) -> None:
    with on_sqlite.transaction() as session:
        people(session)
        token = device_of(session)
        for _ in range(MOST_PER_IDENTIFIER):
            outcome = signed_in_as(session, MAIL, WRONG, address=HOME, device_token=token)
            assert problem(outcome) is SignInProblem.WRONG
        elsewhere = signed_in_as(session, MAIL, address=OFFICE)
        assert isinstance(elsewhere, SignedIn), "its failures are not those of the account"
        for _ in range(MOST_PER_IDENTIFIER):
            signed_in_as(session, MAIL, WRONG, address=HOME, device_token=token)
        asked = signed_in_as(session, MAIL, address=HOME, device_token=token)
        assert isinstance(asked, CodeRequest), "whoever took it has no more tries than others"


@pytest.mark.parametrize("change", ["of another", "expired", "password", "ended", "copied"])
def test_a_device_is_not_known_any_more(on_sqlite: Database, change: str) -> None:
    with on_sqlite.transaction() as session:
        person = people(session)
        token, now = device_of(session), NOON
        if change == "of another":
            token = device_of(session, OTHER)
        if change == "expired":
            now = NOON + LASTS
        if change == "password":
            set_password(session, person, PASSWORD, now=NOON)
        if change == "ended":
            device = session.scalars(select(KnownDevice)).one()
            ids = {"person_id": person.id, "known_device_id": device.id}
            known_devices.end(session, actor=COMMAND, now=NOON, **ids)
        if change == "copied":
            signed_in_as(session, MAIL, device_token=token)
        for _ in range(MOST_PER_IDENTIFIER):
            signed_in_as(session, MAIL, WRONG, address=STRANGER, now=now)
        asked = signed_in_as(session, MAIL, address=OFFICE, device_token=token, now=now)
        assert isinstance(asked, CodeRequest)


def test_each_person_of_one_browser_has_a_row_and_each_sign_in_a_new_token(
    on_sqlite: Database,
) -> None:
    with on_sqlite.transaction() as session:
        people(session)
        token = device_of(session)
        for mail in (OTHER, MAIL, OTHER):
            signed_in = signed_in_as(session, mail, device_token=token)
            assert isinstance(signed_in, SignedIn)
            assert signed_in.device_token != token
            token = signed_in.device_token
        assert count(session, KnownDevice) == 2
        for mail in (OTHER, MAIL):
            attack(session, mail)
            signed_in = signed_in_as(session, mail, device_token=token)
            assert isinstance(signed_in, SignedIn)
            token = signed_in.device_token


def test_a_shared_computer_is_not_remembered_and_ends_in_30_idle_minutes(
    on_sqlite: Database,
) -> None:
    with on_sqlite.transaction() as session:
        people(session)
        signed_in = signed_in_as(session, MAIL, is_shared=True)
        assert isinstance(signed_in, SignedIn)
        assert (signed_in.device_token, count(session, KnownDevice)) == ("", 0)
        soon, later = NOON + 29 * MINUTE, NOON + 59 * MINUTE
        assert sessions.find_session(session, token=signed_in.token, now=soon) is not None
        assert sessions.find_session(session, token=signed_in.token, now=later) is None


def test_the_owner_is_told_once_of_a_wave_of_failures(database: Database) -> None:
    with database.transaction() as session:
        people(session)
        attack(session, times=MOST_PER_IDENTIFIER - 1)
        notices = select(Notice).where(Notice.kind == "sign_ins_refused")
        assert session.scalars(notices).all() == []
    with database.transaction() as session:
        attack(session, times=60)
        attack(session, "nobody@pmc.example")
        (notice,) = session.scalars(notices)
        assert (notice.address, "/sessions" in notice.body) == (MAIL, True)
