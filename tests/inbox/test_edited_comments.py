"""A comment that a citizen edited keeps its earlier texts, with the times of their reading."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from publisher.inbox.reply import CommentEdited, text_digest
from publisher.models.comments import Comment
from publisher.models.posts import Post, PostKind
from publisher.reports.comment_detail import ThreadMessage, comment_page
from tests.inbox.stubbed_city import RawComment, StubbedCity
from tests.support.city import City

FIRST = RawComment(1, text="पाणी कधी येणार?")
SECOND = RawComment(2, text="पाणी आले, धन्यवाद.")
THIRD = RawComment(3, text="पुन्हा गेले.")


def edited(name: str, *versions: RawComment) -> RawComment:
    """Return the last version: on X it has an id of its own, on Facebook that of the first."""
    if name == "facebook":
        return replace(versions[-1], key=versions[0].key)
    return replace(versions[-1], versions=tuple(version.key for version in versions))


def texts_before(comment: Comment) -> list[tuple[str, datetime, datetime]]:
    return [(version.text, version.read_at, version.replaced_at) for version in comment.versions]


@pytest.mark.twin
def test_each_earlier_text_is_kept_with_its_times(stubbed_city: StubbedCity) -> None:
    name, town = stubbed_city.name, stubbed_city.town
    stubbed_city.sends(FIRST)
    assert stubbed_city.listen() == 1
    read_at = [town.now]
    for versions in ([FIRST, SECOND], [FIRST, SECOND, THIRD]):
        stubbed_city.sends(edited(name, *versions))
        assert stubbed_city.listen() == 0
        read_at.append(town.now)
        assert stubbed_city.listen() == 0
    (comment,) = stubbed_city.comments().values()
    assert comment.text == THIRD.text
    with town.read() as session:
        assert texts_before(session.get_one(Comment, comment.id)) == [
            (FIRST.text, read_at[0], read_at[1]),
            (SECOND.text, read_at[1], read_at[2]),
        ]


@pytest.mark.parametrize("stubbed_city", ["x"], indirect=True)
def test_an_earlier_version_that_x_sends_again_is_no_edit(stubbed_city: StubbedCity) -> None:
    newest = edited("x", FIRST, SECOND)
    stubbed_city.sends(FIRST)
    stubbed_city.listen()
    stubbed_city.sends(newest, replace(FIRST, versions=newest.versions))
    for _ in range(2):
        assert stubbed_city.listen() == 0
    (comment,) = stubbed_city.comments().values()
    assert comment.text == SECOND.text
    assert comment.url.endswith("002")
    assert stubbed_city.town.verbs("comments", comment.id).count("edited_by_citizen") == 1


@pytest.mark.parametrize("stubbed_city", ["x"], indirect=True)
def test_versions_that_were_stored_as_two_comments_stay_so(stubbed_city: StubbedCity) -> None:
    stubbed_city.sends(FIRST, SECOND)
    assert stubbed_city.listen() == 2
    stubbed_city.sends(edited("x", FIRST, SECOND))
    assert stubbed_city.listen() == 0
    assert [comment.text for comment in stubbed_city.comments().values()] == [
        FIRST.text,
        SECOND.text,
    ]


def routed(stubbed_city: StubbedCity) -> int:
    """Read a comment under the post, and return its row's id."""
    stubbed_city.sends(FIRST)
    stubbed_city.listen()
    (comment,) = stubbed_city.comments().values()
    return comment.id


def edit(stubbed_city: StubbedCity, *versions: RawComment) -> None:
    """Let the citizen edit the comment, and read it."""
    stubbed_city.sends(edited(stubbed_city.name, *versions))
    stubbed_city.listen()


def messages(town: City, comment_id: int) -> tuple[ThreadMessage, ...]:
    with town.read() as session:
        actor = town.actor("first")
        return comment_page(session, actor=actor, comment_id=comment_id, now=town.now).messages


def test_the_page_has_what_stood_there_when_it_was_answered(stubbed_city: StubbedCity) -> None:
    town, comment_id = stubbed_city.town, routed(stubbed_city)
    edit(stubbed_city, FIRST, SECOND)
    town.answer(comment_id)
    assert [message.answered_text for message in messages(town, comment_id)] == ["", ""]
    edit(stubbed_city, FIRST, SECOND, THIRD)
    comment, answer = messages(town, comment_id)
    assert [version.text for version in comment.before] == [FIRST.text, SECOND.text]
    assert (comment.text, answer.answered_text) == (THIRD.text, SECOND.text)


def test_an_answer_of_the_cell_is_to_what_its_approver_saw(stubbed_city: StubbedCity) -> None:
    town, comment_id = stubbed_city.town, routed(stubbed_city)
    post_id = town.answer(comment_id, by="clerk")
    edit(stubbed_city, FIRST, SECOND)
    town.approve(post_id)
    edit(stubbed_city, FIRST, SECOND, THIRD)
    assert messages(town, comment_id)[1].answered_text == SECOND.text


def test_an_answer_to_words_that_were_edited_meanwhile_is_refused(
    stubbed_city: StubbedCity,
) -> None:
    town, comment_id = stubbed_city.town, routed(stubbed_city)
    seen_digest = text_digest(FIRST.text)
    edit(stubbed_city, FIRST, SECOND)
    with pytest.raises(CommentEdited):
        town.answer(comment_id, seen_digest=seen_digest)
    with town.read() as session:
        assert session.query(Post).filter_by(kind=PostKind.REPLY).all() == []
    town.answer(comment_id, seen_digest=text_digest(SECOND.text))
