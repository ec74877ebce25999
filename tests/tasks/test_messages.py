"""What came for a person is told in one message, and never twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import event, select

from publisher.inbox import routing
from publisher.inbox.undo import undo_routing
from publisher.models.history import Event
from publisher.models.notifications import Notice
from publisher.models.people import Person
from publisher.notifications.kinds import NoticeKind
from publisher.platforms.base.protocol import RefusalCode, Refused
from publisher.tasks import messages
from publisher.transfers import hand_over
from publisher.working_time import local_day
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, MINUTE
from tests.tasks.test_comments import away

TOLD = (NoticeKind.COMMENT_ROUTED, NoticeKind.COMMENTS_WAIT)


def tell(town: City, after: timedelta = timedelta(0)) -> list[tuple[str, str, str]]:
    """Let the clock tell after this time; return kind, reader and beginning of new messages."""
    with town.read() as session:
        before = len(session.scalars(select(Notice)).all())
    town.clock.move(after)
    messages.queue_messages(town.database, now=town.now)
    names = {person_id: name for name, person_id in town.people.items()}
    with town.read() as session:
        rows = session.scalars(select(Notice).order_by(Notice.id)).all()[before:]
        return [(row.kind, names[row.person_id or 0], row.subject) for row in rows]


def comments(town: City, number: int) -> list[int]:
    (delivery_id,) = town.live()
    platform_id = town.platform_id(delivery_id)
    platform_ids = [
        town.platform("x").citizen_says(f"नळाला पाणी नाही {at}", parent_id=platform_id)
        for at in range(number)
    ]
    town.listen(10 * MINUTE)
    return [town.comment_id(platform_id) for platform_id in platform_ids]


def body(town: City) -> str:
    with town.read() as session:
        query = select(Notice.body).order_by(Notice.id.desc()).limit(1)
        return str(session.scalar(query))


def hand_over_to_second(town: City) -> None:
    with town.write() as session:
        hand_over.hand_over(
            session,
            actor=town.actor("lead"),
            now=town.now,
            source_id=town.appointments["first"],
            target_id=town.appointments["second"],
        )


def test_one_comment_is_told_as_itself(town: City) -> None:
    comments(town, 1)
    ((kind, who, subject),) = tell(town)
    assert (kind, who) == (NoticeKind.COMMENT_ROUTED, "first")
    assert "नळाला पाणी नाही ० " not in subject
    assert tell(town, HOUR) == []


def test_many_comments_are_told_in_one_message_which_lists_ten(town: City) -> None:
    ids = comments(town, 12)
    ((kind, who, subject),) = tell(town)
    assert (kind, who) == (NoticeKind.COMMENTS_WAIT, "first")
    assert subject.startswith("१२ टिप्पण्यांना उत्तर द्यावे")
    text = body(town)
    assert f"/comments/{ids[9]}" in text
    assert f"/comments/{ids[10]}" not in text
    assert "आणखी टिप्पण्या: २" in text


def test_what_comes_within_a_quarter_of_an_hour_waits_for_the_next_message(town: City) -> None:
    (delivery_id,) = town.live()
    town.comment("एक", under=delivery_id)
    assert len(tell(town)) == 1
    town.comment("दोन", under=delivery_id)  # ten minutes later
    town.comment("तीन", under=delivery_id)
    assert [kind for kind, _, _ in tell(town)] == [NoticeKind.COMMENTS_WAIT]
    town.comment("चार", under=delivery_id)
    assert tell(town) == []
    assert len(tell(town, 5 * MINUTE)) == 1


def test_an_answered_comment_is_told_to_nobody(town: City) -> None:
    (comment_id,) = comments(town, 1)
    town.answer(comment_id)
    assert tell(town, HOUR) == []


def test_what_comes_back_to_who_knows_it_is_not_told_again(town: City) -> None:
    (comment_id,) = comments(town, 1)
    assert len(tell(town)) == 1
    post_id = town.answer(comment_id, by="clerk")
    town.return_post(post_id)
    assert tell(town, DAY) == []


def test_the_next_officer_hears_of_what_who_left_has_left(town: City) -> None:
    comments(town, 3)
    tell(town)
    town.end("first")
    assert [(kind, who) for kind, who, _ in tell(town)] == [(NoticeKind.COMMENTS_WAIT, "second")]


def test_who_takes_work_over_hears_of_it_once(town: City) -> None:
    comments(town, 3)
    tell(town)
    hand_over_to_second(town)
    assert [kind for kind, _, _ in tell(town, HOUR)] == []


def test_two_clocks_tell_once(town: City) -> None:
    comments(town, 2)
    first = messages.queue_messages(town.database, now=town.now)
    assert (first, messages.queue_messages(town.database, now=town.now)) == (1, 0)


@pytest.mark.both
def test_who_has_no_address_keeps_nobody_else_from_being_told(town: City) -> None:
    comments(town, 1)
    unrouted = town.comment()
    town.assign(unrouted, "road")
    with town.write() as session:
        person = session.get_one(Person, town.people["first"])
        person.mail = person.mobile = None
    assert [who for _, who, _ in tell(town)] == ["road_officer"]


def test_who_gets_it_back_by_an_undo_before_any_message_is_told(town: City) -> None:
    (comment_id,) = comments(town, 1)
    with town.write() as session:
        routing.transfer(
            session,
            actor=town.actor("first"),
            now=town.now,
            comment_id=comment_id,
            department_id=town.departments["road"],
            reason="रस्ता विभागाचे काम.",
        )
    with town.write() as session:
        transfer = session.scalars(select(Event).where(Event.verb == "transfer")).one()
        undo_routing(
            session,
            actor=town.actor("first"),
            now=town.now,
            comment_id=comment_id,
            event_id=transfer.id,
            within=HOUR,
        )
    assert [who for _, who, _ in tell(town, HOUR)] == ["first"]


def test_who_answers_for_an_officer_who_took_it_over_is_told(town: City) -> None:
    comments(town, 1)
    tell(town)
    hand_over_to_second(town)
    for name in ("first", "second"):
        away(town, name, begins=local_day(town.now), ends=local_day(town.now))
    assert [who for _, who, _ in tell(town, HOUR)] == ["head"]


def test_the_next_officer_hears_of_an_answer_that_failed(town: City) -> None:
    (comment_id,) = comments(town, 1)
    tell(town)
    town.platform("x").fail_next(Refused(RefusalCode.DUPLICATE))
    town.answer(comment_id)
    town.tick_dispatch(MINUTE)
    town.end("first")
    assert [who for _, who, _ in tell(town, HOUR)] == ["second"]


def test_a_fault_about_one_person_keeps_nobody_else_from_being_told(town: City) -> None:
    comments(town, 1)
    town.assign(town.comment(), "road")
    first = town.people["first"]

    def refuse(_mapper: object, _connection: object, notice: Notice) -> None:
        if notice.person is not None and notice.person.id == first:
            raise ValueError("poisoned")

    event.listen(Notice, "before_insert", refuse)
    try:
        assert [who for _, who, _ in tell(town)] == ["road_officer"]
    finally:
        event.remove(Notice, "before_insert", refuse)
