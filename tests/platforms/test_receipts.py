"""A success is accepted only if the response matches the request: text, page and change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import format_datetime

import pytest

from publisher.platforms.base.protocol import (
    Deadline,
    OutcomeUnknown,
    Platform,
    RefusalCode,
    Refused,
    TryLater,
)
from publisher.platforms.base.types import Outgoing, PreparedPost, Receipt
from publisher.platforms.x.text import is_echo
from tests.platforms.platform_setups import CREDENTIALS, deadline
from tests.platforms.stub import Stub, http_response, reset
from tests.platforms.stubbed import NOW, open_at
from tests.support.tables import each

PAGE = CREDENTIALS["facebook"]["page_id"]
TEXT = "पाणी बंद; पाहा water.example.in/a व https://example.org/b?c=1"
NOTICE = PreparedPost(Outgoing(TEXT))
GONE = {"error": {"code": 100, "error_subcode": 33, "message": "does not exist"}}
NOT_CHANGED = {"error": {"code": 100, "message": "is_published cannot be changed"}}
DONE = {"success": True}
NOT_FOUND = {"errors": [{"type": "https://api.x.com/2/problems/resource-not-found"}]}


def publish(platform: Platform, prepared: PreparedPost = NOTICE) -> Receipt:
    return platform.publish(prepared, deadline=deadline())


@pytest.mark.parametrize(
    "returned_text",
    [
        "पाणी बंद; पाहा https://t.co/AbC1 व https://t.co/dEf2",
        "पाणी बंद; पाहा  https://t.co/AbC1 व\nhttps://t.co/dEf2",
        TEXT,
    ],
)
def test_x_may_shorten_links_and_set_blanks(stub: Stub, returned_text: str) -> None:
    if returned_text == TEXT:
        returned_text = TEXT.replace("water.example.in/a", "https://t.co/a1").replace(
            "https://example.org/b?c=1", "https://t.co/a2"
        )
    stub.plan(http_response({"data": {"id": "77", "text": returned_text}}, 201))
    assert publish(open_at("x", stub.url)).platform_id == "77"


@pytest.mark.parametrize(
    "returned_text",
    [
        "दुसराच मजकूर",
        "पाणी बंद; पाहा https://t.co/AbC1",
        "पाणी बंद; पाहा https://t.co/AbC1 व https://t.co/d !",
    ],
)
def test_another_text_in_xs_answer_is_no_receipt(stub: Stub, returned_text: str) -> None:
    stub.plan(http_response({"data": {"id": "77", "text": returned_text}}, 201))
    with pytest.raises(OutcomeUnknown, match="another text"):
        publish(open_at("x", stub.url))


@pytest.mark.parametrize("post_id", ["", "a7", "७७", "7" * 20, "9" * 5_000])
def test_an_id_that_x_cannot_have_given_is_no_receipt(stub: Stub, post_id: str) -> None:
    stub.plan(http_response({"data": {"id": post_id, "text": TEXT}}, 201))
    with pytest.raises(OutcomeUnknown, match="names no post"):
        publish(open_at("x", stub.url))


def test_a_reply_may_come_back_with_names_and_a_picture_with_its_link(stub: Stub) -> None:
    platform = open_at("x", stub.url)
    texts = ("@asha_k @ravi_p हो, ७ &amp; ८", "@asha_k हो, ७ & ८ https://t.co/pic1")
    stub.plan(*(http_response({"data": {"id": "77", "text": text}}, 201) for text in texts))
    reply = Outgoing("हो, ७ & ८", reply_to="5")
    publish(platform, PreparedPost(reply))
    publish(platform, PreparedPost(reply, media_ids=("9",)))
    stub.plan(http_response({"data": {"id": "77", "text": texts[1]}}, 201))
    with pytest.raises(OutcomeUnknown):
        publish(platform, PreparedPost(reply))


def test_a_long_text_may_come_back_cut_off(stub: Stub) -> None:
    text = "क" * 3_000
    platform = open_at("x", stub.url)
    cut = {"data": {"id": "77", "text": text[:270] + "… https://t.co/more"}}
    stub.plan(http_response(cut, 201), http_response({"data": {"id": "77", "text": "…"}}, 201))
    assert publish(platform, PreparedPost(Outgoing(text))).platform_id == "77"
    with pytest.raises(OutcomeUnknown):
        publish(platform, PreparedPost(Outgoing(text)))


@pytest.mark.parametrize(
    ("post", "is_taken"),
    [
        ({"id": f"{PAGE}_7"}, True),
        ({"id": f"{PAGE}_7", "message": TEXT + " ", "from": {"id": PAGE}}, True),
        ({"id": "999_7"}, False),
        ({"id": f"{PAGE}_7", "from": {"id": "999"}}, False),
        ({"id": f"{PAGE}_7", "message": "दुसराच मजकूर"}, False),
    ],
)
def test_facebooks_answer_has_to_tell_of_our_page_and_our_text(
    stub: Stub, post: dict[str, object], is_taken: bool
) -> None:
    stub.plan(http_response(post))
    platform = open_at("facebook", stub.url)
    if is_taken:
        assert publish(platform).platform_id == post["id"]
        return
    with pytest.raises(OutcomeUnknown, match="another"):
        publish(platform)


def test_what_is_staged_on_another_page_is_made_again(stub: Stub) -> None:
    stub.plan(http_response({"id": "999_7"}), reset, http_response({"id": f"{PAGE}_8"}))
    platform = open_at("facebook", stub.url)
    for _ in range(2):
        with pytest.raises(TryLater):
            platform.stage(NOTICE, deadline=deadline())
    assert platform.stage(NOTICE, deadline=deadline()) == f"{PAGE}_8"
    assert all(b"published=false" in request for request in stub.requests)


def test_a_time_that_our_clock_cannot_believe_is_not_kept(stub: Stub) -> None:
    platform = open_at("facebook", stub.url)
    for hours, expected in ((1, NOW), (-1, NOW), (0, NOW - timedelta(seconds=3))):
        their_time = NOW + timedelta(hours=hours, seconds=-3 if hours == 0 else 0)
        stub.plan(http_response({"id": f"{PAGE}_7", "created_time": their_time.isoformat()}))
        assert publish(platform).published_at == expected


@pytest.mark.parametrize("hours", [-1, 1])
def test_looking_finds_ours_where_the_platforms_clock_is_off(
    stub: Stub, name: str, hours: int
) -> None:
    theirs = NOW + timedelta(hours=hours, seconds=2)
    body = {"id": "77", "text": "पाणी", "message": "पाणी"}
    dated_body = {**body, "created_at": theirs.isoformat(), "created_time": theirs.isoformat()}
    listed = http_response(
        {"data": [dated_body]}, headers={"Date": format_datetime(theirs, usegmt=True)}
    )
    stub.plan(listed, listed)
    published = open_at(name, stub.url).look_up(Outgoing("पाणी"), since=NOW)
    assert published is not None
    assert published.platform_id == "77"


@pytest.mark.parametrize(
    ("number", "kept"),
    [(f"{PAGE}_7", f"{PAGE}_7"), ("../../me/feed?x=1#", ""), ("7\0", ""), ("7" * 121, "")],
)
def test_the_id_of_a_doubtful_answer_is_kept_if_it_can_be_one(
    stub: Stub, number: str, kept: str
) -> None:
    stub.plan(http_response({"id": number, "message": "दुसरे काही"}))
    with pytest.raises(OutcomeUnknown) as unknown:
        publish(open_at("facebook", stub.url))
    assert unknown.value.platform_id == kept


SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("since", "near", "made", "expected"),
    [
        (NOW, None, [NOW - 10 * SECOND, NOW + 15 * SECOND], 1),  # one by hand, just before
        (NOW, None, [NOW - 10 * SECOND], 0),
        (NOW + 2 * SECOND, None, [NOW + SECOND, NOW + 6 * SECOND], 0),  # a second is not told apart
        (NOW + 3 * SECOND, None, [NOW + SECOND, NOW + 6 * SECOND], 1),
        (NOW, None, [NOW + SECOND, NOW + 4 * SECOND], 0),
        (NOW - DAY, NOW, [NOW - 20 * 60 * SECOND, NOW - SECOND], 1),  # a link was pasted now
    ],
)
def test_of_equal_posts_the_first_one_after_the_moment_is_found(
    stub: Stub,
    name: str,
    since: datetime,
    near: datetime | None,
    made: list[datetime],
    expected: int,
) -> None:
    rows = [_row(str(number), made_at) for number, made_at in enumerate(made)]
    stub.plan(http_response({"data": rows[::-1], "meta": {}}))
    found = open_at(name, stub.url).look_up(Outgoing("पाणी"), since=since, near=near)
    assert found is not None
    assert found.platform_id == str(expected)


def test_no_page_is_read_that_is_older_than_the_attempt(stub: Stub, name: str) -> None:
    rows = [_row("1", NOW), {**_row("2", NOW - 2 * SECOND), "text": "इतर", "message": "इतर"}]
    more = {"meta": {"next_token": "n"}, "paging": {"next": "n", "cursors": {"after": "n"}}}
    stub.plan(http_response({"data": rows, **more}))
    found = open_at(name, stub.url).look_up(Outgoing("पाणी"), since=NOW)
    assert found is not None
    assert (found.platform_id, len(stub.requests)) == ("1", 1)


def test_a_post_of_another_delivery_is_not_found(stub: Stub, name: str) -> None:
    rows = [_row("1", NOW), _row("2", NOW - SECOND)]
    stub.plan(http_response({"data": rows, "meta": {}}))
    found = open_at(name, stub.url).look_up(Outgoing("पाणी"), since=NOW, known_ids={"1"})
    assert found is not None
    assert found.platform_id == "2"


def _row(number: str, made_at: datetime) -> dict[str, str]:
    made = made_at.isoformat()
    return {
        "id": number,
        "text": "पाणी",
        "message": "पाणी",
        "created_at": made,
        "created_time": made,
    }


@pytest.fixture(params=CREDENTIALS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


Act = Callable[[Platform, Deadline], object]
CHANGES: dict[str, Act] = {
    "delete": lambda platform, until: platform.delete("77", deadline=until),
    "hide": lambda platform, until: platform.hide("77", hidden=True, deadline=until),
    "edit": lambda platform, until: platform.edit("77", NOTICE, deadline=until),
    "release": lambda platform, until: platform.release("77", deadline=until),
}
ON_X = ("delete", "hide")


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    "plan",
    [
        http_response({}),
        http_response(b"<html>"),
        http_response({"success": False, "data": {"deleted": False, "hidden": False}}),
        http_response({"success": "true", "data": {}}),
        http_response(b"", 502),
        http_response({}, 307, {"Location": "http://127.0.0.1:9/"}),
        reset,
    ],
    ids=["empty", "html", "not done", "done?", "502", "elsewhere", "reset"],
)
def test_a_change_that_is_not_said_to_be_done_is_unknown(
    stub: Stub, name: str, change: str, plan: bytes
) -> None:
    if name == "x" and change not in ON_X:
        return
    stub.plan(plan)
    with pytest.raises(OutcomeUnknown):
        CHANGES[change](open_at(name, stub.url), deadline())
    assert len(stub.requests) == 1


@pytest.mark.parametrize("change", ["edit", "release"])
@pytest.mark.parametrize(
    "then",
    [
        http_response({"id": "77", "message": "दुसराच मजकूर", "is_published": False}),
        http_response({}, 502),
        http_response({"error": {"code": 190}}),
        http_response({"error": {"code": 4}}),
        http_response({"error": {"code": 10}}),
    ],
    ids=["not so", "502", "expired", "throttled", "refused"],
)
def test_a_change_that_is_not_seen_afterwards_is_unknown(
    stub: Stub, change: str, then: bytes
) -> None:
    """The platform confirmed it, so a failed read must not report that nothing was sent."""
    stub.plan(http_response(DONE), then)
    with pytest.raises(OutcomeUnknown):
        CHANGES[change](open_at("facebook", stub.url), deadline())


@pytest.mark.parametrize("change", ["edit", "release"])
def test_a_change_of_what_is_gone_meanwhile_is_refused(stub: Stub, change: str) -> None:
    stub.plan(http_response(DONE), http_response(GONE, 400))
    with pytest.raises(Refused) as refused:
        CHANGES[change](open_at("facebook", stub.url), deadline())
    assert refused.value.reason is RefusalCode.TARGET_GONE


def test_a_release_that_is_refused_may_have_been_done_before(stub: Stub) -> None:
    platform = open_at("facebook", stub.url)
    stub.plan(http_response(NOT_CHANGED, 400), http_response({"id": "77", "is_published": True}))
    assert platform.release("77", deadline=deadline()).platform_id == "77"
    stub.plan(http_response(NOT_CHANGED, 400), http_response({"id": "77", "is_published": False}))
    with pytest.raises(Refused) as refused:
        platform.release("77", deadline=deadline())
    assert refused.value.reason is RefusalCode.INVALID
    stub.plan(http_response(NOT_CHANGED, 400), http_response(b"", 502))
    with pytest.raises(OutcomeUnknown):
        platform.release("77", deadline=deadline())


def test_what_facebook_says_is_gone_is_deleted(stub: Stub) -> None:
    stub.plan(http_response(GONE, 400))
    assert open_at("facebook", stub.url).delete("77", deadline=deadline()).platform_id == "77"


def test_what_x_says_is_gone_is_looked_for_before_it_counts_as_deleted(stub: Stub) -> None:
    platform = open_at("x", stub.url)
    stub.plan(http_response(b"<html>", 404), http_response(NOT_FOUND))
    assert platform.delete("77", deadline=deadline()).platform_id == "77"
    stub.plan(http_response(b"<html>", 404), http_response({"data": {"id": "77", "text": "पाणी"}}))
    with pytest.raises(Refused):
        platform.delete("77", deadline=deadline())
    stub.plan(http_response(b"<html>", 404), http_response(b"<html>", 404))
    with pytest.raises(Refused):
        platform.delete("77", deadline=deadline())
    assert len(stub.requests) == 6


@pytest.mark.parametrize(
    "plan",
    [
        http_response(NOT_FOUND),
        http_response({"type": "https://api.x.com/2/problems/resource-not-found"}, 404),
    ],
)
def test_a_post_that_x_does_not_find_is_not_there(stub: Stub, plan: bytes) -> None:
    stub.plan(plan)
    assert open_at("x", stub.url).see("77") is None


@pytest.mark.parametrize(
    ("plan", "error"),
    [
        (http_response(b"<html>", 404), Refused),
        (http_response({"errors": [{"type": "/not-authorized-for-resource"}]}), Refused),
        (http_response({}), TryLater),
        (http_response(b"", 503), TryLater),
    ],
)
def test_a_post_that_cannot_be_read_is_not_said_to_be_gone(
    stub: Stub, plan: bytes, error: type[Exception]
) -> None:
    stub.plan(plan)
    with pytest.raises(error):
        open_at("x", stub.url).see("77")


def test_a_page_that_refuses_is_not_said_to_have_lost_the_post(stub: Stub) -> None:
    platform = open_at("facebook", stub.url)
    stub.plan(
        http_response(b"<html>", 404),
        http_response({"error": {"code": 10}}, 400),
        http_response({}),
    )
    for error in (Refused, Refused, TryLater):
        with pytest.raises(error):
            platform.see("77")


@pytest.mark.parametrize(
    ("versions", "parents"),
    [
        ("edit_history_tweet_ids", "referenced_tweets"),
        ("edit_history_post_ids", "referenced_posts"),
    ],
)
def test_an_edited_post_of_x_is_seen_in_its_newest_version(
    stub: Stub, versions: str, parents: str
) -> None:
    created_at: datetime = NOW - timedelta(hours=1)
    first = {"id": "77", "text": "पहिला", versions: ["77", "88"]}
    newest = {
        "id": "88",
        "text": "@asha_k पाहा https://t.co/abc",
        "entities": {"urls": [{"url": "https://t.co/abc", "expanded_url": "https://a.example/"}]},
        "author_id": "9000000001",
        "created_at": created_at.isoformat(),
        versions: ["77", "88"],
        parents: [{"type": "replied_to", "id": "5"}],
    }
    stub.plan(http_response({"data": first}), http_response({"data": newest}))
    remote_post = open_at("x", stub.url).see("77")
    assert remote_post is not None
    assert (remote_post.platform_id, remote_post.text) == ("88", "पाहा https://a.example/")
    assert (remote_post.parent_id, remote_post.published_at, remote_post.by_ourselves) == (
        "5",
        created_at,
        True,
    )


def test_the_tries_own_deadline_holds_for_reading_back(stub: Stub) -> None:
    def once_late(clock: list[float] = [0.0]) -> float:  # noqa: B006  # counts the looks
        clock[0] += 1
        return 0.0 if clock[0] < 6 else 1_000.0

    stub.plan(http_response(DONE), http_response({"id": "77", "is_published": True}))
    with pytest.raises(OutcomeUnknown):
        open_at("facebook", stub.url).release("77", deadline=Deadline(10.0, once_late))
    assert len(stub.requests) == 1


def test_a_link_under_an_ending_that_nobody_knows_may_be_shortened_too() -> None:
    sent_text = "उद्या #पुणे\nhttps://propertytax.pmc.example/rebate"
    returned_text = "उद्या #पुणे\nhttps://t.co/5kJpoPmNVc https://t.co/GHb30M7XVH"
    assert is_echo(returned_text, sent_text, is_reply=False, has_pictures=True)
    assert not is_echo(returned_text, sent_text, is_reply=False, has_pictures=False)


@each("sign", [";", ",", ".", "?", "।", ")", "”", "…"])
@each("ending", ["in", "example"])
def test_a_sign_after_a_link_is_the_words_own(sign: str, ending: str) -> None:
    sent_text = f"माहिती: https://pune.{ending}/notice{sign} सायंकाळी पाणी येईल"
    returned_text = f"माहिती: https://t.co/XyG2UbA9tL{sign} सायंकाळी पाणी येईल"
    assert is_echo(returned_text, sent_text, is_reply=False, has_pictures=False)
    other = returned_text.replace("सायंकाळी", "सकाळी")
    assert not is_echo(other, sent_text, is_reply=False, has_pictures=False)
