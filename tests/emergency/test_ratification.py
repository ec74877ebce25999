"""Ratification within a day after an emergency post: reminders, escalation, refusal."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from approvals.errors import FourEyesRequired, WrongRole, WrongState
from approvals.policy import Role
from approvals.states import PostState
from publisher.emergency import queries, ratification
from publisher.emergency.queries import Owed
from publisher.models.deliveries import Delivery, ReceiptRow
from publisher.models.emergency import EmergencyUse, Ratification
from publisher.models.people import Department
from publisher.models.posts import Language, Post
from publisher.reports.emergency_work import emergency_work
from publisher.states import DeliveryState
from publisher.tasks.tick import tick_tasks
from publisher.validation import Invalid, NotFound
from tests.support import emergency_steps
from tests.support.city import City
from tests.support.city_people import HOUR, MINUTE

BOTH = (Language.MARATHI, Language.ENGLISH)
SEE_IT = (
    *("admin", "lead", "clerk", "other_clerk", "auditor", "oversight"),
    *("member", "first", "second", "head", "other_member"),
)
REASON = "ठिकाण चुकीचे आहे."


def ratify(town: City, use_id: int, *, by: str = "first") -> None:
    with town.write() as session:
        ratification.ratify(session, actor=town.actor(by), now=town.now, use_id=use_id)


def refuse(town: City, use_id: int, *, by: str = "first", reason: str = REASON) -> None:
    with town.write() as session:
        ratification.refuse(
            session, actor=town.actor(by), now=town.now, use_id=use_id, reason=reason
        )


def remind(town: City) -> int:
    return ratification.tick_ratifications(town.database, now=town.clock)


def uses_to_ratify(town: City, use_id: int, *, by: str = "first") -> Owed:
    with town.read() as session:
        return queries.get_use(session, actor=town.actor(by), now=town.now, use_id=use_id).owed


def test_the_department_is_asked_at_once_and_ratifies(town: City) -> None:
    use_id = emergency_steps.publish_new(town)
    assert town.notified("emergency_owed") == ["first", "second"]
    assert uses_to_ratify(town, use_id) is Owed.OWED
    ratify(town, use_id)
    assert uses_to_ratify(town, use_id) is Owed.RATIFIED
    with town.read() as session:
        use = session.get_one(EmergencyUse, use_id)
        assert (use.ratification, use.ratified_by_id) == (
            Ratification.RATIFIED,
            town.people["first"],
        )
    assert "ratify" in town.verbs("posts", emergency_steps.post_of(town, use_id))


def test_it_says_its_word_once(town: City) -> None:
    use_id = emergency_steps.publish_new(town)
    ratify(town, use_id)
    with pytest.raises(WrongState):
        refuse(town, use_id, by="second")


@pytest.mark.parametrize("name", ["clerk", "lead", "admin", "auditor", "member", "head"])
def test_nobody_else_says_the_departments_word(town: City, name: str) -> None:
    use_id = emergency_steps.publish_new(town)
    with pytest.raises(WrongRole):
        ratify(town, use_id, by=name)


def test_another_department_knows_nothing_of_it(town: City) -> None:
    use_id = emergency_steps.publish_new(town)
    with pytest.raises(NotFound):
        ratify(town, use_id, by="road_officer")


def test_whoever_published_does_not_ratify_it(town: City) -> None:
    use_id = emergency_steps.publish_new(town, by="first")
    assert town.notified("emergency_owed") == ["second"]
    with pytest.raises(FourEyesRequired):
        ratify(town, use_id, by="first")


def test_reminders_come_after_4_12_and_20_hours_then_to_head_and_oversight(
    town: City,
) -> None:
    with town.write() as session:
        water = session.get_one(Department, town.departments["water"])
        water.reports_to_id = town.departments["information-technology"]
    use_id = emergency_steps.publish_new(town)
    reminders = []
    for _hour in range(26):
        remind(town)
        reminders.append((len(town.notified("emergency_owed")), town.notified("emergency_overdue")))
        town.clock.move(HOUR)
    counts = [number for number, _late in reminders]
    assert [hour for hour in range(1, 26) if counts[hour] > counts[hour - 1]] == [4, 12, 20]
    assert counts[-1] == 8
    assert [late for _number, late in reminders][23:] == [
        [],
        ["head", "oversight"],
        ["head", "oversight"],
    ]
    assert uses_to_ratify(town, use_id) is Owed.OVERDUE


def test_a_clock_that_stood_for_a_day_sends_one_mail_not_four(town: City) -> None:
    emergency_steps.publish_new(town)
    town.clock.move(21 * HOUR)
    assert remind(town) == 1
    assert remind(town) == 0
    assert len(town.notified("emergency_owed")) == 4


def test_once_ratified_nobody_is_reminded(town: City) -> None:
    ratify(town, emergency_steps.publish_new(town))
    town.clock.move(30 * HOUR)
    assert remind(town) == 0


def test_an_overdue_use_is_owed_by_officers_and_head_and_no_member(town: City) -> None:
    emergency_steps.publish_new(town)
    town.clock.move(24 * HOUR)
    tick_tasks(town.database, now=town.clock)
    owing = []
    for name in ("member", "first", "second", "head", "clerk"):
        with town.read() as session:
            if emergency_work(session, actor=town.actor(name), now=town.now).owed:
                owing.append(name)
    assert owing == ["first", "second", "head"]


def test_where_it_is_overdue_the_head_says_the_word(town: City) -> None:
    use_id = emergency_steps.publish_new(town)
    town.clock.move(24 * HOUR)
    ratify(town, use_id, by="head")
    assert uses_to_ratify(town, use_id) is Owed.RATIFIED


def test_a_refusal_needs_a_reason_and_tells_cell_and_duty_officer(town: City) -> None:
    use_id = emergency_steps.publish_new(town, by="member")
    with pytest.raises(Invalid):
        refuse(town, use_id, reason=" ")
    refuse(town, use_id)
    assert town.notified("emergency_refused") == ["clerk", "lead", "member", "other_clerk"]


def test_a_refusal_stops_what_has_not_left_and_owes_nothing_then(town: City) -> None:
    use_id = emergency_steps.publish_new(town)
    refuse(town, use_id)
    assert {delivery.state for delivery in emergency_steps.deliveries(town, use_id)} == {
        DeliveryState.CANCELLED
    }
    assert uses_to_ratify(town, use_id) is Owed.CORRECTED


def test_a_refused_live_emergency_needs_a_correction_until_all_is_gone(town: City) -> None:
    use_id = emergency_steps.publish_new(town)
    town.tick_dispatch()
    refuse(town, use_id)
    assert uses_to_ratify(town, use_id) is Owed.REFUSED
    with town.read() as session:
        post = session.get_one(Post, emergency_steps.post_of(town, use_id))
        assert post.state is PostState.DRAFT
        lead = town.actor("lead")
        uses = emergency_work(session, actor=lead, now=town.now).refused
        assert [use.id for use in uses] == [use_id]
        outcome = queries.get_use(session, actor=lead, now=town.now, use_id=use_id)
        assert len(outcome.wrong_still) == 4
    _gone(town, keep=1)
    assert uses_to_ratify(town, use_id) is Owed.REFUSED
    _gone(town, keep=0)
    assert uses_to_ratify(town, use_id) is Owed.CORRECTED


def _gone(town: City, *, keep: int) -> None:
    with town.write() as session:
        receipts = list(session.scalars(select(ReceiptRow).order_by(ReceiptRow.id)))
        for receipt in receipts[keep:]:
            receipt.gone_at = town.now


def test_a_correcting_revision_that_is_out_ends_it(town: City) -> None:
    use_id = emergency_steps.publish_new(town)
    town.tick_dispatch()
    refuse(town, use_id)
    post_id = emergency_steps.post_of(town, use_id)
    town.save(post_id, languages=BOTH, text="दुरुस्ती: कात्रज नव्हे, कोंढवा.")
    town.send(post_id)
    town.approve(post_id, by="first")
    assert uses_to_ratify(town, use_id) is Owed.REFUSED
    town.schedule(post_id, MINUTE)
    town.tick_dispatch(2 * MINUTE)
    with town.read() as session:
        assert {delivery.state for delivery in session.scalars(select(Delivery))} == {
            DeliveryState.PUBLISHED
        }
    assert uses_to_ratify(town, use_id) is Owed.CORRECTED


def test_after_a_refusal_a_person_cannot_send_it_again(town: City) -> None:
    """The gate refuses it, whatever the delivery's state."""
    use_id = emergency_steps.publish_new(town)
    refuse(town, use_id)
    with town.write() as session:
        for delivery in session.scalars(select(Delivery)):
            delivery.state = DeliveryState.SCHEDULED
        session.get_one(Post, emergency_steps.post_of(town, use_id)).state = PostState.APPROVED
    town.tick_dispatch()
    assert town.platform("x").published == []


def test_each_use_stands_on_the_list_for_whom_it_is_meant(town: City) -> None:
    town.appoint("other_member", Role.MEMBER, "road")
    use_id = emergency_steps.publish_new(town, by="other_member")
    sees = []
    for name in (*town.people,):
        with town.read() as session:
            uses = queries.uses(session, actor=town.actor(name), now=town.now)
            if [use.use.id for use in uses] == [use_id]:
                sees.append(name)
    assert sorted(sees) == sorted(SEE_IT)
