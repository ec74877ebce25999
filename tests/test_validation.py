from __future__ import annotations

import pytest

from approvals.errors import WrongRole
from approvals.policy import CLOCK, Action, Actor, ActorKind, Role
from publisher.validation import (
    Invalid,
    NotFound,
    Validator,
    check_in_sight,
    clean_reason,
    departments_in_sight,
    person_of,
)
from tests.support.tables import each


@pytest.mark.parametrize(
    "link",
    [
        "https://pmc.gov.in/water?x=1#y",
        "http://www.pmc.gov.in",
        "https://पुणे.भारत/पाणी",
        "https://203.0.113.7:8080/",
    ],
)
def test_a_web_address_is_a_link(link: str) -> None:
    check = Validator()
    assert check.link("link", f" {link} ") == link
    assert not check.problems


@each(
    "link",
    [
        "pmc",
        "ftp://pmc.gov.in",
        "javascript:alert(1)",
        "https://",
        "https://localhost/",
        "https://pmc.gov.in/a b",
        "https://pmc.gov.in\nhttps://other.example",
        "https://pmc.gov.in@other.example/",
        "https://[::1",
        "https://pmc.gov.in:notaport/",
    ],
)
def test_anything_else_is_no_link(link: str) -> None:
    check = Validator()
    check.link("link", link)
    assert [(problem.field, problem.code) for problem in check.problems] == [("link", "not_a_link")]


def test_no_link_is_no_problem() -> None:
    check = Validator()
    assert check.link("link", "  ") == ""
    check.finish()


@pytest.mark.parametrize(
    ("text", "code", "character"),
    [
        ("पाणी\0", "control_character", "U+0000"),
        ("पाणी\u202eabc", "bidirectional_override", "U+202E"),
        ("पाणी\ud83d", "lone_surrogate", "U+D83D"),
    ],
)
def test_a_character_that_breaks_or_deceives_is_named_with_its_place(
    text: str, code: str, character: str
) -> None:
    check = Validator()
    check.text("text_mr", f"एक\n{text}", most=100)
    (problem,) = check.problems
    assert (problem.field, problem.code) == ("text_mr", code)
    assert problem.values["character"] == character
    assert problem.values["line"] == 2


def test_an_over_long_text_tells_both_lengths() -> None:
    check = Validator()
    check.text("title", "क" * 12, most=10)
    (problem,) = check.problems
    assert (problem.code, problem.values) == ("too_long", {"found": 12, "most": 10})


def test_blanks_alone_are_no_text() -> None:
    check = Validator()
    check.text("title", " \n\t", most=10, required=True)
    with pytest.raises(Invalid) as caught:
        check.finish()
    assert caught.value.codes == [("title", "required")]


def test_a_text_is_composed_and_keeps_its_paragraphs_but_a_line_does_not() -> None:
    check = Validator()
    assert check.text("text", " e\u0301\r\n\r\nb ", most=10) == "\u00e9\n\nb"
    assert check.line("title", "a\r\n  b\tc", most=10) == "a b c"


def test_a_reason_is_needed_in_words() -> None:
    assert clean_reason(" कारण ") == "कारण"
    for reason, code in (
        ("कारण\u202e", "bidirectional_override"),
        ("कारण\ufffd", "lone_surrogate"),
        ("\u202e\u200b", "required"),
    ):
        with pytest.raises(Invalid) as caught:
            clean_reason(reason)
        assert caught.value.codes == [("reason", code)]


def test_sight_reaches_as_far_as_the_role() -> None:
    cell = Actor(ActorKind.PERSON, 1, 1, Role.CELL, 9)
    officer = Actor(ActorKind.PERSON, 2, 2, Role.OFFICER, 3)
    office = Actor(ActorKind.PERSON, 3, 3, Role.OVERSIGHT, 5, line=frozenset({3, 4}))
    assert departments_in_sight(cell, Action.SEE_SUBMISSION) is None
    assert departments_in_sight(officer, Action.SEE_SUBMISSION) == frozenset({3})
    assert departments_in_sight(office, Action.SEE_SUBMISSION) == frozenset({3, 4, 5})
    with pytest.raises(NotFound):
        check_in_sight(officer, Action.SEE_SUBMISSION, [4])
    with pytest.raises(WrongRole):
        departments_in_sight(CLOCK, Action.SEE_SUBMISSION)


def test_only_a_person_has_a_persons_id() -> None:
    with pytest.raises(WrongRole):
        person_of(CLOCK)
