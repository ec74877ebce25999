"""The gauges say what the tables say, and reading them scans no table that grows."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import delete, event, insert, select, text, update

from approvals.policy import ActorKind
from publisher.database.bulk import bulk_insert
from publisher.database.session import Base, core_table
from publisher.delivery import dispatch, machine_time, platform_credits
from publisher.media.store_in_use import ONLY_ROW
from publisher.models.comments import Source
from publisher.models.deliveries import (
    Account,
    Attempt,
    ClockBeat,
    Delivery,
    DeliveryAction,
    ReceiptRow,
)
from publisher.models.history import Event
from publisher.models.monitoring import CreditOutage
from publisher.models.notifications import Channel, Notice
from publisher.models.submission_details import StoreInUse
from publisher.operations.backup import record
from publisher.operations.table_metrics import READERS, read_gauges
from publisher.people.permissions import COMMAND
from publisher.platforms.base.protocol import OutcomeUnknown
from publisher.states import AccountState, DeliveryState, NoticeState
from tests.support.city import City, statements

pytestmark = pytest.mark.twin

MOST_STATEMENTS = 5
GROWING = ("deliveries", "attempts", "receipts", "sources", "notices", "events")
"""The tables that grow with each post, comment and mail."""

PAST, RECENT = 8_000, 300

_WHOLE = re.compile(
    r"(?:\bSCAN|Seq Scan on|Scan using (?!ix_notices_due)\w+ on) (\w+)\b"
    r"(?! USING INDEX ix_notices_due).*\n(?!\s*Index Cond)"
)
"""A table that a plan reads whole; the index of what is queued has nothing else."""


def gauges(town: City) -> dict[str, dict[tuple[str, ...], float]]:
    """Return the values of each gauge by those of its labels."""
    with town.read() as session:
        return {gauge.name: gauge.samples for gauge in read_gauges(session, now=town.now)}


def notice(number: int, **more: object) -> dict[str, object]:
    """Return the values of a message."""
    return {
        "kind": "review_asked",
        "channel": Channel.MAIL,
        "address": "a@pmc.example",
        "language": "mr",
        "subject": "",
        "body": "",
        "mail_id": f"<{number}@pmc.example>",
        "state": NoticeState.QUEUED,
        **more,
    }


def test_a_new_city_waits_for_nothing(town: City) -> None:
    with town.write() as session:
        session.execute(update(Notice).values(state=NoticeState.SENT))
        session.execute(delete(ClockBeat))
    values = gauges(town)
    assert values["clock_beat_seconds"] == values["backup_age_seconds"] == {(): math.inf}
    assert values["deliveries"] == dict.fromkeys(
        [("scheduled",), ("claimed",), ("sending",), ("unconfirmed",), ("held",)], 0
    )
    assert values["deliveries_stuck"] == {("missed",): 0, ("failed",): 0}
    assert values["messages_queued"] == {("mail",): 0, ("sms",): 0}
    assert values["accounts"][("x", "connected")] == 1
    assert values["accounts"][("x", "paused")] == 0
    assert values["attempts"] == {}
    never = {"clock_beat_seconds", "backup_age_seconds"}
    ages = [name for name in values if name.endswith("_seconds") and name not in never]
    assert {number for name in ages for number in values[name].values()} == {0}


def test_deliveries_are_counted_by_state_and_time(town: City) -> None:
    town.schedule(town.approved(), timedelta(hours=3))
    held_id = town.hold()
    town.platform("facebook").fail_next(OutcomeUnknown("no answer"))
    town.due(on=["facebook"])
    town.tick_dispatch()
    with town.read() as session:
        held_at = session.get_one(Delivery, held_id).state_at
    unconfirmed_at = town.now
    town.due()
    town.clock.move(timedelta(minutes=20))
    town.schedule(town.approved(), timedelta(0))
    values = gauges(town)
    assert values["deliveries"] == {
        ("scheduled",): 3,
        ("claimed",): 0,
        ("sending",): 0,
        ("unconfirmed",): 1,
        ("held",): 1,
    }
    assert (values["deliveries_due"][()], values["deliveries_late"][()]) == (2, 1)
    assert values["deliveries_late_seconds"][()] == 1200
    waiting = values["deliveries_waiting_seconds"]
    assert waiting["unconfirmed",] == (town.now - unconfirmed_at).total_seconds()
    assert waiting["held",] == (town.now - held_at).total_seconds()
    assert values["attempts"][("facebook", "unknown")] == 1
    town.clock.move(timedelta(hours=2))
    assert gauges(town)["attempts"] == {}


def test_what_was_missed_is_counted_for_a_day(town: City) -> None:
    town.due()
    town.tick_dispatch(timedelta(hours=5))
    assert gauges(town)["deliveries_stuck"] == {("missed",): 1, ("failed",): 0}
    town.clock.move(timedelta(hours=25))
    assert gauges(town)["deliveries_stuck"] == {("missed",): 0, ("failed",): 0}


def test_messages_accounts_and_clocks_are_counted(town: City) -> None:
    with town.write() as session:
        session.execute(update(Notice).values(state=NoticeState.SENT))
        moments = {"state_at": town.now, "queued_at": town.now, "send_at": town.now}
        later = {**moments, "send_at": town.now + timedelta(minutes=5)}
        rows = [
            notice(1, **moments),
            notice(2, **later, state=NoticeState.SENDING),
            notice(3, **later, channel=Channel.SMS),
            notice(4, **moments, state=NoticeState.FAILED),
        ]
        for row in rows:
            session.execute(insert(Notice).values(**row))
        session.execute(
            update(Account).where(Account.platform == "x").values(state=AccountState.PAUSED)
        )
        session.add(ClockBeat(name="clock-9", started_at=town.now, beat_at=town.now))
    town.clock.move(timedelta(minutes=2))
    values = gauges(town)
    assert values["messages_queued"] == {("mail",): 2, ("sms",): 1}
    assert values["messages_queued_seconds"] == {("mail",): 120, ("sms",): 0}
    assert values["accounts"][("x", "paused")] == 1
    assert values["accounts"][("facebook", "connected")] == 1
    assert values["clock_beat_seconds"] == {(): 120}
    assert values["clocks_alive"] == {(): 0}


def test_clocks_are_alive_for_half_a_minute_or_until_they_end(town: City) -> None:
    for name in ("a", "b", "c"):
        with town.write() as session:
            dispatch.record_heartbeat(session, name, now=town.now)
    assert gauges(town)["clocks_alive"] == {(): 3}
    dispatch.record_end(town.clock_named("a"))
    assert gauges(town)["clocks_alive"] == {(): 2}
    town.clock.move(timedelta(seconds=31))
    with town.write() as session:
        dispatch.record_heartbeat(session, "b", now=town.now)
    assert gauges(town)["clocks_alive"] == {(): 1}


def test_a_wrong_time_is_measured_until_it_is_right(town: City) -> None:
    assert gauges(town)["time_wrong_seconds"] == {(): 0}
    for hours, seconds in ((-2, 7200), (1, 3600), (0, 0)):
        town.platform("x").time_offset = timedelta(hours=hours)
        machine_time.ask_witnesses(town.context)
        assert gauges(town)["time_wrong_seconds"] == {(): seconds}


def test_credits_are_used_up_until_there_are_some_again(town: City) -> None:
    with town.write() as session:
        platform_credits.record_exhaustion(session, "x", now=town.now)
    town.clock.move(timedelta(minutes=3))
    assert gauges(town)["credits_used_up_seconds"] == {("x",): 180, ("facebook",): 0}
    with town.write() as session:
        session.execute(update(CreditOutage).values(ended_at=town.now))
    assert gauges(town)["credits_used_up_seconds"] == {("x",): 0, ("facebook",): 0}


def test_the_age_of_the_newest_backup_and_a_failure_after_it_are_told(town: City) -> None:
    with town.write() as session:
        session.add(StoreInUse(id=ONLY_ROW, identity="a" * 32, laid_at=town.now))
    for verb, age, failed in ((record.WRITTEN, 60, 0), (record.FAILED, 120, 1)):
        with town.write() as session:
            record.record_backup(session, verb, actor=COMMAND, now=town.now, values={})
        town.clock.move(timedelta(minutes=1))
        values = gauges(town)
        assert (values["backup_age_seconds"], values["backup_failed"]) == ({(): age}, {(): failed})


def test_the_oldest_unread_source_is_the_one_that_doctor_names(town: City) -> None:
    town.live()
    town.listen(timedelta(minutes=1))
    read_at = town.now
    assert gauges(town)["sources_unread"] == {(): 0}
    town.clock.move(timedelta(minutes=30))
    values = gauges(town)
    assert values["sources_unread"][()] >= 1
    assert values["sources_unread_seconds"][()] >= (town.now - read_at).total_seconds()


def test_one_reading_is_at_most_five_statements(town: City) -> None:
    town.live()
    town.due()
    with statements(town.database) as executed:
        gauges(town)
    assert len(executed) == len(READERS) <= MOST_STATEMENTS


def test_no_table_that_grows_is_scanned_whole(town: City) -> None:
    """After years most deliveries, attempts, sources and messages are past."""
    town.live()
    town.listen(timedelta(minutes=1))
    _add_past(town)
    for plan in _plans(town):
        assert not set(_WHOLE.findall(plan)) & set(GROWING), plan


def test_a_plan_that_scans_a_table_is_found_out() -> None:
    plans = (
        "SCAN deliveries USING COVERING INDEX ix_deliveries_state\n",
        "  ->  Seq Scan on deliveries  (cost=0)\n        Filter: (due_at > 0)\n",
        "  ->  Index Only Scan using pk_deliveries on deliveries  (cost=0)\n  ->  Sort\n",
    )
    assert [_WHOLE.findall(plan) for plan in plans] == [["deliveries"]] * 3
    good = (
        "  ->  Index Scan using pk_deliveries on deliveries  (cost=0)\n    Index Cond: (id = 1)\n"
    )
    assert _WHOLE.findall(good) == []


def _add_past(town: City) -> None:
    """Add what a city of some years has: most of it ended more than a month ago."""
    before, lately = town.now - timedelta(days=40), town.now - timedelta(days=2)
    with town.write() as session:
        model_rows: list[tuple[type[Base], dict[str, object]]] = [
            (
                Delivery,
                {
                    "action": DeliveryAction.HIDE,
                    "state": DeliveryState.PUBLISHED,
                    "state_at": before,
                    "due_at": before,
                },
            ),
            (Attempt, {"sending_at": before, "ended_at": before, "claimed_at": before}),
            (ReceiptRow, {"published_at": before, "action": DeliveryAction.HIDE}),
            (Source, {"read_at": None, "last_read_at": before}),
        ]
        originals = {
            model: dict(session.execute(select(core_table(model)).limit(1)).mappings().one())
            for model, _changes in model_rows
        }
        for model, changes in model_rows:
            rows = [
                {**originals[model], **changes, **_keys(model, number)}
                for number in range(1_000, 1_000 + PAST)
            ]
            for row in rows[:RECENT]:
                row |= {name: lately for name in ("read_at", "published_at") if name in row}
            bulk_insert(session, model, rows)
        moments = {"state_at": before, "queued_at": before, "send_at": before}
        sent = [notice(n, **moments, state=NoticeState.SENT) for n in range(PAST)]
        bulk_insert(session, Notice, sent)
        event = {"at": before, "subject": "posts", "verb": "draft", "actor_kind": ActorKind.CLOCK}
        events = [{**event, "subject_id": n, "details": {}} for n in range(PAST)]
        bulk_insert(session, Event, events)
        session.execute(text("ANALYZE"))


def _keys(model: type[Base], number: int) -> dict[str, object]:
    keys: dict[type[Base], dict[str, object]] = {
        Delivery: {},
        Attempt: {"delivery_id": number},
        ReceiptRow: {"delivery_id": number, "platform_id": f"p{number}"},
        Source: {"receipt_id": number},
    }
    return {"id": number, **keys[model]}


def _plans(town: City) -> Iterator[str]:
    """Yield the plan of each statement of a reading, with its own values."""
    explain = "EXPLAIN QUERY PLAN " if town.database.is_sqlite else "EXPLAIN "
    sent: list[tuple[str, object]] = []

    def note(
        _connection: object, _cursor: object, statement: str, values: object, *_: object
    ) -> None:
        sent.append((statement, values))

    event.listen(town.database.engine, "before_cursor_execute", note)
    gauges(town)
    event.remove(town.database.engine, "before_cursor_execute", note)
    with town.database.engine.connect() as connection:
        for statement, values in sent:
            lines = connection.exec_driver_sql(explain + statement, values)  # type: ignore[arg-type]  # as it was sent
            yield "".join(f"{row[-1]}\n" for row in lines)
