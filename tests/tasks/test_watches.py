"""Who has to look at what others did to a live post, as rows."""

from __future__ import annotations

from sqlalchemy import select

from approvals.policy import Role
from approvals.states import PostState
from publisher.delivery.monitoring import acknowledge, poll
from publisher.models.deliveries import ReceiptRow
from publisher.models.monitoring import Watch
from publisher.models.posts import Post
from publisher.models.tasks import Task
from publisher.review import takedown_orders
from publisher.scheduling import corrections
from tests.operations.test_departments import merge
from tests.support.city import City
from tests.support.city_people import HOUR
from tests.tasks.open_tasks import open_tasks

HIDDEN = "पाणी बंद नाही."
Found = list[tuple[str, int, str]]


def poll_for_a_day(town: City) -> None:
    for _ in range(25):
        town.clock.move(HOUR)
        poll.tick_watching(town.context)


def watch_of(town: City, delivery_id: int) -> int:
    query = select(Watch.id).join(Watch.receipt).where(ReceiptRow.delivery_id == delivery_id)
    with town.read() as session:
        return session.scalars(query).one()


def deleted(town: City, department: str = "water") -> int:
    """Let somebody delete a live post, and return the id of its watch."""
    (delivery_id,) = town.live(department)
    town.platform("x").somebody_deletes(town.platform_id(delivery_id))
    poll_for_a_day(town)
    return watch_of(town, delivery_id)


def edited(town: City) -> tuple[int, int]:
    """Let somebody edit a live post, and return the ids of its watch and its delivery."""
    delivery_id = town.live(on=["x", "facebook"])[-1]
    town.platform("facebook").somebody_edits(town.platform_id(delivery_id), HIDDEN)
    poll_for_a_day(town)
    return watch_of(town, delivery_id), delivery_id


def found(watch_id: int, *names: str, kind: str = "found_gone") -> Found:
    return [(kind, watch_id, name) for name in sorted(names)]


def note(town: City, watch_id: int, *, by: str) -> None:
    with town.write() as session:
        acknowledge.note_seen(
            session, actor=town.actor(by), now=town.now, watch_id=watch_id, note="पाहिले."
        )


def order_deletion(town: City, post_id: int, *platforms: str) -> None:
    with town.write() as session:
        takedown_orders.take_back(
            session,
            actor=town.actor("lead"),
            now=town.now,
            post_id=post_id,
            receipt_ids=[
                text.receipt.id
                for text in corrections.list_live_texts(session, post_id)
                if text.account.platform in platforms
            ],
            reason="चुकीची माहिती",
        )


def test_a_deleted_post_waits_for_cell_and_officers_until_one_notes_it(town: City) -> None:
    (delivery_id,) = town.live()
    poll_for_a_day(town)
    assert open_tasks(town, "watches") == []
    town.platform("x").somebody_deletes(town.platform_id(delivery_id))
    poll_for_a_day(town)
    watch_id = watch_of(town, delivery_id)
    assert open_tasks(town, "watches") == found(watch_id, "cell", "first", "second")
    with town.read() as session:
        tasks = session.scalars(select(Task).where(Task.subject == "watches")).all()
        watch = session.get_one(Watch, watch_id)
        assert {(task.since_at, task.due_at) for task in tasks} == {(watch.found_gone_at, None)}
        assert {(task.department_id, task.post_id) for task in tasks} == {
            (town.departments["water"], watch.receipt.delivery.post_id)
        }
    note(town, watch_id, by="first")
    assert open_tasks(town, "watches") == []


def test_a_changed_text_that_is_as_before_again_is_nobodys_task(town: City) -> None:
    watch_id, delivery_id = edited(town)
    who = ("cell", "first", "second")
    assert open_tasks(town, "watches") == found(watch_id, *who, kind="found_changed")
    (before,) = town.platform("x").published
    town.platform("facebook").somebody_edits(town.platform_id(delivery_id), before.text)
    poll_for_a_day(town)
    assert open_tasks(town, "watches") == []


def test_another_change_after_one_was_noted_is_a_task_again(town: City) -> None:
    watch_id, delivery_id = edited(town)
    note(town, watch_id, by="lead")
    assert open_tasks(town, "watches") == []
    town.platform("facebook").somebody_edits(town.platform_id(delivery_id), "दुसरे")
    poll_for_a_day(town)
    who = ("cell", "first", "second")
    assert open_tasks(town, "watches") == found(watch_id, *who, kind="found_changed")
    town.platform("facebook").somebody_deletes(town.platform_id(delivery_id))
    poll_for_a_day(town)
    assert open_tasks(town, "watches") == found(watch_id, *who)


def test_a_changed_text_that_we_delete_ourselves_is_nobodys_task(town: City) -> None:
    watch_id, delivery_id = edited(town)
    post_id = town.delivery(delivery_id).post_id
    order_deletion(town, post_id, "facebook")
    who = ("cell", "first", "second")
    assert open_tasks(town, "watches") == found(watch_id, *who, kind="found_changed")
    town.tick_dispatch()
    assert open_tasks(town, "watches") == []


def test_who_comes_and_goes_in_the_department_has_it_and_else_the_head(town: City) -> None:
    watch_id = deleted(town)
    town.end("first")
    assert open_tasks(town, "watches") == found(watch_id, "cell", "second")
    town.disable("second")
    assert open_tasks(town, "watches") == found(watch_id, "cell", "head")
    town.end("head")
    assert open_tasks(town, "watches") == found(watch_id, "cell")
    town.appoint("third", Role.OFFICER, "water")
    assert open_tasks(town, "watches") == found(watch_id, "cell", "third")


def test_where_a_head_stands_alone_it_waits_for_the_head(town: City) -> None:
    watch_id = deleted(town, "health")
    assert open_tasks(town, "watches") == found(watch_id, "cell", "health_head")


def test_after_a_merger_it_waits_for_the_officers_of_the_other_department(town: City) -> None:
    watch_id = deleted(town, "health")
    merge(town, "health", "road")
    assert open_tasks(town, "watches") == found(watch_id, "cell", "road_officer")


def test_it_is_nobodys_task_once_the_post_is_withdrawn(town: City) -> None:
    watch_id, delivery_id = edited(town)
    post_id = town.delivery(delivery_id).post_id
    order_deletion(town, post_id, *town.accounts)
    assert open_tasks(town, "watches") == []
    with town.read() as session:
        assert session.get_one(Post, post_id).state is PostState.WITHDRAWN
        assert session.get_one(Watch, watch_id).settled_at is None
