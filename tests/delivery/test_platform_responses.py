"""Wrong responses of platforms, through their real clients, and the resulting states.

A server on loopback sends prepared responses. Nothing is sent twice after any of them.
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from urllib.parse import parse_qs

import pytest
from sqlalchemy import select

from publisher.delivery import dispatch, reconcile
from publisher.delivery.worker_context import WorkerContext
from publisher.models.deliveries import Account, Attempt, Delivery, ReceiptRow
from publisher.platforms.base.protocol import Platform
from publisher.platforms.registry import open_platform
from publisher.states import AccountState, DeliveryState
from tests.platforms.hostile_answers import HOSTILE_ANSWERS
from tests.platforms.platform_setups import CREDENTIALS
from tests.platforms.stub import Behaviour, Stub, drip, http_response, serving
from tests.support.city import PACE, City
from tests.support.city_people import MINUTE, NOON

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
PAGE = CREDENTIALS["facebook"]["page_id"]
CREATES = {"x": b"POST /2/tweets HTTP", "facebook": f"POST /v26.0/{PAGE}/feed HTTP".encode()}
NAMES = tuple(CREATES)
NOTHING_LISTED = http_response({"data": [], "meta": {"result_count": 0}})
HTML = b"<html><title>502</title>Bad gateway</html>"


@dataclass
class StubbedCity:
    """A city with the real clients, each connected to a stub server."""

    town: City
    stubs: dict[str, Stub]
    context: WorkerContext

    def tick_dispatch(self, after: timedelta = timedelta(0)) -> None:
        """Move the clock by `after`, and send what is due."""
        self.town.clock.move(after)
        dispatch.tick_dispatch(self.context)

    def tick_reconcile(self, after: timedelta = timedelta(0)) -> None:
        """Move the clock by `after`, and look for unconfirmed posts."""
        self.town.clock.move(after)
        reconcile.tick_reconcile(self.context)

    def wait(self) -> None:
        """Move the clock by an hour, with all ticks."""
        for _ in range(8):
            self.tick_reconcile(8 * MINUTE)
            self.tick_dispatch()

    def creations(self, name: str) -> list[dict[str, str]]:
        """Return the creating requests, oldest first."""
        sent = [
            request for request in self.stubs[name].requests if request.startswith(CREATES[name])
        ]
        return [_fields(request.partition(b"\r\n\r\n")[2]) for request in sent]

    def state(self, delivery_id: int) -> tuple[DeliveryState, str]:
        """Return the delivery's state and the code of its reason."""
        delivery = self.town.delivery(delivery_id)
        return delivery.state, str(delivery.reason.get("code", ""))

    def receipts(self) -> list[ReceiptRow]:
        """Return all receipts."""
        with self.town.read() as session:
            return list(session.scalars(select(ReceiptRow).order_by(ReceiptRow.id)))

    def outcomes(self, delivery_id: int) -> list[str]:
        """Return the outcomes of all attempts."""
        query = select(Attempt.outcome).where(Attempt.delivery_id == delivery_id)
        with self.town.read() as session:
            return list(session.scalars(query.order_by(Attempt.id)))

    def account(self, name: str) -> Account:
        """Return the account's row."""
        with self.town.read() as session:
            return session.get_one(Account, self.town.accounts[name])


def _fields(body: bytes) -> dict[str, str]:
    if body.startswith(b"{"):
        return {name: str(value) for name, value in json.loads(body).items()}
    return {name: values[0] for name, values in parse_qs(body.decode()).items()}


@pytest.fixture
def stubbed_city(town: City) -> Iterator[StubbedCity]:
    """Set up the city; unplanned requests are answered with an empty list."""
    with ExitStack() as stack:
        stubs = {name: stack.enter_context(serving()) for name in NAMES}
        for stub in stubs.values():
            stub.default = NOTHING_LISTED
        opened = {
            town.accounts[name]: open_platform(
                name,
                CREDENTIALS[name],
                {
                    "x_api_url": stubs[name].url,
                    "graph_api_url": stubs[name].url,
                    "graph_api_version": "v26.0",
                },
                now=town.clock,
            )
            for name in NAMES
        }

        def open_account(account: Account) -> Platform:
            return opened[account.id]

        context = replace(town.context, open_account=open_account, monotonic=time.monotonic)
        yield StubbedCity(town, stubs, context)


def created_response(name: str, number: str, text: str = "", **headers: str) -> bytes:
    """Return a platform's response to a creation."""
    if name == "x":
        return http_response(
            {"data": {"id": number, **({"text": text} if text else {})}}, 201, headers
        )
    return http_response({"id": number, **({"message": text} if text else {})}, 200, headers)


