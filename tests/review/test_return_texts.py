"""The sentences that an officer saves for returning posts."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from approvals.policy import Actor
from publisher.database.session import Database
from publisher.models.approvals import LONGEST_TEXT
from publisher.review import return_texts
from publisher.validation import Invalid
from tests.support.city import City
from tests.support.city_people import NOON


def save_text(session: Session, actor: Actor, text: str) -> int:
    return return_texts.save(session, actor=actor, now=NOON, return_text=text).id


def texts_of(session: Session, actor: Actor) -> list[str]:
    return [text.words for text in return_texts.own_texts(session, actor=actor)]


def test_a_text_is_kept_for_the_person_alone(database: Database, town: City) -> None:
    with database.transaction() as session:
        save_text(session, town.actor("first"), "  मदत क्रमांक नमूद करावा.\n")
    with database.reading() as session:
        assert texts_of(session, town.actor("first")) == ["मदत क्रमांक नमूद करावा."]
        assert texts_of(session, town.actor("second")) == []


@pytest.mark.twin
def test_the_longest_text_in_four_byte_letters_fits_into_both_databases(
    database: Database, town: City
) -> None:
    with database.transaction() as session:
        save_text(session, town.actor("first"), "𝌆" * LONGEST_TEXT)
    with database.reading() as session:
        assert len(texts_of(session, town.actor("first"))[0]) == LONGEST_TEXT


def test_the_same_text_twice_is_kept_once(database: Database, town: City) -> None:
    with database.transaction() as session:
        first = save_text(session, town.actor("first"), "वेळ दुरुस्त करावी.")
        assert save_text(session, town.actor("first"), "वेळ दुरुस्त करावी. ") == first
        assert len(texts_of(session, town.actor("first"))) == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [(" ", "required"), ("ळ" * (LONGEST_TEXT + 1), "too_long"), ("a\0b", "control_character")],
)
def test_what_cannot_be_kept_is_told(database: Database, town: City, text: str, code: str) -> None:
    with database.transaction() as session:
        with pytest.raises(Invalid) as refusal:
            save_text(session, town.actor("first"), text)
        assert refusal.value.codes == [("words", code)]


def test_there_is_a_most(database: Database, town: City) -> None:
    with database.transaction() as session:
        for number in range(return_texts.MOST):
            save_text(session, town.actor("first"), f"मजकूर {number}")
        with pytest.raises(Invalid) as refusal:
            save_text(session, town.actor("first"), "एक जास्त")
        assert refusal.value.codes == [("words", "too_many_texts")]
        save_text(session, town.actor("second"), "दुसऱ्याचा")


def test_one_removes_ones_own_and_nobody_elses(database: Database, town: City) -> None:
    with database.transaction() as session:
        mine = save_text(session, town.actor("first"), "माझा")
        return_texts.remove(session, actor=town.actor("second"), text_id=mine)
        assert texts_of(session, town.actor("first")) == ["माझा"]
        return_texts.remove(session, actor=town.actor("first"), text_id=mine)
        assert texts_of(session, town.actor("first")) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "वेळ बदला"),
        (" \n", "वेळ बदला"),
        ("फोटो काढा", "फोटो काढा\nवेळ बदला"),
        ("वेळ बदला\nफोटो काढा", "वेळ बदला\nफोटो काढा"),
    ],
)
def test_a_chosen_text_stands_after_what_was_written(before: str, after: str) -> None:
    assert return_texts.append(before, "वेळ बदला") == after
