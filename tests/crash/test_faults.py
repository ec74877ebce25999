"""The platform, the database and people misbehave while real clocks work."""

from __future__ import annotations

import time
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import func, select

from approvals.errors import NotAllowed
from publisher.content_checks import outgoing_text
from publisher.delivery.accounts import manage
from publisher.models.deliveries import Attempt, Delivery
from publisher.now import now
from publisher.review import withdraw
from publisher.states import AccountState, DeliveryState
from tests.crash.house import PATIENCE, House, house
from tests.crash.verdict import judge
from tests.support.processes import Starter

pytestmark = [pytest.mark.proof, pytest.mark.timeout(900)]

ACCEPTED = ("reset_after", "hang_after", "error_after", "truncated", "no_id", "error_json_after")
NOTHING_LEFT = ("error_before", "reset_before")


@pytest.mark.parametrize("kind", ACCEPTED)
def test_a_platform_that_takes_it_and_answers_badly_gets_it_once(
    installation: House, kind: str
) -> None:
    installation.posts(12)
    for platform in ("x", "facebook"):
        installation.fault(platform, "publish", kind, count=3, seconds=6)
    installation.drain()
    verdict = judge(installation)
    assert verdict.is_clean, verdict
    assert verdict.published == verdict.posts == 12, "what can be seen is found by itself"


@pytest.mark.parametrize("kind", NOTHING_LEFT)
def test_a_bad_response_without_publication_is_left_to_people(
    installation: House, kind: str
) -> None:
    installation.posts(6, on=["x"])
    installation.fault("x", "publish", kind, count=2)
    installation.drain()
    verdict = judge(installation)
    assert verdict.is_clean, verdict
    assert (verdict.published, verdict.held, verdict.held_live) == (4, 2, 0)


def test_an_answer_that_drips_past_the_deadline_is_looked_for(installation: House) -> None:
    installation.posts(3, on=["x"])
    installation.fault("x", "publish", "drip_after", count=1)
    installation.drain()
    verdict = judge(installation)
    assert verdict.is_clean, verdict
    assert verdict.published == 3


@pytest.mark.parametrize("seconds", ["2", None], ids=["reset told", "reset not told"])
def test_a_limit_delays_and_loses_nothing(installation: House, seconds: str | None) -> None:
    installation.be_patient()
    installation.posts(3, on=["x"])
    more = {} if seconds is None else {"seconds": seconds}
    installation.fault("x", "publish", "rate_limit", count=1, **more)
    installation.drain()
    verdict = judge(installation)
    assert verdict.is_clean, verdict
    assert verdict.published == 3


@pytest.mark.parametrize("lag", [0, 3, 100_000], ids=["no lag", "a short lag", "for ever"])
def test_a_timeline_that_lags_makes_no_second_copy(installation: House, lag: int) -> None:
    installation.posts(6, on=["x"])
    installation.fault("x", "timeline", "lag", count="always", seconds=lag)
    installation.fault("x", "publish", "reset_after", count=3)
    installation.drain()
    verdict = judge(installation)
    assert verdict.is_clean or lag == 100_000, verdict
    assert (verdict.duplicates, verdict.unapproved) == (0, 0)
    assert verdict.published + verdict.held == 6
    if lag == 100_000:
        assert verdict.held == 3


def test_what_a_person_posts_in_between_is_found_and_nothing_is_sent_again(
    installation: House,
) -> None:
    """Ours was lost on the way, and somebody posts the approved words by hand meanwhile."""
    installation.posts(3, on=["x"])
    installation.fault("x", "publish", "reset_before", count=1)
    installation.fault("x", "timeline", "error_before", count="always")
    clock = installation.clock()
    installation.wait_for(
        lambda: (
            [
                installation.count(state)
                for state in (DeliveryState.UNCONFIRMED, DeliveryState.PUBLISHED)
            ]
            == [1, 2]
        )
    )
    lost = select(Delivery).where(Delivery.state == DeliveryState.UNCONFIRMED)
    with installation.database.reading() as session:
        outgoing = outgoing_text.outgoing_text(session.scalars(lost).one().variant)
    installation.clear_faults()
    installation.post_as_a_person(outgoing)
    installation.wait_for(lambda: installation.waiting() == 0)
    clock.stop(within=PATIENCE)
    verdict = judge(installation)
    assert verdict.is_clean, verdict
    assert verdict.published == 3


