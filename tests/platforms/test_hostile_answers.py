"""Answers that mean harm or lie: their size, their coding, their length and where they lead."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections.abc import Iterator

import pytest

from publisher.platforms.base.protocol import OutcomeUnknown, Platform, PlatformError, TryLater
from publisher.platforms.base.types import MENTIONS, HealthProblem
from sandbox.credentials import FACEBOOK_PAGES
from tests.platforms.hostile_answers import (
    CREATED,
    HOSTILE_ANSWERS,
    MEGABYTE,
    WHOLE,
    four_gigabytes,
    head,
)
from tests.platforms.platform_setups import deadline
from tests.platforms.stub import Behaviour, Stub, http_response
from tests.platforms.stubbed import NOTICE, NOW, created_response, open_at


@pytest.fixture
def little_memory() -> Iterator[None]:
    """Expect the test to take less than 20 MB."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < 20 * MEGABYTE
    finally:
        tracemalloc.stop()


@pytest.fixture(params=HOSTILE_ANSWERS)
def hostile_answer(request: pytest.FixtureRequest) -> bytes | Behaviour:
    return HOSTILE_ANSWERS[request.param]


@pytest.mark.usefixtures("little_memory")
def test_after_a_hostile_answer_to_a_creation_its_outcome_is_unknown(
    platform: Platform, stub: Stub, hostile_answer: bytes | Behaviour
) -> None:
    stub.plan(hostile_answer)
    stub.default = created_response(platform).replace(b"77", b"88")
    with pytest.raises(OutcomeUnknown):
        platform.publish(NOTICE, deadline=deadline(2))
    assert len(stub.requests) == 1


@pytest.mark.usefixtures("little_memory")
def test_after_a_hostile_answer_the_next_post_gets_its_own_answer(
    platform: Platform, stub: Stub, hostile_answer: bytes | Behaviour
) -> None:
    stub.plan(hostile_answer)
    stub.default = created_response(platform).replace(b"77", b"88")
    with pytest.raises(OutcomeUnknown):
        platform.publish(NOTICE, deadline=deadline(2))
    assert platform.publish(NOTICE, deadline=deadline()).platform_id == "88"
    assert (len(stub.requests), stub.connections) == (2, 2)


@pytest.mark.usefixtures("little_memory")
def test_a_hostile_answer_to_a_read_is_safe_to_repeat(
    platform: Platform, stub: Stub, hostile_answer: bytes | Behaviour
) -> None:
    stub.plan(hostile_answer, hostile_answer)
    with pytest.raises(TryLater):
        platform.look_up(NOTICE.outgoing, since=NOW)
    assert platform.check().problem is HealthProblem.UNREACHABLE
    assert len(stub.requests) == 2


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("code", [400, 401, 403, 429, 500])
def test_a_refusal_of_4_gb_is_read_no_further_than_any_other(
    platform: Platform, stub: Stub, code: int
) -> None:
    """What it says is not known, so the safe side is taken."""
    stub.plan(four_gigabytes(code))
    with pytest.raises(OutcomeUnknown, match="too large"):
        platform.publish(NOTICE, deadline=deadline(5))


def test_what_follows_an_answer_is_not_taken_for_the_next_one(
    platform: Platform, stub: Stub
) -> None:
    stub.plan(created_response(platform) + http_response({"data": {"id": "99"}, "id": "99"}, 201))
    stub.default = created_response(platform).replace(b"77", b"88")
    published = [platform.publish(NOTICE, deadline=deadline()).platform_id for _ in range(2)]
    assert published == ["77", "88"]


def test_what_follows_a_length_that_is_too_short_is_not_the_next_answer(
    platform: Platform, stub: Stub
) -> None:
    smuggled = http_response({"data": {"id": "99"}, "id": "99"}, 201)
    stub.plan(head("Content-Length: 5") + WHOLE[:5] + smuggled)
    stub.default = created_response(platform).replace(b"77", b"88")
    with pytest.raises(PlatformError):
        platform.publish(NOTICE, deadline=deadline())
    assert platform.publish(NOTICE, deadline=deadline()).platform_id == "88"


