"""The verdict finds duplicates, losses and unapproved posts in manipulated ledgers and rows."""

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
from tests.crash.clock_installation import ClockInstallation
from tests.crash.verdict import explain, judge
from tests.support import kept_rows

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def published(installation: ClockInstallation) -> ClockInstallation:
    """Publish three posts without a problem."""
    installation.add_posts(3, on=["x"])
    installation.drain()
    verdict = judge(installation)
    assert (verdict.posts, verdict.published, verdict.is_clean) == (3, 3, True), explain(
        installation
    )
    return installation


def _first_delivery(session: Session) -> Delivery:
    return session.get_one(Delivery, 1)


def test_a_second_copy_is_a_duplicate(published: ClockInstallation) -> None:
    with published.database.reading() as session:
        outgoing = outgoing_text.outgoing_text(_first_delivery(session).variant)
    published.post_by_hand(outgoing)
    verdict = judge(published)
    assert (verdict.duplicates, verdict.losses, verdict.unapproved) == (1, 0, 0)
    assert "2 times out there" in explain(published)


def test_words_that_nobody_approved_are_seen(published: ClockInstallation) -> None:
    published.post_by_hand("कोणी मंजूर न केलेला मजकूर")
    verdict = judge(published)
    assert (verdict.duplicates, verdict.losses, verdict.unapproved) == (0, 0, 1)
    assert "never approved" in explain(published)


def test_a_picture_that_nobody_approved_is_seen(published: ClockInstallation) -> None:
    """A live post has another number of pictures than its approval."""
    with published.database.transaction() as session:
        variant = _first_delivery(session).variant
        rendition = Rendition(position=1, sha256="0" * 64, source_sha256="0" * 64, mime="image/png")
        rendition.width, rendition.height = 800, 600
        variant.renditions.append(rendition)
    verdict = judge(published)
    assert (verdict.duplicates, verdict.losses, verdict.unapproved, verdict.pictured) == (
        0,
        0,
        1,
        1,
    )
    assert "never approved" in explain(published)


@pytest.mark.parametrize("what", ["another digest", "withdrawn", "out of office", "shut out"])
def test_an_approval_that_did_not_stand_as_it_left_is_none(
    published: ClockInstallation, what: str
) -> None:
    before = now() - timedelta(hours=1)
    changes = {
        "another digest": update(Decision).values(digest="0" * 64),
        "withdrawn": update(Decision).values(withdrawn_at=before),
        "out of office": update(Appointment).values(from_at=before, until_at=before),
        "shut out": update(Person).values(disabled_at=before),
    }
    database = published.database
    with kept_rows.changeable(database), database.transaction() as session:
        session.execute(changes[what])
    verdict = judge(published)
    assert (verdict.duplicates, verdict.losses, verdict.unapproved) == (0, 0, 3)


@pytest.mark.parametrize("state", [DeliveryState.CLAIMED, DeliveryState.SENDING])
def test_what_comes_to_no_rest_is_lost(published: ClockInstallation, state: DeliveryState) -> None:
    with published.database.transaction() as session:
        session.execute(update(Delivery).where(Delivery.id == 1).values(state=state))
    assert judge(published).losses == 1


def test_what_is_said_to_be_published_and_is_not_out_is_lost(
    installation: ClockInstallation,
) -> None:
    installation.add_posts(3, on=["x"])
    with installation.database.transaction() as session:
        session.execute(update(Delivery).values(state=DeliveryState.PUBLISHED))
    verdict = judge(installation)
    assert (verdict.published, verdict.losses, verdict.unapproved) == (3, 3, 0)
