"""Live posts are polled, so that edits and deletions by others are noticed within a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.errors import WrongRole, WrongState
from publisher.delivery.monitoring import acknowledge, poll
from publisher.delivery.worker_context import WorkerContext
from publisher.models.deliveries import Account
from publisher.models.monitoring import Watch
from publisher.models.submissions import Submission
from publisher.platforms.base.protocol import (
    CredentialsExpired,
    PlatformError,
    PostOrError,
    RefusalCode,
    Refused,
    TryLater,
)
from publisher.reports.board_rows import BoardKind
from publisher.reports.decision_board import board
from publisher.reports.external_changes import (
    ExternalChange,
    FindingKind,
    finding_for,
)
from publisher.reports.progress import Stage
from publisher.reports.tab_counts import overview_of
from publisher.reports.timeline import load_timeline, post_timeline
from publisher.reports.timeline_steps import StepKind
from publisher.review import takedown_orders
from publisher.scheduling import corrections
from publisher.states import AccountState
from publisher.validation import Invalid
from tests.delivery.test_corrections import MENDED, correct
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, MINUTE
from tests.support.memory_platform.platform import MemoryPlatform
from tests.support.open_changes import open_changes

QUARTER = timedelta(minutes=15)
REFUSED = Refused(RefusalCode.UNKNOWN)


def poll_for(
    town: City, span: timedelta = timedelta(0), *, context: WorkerContext | None = None
) -> int:
    """Poll every half hour for this long, and return the number of reads."""
    looks, until = poll.tick_watching(context or town.context), town.now + span
    while town.now < until:
        town.clock.move(min(HOUR / 2, until - town.now))
        looks += poll.tick_watching(context or town.context)
    return looks


def findings(town: City, *, by: str = "lead") -> tuple[ExternalChange, ...]:
    """Return the open findings, as this person sees them."""
    with town.read() as session:
        return open_changes(session, actor=town.actor(by))


@pytest.mark.twin
def test_looks_are_daily_for_a_month_weekly_for_a_year_and_monthly_after(town: City) -> None:
    town.live(on=("x", "facebook"))
    published_at = town.now

    def wait_until(age: timedelta) -> None:
        town.clock.move(published_at + age - town.now)

    assert poll_for(town) == 0
    assert poll_for(town, 20 * HOUR) == 2
    assert poll_for(town, 20 * HOUR) == 2
    wait_until(29 * DAY)
    assert poll_for(town) == 2
    assert poll_for(town, 15 * HOUR) == 0
    assert poll_for(town, 5 * HOUR) == 2
    for age, interval in ((31 * DAY, 7 * DAY), (364 * DAY, 7 * DAY), (410 * DAY, 30 * DAY)):
        wait_until(age)
        assert poll_for(town) == 2
        town.clock.move(interval - MINUTE)
        assert poll_for(town) == 0
        town.clock.move(MINUTE)
        assert poll_for(town) == 2
    assert findings(town) == ()


@pytest.mark.ci
@pytest.mark.parametrize("age", [timedelta(0), 11 * DAY, 29 * DAY])
def test_in_the_first_month_what_somebody_does_is_noticed_within_a_day(
    town: City, age: timedelta
) -> None:
    """Just after a look: that leaves the longest interval, and the second look that proves it."""
    live = [town.live()[0] for _ in range(3)]
    poll_for(town, age)
    while not poll.tick_watching(town.context):
        town.clock.move(QUARTER)
    for delivery in live:
        town.platform("x").somebody_deletes(town.platform_id(delivery))
    poll_for(town, DAY)
    assert [finding.kind for finding in findings(town)] == [FindingKind.GONE] * 3


def test_what_somebody_else_deleted_is_found_within_a_day_and_told(town: City) -> None:
    (delivery,) = town.live()
    poll_for(town)
    town.platform("x").somebody_deletes(town.platform_id(delivery))
    poll_for(town, DAY - HOUR)
    (finding,) = findings(town)
    assert (finding.kind, finding.watch.receipt.account.platform) == (FindingKind.GONE, "x")
    assert town.notified("found_gone") == ["first", "lead", "second"]
    assert town.verbs("deliveries", delivery)[-1] == "found_gone"
    with town.read() as session:
        assert corrections.list_live_texts(session, finding.post.id) == []
    assert findings(town, by="road_officer") == ()


def test_one_look_that_finds_nothing_is_no_proof(town: City) -> None:
    (delivery,) = town.live()
    poll_for(town)
    platform = town.platform("x")
    town.clock.move(20 * HOUR)
    hidden = platform.posts.pop()
    poll.tick_watching(town.context)
    assert findings(town) == ()
    platform.posts.append(hidden)
    town.clock.move(QUARTER)
    poll.tick_watching(town.context)
    assert findings(town) == ()
    with town.read() as session:
        assert session.scalars(select(Watch.absent_at)).one() is None
        assert session.scalars(select(Watch.found_gone_at)).one() is None
    assert town.delivery(delivery).state == "published"


def test_a_post_changed_by_somebody_else_is_found_with_its_present_text(town: City) -> None:
    (delivery,) = town.live(on=("facebook",))
    poll_for(town)
    town.platform("facebook").somebody_edits(town.platform_id(delivery), "पाणी बंद नाही.")
    poll_for(town, DAY - HOUR)
    (finding,) = findings(town, by="first")
    assert (finding.kind, finding.watch.seen_text) == (FindingKind.CHANGED, "पाणी बंद नाही.")
    assert finding.own_text.startswith("शनिवारी")
    assert town.notified("found_changed") == ["first", "lead", "second"]
    poll_for(town, DAY)
    assert len(findings(town)) == 1
    assert town.notified("found_changed") == ["first", "lead", "second"]


def test_what_we_changed_or_deleted_ourselves_is_nobody_elses(town: City) -> None:
    (delivery,) = town.live(on=("facebook",))
    post_id = town.delivery(delivery).post_id
    poll_for(town)
    town.clock.move(DAY)
    correct(town, post_id, {"facebook": MENDED})
    town.tick_dispatch()
    poll_for(town, 2 * DAY)
    assert findings(town) == ()
    with town.write() as session:
        (live_text,) = corrections.list_live_texts(session, post_id)
        takedown_orders.take_back(
            session,
            actor=town.actor("lead"),
            now=town.now,
            post_id=post_id,
            receipt_ids=[live_text.receipt.id],
            reason="चुकीची माहिती",
        )
    town.tick_dispatch()
    poll_for(town, 2 * DAY)
    assert findings(town) == ()
    with town.read() as session:
        assert session.scalars(select(Watch.look_at)).all() == [None]


def test_a_correction_of_what_somebody_changed_settles_it(town: City) -> None:
    (delivery,) = town.live(on=("facebook",))
    post_id = town.delivery(delivery).post_id
    poll_for(town)
    town.platform("facebook").somebody_edits(town.platform_id(delivery), "पाणी बंद नाही.")
    poll_for(town, DAY)
    assert len(findings(town)) == 1
    correct(town, post_id, {"facebook": MENDED})
    town.tick_dispatch()
    poll_for(town, DAY)
    assert findings(town) == ()
    assert "same_again" in town.verbs("deliveries", delivery)


def test_somebody_says_that_they_have_seen_it(town: City) -> None:
    (delivery,) = town.live()
    poll_for(town)
    town.platform("x").somebody_deletes(town.platform_id(delivery))
    poll_for(town, DAY)
    (finding,) = findings(town)
    with town.write() as session, pytest.raises(Invalid):
        _note(town, session, finding.watch.id, " ")
    with town.write() as session, pytest.raises(WrongRole):
        _note(town, session, finding.watch.id, "पाहिले", by="road_officer")
    with town.write() as session:
        _note(town, session, finding.watch.id, "खाते पाहणाऱ्याने चुकून काढले.", by="first")
    assert findings(town) == ()
    with town.read() as session:
        noted = finding_for(session, actor=town.actor("lead"), watch_id=finding.watch.id)
        steps = post_timeline(session, post=noted.post, now=town.now).steps
    assert noted.watch.note == "खाते पाहणाऱ्याने चुकून काढले."
    assert noted.noted_by is not None
    assert noted.watch.settled_at is not None
    assert [step.kind for step in steps][-2:] == [StepKind.FOUND_GONE, StepKind.FINDING_NOTED]
    with town.write() as session, pytest.raises(WrongState):
        _note(town, session, finding.watch.id, "पुन्हा")


def _note(town: City, session: Session, watch_id: int, note: str, *, by: str = "lead") -> None:
    acknowledge.note_seen(session, actor=town.actor(by), now=town.now, watch_id=watch_id, note=note)


def test_another_change_after_it_was_seen_stands_on_the_board_again(town: City) -> None:
    (delivery,) = town.live(on=("facebook",))
    poll_for(town)
    own = town.platform_id(delivery)
    town.platform("facebook").somebody_edits(own, "एक")
    poll_for(town, DAY)
    with town.write() as session:
        _note(town, session, findings(town)[0].watch.id, "कळविले आहे.")
    poll_for(town, DAY)
    assert findings(town) == ()
    town.platform("facebook").somebody_edits(own, "दोन")
    poll_for(town, DAY)
    assert [finding.watch.seen_text for finding in findings(town)] == ["दोन"]


def test_what_is_found_stands_on_the_board_and_is_counted(town: City) -> None:
    (delivery,) = town.live()
    poll_for(town)
    town.platform("x").somebody_deletes(town.platform_id(delivery))
    poll_for(town, DAY)
    with town.read() as session:
        for who in ("lead", "clerk", "first"):
            (line,) = board(session, actor=town.actor(who), now=town.now).lines
            counted = overview_of(session, actor=town.actor(who), now=town.now).counts
            assert (line.first.kind, counted.decisions) == (BoardKind.FOUND, 1)


def test_the_department_is_told_that_it_no_longer_stands_there(town: City) -> None:
    (delivery,) = town.live()
    with town.read() as session:
        (submission,) = session.get_one(type(town.delivery(delivery)), delivery).post.submissions
        number = submission.id
    poll_for(town)
    town.platform("x").somebody_deletes(town.platform_id(delivery))
    poll_for(town, DAY)
    with town.read() as session:
        timeline = load_timeline(
            session, submission=session.get_one(Submission, number), now=town.now
        )
    assert (timeline.stage, timeline.lives) == (Stage.GONE, ())
    assert timeline.steps[-1].kind is StepKind.FOUND_GONE


def test_a_platform_that_cannot_be_read_now_is_asked_later(town: City) -> None:
    town.live()
    poll_for(town)
    town.clock.move(20 * HOUR)
    later = town.now + 3 * HOUR
    town.platform("x").fail_next(TryLater(later), on="see")
    poll.tick_watching(town.context)
    with town.read() as session:
        assert session.scalars(select(Watch.look_at)).one() == later
    assert poll_for(town, 2 * HOUR) == 0
    assert poll_for(town, 2 * HOUR) == 1


def test_an_expired_access_pauses_the_account(town: City) -> None:
    town.live()
    poll_for(town)
    town.clock.move(20 * HOUR)
    town.platform("x").fail_next(CredentialsExpired("190"), on="see")
    poll.tick_watching(town.context)
    with town.read() as session:
        assert session.get_one(Account, town.accounts["x"]).state is AccountState.PAUSED
    assert poll_for(town, HOUR) == 0


@pytest.mark.parametrize(("trouble", "requests"), [(TryLater(), 1), (REFUSED, 2)])
def test_a_silent_platform_is_asked_once_a_tick_and_delays_no_other(
    town: City, trouble: PlatformError, requests: int
) -> None:
    away = _two_on_each(town, trouble)
    with town.read() as session:
        before = set(session.scalars(select(Watch.look_at)))
    assert poll.tick_watching(town.context) == requests + 2
    assert away.asked == requests
    with town.read() as session:
        looked = select(Watch.id).where(Watch.looked_at == town.now)
        assert len(session.scalars(looked).all()) == 2
        assert len(before & set(session.scalars(select(Watch.look_at)))) == 2 - requests
    assert poll.tick_watching(town.context) == 2 - requests


def test_a_stopping_clock_ends_after_the_current_check(town: City) -> None:
    away = _two_on_each(town, REFUSED)
    assert poll.tick_watching(town.context, is_stopping=lambda: away.asked == 1) == 1


def _two_on_each(town: City, trouble: PlatformError) -> _FailingPlatform:
    """Publish two posts on X, which then fails to read, and two later ones on Facebook."""
    for on in ("x", "x", "facebook", "facebook"):
        town.live(on=[on])
        poll.tick_watching(town.context)
        town.clock.move(HOUR)
    away = _FailingPlatform(town, trouble)
    town.platforms[town.accounts["x"]] = away
    town.clock.move(DAY)
    return away


class _FailingPlatform(MemoryPlatform):
    """Fails at every read with this error; `asked` counts them."""

    def __init__(self, town: City, trouble: PlatformError) -> None:
        super().__init__(now=town.clock, name="x")
        self.limits = replace(self.limits, seen_at_once=1)
        self.trouble = trouble
        self.asked = 0

    def see_many(self, platform_ids: Sequence[str]) -> dict[str, PostOrError]:
        del platform_ids
        self.asked += 1
        raise self.trouble


def test_answers_are_looked_at_after_a_day_and_after_a_week(town: City) -> None:
    (delivery,) = town.live()
    town.answer(town.comment(under=delivery))
    town.tick_dispatch()
    town.platform("x").somebody_deletes(town.platform_id(delivery))
    poll_for(town)
    poll_for(town, DAY - MINUTE)
    assert poll_for(town, MINUTE) == 1
    town.clock.move(6 * DAY - MINUTE)
    assert poll_for(town) == 0
    town.clock.move(MINUTE)
    assert poll_for(town) == 1
    with town.read() as session:
        assert session.scalars(select(Watch.look_at)).all() == [None, None]


@pytest.mark.parametrize("after", [timedelta(0), 2 * DAY])
def test_an_answer_that_somebody_deletes_is_found_by_either_look(
    town: City, after: timedelta
) -> None:
    (delivery,) = town.live()
    reply_id = town.answer(town.comment(under=delivery))
    town.tick_dispatch()
    poll_for(town, after)
    town.platform("x").somebody_deletes(town.platform("x").published[-1].platform_id)
    poll_for(town, (8 * DAY if after else 2 * DAY) - after)
    assert [finding.post.id for finding in findings(town, by="first")] == [reply_id]
