"""When a head may decide in the officers' place, what is kept of it, and what delivery makes of it.

The city's clock begins on a Wednesday at 12:00.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time, timedelta

import pytest
from sqlalchemy import event, select, update

from approvals import gate
from approvals.approvers import HeadGround
from approvals.errors import RestsOnWriter, WrongRole, WrongState
from approvals.policy import Role
from approvals.states import PostState
from publisher.models.people import Appointment
from publisher.models.posts import Decision, DecisionKind, Post
from publisher.models.submissions import Submission
from publisher.people import absences
from publisher.review import decide, gate_adapter, withdraw
from publisher.review.department_approvers import HeadNotYet, find_approvers, head_turn
from publisher.working_time import add_working_hours, from_local
from tests.support.city import City, statements
from tests.support.city_people import DAY, HOUR, MINUTE, NOON, note_writer
from tests.support.ticked_tasks import told_heads

TODAY, TOMORROW = date(2026, 11, 25), date(2026, 11, 26)
TICK = timedelta(microseconds=1)


def sent(town: City, *, wish: timedelta | None = None, by: str = "clerk") -> int:
    """Send a post of water for review, wished so long from now; return its id."""
    wished_at = None if wish is None else town.now + wish
    post_id = town.start(town.hand_in(wished_at=wished_at), by=by)
    town.save(post_id, by=by, on=["x"])
    town.send(post_id, by=by)
    return post_id


def away(town: City, name: str, *, by: str, until: date = TOMORROW) -> int:
    with town.write() as session:
        absence = absences.record(
            session,
            actor=town.actor(by),
            now=town.now,
            person_id=town.people[name],
            from_on=None,
            until_on=until,
        )
        session.flush()
        return absence.id


def decision(town: City) -> Decision:
    with town.read() as session:
        return session.scalars(select(Decision).order_by(Decision.id.desc())).all()[0]


def state(town: City, post_id: int) -> PostState:
    with town.read() as session:
        return session.get_one(Post, post_id).state


@pytest.mark.parametrize(
    ("wish", "hours"),
    [
        (timedelta(hours=5), 2.5),  # 17:00 the same day: half of it
        (timedelta(hours=1), 2),  # at least two working hours
        (-timedelta(hours=1), 2),
        (timedelta(days=1), 4),  # eight working hours until noon of the next day
        (timedelta(days=5), 12),  # Saturday and Sunday do not count
        (None, 8),  # one working day
    ],
)
def test_half_of_the_working_time_is_the_officers(wish: timedelta | None, hours: float) -> None:
    wished_at = None if wish is None else NOON + wish
    expected = add_working_hours(NOON, hours)
    assert head_turn(NOON, wished_at, least=2) == expected
    assert head_turn(NOON, wished_at, least=20) >= add_working_hours(NOON, 20)


def test_what_is_sent_at_night_waits_for_two_hours_of_the_morning() -> None:
    night = NOON + 10 * HOUR
    morning = night + 9 * HOUR  # wished before the offices open
    assert head_turn(night, morning, least=2) == from_local(TOMORROW, time(12))


@pytest.mark.twin
@pytest.mark.parametrize("act", [decide.approve, decide.return_post, decide.reject])
def test_the_head_decides_from_that_moment_on_and_not_before(
    town: City, act: Callable[..., object]
) -> None:
    post_id = sent(town, wish=5 * HOUR)
    reason = {} if act is decide.approve else {"reason": "वेळ दुरुस्त करावी."}
    town.clock.move(2.5 * HOUR - TICK)
    with pytest.raises(HeadNotYet) as refused:
        town._review(act, post_id, "head", **reason)
    assert refused.value.values["from_at"] == town.now + TICK
    assert state(town, post_id) is PostState.IN_REVIEW
    town.clock.move(TICK)
    town._review(act, post_id, "head", **reason)
    kept = decision(town)
    assert kept.head_ground is HeadGround.UNDECIDED
    assert kept.head_from_at == kept.at == town.now


def test_a_clock_that_goes_back_gives_the_head_no_right(town: City) -> None:
    post_id = sent(town, wish=5 * HOUR)
    town.clock.move(3 * HOUR)
    with town.read() as session:
        revision = session.get_one(Post, post_id).revisions[-1]
        department_id = town.departments["water"]
        assert find_approvers(session, revision, department_id, now=town.now).standing_in
    town.clock.move(-HOUR)
    with pytest.raises(HeadNotYet):
        town.approve(post_id, by="head")


def test_another_department_s_head_never_decides(town: City) -> None:
    post_id = sent(town, wish=5 * HOUR)
    town.clock.move(DAY)
    with pytest.raises(WrongRole):
        town.approve(post_id, by="health_head")
    town.appoint("retired", Role.HEAD, "road")
    with pytest.raises(WrongRole):
        town.approve(post_id, by="retired")


def test_a_new_revision_and_a_withdrawn_approval_begin_the_time_anew(town: City) -> None:
    post_id = sent(town, wish=5 * HOUR)
    town.clock.move(3 * HOUR)
    town.save(post_id, on=["x"], text="दुसरा मजकूर")
    town.send(post_id)
    with pytest.raises(HeadNotYet):
        town.approve(post_id, by="head")
    town.approve(post_id, by="first")
    town.clock.move(HOUR)
    town._review(withdraw.withdraw_approval, post_id, "first")
    town.clock.move(7 * HOUR)
    with pytest.raises(HeadNotYet):
        town.approve(post_id, by="head")
    town.clock.move(DAY)
    town.approve(post_id, by="head")


def test_the_head_overrules_no_officer(town: City) -> None:
    post_id = sent(town, wish=5 * HOUR)
    town.approve(post_id, by="first")
    town.clock.move(DAY)
    with pytest.raises(WrongState):
        town.approve(post_id, by="head")
    assert state(town, post_id) is PostState.APPROVED


def test_the_head_decides_while_all_officers_are_away(town: City) -> None:
    post_id = sent(town)
    away(town, "first", by="first")
    with pytest.raises(HeadNotYet):
        town.approve(post_id, by="head")
    away(town, "second", by="head")
    town.approve(post_id, by="head")
    assert decision(town).head_ground is HeadGround.NO_OFFICER
    assert decision(town).head_from_at is None


def test_an_officer_back_before_the_head_presses_ends_the_head_s_right(town: City) -> None:
    post_id = sent(town)
    away(town, "first", by="first")
    absence_id = away(town, "second", by="second")
    with town.read() as session:
        revision = session.get_one(Post, post_id).revisions[-1]
        water = town.departments["water"]
        assert find_approvers(session, revision, water, now=town.now).standing_in
    with town.write() as session:
        absences.end(session, actor=town.actor("second"), now=town.now, absence_id=absence_id)
    with pytest.raises(HeadNotYet):
        town.approve(post_id, by="head")
    assert state(town, post_id) is PostState.IN_REVIEW


def test_the_head_s_right_ends_after_the_last_day(town: City) -> None:
    away(town, "first", by="first", until=TODAY)
    away(town, "second", by="second", until=TODAY)
    post_id = sent(town, wish=5 * DAY)
    town.clock.move(12 * HOUR - TICK)  # until midnight in the city
    with town.read() as session:
        revision = session.get_one(Post, post_id).revisions[-1]
        water = town.departments["water"]
        assert find_approvers(session, revision, water, now=town.now).standing_in
        assert not find_approvers(session, revision, water, now=town.now + TICK).standing_in
    town.clock.move(TICK)
    with pytest.raises(HeadNotYet):
        town.approve(post_id, by="head")


def test_who_wrote_it_sends_no_officer_away(town: City) -> None:
    post_id = sent(town, by="clerk")
    away(town, "first", by="clerk")
    away(town, "second", by="clerk")
    with pytest.raises(HeadNotYet):
        town.approve(post_id, by="head")
    other = sent(town, by="other_clerk")  # whose author did not record it
    town.approve(other, by="head")


@pytest.mark.usefixtures("changeable_rows")
def test_who_wrote_the_restored_text_sends_no_officer_away(town: City) -> None:
    post_id = sent(town, by="clerk")
    away(town, "first", by="clerk")
    away(town, "second", by="clerk")
    town.save(post_id, by="other_clerk", on=["x"])
    with town.write() as session:
        revisions = session.get_one(Post, post_id).revisions
        revisions[-1].restored_from_id = revisions[0].id
    town.send(post_id, by="other_clerk")
    with pytest.raises(HeadNotYet):
        town.approve(post_id, by="head")


def test_an_officer_who_is_away_may_still_approve(town: City) -> None:
    post_id = sent(town)
    away(town, "first", by="first")
    away(town, "second", by="head")
    town.approve(post_id, by="first")
    assert decision(town).head_ground is None


def test_delivery_judges_the_right_as_it_was_kept(town: City) -> None:
    away(town, "first", by="first")
    absence_id = away(town, "second", by="second")
    post_id = sent(town)
    town.approve(post_id, by="head")
    with town.write() as session:  # back since: what was approved stays so
        absences.end(session, actor=town.actor("second"), now=town.now, absence_id=absence_id)
    town.schedule(post_id, timedelta(minutes=5))
    assert town.tick_dispatch(5 * MINUTE) == 1
    assert town.platform("x").posts


@pytest.mark.parametrize(
    "values",
    [
        {"head_ground": None},
        {"head_ground": HeadGround.UNDECIDED, "head_from_at": None},
        {"head_ground": HeadGround.UNDECIDED, "head_from_at": NOON + 30 * DAY},
        {"at": NOON},
    ],
)
@pytest.mark.usefixtures("changeable_rows")
def test_a_head_s_decision_without_its_right_releases_nothing(
    town: City, values: dict[str, object]
) -> None:
    post_id = sent(town, wish=5 * HOUR)
    town.clock.move(3 * HOUR)
    town.approve(post_id, by="head")
    with town.write() as session:
        session.execute(update(Decision).values(**values))
    with town.read() as session:
        revision_id = session.get_one(Post, post_id).revisions[-1].id
        case = gate_adapter.load_case(session, revision_id, now=town.now)
        assert gate.judge(case, now=town.now).refusal is gate.Refusal.APPROVAL_MISSING
    with town.write() as session:
        locked = gate_adapter.lock_case(session, revision_id, now=town.now)
        assert locked is not None
        assert gate.judge(locked, now=town.now).refusal is gate.Refusal.APPROVAL_MISSING


@pytest.mark.twin
def test_the_locked_gate_of_a_head_s_approval_sends_two_statements(town: City) -> None:
    post_id = sent(town, wish=5 * HOUR)
    town.clock.move(3 * HOUR)
    town.approve(post_id, by="head")
    with town.read() as session:
        revision_id = session.get_one(Post, post_id).revisions[-1].id
    statements: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("SELECT"):
            statements.append(statement)

    event.listen(town.database.engine, "before_cursor_execute", note)
    try:
        with town.write() as session:
            case = gate_adapter.lock_case(session, revision_id, now=town.now)
    finally:
        event.remove(town.database.engine, "before_cursor_execute", note)
    assert case is not None
    assert gate.judge(case, now=town.now).allowed
    assert len(statements) == 2


def test_the_head_is_told_once_when_the_right_begins(town: City) -> None:
    post_id = sent(town, wish=5 * HOUR)
    town.clock.move(2.5 * HOUR - MINUTE)
    assert told_heads(town) == 0
    assert town.notified("head_may_decide") == []
    town.clock.move(MINUTE)
    assert told_heads(town) == 1
    assert told_heads(town) == 0
    assert town.notified("head_may_decide") == ["head"]
    assert town.verbs("posts", post_id)[-1] == "head_may_decide"


def test_a_head_who_was_asked_at_once_is_not_told_again(town: City) -> None:
    away(town, "first", by="first")
    away(town, "second", by="second")
    sent(town)
    assert town.notified("review_asked") == ["head"]
    assert told_heads(town) == 0
    decided = sent(town, wish=5 * HOUR)
    town.approve(decided, by="head")
    town.clock.move(DAY)
    assert told_heads(town) == 0


def test_who_changed_the_confirming_lead_s_address_counts_as_its_ground(
    town: City,
) -> None:
    with town.write() as session:
        officer = session.get_one(Appointment, town.appointments["first"])
        officer.confirmed_by_id = town.people["lead"]
        officer.confirmed_under_id = town.appointments["lead"]
        note_writer(session, town.appointments["lead"], town.people["clerk"])
    post_id = sent(town, by="clerk")
    with pytest.raises(RestsOnWriter):
        town.approve(post_id, by="first")
    with town.write() as session:  # as if it had been approved before the change
        revision = session.get_one(Post, post_id).revisions[-1]
        session.add(
            Decision(
                revision=revision,
                department_id=town.departments["water"],
                kind=DecisionKind.APPROVED,
                person_id=town.people["first"],
                appointment_id=town.appointments["first"],
                at=town.now,
                digest=revision.digest,
            )
        )
        session.flush()
        case = gate_adapter.load_case(session, revision.id, now=town.now)
        assert gate.counting(case) == ()


def test_the_time_is_fixed_when_the_post_is_sent(town: City) -> None:
    post_id = sent(town, wish=5 * HOUR)
    with town.read() as session:
        kept = session.get_one(Post, post_id).revisions[-1].head_decides_at
    assert kept == NOON + 2.5 * HOUR
    with town.write() as session:  # a wish that changes afterwards moves no right
        session.execute(update(Submission).values(wished_at=NOON + MINUTE))
    town.clock.move(2 * HOUR)
    with pytest.raises(HeadNotYet):
        town.approve(post_id, by="head")


@pytest.mark.twin
def test_looking_for_heads_to_tell_costs_the_same_for_more_posts(town: City) -> None:
    counts = []
    for number in (1, 8):
        for _post in range(number):
            sent(town)
        with statements(town.database) as executed:
            assert told_heads(town) == 0
        counts.append(len(executed))
    assert counts[0] == counts[1]
