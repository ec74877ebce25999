"""What the house counts on, of every platform alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from publisher.platforms.base import (
    MENTIONS,
    Outgoing,
    Page,
    Prepared,
    RefusalCode,
    Refused,
    Remark,
    Source,
    TryLater,
)
from tests.platforms.grounds import Ground, deadline, picture, utc_now

NOTICE = Outgoing("उद्या सकाळी ९ ते सायंकाळी ६ पाणीपुरवठा बंद राहील.")


def read_all(ground: Ground, source: Source, cursor: str | None = None) -> tuple[list[Remark], str]:
    """Read on until there is no more; each remark once, as the house keeps them."""
    found: dict[str, Remark] = {}
    page = Page((), cursor, True)
    while page.more:
        page = ground.platform.comments_since(source, page.cursor)
        found |= {one.platform_id: one for one in page.remarks}
    return list(found.values()), page.cursor or ""


def test_a_post_has_a_receipt_and_is_found_by_looking(ground: Ground) -> None:
    began = utc_now()
    until = deadline()
    receipt = ground.platform.publish(
        ground.platform.prepare(NOTICE, deadline=until), deadline=until
    )
    assert receipt.url.startswith(("https://", "http://"))
    assert abs(receipt.published_at - began) < timedelta(seconds=30)
    assert receipt.answer
    found = ground.platform.look_up(NOTICE, since=began)
    assert found is not None
    assert (found.platform_id, found.url) == (receipt.platform_id, receipt.url)
    assert [one["text"] for one in ground.made()] == [NOTICE.text]


def test_pictures_leave_in_order_with_their_alt_texts(ground: Ground) -> None:
    began = utc_now()
    media = (picture("red", "लाल"), picture("blue", "निळे"), picture("white", ""))
    number = ground.send(replace(NOTICE, media=media))
    made = [one for one in ground.made() if one["id"] == number]
    assert [one["alts"] for one in made] == [["लाल", "निळे", ""]]
    sighting = ground.platform.look_up(replace(NOTICE, media=media), since=began)
    assert sighting is not None
    assert sighting.platform_id == number
    assert ground.platform.look_up(replace(NOTICE, media=media[:2]), since=began) is None


def test_one_picture_alone_is_found_by_looking(ground: Ground) -> None:
    began = utc_now()
    one = replace(NOTICE, media=(picture(),))
    assert ground.send(one) == getattr(ground.platform.look_up(one, since=began), "platform_id", "")


def test_a_text_with_links_and_accents_is_found_as_it_was_written(ground: Ground) -> None:
    began = utc_now()
    text = "e\u0301, क\u093c:  water.example.in/a व https://example.org/ व http://सरकार.भारत; Q&A."
    outgoing = Outgoing(text, link="https://pune.example.in/notice?id=7&lang=mr")
    number = ground.send(outgoing)
    found = ground.platform.look_up(outgoing, since=began)
    assert found is not None
    assert found.platform_id == number


def test_looking_finds_nothing_that_is_older_or_other(ground: Ground) -> None:
    number = ground.send(NOTICE)
    assert ground.platform.look_up(Outgoing("दुसरी सूचना"), since=utc_now()) is None
    later = utc_now() + timedelta(minutes=10)
    assert ground.platform.look_up(NOTICE, since=later) is None
    as_reply = replace(NOTICE, reply_to=number)
    assert ground.platform.look_up(as_reply, since=utc_now()) is None


def test_a_reply_stands_under_the_very_comment(ground: Ground) -> None:
    root = ground.send(NOTICE)
    comment = ground.say("आमच्या भागात कधी येणार पाणी?", root)
    reply = Outgoing("नमस्कार, सायंकाळी ६ नंतर पाणी येईल.", reply_to=comment)
    began, until = utc_now(), deadline()
    receipt = ground.platform.reply(ground.platform.prepare(reply, deadline=until), deadline=until)
    remarks, _ = read_all(ground, Source(root))
    ours = {one.platform_id: one for one in remarks}[receipt.platform_id]
    assert (ours.parent_id, ours.root_id, ours.by_ourselves) == (comment, root, True)
    found = ground.platform.look_up(reply, since=began)
    assert found is not None
    assert found.platform_id == receipt.platform_id


def test_a_reply_needs_what_it_answers(ground: Ground) -> None:
    with pytest.raises(ValueError, match="answers"):
        ground.platform.reply(Prepared(NOTICE), deadline=deadline())
    assert ground.made() == []


def test_nested_comments_are_read_with_author_parent_and_time(ground: Ground) -> None:
    root = ground.send(NOTICE)
    first = ground.say("Pani kadhi yenar?", root)
    nested = ground.say("हो ना, दोन दिवस झाले.", first)
    remarks = {one.platform_id: one for one in read_all(ground, Source(root))[0]}
    assert set(remarks) == {first, nested}
    assert (remarks[first].parent_id, remarks[nested].parent_id) == (root, first)
    assert "हो ना, दोन दिवस झाले." in remarks[nested].text
    assert {one.root_id for one in remarks.values()} == {root}
    assert all(one.author_name and one.author_id for one in remarks.values())
    assert not any(one.by_ourselves or one.hidden for one in remarks.values())
    assert all(abs(one.written_at - utc_now()) < timedelta(minutes=1) for one in remarks.values())


def test_reading_on_finds_what_is_new(ground: Ground) -> None:
    root = ground.send(NOTICE)
    known, cursor = read_all(ground, Source(root))
    assert known == []
    first = ground.say("पहिली", root)
    found, cursor = read_all(ground, Source(root), cursor or None)
    assert [one.platform_id for one in found] == [first]
    second = ground.say("दुसरी", root)
    found, cursor = read_all(ground, Source(root), cursor)
    assert second in [one.platform_id for one in found]


def test_many_comments_come_page_by_page_and_none_is_left_out(ground: Ground) -> None:
    root = ground.send(NOTICE)
    said = {ground.say(f"टिप्पणी {number}", root) for number in range(120)}
    page = ground.platform.comments_since(Source(root), None)
    assert page.more
    assert len(page.remarks) < 120
    late = ground.say("मध्येच आलेली टिप्पणी", root)
    rest, cursor = read_all(ground, Source(root), page.cursor)
    again, _ = read_all(ground, Source(root), cursor)
    seen = {one.platform_id for one in (*page.remarks, *rest, *again)}
    assert seen == said | {late}


def test_a_cursor_that_means_nothing_any_more_loses_nothing(practice: Ground) -> None:
    root = practice.send(NOTICE)
    first = practice.say("पहिली", root)
    remarks, _ = read_all(practice, Source(root), "|99|no-such-page")
    assert [one.platform_id for one in remarks] == [first]


def test_mentions_can_be_asked_for(ground: Ground) -> None:
    names = {"x": "@sarav_nagar", "memory": "@city", "facebook": ""}
    if ground.name == "facebook":
        assert ground.platform.comments_since(MENTIONS, None) == Page((), None, False)
        return
    said = ground.say(f"{names[ground.name]} रस्त्यावर खड्डे आहेत", None)
    remarks, _ = read_all(ground, MENTIONS)
    assert [(one.platform_id, one.parent_id, one.root_id) for one in remarks] == [
        (said, None, said)
    ]


@pytest.mark.parametrize(
    ("outgoing", "reason"),
    [
        (Outgoing(""), RefusalCode.INVALID),
        (Outgoing("क" * 63_207), RefusalCode.TOO_LONG),
        (Outgoing("क", media=tuple(picture() for _ in range(11))), RefusalCode.MEDIA_INVALID),
        (
            Outgoing("क", media=(replace(picture(), content=b"x" * 10_485_761),)),
            RefusalCode.MEDIA_TOO_LARGE,
        ),
        (
            Outgoing("क", media=(replace(picture(), mime="image/svg+xml"),)),
            RefusalCode.MEDIA_INVALID,
        ),
        (
            Outgoing("क", media=(replace(picture(), alt_text="क" * 1001),)),
            RefusalCode.MEDIA_INVALID,
        ),
    ],
)
def test_what_is_beyond_the_limits_is_refused_before_anything_is_sent(
    ground: Ground, outgoing: Outgoing, reason: RefusalCode
) -> None:
    with pytest.raises(Refused) as refused:
        ground.platform.prepare(outgoing, deadline=deadline())
    assert refused.value.reason is reason
    assert ground.made() == []


def test_past_the_deadline_nothing_is_sent(ground: Ground) -> None:
    prepared = ground.platform.prepare(NOTICE, deadline=deadline())
    with pytest.raises(TryLater):
        ground.platform.publish(prepared, deadline=deadline(0))
    with pytest.raises(TryLater):
        ground.platform.prepare(replace(NOTICE, media=(picture(),)), deadline=deadline(0))
    assert ground.made() == []


def test_what_is_answered_may_be_gone(ground: Ground) -> None:
    with pytest.raises(Refused) as refused:
        ground.send(Outgoing("उत्तर", reply_to="123456"))
    assert refused.value.reason is RefusalCode.TARGET_GONE


def test_a_sound_account_is_healthy_and_says_its_name(ground: Ground) -> None:
    health = ground.platform.check()
    assert (health.ok, health.problem) == (True, None)
    assert health.name