def test_a_token_that_ends_in_mid_batch_pauses_one_account(installation: House) -> None:
    installation.posts(6)
    installation.fault("x", "publish", "expired_token", count=1)
    clock = installation.clock()
    installation.wait_for(lambda: installation.count(DeliveryState.PUBLISHED) >= 3)
    clock.stop(within=PATIENCE)
    verdict = judge(installation)
    assert (verdict.duplicates, verdict.unapproved) == (0, 0)
    with installation.database.transaction() as session:
        account = manage.account_for(session, installation.town.accounts["x"])
        assert account.state is AccountState.PAUSED
    assert installation.count(DeliveryState.SCHEDULED) >= 1


def test_people_and_clocks_at_once_never_let_out_what_was_taken_back(installation: House) -> None:
    """Approvals are withdrawn and an approver shut out while two clocks send."""
    town = installation.town
    installation.slow(0.2)
    deliveries = installation.posts(30)
    clocks = (
        [installation.clock()]
        if installation.database.is_sqlite
        else [
            installation.clock(),
            installation.clock(),
        ]
    )
    taken_back = 0
    for delivery_id in deliveries[::3]:
        town.clock.at = now()
        with town.read() as session:
            post = session.get_one(Delivery, delivery_id).post
        try:
            with town.write() as session:
                withdraw.withdraw_approval(
                    session,
                    actor=town.actor("first"),
                    now=now(),
                    post_id=post.id,
                    seen_revision=post.newest,
                )
        except NotAllowed:  # all of it is on its way, or the approval was taken back before
            continue
        taken_back += 1
    town.clock.at = now()
    town.disable("first")
    installation.wait_for(lambda: installation.waiting() == 0)
    for clock in clocks:
        clock.stop(within=PATIENCE)
    verdict = judge(installation)
    assert verdict.is_clean, verdict
    assert taken_back > 0
    assert installation.count(DeliveryState.CANCELLED) > 0


@pytest.mark.parametrize("clocks", [2, 4])
def test_many_clocks_share_one_postgresql_and_nothing_leaves_twice(
    start: Starter, postgres_url: str, tmp_path: Path, clocks: int
) -> None:
    with house(start, postgres_url, tmp_path) as installation:
        installation.posts(200)
        running = [installation.clock() for _ in range(clocks)]
        installation.wait_for(lambda: installation.waiting() == 0)
        for process in running:
            process.stop(within=PATIENCE)
        verdict = judge(installation)
        assert verdict.is_clean, verdict
        assert verdict.published + verdict.held == verdict.posts
        assert len(_worked(installation)) == clocks


def _worked(installation: House) -> list[str]:
    with installation.database.reading() as session:
        return list(session.scalars(select(Attempt.clock).distinct()))


def test_ten_minutes_of_trouble_scaled_and_then_everything_drains(installation: House) -> None:
    """Each post is tried at most once; of what was tried in vain nobody can say it by looking."""
    installation.be_patient()
    installation.posts(6, on=["x"])
    for operation in ("publish", "timeline"):
        installation.fault("x", operation, "error_before", count="always")

    def soothe() -> None:
        installation.wait_for(lambda: installation.count(DeliveryState.UNCONFIRMED) >= 3)
        time.sleep(6)
        installation.clear_faults()

    soothing = Thread(target=soothe)
    soothing.start()
    installation.drain()
    soothing.join()
    verdict = judge(installation)
    assert verdict.is_clean, verdict
    assert verdict.published + verdict.held == 6
    assert verdict.held >= 3
    assert verdict.held_live == 0
    assert _answered(installation, "unknown", "HTTP 503") == verdict.held


def _answered(installation: House, outcome: str, text: str) -> int:
    """How many tries came to this, and were answered with these words."""
    query = select(func.count()).where(Attempt.outcome == outcome, Attempt.answer.contains(text))
    with installation.database.reading() as session:
        return session.execute(query).scalar_one()
