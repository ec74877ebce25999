"""The ledger of what platforms charge, the budget of a month, and what it slows."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from publisher.database.session import Database, core_table
from publisher.delivery.costs import budget, ledger
from publisher.delivery.monitoring import overdue, poll
from publisher.inbox import ingest
from publisher.models.accounts import AllowanceRow, ChargeDay, ChargedResource
from publisher.models.comments import Source
from publisher.models.deliveries import Account, ReceiptOrigin, ReceiptRow
from publisher.models.monitoring import Watch
from publisher.models.notifications import Notice
from publisher.platforms.base.charges import LONGEST_RESOURCE, Cause, Charge, ChargeKind
from publisher.platforms.registry import capabilities
from publisher.settings import environment
from publisher.settings.reader import WrongSetting
from publisher.states import DeliveryState
from tests.delivery import test_corrections, test_takedown_orders
from tests.inbox import test_hide
from tests.support.city import City
from tests.support.city_people import HOUR
from tests.support.tables import each

SETTINGS = environment.load({}).platforms
READ = Charge(ChargeKind.POST_READ, "post/1")
MENTION = Charge(ChargeKind.OWNED_READ, "post/1")
DAY = date(2026, 11, 25)


def charge(
    town: City, *charges: Charge, cause: Cause = Cause.LOOKS, day: date = DAY, on: str = "x"
) -> int:
    with town.write() as session:
        account_id = town.accounts[on]
        return ledger.add(session, on, account_id, cause, day, charges, SETTINGS)


def charges(town: City) -> dict[tuple[str, str], tuple[int, int]]:
    """Return number and price of what was charged, by cause and kind."""
    with town.read() as session:
        return {
            (row.cause, row.kind): (row.number, row.price)
            for row in session.scalars(select(ChargeDay))
        }


@pytest.mark.twin
def test_a_thing_is_charged_once_a_day_to_the_first_cause(town: City) -> None:
    other = Charge(ChargeKind.POST_READ, "post/2")
    assert charge(town, READ, READ, other) == 2
    assert charge(town, READ) == 0
    assert charge(town, MENTION, cause=Cause.MENTIONS) == 0
    assert charges(town) == {("looks", "post_read"): (2, 5_000)}


@pytest.mark.both
@pytest.mark.parametrize("name", ["user/" + "9" * 200, "user/9\0", "user/\ud83d"], ids=ascii)
def test_a_thing_with_a_strange_id_is_charged_once_with_all_others(town: City, name: str) -> None:
    strange = Charge(ChargeKind.POST_READ, name)
    assert charge(town, READ, strange) == 2
    assert charge(town, strange) == 0
    assert charges(town) == {("looks", "post_read"): (2, 5_000)}


def test_the_longest_name_of_what_is_charged_is_that_of_the_column() -> None:
    assert str(core_table(ChargedResource).c.resource.type) == f"VARCHAR({LONGEST_RESOURCE})"


@pytest.mark.twin
def test_a_thing_is_charged_again_after_midnight_by_utc(town: City) -> None:
    record = ledger.recorder(town.database, SETTINGS, lambda: town.now)(account(town))
    town.clock.at = datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC)
    record(Cause.LOOKS, [READ])
    town.clock.move(timedelta(seconds=1))
    record(Cause.LOOKS, [READ])
    record(Cause.MENTIONS, [READ])
    with town.read() as session:
        days = session.execute(select(ChargeDay.utc_day, ChargeDay.number)).all()
        (month,) = budget.spending(session, SETTINGS, now=town.now)
    assert sorted(days) == [(date(2026, 11, 30), 1), (date(2026, 12, 1), 1)]
    assert month.spent == 5_000  # December's alone


def account(town: City, name: str = "x") -> Account:
    with town.read() as session:
        return session.get_one(Account, town.accounts[name])


@pytest.mark.both
def test_two_clocks_at_once_charge_the_same_things_once(town: City) -> None:
    things = [Charge(ChargeKind.POST_READ, f"post/{number}") for number in range(60)]
    start = threading.Barrier(3)

    def bill(order: Sequence[Charge]) -> None:
        with_own_pool = Database(town.database.url)
        record = ledger.recorder(with_own_pool, SETTINGS, lambda: town.now)(account(town))
        start.wait()
        for charged in (order[:40], order[20:]):
            record(Cause.LOOKS, charged)
        with_own_pool.dispose()

    orders = (things, things[::-1], things[30:] + things[:30])
    threads = [threading.Thread(target=bill, args=[order]) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert charges(town) == {("looks", "post_read"): (60, 5_000)}


def test_a_platform_that_charges_nothing_has_no_ledger(town: City) -> None:
    assert charge(town, READ, on="facebook") == 0
    with town.read() as session:
        assert session.scalar(select(func.count()).select_from(ChargedResource)) == 0


def test_a_ledger_that_cannot_be_written_costs_no_answer(
    town: City, caplog: pytest.LogCaptureFixture
) -> None:
    away = Database("postgresql+psycopg://nobody@127.0.0.1:1/nowhere")
    ledger.recorder(away, SETTINGS, lambda: town.now)(account(town))(Cause.LOOKS, [READ])
    assert "1 charges not recorded" in caplog.text


def spend(town: City, settings: dict[str, str] | None = None) -> int:
    return budget.tick_spending(town.database, settings or SETTINGS, now=town.now)


def test_creations_are_charged_by_their_receipts_once(town: City) -> None:
    town.live()
    town.live("road", on=["facebook"])
    assert spend(town) == 1
    assert spend(town) == 0
    ((cause, kind), (number, _)) = next(iter(charges(town).items()))
    assert (cause, number) == ("posts", 1)
    assert kind in {"post", "post_with_link"}
    town.clock.move(timedelta(days=3))
    assert spend(town) == 0


def test_a_creation_with_a_link_has_its_own_price(town: City) -> None:
    billing = capabilities("x").billing
    assert billing is not None
    assert billing.kind_of("पाणी बंद https://pmc.gov.in/1") is ChargeKind.POST_WITH_LINK
    assert billing.kind_of("पाणी बंद pmc.gov.in") is ChargeKind.POST_WITH_LINK
    assert billing.kind_of("पाणी बंद") is ChargeKind.POST
    assert budget.link_prices("x", SETTINGS) == ("0.20", "0.015")
    assert budget.link_prices("x", {**SETTINGS, "x_price_post_with_link": "0"}) is None
    assert budget.link_prices("facebook", SETTINGS) is None


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "0.00"), (4_999, "0.00"), (5_000, "0.01"), (15_000, "0.02"), (1_234_565_000, "1234.57")],
)
def test_half_a_cent_is_shown_as_one(amount: int, text: str) -> None:
    assert budget.dollars(amount) == text


def test_a_price_has_all_its_decimals() -> None:
    prices = {**SETTINGS, "x_price_post_with_link": "0.123456", "x_price_post": "0.000001"}
    assert budget.link_prices("x", prices) == ("0.123456", "0.000001")


@pytest.mark.usefixtures("changeable_rows")
def test_what_a_person_published_by_hand_is_no_charge(town: City) -> None:
    town.live()
    with town.write() as session:
        session.scalars(select(ReceiptRow)).one().origin = ReceiptOrigin.BY_HAND
    assert spend(town) == 0


def test_an_answer_is_charged_as_an_answer(town: City) -> None:
    (delivery_id,) = town.live()
    town.answer(town.comment(under=delivery_id))
    town.tick_dispatch(HOUR)
    spend(town)
    assert charges(town)["answers", "summoned_reply"] == (1, 10_000)


def test_a_correction_under_a_post_is_charged_as_a_post(town: City) -> None:
    """Nobody has summoned us to a post of our own."""
    post_id = test_corrections.live_post(town, on=("x",))
    test_corrections.correct(town, post_id, {"x": test_corrections.SAID})
    town.tick_dispatch()
    spend(town)
    assert charges(town)["answers", "post"] == (1, 15_000)


@pytest.mark.twin
def test_each_hiding_and_deletion_is_charged_once(town: City) -> None:
    (delivery_id,) = town.live()
    comment_id = town.comment(under=delivery_id)
    for again in (False, True, False):
        test_hide.hide(town, comment_id, again=again)
        town.tick_dispatch()
    test_takedown_orders.take_back(town, town.delivery(delivery_id).post_id, on=["x"])
    town.tick_dispatch()
    assert spend(town) == 5
    assert spend(town) == 0
    assert charges(town)["removals", "hide"] == (3, 5_000)
    assert charges(town)["removals", "delete"] == (1, 10_000)


def with_budget(dollars: int) -> dict[str, str]:
    return {**SETTINGS, "x_monthly_budget": str(dollars)}


def slowed(town: City) -> list[str]:
    query = select(AllowanceRow.name).where(AllowanceRow.name.startswith("budget."))
    with town.read() as session:
        return sorted(session.scalars(query))


def reads(number: int) -> list[Charge]:
    return [Charge(ChargeKind.POST_READ, f"post/{key}") for key in range(number)]


def test_admins_are_warned_once_at_80_percent_and_once_at_100(town: City) -> None:
    charge(town, *reads(159))  # 0.795 dollars
    assert spend(town, with_budget(1)) == 0
    charge(town, *reads(160))
    spend(town, with_budget(1))
    spend(town, with_budget(1))
    assert town.notified("budget_near") == ["admin"]
    with town.read() as session:
        (subject,) = session.scalars(select(Notice.subject))
    assert subject.endswith("१.०० पैकी ०.८० डॉलर")
    assert slowed(town) == []
    charge(town, *reads(200))
    spend(town, with_budget(1))
    spend(town, with_budget(1))
    assert town.notified("budget_used_up") == ["admin"]
    assert slowed(town) == ["budget.looks"]
    charge(town, *reads(220))
    spend(town, with_budget(1))
    assert slowed(town) == ["budget.looks", "budget.replies"]
    charge(town, *reads(240))
    spend(town, with_budget(1))
    assert slowed(town) == ["budget.looks", "budget.mentions", "budget.replies"]
    spend(town, with_budget(2))  # raised: nothing is slow any more
    assert slowed(town) == []


@pytest.mark.twin
def test_a_new_month_is_as_fast_as_ever(town: City) -> None:
    charge(town, *reads(240))
    spend(town, with_budget(1))
    town.clock.at = datetime(2026, 12, 1, 0, 0, 1, tzinfo=UTC)
    spend(town, with_budget(1))
    assert slowed(town) == []


def test_a_used_up_budget_slows_looks_and_no_publication(town: City) -> None:
    (delivery_id,) = town.live()
    poll.tick_watching(town.context)
    charge(town, *reads(240))
    spend(town, with_budget(1))
    town.clock.move(timedelta(days=2))
    assert poll.tick_watching(town.context) == 0
    with town.read() as session:
        assert overdue.find_overdue_checks(session, now=town.now) == {}
    town.clock.move(timedelta(days=1))
    assert town.delivery(town.live("road")[0]).state is DeliveryState.PUBLISHED
    assert delivery_id
    # What may have been deleted is looked at again without a pause.
    with town.write() as session:
        session.scalars(select(Watch).order_by(Watch.id)).all()[0].absent_at = town.now
    assert poll.tick_watching(town.context) == 1


def test_slow_looks_come_within_a_week(town: City) -> None:
    town.live()
    poll.tick_watching(town.context)
    charge(town, *reads(200))
    town.clock.at = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
    spend(town, with_budget(1))
    looks = 0
    for _ in range(5 * 24):  # the month's end comes before the seventh day
        town.clock.move(HOUR)
        looks += poll.tick_watching(town.context)
    assert looks == 0
    town.clock.at = datetime(2026, 12, 2, 12, 0, tzinfo=UTC)
    assert poll.tick_watching(town.context) == 1


@pytest.mark.parametrize(("number", "interval"), [(200, 2), (240, 30)])
def test_mentions_are_slowed_last_and_never_end(town: City, number: int, interval: int) -> None:
    charge(town, *reads(number))
    spend(town, with_budget(1))
    ingest.tick_ingest(town.context)
    with town.read() as session:
        query = select(Source).where(
            Source.account_id == town.accounts["x"], Source.receipt_id.is_(None)
        )
        source = session.scalars(query).one()
    assert source.read_at == town.now + timedelta(minutes=interval)


@pytest.mark.twin
def test_the_estimate_takes_the_mean_of_the_last_week(town: City) -> None:
    for back in range(1, 8):
        day = DAY - timedelta(days=back)
        charge(town, *reads(100), day=day)  # half a dollar a day
    charge(town, *reads(20))
    with town.read() as session:
        (month,) = budget.spending(session, SETTINGS, now=town.now)
    assert budget.dollars(month.spent) == "3.60"
    assert budget.dollars(month.estimate) == "6.50"  # 3.50, and six days from today on
    assert (month.budget, month.share, month.is_near) == (None, 0, False)


@pytest.mark.twin
def test_the_ledger_forgets_things_after_days_and_charges_after_years(town: City) -> None:
    charge(town, READ)
    town.clock.move(timedelta(days=6))
    spend(town)
    with town.read() as session:
        assert session.scalar(select(func.count()).select_from(ChargedResource)) == 0
    assert charges(town) != {}
    town.clock.move(timedelta(days=3 * 366))
    spend(town)
    assert charges(town) == {}


@each(
    "name, text",
    [
        *(("X_PRICE_POST_READ", text) for text in ("free", "-1", "1e3", "0,005", "1000", "५")),
        *(("X_MONTHLY_BUDGET", text) for text in ("0", "00", "-5", "2.5", "many")),
    ],
)
def test_a_price_or_budget_of_nonsense_is_refused(name: str, text: str) -> None:
    with pytest.raises(WrongSetting, match=name):
        environment.load({f"NAGARVANI_{name}": text})


def test_a_price_of_nothing_counts_without_a_sum(town: City) -> None:
    free = replace_prices("0")
    with town.write() as session:
        ledger.add(session, "x", town.accounts["x"], Cause.LOOKS, DAY, [READ], free)
    assert charges(town) == {("looks", "post_read"): (1, 0)}


def replace_prices(price: str) -> dict[str, str]:
    return {name: price if name.startswith("x_price_") else text for name, text in SETTINGS.items()}
