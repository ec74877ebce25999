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
from tests.crash.clock_installation import TIMEOUT, ClockInstallation, open_installation
from tests.crash.verdict import judge
from tests.support.processes import Starter

pytestmark = pytest.mark.timeout(900)

ACCEPTED = ("reset_after", "hang_after", "error_after", "truncated", "no_id", "error_json_after")
REFUSED = ("error_before", "reset_before")


@pytest.mark.parametrize("kind", ACCEPTED)
def test_a_platform_that_takes_it_and_answers_badly_gets_it_once(
    installation: ClockInstallation, kind: str
) -> None:
    installation.add_posts(12)
    for platform in ("x", "facebook"):
        installation.add_fault(platform, "publish", kind, count=3, seconds=6)
    installation.drain()
    verdict = judge(installation)
    assert verdict.is_clean, verdict
    assert verdict.published == verdict.posts == 12, "what can be seen is found by itself"


@pytest.mark.parametrize("kind", REFUSED)
def test_a_bad_response_without_publication_is_left_to_people(
    installation: ClockInstallation, kind: str
) -> None:
    installation.add_posts(6, on=["x"])
    installation.add_fault("x", "publish", kind, count=2)
    installation.drain()
    verdict = judge(installation)
    assert verdict.is_clean, verdict
    assert (verdict.published, verdict.held, verdict.held_live) == (4, 2, 0)


def test_an_answer_that_drips_past_the_deadline_is_looked_for(
    installation: ClockInstallation,
) -> None:
    installation.add_posts(3, on=["x"])
    installation.add_fault("x", "publish", "drip_after", count=1)
    installation.drain()
    verdict = judge(installation)
    assert verdict.is_clean, verdict
    assert verdict.published == 3


@pytest.mark.parametrize("seconds", ["2", None], ids=["reset told", "reset not told"])
def test_a_limit_delays_and_loses_nothing(
    installation: ClockInstallation, seconds: str | None
) -> None:
    installation.lengthen_timeouts()
    installation.add_posts(3, on=["x"])
    more = {} if seconds is None else {"seconds": seconds}
    installation.add_fault("x", "publish", "rate_limit", count=1, **more)
    installation.drain()
    verdict = judge(installation)
    assert verdict.is_clean, verdict
    assert verdict.published == 3


@pytest.mark.parametrize("lag", [0, 3, 100_000], ids=["no lag", "a short lag", "for ever"])
def test_a_timeline_that_lags_makes_no_second_copy(
    installation: ClockInstallation, lag: int
) -> None:
    installation.add_posts(6, on=["x"])
    installation.add_fault("x", "timeline", "lag", count="always", seconds=lag)
    installation.add_fault("x", "publish", "reset_after", count=3)
    installation.drain()
    verdict = judge(installation)
    assert verdict.is_clean or lag == 100_000, verdict
    assert (verdict.duplicates, verdict.unapproved) == (0, 0)
    assert verdict.published + verdict.held == 6
    if lag == 100_000:
        assert verdict.held == 3


def test_what_a_person_posts_in_between_is_found_and_nothing_is_sent_again(
    installation: ClockInstallation,
) -> None:
    """A request is lost, and somebody posts the approved text by hand meanwhile."""
    installation.add_posts(3, on=["x"])
    installation.add_fault("x", "publish", "reset_before", count=1)
    installation.add_fault("x", "timeline", "error_before", count="always")
    clock = installation.start_clock()
    installation.wait_for(
        lambda: (
            [
                installation.delivery_count(state)
                for state in (DeliveryState.UNCONFIRMED, DeliveryState.PUBLISHED)
            ]
            == [1, 2]
        )
    )
    lost = select(Delivery).where(Delivery.state == DeliveryState.UNCONFIRMED)
    with installation.database.reading() as session:
        outgoing = outgoing_text.outgoing_text(session.scalars(lost).one().variant)
    installation.clear_faults()
    installation.post_by_hand(outgoing)
    installation.wait_for(lambda: installation.waiting_count() == 0)
    clock.stop(within=TIMEOUT)
    verdict = judge(installation)
    assert verdict.is_clean, verdict
    assert verdict.published == 3


