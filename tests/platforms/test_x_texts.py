"""X's texts in responses, from hand-written examples of both of its formats."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.platforms.base.json_values import Json, moment_at, number_at, rows_at, text_at
from publisher.platforms.x.text import (
    has_text,
    is_echo,
    media_count,
    readable_text,
    reply_target,
)
from publisher.platforms.x.url_detection import extract_urls

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


ORDINARY = (
    "माहिती pmc.gov.in वर पाहा.",
    "अर्ज pmc.gov.in/mr/water येथे करा, किंवा www.example.org वर.",
    "(example.in)",
    "PMC.GOV.IN",
    "सरकार.भारत व example.in/a?b=c&d=e.",
    "१) example.in\n२) https://example.org/x",
)


@pytest.mark.parametrize("text", ORDINARY)
def test_a_text_that_is_returned_as_it_was_sent_is_the_same(text: str) -> None:
    """X may leave bare domains as they are, shorten them, or add the protocol."""
    links = extract_urls(text)
    assert links
    for shape in ("{}", "https://t.co/AbC9", "https://{}"):
        returned = text
        for link in links:
            returned = returned.replace(link, link if "://" in link else shape.format(link))
        assert _is_echo(returned, text)
    assert not _is_echo(text.replace(links[0], "आणि"), text)


@pytest.mark.parametrize(
    ("sent", "returned"),
    [
        ("Pay only at pmc.gov.in", "Pay only at evil.com"),
        ("Bridge is open.do not worry", "Bridge is closed.do not worry"),
        ("Pay at https://pmc.gov.in/tax", "Pay at no.it"),
        ("Water at ward 5.in today", "Water at ward 7.in today"),
    ],
)
def test_a_text_with_another_bare_domain_is_another(sent: str, returned: str) -> None:
    assert not _is_echo(returned, sent)


@given(st.text(), st.booleans(), st.booleans())
def test_any_text_is_its_own_echo(text: str, is_reply: bool, has_pictures: bool) -> None:
    assert is_echo(text, text, is_reply=is_reply, has_pictures=has_pictures)


def _is_echo(returned: str, text: str) -> bool:
    return is_echo(returned, text, is_reply=False, has_pictures=False)


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
