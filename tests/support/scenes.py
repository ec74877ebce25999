"""Situations of the city, most of which leave a task for somebody's home page."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from publisher.delivery.monitoring import poll
from publisher.inbox import routing
from publisher.intake import close, questions
from publisher.models.people import Department, Person
from publisher.operations.departments import close as departments_close
from publisher.people.department_orders import DepartmentOrder
from publisher.platforms.base.protocol import (
    CredentialsExpired,
    OutcomeUnknown,
    RefusalCode,
    Refused,
)
from publisher.review import withdraw
from publisher.scheduling.post_schedule import stop_publishing
from publisher.scheduling.schedule import cancel, schedule
from publisher.tasks.tick import tick_tasks
from publisher.transfers import lists as transfer_lists
from publisher.transfers.carry_out import tick_transfers
from publisher.transfers.typed_rows import TypedRow
from publisher.working_time import local_day
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, MINUTE

Scene = Callable[[City], None]


def received(town: City) -> None:
    town.hand_in()


def declined(town: City) -> None:
    submission_id = town.hand_in()
    with town.write() as session:
        close.decline(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            submission_id=submission_id,
            reason="आधीच प्रसिद्ध.",
        )


def returned_with_a_question(town: City) -> None:
    submission_id = town.hand_in()
    with town.write() as session:
        questions.return_submission(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            submission_id=submission_id,
            question="टँकर कोठे मिळेल?",
        )


def begun(town: City) -> None:
    town.start(town.hand_in())


def drafted(town: City) -> None:
    town.draft(town.hand_in())


def in_review(town: City) -> None:
    town.in_review()


def in_review_elsewhere(town: City) -> None:
    town.in_review("road")


def in_review_with_a_head_alone(town: City) -> None:
    town.in_review("health")


def in_review_with_nobody(town: City) -> None:
    town.in_review("garden")


def in_review_by_two_departments(town: City) -> None:
    post_id = town.start(town.hand_in())
    town.save(post_id, on=["x"], asked_departments=["road"])
    town.send(post_id)
    town.approve(post_id, by="first")


def returned(town: City) -> None:
    town.return_post(town.in_review())


def rejected(town: City) -> None:
    town.reject(town.in_review())


def approved(town: City) -> None:
    town.approved()


def scheduled(town: City) -> None:
    town.schedule(town.approved())


def half_scheduled(town: City) -> None:
    post_id = town.approved(on=["x", "facebook"])
    with town.write() as session:
        schedule(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            variant_id=town.variants(post_id)[0],
            due_at=town.now + HOUR,
            despite_clash=True,
        )


def stopped(town: City) -> None:
    """Stop a scheduled post before any of its texts has left."""
    post_id = town.approved(on=["x", "facebook"])
    town.schedule(post_id, DAY)
    town.clock.move(MINUTE)
    with town.write() as session:
        stop_publishing(session, actor=town.actor("clerk"), now=town.now, post_id=post_id)


def left_out(town: City) -> None:
    """Cancel one of a post's two texts; the other still leaves."""
    delivery_ids = town.schedule(town.approved(on=["x", "facebook"]), DAY)
    town.clock.move(MINUTE)
    cancel_deliveries(town, delivery_ids[1:])


def cancel_deliveries(town: City, delivery_ids: Iterable[int]) -> None:
    with town.write() as session:
        for delivery_id in delivery_ids:
            cancel(session, actor=town.actor("clerk"), now=town.now, delivery_id=delivery_id)


def approval_withdrawn(town: City) -> None:
    post_id = town.approved()
    town.schedule(post_id)
    town.clock.move(MINUTE)
    withdraw_approval_of(town, post_id)


def withdraw_approval_of(town: City, post_id: int) -> None:
    with town.write() as session:
        withdraw.withdraw_approval(
            session, actor=town.actor("first"), now=town.now, post_id=post_id, seen_revision=1
        )


def approved_once_more(town: City) -> None:
    approval_withdrawn(town)
    town.clock.move(MINUTE)
    town.approve(1)


def live(town: City) -> None:
    town.live()


def missed(town: City) -> None:
    town.due()
    town.tick_dispatch(2 * HOUR)


def failed(town: City) -> None:
    town.platform("x").fail_next(Refused(RefusalCode.DUPLICATE))
    town.live()


def failed_and_revised(town: City) -> None:
    failed(town)
    town.save(1, on=["x"], text="नवी आवृत्ती")


def failed_revised_and_approved(town: City) -> None:
    failed_and_revised(town)
    town.send(1)
    town.approve(1)


def held(town: City) -> None:
    town.hold()


def paused(town: City) -> None:
    town.platform("x").fail_next(CredentialsExpired())
    town.live()


def unrouted(town: City) -> None:
    town.comment()


