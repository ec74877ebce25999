"""Accounts that wait for the admins, as rows."""

from __future__ import annotations

from sqlalchemy import select

from approvals.policy import CLOCK
from publisher.delivery import platform_credits
from publisher.delivery.accounts import manage
from publisher.models.tasks import Task
from publisher.platforms.base.types import Health
from tests.support.city import City
from tests.support.city_people import HOUR, MINUTE
from tests.tasks.open_tasks import open_tasks


def pause(town: City, name: str = "x") -> int:
    account_id = town.accounts[name]
    with town.write() as session:
        manage.pause(
            session, actor=CLOCK, now=town.now, account_id=account_id, reason="credentials"
        )
    return account_id


def check_again(town: City, account_id: int) -> None:
    with town.write() as session:
        manage.resume(
            session,
            actor=town.actor("admin"),
            now=town.now,
            account_id=account_id,
            health=Health(None),
        )


def use_up(town: City, platform: str = "x") -> None:
    with town.write() as session:
        platform_credits.record_exhaustion(session, platform, now=town.now)


def buy(town: City, platform: str = "x") -> None:
    with town.write() as session:
        platform_credits.record_back(session, platform, now=town.now)


def since(town: City) -> list[object]:
    with town.read() as session:
        query = select(Task.since_at).where(Task.subject == "accounts", Task.closed_at.is_(None))
        return list(session.scalars(query))


def test_a_paused_account_waits_for_the_admins_until_it_is_connected(town: City) -> None:
    account_id = pause(town)
    paused_at = town.now
    assert open_tasks(town, "accounts") == [("account_paused", account_id, "admin")]
    town.clock.move(HOUR)
    assert since(town) == [paused_at]
    check_again(town, account_id)
    assert open_tasks(town, "accounts") == []


def test_a_paused_account_that_is_disconnected_is_nobodys_task(town: City) -> None:
    account_id = pause(town)
    with town.write() as session:
        manage.disconnect(session, actor=town.actor("admin"), now=town.now, account_id=account_id)
    assert open_tasks(town, "accounts") == []


def test_without_credits_the_accounts_of_a_platform_wait_for_the_admins(town: City) -> None:
    use_up(town)
    began_at, account_id = town.now, town.accounts["x"]
    assert open_tasks(town, "accounts") == [("credits_used_up", account_id, "admin")]
    town.clock.move(20 * MINUTE)
    use_up(town)
    assert open_tasks(town, "accounts") == [("credits_used_up", account_id, "admin")]
    buy(town)
    assert open_tasks(town, "accounts") == []
    town.clock.move(MINUTE)
    use_up(town)
    assert open_tasks(town, "accounts") == [("credits_used_up", account_id, "admin")]
    assert since(town) == [began_at]
    buy(town)
    town.clock.move(2 * HOUR)
    use_up(town)
    open_tasks(town, "accounts")
    assert since(town) == [town.now]


def test_a_paused_account_without_credits_is_one_task(town: City) -> None:
    use_up(town)
    account_id = pause(town)
    assert open_tasks(town, "accounts") == [("account_paused", account_id, "admin")]
    check_again(town, account_id)
    assert open_tasks(town, "accounts") == [("credits_used_up", account_id, "admin")]
