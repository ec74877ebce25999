"""The head of the office above names two officers by a letter on paper, where no code reaches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import inspect, select

from approvals.errors import WrongRole
from publisher.auth.one_time_links import LinkSpent
from publisher.models.history import Event
from publisher.models.nominations import Nomination, NominationCall, NominationLetter
from publisher.models.people import Appointment, Person
from publisher.nominations import calls as call_acts
from publisher.nominations import nominate, office_letters
from publisher.nominations.calls import AnsweredAlready, CallOver
from publisher.nominations.named_officers import OfficersNamed
from publisher.nominations.nominate import AlreadyNamed, PlacesHeld
from publisher.nominations.office_letters import (
    LetterProblem,
    NoLetterNeeded,
    OfficeAboveNotSet,
    OfficesChanged,
)
from publisher.people import confirmation
from publisher.people.confirmation import MayNotConfirm
from publisher.people.personal_links import LinkCodeProblem
from publisher.validation import Invalid
from tests.nominations.letter_steps import Letters
from tests.nominations.steps import FIRST, NAMED, SECOND, Calls, states, with_second
from tests.people.test_concurrent_changes import run_at_once
from tests.support.city_people import note_writer, record_by


@pytest.fixture
def letters(calls: Calls) -> Letters:
    """The garden department without a head reports to health, which has one; it is called."""
    steps = Letters(calls)
    steps.set_office_above("health")
    calls.open()
    return steps


def test_what_is_named_is_a_proposal_of_the_head_above(letters: Letters) -> None:
    calls, city = letters.calls, letters.calls.city
    ids = letters.name(letters.printed())
    officers = calls.officers()
    assert states(officers) == ["recorded", "recorded"]
    assert {row.recorded_by_id for row in officers} == {city.people["health_head"]}
    assert {row.printed_by_id for row in officers} == {city.people["lead"]}
    assert calls.addressee().answered_at == city.now
    assert calls.notices("invitation") == []
    calls.confirm(*ids)
    assert states(calls.officers()) == ["confirmed", "confirmed"]


def test_the_history_names_channel_and_printer(letters: Letters) -> None:
    city = letters.calls.city
    first_id, _second_id = letters.name(letters.printed())
    garden = city.departments["garden"]
    assert city.verbs("departments", garden)[-1] == "name_officers_on_paper"
    assert city.verbs("call_addressees", letters.calls.addressee().id) == ["print_letter"]
    with city.read() as session:
        query = select(Event).where(Event.subject == "appointments", Event.subject_id == first_id)
        event = session.scalars(query).one()
        assert event.details["channel"] == "paper"
        assert event.person_id == city.people["health_head"]


def test_an_office_without_a_head_on_record_gets_the_letter_too(letters: Letters) -> None:
    letters.set_office_above("road")
    letters.name(letters.printed())
    officers = letters.calls.officers()
    assert {row.recorded_by_id for row in officers} == {None}
    assert {row.printed_by_id for row in officers} == {letters.calls.city.people["lead"]}
    with letters.calls.city.read() as session:
        nomination = session.scalars(select(Nomination)).one()
        assert nomination.head_id is None
        assert nomination.letter_id is not None


def confirm(calls: Calls, by: str, *ids: int) -> None:
    with calls.city.write() as session:
        digests = {key: confirmation.digest_of(session.get_one(Appointment, key)) for key in ids}
        actor = calls.city.actor(by)
        confirmation.confirm(session, actor=actor, now=calls.city.now, digests=digests)


@pytest.mark.parametrize("office", ["health", "road"])
def test_who_printed_the_letter_is_not_the_second_person(letters: Letters, office: str) -> None:
    """Also not once somebody else of the staff has changed an address, and counts as recorder."""
    calls, city = letters.calls, letters.calls.city
    letters.set_office_above(office)
    ids = letters.name(letters.printed(by="lead"))
    with city.write() as session:
        for key in ids:
            note_writer(session, key, city.people["clerk"])
    with city.read() as session:
        assert confirmation.waiting_for(session, city.actor("lead"), now=city.now) == []
    with pytest.raises(MayNotConfirm):
        confirm(calls, "lead", *ids)
    assert states(calls.officers()) == ["recorded", "recorded"]
    confirm(calls, "admin", *ids)
    assert states(calls.officers()) == ["confirmed", "confirmed"]


def test_whom_the_printer_appointed_is_not_the_second_person_either(letters: Letters) -> None:
    calls, city = letters.calls, letters.calls.city
    ids = letters.name(letters.printed(by="admin"))
    with city.write() as session:
        record_by(session, city.appointments["lead"], city.people["admin"])
    with pytest.raises(MayNotConfirm):
        confirm(calls, "lead", *ids)


def test_the_head_who_proposed_does_not_confirm(letters: Letters) -> None:
    ids = letters.name(letters.printed())
    with pytest.raises(MayNotConfirm):
        confirm(letters.calls, "health_head", *ids)


def test_neither_link_nor_code_is_stored(letters: Letters) -> None:
    letter = letters.printed()
    with letters.calls.city.read() as session:
        row = session.scalars(select(NominationLetter)).one()
        columns = inspect(NominationLetter).column_attrs
        stored = " ".join(str(getattr(row, column.key)) for column in columns)
        events = " ".join(str(event.details) for event in session.scalars(select(Event)))
    for secret in (letter.token, letter.code):
        assert secret not in stored
        assert secret not in events


@pytest.mark.parametrize("spelling", ["{}", "{} ", "  {:.4}  {:.4} ", "digits"])
def test_the_code_is_read_with_spaces_and_in_devanagari_digits(
    letters: Letters, spelling: str
) -> None:
    letter = letters.printed()
    code = letter.code
    if spelling == "digits":
        typed = " ".join(code).translate(str.maketrans("0123456789", "०१२३४५६७८९"))
    else:
        typed = f" {code[:4]}  {code[4:]} " if ":" in spelling else spelling.format(code)
    assert letters.type_code(letter, typed) is None


@pytest.mark.parametrize("code", ["", "१", "12345678", "abcdefgh", "0" * 9000])
def test_a_wrong_code_is_refused(letters: Letters, code: str) -> None:
    letter = replace(letters.draft(), code="87654321")
    letters.store(letter)
    assert letters.type_code(letter, code) is LinkCodeProblem.WRONG


def test_five_wrong_codes_close_the_page_for_fifteen_minutes(letters: Letters) -> None:
    letter = letters.printed()
    wrong = str((int(letter.code) + 1) % 10**8).zfill(8)
    for _ in range(5):
        assert letters.type_code(letter, wrong) is LinkCodeProblem.WRONG
    assert letters.type_code(letter, letter.code) is LinkCodeProblem.THROTTLED
    letters.calls.wait(14 / 24 / 60)
    assert letters.type_code(letter, letter.code) is LinkCodeProblem.THROTTLED
    letters.calls.wait(2 / 24 / 60)
    assert letters.type_code(letter, letter.code) is None


def test_the_code_of_another_letter_is_wrong(letters: Letters) -> None:
    earlier, letter = letters.draft(), letters.printed()
    assert letters.type_code(letter, earlier.code) is LinkCodeProblem.WRONG


def test_only_the_newest_letter_works(letters: Letters) -> None:
    earlier = letters.printed()
    letter = letters.printed(by="admin")
    assert earlier.token != letter.token
    assert letters.problem(earlier) is LetterProblem.REPLACED
    with pytest.raises(LinkSpent):
        letters.name(earlier)
    letters.name(letter)
    assert {row.printed_by_id for row in letters.calls.officers()} == {
        letters.calls.city.people["admin"]
    }


def test_a_letter_of_an_earlier_call_ends_with_that_of_a_new_one(letters: Letters) -> None:
    earlier = letters.printed()
    letters.calls.open()
    letters.printed()
    assert letters.problem(earlier) is LetterProblem.REPLACED


def record_own_head(letters: Letters) -> None:
    letters.calls.head(mobile=None)


def end_head_above(letters: Letters) -> None:
    letters.calls.city.end("health_head")


def replace_head_above(letters: Letters) -> None:
    end_head_above(letters)
    letters.calls.wait(0.1)
    letters.calls.head("health", is_confirmed=False)


def close_head_above(letters: Letters) -> None:
    letters.calls.city.disable("health_head")


def move_department(letters: Letters) -> None:
    letters.set_office_above("road")


def close_call(letters: Letters) -> None:
    city = letters.calls.city
    with city.write() as session:
        call = letters.calls.addressee().call_id
        row = session.get_one(NominationCall, call)
        call_acts.close_call(session, actor=city.actor("lead"), call=row, now=city.now)


def pass_day(letters: Letters) -> None:
    letters.calls.wait(11)


ENDS = [
    record_own_head,
    end_head_above,
    replace_head_above,
    close_head_above,
    move_department,
    close_call,
    pass_day,
]


@pytest.mark.parametrize("end", ENDS)
def test_a_letter_is_over(letters: Letters, end: Callable[[Letters], None]) -> None:
    letter = letters.printed()
    assert letters.problem(letter) is None
    end(letters)
    assert letters.problem(letter) is LetterProblem.OVER
    with pytest.raises(LinkSpent):
        letters.name(letter)
    assert letters.calls.officers() == []


def test_a_letter_is_over_after_the_act(letters: Letters) -> None:
    letter = letters.printed()
    letters.name(letter)
    assert letters.problem(letter) is LetterProblem.OVER
    with pytest.raises(AlreadyNamed) as refused:
        letters.name(letter)
    assert refused.value.values["name"] == "विलास थोपटे"


def test_what_an_office_without_a_head_named_is_told_with_its_name(letters: Letters) -> None:
    letters.set_office_above("road")
    letter = letters.printed()
    letters.name(letter)
    with pytest.raises(AlreadyNamed) as refused:
        letters.name(letter)
    assert refused.value.values["name"] == "पथ विभाग"


@pytest.mark.both
def test_of_two_at_once_one_names(letters: Letters) -> None:
    letter = letters.printed()
    other = replace(NAMED, first=replace(FIRST, mobile="9822055555", mail="", name_mr="दुसरी"))

    def act(named: OfficersNamed) -> Callable[[], None]:
        def name() -> None:
            letters.name(letter, named)

        return name

    refused = run_at_once(act(NAMED), act(other))
    assert [type(problem) for problem in refused] == [AlreadyNamed]
    with letters.calls.city.read() as session:
        assert len(session.scalars(select(Nomination)).all()) == 1
    assert len(letters.calls.officers()) == 2


@pytest.mark.both
def test_of_two_printed_at_once_one_works(letters: Letters) -> None:
    drafts = [letters.draft(), letters.draft("admin")]

    def act(letter: office_letters.LetterDraft, by: str) -> Callable[[], None]:
        def store() -> None:
            letters.store(letter, by)

        return store

    assert run_at_once(act(drafts[0], "lead"), act(drafts[1], "admin")) == []
    problems = [letters.problem(letter) for letter in drafts]
    assert sorted(map(str, problems)) == ["None", "replaced"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"mobile": "020-25501000"}, ("second_mobile", "mobile_landline")),
        ({"mobile": "9800000077"}, ("second_mobile", "is_head_above")),
        ({"mail": "own@pmc.example"}, ("second_mail", "is_own_head")),
        ({"name_mr": ""}, ("second_name_mr", "required")),
    ],
)
def test_what_is_wrong_is_told_at_its_field(
    letters: Letters, changes: dict[str, str], expected: tuple[str, str]
) -> None:
    city = letters.calls.city
    letters.calls.head(mobile=None, mail="own@pmc.example")
    with city.write() as session:
        session.get_one(Person, city.people["health_head"]).mobile = "+919800000077"
    letter = letters.printed()
    with city.write() as session:
        row, named = letters.row(session, letter), with_second(**changes)
        with pytest.raises(Invalid) as refused:
            office_letters.check(session, letter=row, named=named, now=city.now)
    assert list(refused.value.codes) == [expected]
    with city.write() as session:
        office_letters.check(
            session, letter=letters.row(session, letter), named=NAMED, now=city.now
        )
    assert letters.calls.officers() == []
    letters.name(letter)


def test_a_letter_replaces_nobody_and_may_keep_both(letters: Letters) -> None:
    calls, city = letters.calls, letters.calls.city
    calls.confirm(*letters.name(letters.printed()))
    calls.wait(1)
    calls.open()
    letter = letters.printed()
    third = replace(SECOND, name_mr="नवीन अधिकारी", mobile="9822044444")
    with pytest.raises(PlacesHeld, match="रमेश मोरे"):
        letters.name(letter, replace(NAMED, second=third))
    with city.write() as session:
        row = letters.row(session, letter)
        with pytest.raises(nominate.OfficersChanged):
            office_letters.keep_officers(session, letter=row, digest="x", now=city.now)
        digest = nominate.digest_of_officers(
            nominate.officers_of(session, city.departments["garden"], now=city.now)
        )
        office_letters.keep_officers(session, letter=row, digest=digest, now=city.now)
    assert states(calls.officers()) == ["confirmed", "confirmed"]
    assert calls.addressee().answered_at == city.now
    garden = city.departments["garden"]
    assert city.verbs("departments", garden)[-1] == "keep_officers_on_paper"


def test_a_heads_own_link_ends_with_the_letter(letters: Letters) -> None:
    calls = letters.calls
    calls.head(mobile=None)
    calls.tick()
    with calls.city.read() as session:
        link_id = calls.link(session).id
    letters.name(letters.printed())
    with calls.city.read() as session:
        assert calls.link(session).id == link_id
        assert calls.link(session).ended_at is not None


def test_a_letter_is_for_departments_whose_head_no_code_reaches(letters: Letters) -> None:
    letters.calls.head()
    with pytest.raises(NoLetterNeeded):
        letters.draft()
    assert letters.draft(sends_codes=False).code


def test_a_head_with_an_account_needs_no_letter(letters: Letters) -> None:
    head_id = letters.calls.head(mobile=None)
    assert letters.draft().code
    with letters.calls.city.write() as session:
        session.get_one(Appointment, head_id).person.password_hash = "x"
    with pytest.raises(NoLetterNeeded):
        letters.draft()


def test_a_mobile_that_nobody_confirmed_does_not_count(letters: Letters) -> None:
    letters.calls.head(is_confirmed=False)
    assert letters.draft().code


def test_there_is_no_letter_without_an_office_above(letters: Letters) -> None:
    letters.set_office_above(None)
    with pytest.raises(OfficeAboveNotSet):
        letters.draft()


def test_there_is_no_letter_of_a_call_that_is_over_or_answered(letters: Letters) -> None:
    letter = letters.draft()
    letters.name(letters.printed())
    with pytest.raises(AnsweredAlready):
        letters.draft()
    with pytest.raises(AnsweredAlready):
        letters.store(letter)
    letters.calls.wait(1)
    letters.calls.open()
    pass_day(letters)
    with pytest.raises(CallOver):
        letters.draft()


def test_nothing_is_stored_if_an_office_changed_while_the_paper_was_made(letters: Letters) -> None:
    letter = letters.draft()
    record_own_head(letters)
    with pytest.raises(OfficesChanged):
        letters.store(letter)
    with letters.calls.city.read() as session:
        assert session.scalars(select(NominationLetter)).all() == []


def test_only_who_opens_calls_prints(letters: Letters) -> None:
    letter = letters.draft()
    with pytest.raises(WrongRole):
        letters.draft("clerk")
    with pytest.raises(WrongRole):
        letters.store(letter, "health_head")