def timeline_response(number: str, text: str, at: datetime, **headers: str) -> bytes:
    """Return a timeline with one post, in the format of either platform."""
    times = {"created_at": at.isoformat(), "created_time": at.isoformat()}
    return http_response(
        {"data": [{"id": number, "text": text, "message": text, **times}]}, 200, headers
    )


def sent_text(wire: StubbedCity, name: str) -> str:
    [sent] = wire.creations(name)
    return sent["text" if name == "x" else "message"]


def expect_held_and_sent_once(wire: StubbedCity, name: str, delivery_id: int) -> None:
    """Expect the delivery to be looked for, not found, and held for a person."""
    assert wire.state(delivery_id) == (DeliveryState.UNCONFIRMED, "unknown")
    wire.wait()
    assert wire.state(delivery_id)[0] is DeliveryState.HELD
    assert wire.outcomes(delivery_id) == ["unknown"]
    assert len(wire.creations(name)) == 1
    assert wire.receipts() == []


@pytest.mark.parametrize("name", NAMES)
def test_a_200_without_an_id_is_unknown_and_sent_once(stubbed_city: StubbedCity, name: str) -> None:
    (delivery_id,) = stubbed_city.town.due(on=[name])
    stubbed_city.stubs[name].plan(http_response({"data": {}}, 200))
    stubbed_city.tick_dispatch()
    expect_held_and_sent_once(stubbed_city, name, delivery_id)


def test_a_200_with_the_id_of_another_page_is_unknown_and_sent_once(
    stubbed_city: StubbedCity,
) -> None:
    (delivery_id,) = stubbed_city.town.due(on=["facebook"])
    stubbed_city.stubs["facebook"].plan(created_response("facebook", "999000000000009_7"))
    stubbed_city.tick_dispatch()
    expect_held_and_sent_once(stubbed_city, "facebook", delivery_id)


@pytest.mark.parametrize("name", NAMES)
def test_a_201_with_another_text_is_unknown_and_sent_once(
    stubbed_city: StubbedCity, name: str
) -> None:
    (delivery_id,) = stubbed_city.town.due(on=[name])
    stubbed_city.stubs[name].plan(created_response(name, "77", "कोणाचा तरी दुसराच मजकूर"))
    stubbed_city.tick_dispatch()
    expect_held_and_sent_once(stubbed_city, name, delivery_id)


@pytest.mark.parametrize("name", NAMES)
def test_a_502_in_html_is_unknown_and_found_by_looking(
    stubbed_city: StubbedCity, name: str
) -> None:
    (delivery_id,) = stubbed_city.town.due(on=[name])
    stubbed_city.stubs[name].plan(http_response(HTML, 502, kind="html"))
    stubbed_city.tick_dispatch()
    assert stubbed_city.state(delivery_id) == (DeliveryState.UNCONFIRMED, "unknown")
    stubbed_city.stubs[name].plan(
        timeline_response("77", sent_text(stubbed_city, name), stubbed_city.town.now + SECOND)
    )
    stubbed_city.tick_reconcile(20 * SECOND)
    stubbed_city.wait()
    assert stubbed_city.state(delivery_id) == (DeliveryState.PUBLISHED, "")
    assert [receipt.platform_id for receipt in stubbed_city.receipts()] == ["77"]
    assert len(stubbed_city.creations(name)) == 1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("code", [302, 307])
def test_a_redirect_to_another_host_is_not_followed(
    stubbed_city: StubbedCity, name: str, code: int
) -> None:
    (delivery_id,) = stubbed_city.town.due(on=[name])
    with serving() as thief:
        thief.default = created_response(name, "77")
        elsewhere = thief.url.replace("127.0.0.1", "localhost") + "/2/tweets"
        stubbed_city.stubs[name].plan(http_response({}, code, {"Location": elsewhere}))
        stubbed_city.tick_dispatch()
        expect_held_and_sent_once(stubbed_city, name, delivery_id)
        assert (thief.connections, thief.requests) == (0, [])


@pytest.mark.parametrize("name", NAMES)
def test_a_gzip_bomb_is_unknown_and_sent_once(stubbed_city: StubbedCity, name: str) -> None:
    (delivery_id,) = stubbed_city.town.due(on=[name])
    bomb = gzip.compress(b" " * 50_000_000 + b"{}")
    stubbed_city.stubs[name].plan(http_response(bomb, 201, {"Content-Encoding": "gzip"}))
    stubbed_city.tick_dispatch()
    expect_held_and_sent_once(stubbed_city, name, delivery_id)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("hostile_answer", HOSTILE_ANSWERS.values(), ids=list(HOSTILE_ANSWERS))
