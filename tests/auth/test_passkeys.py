"""Passkeys: made, used after the password and for a fresh sign-in, and ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.errors import FreshFactorRequired, FreshSignInRequired
from approvals.policy import FRESH
from publisher.auth import own_passkeys, passkeys, recovery_codes, second_factors, session_start
from publisher.auth.known_devices import Visitor
from publisher.auth.passkeys import PasskeyAnswer, PasskeySite
from publisher.auth.refusals import SignInProblem, SignInRefusal
from publisher.auth.session_start import FactorRequest, SignedIn
from publisher.auth.sessions import NotYours, peek, session_actor
from publisher.database.session import Database
from publisher.delivery.accounts.credentials import Vault
from publisher.models.notifications import Notice
from publisher.models.people import Link, Person, SignIn
from publisher.models.second_factors import Passkey
from tests.support.authenticator import Authenticator
from tests.support.city_people import MINUTE, NOON, add_department, appoint
from tests.support.passwords import PASSWORD, signed_in_as, with_password
from tests.support.tables import each

MAIL = "first@pmc.example"
VAULT = Vault("a key that only these tests know, and that is long enough", ())
SITE = PasskeySite("nagarvani.example", "https://nagarvani.example")
LATER = NOON + MINUTE


@dataclass
class Owner:
    """An officer who has signed in, at `NOON`, and the device with the passkey."""

    session: Session
    person: Person
    signed_in: SignedIn
    device: Authenticator = field(default_factory=Authenticator)

    def options_to_make(self, *, now: datetime = NOON) -> str:
        return passkeys.options_to_make(
            self.session, site=SITE, sign_in=self.signed_in.sign_in, now=now
        )

    def add(self, credential: str, *, now: datetime = NOON) -> list[str] | SignInRefusal:
        sign_in = self.signed_in.sign_in
        return own_passkeys.add(
            self.session,
            actor=session_actor(self.session, sign_in, now=now),
            sign_in_id=sign_in.id,
            name="माझा फोन",
            answer=PasskeyAnswer(credential, SITE),
            sealer=VAULT,
            now=now,
        )

    def make(self) -> list[str]:
        codes = self.add(self.device.make(self.options_to_make()))
        assert isinstance(codes, list)
        return codes

    def waiting(self, *, now: datetime = LATER) -> tuple[FactorRequest, Link]:
        """Type the password on a new device."""
        request = signed_in_as(self.session, MAIL, PASSWORD, now=now)
        assert isinstance(request, FactorRequest), request
        link = session_start.waiting(self.session, factor_request=request, now=now)
        assert link is not None
        return request, link

    def options_to_use(self, subject: SignIn | Link, *, now: datetime = LATER) -> str:
        return passkeys.options_to_use(self.session, site=SITE, subject=subject, now=now)

    def confirm(
        self, request: FactorRequest, credential: str, *, now: datetime = LATER
    ) -> SignedIn | SignInRefusal:
        return session_start.confirm_passkey(
            self.session,
            factor_request=request,
            answer=PasskeyAnswer(credential, SITE),
            visitor=Visitor("203.0.113.7", "Firefox", "", False),
            now=now,
        )

    def sign_in(self, *, now: datetime = LATER) -> SignedIn | SignInRefusal:
        """Type the password, and use the passkey."""
        request, link = self.waiting(now=now)
        return self.confirm(request, self.device.use(self.options_to_use(link, now=now)), now=now)

    def prove(self, credential: str, *, now: datetime) -> SignInRefusal | None:
        return own_passkeys.prove(
            self.session,
            sign_in_id=self.signed_in.sign_in.id,
            answer=PasskeyAnswer(credential, SITE),
            now=now,
        )


def owner_of(session: Session) -> Owner:
    """Appoint an officer, who signs in."""
    department = add_department(session, "water")
    person = with_password(session, appoint(session, department, mail=MAIL).person)
    signed_in = signed_in_as(session, MAIL, now=NOON)
    assert isinstance(signed_in, SignedIn)
    return Owner(session, person, signed_in)


def problem(outcome: object) -> SignInProblem:
    assert isinstance(outcome, SignInRefusal), outcome
    return outcome.code


def test_a_passkey_is_the_second_factor_after_the_password(database: Database) -> None:
    with database.transaction() as session:
        owner = owner_of(session)
        assert len(owner.make()) == 10
        outcome = owner.sign_in()
        assert isinstance(outcome, SignedIn)
        assert outcome.sign_in.factor_at == LATER
        present = peek(session, token=outcome.token, now=LATER)
        assert present is not None
        assert present.actor.has_factor
        assert session.scalars(select(Passkey)).one().used_at == LATER
        told = session.scalars(select(Notice).where(Notice.person_id == owner.person.id)).all()
        assert any("passkey added" in notice.body or "पासकी" in notice.body for notice in told)


def test_a_second_passkey_keeps_the_recovery_codes_and_each_signs_in(database: Database) -> None:
    with database.transaction() as session:
        owner = owner_of(session)
        owner.make()
        first, owner.device = owner.device, Authenticator()
        assert owner.make() == []
        assert recovery_codes.number_left(session, person_id=owner.person.id) == 10
        assert isinstance(owner.sign_in(), SignedIn)
        owner.device = first
        assert isinstance(owner.sign_in(now=LATER + MINUTE), SignedIn)


def test_a_recovery_code_stands_in_for_a_passkey(database: Database) -> None:
    with database.transaction() as session:
        owner = owner_of(session)
        codes = owner.make()
        request, _link = owner.waiting()
        outcome = session_start.confirm_factor(
            session,
            factor_request=request,
            code=codes[0],
            sealer=VAULT,
            visitor=Visitor("203.0.113.7", "Firefox", "", False),
            now=LATER,
        )
        assert isinstance(outcome, SignedIn)


@pytest.mark.twin
def test_a_challenge_counts_once(database: Database) -> None:
    with database.transaction() as session:
        owner = owner_of(session)
        made = owner.device.make(owner.options_to_make())
        assert isinstance(owner.add(made), list)
        owner.device.credential_id = b"another passkey of the same challenge"
        assert problem(owner.add(made)) == "wrong_passkey"
        now = NOON + 2 * MINUTE
        options = owner.options_to_use(owner.signed_in.sign_in, now=now)
        device = owner.device = Authenticator()
        assert isinstance(owner.add(device.make(owner.options_to_make(now=now)), now=now), list)
        assert owner.prove(device.use(options), now=now) is None
        assert problem(owner.prove(device.use(options), now=now)) == "wrong_passkey"


def test_a_challenge_is_bound_to_its_sign_in_and_holds_five_minutes(database: Database) -> None:
    with database.transaction() as session:
        owner = owner_of(session)
        owner.make()
        request, _link = owner.waiting()
        other_request, other_link = owner.waiting(now=LATER)
        of_other = owner.device.use(owner.options_to_use(other_link))
        assert problem(owner.confirm(request, of_other)) == "wrong_passkey"
        of_session = owner.device.use(owner.options_to_use(owner.signed_in.sign_in))
        assert problem(owner.confirm(request, of_session)) == "wrong_passkey"
        late = LATER + 5 * MINUTE
        in_time = owner.device.use(owner.options_to_use(other_link))
        assert problem(owner.confirm(other_request, in_time, now=late)) == "wrong_passkey"


def test_a_passkey_of_another_site_is_refused(database: Database) -> None:
    with database.transaction() as session:
        owner = owner_of(session)
        owner.make()
        for origin, rp_id in (
            ("https://nagarvani.example.evil.example", "nagarvani.example"),
            ("https://nagarvani.example", "evil.example"),
        ):
            other = Authenticator(origin, rp_id)
            assert problem(owner.add(other.make(owner.options_to_make()))) == "wrong_passkey"
            own = owner.device
            other.key, other.credential_id = own.key, own.credential_id
            request, link = owner.waiting()
            used = other.use(owner.options_to_use(link))
            assert problem(owner.confirm(request, used)) == "wrong_passkey"
        assert len(session.scalars(select(Passkey)).all()) == 1


def test_a_signature_counter_that_goes_back_is_refused(database: Database) -> None:
    with database.transaction() as session:
        owner = owner_of(session)
        owner.device.sign_count = 7
        owner.make()
        assert isinstance(owner.sign_in(), SignedIn)
        owner.device.sign_count -= 1  # as a copy of the device would
        assert problem(owner.sign_in(now=LATER + MINUTE)) == "wrong_passkey"
        owner.device.sign_count = 20
        assert isinstance(owner.sign_in(now=LATER + 2 * MINUTE), SignedIn)


def test_the_lock_of_the_device_is_needed_to_make_and_to_use(database: Database) -> None:
    with database.transaction() as session:
        owner = owner_of(session)
        owner.device.asks_lock = False
        made = owner.device.make(owner.options_to_make())
        assert problem(owner.add(made)) == "wrong_passkey"
        owner.device.asks_lock = True
        owner.make()
        owner.device.asks_lock = False
        assert problem(owner.sign_in()) == "wrong_passkey"


def test_the_key_of_another_person_is_refused(database: Database) -> None:
    with database.transaction() as session:
        owner = owner_of(session)
        owner.make()
        request, link = owner.waiting()
        owner.device.key = Authenticator().key
        used = owner.device.use(owner.options_to_use(link))
        assert problem(owner.confirm(request, used)) == "wrong_passkey"
        unknown = Authenticator().use(owner.options_to_use(link))
        assert problem(owner.confirm(request, unknown)) == "wrong_passkey"


@pytest.mark.parametrize("credential", ["", "[]", '{"id": 1}', "{", '"text"', "\0", "𝟘"])
def test_what_no_browser_answers_is_refused(database: Database, credential: str) -> None:
    with database.transaction() as session:
        owner = owner_of(session)
        assert problem(owner.add(credential)) == "wrong_passkey"
        owner.make()
        request, _link = owner.waiting()
        assert problem(owner.confirm(request, credential)) == "wrong_passkey"


def test_a_passkey_is_a_fresh_sign_in_with_the_factor(database: Database) -> None:
    with database.transaction() as session:
        owner = owner_of(session)
        owner.make()
        sign_in, now = owner.signed_in.sign_in, NOON + FRESH + MINUTE
        present = peek(session, token=owner.signed_in.token, now=now)
        assert present is not None
        with pytest.raises(FreshFactorRequired):
            second_factors.require_fresh(present.actor, now=now)
        assert (
            owner.prove(owner.device.use(owner.options_to_use(sign_in, now=now)), now=now) is None
        )
        present = peek(session, token=owner.signed_in.token, now=now)
        assert present is not None
        second_factors.require_fresh(present.actor, now=now)


def test_making_and_ending_need_a_fresh_sign_in_and_ending_the_owner(database: Database) -> None:
    with database.transaction() as session:
        owner = owner_of(session)
        late = NOON + FRESH + timedelta(seconds=1)
        with pytest.raises(FreshSignInRequired):
            owner.add(owner.device.make(owner.options_to_make(now=late)), now=late)
        owner.make()
        passkey = session.scalars(select(Passkey)).one()
        actor = session_actor(session, owner.signed_in.sign_in, now=NOON)
        other = appoint(session, add_department(session, "road"), mail="other@pmc.example").person
        with pytest.raises(NotYours):
            own_passkeys.end(session, actor=actor, person=other, passkey_id=passkey.id, now=NOON)
        own_passkeys.end(session, actor=actor, person=owner.person, passkey_id=passkey.id, now=NOON)
        assert recovery_codes.number_left(session, person_id=owner.person.id) == 0
        assert isinstance(signed_in_as(session, MAIL, PASSWORD, now=LATER), SignedIn)


def test_a_lost_factor_ends_the_passkeys_too(database: Database) -> None:
    with database.transaction() as session:
        owner = owner_of(session)
        owner.make()
        actor = session_actor(session, owner.signed_in.sign_in, now=NOON)
        second_factors.end(session, actor=actor, person=owner.person, now=NOON)
        assert not passkeys.list_passkeys(session, person_id=owner.person.id)


@each(
    "base_url, origin",
    [
        ("https://nagarvani.example", "https://nagarvani.example"),
        ("https://Desk.PMC.example:443/", "https://desk.pmc.example"),
        ("https://desk.pmc.example:8443", "https://desk.pmc.example:8443"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.1:8000", None),
        ("https://10.1.2.3", None),
        ("https://[::1]:8000", None),
        ("http://nagarvani.example", None),
    ],
)
def test_passkeys_need_a_named_host(base_url: str, origin: str | None) -> None:
    site = passkeys.passkey_site(base_url)
    assert (site.origin if site is not None else None) == origin
