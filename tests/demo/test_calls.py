"""The calls and the list of transfers of the demo are played alone, and once."""

from __future__ import annotations

import phonenumbers
import pytest

from demo.calls import load_calls
from demo.script import Script
from tests.demo.calls_look import CALLS
from tests.demo.conftest import City

pytestmark = pytest.mark.ci

ALONE = Script(notices={}, stories=(), comments=(), token_ends={}, has_calls=True)


def test_a_call_and_a_list_of_transfers_are_played(city: City) -> None:
    assert city.play(ALONE) == []
    with city.database.reading() as session:
        for check in CALLS:
            check(city, session)


def test_what_was_played_before_an_interruption_is_refused(city: City) -> None:
    city.play(ALONE)
    progress = city.progress()
    progress.done, progress.finished = 0, False
    progress.write()
    left_out = city.play(ALONE)
    # All but the telephone call and the reading of comments, which may happen twice.
    assert len(left_out) == progress.of - 2
    with city.database.reading() as session:
        for check in CALLS:
            check(city, session)


def test_officers_who_are_named_reach_nobody() -> None:
    for call in load_calls():
        assert call.opened < call.nominate_by
        for answer in call.answers:
            assert call.opened < answer.day < 0
            for officer in (answer.first, answer.second):
                assert not officer.mail or officer.mail.endswith(".example")
                assert not phonenumbers.is_valid_number(phonenumbers.parse(officer.mobile))
