"""Scheduling all texts of a post together, publishing them now, and stopping what has not left."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.errors import WrongRole, WrongState
from publisher.delivery.controls.freeze import FreezeForm, freeze
from publisher.drafting import save as drafting_save
from publisher.drafting.drafts import Draft, PreparedDraft, PreparedVariant
from publisher.models.deliveries import Delivery
from publisher.models.posts import Language, Post, Variant
from publisher.scheduling import post_schedule, slots
from publisher.scheduling.post_schedule import NewTime, StoppedPublication
from publisher.scheduling.schedule import newest_revision
from publisher.states import DeliveryState
from publisher.validation import Invalid, NotFound
from tests.support import post_steps
from tests.support.city_people import DAY, HOUR, MINUTE, NOON, CityPeople, verbs_of

SECOND = timedelta(seconds=1)
STAGGER, TAKE_BACK = 15 * MINUTE, 30 * SECOND
MARK = f"scheduled {(NOON + DAY).isoformat()}"
"""Of a text that is scheduled a day from now."""


def approved(
    session: Session,
    city: CityPeople,
    *,
    wished_at: datetime | None = None,
    not_after: datetime | None = None,
) -> int:
    """Return an approved post: an English and a Marathi text on X, a Marathi one on Facebook."""
    post_id = post_steps.started(session, city)
    for submission in session.get_one(Post, post_id).submissions:
        submission.wished_at = wished_at
    texts = (("x", Language.ENGLISH), ("x", Language.MARATHI), ("facebook", Language.MARATHI))
    variants = tuple(
        PreparedVariant(account_id=city.accounts[name], language=language, text=f"पाणी {language}")
        for name, language in texts
    )
    draft = Draft(title="पाणी", not_before=None, not_after=not_after)
    drafting_save.save(
        session,
        actor=city.actor("clerk"),
        now=NOON,
        post_id=post_id,
        seen_revision=0,
        prepared=PreparedDraft(draft, variants, ()),
    )
    post_steps.send(session, city, post_id)
    post_steps.approve(session, post_id, by=city.actor("first"))
    session.flush()
    return post_id


def texts_of(session: Session, post_id: int) -> list[Variant]:
    return newest_revision(session.get_one(Post, post_id)).variants


def suggested(session: Session, post_id: int) -> list[datetime | None]:
    """Return the suggested times of X in English, X in Marathi and Facebook."""
    post = session.get_one(Post, post_id)
    timetable = post_schedule.post_timetable(session, post, now=NOON)
    times = post_schedule.suggest_times(post, timetable, stagger=STAGGER)
    return [times[variant.id] for variant in texts_of(session, post_id)]


def schedule(
    session: Session,
    city: CityPeople,
    post_id: int,
    times: dict[int, NewTime],
    *,
    by: str = "clerk",
    now: datetime = NOON,
    despite: bool = False,
) -> list[Delivery]:
    deliveries = post_schedule.schedule_post(
        session,
        actor=city.actor(by),
        now=now,
        post_id=post_id,
        times=times,
        despite_warnings=despite,
    )
    session.flush()
    return deliveries


def codes(
    session: Session, city: CityPeople, post_id: int, times: dict[int, NewTime]
) -> list[tuple[str, str]]:
    """Return the errors of these times, after checking that nothing was scheduled."""
    before = session.scalars(select(Delivery.due_at)).all()
    with pytest.raises(Invalid) as invalid:
        schedule(session, city, post_id, times)
    assert session.scalars(select(Delivery.due_at)).all() == before
    return invalid.value.codes


def all_at(session: Session, post_id: int, at: datetime) -> dict[int, NewTime]:
    return {variant.id: NewTime(at) for variant in texts_of(session, post_id)}


def publish_now(
    session: Session, city: CityPeople, post_id: int, *, now: datetime = NOON, despite: bool = False
) -> list[Delivery]:
    deliveries = post_schedule.publish_now(
        session,
        actor=city.actor("clerk"),
        now=now,
        variant_ids=[variant.id for variant in texts_of(session, post_id)],
        take_back=TAKE_BACK,
        despite_warnings=despite,
    )
    session.flush()
    return deliveries


def stop(
    session: Session, city: CityPeople, post_id: int, *, now: datetime, by: str = "clerk"
) -> StoppedPublication:
    return post_schedule.stop_publishing(session, actor=city.actor(by), now=now, post_id=post_id)


# Suggested times


def test_the_wished_time_is_suggested_marathi_first(session: Session, city: CityPeople) -> None:
    wished = NOON + DAY
    post_id = approved(session, city, wished_at=wished)
    assert suggested(session, post_id) == [wished + STAGGER, wished, wished]


def test_a_stagger_beyond_the_window_is_left_out(session: Session, city: CityPeople) -> None:
    wished = NOON + DAY
    post_id = approved(session, city, wished_at=wished, not_after=wished + STAGGER - SECOND)
    assert suggested(session, post_id) == [wished, wished, wished]


@pytest.mark.parametrize("wished", [None, NOON - DAY])
def test_without_a_usable_wish_the_next_good_time_is_suggested(
    session: Session, city: CityPeople, wished: datetime | None
) -> None:
    post_id = approved(session, city, wished_at=wished)
    slots.set_slots(
        session,
        actor=city.actor("clerk"),
        now=NOON,
        account_id=city.accounts["x"],
        weekdays=range(7),
        time_of_day=time(18, 0),
    )
    six = NOON + 6 * HOUR  # it is noon in the city
    assert suggested(session, post_id) == [six + STAGGER, six, None]


# All or nothing


def test_every_text_gets_its_own_time(session: Session, city: CityPeople) -> None:
    post_id = approved(session, city)
    texts = texts_of(session, post_id)
    times = {text.id: NewTime(NOON + place * HOUR) for place, text in enumerate(texts, 1)}
    deliveries = schedule(session, city, post_id, times)
    assert {delivery.variant_id: delivery.due_at for delivery in deliveries} == {
        text.id: times[text.id].due_at for text in texts
    }


def test_one_wrong_row_leaves_all_unscheduled_and_names_itself(
    session: Session, city: CityPeople
) -> None:
    post_id = approved(session, city, not_after=NOON + 2 * DAY)
    first, second, third = (text.id for text in texts_of(session, post_id))
    times = {
        first: NewTime(NOON + DAY),
        second: NewTime(NOON - HOUR),
        third: NewTime(NOON + 3 * DAY),
    }
    assert codes(session, city, post_id, times) == [
        (f"due_at-{second}", "past"),
        (f"due_at-{third}", "after_window"),
    ]


def test_a_row_in_a_freeze_and_one_in_a_quiet_time_need_the_tick(
    session: Session, city: CityPeople
) -> None:
    post_id = approved(session, city)
    x, facebook = city.accounts["x"], city.accounts["facebook"]
    at = NOON + DAY
    freeze(
        session,
        actor=city.actor("lead"),
        now=NOON,
        form=FreezeForm(at - HOUR, at + HOUR, "आचारसंहिता", account_id=facebook),
    )
    slots.set_quiet_time(
        session,
        actor=city.actor("clerk"),
        now=NOON,
        account_id=x,
        weekday=None,
        begins=time(0, 0),
        ends=time(23, 59),
    )
    session.flush()
    english, marathi, on_facebook = (text.id for text in texts_of(session, post_id))
    assert codes(session, city, post_id, all_at(session, post_id, at)) == [
        (f"due_at-{english}", "in_quiet_time"),
        (f"due_at-{marathi}", "in_quiet_time"),
        (f"due_at-{on_facebook}", "in_freeze"),
    ]
    assert len(schedule(session, city, post_id, all_at(session, post_id, at), despite=True)) == 3


def test_another_post_at_that_time_needs_the_tick(session: Session, city: CityPeople) -> None:
    other = approved(session, city)
    schedule(session, city, other, all_at(session, other, NOON + DAY))
    post_id = approved(session, city)
    times = all_at(session, post_id, NOON + DAY + 5 * MINUTE)
    assert {code for _field, code in codes(session, city, post_id, times)} == {"clash"}
    assert len(schedule(session, city, post_id, times, despite=True)) == 3


def test_a_text_that_has_left_is_an_error_of_its_row(session: Session, city: CityPeople) -> None:
    post_id = approved(session, city)
    times = all_at(session, post_id, NOON + DAY)
    first = schedule(session, city, post_id, times)[0]
    first.state = DeliveryState.SENDING
    session.flush()
    later = {variant_id: NewTime(NOON + 2 * DAY, MARK) for variant_id in times}
    assert codes(session, city, post_id, later) == [(f"due_at-{first.variant_id}", "on_its_way")]


def test_the_same_form_twice_changes_nothing_the_second_time(
    session: Session, city: CityPeople
) -> None:
    post_id = approved(session, city)
    times = all_at(session, post_id, NOON + DAY)
    (first, *_others) = schedule(session, city, post_id, times)
    assert schedule(session, city, post_id, times) == []
    assert verbs_of(session, first) == ["schedule"]


def test_of_two_clerks_the_second_is_told_of_the_first(session: Session, city: CityPeople) -> None:
    post_id = approved(session, city)
    schedule(session, city, post_id, all_at(session, post_id, NOON + DAY))
    again = all_at(session, post_id, NOON + 2 * DAY)
    assert {code for _field, code in codes(session, city, post_id, again)} == {
        "scheduled_meanwhile"
    }
    seen = {variant_id: NewTime(NOON + 2 * DAY, MARK) for variant_id in again}
    assert len(schedule(session, city, post_id, seen)) == 3


def test_none_ticked_and_a_text_of_another_post_are_refused(
    session: Session, city: CityPeople
) -> None:
    post_id, other = approved(session, city), approved(session, city)
    assert codes(session, city, post_id, {}) == [("chosen", "nothing_chosen")]
    with pytest.raises(NotFound):
        schedule(session, city, post_id, all_at(session, other, NOON + DAY))


def test_only_the_cell_schedules_and_only_what_is_approved(
    session: Session, city: CityPeople
) -> None:
    post_id = approved(session, city)
    with pytest.raises(WrongRole):
        schedule(session, city, post_id, all_at(session, post_id, NOON + DAY), by="first")
    waiting = post_steps.in_review(session, city)
    with pytest.raises(WrongState):
        schedule(session, city, waiting, all_at(session, waiting, NOON + DAY))


def test_what_somebody_stopped_is_not_brought_back_by_a_stale_form(
    session: Session, city: CityPeople
) -> None:
    post_id = approved(session, city)
    schedule(session, city, post_id, all_at(session, post_id, NOON + DAY))
    stop(session, city, post_id, now=NOON)
    again = {text.id: NewTime(NOON + 2 * DAY, MARK) for text in texts_of(session, post_id)}
    assert {code for _field, code in codes(session, city, post_id, again)} == {"changed_meanwhile"}


# Publishing now, and stopping it


def test_publishing_now_from_a_stale_page_is_refused(session: Session, city: CityPeople) -> None:
    post_id = approved(session, city)
    schedule(session, city, post_id, all_at(session, post_id, NOON + DAY))
    ids = [text.id for text in texts_of(session, post_id)]
    with pytest.raises(Invalid) as invalid:
        post_schedule.publish_now(
            session,
            actor=city.actor("clerk"),
            now=NOON,
            variant_ids=ids,
            expected=dict.fromkeys(ids, ""),
        )
    assert {code for _field, code in invalid.value.codes} == {"scheduled_meanwhile"}


def test_publishing_now_in_a_freeze_asks(session: Session, city: CityPeople) -> None:
    post_id = approved(session, city)
    form = FreezeForm(NOON, NOON + DAY, "आचारसंहिता", account_id=city.accounts["facebook"])
    freeze(session, actor=city.actor("lead"), now=NOON, form=form)
    session.flush()
    with pytest.raises(Invalid) as invalid:
        publish_now(session, city, post_id)
    assert [code for _field, code in invalid.value.codes] == ["in_freeze"]
    assert len(publish_now(session, city, post_id, despite=True)) == 3


def test_publishing_now_waits_so_long_that_it_can_be_stopped(
    session: Session, city: CityPeople
) -> None:
    deliveries = publish_now(session, city, approved(session, city))
    assert {delivery.due_at for delivery in deliveries} == {NOON + TAKE_BACK}


def test_a_window_that_ends_in_twenty_seconds_cuts_the_wait_to_half(
    session: Session, city: CityPeople
) -> None:
    post_id = approved(session, city, not_after=NOON + 20 * SECOND)
    deliveries = publish_now(session, city, post_id)
    assert {delivery.due_at for delivery in deliveries} == {NOON + 10 * SECOND}


def test_publishing_now_in_a_quiet_time_asks(session: Session, city: CityPeople) -> None:
    post_id = approved(session, city)
    slots.set_quiet_time(
        session,
        actor=city.actor("clerk"),
        now=NOON,
        account_id=city.accounts["x"],
        weekday=None,
        begins=time(0, 0),
        ends=time(23, 59),
    )
    with pytest.raises(Invalid) as invalid:
        publish_now(session, city, post_id)
    assert invalid.value.codes == [("despite_warnings", "quiet_now")]
    assert len(publish_now(session, city, post_id, despite=True)) == 3


@pytest.mark.parametrize("by", ["clerk", "first", "head"])
def test_a_stop_at_second_29_stops_every_text(session: Session, city: CityPeople, by: str) -> None:
    post_id = approved(session, city)
    deliveries = publish_now(session, city, post_id)
    outcome = stop(session, city, post_id, now=NOON + 29 * SECOND, by=by)
    assert (len(outcome.stopped), outcome.left) == (3, [])
    assert {delivery.state for delivery in deliveries} == {DeliveryState.CANCELLED}


def test_a_stop_while_one_has_left_says_so_and_stops_the_others(
    session: Session, city: CityPeople
) -> None:
    post_id = approved(session, city)
    on_x, *others = publish_now(session, city, post_id)
    on_x.state = DeliveryState.SENDING
    session.flush()
    outcome = stop(session, city, post_id, now=NOON + 31 * SECOND)
    assert (outcome.stopped, outcome.left) == (others, [on_x])
    assert on_x.state is DeliveryState.SENDING


def test_a_second_stop_finds_nothing(session: Session, city: CityPeople) -> None:
    post_id = approved(session, city)
    publish_now(session, city, post_id)
    stop(session, city, post_id, now=NOON)
    assert stop(session, city, post_id, now=NOON) == StoppedPublication([], [])


@pytest.mark.parametrize("by", ["member", "road_officer"])
def test_only_who_may_cancel_stops_it(session: Session, city: CityPeople, by: str) -> None:
    post_id = approved(session, city)
    publish_now(session, city, post_id)
    with pytest.raises(WrongRole):
        stop(session, city, post_id, now=NOON, by=by)
