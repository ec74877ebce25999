"""The calendar's private feed: its person, its events, and when its link is invalid."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from approvals.policy import Role
from publisher.auth.one_time_links import hash_token
from publisher.database.session import Database
from publisher.models.desk import CalendarFeed
from publisher.models.people import Appointment, Department
from publisher.reports import ical_feeds
from publisher.reports.ical_feeds import FeedContent, TooOften
from publisher.validation import NotFound
from tests.support.city import City
from tests.support.city_people import DAY, HOUR


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    """Open a database on SQLite alone, since the calendar's queries are tested on both."""
    opened = Database(sqlite_url)
    yield opened
    opened.dispose()


def make(town: City, who: str) -> str:
    with town.write() as session:
        return ical_feeds.renew(session, actor=town.actor(who), now=town.now)


def fetch(town: City, token: str) -> FeedContent:
    with town.write() as session:
        return ical_feeds.fetch(session, token=token, now=town.now)


def departments(feed: FeedContent) -> set[str]:
    return {event.department.code for event in feed.items}


def plan(town: City) -> None:
    for code in ("water", "road"):
        town.schedule(town.approved(code), DAY)


def test_a_link_shows_what_its_person_may_see(town: City) -> None:
    plan(town)
    with town.write() as session:
        water = session.get_one(Department, town.departments["water"])
        water.reports_to_id = town.departments["information-technology"]
    by_reader = {
        who: departments(fetch(town, make(town, who)))
        for who in ("clerk", "auditor", "member", "road_officer", "health_head", "oversight")
    }
    assert by_reader == {
        "clerk": {"water", "road"},
        "auditor": {"water", "road"},
        "member": {"water"},
        "road_officer": {"road"},
        "health_head": set(),
        "oversight": {"water"},
    }


def test_what_is_long_over_or_far_off_and_answers_are_left_out(town: City) -> None:
    token = make(town, "clerk")
    town.live()
    assert len(fetch(town, token).items) == 1
    town.clock.move(timedelta(days=31))
    assert fetch(town, token).items == ()


def test_only_the_tokens_digest_is_kept(town: City) -> None:
    token = make(town, "first")
    with town.read() as session:
        feed = session.get_one(CalendarFeed, 1)
    assert feed.token_digest == hash_token(token)
    assert token not in repr(vars(feed))


def test_a_renewed_or_ended_link_is_dead(town: City) -> None:
    first, second = make(town, "first"), make(town, "first")
    with pytest.raises(NotFound):
        fetch(town, first)
    assert fetch(town, second).items == ()
    with town.write() as session:
        ical_feeds.end(session, actor=town.actor("first"), now=town.now)
        ical_feeds.end(session, actor=town.actor("first"), now=town.now)
    with pytest.raises(NotFound):
        fetch(town, second)
    assert town.verbs("calendar_feeds", 2) == ["make_feed", "end_feed"]


def test_the_link_of_another_person_is_left_alone(town: City) -> None:
    mine, theirs = make(town, "first"), make(town, "second")
    with town.write() as session:
        ical_feeds.end(session, actor=town.actor("first"), now=town.now)
    with pytest.raises(NotFound):
        fetch(town, mine)
    fetch(town, theirs)


def test_who_is_disabled_or_holds_nothing_any_more_has_no_calendar(town: City) -> None:
    disabled, gone = make(town, "first"), make(town, "second")
    town.disable("first")
    town.end("second")
    town.clock.move(timedelta(seconds=1))
    for token in (disabled, gone):
        with pytest.raises(NotFound):
            fetch(town, token)


def test_a_second_appointment_adds_what_it_sees(town: City) -> None:
    plan(town)
    token = make(town, "member")
    town.appoint("again", Role.MEMBER, "road")
    with town.write() as session:
        session.get_one(Appointment, town.appointments["again"]).person_id = town.people["member"]
    assert departments(fetch(town, token)) == {"water", "road"}


def test_it_changes_only_when_what_it_shows_does(town: City) -> None:
    plan(town)
    token = make(town, "clerk")
    first = fetch(town, token)
    town.clock.move(HOUR)
    again = fetch(town, token)
    assert (again.digest, again.changed_at) == (first.digest, first.changed_at)
    town.schedule(town.approved(), 2 * DAY)
    after = fetch(town, token)
    assert after.digest != first.digest
    assert after.changed_at == town.now


@pytest.mark.ci
def test_who_asks_too_often_has_to_wait_for_the_hour_to_end(town: City) -> None:
    token = make(town, "clerk")
    for _ in range(ical_feeds.MOST_FETCHES):
        fetch(town, token)
    town.clock.move(timedelta(minutes=59))
    with pytest.raises(TooOften) as refused:
        fetch(town, token)
    assert refused.value.again_in == 61
    town.clock.move(timedelta(minutes=1))
    fetch(town, token)
