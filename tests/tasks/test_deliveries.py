"""Whose turn it is with a delivery, as rows."""

from __future__ import annotations

from publisher.platforms.base.protocol import RefusalCode, Refused
from publisher.scheduling import schedule
from tests.support.city import City
from tests.support.city_people import HOUR, MINUTE
from tests.tasks.open_tasks import open_tasks


def of(kind: str, delivery_id: int, *names: str) -> list[tuple[str, int, str]]:
    return [(kind, delivery_id, name) for name in sorted(names)]


def failed(town: City) -> int:
    town.platform("x").fail_next(Refused(RefusalCode.DUPLICATE, "said before"))
    (delivery_id,) = town.due()
    town.tick_dispatch()
    return delivery_id


def test_a_delivery_that_goes_out_is_nobody_s_turn(town: City) -> None:
    town.live()
    assert open_tasks(town, "deliveries") == []


def test_what_is_held_waits_for_the_leads_and_the_offices(town: City) -> None:
    delivery_id = town.hold()
    waits = of("delivery_held", delivery_id, "lead", "first", "second", "head")
    assert open_tasks(town, "deliveries") == waits
    town.end("second")
    waits = of("delivery_held", delivery_id, "lead", "first", "head")
    assert open_tasks(town, "deliveries") == waits


def test_what_was_missed_waits_for_the_cell_until_it_has_a_new_time(town: City) -> None:
    post_id = town.approved()
    (delivery_id,) = town.schedule(post_id, late_limit=30)
    town.tick_dispatch(3 * HOUR)
    assert open_tasks(town, "deliveries") == of("delivery_missed", delivery_id, "cell")
    town.schedule(post_id)
    assert open_tasks(town, "deliveries") == []


def test_what_failed_waits_until_it_is_cancelled(town: City) -> None:
    delivery_id = failed(town)
    assert open_tasks(town, "deliveries") == of("delivery_failed", delivery_id, "cell")
    with town.write() as session:
        schedule.cancel(session, actor=town.actor("clerk"), now=town.now, delivery_id=delivery_id)
    assert open_tasks(town, "deliveries") == []
    ((kind, _post_id, who),) = open_tasks(town, "posts")
    assert (kind, who) == ("to_schedule", "cell")


def test_a_new_text_takes_the_place_of_what_failed(town: City) -> None:
    delivery_id = failed(town)
    post_id = town.delivery(delivery_id).post_id
    town.clock.move(MINUTE)
    town.save(post_id, on=["x"], text="नवा मजकूर")
    assert open_tasks(town, "deliveries") == []
    assert open_tasks(town, "posts") == [("draft", post_id, "cell")]
