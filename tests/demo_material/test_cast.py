"""The invented cast."""

from __future__ import annotations

from collections import Counter, defaultdict
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

import phonenumbers

from approvals.policy import Role
from demo import cast
from publisher.people import register_data

#: Digests of the names of the circular's real signatory, which must stand nowhere.
SIGNATORY = {
    "1ad190d720465adc",
    "b65c081c775df346",
    "5fd308e95f50848e",
    "f5cb9433ec112d7a",
}


def departments_by_role() -> dict[str, Counter[Role]]:
    """How many of each role are in office in each department."""
    found: dict[str, Counter[Role]] = defaultdict(Counter)
    for person in cast.load():
        for held in person.appointments:
            if held.in_force:
                found[held.department][held.role] += 1
    return found


def shipped(folder: Traversable) -> list[Traversable]:
    """Every text file below a folder."""
    inside = [entry for entry in folder.iterdir() if entry.name != "__pycache__"]
    below = [file for entry in inside if entry.is_dir() for file in shipped(entry)]
    return below + [entry for entry in inside if entry.is_file() and ".jpg" not in entry.name]


def test_each_role_is_played() -> None:
    played = Counter(held.role for person in cast.load() for held in person.appointments)
    assert set(played) == set(Role)
    assert (played[Role.ADMIN], played[Role.CELL_LEAD], played[Role.CELL]) == (1, 1, 2)


def test_departments_have_two_officers_one_none_or_only_a_head() -> None:
    found = departments_by_role()
    officers = {code: roles[Role.OFFICER] for code, roles in found.items()}
    assert sum(count == 2 for count in officers.values()) >= 4
    assert officers["property-tax"] == 1
    assert found["fire"] == {Role.HEAD: 1, Role.MEMBER: 1}
    assert not {Role.OFFICER, Role.HEAD} & set(found["solid-waste"])
    assert len(found) >= 15
    assert len({row.code for row in register_data.load()} - set(found)) >= 40


def test_the_first_officer_comes_first_and_one_who_left_not_at_all() -> None:
    assert [person.key for person in cast.officers("water")] == ["medha-satpute", "nitin-gholap"]
    assert [person.key for person in cast.officers("drainage")] == ["sunil-pote"]
    assert cast.officers("solid-waste") == ()


def test_one_person_is_an_officer_of_two_departments() -> None:
    double = [person for person in cast.load() if len(person.appointments) > 1]
    assert [person.key for person in double] == ["ujjwala-chavanke"]
    assert {held.department for held in double[0].appointments} == {"garden", "tree"}


def test_one_officers_appointment_has_ended() -> None:
    ended = [
        person.key for person in cast.load() for held in person.appointments if not held.in_force
    ]
    assert ended == ["ramesh-dhamale"]


def test_officers_have_a_place_and_an_order_and_nobody_else_a_place() -> None:
    for person in cast.load():
        for held in person.appointments:
            assert (held.role is Role.OFFICER) == (held.place in {1, 2})
            assert held.order or held.role in {Role.HEAD, Role.MEMBER}
            assert held.since_days < (held.until_days or 0)


def test_every_appointment_is_in_a_department_of_the_register() -> None:
    codes = {row.code for row in register_data.load()}
    assert set(departments_by_role()) <= codes


def test_names_mails_and_mobile_numbers_are_not_shared() -> None:
    people = cast.load()
    for values in (
        {person.key for person in people},
        {person.name_mr for person in people},
        {person.mail for person in people},
        {person.mobile for person in people},
    ):
        assert len(values) == len(people)


def test_a_key_is_the_english_name_and_the_mail_can_never_arrive() -> None:
    for person in cast.load():
        assert person.key == person.name_en.lower().replace(" ", "-")
        assert person.mail.endswith(".example")


def test_mobile_numbers_can_be_typed_but_belong_to_nobody() -> None:
    for person in cast.load():
        typed = phonenumbers.parse(person.mobile.removeprefix("+91"), "IN")
        written = phonenumbers.format_number(typed, phonenumbers.PhoneNumberFormat.E164)
        assert written == person.mobile
        assert phonenumbers.is_possible_number(typed)
        assert not phonenumbers.is_valid_number(typed)


def test_each_role_has_a_password_of_its_own_that_is_long_and_says_nothing_of_the_house() -> None:
    assert set(cast.PASSWORDS) == set(Role)
    assert len(set(cast.PASSWORDS.values())) == len(Role)
    names = {part for person in cast.load() for part in person.key.split("-")}
    for password in cast.PASSWORDS.values():
        assert len(password) >= 12
        assert not {"pune", "pmc", "nagar", "nagarvani"} & set(password.split("-"))
        assert not names & set(password.split("-"))


def test_whom_to_try_first_are_people_of_the_cast() -> None:
    assert set(cast.TO_TRY_FIRST) <= set(cast.by_key())
    assert len(set(cast.TO_TRY_FIRST)) == len(cast.TO_TRY_FIRST)


def test_the_circulars_real_signatory_stands_nowhere() -> None:
    found = shipped(files("demo")) + shipped(files("publisher.people.register_data"))
    assert len(found) > 25
    for file in found:
        if not file.name.endswith(".pyc"):
            words = file.read_text(encoding="utf-8").lower().replace(".", " ").replace(")", " ")
            digests = {sha256(word.encode()).hexdigest()[:16] for word in words.split()}
            assert not digests & SIGNATORY, file.name
