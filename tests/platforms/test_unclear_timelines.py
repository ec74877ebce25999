"""A post that lacks what was asked for is looked for by what it tells, and is never an absence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from publisher.platforms.base.protocol import TryLater
from publisher.platforms.base.types import CommentSource, Outgoing
from tests.platforms.platform_setups import open_setup, picture, utc_now
from tests.platforms.stub import Stub, http_response
from tests.platforms.stubbed import NOTICE, NOW, open_at
from tests.platforms.test_receipts import PAGE
from tests.support.billing_x import id_at

SECOND = timedelta(seconds=1)
TEXT = NOTICE.outgoing.text
REPLY = Outgoing(TEXT, reply_to="5")
LINKED = Outgoing(f"{TEXT} https://pmc.example/1")
PICTURED = replace(NOTICE.outgoing, media=(picture(),))
SHORT = f"{TEXT} https://t.co/Ab1"


def timeline(*rows: Mapping[str, object]) -> bytes:
    return http_response({"data": list(rows), "meta": {}})


def test_a_post_of_x_without_its_time_is_found_by_the_time_in_its_id(stub: Stub) -> None:
    made_at = NOW + SECOND
    older = {"id": id_at(NOW - timedelta(minutes=6)), "text": TEXT}
    stub.plan(timeline({"id": id_at(made_at), "text": TEXT}, older), timeline(older))
    platform = open_at("x", stub.url)
    match = platform.look_up(NOTICE.outgoing, since=NOW)
    assert match is not None
    assert (match.platform_id, match.published_at) == (id_at(made_at), made_at)
    assert platform.look_up(NOTICE.outgoing, since=NOW) is None


@pytest.mark.parametrize(
    ("outgoing", "shown"),
    [
        (REPLY, TEXT),
        (REPLY, f"@asha_k @ravi_p {TEXT}"),
        (LINKED, SHORT),
        (PICTURED, SHORT),
        (Outgoing("क" * 3_000), "क" * 270 + "… https://t.co/more"),
    ],
    ids=["reply", "reply with names", "link", "picture", "long"],
)
def test_a_post_of_x_that_cannot_be_compared_is_no_absence(
    stub: Stub, outgoing: Outgoing, shown: str
) -> None:
    bare = {"id": id_at(NOW + SECOND), "text": shown}
    stub.plan(timeline(bare), timeline(bare), timeline({**bare, "text": "दुसराच मजकूर"}))
    platform = open_at("x", stub.url)
    with pytest.raises(TryLater, match="lacks"):
        platform.look_up(outgoing, since=NOW)
    assert platform.look_up(outgoing, since=NOW, known_ids={id_at(NOW + SECOND)}) is None
    assert platform.look_up(outgoing, since=NOW) is None


@pytest.mark.parametrize("post_id", ["", "no number", "9" * 20])
def test_a_post_of_x_without_an_id_is_no_absence(stub: Stub, post_id: str) -> None:
    stub.plan(timeline({"id": post_id, "text": TEXT, "created_at": NOW.isoformat()}))
    with pytest.raises(TryLater, match="lacks"):
        open_at("x", stub.url).look_up(NOTICE.outgoing, since=NOW)


def test_a_post_of_facebook_without_its_time_is_no_absence(stub: Stub) -> None:
    stub.plan(timeline({"id": f"{PAGE}_7", "message": TEXT}))
    with pytest.raises(TryLater, match="lacks"):
        open_at("facebook", stub.url).look_up(NOTICE.outgoing, since=NOW)


def test_a_comment_of_facebook_with_our_text_and_no_author_is_no_absence(stub: Stub) -> None:
    comment = {"id": "5_7", "message": TEXT, "created_time": NOW.isoformat()}
    others = {**comment, "from": {"id": "999"}}, {**comment, "message": "दुसराच मजकूर"}
    stub.plan(timeline(comment), timeline(*others), timeline({**comment, "from": {"id": PAGE}}))
    platform = open_at("facebook", stub.url)
    with pytest.raises(TryLater, match="lacks"):
        platform.look_up(REPLY, since=NOW)
    assert platform.look_up(REPLY, since=NOW) is None
    assert platform.look_up(REPLY, since=NOW) is not None


def test_xs_timeline_is_asked_for_no_author_and_its_posts_are_ours(stub: Stub) -> None:
    post_id = id_at(NOW)
    stub.plan(timeline({"id": post_id, "text": TEXT}))
    own = open_at("x", stub.url).see_own([post_id])[post_id]
    assert (own.by_ourselves, own.published_at) == (True, NOW)
    query = parse_qs(urlsplit(stub.requests[0].split(b" ")[1].decode()).query)
    assert "created_at" in query["tweet.fields"][0].split(",")
    assert "author_id" not in query["tweet.fields"][0]


def test_an_x_that_ignores_the_fields_proves_no_absence(
    tmp_path: Path,
) -> None:
    with open_setup("x", tmp_path / "sandbox") as setup:
        setup.set_switches(x_fields="ignored")
        began, platform = utc_now(), setup.platform
        plain = setup.send(NOTICE.outgoing)
        comment = setup.citizen_says("कधी?", plain)
        reply = Outgoing("सायंकाळी.", reply_to=comment)
        sent = {outgoing: setup.send(outgoing) for outgoing in (reply, LINKED)}
        match = platform.look_up(NOTICE.outgoing, since=began)
        assert match is not None
        assert match.platform_id == plain
        for outgoing in sent:
            with pytest.raises(TryLater, match="lacks"):
                platform.look_up(outgoing, since=began)
        assert platform.look_up(Outgoing("इतर"), since=began) is None
        with pytest.raises(TryLater, match="author"):
            platform.comments_since(CommentSource(plain), None)
        setup.set_switches(x_fields="both")
        for outgoing, post_id in sent.items():
            match = platform.look_up(outgoing, since=began)
            assert match is not None
            assert match.platform_id == post_id
