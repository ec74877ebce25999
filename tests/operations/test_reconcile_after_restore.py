"""After a restore, deliveries that may have been sent are looked for before the release."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from publisher.database.session import Database
from publisher.delivery import restore_state
from publisher.delivery.controls import stop as controls_stop
from publisher.delivery.restore_state import InDoubt
from publisher.media.folder_store import FolderStore
from publisher.models.controls import Stop
from publisher.models.deliveries import Account, Delivery, DeliveryAction
from publisher.models.history import Event
from publisher.operations.backup.reconcile import ReconcileCounts, seek, tick_seeking
from publisher.operations.backup.restore import restore
from publisher.operations.backup.write import write
from publisher.platforms.base.protocol import (
    CredentialsExpired,
    PlatformError,
    RefusalCode,
    Refused,
    TryLater,
)
from publisher.settings.environment import load
from publisher.states import AccountState, DeliveryState
from publisher.validation import Invalid
from scheduler import ticks
from tests.support import city_controls
from tests.support.city import City
from tests.support.city_people import HOUR, MINUTE

WHY = "सर्व पाहिले आहे."


def ignore_progress(_what: str, _done: int, _of: int) -> None:
    """Ignore the progress."""


def publish_after_backup(town: City, delivery_id: int) -> None:
    """Publish a delivery now after the backup, as the lost database would have."""
    with town.write() as session:
        session.get_one(Delivery, delivery_id).due_at = town.now
    town.tick_dispatch(MINUTE)
    assert town.delivery(delivery_id).state is DeliveryState.PUBLISHED


def restore_backup(town: City, other: Database, file: Path) -> City:
    """Restore the backup, as if the command was killed right after its commit."""
    store = FolderStore(file.parent / "restored")
    restore(other, store, file, now=town.now, reason="पुनर्स्थापित", tell=ignore_progress)
    return replace(town, database=other, store=store)


def restore_without_checks(
    town: City, other: Database, folder: Path, posts: int = 2
) -> tuple[City, list[int]]:
    """Restore a backup of scheduled posts, of which the first was sent later."""
    ids = [town.schedule(town.approved(), 5 * HOUR)[0] for _ in range(posts)]
    file = folder / "house.zip"
    write(town.database, town.store, file, now=town.now, tell=ignore_progress)
    publish_after_backup(town, ids[0])
    return restore_backup(town, other, file), ids


def states(town: City, ids: list[int]) -> list[DeliveryState]:
    return [town.delivery(delivery_id).state for delivery_id in ids]


def release(town: City, known_in_doubt: int = 0) -> None:
    with town.write() as session:
        stops = [open_stop.id for open_stop in controls_stop.open_stops(session)]
        lead = town.actor("lead")
        controls_stop.release(
            session,
            actor=lead,
            now=town.now,
            stop_ids=stops,
            reason=WHY,
            accepted_in_doubt=known_in_doubt,
        )


def unchecked(town: City) -> InDoubt:
    with town.read() as session:
        return restore_state.count_in_doubt(session, controls_stop.open_stops(session))


def refused_count(town: City, known_in_doubt: int = 0) -> int:
    """Return the number of unchecked deliveries for which a release is refused."""
    with pytest.raises(Invalid) as problem:
        release(town, known_in_doubt)
    (error,) = problem.value.problems
    assert (error.field, error.code) == ("in_doubt", "in_doubt")
    return int(str(error.values["total"]))


@pytest.mark.twin
def test_a_delivery_killed_before_the_search_is_found_and_not_sent_again(
    town: City, other: Database, tmp_path: Path
) -> None:
    again, ids = restore_without_checks(town, other, tmp_path)
    assert unchecked(again) == InDoubt(0, 2)
    assert refused_count(again) == 2
    (seeking,) = (job for job in ticks(again.context, load({})) if job.name == "seeking")
    assert seeking.run() == 2
    assert states(again, ids) == [DeliveryState.UNCONFIRMED, DeliveryState.SCHEDULED]
    assert refused_count(again) == 1  # live, and not confirmed yet
    again.tick_reconcile()
    release(again)
    again.tick_dispatch(5 * HOUR)
    assert states(again, ids) == [DeliveryState.PUBLISHED] * 2
    assert len(town.platform("x").published) == 2


def test_past_its_late_limit_it_is_missed_only_once_it_was_looked_for(
    town: City, other: Database, tmp_path: Path
) -> None:
    """Nobody should schedule a post again that is live already."""
    again, ids = restore_without_checks(town, other, tmp_path)
    again.platform("x").fail_next(TryLater(), on="look_up")
    assert seek(again.context, tell=ignore_progress) == ReconcileCounts(0, 0, 2)
    again.tick_dispatch(12 * HOUR)
    assert states(again, ids) == [DeliveryState.SCHEDULED] * 2
    assert tick_seeking(again.context) == 2
    again.tick_dispatch(MINUTE)
    assert states(again, ids) == [DeliveryState.UNCONFIRMED, DeliveryState.MISSED]


def test_after_a_failure_a_restored_delivery_is_searched_again_in_minutes(
    town: City, other: Database, tmp_path: Path
) -> None:
    """However old the backup is, the time since the restore counts."""
    town.clock.move(timedelta(hours=1))
    again, ids = restore_without_checks(town, other, tmp_path, 1)
    again.clock.move(timedelta(days=1))
    assert tick_seeking(again.context) == 1
    again.platform("x").fail_next(TryLater(), on="look_up")
    again.tick_reconcile()
    look_at = again.delivery(ids[0]).look_at
    assert look_at is not None
    assert look_at <= again.now + timedelta(seconds=again.context.delivery_settings.looks[1])


@pytest.mark.twin
def test_an_interrupted_search_goes_on_and_asks_for_no_delivery_twice(
    town: City, other: Database, tmp_path: Path
) -> None:
    again, ids = restore_without_checks(town, other, tmp_path, 3)
    assert seek(again.context, tell=ignore_progress, most=2) == ReconcileCounts(2, 1, 1)
    assert unchecked(again) == InDoubt(1, 1)
    assert tick_seeking(again.context, is_stopping=lambda: True) == 0
    assert seek(again.context, tell=ignore_progress) == ReconcileCounts(1, 0, 0)
    assert seek(again.context, tell=ignore_progress) == ReconcileCounts(0, 0, 0)
    verbs = [again.verbs("deliveries", delivery_id)[-1] for delivery_id in ids]
    assert verbs == ["doubt", "seek", "seek"]


@pytest.mark.parametrize(
    "away", [TryLater(), Refused(RefusalCode.INVALID, "no"), CredentialsExpired("ended")]
)
def test_an_unreachable_platform_leaves_deliveries_in_doubt_and_is_retried(
    town: City, other: Database, tmp_path: Path, away: PlatformError
) -> None:
    again, ids = restore_without_checks(town, other, tmp_path, 1)
    again.platform("x").fail_next(away, on="look_up")
    assert seek(again.context, tell=ignore_progress) == ReconcileCounts(0, 0, 1)
    assert unchecked(again) == InDoubt(0, 1)
    assert refused_count(again) == 1
    _connect(again)
    assert tick_seeking(again.context) == 1
    assert states(again, ids) == [DeliveryState.UNCONFIRMED]


def _connect(town: City) -> None:
    """Let a paused account work again."""
    with town.write() as session:
        for account in session.scalars(select(Account)):
            account.state = AccountState.CONNECTED


def test_an_account_without_access_is_paused_and_not_searched_meanwhile(
    town: City, other: Database, tmp_path: Path
) -> None:
    again, _ids = restore_without_checks(town, other, tmp_path, 3)
    again.platform("x").fail_next(CredentialsExpired("ended"), on="look_up")
    assert seek(again.context, tell=ignore_progress) == ReconcileCounts(0, 0, 3)
    assert tick_seeking(again.context) == 0
    with again.read() as session:
        account = session.get_one(Account, again.accounts["x"])
        assert (account.state, account.reason) == (AccountState.PAUSED, "credentials")


def test_an_account_that_asked_for_quiet_is_asked_when_that_is_over(
    town: City, other: Database, tmp_path: Path
) -> None:
    again, _ids = restore_without_checks(town, other, tmp_path)
    with again.write() as session:
        session.get_one(Account, again.accounts["x"]).quiet_until = again.now + HOUR
    assert tick_seeking(again.context) == 0
    again.clock.move(HOUR)
    assert tick_seeking(again.context) == 2


def test_an_account_that_does_not_answer_is_left_and_the_others_are_asked(
    town: City, other: Database, tmp_path: Path
) -> None:
    for on in ("x", "x", "facebook"):
        town.schedule(town.approved(on=[on]), 5 * HOUR)
    file = tmp_path / "house.zip"
    write(town.database, town.store, file, now=town.now, tell=ignore_progress)
    again = restore_backup(town, other, file)
    again.platform("x").fail_next(TryLater(), on="look_up")
    assert seek(again.context, tell=ignore_progress) == ReconcileCounts(1, 0, 2)


def test_who_says_the_number_releases_all_the_same_and_that_is_kept(
    town: City, other: Database, tmp_path: Path
) -> None:
    again, _ids = restore_without_checks(town, other, tmp_path)
    assert refused_count(again, known_in_doubt=1) == 2  # another number than on the page
    release(again, known_in_doubt=2)
    with again.read() as session:
        assert controls_stop.open_stops(session) == []
        event = session.scalars(select(Event).where(Event.verb == "release")).one()
    assert event.details == {"unconfirmed": 0, "unsought": 2}
    assert unchecked(again) == InDoubt()
    assert tick_seeking(again.context) == 0


def test_releasing_a_persons_stop_leaves_the_stop_of_the_restore(
    town: City, other: Database, tmp_path: Path
) -> None:
    again, _ids = restore_without_checks(town, other, tmp_path)
    own = city_controls.stop_all(again)
    with again.write() as session:
        lead = again.actor("lead")
        controls_stop.release(session, actor=lead, now=again.now, stop_ids=[own], reason=WHY)
    with again.read() as session:
        assert [open_stop.person_id for open_stop in controls_stop.open_stops(session)] == [None]


@pytest.mark.twin
def test_a_second_restore_searches_everything_since_the_first_backup(
    town: City, other: Database, tmp_path: Path
) -> None:
    made_at = town.now
    again, _ids = restore_without_checks(town, other, tmp_path, 3)
    assert seek(again.context, tell=ignore_progress) == ReconcileCounts(3, 1, 0)
    with again.write() as session:
        stop = Stop(at=again.now, reason="दुसऱ्यांदा")
        session.add(stop)
        restore_state.record(session, stop, backup_at=again.now, now=again.now)
        restores = restore_state.open_restores(session)
    assert restores is not None
    assert restores.since == made_at < again.now
    assert unchecked(again) == InDoubt(1, 2)


@pytest.mark.twin
def test_what_takes_back_leaves_under_the_stop_and_is_not_counted(
    town: City, other: Database, tmp_path: Path
) -> None:
    again, (_sent, ahead) = restore_without_checks(town, other, tmp_path)
    with again.write() as session:
        session.get_one(Delivery, ahead).action = DeliveryAction.DELETE
    assert unchecked(again) == InDoubt(0, 1)


def test_a_house_that_was_not_restored_asks_nobody(town: City) -> None:
    town.schedule(town.approved(), 5 * HOUR)
    stop = city_controls.stop_all(town)
    assert tick_seeking(town.context) == 0
    assert unchecked(town) == InDoubt()
    town.clock.move(timedelta(minutes=1))
    release(town)
    assert "release" in town.verbs("stops", stop)