def test_a_hostile_answer_is_unknown_and_sent_once(
    stubbed_city: StubbedCity, name: str, hostile_answer: bytes | Behaviour
) -> None:
    (delivery_id,) = stubbed_city.town.due(on=[name])
    stubbed_city.stubs[name].plan(hostile_answer)
    stubbed_city.tick_dispatch()
    expect_held_and_sent_once(stubbed_city, name, delivery_id)


@pytest.mark.proof
@pytest.mark.parametrize("name", NAMES)
def test_a_response_that_trickles_in_ends_at_the_deadline(
    stubbed_city: StubbedCity, name: str
) -> None:
    """Each byte arrives within the read timeout; only the deadline ends the attempt."""
    (delivery_id,) = stubbed_city.town.due(on=[name])
    stubbed_city.context = replace(
        stubbed_city.context, delivery_settings=replace(PACE, send_deadline=2.5)
    )
    stub = stubbed_city.stubs[name]
    stub.plan(drip(created_response(name, "77"), stub.is_closed, 1.0))
    began = time.monotonic()
    stubbed_city.tick_dispatch()
    assert 2 < time.monotonic() - began < 4
    expect_held_and_sent_once(stubbed_city, name, delivery_id)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("hours", [-1, 1])
def test_where_the_platforms_clock_is_off_its_answer_counts_at_our_time(
    stubbed_city: StubbedCity, name: str, hours: int
) -> None:
    (delivery_id,) = stubbed_city.town.due(on=[name])
    theirs = NOON + hours * HOUR
    reply = http_response(
        {"data": {"id": "77"}, "id": "77", "created_time": theirs.isoformat()},
        201,
        {"Date": format_datetime(theirs, usegmt=True)},
    )
    stubbed_city.stubs[name].plan(reply)
    stubbed_city.tick_dispatch()
    stubbed_city.wait()
    assert stubbed_city.state(delivery_id) == (DeliveryState.PUBLISHED, "")
    assert [receipt.published_at for receipt in stubbed_city.receipts()] == [NOON]
    assert len(stubbed_city.creations(name)) == 1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("hours", [-1, 1])
def test_where_the_platforms_clock_is_off_ours_is_found_all_the_same(
    stubbed_city: StubbedCity, name: str, hours: int
) -> None:
    (delivery_id,) = stubbed_city.town.due(on=[name])
    stubbed_city.stubs[name].plan(http_response(HTML, 502))
    stubbed_city.tick_dispatch()
    off = hours * HOUR
    headers = {"Date": format_datetime(stubbed_city.town.now + off + 20 * SECOND, usegmt=True)}
    page = timeline_response(
        "77", sent_text(stubbed_city, name), stubbed_city.town.now + off + SECOND, **headers
    )
    stubbed_city.stubs[name].plan(page, page)
    stubbed_city.tick_reconcile(20 * SECOND)
    assert stubbed_city.state(delivery_id) == (DeliveryState.PUBLISHED, "")
    assert len(stubbed_city.creations(name)) == 1


@pytest.mark.parametrize("hours", [-1, 1])
def test_where_the_platforms_clock_is_off_its_limit_ends_by_ours(
    stubbed_city: StubbedCity, hours: int
) -> None:
    (delivery_id,) = stubbed_city.town.due(on=["x"])
    theirs = NOON + hours * HOUR
    headers = {
        "Date": format_datetime(theirs, usegmt=True),
        "x-rate-limit-reset": str(int((theirs + 9 * MINUTE).timestamp())),
    }
    stubbed_city.stubs["x"].plan(http_response({}, 429, headers))
    stubbed_city.tick_dispatch()
    assert stubbed_city.town.delivery(delivery_id).not_before == NOON + 9 * MINUTE
    stubbed_city.stubs["x"].plan(created_response("x", "77"))
    stubbed_city.tick_dispatch(8 * MINUTE)
    assert stubbed_city.state(delivery_id) == (DeliveryState.SCHEDULED, "later")
    stubbed_city.tick_dispatch(MINUTE)
    assert stubbed_city.state(delivery_id) == (DeliveryState.PUBLISHED, "")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("reset", [None, -9 * MINUTE], ids=["without reset", "reset in the past"])
