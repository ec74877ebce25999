"""Slots and quiet times: who sets them, what they cover, and the next free slot."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from approvals.errors import WrongRole
from publisher.models.desk import QuietTime
from publisher.models.posts import Variant
from publisher.scheduling import slots
from publisher.scheduling.timetable import read_timetable
from publisher.validation import Invalid, NotFound
from publisher.working_time import local
from tests.support.city import City
from tests.support.city_people import DAY, HOUR
from tests.support.tables import each

WEDNESDAY, THURSDAY, FRIDAY = 2, 3, 4


def set_slots(town: City, *weekdays: int, clock: time = time(9), on: str = "x") -> list[int]:
    with town.write() as session:
        slot_ids = slots.set_slots(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            account_id=town.accounts[on],
            weekdays=weekdays,
            time_of_day=clock,
        )
        return [slot.id for slot in slot_ids]


def set_quiet(
    town: City,
    begins: time,
    ends: time,
    *,
    weekday: int | None = None,
    on: str | None = None,
    by: str = "clerk",
) -> int:
    with town.write() as session:
        return slots.set_quiet_time(
            session,
            actor=town.actor(by),
            now=town.now,
            account_id=town.accounts[on] if on else None,
            weekday=weekday,
            begins=begins,
            ends=ends,
        ).id


def free_slots(town: City, post_id: int, *, wished: timedelta | None = None) -> list[str]:
    """Return the next free slots of the post's first text, in the city's time."""
    with town.read() as session:
        variant = session.get_one(Variant, town.variants(post_id)[0])
        timetable = read_timetable(
            session,
            now=town.now,
            wished_at=town.now + wished if wished is not None else None,
            not_before=variant.revision.not_before,
        )
        moments = timetable.free_slots(variant, most=3)
        return [f"{local(at):%a %d %H:%M}" for at in moments]


@each(
    "weekday, at, covered",
    [
        (None, datetime(2026, 11, 25, 16, 29, tzinfo=UTC), False),  # Wednesday, 21:59
        (None, datetime(2026, 11, 25, 16, 30, tzinfo=UTC), True),  # Wednesday, 22:00
        (None, datetime(2026, 11, 26, 1, 29, tzinfo=UTC), True),  # Thursday, 6:59
        (None, datetime(2026, 11, 26, 1, 30, tzinfo=UTC), False),  # Thursday, 7:00
        (WEDNESDAY, datetime(2026, 11, 25, 18, 0, tzinfo=UTC), True),  # Wednesday, 23:30
        (WEDNESDAY, datetime(2026, 11, 26, 0, 30, tzinfo=UTC), True),  # Thursday, 6:00
        (WEDNESDAY, datetime(2026, 11, 25, 0, 30, tzinfo=UTC), False),  # Wednesday, 6:00
        (WEDNESDAY, datetime(2026, 11, 26, 18, 0, tzinfo=UTC), False),  # Thursday, 23:30
    ],
)
def test_a_quiet_night_lasts_into_the_next_morning(
    weekday: int | None, at: datetime, covered: bool
) -> None:
    night = QuietTime(account_id=None, weekday=weekday, begins=22 * 60, ends=7 * 60)
    assert (slots.find_quiet_time([night], 1, at) is night) is covered


def test_a_quiet_time_of_one_account_leaves_the_others_alone() -> None:
    noon = QuietTime(account_id=1, weekday=None, begins=12 * 60, ends=13 * 60)
    at = datetime(2026, 11, 25, 7, 0, tzinfo=UTC)
    assert slots.find_quiet_time([noon], 1, at) is noon
    assert slots.find_quiet_time([noon], 2, at) is None


def test_only_who_schedules_sets_them(town: City) -> None:
    for who in ("admin", "first", "head", "member", "oversight", "auditor"):
        with pytest.raises(WrongRole):
            set_quiet(town, time(22), time(7), by=who)
    quiet_id = set_quiet(town, time(22), time(7), by="lead")
    (slot_id,) = set_slots(town, WEDNESDAY)
    for who in ("first", "auditor"):
        with pytest.raises(WrongRole), town.write() as session:
            slots.remove_slot(session, actor=town.actor(who), now=town.now, slot_id=slot_id)
    with town.write() as session:
        clerk = town.actor("clerk")
        slots.remove_slot(session, actor=clerk, now=town.now, slot_id=slot_id)
        slots.remove_quiet_time(session, actor=clerk, now=town.now, quiet_time_id=quiet_id)
        session.flush()
        assert slots.slots(session) == []
        assert slots.quiet_times(session) == []
        with pytest.raises(NotFound):
            slots.remove_slot(session, actor=clerk, now=town.now, slot_id=slot_id)
    assert town.verbs("slots", slot_id) == ["set_slot", "remove_slot"]
    assert town.verbs("quiet_times", quiet_id) == ["set_quiet_time", "remove_quiet_time"]


def test_what_makes_no_sense_is_refused(town: City) -> None:
    with pytest.raises(Invalid) as same:
        set_quiet(town, time(9), time(9))
    assert same.value.codes == [("ends", "same_time")]
    with pytest.raises(Invalid) as nothing:
        set_slots(town)
    assert nothing.value.codes == [("weekdays", "required")]
    town.accounts["gone"] = 999
    with pytest.raises(Invalid) as gone:
        set_slots(town, WEDNESDAY, on="gone")
    assert gone.value.codes == [("account", "unknown_account")]


def test_a_slot_that_is_there_already_stays_once(town: City) -> None:
    set_slots(town, WEDNESDAY)
    assert len(set_slots(town, WEDNESDAY, THURSDAY)) == 1


def test_the_next_free_slots_are_of_its_account_and_to_come(town: City) -> None:
    """It is Wednesday noon."""
    post_id = town.approved()
    assert free_slots(town, post_id) == []
    set_slots(town, WEDNESDAY, THURSDAY)
    set_slots(town, WEDNESDAY, clock=time(18))
    set_slots(town, THURSDAY, clock=time(8), on="facebook")
    assert free_slots(town, post_id) == ["Wed 25 18:00", "Thu 26 09:00", "Wed 02 09:00"]
    assert free_slots(town, post_id, wished=2 * DAY) == [
        "Wed 02 09:00",
        "Wed 02 18:00",
        "Thu 03 09:00",
    ]


def test_a_taken_or_quiet_slot_is_not_free_and_the_window_is_kept(town: City) -> None:
    set_slots(town, THURSDAY, FRIDAY)
    set_slots(town, THURSDAY, clock=time(6))
    other, post_id = town.approved(), town.start(town.hand_in())
    town.save(post_id, on=["x"], not_after=town.now + 4 * DAY)
    town.send(post_id)
    town.approve(post_id)
    assert free_slots(town, post_id) == ["Thu 26 06:00", "Thu 26 09:00", "Fri 27 09:00"]
    town.schedule(other, 21 * HOUR + timedelta(minutes=9))  # Thursday, 9:09
    set_quiet(town, time(22), time(7))
    assert free_slots(town, post_id) == ["Fri 27 09:00"]


def test_its_own_other_language_may_stand_beside_it(town: City) -> None:
    set_slots(town, THURSDAY)
    post_id = town.approved()
    town.schedule(post_id, 21 * HOUR)
    assert free_slots(town, post_id)[0] == "Thu 26 09:00"