def routed(town: City) -> None:
    (delivery_id,) = town.live()
    town.comment(under=delivery_id)


def routed_and_left_behind(town: City) -> None:
    routed(town)
    town.end("first")


def left_behind_by_both(town: City) -> None:
    routed(town)
    town.end("second")
    town.end("first")


def answer_on_its_way(town: City) -> None:
    routed(town)
    town.answer(1)


def answer_in_review(town: City) -> None:
    routed(town)
    town.answer(1, by="clerk")


def answer_returned(town: City) -> None:
    routed(town)
    town.return_post(town.answer(1, by="clerk"))


def answer_rejected(town: City) -> None:
    routed(town)
    town.reject(town.answer(1, by="clerk"))


def answer_missed(town: City) -> None:
    answer_on_its_way(town)
    town.tick_dispatch(25 * HOUR)


def answer_failed(town: City) -> None:
    answer_on_its_way(town)
    town.platform("x").fail_next(Refused(RefusalCode.DUPLICATE))
    town.tick_dispatch()


def answered(town: City) -> None:
    answer_on_its_way(town)
    town.tick_dispatch()
    town.note_answers()


def transferred(town: City) -> None:
    routed(town)
    with town.write() as session:
        routing.transfer(
            session,
            actor=town.actor("first"),
            now=town.now,
            comment_id=1,
            department_id=town.departments["road"],
            reason="पथ विभागाचा विषय.",
        )


def withdrawn(town: City) -> None:
    post_id = town.approved()
    with town.write() as session:
        withdraw.withdraw_post(
            session,
            actor=town.actor("first"),
            now=town.now,
            post_id=post_id,
            reason="आता गरज नाही.",
        )


def unconfirmed(town: City) -> None:
    town.platform("x").fail_next(OutcomeUnknown())
    town.live()


def found_gone(town: City) -> None:
    (delivery_id,) = town.live()
    poll.tick_watching(town.context)
    town.platform("x").somebody_deletes(town.platform_id(delivery_id))
    _poll_for_a_day(town)


def found_changed(town: City) -> None:
    (delivery_id,) = town.live(on=("facebook",))
    poll.tick_watching(town.context)
    own = town.platform_id(delivery_id)
    town.platform("facebook").somebody_edits(own, "पाणी बंद नाही.")
    _poll_for_a_day(town)


def found_where_a_head_stands_alone(town: City) -> None:
    (delivery_id,) = town.live("health")
    poll.tick_watching(town.context)
    town.platform("x").somebody_deletes(town.platform_id(delivery_id))
    _poll_for_a_day(town)


def _poll_for_a_day(town: City) -> None:
    for _half_hour in range(46):
        town.clock.move(HOUR / 2)
        poll.tick_watching(town.context)


def merger_due(town: City) -> None:
    """Record a merger for the next day, and let that day begin."""
    record_merger(town)
    begin_next_day(town)


def begin_next_day(town: City) -> None:
    """Move the clock to the next day, and let it look at the tasks."""
    town.clock.move(DAY)
    tick_tasks(town.database, now=town.clock)


def record_merger(town: City) -> None:
    with town.write() as session:
        departments_close.merge(
            session,
            actor=town.actor("admin"),
            now=town.now,
            department=session.get_one(Department, town.departments["garden"]),
            into=session.get_one(Department, town.departments["water"]),
            order=DepartmentOrder("आ-४५/२०२६", local_day(town.now + DAY)),
        )


def transfers_unconfirmed(town: City) -> None:
    """Prepare a list of transfers for the next day, and let that day begin."""
    _prepare_transfers(town)
    begin_next_day(town)


def transfers_hindered(town: City) -> None:
    """Confirm a list of transfers whose place is taken on its day."""
    list_id = _prepare_transfers(town)
    with town.write() as session:
        digest = transfer_lists.transfers_digest(transfer_lists.existing_list(session, list_id))
        actor, now = town.actor("admin"), town.now
        transfer_lists.confirm(session, actor=actor, now=now, list_id=list_id, digest=digest)
        session.get_one(Person, town.people["member"]).disabled_at = now
    town.clock.move(DAY)
    tick_transfers(town.database, now=town.clock)


def _prepare_transfers(town: City) -> int:
    with town.write() as session:
        return transfer_lists.prepare(
            session,
            actor=town.actor("lead"),
            now=town.now,
            rows=[TypedRow("किरण वाबळे", "water", "road")],
            in_force_on=local_day(town.now + DAY),
            order_number="आ-५१/२०२६",
        ).id


def closing_due(town: City) -> None:
    with town.write() as session:
        departments_close.close(
            session,
            actor=town.actor("admin"),
            now=town.now,
            department=session.get_one(Department, town.departments["garden"]),
            order=DepartmentOrder("आ-४६/२०२६", local_day(town.now + DAY)),
        )
    begin_next_day(town)
