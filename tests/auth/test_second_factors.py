"""TOTP and recovery codes at sign-in, and what ends them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyotp
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.second_factor import FactorRule
from publisher.auth import second_factors, session_start, totp
from publisher.auth.known_devices import Visitor
from publisher.auth.refusals import SignInProblem, SignInRefusal
from publisher.auth.session_start import FactorRequest, SignedIn, SignInMethod
from publisher.auth.sessions import session_actor
from publisher.database.session import Database
from publisher.delivery.accounts.credentials import Vault
from publisher.models.notifications import Notice
from publisher.models.people import KnownDevice, Person, SignIn
from publisher.models.second_factors import RecoveryCode, SecondFactor
from tests.support.city_people import MINUTE, NOON, add_department, appoint, verbs
from tests.support.passwords import PASSWORD, set_password, signed_in_as, with_password

MAIL = "first@pmc.example"
VAULT = Vault("a key that only these tests know, and that is long enough", ())
HOUR = timedelta(hours=1)
STEP = timedelta(seconds=30)


@dataclass
class Enrolled:
    """An officer with an app, whose secret is `secret`, and recovery codes."""

    person: Person
    secret: str
    codes: list[str]

    def code(self, now: datetime) -> str:
        return pyotp.TOTP(self.secret).at(now)


def enrolled(session: Session, *, now: datetime = NOON) -> Enrolled:
    """Appoint an officer, who signs in and sets up an app."""
    person = with_password(
        session, appoint(session, add_department(session, "water"), mail=MAIL).person
    )
    signed_in = signed_in_as(session, MAIL, now=now)
    assert isinstance(signed_in, SignedIn)
    actor = session_actor(session, signed_in.sign_in, now=now)
    factor = second_factors.make_app(session, actor=actor, person=person, sealer=VAULT, now=now)
    secret = totp.open_secret(factor, VAULT)
    codes = second_factors.confirm(
        session,
        actor=actor,
        sign_in_id=signed_in.sign_in.id,
        code=pyotp.TOTP(secret).at(now),
        sealer=VAULT,
        now=now,
    )
    assert isinstance(codes, list)
    return Enrolled(person, secret, codes)


def asked(session: Session, *, now: datetime, device_token: str = "") -> FactorRequest:
    outcome = signed_in_as(session, MAIL, PASSWORD, device_token=device_token, now=now)
    assert isinstance(outcome, FactorRequest), outcome
    return outcome


def typed(
    session: Session,
    factor_request: FactorRequest,
    code: str,
    *,
    now: datetime,
    device_token: str = "",
    is_shared: bool = False,
) -> SignedIn | SignInRefusal:
    return session_start.confirm_factor(
        session,
        factor_request=factor_request,
        code=code,
        sealer=VAULT,
        visitor=Visitor("203.0.113.7", "Firefox", device_token, is_shared),
        now=now,
    )


def problem(outcome: SignedIn | SignInRefusal) -> SignInProblem:
    assert isinstance(outcome, SignInRefusal), outcome
    return outcome.code


def device_of(outcome: SignedIn | SignInRefusal) -> str:
    assert isinstance(outcome, SignedIn), outcome
    return outcome.device_token


def test_the_password_alone_signs_nobody_in_who_has_set_up_an_app(database: Database) -> None:
    with database.transaction() as session:
        officer, later = enrolled(session), NOON + MINUTE
        factor_request = asked(session, now=later)
        before = len(session.scalars(select(SignIn)).all())
        assert problem(typed(session, factor_request, "000000", now=later)) == "wrong_factor"
        assert len(session.scalars(select(SignIn)).all()) == before
        outcome = typed(session, factor_request, officer.code(later), now=later)
        assert isinstance(outcome, SignedIn)
        assert outcome.sign_in.factor_at == later
        again = typed(session, factor_request, officer.code(later + STEP), now=later + STEP)
        assert problem(again) == "too_late"


def test_a_code_is_read_in_either_script_and_with_spaces(database: Database) -> None:
    with database.transaction() as session:
        officer, later = enrolled(session), NOON + MINUTE
        written = officer.code(later).translate(str.maketrans("0123456789", "०१२३४५६७८९"))
        code = f"{written[:3]} {written[3:]}"
        assert isinstance(typed(session, asked(session, now=later), code, now=later), SignedIn)


@pytest.mark.twin
def test_a_step_that_was_used_is_refused_and_so_is_an_earlier_one(database: Database) -> None:
    with database.transaction() as session:
        officer, later = enrolled(session), NOON + MINUTE
        assert device_of(typed(session, asked(session, now=later), officer.code(later), now=later))
        for code in (officer.code(later), officer.code(later - STEP)):
            refused = typed(session, asked(session, now=later), code, now=later)
            assert problem(refused) == "wrong_factor"


def test_the_code_of_setting_up_signs_nobody_in(database: Database) -> None:
    with database.transaction() as session:
        officer = enrolled(session)
        refused = typed(session, asked(session, now=NOON), officer.code(NOON), now=NOON)
        assert problem(refused) == "wrong_factor"


def test_a_recovery_code_works_once_and_its_owner_is_told(database: Database) -> None:
    with database.transaction() as session:
        officer, later = enrolled(session), NOON + MINUTE
        assert len(set(officer.codes)) == 10
        stored = session.scalars(select(RecoveryCode.digest)).all()
        assert not any(code in digest for code in officer.codes for digest in stored)
        first = officer.codes[0]
        assert device_of(typed(session, asked(session, now=later), first, now=later))
        again = typed(session, asked(session, now=later), first, now=later)
        assert problem(again) == "wrong_factor"
        (told,) = session.scalars(
            select(Notice).where(Notice.kind == "access_changed", Notice.queued_at == later)
        )
        assert "राखीव संकेतांक" in told.body
        assert "use_recovery_code" in verbs(session, "people", officer.person.id)


def test_wrong_codes_are_throttled_and_the_owner_is_told(database: Database) -> None:
    with database.transaction() as session:
        officer, later = enrolled(session), NOON + MINUTE
        for _try in range(5):
            refused = typed(session, asked(session, now=later), "000000", now=later)
            assert problem(refused) == "wrong_factor"
        refused = typed(session, asked(session, now=later), officer.code(later), now=later)
        assert problem(refused) == "throttled"
        kinds = session.scalars(select(Notice.kind).where(Notice.queued_at == later)).all()
        assert kinds.count("sign_ins_refused") == 1
        much_later = later + 16 * MINUTE
        right = officer.code(much_later)
        assert device_of(typed(session, asked(session, now=much_later), right, now=much_later))


def test_a_stranger_with_the_password_keeps_no_known_device_out(database: Database) -> None:
    with database.transaction() as session:
        officer, later = enrolled(session), NOON + MINUTE
        known = device_of(typed(session, asked(session, now=later), officer.code(later), now=later))
        night = later + 13 * HOUR
        for _try in range(6):
            typed(session, asked(session, now=night), "000000", now=night)
        factor_request = asked(session, now=night, device_token=known)
        code = officer.code(night)
        assert device_of(typed(session, factor_request, code, now=night, device_token=known))


def test_a_known_device_is_asked_once_in_twelve_hours(database: Database) -> None:
    with database.transaction() as session:
        officer, later = enrolled(session), NOON + MINUTE
        known = device_of(typed(session, asked(session, now=later), officer.code(later), now=later))
        soon = later + 11 * HOUR
        within = signed_in_as(session, MAIL, device_token=known, now=soon)
        assert isinstance(within, SignedIn)
        assert within.sign_in.factor_at == later
        asked(session, now=soon)
        asked(session, now=later + 12 * HOUR, device_token=within.device_token)


def test_a_shared_computer_is_always_asked(database: Database) -> None:
    with database.transaction() as session:
        officer, later = enrolled(session), NOON + MINUTE
        code = officer.code(later)
        outcome = typed(session, asked(session, now=later), code, now=later, is_shared=True)
        assert device_of(outcome) == ""
        asked(session, now=later)


def test_a_sign_in_does_not_wait_longer_than_ten_minutes(database: Database) -> None:
    with database.transaction() as session:
        officer = enrolled(session)
        factor_request, late = asked(session, now=NOON), NOON + 10 * MINUTE
        assert problem(typed(session, factor_request, officer.code(late), now=late)) == "too_late"


def test_a_new_password_ends_a_sign_in_that_waits(database: Database) -> None:
    with database.transaction() as session:
        officer, later = enrolled(session), NOON + MINUTE
        factor_request = asked(session, now=later)
        set_password(session, officer.person, "doosra-paasavard-kothe", now=later)
        refused = typed(session, factor_request, officer.code(later), now=later)
        assert problem(refused) == "too_late"


def test_the_code_after_many_failures_does_not_replace_the_factor(database: Database) -> None:
    with database.transaction() as session:
        officer, later = enrolled(session), NOON + MINUTE
        person = officer.person
        visitor = Visitor("203.0.113.7", "Firefox")
        outcome = session_start.enter(
            session, person, visitor, SignInMethod.CODE, rule=FactorRule(), now=later
        )
        assert isinstance(outcome, FactorRequest)
        signed_in = typed(session, outcome, officer.code(later), now=later)
        assert isinstance(signed_in, SignedIn)
        assert signed_in.sign_in.method == SignInMethod.CODE


def test_a_new_app_ends_the_one_before_its_codes_and_every_known_device(
    database: Database,
) -> None:
    with database.transaction() as session:
        officer, later = enrolled(session), NOON + MINUTE
        outcome = typed(session, asked(session, now=later), officer.code(later), now=later)
        assert isinstance(outcome, SignedIn)
        actor, person = session_actor(session, outcome.sign_in, now=later), officer.person
        begun = second_factors.make_app(
            session, actor=actor, person=person, sealer=VAULT, now=later
        )
        new = totp.open_secret(begun, VAULT)
        assert officer.secret not in (new, begun.sealed)
        old = totp.find_factor(session, person_id=person.id)
        assert old is not None
        assert old.id != begun.id
        second_factors.confirm(
            session,
            actor=actor,
            sign_in_id=outcome.sign_in.id,
            code=pyotp.TOTP(new).at(later),
            sealer=VAULT,
            now=later,
        )
        assert not session.scalars(select(KnownDevice).where(KnownDevice.ended_at.is_(None))).all()
        night = later + HOUR
        factor_request = asked(session, now=night)
        for code in (officer.code(night), officer.codes[3]):
            assert problem(typed(session, factor_request, code, now=night)) == "wrong_factor"
        assert device_of(typed(session, factor_request, pyotp.TOTP(new).at(night), now=night))
        assert session.get_one(SecondFactor, old.id).sealed == ""


def test_the_secret_is_encrypted_at_rest_and_its_address_names_the_city(
    database: Database,
) -> None:
    with database.transaction() as session:
        officer = enrolled(session)
        factor = totp.find_factor(session, person_id=officer.person.id)
        assert factor is not None
        assert officer.secret not in factor.sealed
        address = totp.otpauth_address(factor, VAULT, login=MAIL, issuer="Nagarvani PMC")
        assert re.fullmatch(
            rf"otpauth://totp/Nagarvani%20PMC:first(@|%40)pmc\.example\?secret={officer.secret}"
            r"&issuer=Nagarvani%20PMC",
            address,
        )
