"""Two people decide at once, on PostgreSQL, which locks rows only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.errors import NotAllowed, StaleRevision, WrongState
from approvals.policy import CLOCK
from approvals.states import PostState
from publisher import transitions
from publisher.cancellation import cancel_unsent
from publisher.database.session import Database
from publisher.models.deliveries import Delivery
from publisher.models.history import Event
from publisher.models.posts import Decision, Post, Variant
from publisher.review import decide, withdraw
from publisher.scheduling.schedule import (
    OnItsWay,
    cancel,
    get_delivery,
    schedule,
)
from publisher.states import DeliveryState
from tests.support import post_steps
from tests.support.city_people import DAY, HOUR, NOON, CityPeople, city_people, verbs

Act = Callable[[Session], object]
ROUNDS = 6


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    opened = Database(postgres_url)
    yield opened
    opened.dispose()


@pytest.fixture
def city(database: Database) -> CityPeople:
    return city_people(database)


def run_at_once(database: Database, *acts: Act) -> list[object]:
    """Run each act in a thread and transaction of its own at the same time; return the outcomes."""
    ready = Barrier(len(acts), timeout=30)

    def run(act: Act) -> object:
        try:
            with database.transaction() as session:
                session.execute(select(1))
                ready.wait()
                act(session)
        except NotAllowed as refusal:
            return type(refusal)
        return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def acting(use: Callable[..., object], **arguments: object) -> Act:
    return lambda session: use(session, **arguments)


def approving(city: CityPeople, post_id: int, who: str) -> Act:
    actor = city.actor(who)
    return acting(decide.approve, actor=actor, now=NOON, post_id=post_id, seen_revision=1)


def decisions(session: Session, post_id: int) -> list[str]:
    revisions = [revision.id for revision in session.get_one(Post, post_id).revisions]
    query = select(Decision.kind).where(Decision.revision_id.in_(revisions))
    return [kind.value for kind in session.scalars(query)]


def waiting(database: Database, city: CityPeople) -> int:
    with database.transaction() as session:
        return post_steps.in_review(session, city)


def test_of_two_officers_at_once_one_approves_and_the_other_is_told(
    database: Database, city: CityPeople
) -> None:
    for _ in range(ROUNDS):
        post_id = waiting(database, city)
        came = run_at_once(
            database, approving(city, post_id, "first"), approving(city, post_id, "second")
        )
        assert came.count("done") == 1
        assert came.count(WrongState) == 1
        with database.reading() as session:
            assert decisions(session, post_id) == ["approved"]
            assert verbs(session, "posts", post_id).count("approve") == 1


def test_the_same_officer_twice_at_once_approves_once(database: Database, city: CityPeople) -> None:
    for _ in range(ROUNDS):
        post_id = waiting(database, city)
        twice = approving(city, post_id, "first")
        assert sorted(map(str, run_at_once(database, twice, twice, twice))) == sorted(
            map(str, ["done", WrongState, WrongState])
        )


def test_an_approval_and_a_rejection_at_once_leave_one_decision(
    database: Database, city: CityPeople
) -> None:
    for _ in range(ROUNDS):
        post_id = waiting(database, city)
        rejecting = acting(
            decide.reject,
            actor=city.actor("second"),
            now=NOON,
            post_id=post_id,
            seen_revision=1,
            reason="नको",
        )
        came = run_at_once(database, approving(city, post_id, "first"), rejecting)
        assert sorted(map(str, came)) == sorted(map(str, ["done", WrongState]))
        with database.reading() as session:
            state = session.get_one(Post, post_id).state
            assert decisions(session, post_id) == [state.value]


def test_an_approval_never_meets_a_revision_saved_at_the_same_moment(
    database: Database, city: CityPeople
) -> None:
    """Either the older revision was approved before the save, or the approval is refused."""
    for _ in range(ROUNDS):
        post_id = waiting(database, city)
        saving = acting(
            post_steps.save, city=city, post_id=post_id, seen_revision=1, text="नवीन मजकूर"
        )
        came = run_at_once(database, approving(city, post_id, "first"), saving)
        assert came in (["done", "done"], [StaleRevision, "done"])
        with database.reading() as session:
            post = session.get_one(Post, post_id)
            assert (post.state, post.newest) == (PostState.DRAFT, 2)
            assert post.revisions[1].decisions == []


def scheduling_first(city: CityPeople, variant_id: int, hours: int) -> Act:
    return acting(
        schedule,
        actor=city.actor("clerk"),
        now=NOON,
        variant_id=variant_id,
        due_at=NOON + DAY + hours * HOUR,
    )


def test_two_clerks_scheduling_one_variant_at_once_make_one_delivery(
    database: Database, city: CityPeople
) -> None:
    for _ in range(ROUNDS):
        with database.transaction() as session:
            post_id = post_steps.approved(session, city)
            variant_id = post_steps.variants_of(session, post_id)[0].id
        came = run_at_once(
            database,
            scheduling_first(city, variant_id, 1),
            scheduling_first(city, variant_id, 9),
        )
        assert "done" in came
        with database.reading() as session:
            query = select(Delivery).where(Delivery.variant_id == variant_id)
            assert len(session.scalars(query).all()) == 1
        with database.transaction() as session:  # out of the way of the next round's clash
            cancel_unsent(session, actor=city.actor("lead"), now=NOON, post_id=post_id, why="round")


def test_scheduling_while_an_approval_is_withdrawn_publishes_nothing(
    database: Database, city: CityPeople
) -> None:
    for _ in range(ROUNDS):
        with database.transaction() as session:
            post_id = post_steps.approved(session, city)
            variant_id = post_steps.variants_of(session, post_id)[0].id
        withdrawing_it = acting(
            withdraw.withdraw_approval,
            actor=city.actor("second"),
            now=NOON,
            post_id=post_id,
            seen_revision=1,
        )
        run_at_once(database, scheduling_first(city, variant_id, 1), withdrawing_it)
        with database.reading() as session:
            assert session.get_one(Post, post_id).state is PostState.IN_REVIEW
            query = select(Delivery.state).join(Variant).where(Variant.id == variant_id)
            assert list(session.scalars(query)) in ([], [DeliveryState.CANCELLED])


def test_of_two_who_cancel_at_once_one_is_told(database: Database, city: CityPeople) -> None:
    for _ in range(ROUNDS):
        with database.transaction() as session:
            post_id = post_steps.approved(session, city)
            delivery_id = post_steps.schedule(session, city, post_id)[0].id
        cancelling = acting(cancel, actor=city.actor("clerk"), now=NOON, delivery_id=delivery_id)
        came = run_at_once(database, cancelling, cancelling)
        assert sorted(map(str, came)) == sorted(map(str, ["done", WrongState]))
        with database.reading() as session:
            query = select(Event.id).where(
                Event.subject == "deliveries",
                Event.subject_id == delivery_id,
                Event.verb == "cancel",
            )
            assert len(session.scalars(query).all()) == 1


def test_what_has_left_since_it_was_looked_at_is_not_said_to_be_moved(
    database: Database, city: CityPeople
) -> None:
    with database.transaction() as session:
        post_id = post_steps.approved(session, city)
        delivery = post_steps.schedule(session, city, post_id)[0]
        delivery_id, due_at = delivery.id, delivery.due_at
        variant_id = delivery.variant_id
    with database.transaction() as session:
        looked_at = get_delivery(session, delivery_id)
        assert looked_at.state is DeliveryState.SCHEDULED
        with database.transaction() as press:
            leaving = press.get_one(Delivery, delivery_id)
            for to in (DeliveryState.CLAIMED, DeliveryState.SENDING):
                transitions.apply(press, leaving, to, actor=CLOCK, now=NOON, verb=to)
        with pytest.raises(OnItsWay):
            schedule(
                session,
                actor=city.actor("clerk"),
                now=NOON,
                variant_id=variant_id,
                due_at=due_at + HOUR,
                despite_clash=True,
            )
    with database.reading() as session:
        assert session.get_one(Delivery, delivery_id).due_at == due_at
