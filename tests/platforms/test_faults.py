"""Faults of the sandbox: an attempt that may have published is never reported as safe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from publisher.platforms.base.protocol import (
    CredentialsExpired,
    OutcomeUnknown,
    PlatformError,
    RefusalCode,
    Refused,
    TryLater,
)
from publisher.platforms.base.types import (
    MENTIONS,
    CommentSource,
    HealthProblem,
    Outgoing,
    PreparedPost,
)
from tests.platforms import platform_setups
from tests.platforms.platform_setups import PlatformSetup, deadline, open_at, picture, utc_now

NOTICE = Outgoing("उद्या पाणीपुरवठा बंद राहील.")
KEPT = ("error_after", "error_json_after", "reset_after", "empty_body", "truncated", "no_id")
NOT_KEPT = ("error_before", "reset_before")


@pytest.mark.parametrize("kind", KEPT)
def test_accepted_and_then_broken_is_unknown_and_found_by_looking(
    http_setup: PlatformSetup, kind: str
) -> None:
    began = utc_now()
    http_setup.add_fault("publish", kind)
    with pytest.raises(OutcomeUnknown):
        http_setup.send(NOTICE)
    published = http_setup.platform.look_up(NOTICE, since=began)
    assert published is not None
    assert [post["id"] for post in http_setup.published()] == [published.platform_id]


@pytest.mark.parametrize("kind", ["hang_after", "drip_after"])
def test_an_answer_that_outlasts_the_deadline_is_unknown_at_the_deadline(
    http_setup: PlatformSetup, kind: str
) -> None:
    began = utc_now()
    http_setup.add_fault("publish", kind, seconds=8)
    with pytest.raises(OutcomeUnknown):
        http_setup.send(NOTICE, seconds=1)
    assert utc_now() - began < timedelta(seconds=5)
    assert http_setup.platform.look_up(NOTICE, since=began) is not None


@pytest.mark.parametrize("kind", NOT_KEPT)
def test_broken_without_being_done_is_unknown_all_the_same(
    http_setup: PlatformSetup, kind: str
) -> None:
    began = utc_now()
    http_setup.add_fault("publish", kind)
    with pytest.raises(OutcomeUnknown):
        http_setup.send(NOTICE)
    assert http_setup.platform.look_up(NOTICE, since=began) is None


@pytest.mark.parametrize("kind", KEPT)
def test_a_reply_accepted_and_then_broken_is_unknown_and_found(
    http_setup: PlatformSetup, kind: str
) -> None:
    root = http_setup.send(NOTICE)
    comment = http_setup.citizen_says("कधी?", root)
    began = utc_now()
    http_setup.add_fault("reply", kind)
    if http_setup.name == "x":
        http_setup.add_fault("publish", kind)
    reply = Outgoing("सायंकाळी.", reply_to=comment)
    with pytest.raises(OutcomeUnknown):
        http_setup.send(reply)
    assert http_setup.platform.look_up(reply, since=began) is not None


@pytest.mark.parametrize("kind", [*KEPT, *NOT_KEPT])
def test_an_upload_that_breaks_is_safe_to_repeat(http_setup: PlatformSetup, kind: str) -> None:
    http_setup.add_fault("media", kind)
    with pytest.raises(TryLater):
        http_setup.send(replace(NOTICE, media=(picture(),)))
    assert http_setup.published() == []


@pytest.mark.parametrize("kind", ["error_before", "reset_before", "empty_body", "truncated"])
def test_a_reading_that_breaks_is_safe_to_repeat(http_setup: PlatformSetup, kind: str) -> None:
    root = http_setup.send(NOTICE)
    for operation in ("timeline", "comments", "search"):
        http_setup.add_fault(operation, kind)
    with pytest.raises(TryLater):
        http_setup.platform.look_up(NOTICE, since=utc_now())
    with pytest.raises(TryLater):
        http_setup.platform.comments_since(CommentSource(root), None)


def test_a_limit_says_until_when(http_setup: PlatformSetup) -> None:
    http_setup.add_fault("publish", "rate_limit", seconds=600)
    with pytest.raises(TryLater) as later:
        http_setup.send(NOTICE)
    assert later.value.at is not None
    assert timedelta(minutes=8) < later.value.at - utc_now() < timedelta(minutes=12)
    assert http_setup.published() == []


def test_a_limit_without_a_time_says_none(http_setup: PlatformSetup) -> None:
    http_setup.add_fault("publish", "rate_limit")
    with pytest.raises(TryLater) as later:
        http_setup.send(NOTICE)
    assert later.value.at is None


def test_an_expired_token_is_told_apart_everywhere(http_setup: PlatformSetup) -> None:
    http_setup.add_fault("*", "expired_token", count="always")
    calls = (
        lambda: http_setup.send(NOTICE),
        lambda: http_setup.send(replace(NOTICE, media=(picture(),))),
        lambda: http_setup.platform.look_up(NOTICE, since=utc_now()),
        lambda: http_setup.platform.comments_since(CommentSource("1"), None),
    )
    for call in calls:
        with pytest.raises(CredentialsExpired):
            call()
    assert http_setup.platform.check().problem is HealthProblem.CREDENTIALS


def test_wrong_keys_are_expired_credentials(http_setup: PlatformSetup) -> None:
    wrong = {"x": {"access_token_secret": "wrong"}, "facebook": {"page_token": "wrong"}}
    platform = open_at(http_setup.name, http_setup.url, **wrong[http_setup.name])
    until = deadline()
    with pytest.raises(CredentialsExpired):
        platform.publish(platform.prepare(NOTICE, deadline=until), deadline=until)
    health = platform.check()
    assert (health.ok, health.problem) == (False, HealthProblem.CREDENTIALS)


def test_the_same_words_twice_are_refused_as_a_duplicate(http_setup: PlatformSetup) -> None:
    http_setup.send(NOTICE)
    with pytest.raises(Refused) as refused:
        http_setup.send(NOTICE)
    assert refused.value.reason is RefusalCode.DUPLICATE


def test_a_lagging_timeline_is_no_proof_of_absence(http_setup: PlatformSetup) -> None:
    began = utc_now()
    number = http_setup.send(NOTICE)
    http_setup.add_fault("timeline", "lag", seconds=600)
    assert http_setup.platform.look_up(NOTICE, since=began) is None
    published = http_setup.platform.look_up(NOTICE, since=began)
    assert published is not None
    assert published.platform_id == number


def test_a_sandbox_that_is_away_is_safe_to_try_later(tmp_path: Path) -> None:
    for name in platform_setups.CREDENTIALS:
        platform = open_at(name, "http://127.0.0.1:9")
        until = deadline()
        with pytest.raises(TryLater):
            platform.publish(platform.prepare(NOTICE, deadline=until), deadline=until)
        assert platform.check().problem is HealthProblem.UNREACHABLE


@pytest.fixture
def on_x(tmp_path: Path) -> Iterator[PlatformSetup]:
    with platform_setups.open_setup("x", tmp_path / "sandbox") as platform_ground:
        yield platform_ground


@pytest.fixture
def on_facebook(tmp_path: Path) -> Iterator[PlatformSetup]:
    with platform_setups.open_setup("facebook", tmp_path / "sandbox") as platform_ground:
        yield platform_ground


@pytest.mark.parametrize("switches", [{"x_dialect": "post"}, {"x_html_escaped": "on"}])
def test_x_is_read_in_either_dialect_and_unescaped(
    on_x: PlatformSetup, switches: dict[str, str]
) -> None:
    on_x.set_switches(**switches)
    began = utc_now()
    outgoing = Outgoing("पाणी < वीज & रस्ते > water.example.in", media=(picture(),))
    root = on_x.send(outgoing)
    assert on_x.platform.look_up(outgoing, since=began) is not None
    comment = on_x.citizen_says("का? R&D <3", root)
    reply = Outgoing("कारण दुरुस्ती.", reply_to=comment)
    answered = on_x.send(reply)
    published = on_x.platform.look_up(reply, since=began)
    assert published is not None
    assert published.platform_id == answered
    remote_comments = {
        r.platform_id: r for r in on_x.platform.comments_since(CommentSource(root), None).comments
    }
    assert answered not in remote_comments
    assert remote_comments[comment].parent_id == root
    assert remote_comments[comment].text.endswith("का? R&D <3")


@pytest.mark.parametrize("summons", ["explicit", "any"])
def test_x_refuses_a_reply_that_was_not_summoned(on_x: PlatformSetup, summons: str) -> None:
    comment = on_x.citizen_says("पाणी नाही", None)
    on_x.set_switches(x_not_summoned=summons)
    with pytest.raises(Refused) as refused:
        on_x.send(Outgoing("नमस्कार", reply_to=comment))
    assert refused.value.reason is RefusalCode.NOT_SUMMONED


def test_x_restarts_where_its_search_no_longer_takes_the_cursor(on_x: PlatformSetup) -> None:
    root = on_x.send(NOTICE)
    comment = on_x.citizen_says("कधी?", root)
    on_x.set_switches(x_since_id_window="on")
    page = on_x.platform.comments_since(CommentSource(root), "5000000||")
    assert [comment.platform_id for comment in page.comments] == [comment]


def test_a_mention_that_answers_our_post_says_what_it_answers(on_x: PlatformSetup) -> None:
    root = on_x.send(NOTICE)
    comment = on_x.citizen_says("कधी?", root)
    page = on_x.platform.comments_since(MENTIONS, None)
    assert [
        (comment.platform_id, comment.parent_id, comment.root_id) for comment in page.comments
    ] == [(comment, root, root)]


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        ({"facebook_duplicate": "368"}, RefusalCode.DUPLICATE),
        ({"facebook_error_http": "200"}, RefusalCode.DUPLICATE),
        ({"facebook_error_http": "403"}, RefusalCode.DUPLICATE),
    ],
)
def test_facebooks_refusals_are_read_by_their_code(
    on_facebook: PlatformSetup, switches: dict[str, str], expected: RefusalCode
) -> None:
    on_facebook.set_switches(**switches)
    on_facebook.send(NOTICE)
    with pytest.raises(Refused) as refused:
        on_facebook.send(NOTICE)
    assert refused.value.reason is expected


def test_facebook_asking_to_wait_is_no_refusal(on_facebook: PlatformSetup) -> None:
    on_facebook.add_fault("publish", "blocked")
    with pytest.raises(TryLater):
        on_facebook.send(NOTICE)


def test_a_facebook_link_beside_text_has_its_own_field(on_facebook: PlatformSetup) -> None:
    began: datetime = utc_now()
    outgoing = replace(NOTICE, link="https://pune.example.in/a")
    on_facebook.send(outgoing)
    assert [post["text"] for post in on_facebook.published()] == [NOTICE.text]
    assert on_facebook.platform.look_up(outgoing, since=began) is not None


def test_every_error_carries_what_was_answered_without_a_secret(http_setup: PlatformSetup) -> None:
    http_setup.add_fault("publish", "error_json_after")
    with pytest.raises(PlatformError) as error:
        http_setup.send(NOTICE)
    assert "HTTP 500" in error.value.detail
    for secret in platform_setups.CREDENTIALS[http_setup.name].values():
        assert secret.isdecimal() or secret not in error.value.detail


def staged(ground: PlatformSetup) -> str:
    until = deadline()
    return ground.platform.stage(PreparedPost(NOTICE), deadline=until)


@pytest.mark.parametrize(
    ("switch", "error"), [("off", Refused), ("ignored", OutcomeUnknown)], ids=["off", "ignored"]
)
def test_a_page_without_two_steps_never_says_that_it_is_live(
    on_facebook: PlatformSetup, switch: str, error: type[PlatformError]
) -> None:
    number = staged(on_facebook)
    on_facebook.set_switches(facebook_two_step=switch)
    for _ in range(2):
        with pytest.raises(error):
            on_facebook.platform.release(number, deadline=deadline())
    assert [post["published"] for post in on_facebook.all_posts()] == [False]


@pytest.mark.parametrize("kind", KEPT)
def test_a_release_that_broke_may_be_repeated(on_facebook: PlatformSetup, kind: str) -> None:
    number = staged(on_facebook)
    on_facebook.add_fault("make_public", kind)
    with pytest.raises(OutcomeUnknown):
        on_facebook.platform.release(number, deadline=deadline())
    remote_post = on_facebook.platform.see(number)
    assert remote_post is not None
    assert remote_post.is_public
    assert on_facebook.platform.release(number, deadline=deadline()).platform_id == number
    assert len(on_facebook.published()) == 1


@pytest.mark.parametrize("kind", KEPT)
def test_what_is_staged_and_then_broken_is_seen_by_nobody(
    on_facebook: PlatformSetup, kind: str
) -> None:
    on_facebook.add_fault("publish", kind)
    with pytest.raises(TryLater):
        staged(on_facebook)
    on_facebook.platform.release(staged(on_facebook), deadline=deadline())
    assert sorted(bool(post["published"]) for post in on_facebook.published()) == [False, True]


@pytest.mark.parametrize("kind", KEPT)
def test_a_deletion_that_broke_is_unknown_and_seen_to_be_done(
    http_setup: PlatformSetup, kind: str
) -> None:
    number = http_setup.send(NOTICE)
    http_setup.add_fault("delete", kind)
    with pytest.raises(OutcomeUnknown):
        http_setup.platform.delete(number, deadline=deadline())
    assert http_setup.platform.see(number) is None
    assert http_setup.platform.delete(number, deadline=deadline()).platform_id == number


@pytest.mark.parametrize("operation", ["delete", "hide", "lookup", "lookup of many"])
def test_a_limit_or_an_expired_token_changes_nothing(
    http_setup: PlatformSetup, operation: str
) -> None:
    number = http_setup.send(NOTICE)
    comment = http_setup.citizen_says("कधी?", number)
    acts: dict[str, Callable[[], object]] = {
        "delete": lambda: http_setup.platform.delete(number, deadline=deadline()),
        "hide": lambda: http_setup.platform.hide(comment, hidden=True, deadline=deadline()),
        "lookup": lambda: http_setup.platform.see(number),
        "lookup of many": lambda: http_setup.platform.see_many([number, comment]),
    }
    for kind, error in (("rate_limit", TryLater), ("expired_token", CredentialsExpired)):
        http_setup.add_fault(operation.partition(" ")[0], kind)
        with pytest.raises(error):
            acts[operation]()
    assert len(http_setup.published()) == 1
    assert not any(post["hidden"] for post in http_setup.all_posts())


def test_what_is_not_ours_is_neither_deleted_nor_edited(on_facebook: PlatformSetup) -> None:
    comment = on_facebook.citizen_says("कधी?", on_facebook.send(NOTICE))
    with pytest.raises(Refused) as refused:
        on_facebook.platform.edit(comment, PreparedPost(NOTICE), deadline=deadline())
    assert refused.value.reason is RefusalCode.PERMISSION


def test_a_lagging_reading_is_said_to_be_gone_and_is_not(http_setup: PlatformSetup) -> None:
    """A read by id must know that a new post may not be listed yet."""
    number = http_setup.send(NOTICE)
    http_setup.add_fault("lookup", "lag", seconds=600)
    assert http_setup.platform.see(number) is None
    assert http_setup.platform.see(number) is not None
