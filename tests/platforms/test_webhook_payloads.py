"""What Facebook's deliveries say of comments: in the older and the newer form, and in strange ones.

The payloads are written after those that public clients of Facebook test with.
"""

from __future__ import annotations

import json

from publisher.platforms.base.types import CommentChange, RemoteChange
from publisher.platforms.facebook.webhooks import read_changes
from tests.support.tables import each

PAGE = "100000000000001"
POST, COMMENT = f"{PAGE}_700", "700_701"
AUTHOR = {"from": {"id": "42", "name": "उदाहरण जगताप"}}
OLDER_AUTHOR = {"sender_id": 42, "sender_name": "उदाहरण जगताप"}
WRITTEN = {"created_time": 1_795_000_000, "message": "पाणी कधी येणार?"}


def delivery(value: object, field: object = "feed", page: object = PAGE) -> bytes:
    change = {"field": field, "value": value}
    entry = {"id": page, "time": 1_795_000_000, "changes": [change]}
    return json.dumps({"object": "page", "entry": [entry]}).encode()


def value(verb: str, **more: object) -> dict[str, object]:
    return {
        "item": "comment",
        "verb": verb,
        "comment_id": COMMENT,
        "post_id": POST,
        "parent_id": POST,
        **more,
    }


@each("author", [AUTHOR, OLDER_AUTHOR])
@each(
    "verb, content, change",
    [
        ("add", WRITTEN, CommentChange.WRITTEN),
        ("add", {**WRITTEN, "photo": "https://example.org/1.jpg"}, CommentChange.WRITTEN),
        ("add", {**WRITTEN, "video": "https://example.org/1.mp4"}, CommentChange.WRITTEN),
        ("edited", WRITTEN, CommentChange.WRITTEN),
        ("edited", {**WRITTEN, "photo": "https://example.org/1.jpg"}, CommentChange.WRITTEN),
        ("remove", {}, CommentChange.REMOVED),
        ("hide", WRITTEN, CommentChange.HIDDEN),
        ("unhide", WRITTEN, CommentChange.SHOWN),
        ("a verb of next year", WRITTEN, CommentChange.WRITTEN),
    ],
)
def test_a_change_of_a_comment_is_read(
    author: dict[str, object], verb: str, content: dict[str, object], change: CommentChange
) -> None:
    body = delivery(value(verb, **author, **content))
    assert read_changes(body) == (RemoteChange(COMMENT, POST, change),)


def test_without_a_post_it_is_that_of_the_comment_s_number() -> None:
    (change,) = read_changes(delivery(value("add", post_id=None))) or ()
    assert change.root_id == POST


def test_two_pages_and_many_changes_in_one_delivery_are_read_in_order() -> None:
    entries = [
        json.loads(delivery(value("add", comment_id=f"700_{number}"), page=page))["entry"][0]
        for page in (PAGE, "9")
        for number in range(500)
    ]
    changes = read_changes(json.dumps({"object": "page", "entry": entries}).encode())
    assert changes is not None
    assert [change.platform_id for change in changes] == [f"700_{n}" for n in range(500)] * 2


@each(
    "body",
    [
        delivery(value("add", item="post")),
        delivery(value("add"), field="mention"),
        delivery(value("add"), page={"id": 1}),
        delivery(value("add", comment_id="../me")),
        delivery(value("add", comment_id="१_२")),
        delivery(value("add", comment_id="7" * 121)),
        delivery([1, 2]),
        delivery(None),
        b'{"entry": [{"id": "1", "changes": {"field": "feed"}}, 7, null]}',
    ],
)
def test_what_is_no_comment_of_ours_is_left_out(body: bytes) -> None:
    assert read_changes(body) == ()


@each(
    "body", [b"", b"{", b"[]", b"null", b'"entry"', b'{"entry": {}}', b"\xff\xfe", b"[" * 100_000]
)
def test_what_is_no_delivery_is_known_as_such(body: bytes) -> None:
    assert read_changes(body) is None