@pytest.fixture(scope="session", params=[8_000_000, 200_000_000])
def bomb(request: pytest.FixtureRequest) -> bytes:
    return gzip.compress(b" " * request.param + b"{}")


@pytest.mark.usefixtures("little_memory")
def test_an_answer_that_unpacks_to_a_huge_one_is_given_up(
    bomb: bytes, platform: Platform, stub: Stub
) -> None:
    stub.plan(http_response(bomb, 200, {"Content-Encoding": "gzip"}))
    with pytest.raises(TryLater, match="too large"):
        platform.look_up(NOTICE.outgoing, since=NOW)


def test_an_answer_that_is_packed_is_read(platform: Platform, stub: Stub) -> None:
    whole = gzip.compress(json.dumps(CREATED).encode())
    stub.plan(http_response(whole, 201, {"Content-Encoding": "gzip"}))
    assert platform.publish(NOTICE, deadline=deadline()).platform_id == "77"
    assert b"accept-encoding: gzip\r\n" in stub.requests[0].lower()


@pytest.mark.parametrize("coding", ["br", "zstd", "deflate", "gzip, gzip"])
def test_a_coding_that_was_not_asked_for_is_not_unpacked(
    platform: Platform, stub: Stub, coding: str
) -> None:
    packed = gzip.compress(gzip.compress(WHOLE))
    stub.plan(http_response(packed, 201, {"Content-Encoding": coding}))
    with pytest.raises(OutcomeUnknown, match="not asked for"):
        platform.publish(NOTICE, deadline=deadline())


@pytest.mark.parametrize("cut", [10, 20, 30])
def test_a_packed_answer_that_is_cut_short_is_no_answer(
    platform: Platform, stub: Stub, cut: int
) -> None:
    packed = gzip.compress(WHOLE)[:-cut]
    stub.plan(http_response(packed, 201, {"Content-Encoding": "gzip"}))
    with pytest.raises(OutcomeUnknown):
        platform.publish(NOTICE, deadline=deadline())


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_nothing_follows_to_another_host(platform: Platform, stub: Stub, code: int) -> None:
    elsewhere = f"{stub.url.replace('127.0.0.1', 'localhost')}/stolen"
    stub.plan(http_response({}, code, {"Location": elsewhere}), http_response({"data": []}))
    with pytest.raises(TryLater):
        platform.look_up(NOTICE.outgoing, since=NOW)
    assert len(stub.requests) == 1


@pytest.mark.parametrize("odd_id", ["", "७७", "9" * 5_000])
def test_a_comment_without_an_id_of_x_is_left_out_and_the_others_are_read(
    stub: Stub, odd_id: str
) -> None:
    posts = [{"id": post_id, "text": "कधी?", "author_id": "5"} for post_id in (odd_id, "88")]
    stub.plan(http_response({"data": posts, "meta": {"result_count": 2}}))
    page = open_at("x", stub.url).comments_since(MENTIONS, None)
    assert [comment.platform_id for comment in page.comments] == ["88"]


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"])
def test_a_time_that_no_clock_shows_counts_as_missing(stub: Stub, moment: str) -> None:
    """In UTC it would be beyond what a `datetime` can hold."""
    node = {"created_time": moment, "message": "पाणी बंद", "is_published": True, "success": True}
    stub.default = http_response({"id": f"{FACEBOOK_PAGES[0].id}_77", **node})
    platform = open_at("facebook", stub.url)
    receipts = [
        platform.publish(NOTICE, deadline=deadline()),
        platform.release("77", deadline=deadline()),
        platform.edit("77", NOTICE, deadline=deadline()),
    ]
    assert [receipt.published_at for receipt in receipts] == [NOW] * 3


def test_a_post_of_no_time_does_not_keep_others_from_being_found(stub: Stub) -> None:
    page_id = FACEBOOK_PAGES[0].id
    odd, own = (
        {"id": f"{page_id}_{number}", "created_time": moment, "message": "पाणी बंद"}
        for number, moment in ((76, "9999-12-31T23:59:59-12:00"), (77, NOW.isoformat()))
    )
    stub.default = http_response({"data": [odd, own]})
    match = open_at("facebook", stub.url).look_up(NOTICE.outgoing, since=NOW)
    assert match is not None
    assert match.platform_id == own["id"]
