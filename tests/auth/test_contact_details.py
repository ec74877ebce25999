from __future__ import annotations

import pytest

from publisher.auth.contact_details import (
    BadPerson,
    read_identifier,
    read_line,
    read_mail,
    read_mobile,
)
from tests.support.tables import each


@pytest.mark.parametrize(
    "spelling",
    [
        "9822012345",
        "98220 12345",
        "098220-12345",
        "+91 98220 12345",
        "0091 98220 12345",
        "919822012345",
        "९८२२० १२३४५",
    ],
)
def test_a_mobile_number_in_any_usual_spelling_becomes_one(spelling: str) -> None:
    assert read_mobile(spelling) == "+919822012345"
    assert read_identifier(spelling) == "+919822012345"


def test_a_number_that_india_gives_to_nobody_can_be_recorded() -> None:
    assert read_mobile("+915550000101") == "+915550000101"


def test_a_foreign_mobile_can_be_recorded() -> None:
    assert read_mobile("+44 7911 123456") == "+447911123456"


@pytest.mark.parametrize(
    ("spelling", "code"),
    [
        ("982201234", "unreadable"),
        ("98220123456", "unreadable"),
        ("water", "unreadable"),
        ("9822012345 ext 5", "unreadable"),
        ("+44 12", "unreadable"),
        ("1" * 300, "unreadable"),
        ("020-25501000", "landline"),
    ],
)
def test_what_is_no_mobile_number_is_refused(spelling: str, code: str) -> None:
    with pytest.raises(BadPerson) as refused:
        read_mobile(spelling)
    assert (refused.value.field, refused.value.code) == ("mobile", code)


def test_a_mail_address_is_kept_in_lower_case() -> None:
    assert read_mail(" Asha.Kadam@PMC.Example ") == "asha.kadam@pmc.example"


@each(
    "address",
    [
        "asha",
        "asha@",
        "@pmc.example",
        "a b@pmc.example",
        "asha@pmc",
        "a..b@pmc.example",
        "asha@pmc.example\nBcc: all@pmc.example",
        "a" * 65 + "@pmc.example",
        "आशा@pmc.example",
        "a@" + "b." * 130 + "example",
    ],
)
def test_what_is_no_mail_address_is_refused(address: str) -> None:
    with pytest.raises(BadPerson) as refused:
        read_mail(address)
    assert (refused.value.field, refused.value.code) == ("mail", "unreadable")
    assert read_identifier(address) is None


def test_nothing_typed_is_no_address() -> None:
    assert read_mail("  ") is None
    assert read_mobile(None) is None
    assert read_identifier("") is None


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "missing"),
        ("आ" * 11, "too_long"),
        ("आशा\u202eकदम", "unreadable"),
        ("a\0b", "unreadable"),
    ],
)
def test_a_name_that_cannot_be_stored_is_refused(name: str, code: str) -> None:
    with pytest.raises(BadPerson) as refused:
        read_line("name_mr", name, longest=10, needed=True)
    assert refused.value.code == code


def test_a_name_is_one_line_without_stray_spaces() -> None:
    assert read_line("name_mr", "  आशा \n कदम ", longest=20) == "आशा कदम"
