"""When comments are polled rarely, and how a subscription that ends silently is found out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from commands.health_messages import SENTENCES, sentence
from publisher.inbox.subscriptions import PROOF, VALID_FOR, WebhookState
from publisher.inbox.unread import unread
from publisher.models.comments import Source
from publisher.models.deliveries import Account
from publisher.operations.mail_checks import check_webhooks
from publisher.platforms.base.protocol import CredentialsExpired, RefusalCode, Refused, TryLater
from publisher.states import AccountState
from tests.inbox.told_town import SETTINGS, ToldTown
from tests.support.city_people import HOUR, MINUTE


def poll_interval(told_town: ToldTown) -> timedelta:
    """Poll everything once, and return how long the first post then waits for the next time."""
    with told_town.town.write() as session:
        for source in session.scalars(select(Source)):
            source.read_at = told_town.town.now
    told_town.poll()
    query = select(Source.read_at).where(Source.account_id == told_town.account_id)
    with told_town.town.read() as session:
        read_at = session.scalars(query.order_by(Source.id)).first()
    assert read_at is not None
    return read_at - told_town.town.now


def test_an_account_is_subscribed_within_a_minute_and_then_polled_rarely(
    told_town: ToldTown,
) -> None:
    assert poll_interval(told_town) == MINUTE
    assert told_town.telling() is WebhookState.NOT_SUBSCRIBED
    assert told_town.ask() == 1
    assert told_town.facebook.told
    assert told_town.telling() is WebhookState.TOLD
    assert poll_interval(told_town) == 6 * HOUR
    assert told_town.ask() == 0


@pytest.mark.parametrize(
    "problem", [TryLater(), Refused(RefusalCode.PERMISSION)], ids=["away", "refused"]
)
def test_the_platforms_last_answer_is_relied_on_for_a_quarter_of_an_hour(
    told_town: ToldTown, problem: TryLater | Refused
) -> None:
    told_town.ask()
    poll_interval(told_town)
    told_town.facebook.told, told_town.facebook.subscribing = False, problem
    told_town.town.clock.move(VALID_FOR - MINUTE)
    assert told_town.ask() == 0
    assert poll_interval(told_town) == 6 * HOUR
    told_town.town.clock.move(2 * MINUTE)
    assert told_town.ask() == 1
    assert told_town.telling() is WebhookState.NOT_SUBSCRIBED
    assert told_town.poll() == 0
    assert told_town.facebook.polls > 1  # at once, not after the rest of six hours
    assert poll_interval(told_town) == MINUTE


def test_a_subscription_that_somebody_ended_is_made_again(told_town: ToldTown) -> None:
    told_town.ask()
    told_town.facebook.told = False
    told_town.town.clock.move(6 * MINUTE)
    told_town.ask()
    assert told_town.facebook.told


def test_webhooks_that_stay_away_are_noticed_by_polling(told_town: ToldTown) -> None:
    """The platform still says that it tells us; it does not."""
    told_town.ask()
    poll_interval(told_town)
    told_town.says()
    told_town.town.clock.move(6 * HOUR)
    assert told_town.poll() == 1
    assert told_town.ask() == 1
    assert told_town.telling() is WebhookState.LATE
    told_town.poll()
    assert poll_interval(told_town) == 5 * MINUTE  # the post is older than an hour
    verbs = told_town.town.verbs("accounts", told_town.account_id)
    assert verbs[-2:] == ["webhooks_relied_on", "webhooks_not_relied_on"]


def test_polling_stays_frequent_while_it_finds_what_was_not_told(told_town: ToldTown) -> None:
    """Found early by frequent polling, each comment still has to be told within ten minutes."""
    told_town.ask()
    for _ in range(3):
        told_town.says()
        told_town.poll()
        told_town.town.clock.move(12 * HOUR)
        told_town.ask()
        told_town.poll()
        assert told_town.telling() is WebhookState.LATE
    told_town.town.clock.move(PROOF)
    told_town.ask()
    assert told_town.telling() is WebhookState.TOLD


def test_a_webhook_that_comes_after_the_poll_still_counts(told_town: ToldTown) -> None:
    told_town.ask()
    key = told_town.says()
    told_town.town.clock.move(MINUTE)
    with told_town.town.write() as session:
        for source in session.scalars(select(Source)):
            source.read_at = told_town.town.now
    assert told_town.poll() == 1
    told_town.receive(told_town.body(("add", key)))
    told_town.work()
    told_town.town.clock.move(HOUR)
    told_town.ask()
    assert told_town.telling() is WebhookState.TOLD


def test_a_missing_right_is_told_from_a_missing_subscription(told_town: ToldTown) -> None:
    told_town.facebook.subscribing = Refused(RefusalCode.PERMISSION)
    with told_town.town.write() as session:
        session.get_one(Account, told_town.account_id).scopes = ["pages_manage_posts"]
    assert told_town.ask() == 0
    assert told_town.telling() is WebhookState.RIGHT_MISSING


def test_six_hours_are_not_late_where_we_are_told(told_town: ToldTown) -> None:
    told_town.ask()
    poll_interval(told_town)

    def is_unread() -> bool:
        with told_town.town.read() as session:
            return told_town.account_id in unread(session, now=told_town.town.now)

    told_town.town.clock.move(17 * HOUR)
    assert not is_unread()
    told_town.town.clock.move(2 * HOUR)
    assert is_unread()


def test_an_account_without_access_is_paused_and_not_relied_on(
    told_town: ToldTown,
) -> None:
    told_town.ask()
    told_town.facebook.told = False
    told_town.facebook.subscribing = CredentialsExpired()
    told_town.town.clock.move(6 * MINUTE)
    assert told_town.ask() == 1
    assert told_town.account().state is AccountState.PAUSED
    assert told_town.telling() is None
    assert not told_town.account().is_told


def test_doctor_has_a_sentence_for_each_state(told_town: ToldTown) -> None:
    database, now = told_town.town.database, told_town.town.now
    unset = check_webhooks(database, {}, now=now)
    away = check_webhooks(database, SETTINGS, now=now)
    told_town.ask()
    told = check_webhooks(database, SETTINGS, now=now)
    findings = [*unset, *away, *told]
    assert [finding.ok for finding in findings] == [True, False, True]
    assert {finding.code for finding in findings} < {
        f"webhooks_{state.value}" for state in WebhookState
    }
    for state in WebhookState:
        assert "{account}" in SENTENCES[f"webhooks_{state.value}"]
    assert "polled every six hours" in sentence(told[0])
