"""X's texts in responses, from hand-written examples of both of its formats."""

from __future__ import annotations

import pytest

from publisher.platforms.base.json_values import Json, moment_at, number_at, rows_at, text_at
from publisher.platforms.x.text import has_text, media_count, readable_text, reply_target

LINKS: Json = {
    "urls": [
        {"url": "https://t.co/aaa", "expanded_url": "http://water.example.in"},
        {"url": "https://t.co/bbb", "expanded_url": "https://x.com/c/status/1/photo/1"},
        {"url": "https://t.co/ccc", "expanded_url": "https://x.com/c/status/1", "media_key": "3_1"},
    ]
}


def test_short_links_are_expanded_and_links_to_its_own_pictures_left_out() -> None:
    post: Json = {
        "text": "पाहा https://t.co/aaa https://t.co/bbb https://t.co/ccc",
        "entities": LINKS,
    }
    assert readable_text(post) == "पाहा http://water.example.in"


@pytest.mark.parametrize("name", ["note_tweet", "note_post"])
def test_a_long_post_is_read_whole(name: str) -> None:
    whole = {"text": "लांब मजकूर https://t.co/aaa", "entities": LINKS}
    assert readable_text({"text": "लांब…", name: whole}) == "लांब मजकूर http://water.example.in"


@pytest.mark.parametrize("name", ["referenced_tweets", "referenced_posts"])
def test_only_what_is_answered_is_a_reply_target(name: str) -> None:
    answered = {"type": "replied_to", "id": "5"}
    assert reply_target({name: [{"type": "quoted", "id": "4"}, answered]}) == "5"
    assert reply_target({name: [{"type": "quoted", "id": "4"}]}) is None


@pytest.mark.parametrize(
    ("returned_text", "written"),
    [
        ("a &lt; b &amp; c", "a < b & c"),
        ("e\u0301", "\u00e9"),
        ("http://water.example.in", "water.example.in/"),
        ("http://xn--11b7cb3a6a.xn--h2brj9c", "http://सरकार.भारत"),
        ("एक\u00a0दोन", "एक दोन "),
    ],
)
def test_the_same_words_are_known_again(returned_text: str, written: str) -> None:
    assert has_text({"text": returned_text}, written)
    assert not has_text({"text": returned_text + "!"}, written)


def test_names_in_front_are_set_aside_in_replies_alone() -> None:
    reply: Json = {"referenced_tweets": [{"type": "replied_to", "id": "5"}], "text": "@a @b हो"}
    assert has_text(reply, "हो")
    assert has_text(reply, "@a हो")
    assert not has_text({"text": "@a हो"}, "हो")


def test_pictures_are_counted() -> None:
    assert media_count({"attachments": {"media_keys": ["3_1", "3_2"]}}) == 2
    assert media_count({"attachments": {}}) == 0


def test_shapes_nobody_promised_are_just_absent() -> None:
    wild: Json = {"a": [1, {"b": "c"}, None], "n": True, "t": "yesterday", "d": {"x": 7}}
    assert text_at(wild, "a", "b") == ""
    assert text_at(wild, "n") == ""
    assert text_at(wild, "d", "x") == "7"
    assert rows_at(wild, "a") == [{"b": "c"}]
    assert rows_at(wild, "d") == []
    assert number_at(wild, "n") is None
    assert moment_at(wild, "t") is None
    assert moment_at({"t": "2019-01-02T18:31:28+0000"}, "t") == moment_at(
        {"t": "2019-01-03T00:01:28+05:30"}, "t"
    )