def test_a_token_that_ends_in_mid_batch_pauses_one_account(installation: ClockInstallation) -> None:
    installation.add_posts(6)
    installation.add_fault("x", "publish", "expired_token", count=1)
    clock = installation.start_clock()
    installation.wait_for(lambda: installation.delivery_count(DeliveryState.PUBLISHED) >= 3)
    clock.stop(within=TIMEOUT)
    verdict = judge(installation)
    assert (verdict.duplicates, verdict.unapproved) == (0, 0)
    with installation.database.transaction() as session:
        account = manage.get_account(session, installation.town.accounts["x"])
        assert account.state is AccountState.PAUSED
    assert installation.delivery_count(DeliveryState.SCHEDULED) >= 1


def test_people_and_clocks_at_once_never_let_out_what_was_taken_back(
    installation: ClockInstallation,
) -> None:
    """Approvals are withdrawn and an approver is disabled while two clocks send."""
    town = installation.town
    installation.slow_publications(0.2)
    deliveries = installation.add_posts(30)
    clocks = (
        [installation.start_clock()]
        if installation.database.is_sqlite
        else [
            installation.start_clock(),
            installation.start_clock(),
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
        except NotAllowed:  # all of it is being sent, or the approval was withdrawn before
            continue
        taken_back += 1
    town.clock.at = now()
    town.disable("first")
    installation.wait_for(lambda: installation.waiting_count() == 0)
    for clock in clocks:
        clock.stop(within=TIMEOUT)
    verdict = judge(installation)
    assert verdict.is_clean, verdict
    assert taken_back > 0
    assert installation.delivery_count(DeliveryState.CANCELLED) > 0


@pytest.mark.ci
@pytest.mark.parametrize("clocks", [2, 4])
def test_many_clocks_share_one_postgresql_and_nothing_leaves_twice(
    start: Starter, postgres_url: str, tmp_path: Path, clocks: int
) -> None:
    with open_installation(start, postgres_url, tmp_path) as installation:
        installation.add_posts(200)
        running = [installation.start_clock() for _ in range(clocks)]
        installation.wait_for(lambda: installation.waiting_count() == 0)
        for process in running:
            process.stop(within=TIMEOUT)
        verdict = judge(installation)
        assert verdict.is_clean, verdict
        assert verdict.published + verdict.held == verdict.posts
        assert len(_clock_names(installation)) == clocks


def _clock_names(installation: ClockInstallation) -> list[str]:
    with installation.database.reading() as session:
        return list(session.scalars(select(Attempt.clock).distinct()))


def test_ten_minutes_of_trouble_scaled_and_then_everything_drains(
    installation: ClockInstallation,
) -> None:
    """Each post is tried at most once; a look-up cannot tell that a failed attempt published it."""
    installation.lengthen_timeouts()
    installation.add_posts(6, on=["x"])
    for operation in ("publish", "timeline"):
        installation.add_fault("x", operation, "error_before", count="always")

    def clear_faults_later() -> None:
        installation.wait_for(lambda: installation.delivery_count(DeliveryState.UNCONFIRMED) >= 3)
        time.sleep(6)
        installation.clear_faults()

    thread = Thread(target=clear_faults_later)
    thread.start()
    installation.drain()
    thread.join()
    verdict = judge(installation)
    assert verdict.is_clean, verdict
    assert verdict.published + verdict.held == 6
    assert verdict.held >= 3
    assert verdict.held_live == 0
    assert _attempt_count(installation, "unknown", "HTTP 503") == verdict.held


def _attempt_count(installation: ClockInstallation, outcome: str, text: str) -> int:
    """Return the number of attempts with this outcome and this text in the response."""
    query = select(func.count()).where(Attempt.outcome == outcome, Attempt.answer.contains(text))
    with installation.database.reading() as session:
        return session.execute(query).scalar_one()
