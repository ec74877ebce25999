"""The judge sees what it is there to see: a ledger and rows that somebody has spoilt."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from publisher.content_checks import outgoing_text
from publisher.models.deliveries import Delivery
from publisher.models.people import Appointment, Person
from publisher.models.posts import Decision, Rendition
from publisher.now import now
from publisher.states import DeliveryState
from tests.crash.house import House
from tests.crash.verdict import explain, judge

pytestmark = [pytest.mark.proof, pytest.mark.timeout(300)]


@pytest.fixture
def sent(installation: House) -> House:
    """Three posts that left as they should."""
    installation.posts(3, on=["x"])
    installation.drain()
    verdict = judge(installation)
    assert (verdict.posts, verdict.published, verdict.is_clean) == (3, 3, True), explain(
        installation
    )
    return installation


def _first(session: Session) -> Delivery:
    return session.get_one(Delivery, 1)


def test_a_second_copy_is_a_duplicate(sent: House) -> None:
    with sent.database.reading() as session:
        outgoing = outgoing_text.outgoing_text(_first(session).variant)
    sent.post_as_a_person(outgoing)
    verdict = judge(sent)
    assert (verdict.duplicates, verdict.losses, verdict.unapproved) == (1, 0, 0)
    assert "2 times out there" in explain(sent)


def test_words_that_nobody_approved_are_seen(sent: House) -> None:
    sent.post_as_a_person("कोणी मंजूर न केलेला मजकूर")
    verdict = judge(sent)
    assert (verdict.duplicates, verdict.losses, verdict.unapproved) == (0, 0, 1)
    assert "never approved" in explain(sent)


def test_a_picture_that_nobody_approved_is_seen(sent: House) -> None:
    """A text that is out with another number of pictures than it was approved with."""
    with sent.database.transaction() as session:
        variant = _first(session).variant
        rendition = Rendition(position=1, sha256="0" * 64, source_sha256="0" * 64, mime="image/png")
        rendition.width, rendition.height = 800, 600
        variant.renditions.append(rendition)
    verdict = judge(sent)
    assert (verdict.duplicates, verdict.losses, verdict.unapproved, verdict.pictured) == (
        0,
        0,
        1,
        1,
    )
    assert "never approved" in explain(sent)


@pytest.mark.parametrize("what", ["another digest", "withdrawn", "out of office", "shut out"])
def test_an_approval_that_did_not_stand_as_it_left_is_none(sent: House, what: str) -> None:
    before = now() - timedelta(hours=1)
    changes = {
        "another digest": update(Decision).values(digest="0" * 64),
        "withdrawn": update(Decision).values(withdrawn_at=before),
        "out of office": update(Appointment).values(from_at=before, until_at=before),
        "shut out": update(Person).values(disabled_at=before),
    }
    with sent.database.transaction() as session:
        session.execute(changes[what])
    verdict = judge(sent)
    assert (verdict.duplicates, verdict.losses, verdict.unapproved) == (0, 0, 3)


@pytest.mark.parametrize("state", [DeliveryState.CLAIMED, DeliveryState.SENDING])
def test_what_comes_to_no_rest_is_lost(sent: House, state: DeliveryState) -> None:
    with sent.database.transaction() as session:
        session.execute(update(Delivery).where(Delivery.id == 1).values(state=state))
    assert judge(sent).losses == 1


def test_what_is_said_to_be_published_and_is_not_out_is_lost(installation: House) -> None:
    installation.posts(3, on=["x"])
    with installation.database.transaction() as session:
        session.execute(update(Delivery).values(state=DeliveryState.PUBLISHED))
    verdict = judge(installation)
    assert (verdict.published, verdict.losses, verdict.unapproved) == (3, 3, 0)
