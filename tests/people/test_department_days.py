"""A department is offered and taken from its first to its last day, by the city's date."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time

import pytest

from approvals.policy import Role
from publisher.auth.contact_details import BadPerson
from publisher.delivery.accounts import manage
from publisher.delivery.accounts.manage import AccountSettings
from publisher.drafting import snippets
from publisher.drafting.snippets import SnippetDraft
from publisher.intake import persistence, submit
from publisher.intake.persistence import store_form
from publisher.models.desk import TextPart
from publisher.people import appointments
from publisher.people.departments import departments_in_force
from publisher.reports.weekly import weekly_report
from publisher.validation import Invalid
from publisher.working_time import from_local
from tests.support.city import City
from tests.support.forms import form

LAST_DAY = date(2026, 11, 26)
FIRST_DAY = date(2026, 11, 28)
AFTER_MIDNIGHT = from_local(date(2026, 11, 27), time(0, 30))
"""In UTC this is 19:00 on the last day of one department; the other begins a day later."""

JUST_INSIDE = {
    "ended": from_local(LAST_DAY, time(23, 59)),
    "coming": from_local(FIRST_DAY, time(0, 1)),
}


@pytest.fixture
def dated(town: City) -> City:
    """Return a city with a ward office that ends, and one that begins two days later."""
    town.add_department("ended", kind="ward-office", until_on=LAST_DAY)
    town.add_department("coming", kind="ward-office", from_on=FIRST_DAY)
    return town


def assign(town: City, department: int, now: datetime) -> None:
    comment_id = town.comment()
    town.clock.at = now
    code = next(code for code, key in town.departments.items() if key == department)
    town.assign(comment_id, code)


def hand_in(town: City, department: int, now: datetime) -> None:
    times = {"wished_at": None, "useful_until": None, "brought_by": "किरण"}
    _submit(town, now, department_id=department, **times)


def name_as_ward(town: City, department: int, now: datetime) -> None:
    _submit(town, now, wards=(department,), wished_at=None, useful_until=None, brought_by="किरण")


def _submit(town: City, now: datetime, **fields: object) -> None:
    with town.write() as session:
        submit.create_submission(
            session,
            actor=town.actor("clerk"),
            now=now,
            city_code="PMC",
            stored_form=store_form(town.store, form(town, **fields)),
        )


def make_snippet(town: City, department: int, now: datetime) -> None:
    with town.write() as session:
        snippets.make(session, actor=town.actor("clerk"), now=now, form=_snippet(department))


def _snippet(department: int) -> SnippetDraft:
    return SnippetDraft(
        part=TextPart.WHOLE, name="पाणी", text_mr="पाणी नाही.", department_id=department
    )


def open_account(town: City, department: int, now: datetime) -> None:
    owner = town.departments["information-technology"]
    town.clock.at = now  # a fresh sign-in is needed
    with town.write() as session:
        manage.change(
            session,
            actor=town.actor("admin"),
            now=now,
            account_id=town.accounts["x"],
            choice=AccountSettings("पुणे", owner, open_to=[department]),
        )


def appoint(town: City, department: int, now: datetime) -> None:
    with town.write() as session:
        appointments.record_person(
            session,
            actor=town.actor("admin"),
            now=now,
            name_mr="नवीन",
            name_en="",
            designation="",
            mail="new@pmc.example",
            mobile="",
            role=Role.MEMBER,
            department_id=department,
        )


Act = Callable[[City, int, datetime], None]
REFUSALS: dict[Act, tuple[str, str]] = {
    assign: ("department", "unknown_department"),
    hand_in: ("department_id", "closed"),
    name_as_ward: ("wards", "unknown_ward"),
    make_snippet: ("department_id", "unknown_department"),
    open_account: ("department_id", "unknown_department"),
    appoint: ("department_id", "closed"),
}


def codes_of(error: Exception) -> list[tuple[str, str]]:
    """Return the field and code of each error."""
    if isinstance(error, BadPerson):
        return [(error.field, error.code)]
    assert isinstance(error, Invalid)
    return error.codes


@pytest.mark.parametrize("code", ["ended", "coming"])
@pytest.mark.parametrize("act", REFUSALS, ids=lambda act: act.__name__)
def test_a_department_is_not_taken_after_midnight_outside_its_days(
    dated: City, act: Act, code: str
) -> None:
    with pytest.raises((Invalid, BadPerson)) as refused:
        act(dated, dated.departments[code], AFTER_MIDNIGHT)
    assert codes_of(refused.value) == [REFUSALS[act]]


@pytest.mark.parametrize("code", ["ended", "coming"])
@pytest.mark.parametrize("act", REFUSALS, ids=lambda act: act.__name__)
def test_a_department_is_taken_in_the_last_and_first_minute_of_its_days(
    dated: City, act: Act, code: str
) -> None:
    act(dated, dated.departments[code], JUST_INSIDE[code])


@pytest.mark.twin
def test_every_list_follows_the_citys_day(dated: City) -> None:
    offered = {}
    for now in (JUST_INSIDE["ended"], AFTER_MIDNIGHT, JUST_INSIDE["coming"]):
        with dated.read() as session:
            report = weekly_report(session, actor=dated.actor("clerk"), now=now)
            offered[now] = [
                {department.code for department in listed} & {"ended", "coming"}
                for listed in (
                    departments_in_force(session, now=now),
                    persistence.ward_offices(session, now=now),
                    [office for office, _tally in report.departments],
                )
            ]
    assert list(offered.values()) == [[{"ended"}] * 3, [set()] * 3, [{"coming"}] * 3]


def test_a_department_that_an_account_has_already_may_stay(dated: City) -> None:
    ended = dated.departments["ended"]
    open_account(dated, ended, JUST_INSIDE["ended"])
    open_account(dated, ended, AFTER_MIDNIGHT)


def test_a_department_that_a_text_has_already_may_stay(dated: City) -> None:
    snippet = _snippet(dated.departments["ended"])
    with dated.write() as session:
        actor = dated.actor("clerk")
        text = snippets.make(session, actor=actor, now=JUST_INSIDE["ended"], form=snippet)
        snippets.change(
            session,
            actor=actor,
            now=AFTER_MIDNIGHT,
            text_id=text.id,
            seen_version=1,
            form=replace(snippet, name="पाणी बंद"),
        )
        assert text.version == 2