def test_a_429_without_a_time_is_retried_after_our_own_pause(
    stubbed_city: StubbedCity, name: str, reset: timedelta | None
) -> None:
    (delivery_id,) = stubbed_city.town.due(on=[name])
    headers = {} if reset is None else {"x-rate-limit-reset": str(int((NOON + reset).timestamp()))}
    stubbed_city.stubs[name].plan(
        http_response({"errors": [{"code": 88}]}, 429, headers), created_response(name, "77")
    )
    stubbed_city.tick_dispatch()
    assert stubbed_city.state(delivery_id) == (DeliveryState.SCHEDULED, "later")
    assert stubbed_city.town.delivery(delivery_id).not_before == NOON + 30 * SECOND
    stubbed_city.tick_dispatch(29 * SECOND)
    assert len(stubbed_city.creations(name)) == 1
    stubbed_city.tick_dispatch(SECOND)
    assert stubbed_city.state(delivery_id) == (DeliveryState.PUBLISHED, "")
    stubbed_city.wait()
    assert stubbed_city.outcomes(delivery_id) == ["later", "published"]
    assert len(stubbed_city.creations(name)) == 2


DUPLICATES = {
    "x": http_response(
        {"detail": "You are not allowed to create a Tweet with duplicate content."}, 403
    ),
    "facebook": http_response({"error": {"code": 506, "message": "Duplicate status message"}}, 400),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_duplicate_error_without_our_post_there_is_left_to_a_person(
    stubbed_city: StubbedCity, name: str
) -> None:
    """The platform has the text, but not from the city, so the delivery fails with a reason."""
    (delivery_id,) = stubbed_city.town.due(on=[name])
    stubbed_city.stubs[name].plan(DUPLICATES[name])
    stubbed_city.tick_dispatch()
    stubbed_city.wait()
    assert stubbed_city.state(delivery_id) == (DeliveryState.FAILED, "duplicate")
    assert stubbed_city.receipts() == []
    assert len(stubbed_city.creations(name)) == 1


EXPIRED = {
    "x": http_response({"title": "Unauthorized", "status": 401}, 401),
    "facebook": http_response({"error": {"code": 190, "error_subcode": 463}}, 401),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_401_in_mid_batch_pauses_the_account_and_no_other(
    stubbed_city: StubbedCity, name: str
) -> None:
    (other_name,) = (platform for platform in NAMES if platform != name)
    first, second, third = (
        stubbed_city.town.due(where, on=[name])[0] for where in ("water", "road", "health")
    )
    (other,) = stubbed_city.town.due("water", on=[other_name])
    stubbed_city.stubs[name].plan(created_response(name, "77"), EXPIRED[name])
    stubbed_city.stubs[other_name].plan(created_response(other_name, "88"))
    stubbed_city.tick_dispatch()
    assert stubbed_city.state(first) == (DeliveryState.PUBLISHED, "")
    assert stubbed_city.state(second) == (DeliveryState.SCHEDULED, "credentials")
    assert stubbed_city.state(third) == (DeliveryState.SCHEDULED, "")
    assert stubbed_city.state(other) == (DeliveryState.PUBLISHED, "")
    paused, going = stubbed_city.account(name), stubbed_city.account(other_name)
    assert (paused.state, paused.reason) == (AccountState.PAUSED, "credentials")
    assert going.state is AccountState.CONNECTED
    for _ in range(3):
        stubbed_city.tick_dispatch(10 * MINUTE)
    assert len(stubbed_city.creations(name)) == 2
    assert stubbed_city.outcomes(third) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_response_with_the_id_of_an_earlier_post_proves_nothing(
    stubbed_city: StubbedCity, name: str
) -> None:
    first, second = (stubbed_city.town.due(where, on=[name])[0] for where in ("water", "road"))
    stubbed_city.stubs[name].plan(created_response(name, "77"), created_response(name, "77"))
    stubbed_city.tick_dispatch()
    assert stubbed_city.state(first) == (DeliveryState.PUBLISHED, "")
    assert stubbed_city.state(second) == (DeliveryState.UNCONFIRMED, "id_seen_before")
    stubbed_city.wait()
    assert stubbed_city.state(second)[0] is DeliveryState.HELD
    with stubbed_city.town.read() as session:
        receipt = session.scalars(select(ReceiptRow)).one()
        assert receipt.delivery_id == first
        assert session.get_one(Delivery, first).state is DeliveryState.PUBLISHED
    assert len(stubbed_city.creations(name)) == 2
