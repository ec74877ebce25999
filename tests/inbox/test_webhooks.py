"""Comments that Facebook tells us of, in any order and twice: stored once, and none is lost."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from publisher.delivery.accounts import manage
from publisher.inbox import comment_storage, webhooks
from publisher.inbox.webhooks import DOUBTED_FOR
from publisher.models.comments import Comment, CommentHint, CommentVersion, Webhook
from publisher.models.deliveries import Account
from publisher.operations.retention import tick_retention
from publisher.platforms.base.protocol import CredentialsExpired, RefusalCode, Refused, TryLater
from publisher.platforms.base.types import RemoteComment
from publisher.states import AccountState, CommentState
from tests.inbox.told_town import ToldTown, shuffled
from tests.support.city_people import DAY, HOUR, MINUTE


def test_a_comment_that_was_told_is_in_the_inbox_of_its_officer_at_once(
    told_town: ToldTown,
) -> None:
    key = told_town.says()
    told_town.receive(told_town.body(("add", key)))
    assert told_town.work() == 1
    comment = told_town.comments()[key]
    assert comment.state is CommentState.ROUTED
    assert comment.told_at == told_town.town.now
    assert told_town.town.notified("comment_routed") == ["first"]
    assert told_town.hints() == []
    told_town.town.clock.move(HOUR)
    assert told_town.poll() == 0  # polling finds nothing new


@pytest.mark.both
def test_a_delivery_that_comes_again_is_stored_once(told_town: ToldTown) -> None:
    body = told_town.body(("add", told_town.says()))
    told_town.receive(body, body)
    assert told_town.stored_count() == 1
    assert told_town.work() == 1
    told_town.receive(body)
    assert (told_town.work(), len(told_town.comments())) == (0, 1)


@pytest.mark.parametrize("order", list(itertools.permutations(("add", "edited", "remove"))))
def test_every_order_of_writing_changing_and_deleting_ends_alike(
    told_town: ToldTown, order: tuple[str, ...]
) -> None:
    """Each is told while the platform shows what is so by then, later ones after all happened."""
    key = told_town.says("जुना")
    told_town.receive(told_town.body(("add", key)))
    told_town.work()
    told_town.facebook.somebody_edits(key, "नवा")
    told_town.facebook.somebody_deletes(key)
    for number, verb in enumerate(order):
        told_town.receive(told_town.body((verb, key), noise=number))
        told_town.work()
    told_town.town.clock.move(DOUBTED_FOR)
    told_town.work()
    assert told_town.hints() == []
    comment = told_town.comments()[key]
    assert (comment.text, comment.gone_at is not None) == ("जुना", True)
    verbs = told_town.town.verbs("comments", comment.id)
    assert verbs.count("deleted_on_platform") == 1


def test_an_edit_before_its_comment_is_not_lost(told_town: ToldTown) -> None:
    key = told_town.says("जुना")
    told_town.facebook.somebody_edits(key, "नवा")
    told_town.receive(told_town.body(("edited", key)))
    assert told_town.work() == 1
    told_town.receive(told_town.body(("add", key)))
    assert told_town.work() == 0
    assert told_town.comments()[key].text == "नवा"


def test_an_edit_keeps_the_text_before_it(told_town: ToldTown) -> None:
    key = told_town.says("जुना")
    told_town.receive(told_town.body(("add", key)))
    told_town.work()
    told_town.town.clock.move(MINUTE)
    told_town.facebook.somebody_edits(key, "नवा")
    told_town.receive(told_town.body(("edited", key)))
    told_town.work()
    assert told_town.comments()[key].text == "नवा"
    with told_town.town.read() as session:
        assert session.scalars(select(CommentVersion.text)).one() == "जुना"


def test_what_was_deleted_before_anybody_read_it_is_no_comment(told_town: ToldTown) -> None:
    key = told_town.says()
    told_town.facebook.somebody_deletes(key)
    told_town.receive(told_town.body(("add", key)), told_town.body(("remove", key)))
    told_town.work()
    assert (told_town.comments(), told_town.hints()) == ({}, [])


def test_a_comment_that_the_platform_does_not_show_yet_is_read_again(told_town: ToldTown) -> None:
    key = told_town.says()
    told_town.facebook.unseen.add(key)
    told_town.receive(told_town.body(("add", key)))
    assert told_town.work() == 0
    told_town.facebook.unseen.clear()
    assert told_town.work() == 0  # not before its pause is over
    told_town.town.clock.move(timedelta(seconds=5))
    assert told_town.work() == 1


def test_what_never_appears_is_given_up_and_asked_for_a_few_times(told_town: ToldTown) -> None:
    told_town.receive(told_town.body(("add", "777")))
    for _ in range(200):
        told_town.work()
        told_town.town.clock.move(timedelta(seconds=5))
    assert told_town.hints() == []
    assert 5 <= len(told_town.facebook.batches) <= 12


@pytest.mark.parametrize("is_first", [True, False])
def test_hiding_by_others_is_noted_and_a_late_platform_is_not_believed(
    told_town: ToldTown, is_first: bool
) -> None:
    key = told_town.says()
    told_town.receive(told_town.body(("add", key)))
    told_town.work()
    post = told_town.facebook._shelf.get(key)
    if is_first:
        told_town.facebook._shelf.change(post, is_hidden=True)
    told_town.receive(told_town.body(("hide", key)))
    told_town.work()
    assert (told_town.comments()[key].hidden_at is not None) is is_first
    told_town.facebook._shelf.change(told_town.facebook._shelf.get(key), is_hidden=True)
    told_town.town.clock.move(timedelta(seconds=5))
    told_town.work()
    assert told_town.comments()[key].hidden_at is not None
    told_town.facebook._shelf.change(told_town.facebook._shelf.get(key), is_hidden=False)
    told_town.receive(told_town.body(("unhide", key)))
    told_town.work()
    assert told_town.comments()[key].hidden_at is None
    verbs = told_town.town.verbs("comments", told_town.comments()[key].id)
    assert verbs[-2:] == ["hidden_on_platform", "shown_on_platform"]


def test_our_own_comments_and_strange_ones_are_left_out(told_town: ToldTown) -> None:
    own = told_town.facebook._shelf.keep("city", "आमचे उत्तर", told_town.post_id).platform_id
    strange = [b"{", b"[]", b'{"entry": 3}', b'{"object": "page", "entry": [[], {"changes": 1}]}']
    others = told_town.body(("add", "x'; --"), ("add", "1" * 200), ("shout", told_town.says()))
    told_town.receive(*strange, told_town.body(("add", own)), others)
    assert told_town.work() == 1  # an unknown verb names a comment all the same
    assert told_town.stored_count() == 6
    assert own not in told_town.comments()


def test_a_comment_under_a_post_that_we_do_not_know_yet_waits_for_it(told_town: ToldTown) -> None:
    """Its webhook may come before our receipt is stored."""
    told_town.receive(told_town.body(("add", "4711"), post_id="999"))
    told_town.work()
    assert (told_town.facebook.batches, len(told_town.hints())) == ([], 1)
    other = told_town.post()
    key = told_town.says(under=other)
    with told_town.town.write() as session:
        hint = session.scalars(select(CommentHint)).one()
        hint.root_id, hint.platform_id = other, key
    told_town.town.clock.move(HOUR)
    assert told_town.work() == 1


def test_what_is_told_of_a_page_that_is_not_ours_is_never_read(
    told_town: ToldTown,
) -> None:
    town, changes = told_town.town, (("add", "700_1"), ("remove", "700_2"))
    told_town.receive(told_town.body(*changes, page_id="555", post_id="555_700"))
    for _ in range(3):
        assert told_town.work() == 0
        town.clock.move(10 * DAY)
    assert (told_town.facebook.batches, told_town.comments()) == ([], {})
    assert len(told_town.hints()) == 2
    tick_retention(town.database, town.store, now=town.now + MINUTE)
    assert told_town.hints() == []


@pytest.mark.ci
@pytest.mark.twin
def test_a_thousand_changes_in_one_delivery_are_read_in_batches_of_fifty(
    told_town: ToldTown,
) -> None:
    keys = [told_town.says(f"प्रश्न {number}") for number in range(1000)]
    told_town.receive(told_town.body(*(("add", key) for key in keys)))
    assert told_town.work() == 1000
    assert [len(batch) for batch in told_town.facebook.batches] == [50] * 20
    assert set(told_town.comments()) == set(keys)


@pytest.mark.parametrize("problem", [TryLater(), Refused(RefusalCode.PERMISSION)])
def test_while_the_platform_does_not_answer_the_hints_wait(
    told_town: ToldTown, problem: TryLater | Refused
) -> None:
    keys = [told_town.says() for _ in range(60)]
    told_town.receive(told_town.body(*(("add", key) for key in keys)))
    told_town.facebook.fail_next(problem, on="see")
    assert told_town.work() == 0
    assert len(told_town.hints()) == 60
    told_town.town.clock.move(MINUTE)
    assert told_town.work() == 60


def test_an_account_whose_access_has_ended_is_paused_and_its_hints_wait(
    told_town: ToldTown,
) -> None:
    told_town.receive(told_town.body(("add", told_town.says())))
    told_town.facebook.fail_next(CredentialsExpired(), on="see")
    told_town.work()
    assert told_town.account().state is AccountState.PAUSED
    told_town.town.clock.move(MINUTE)
    assert (told_town.work(), len(told_town.hints())) == (0, 1)
    with told_town.town.write() as session:
        session.get_one(Account, told_town.account_id).state = AccountState.CONNECTED
    told_town.town.clock.move(HOUR)
    assert told_town.work() == 1


def test_what_is_told_of_a_disconnected_page_waits(
    told_town: ToldTown,
) -> None:
    town = told_town.town
    with town.write() as session:
        manage.disconnect(
            session, actor=town.actor("admin"), now=town.now, account_id=told_town.account_id
        )
    told_town.receive(told_town.body(("add", told_town.says())))
    for _ in range(3):
        assert (told_town.work(), told_town.telling(), len(told_town.hints())) == (0, None, 1)
        town.clock.move(HOUR)
    assert told_town.facebook.batches == []
    with town.write() as session:
        session.get_one(Account, told_town.account_id).state = AccountState.CONNECTED
    assert (told_town.work(), told_town.hints()) == (1, [])


def test_a_comment_that_cannot_be_stored_keeps_no_other_out(told_town: ToldTown) -> None:
    bad, good = told_town.says("वाईट"), told_town.says("चांगला")
    post = told_town.facebook._shelf.get(bad)
    told_town.facebook.posts[told_town.facebook.posts.index(post)] = replace(
        post, root_id="9" * 130
    )
    told_town.receive(told_town.body(("add", bad), ("add", good)))
    assert told_town.work() == 1
    assert (set(told_town.comments()), told_town.hints()) == ({good}, [])


def test_an_older_reading_does_not_take_back_a_newer_text(told_town: ToldTown) -> None:
    key = told_town.says("जुना")
    old = told_town.facebook.comments_by_ids({key: told_town.post_id})[key]
    asked_at = told_town.town.now
    told_town.town.clock.move(timedelta(seconds=1))
    told_town.facebook.somebody_edits(key, "नवा")
    told_town.receive(told_town.body(("add", key)))
    told_town.work()
    assert isinstance(old, RemoteComment)
    with told_town.town.write() as session:
        now = told_town.town.now
        comment_storage.store(session, told_town.account_id, old, now, asked_at=asked_at)
    assert told_town.comments()[key].text == "नवा"


@pytest.mark.both
def test_a_clock_that_lost_its_lease_stores_nothing(told_town: ToldTown) -> None:
    key = told_town.says("जुना")
    told_town.receive(told_town.body(("add", key)))
    webhooks._work_next(told_town.context)
    batch = webhooks._lease_next(told_town.context, ())
    assert batch is not None
    stale = told_town.facebook.comments_by_ids(batch.roots)
    asked_at = told_town.town.now
    told_town.town.clock.move(HOUR)
    told_town.facebook.somebody_edits(key, "नवा")
    other = told_town.town.clock_named("clock-2")
    assert told_town.work(other) == 1
    assert webhooks._store_batch(told_town.context, batch, stale, asked_at) == 0
    assert told_town.comments()[key].text == "नवा"


class KilledTick(Exception):
    """Stands in for a kill."""


@pytest.mark.twin
@pytest.mark.parametrize("where", ["webhooks", "comment_hints", "comments", "routings", "events"])
def test_a_crash_while_it_is_worked_loses_nothing(told_town: ToldTown, where: str) -> None:
    keys = [told_town.says(f"प्रश्न {number}") for number in range(3)]
    told_town.receive(told_town.body(*(("add", key) for key in keys)))
    is_writing = {"webhooks": "UPDATE webhooks", "comment_hints": "INSERT INTO comment_hints"}
    begins = is_writing.get(where, f"INSERT INTO {where}")

    def crash(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith(begins):
            raise KilledTick

    engine = told_town.town.database.engine
    event.listen(engine, "before_cursor_execute", crash)
    with pytest.raises(KilledTick):
        told_town.work()
    event.remove(engine, "before_cursor_execute", crash)
    told_town.town.clock.move(HOUR)
    told_town.work()
    assert set(told_town.comments()) == set(keys)
    assert told_town.hints() == []


@pytest.mark.twin
@pytest.mark.parametrize("seed", [1, 2])
def test_many_deliveries_in_any_order_twice_and_with_failures(
    told_town: ToldTown, seed: int
) -> None:
    """Citizens write, change and delete between them; all that exists ends in the inbox, once."""
    bodies, keys, gone = [], [], set()
    for number in range(60):
        key = told_town.says(f"प्रश्न {number}")
        keys.append(key)
        bodies.append(told_town.body(("add", key), noise=number))
        if number % 3 == 0:
            told_town.facebook.somebody_edits(key, f"नवा {number}")
            bodies.append(told_town.body(("edited", key), noise=number))
        if number % 7 == 0:
            told_town.facebook.somebody_deletes(key)
            gone.add(key)
            bodies.append(told_town.body(("remove", key), noise=number))
    for number, body in enumerate(shuffled(bodies, seed)):
        told_town.receive(body)
        if number % 5 == 0:
            told_town.facebook.fail_next(TryLater(), on="see")
        told_town.work()
        told_town.town.clock.move(timedelta(seconds=3))
    for _ in range(8):
        told_town.town.clock.move(5 * MINUTE)
        told_town.work()
    assert told_town.hints() == []
    comments = told_town.comments()
    assert set(comments) == set(keys) - gone
    for number, key in enumerate(keys):
        if key not in gone:
            assert comments[key].text == (f"नवा {number}" if number % 3 == 0 else f"प्रश्न {number}")


def test_webhooks_and_their_hints_are_erased_after_thirty_days(told_town: ToldTown) -> None:
    told_town.receive(told_town.body(("add", told_town.says())))
    told_town.receive(told_town.body(("add", "4711"), post_id="999"))
    told_town.work()
    town = told_town.town

    def counts() -> tuple[int | None, int | None, int | None]:
        with town.read() as session:
            return _count(session, Webhook), _count(session, CommentHint), _count(session, Comment)

    town.clock.move(30 * DAY - MINUTE)
    tick_retention(town.database, town.store, now=town.now)
    assert counts() == (2, 1, 1)
    town.clock.move(2 * MINUTE)
    tick_retention(town.database, town.store, now=town.now)
    assert counts() == (0, 0, 1)


def _count(session: Session, table: type) -> int | None:
    return session.scalar(select(func.count()).select_from(table))
