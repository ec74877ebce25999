"""The last day to come that a text names, which ends a window without an end."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from sqlalchemy.orm import Session

from publisher.content_checks.last_day import find_last_day
from publisher.database.session import Database
from publisher.models.posts import Post
from publisher.models.submissions import SubmissionKind
from tests.support import post_steps
from tests.support.city_people import DAY, NOON, CityPeople, city_people

TODAY = date(2026, 11, 25)


def test_the_town_is_of_the_day_that_these_texts_are_about() -> None:
    assert NOON.date() == TODAY


@pytest.mark.parametrize(
    ("text", "day", "passage"),
    [
        ("शनिवार दि. २८ नोव्हेंबर रोजी पाणी बंद.", 28, "शनिवार दि. २८ नोव्हेंबर"),
        ("दि. २६ ते २९ नोव्हेंबर शिबिर.", 29, "२६ ते २९ नोव्हेंबर"),
        ("From 26 November to 29 November 2026.", 29, "29 November 2026"),
        ("आज दि. २५ नोव्हेंबर पाणी बंद.", 25, "२५ नोव्हेंबर"),
        ("दि. २० नोव्हेंबर रोजी बैठक झाली. शिबिर २७/११/२०२६ रोजी.", 27, "२७/११/२०२६"),
        ("आदेश क्र. साप्रवि/४५ दि. ३० नोव्हेंबर नुसार दि. २८ नोव्हेंबर रोजी.", 28, "२८ नोव्हेंबर"),
        ("As per circular dated 30 November, on 28 November.", 28, "28 November"),
    ],
)
def test_the_last_day_to_come_ends_the_window(text: str, day: int, passage: str) -> None:
    last_day = find_last_day(Post(submissions=[]), [text], now=NOON)
    assert last_day is not None
    assert (last_day.day, last_day.passage) == (date(2026, 11, day), passage)


@pytest.mark.parametrize(
    "text",
    ["पाणी जपून वापरा.", "दि. २४ नोव्हेंबर रोजी काम पूर्ण झाले.", "आदेश क्र. ४५, दि. ३० नोव्हेंबर."],
)
def test_a_text_without_a_day_to_come_ends_no_window(text: str) -> None:
    assert find_last_day(Post(submissions=[]), [text], now=NOON) is None


@pytest.mark.parametrize(
    ("kind", "ends"),
    [
        (SubmissionKind.EVENT, True),
        (SubmissionKind.PUBLIC_NOTICE, True),
        (SubmissionKind.PRESS_NOTE, False),
        (SubmissionKind.MEASURE, False),
    ],
)
def test_press_notes_and_measures_stay_of_use(
    on_sqlite: Database, kind: SubmissionKind, ends: bool
) -> None:
    city = city_people(on_sqlite)
    with city.write() as session:
        not_after = sent(session, city, "शिबिर दि. २८ नोव्हेंबर रोजी.", kind)
    expected = datetime.fromisoformat("2026-11-28T23:59+05:30") if ends else NOON + 30 * DAY
    assert not_after == expected


def test_a_day_before_the_window_ends_none(on_sqlite: Database) -> None:
    city = city_people(on_sqlite)
    with city.write() as session:
        not_after = sent(session, city, "दि. २६ नोव्हेंबर.", not_before=NOON + 2 * DAY)
    assert not_after == NOON + 30 * DAY


def test_a_typed_end_stays(on_sqlite: Database) -> None:
    city = city_people(on_sqlite)
    with city.write() as session:
        not_after = sent(session, city, "दि. २८ नोव्हेंबर.", not_after=NOON + 9 * DAY)
    assert not_after == NOON + 9 * DAY


def sent(
    session: Session,
    city: CityPeople,
    text: str,
    kind: SubmissionKind = SubmissionKind.EVENT,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
) -> datetime | None:
    """Return the end of the window of a post that was sent for review."""
    post_id = post_steps.started(session, city)
    for submission in session.get_one(Post, post_id).submissions:
        submission.kind = kind
    post_steps.save(session, city, post_id, text=text, not_before=not_before, not_after=not_after)
    post_steps.send(session, city, post_id)
    return session.get_one(Post, post_id).revisions[-1].not_after
