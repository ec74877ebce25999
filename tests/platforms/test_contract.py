"""The contract that every platform has to fulfil."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from publisher.platforms.base.protocol import RefusalCode, Refused, TryLater
from publisher.platforms.base.text import is_shown_as_sent
from publisher.platforms.base.types import (
    MENTIONS,
    CommentPage,
    CommentSource,
    Outgoing,
    PreparedPost,
    RemoteComment,
    RemotePost,
)
from tests.platforms.platform_setups import PlatformSetup, deadline, picture, utc_now

NOTICE = Outgoing("उद्या सकाळी ९ ते सायंकाळी ६ पाणीपुरवठा बंद राहील.")


def read_all(
    ground: PlatformSetup, source: CommentSource, cursor: str | None = None
) -> tuple[list[RemoteComment], str]:
    """Read all pages of comments, and return each comment once."""
    comments: dict[str, RemoteComment] = {}
    page = CommentPage((), cursor, True)
    while page.more:
        page = ground.platform.comments_since(source, page.cursor)
        comments |= {comment.platform_id: comment for comment in page.comments}
    return list(comments.values()), page.cursor or ""


def test_a_post_has_a_receipt_and_is_found_by_looking(platform_setup: PlatformSetup) -> None:
    began = utc_now()
    until = deadline()
    receipt = platform_setup.platform.publish(
        platform_setup.platform.prepare(NOTICE, deadline=until), deadline=until
    )
    assert receipt.url.startswith(("https://", "http://"))
    assert abs(receipt.published_at - began) < timedelta(seconds=30)
    assert receipt.answer
    published = platform_setup.platform.look_up(NOTICE, since=began)
    assert published is not None
    assert (published.platform_id, published.url) == (receipt.platform_id, receipt.url)
    assert [post["text"] for post in platform_setup.published()] == [NOTICE.text]


def test_pictures_leave_in_order_with_their_alt_texts(platform_setup: PlatformSetup) -> None:
    began = utc_now()
    media = (picture("red", "लाल"), picture("blue", "निळे"), picture("white", ""))
    number = platform_setup.send(replace(NOTICE, media=media))
    posts = [post for post in platform_setup.published() if post["id"] == number]
    assert [post["alts"] for post in posts] == [["लाल", "निळे", ""]]
    match = platform_setup.platform.look_up(replace(NOTICE, media=media), since=began)
    assert match is not None
    assert match.platform_id == number
    assert platform_setup.platform.look_up(replace(NOTICE, media=media[:2]), since=began) is None


def test_one_picture_alone_is_found_by_looking(platform_setup: PlatformSetup) -> None:
    began = utc_now()
    with_picture = replace(NOTICE, media=(picture(),))
    assert platform_setup.send(with_picture) == getattr(
        platform_setup.platform.look_up(with_picture, since=began), "platform_id", ""
    )


def test_a_text_with_links_and_accents_is_found_as_it_was_written(
    platform_setup: PlatformSetup,
) -> None:
    began = utc_now()
    text = "e\u0301, क\u093c:  water.example.in/a व https://example.org/ व http://सरकार.भारत; Q&A."
    outgoing = Outgoing(text, link="https://pune.example.in/notice?id=7&lang=mr")
    number = platform_setup.send(outgoing)
    published = platform_setup.platform.look_up(outgoing, since=began)
    assert published is not None
    assert published.platform_id == number


def test_looking_finds_nothing_that_is_older_or_other(platform_setup: PlatformSetup) -> None:
    number = platform_setup.send(NOTICE)
    assert platform_setup.platform.look_up(Outgoing("दुसरी सूचना"), since=utc_now()) is None
    later = utc_now() + timedelta(minutes=10)
    assert platform_setup.platform.look_up(NOTICE, since=later) is None
    as_reply = replace(NOTICE, reply_to=number)
    assert platform_setup.platform.look_up(as_reply, since=utc_now()) is None


def test_a_reply_stands_under_the_very_comment(platform_setup: PlatformSetup) -> None:
    root = platform_setup.send(NOTICE)
    comment = platform_setup.citizen_says("आमच्या भागात कधी येणार पाणी?", root)
    reply = Outgoing("नमस्कार, सायंकाळी ६ नंतर पाणी येईल.", reply_to=comment)
    began, until = utc_now(), deadline()
    receipt = platform_setup.platform.reply(
        platform_setup.platform.prepare(reply, deadline=until), deadline=until
    )
    remote_comments, _ = read_all(platform_setup, CommentSource(root))
    ours = [remote for remote in remote_comments if remote.platform_id == receipt.platform_id]
    # X would charge for our own.
    assert len(ours) == (platform_setup.name != "x")
    assert all(
        (remote.parent_id, remote.root_id, remote.by_ourselves) == (comment, root, True)
        for remote in ours
    )
    published = platform_setup.platform.look_up(reply, since=began)
    assert published is not None
    assert published.platform_id == receipt.platform_id


def test_a_reply_needs_what_it_answers(platform_setup: PlatformSetup) -> None:
    with pytest.raises(ValueError, match="answers"):
        platform_setup.platform.reply(PreparedPost(NOTICE), deadline=deadline())
    assert platform_setup.published() == []


def test_nested_comments_are_read_with_author_parent_and_time(
    platform_setup: PlatformSetup,
) -> None:
    root = platform_setup.send(NOTICE)
    first = platform_setup.citizen_says("Pani kadhi yenar?", root)
    nested = platform_setup.citizen_says("हो ना, दोन दिवस झाले.", first)
    remote_comments = {
        comment.platform_id: comment for comment in read_all(platform_setup, CommentSource(root))[0]
    }
    assert set(remote_comments) == {first, nested}
    assert (remote_comments[first].parent_id, remote_comments[nested].parent_id) == (root, first)
    assert "हो ना, दोन दिवस झाले." in remote_comments[nested].text
    assert {remote_comment.root_id for remote_comment in remote_comments.values()} == {root}
    author_ids = [remote_comment.author_id for remote_comment in remote_comments.values()]
    authors = platform_setup.platform.authors(author_ids)
    assert all(
        remote_comment.author_name or authors[remote_comment.author_id].name
        for remote_comment in remote_comments.values()
    )
    assert not any(remote_comment.by_ourselves for remote_comment in remote_comments.values())
    assert all(
        abs(remote_comment.written_at - utc_now()) < timedelta(minutes=1)
        for remote_comment in remote_comments.values()
    )


def test_reading_on_finds_what_is_new(platform_setup: PlatformSetup) -> None:
    root = platform_setup.send(NOTICE)
    first_page, cursor = read_all(platform_setup, CommentSource(root))
    assert first_page == []
    first = platform_setup.citizen_says("पहिली", root)
    comments, cursor = read_all(platform_setup, CommentSource(root), cursor or None)
    assert [comment.platform_id for comment in comments] == [first]
    second = platform_setup.citizen_says("दुसरी", root)
    comments, cursor = read_all(platform_setup, CommentSource(root), cursor)
    assert second in [comment.platform_id for comment in comments]


def test_many_comments_come_page_by_page_and_none_is_left_out(
    platform_setup: PlatformSetup,
) -> None:
    root = platform_setup.send(NOTICE)
    comment_ids = {platform_setup.citizen_says(f"टिप्पणी {number}", root) for number in range(120)}
    page = platform_setup.platform.comments_since(CommentSource(root), None)
    assert page.more
    assert len(page.comments) < 120
    late = platform_setup.citizen_says("मध्येच आलेली टिप्पणी", root)
    rest, cursor = read_all(platform_setup, CommentSource(root), page.cursor)
    again, _ = read_all(platform_setup, CommentSource(root), cursor)
    ids_read = {comment.platform_id for comment in (*page.comments, *rest, *again)}
    assert ids_read == comment_ids | {late}


def test_a_cursor_that_means_nothing_any_more_loses_nothing(http_setup: PlatformSetup) -> None:
    root = http_setup.send(NOTICE)
    first = http_setup.citizen_says("पहिली", root)
    remote_comments, _ = read_all(http_setup, CommentSource(root), "|99|no-such-page")
    assert [remote_comment.platform_id for remote_comment in remote_comments] == [first]


def test_mentions_can_be_asked_for(platform_setup: PlatformSetup) -> None:
    names = {"x": "@sarav_nagar", "memory": "@city", "facebook": ""}
    if platform_setup.name == "facebook":
        assert platform_setup.platform.comments_since(MENTIONS, None) == CommentPage(
            (), None, False
        )
        return
    comment_id = platform_setup.citizen_says(f"{names[platform_setup.name]} रस्त्यावर खड्डे आहेत", None)
    remote_comments, _ = read_all(platform_setup, MENTIONS)
    assert [
        (remote_comment.platform_id, remote_comment.parent_id, remote_comment.root_id)
        for remote_comment in remote_comments
    ] == [(comment_id, None, comment_id)]


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
    platform_setup: PlatformSetup, outgoing: Outgoing, reason: RefusalCode
) -> None:
    with pytest.raises(Refused) as refused:
        platform_setup.platform.prepare(outgoing, deadline=deadline())
    assert refused.value.reason is reason
    assert platform_setup.published() == []


def test_past_the_deadline_nothing_is_sent(platform_setup: PlatformSetup) -> None:
    prepared = platform_setup.platform.prepare(NOTICE, deadline=deadline())
    with pytest.raises(TryLater):
        platform_setup.platform.publish(prepared, deadline=deadline(0))
    with pytest.raises(TryLater):
        platform_setup.platform.prepare(replace(NOTICE, media=(picture(),)), deadline=deadline(0))
    assert platform_setup.published() == []


def test_what_is_answered_may_be_gone(platform_setup: PlatformSetup) -> None:
    with pytest.raises(Refused) as refused:
        platform_setup.send(Outgoing("उत्तर", reply_to="123456"))
    assert refused.value.reason is RefusalCode.TARGET_GONE


def test_a_sound_account_is_healthy_and_says_its_name(platform_setup: PlatformSetup) -> None:
    health = platform_setup.platform.check()
    assert (health.ok, health.problem) == (True, None)
    assert health.name


def test_what_is_made_is_seen_by_its_id(platform_setup: PlatformSetup) -> None:
    text = "पाहा water.example.in/a व https://example.org/"
    outgoing = Outgoing(text, media=(picture(), picture("red")))
    number = platform_setup.send(outgoing)
    remote_post = platform_setup.platform.see(number)
    assert remote_post is not None
    assert (remote_post.platform_id, remote_post.parent_id, remote_post.media) == (number, None, 2)
    assert (remote_post.by_ourselves, remote_post.is_public, remote_post.is_hidden) == (
        True,
        True,
        False,
    )
    assert abs(remote_post.published_at - utc_now()) < timedelta(minutes=1)
    assert remote_post.url.startswith(("https://", "http://"))
    assert is_shown_as_sent(remote_post, outgoing)
    assert not is_shown_as_sent(remote_post, replace(outgoing, media=()))
    assert not is_shown_as_sent(remote_post, replace(outgoing, text="दुसराच मजकूर"))


def test_a_comment_and_our_answer_are_seen_with_what_they_answer(
    platform_setup: PlatformSetup,
) -> None:
    root = platform_setup.send(NOTICE)
    comment = platform_setup.citizen_says("कधी?", root)
    reply = Outgoing("सायंकाळी ६ नंतर.", reply_to=comment)
    number = platform_setup.send(reply)
    theirs, ours = platform_setup.platform.see(comment), platform_setup.platform.see(number)
    assert theirs is not None
    assert ours is not None
    assert (theirs.parent_id, theirs.by_ourselves) == (root, False)
    assert (ours.parent_id, ours.by_ourselves) == (comment, True)
    assert is_shown_as_sent(ours, reply)


def test_what_was_never_there_is_not_seen(platform_setup: PlatformSetup) -> None:
    assert platform_setup.platform.see("123456") is None


def test_many_are_seen_in_one_request_each_as_it_stands(platform_setup: PlatformSetup) -> None:
    outgoing = [replace(NOTICE, text=f"सूचना {number}", media=(picture(),)) for number in range(2)]
    here, gone = [platform_setup.send(part) for part in outgoing]
    reply = Outgoing("सायंकाळी.", reply_to=platform_setup.citizen_says("कधी?", here))
    ours = platform_setup.send(reply)
    platform_setup.change_elsewhere(gone, None)
    platform_ids = [ours, gone, here, "123456"]
    remote_posts = platform_setup.platform.see_many(platform_ids)
    assert set(remote_posts) == set(platform_ids)
    assert (remote_posts[gone], remote_posts["123456"]) == (None, None)
    assert [remote_posts[platform_id] for platform_id in (ours, here)] == [
        platform_setup.platform.see(platform_id) for platform_id in (ours, here)
    ]
    post = remote_posts[here]
    assert isinstance(post, RemotePost)
    assert is_shown_as_sent(post, outgoing[0])
    assert platform_setup.platform.see_many([]) == {}


def test_as_many_are_seen_at_once_as_is_said(platform_setup: PlatformSetup) -> None:
    number, most = platform_setup.send(NOTICE), platform_setup.platform.limits.seen_at_once
    assert most >= 50
    others = [str(999_000_000_000_000_000 + number) for number in range(most - 1)]
    remote_posts = platform_setup.platform.see_many([*others, number])
    assert len(remote_posts) == most
    assert isinstance(remote_posts[number], RemotePost)
    assert {remote_posts[platform_id] for platform_id in others} == {None}


def test_a_deleted_post_is_gone_and_deleting_it_again_is_done(
    platform_setup: PlatformSetup,
) -> None:
    number = platform_setup.send(NOTICE)
    for _ in range(2):
        receipt = platform_setup.platform.delete(number, deadline=deadline())
        assert receipt.platform_id == number
        assert abs(receipt.published_at - utc_now()) < timedelta(seconds=30)
        assert platform_setup.platform.see(number) is None
    assert platform_setup.platform.look_up(NOTICE, since=utc_now()) is None


def test_an_answer_of_ours_can_be_deleted(platform_setup: PlatformSetup) -> None:
    root = platform_setup.send(NOTICE)
    number = platform_setup.send(
        Outgoing("सायंकाळी.", reply_to=platform_setup.citizen_says("कधी?", root))
    )
    platform_setup.platform.delete(number, deadline=deadline())
    assert platform_setup.platform.see(number) is None
    assert platform_setup.platform.see(root) is not None


def test_a_comment_is_hidden_and_shown_again(platform_setup: PlatformSetup) -> None:
    root = platform_setup.send(NOTICE)
    comment = platform_setup.citizen_says("अपशब्द", root)
    for hidden in (True, True, False):
        platform_setup.platform.hide(comment, hidden=hidden, deadline=deadline())
        remote_comment = platform_setup.platform.see(comment)
        assert remote_comment is not None
        assert remote_comment.is_hidden == (hidden and platform_setup.name != "x")
        assert [post["hidden"] for post in platform_setup.all_posts() if post["id"] == comment] == [
            hidden
        ]


def test_hiding_what_is_gone_is_refused(platform_setup: PlatformSetup) -> None:
    with pytest.raises(Refused) as refused:
        platform_setup.platform.hide("123456", hidden=True, deadline=deadline())
    assert refused.value.reason is RefusalCode.TARGET_GONE


def test_what_somebody_else_deletes_is_not_seen_any_more(platform_setup: PlatformSetup) -> None:
    number = platform_setup.send(NOTICE)
    platform_setup.change_elsewhere(number, None)
    assert platform_setup.platform.see(number) is None


def test_what_somebody_else_edits_no_longer_shows_what_was_sent(
    platform_setup: PlatformSetup,
) -> None:
    if platform_setup.name == "x":  # an edit on X gets another id: see the tests of wrong responses
        return
    number = platform_setup.send(NOTICE)
    platform_setup.change_elsewhere(number, "कोणीतरी बदललेला मजकूर")
    remote_post = platform_setup.platform.see(number)
    assert remote_post is not None
    assert not is_shown_as_sent(remote_post, NOTICE)


def test_an_edit_gives_what_is_live_another_text(platform_setup: PlatformSetup) -> None:
    changed = PreparedPost(Outgoing("सुधारित: सायंकाळी ७ पर्यंत."))
    number = platform_setup.send(NOTICE)
    if not platform_setup.platform.limits.can_edit:
        with pytest.raises(Refused) as refused:
            platform_setup.platform.edit(number, changed, deadline=deadline())
        assert refused.value.reason is RefusalCode.INVALID
        assert [post["text"] for post in platform_setup.published()] == [NOTICE.text]
        return
    for _ in range(2):
        receipt = platform_setup.platform.edit(number, changed, deadline=deadline())
        assert receipt.platform_id == number
        assert receipt.url
    remote_post = platform_setup.platform.see(number)
    assert remote_post is not None
    assert is_shown_as_sent(remote_post, changed.outgoing)
    assert [post["text"] for post in platform_setup.published()] == [changed.outgoing.text]


def test_an_answer_of_ours_can_be_edited_where_edits_are_known(
    platform_setup: PlatformSetup,
) -> None:
    if not platform_setup.platform.limits.can_edit:
        return
    comment = platform_setup.citizen_says("कधी?", platform_setup.send(NOTICE))
    number = platform_setup.send(Outgoing("सायंकाळी.", reply_to=comment))
    changed = Outgoing("उद्या.", link="https://pune.example.in/a", reply_to=comment)
    platform_setup.platform.edit(number, PreparedPost(changed), deadline=deadline())
    remote_post = platform_setup.platform.see(number)
    assert remote_post is not None
    assert is_shown_as_sent(remote_post, changed)


def test_editing_what_is_gone_is_refused(platform_setup: PlatformSetup) -> None:
    with pytest.raises(Refused):
        platform_setup.platform.edit("123456", PreparedPost(NOTICE), deadline=deadline())


def expect_no_two_steps(ground: PlatformSetup, prepared: PreparedPost) -> None:
    acts: list[Callable[[], object]] = [
        lambda: ground.platform.stage(prepared, deadline=deadline()),
        lambda: ground.platform.release("123456", deadline=deadline()),
    ]
    for act in acts:
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.reason is RefusalCode.INVALID
    assert ground.published() == []


def test_a_staged_post_is_invisible_until_released_and_then_appears_once(
    platform_setup: PlatformSetup,
) -> None:
    began, until = utc_now(), deadline()
    outgoing = replace(NOTICE, media=(picture(), picture("red", "लाल")))
    prepared = platform_setup.platform.prepare(outgoing, deadline=until)
    if not platform_setup.platform.limits.has_two_steps:
        expect_no_two_steps(platform_setup, prepared)
        return
    staged_id = platform_setup.platform.stage(prepared, deadline=until)
    remote_post = platform_setup.platform.see(staged_id)
    assert remote_post is not None
    assert not remote_post.is_public
    assert platform_setup.platform.look_up(outgoing, since=began) is None
    for _ in range(2):
        receipt = platform_setup.platform.release(staged_id, deadline=until)
        assert receipt.platform_id == staged_id
        assert receipt.url
    remote_post = platform_setup.platform.see(staged_id)
    assert remote_post is not None
    assert remote_post.is_public
    assert is_shown_as_sent(remote_post, outgoing)
    match = platform_setup.platform.look_up(outgoing, since=began)
    assert match is not None
    assert match.platform_id == staged_id
    assert len(platform_setup.published()) == 1


def test_what_was_staged_can_be_taken_away_again(platform_setup: PlatformSetup) -> None:
    if not platform_setup.platform.limits.has_two_steps:
        return
    until = deadline()
    staged_id = platform_setup.platform.stage(
        platform_setup.platform.prepare(NOTICE, deadline=until), deadline=until
    )
    platform_setup.platform.delete(staged_id, deadline=until)
    assert platform_setup.platform.see(staged_id) is None
    with pytest.raises(Refused) as refused:
        platform_setup.platform.release(staged_id, deadline=until)
    assert refused.value.reason is RefusalCode.TARGET_GONE


def test_an_answer_is_never_staged(platform_setup: PlatformSetup) -> None:
    comment = platform_setup.citizen_says("कधी?", platform_setup.send(NOTICE))
    with pytest.raises(Refused) as refused:
        platform_setup.platform.stage(
            PreparedPost(Outgoing("सायंकाळी.", reply_to=comment)), deadline=deadline()
        )
    assert refused.value.reason is RefusalCode.INVALID
    assert len(platform_setup.published()) == 1


def test_past_the_deadline_nothing_is_changed(platform_setup: PlatformSetup) -> None:
    number, late, platform = platform_setup.send(NOTICE), deadline(0), platform_setup.platform
    comment = platform_setup.citizen_says("कधी?", number)
    acts: list[Callable[[], object]] = [
        lambda: platform.delete(number, deadline=late),
        lambda: platform.hide(comment, hidden=True, deadline=late),
    ]
    if platform.limits.can_edit:
        acts.append(lambda: platform.edit(number, PreparedPost(NOTICE), deadline=late))
    if platform.limits.has_two_steps:
        acts.append(lambda: platform.stage(PreparedPost(NOTICE), deadline=late))
        acts.append(lambda: platform.release(number, deadline=late))
    for act in acts:
        with pytest.raises(TryLater):
            act()
    assert [post["id"] for post in platform_setup.published()] == [number]
    assert not any(post["hidden"] for post in platform_setup.all_posts())


def test_what_an_account_may_still_do_is_told_in_one_shape(platform_setup: PlatformSetup) -> None:
    before = list(platform_setup.platform.allowances)
    assert before == []
    platform_setup.send(NOTICE)
    by_name = {allowance.name: allowance for allowance in platform_setup.platform.allowances}
    names = {"x": "publish.15min", "facebook": "publish.app_hour"}
    if platform_setup.name in names:
        allowance = by_name[names[platform_setup.name]]
        assert allowance.most == 100
        assert allowance.remaining == 99
    assert all(
        allowance_left.resets_at is None or allowance_left.resets_at > utc_now()
        for allowance_left in by_name.values()
    )
