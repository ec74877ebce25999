"""Several conversations in one query of X: what fits, where it begins, and whose cursor moves."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import pytest

from publisher.platforms.base.types import SharedPage
from publisher.platforms.x import searches
from tests.platforms.platform_setups import CREDENTIALS
from tests.platforms.stub import Stub, http_response
from tests.platforms.stubbed import open_at

USER = "1234567890123456789"
FIRST = 5_000_000_000_000_000_000
"""The beginning of ids that are newer than anything that X has shown until now."""


def post_id(number: int) -> str:
    return str(FIRST + number * 10**16)


def test_twelve_posts_fit_into_a_query_of_512_characters() -> None:
    post_ids = [post_id(number) for number in range(30)]
    together = searches.posts_together(dict.fromkeys(post_ids), USER)
    assert together == tuple(post_ids[:12])
    assert len(searches.make_query(together, USER)) == 492
    assert len(searches.make_query(post_ids[:13], USER)) > searches.MOST_CHARACTERS


def test_shorter_ids_do_not_make_more_than_thirteen() -> None:
    assert len(searches.posts_together(dict.fromkeys(map(str, range(100, 130))), USER)) == 13


@pytest.mark.parametrize("alone", ["5|9|token", "5|5|", "|7|", "|9|token"])
def test_a_post_within_a_round_of_its_own_joins_none(alone: str) -> None:
    assert searches.posts_together({"7": alone, "8": None}, USER) == ("7",)
    assert searches.posts_together({"8": None, "7": alone, "9": "5||"}, USER) == ("8", "9")


def test_what_is_no_id_of_x_joins_none() -> None:
    assert searches.posts_together({"8": None, "7 OR from:x": None, "": None}, USER) == ("8",)
    assert searches.posts_together({"here": None, "8": None}, USER) == ("here",)


@pytest.mark.parametrize(
    ("cursors", "since"),
    [
        ({"100": "400||", "200": "300||"}, "300"),
        ({"100": "400||", "500": None}, "400"),
        ({"100": "400||", "200": None}, "200"),
        ({"100": "400||", "200": "||"}, "200"),
        ({"9": "99||", "10": "100||"}, "99"),
    ],
)
def test_a_round_begins_at_the_oldest_position_of_its_members(
    cursors: dict[str, str | None], since: str
) -> None:
    assert searches.first_position(cursors).since == since


def test_after_a_round_no_cursor_goes_back() -> None:
    cursors = {"100": "400||", "200": None, "700": None}
    assert searches.advance_cursors(cursors, "500") == {
        "100": "500||",
        "200": "500||",
        "700": "700||",
    }
    assert searches.advance_cursors(cursors, "")["100"] == "400||"


def test_alone_each_goes_on_from_where_it_stood() -> None:
    alone = searches.cursors_alone({"100": "400||", "200": None})
    assert alone == {"100": "400|400|", "200": "|200|"}
    assert searches.posts_together({**alone, "300": None}, USER) == ("100",)


def page(*numbers: int, token: str = "") -> bytes:
    """Return an answer with the comments of these numbers, all under the first post."""
    posts = [
        {"id": post_id(number), "conversation_id": post_id(0), "text": "का?", "author_id": "5"}
        for number in numbers
    ]
    return http_response({"data": posts, "meta": {"next_token": token} if token else {}})


def read(stub: Stub, cursors: Mapping[str, str | None]) -> list[SharedPage]:
    return list(open_at("x", stub.url).comments_under(cursors))


def test_pages_have_one_query_and_the_last_one_has_the_cursors(
    stub: Stub,
) -> None:
    stub.plan(page(9, 8, token="second"), page(7, token="third"), page(6, 0))
    pages = read(stub, {post_id(0): f"{post_id(5)}||", post_id(1): None})
    ids = [[comment.platform_id for comment in shared.comments] for shared in pages]
    assert ids == [[post_id(9), post_id(8)], [post_id(7)], [post_id(6)]]
    moved = f"{post_id(9)}||"
    assert [shared.cursors for shared in pages] == [
        {},
        {},
        {post_id(0): moved, post_id(1): moved},
    ]
    queries = [
        parse_qs(urlsplit(request.split(b" ")[1].decode()).query) for request in stub.requests
    ]
    ours = CREDENTIALS["x"]["access_token"].partition("-")[0]
    conversations = f"conversation_id:{post_id(0)} OR conversation_id:{post_id(1)}"
    assert {query["query"][0] for query in queries} == {f"({conversations}) -from:{ours}"}
    assert len({query["since_id"][0] for query in queries}) == 1
    assert int(queries[0]["since_id"][0]) < int(post_id(1))
    assert [query.get("next_token") for query in queries] == [None, ["second"], ["third"]]


def test_after_twenty_pages_each_post_is_read_alone(stub: Stub) -> None:
    stub.plan(*(page(number, token=f"t{number}") for number in range(90, 60, -1)))
    *pages, last = read(stub, {post_id(0): f"{post_id(5)}||", post_id(1): None})
    assert len(pages) == len(stub.requests) == searches.MOST_PAGES
    assert all(shared.more and not shared.cursors for shared in pages)
    assert (last.comments, last.more) == ((), True)
    assert searches.posts_together(last.cursors, USER) == (post_id(0),)


def test_a_refusal_reads_each_alone_and_an_old_position_anew(stub: Stub) -> None:
    stub.default = http_response({"title": "Forbidden"}, 403)
    (refused,) = read(stub, {"100": "400||", "200": None})
    assert refused.cursors == {"100": "400|400|", "200": "|200|"}
    stub.plan(http_response({"title": "since_id"}, 400), page(9, 8))
    (whole,) = read(stub, {"100": "400||", "200": None})
    assert len(whole.comments) == 2
    assert set(whole.cursors.values()) == {f"{post_id(9)}||"}
    assert b"since_id" not in stub.requests[-1].split(b" ")[1]
