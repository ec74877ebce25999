from __future__ import annotations

import unicodedata
from importlib.resources import files

import pytest
from argon2 import extract_parameters
from argon2.low_level import Type

from demo.people import PASSWORDS
from publisher.auth.passwords import (
    HASHER,
    BadPassword,
    Hasher,
    accept_proof,
    check_password,
    hash_password,
    try_password,
)
from publisher.database.session import Database
from publisher.models.people import Person
from tests.support.city_people import add_department, appoint
from tests.support.passwords import CheapHasher
from tests.support.tables import each

ASHA = Person(
    name_mr="आशा कदम", name_en="Asha Kadam", mail="asha.kadam@pmc.example", mobile="+919822012345"
)


def is_right(person: Person | None, password: str, *, hasher: Hasher) -> bool:
    """Check a password and record the result, as signing in does in two steps."""
    stored_hash = person.password_hash if person is not None else None
    return accept_proof(person, try_password(stored_hash, password, hasher=hasher))


def code(password: str, **more: tuple[str, ...]) -> str | None:
    try:
        check_password(password, ASHA, **more)
    except BadPassword as problem:
        return problem.code
    return None


@each(
    "password",
    [
        "nadi-kinari-savli",
        "correct horse battery staple",
        "पाऊस पडला अंगणी",
        "nadi kinari savli 98111 22233",
        "pune rickshaw mango lamp",
        "83947261058372",
        "xk7#Qp!vR2mz",
        "मांजर आणि दोन चेंडू",
        "x7Kq2mPz" * 32,
    ],
)
def test_a_password_of_ones_own_is_taken_whatever_it_is_made_of(password: str) -> None:
    assert code(password) is None


@each("password", PASSWORDS.values())
def test_the_passwords_of_the_demo_are_taken(password: str) -> None:
    assert code(password) is None


@each(
    "password, expected",
    [
        ("asha.kadam@pmc.example", "contact"),
        ("vilas.thopate@pmc.example", "contact"),
        ("+91 98220 12345", "contact"),
        ("0 98220-12345 ", "contact"),
        ("+91 98111 22233", "contact"),
        ("020 2550 1000", "contact"),
        ("Asha Kadam @ pmc example", "context"),
        ("tel. 98 220 123 45", "context"),
        ("9822-012-345-91", "context"),
        ("a.s.h.a.k.a.d.a.m@pmc", "context"),
    ],
)
def test_no_mail_address_or_phone_number_is_a_password(password: str, expected: str) -> None:
    assert code(password) == expected


@each(
    "password, expected",
    [
        ("", "too_short"),
        ("savli-nadi1", "too_short"),
        ("x1y2z3w4" * 33, "too_long"),
        ("password1234", "common"),
        ("P@ssw0rd1234", "common"),
        ("Welcome@12345", "common"),
        ("qwertyuiop123", "common"),
        ("123456789012", "common"),
        ("aaaaaaaaaaaa", "common"),
        ("liverpool1892", "common"),
        ("jaimatadi1234", "common"),
        ("unbelievable", "common"),
        ("cat rain window bicycle", "common"),  # the examples of the pages
        ("मांजर पाऊस खिडकी सायकल", "common"),
        ("बिल्ली बारिश खिड़की साइकिल", "common"),
        ("Unbelievable!2026", "common"),
        ("123qweasdzxc", "common"),
        ("manchesterunited", "common"),
        ("administrator", "common"),
        ("abababababab", "common"),
        ("iloveyou iloveyou", "common"),
        ("JaiMaharashtra1", "common"),
        ("shivajimaharaj", "common"),
        ("ganpatibappamorya", "common"),
        ("गणपती बाप्पा मोरया", "common"),
        ("ashakadam2026", "context"),
        ("Asha.Kadam@98", "context"),
        ("आशा कदम १२३४५", "context"),
        ("9822012345asha", "context"),
        ("+919822012345", "contact"),
        ("punemahanagarpalika", "context"),
        ("Pune@Nagarvani1", "context"),
        ("pmc.example12345", "context"),
        ("पुणे महानगरपालिका", "context"),
    ],
)
def test_a_password_that_others_would_guess_is_refused(password: str, expected: str) -> None:
    assert code(password) == expected


@pytest.mark.ci
def test_the_3000_commonest_of_twelve_characters_are_refused() -> None:
    listed = files("publisher.auth").joinpath("commonest.txt").read_text("utf-8").split()
    assert len(listed) == len(set(listed)) == 3_000
    assert [password for password in listed if code(password.upper()) is None] == []


def test_the_departments_of_a_person_count_as_context(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        person = appoint(session, add_department(session, "drainageworks")).person
        for password in ("DrainageWorks1", "drainageworks@22"):
            assert code(password) is None
            with pytest.raises(BadPassword) as refused:
                check_password(password, person)
            assert refused.value.code == "context"


def test_the_city_of_the_settings_counts_as_context() -> None:
    assert code("Sangli Miraj 2026") is None
    assert code("Sangli Miraj 2026", city_words=("Sangli Miraj Kupwad",)) == "context"


def test_passwords_are_kept_by_argon2id_as_rfc_9106_asks() -> None:
    parameters = extract_parameters(HASHER.hash("nadi-kinari-savli"))
    assert parameters.type is Type.ID
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (65536, 3, 4)


def test_the_right_password_is_right_and_any_other_is_not() -> None:
    hasher, person = CheapHasher(), Person()
    person.password_hash = hash_password("पाऊस पडला अंगणी", hasher=hasher)
    assert is_right(person, "पाऊस पडला अंगणी", hasher=hasher)
    assert not is_right(person, "पाऊस पडला अंगणी ", hasher=hasher)
    assert not is_right(person, "x" * 100_000, hasher=hasher)


def test_a_password_typed_on_another_keyboard_is_the_same() -> None:
    hasher, person = CheapHasher(), Person()
    written = "café au lait-क़लम"
    person.password_hash = hash_password(unicodedata.normalize("NFC", written), hasher=hasher)
    assert is_right(person, unicodedata.normalize("NFD", written), hasher=hasher)


def test_a_hash_with_outdated_parameters_is_made_anew_at_the_next_sign_in() -> None:
    hasher, person = CheapHasher(), Person()
    person.password_hash = hash_password("nadi-kinari-savli", hasher=hasher)
    old = person.password_hash
    stronger = CheapHasher()
    stronger.argon2.__init__(time_cost=2, memory_cost=16, parallelism=1)  # type: ignore[misc]  # bound early on purpose
    assert is_right(person, "nadi-kinari-savli", hasher=stronger)
    assert person.password_hash != old
    assert is_right(person, "nadi-kinari-savli", hasher=stronger)


@pytest.mark.parametrize("person", [None, Person()])
def test_nobody_costs_as_many_hashes_as_somebody(person: Person | None) -> None:
    hasher, somebody = CheapHasher(), Person()
    somebody.password_hash = hash_password("nadi-kinari-savli", hasher=hasher)
    is_right(somebody, "not the password", hasher=hasher)
    for_somebody, hasher.verified = hasher.verified, 0
    assert not is_right(person, "not the password", hasher=hasher)
    assert hasher.verified == for_somebody == 1


def test_a_proof_of_a_password_that_was_changed_meanwhile_is_worth_nothing() -> None:
    hasher, person = CheapHasher(), Person()
    person.password_hash = hash_password("nadi-kinari-savli", hasher=hasher)
    proof = try_password(person.password_hash, "nadi-kinari-savli", hasher=hasher)
    assert accept_proof(person, proof)
    person.password_hash = hash_password("pivli-bakul-phule", hasher=hasher)
    assert not accept_proof(person, proof)
