from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.errors import FreshSignInRequired, WrongRole, WrongState
from publisher.delivery import claim as claiming
from publisher.delivery import dispatch, manual, outcomes, reconcile, sending
from publisher.delivery.accounts.credentials import OpenAccount
from publisher.delivery.claim import DeliveryPayload
from publisher.delivery.outcomes import Outcome
from publisher.delivery.worker_context import Claim, WorkerContext
from publisher.models.deliveries import Account, Attempt, Delivery, ReceiptOrigin
from publisher.platforms.base.protocol import (
    CredentialsExpired,
    OutcomeUnknown,
    PlatformError,
    RefusalCode,
    Refused,
    TryLater,
)
from publisher.platforms.base.types import Match, Outgoing, Receipt
from publisher.states import AccountState, DeliveryState
from publisher.validation import Invalid, NotFound
from tests.delivery.test_corrections import MENDED, correct
from tests.delivery.test_manual import link_to
from tests.support.city import PACE, City
from tests.support.city_people import DAY, HOUR, MINUTE
from tests.support.memory_platform.platform import MemoryPlatform

SECOND = timedelta(seconds=1)
LEASE = timedelta(seconds=PACE.lease)


@pytest.mark.twin
def test_an_unconfirmed_post_that_is_live_is_found_and_its_id_stored(town: City) -> None:
    delivery_id = _add_unconfirmed(town, is_kept=True)
    assert town.tick_reconcile(19 * SECOND) == 0
    assert town.tick_reconcile(SECOND) == 1
    with town.read() as session:
        delivery = session.get_one(Delivery, delivery_id)
        assert (delivery.state, delivery.reason) == (DeliveryState.PUBLISHED, {})
        assert delivery.receipt is not None
        assert delivery.receipt.origin is ReceiptOrigin.LOOK_UP
        assert delivery.receipt.platform_id == town.platform("x").published[0].platform_id


def test_a_post_is_looked_for_after_20_s_1_5_and_15_min_and_then_held(town: City) -> None:
    delivery_id = _add_unconfirmed(town)
    sent_at, looks = town.now, []
    while town.delivery(delivery_id).state is DeliveryState.UNCONFIRMED:
        if town.tick_reconcile(10 * SECOND):
            looks.append((town.now - sent_at).total_seconds())
    assert looks == [20, 60, 300, 900]
    delivery = town.delivery(delivery_id)
    assert (delivery.state, delivery.look_at) == (DeliveryState.HELD, None)
    assert town.notified("delivery_held") == ["admin", "clerk", "first", "lead", "second"]
    assert town.tick_reconcile(MINUTE) == 0


def test_a_post_that_is_listed_ten_minutes_late_is_found(town: City) -> None:
    town.platform("x").lag = timedelta(minutes=10)
    delivery_id = _add_unconfirmed(town, is_kept=True)
    for _ in range(100):
        town.tick_reconcile(10 * SECOND)
    assert town.delivery(delivery_id).state is DeliveryState.PUBLISHED
    assert len(town.platform("x").published) == 1


@pytest.mark.parametrize("trouble", [TryLater(), Refused(RefusalCode.UNKNOWN)])
def test_a_check_that_fails_does_not_count_as_absence(town: City, trouble: PlatformError) -> None:
    delivery_id = _add_unconfirmed(town)
    town.platforms[town.accounts["x"]] = _FailingPlatform(town, trouble)
    for _ in range(10):
        town.tick_reconcile(15 * MINUTE)
    delivery = town.delivery(delivery_id)
    assert (delivery.state, delivery.looks) == (DeliveryState.UNCONFIRMED, 0)


@pytest.mark.ci
def test_checks_become_rarer_while_a_platform_does_not_respond(town: City) -> None:
    _add_unconfirmed(town)
    deaf = town.platforms[town.accounts["x"]] = _FailingPlatform(town, TryLater())
    checks = []
    for _ in range(3):
        before = deaf.asked
        for _ in range(8 * 60):
            town.tick_reconcile(MINUTE)
        checks.append(deaf.asked - before)
    assert checks[0] < 60
    assert checks[1:] == [8 * 4] * 2


@pytest.mark.parametrize("trouble", [TryLater(), OutcomeUnknown("time-out")])
def test_a_silent_platform_is_asked_once_a_tick_and_delays_no_other(
    town: City, trouble: PlatformError
) -> None:
    deaf, lost, others = _three_on_each(town, trouble)
    before = {delivery_id: town.delivery(delivery_id).look_at for delivery_id in lost}
    assert town.tick_reconcile() == 1 + 3
    assert deaf.asked == 1
    assert {town.delivery(delivery_id).state for delivery_id in others} == {DeliveryState.PUBLISHED}
    waiting = [
        delivery_id
        for delivery_id in lost
        if town.delivery(delivery_id).look_at == before[delivery_id]
    ]
    assert len(waiting) == 2
    assert {town.delivery(delivery_id).looks for delivery_id in lost} == {0}
    assert town.tick_reconcile() == 1
    assert deaf.asked == 2


def test_a_platform_that_refuses_is_asked_about_its_other_posts(town: City) -> None:
    deaf, _, _ = _three_on_each(town, Refused(RefusalCode.UNKNOWN))
    assert town.tick_reconcile() == 6
    assert deaf.asked == 3


def test_a_stopping_clock_ends_after_the_current_check(town: City) -> None:
    deaf, _, others = _three_on_each(town, Refused(RefusalCode.UNKNOWN))
    assert reconcile.tick_reconcile(town.context, is_stopping=lambda: deaf.asked == 2) == 2
    assert {town.delivery(delivery_id).looks for delivery_id in others} == {0}


def test_a_check_with_an_expired_token_pauses_the_account_alone(town: City) -> None:
    delivery_id = _add_unconfirmed(town)
    town.platforms[town.accounts["x"]] = _FailingPlatform(town, CredentialsExpired())
    town.tick_reconcile(MINUTE)
    assert town.delivery(delivery_id).state is DeliveryState.UNCONFIRMED
    with town.read() as session:
        assert session.get_one(Account, town.accounts["x"]).state is AccountState.PAUSED


def test_undecryptable_credentials_do_not_stop_checks_of_other_accounts(town: City) -> None:
    stuck = _add_unconfirmed(town)
    town.platform("facebook").fail_next(OutcomeUnknown(), after_keeping=True)
    (delivery_id,) = town.live("road", on=["facebook"])

    def open_account(account: Account) -> MemoryPlatform:
        if account.platform == "x":
            raise CredentialsExpired("sealed with another key")
        return town.platforms[account.id]

    town.clock.move(MINUTE)
    reconcile.tick_reconcile(_with(town, open_account))
    assert town.delivery(stuck).state is DeliveryState.UNCONFIRMED
    assert town.delivery(delivery_id).state is DeliveryState.PUBLISHED


def test_a_post_with_the_receipt_of_another_delivery_confirms_nothing(town: City) -> None:
    """An earlier post with the same text must not be mistaken for this one."""
    post_id = town.start(town.hand_in())
    for _ in range(2):
        town.save(post_id, on=["x"], text="तोच मजकूर")
        town.send(post_id)
        town.approve(post_id)
        (delivery_id,) = town.schedule(post_id, timedelta(0))
        if len(town.platform("x").published) == 0:
            town.tick_dispatch()
    town.platform("x").fail_next(OutcomeUnknown())
    town.tick_dispatch()
    for _ in range(100):
        town.tick_reconcile(10 * SECOND)
    assert town.delivery(delivery_id).state is DeliveryState.HELD


def test_a_post_is_found_beside_a_later_one_with_the_same_text(town: City) -> None:
    """The later one was made by another delivery, or by a person on the platform."""
    first, later = _same_text_twice(town)
    _tick_until_settled(town)
    receipts = {delivery_id: _receipt_id(town, delivery_id) for delivery_id in (first, later)}
    published = [stored_post.platform_id for stored_post in town.platform("x").published]
    assert {stored_post.text for stored_post in town.platform("x").published} == {"तोच मजकूर"}
    assert receipts == dict(zip((first, later), published, strict=True))


@pytest.mark.parametrize("is_it", [True, False])
def test_the_post_that_a_doubtful_answer_named_is_looked_at_first(town: City, is_it: bool) -> None:
    """The search does not list it yet. If it is another post, it proves nothing."""
    x = town.platform("x")
    other_id = x.citizen_says("काहीतरी दुसरे")
    x.lag = HOUR
    answered_id = str(int(other_id) + 1) if is_it else other_id
    x.fail_next(OutcomeUnknown("another text", answered_id), after_keeping=True)
    (delivery_id,) = town.live()
    assert town.delivery(delivery_id).reason == {"code": "unknown", "platform_id": answered_id}
    town.tick_reconcile(20 * SECOND)
    delivery = town.delivery(delivery_id)
    assert delivery.state is (DeliveryState.PUBLISHED if is_it else DeliveryState.UNCONFIRMED)
    if is_it:
        assert _receipt_id(town, delivery_id) == answered_id


@pytest.mark.parametrize("trouble", [Refused(RefusalCode.PERMISSION), TryLater()])
def test_a_named_post_that_cannot_be_read_does_not_end_the_search(
    town: City, trouble: PlatformError
) -> None:
    x = town.platform("x")
    x.fail_next(OutcomeUnknown("another text", "77"), after_keeping=True)
    (delivery_id,) = town.live()
    x.fail_next(trouble, on="see")
    town.tick_reconcile(20 * SECOND)
    assert town.delivery(delivery_id).state is DeliveryState.PUBLISHED


@pytest.mark.usefixtures("changeable_rows")
def test_a_named_post_that_is_older_than_the_attempt_proves_nothing(town: City) -> None:
    first, later = _same_text_twice(town)
    _tick_until_settled(town)
    with town.write() as session:
        delivery = session.get_one(Delivery, later)
        assert delivery.receipt is not None
        session.delete(delivery.receipt)
        delivery.state, delivery.looks = DeliveryState.UNCONFIRMED, 0
        delivery.sending_at = delivery.look_at = town.now + 2 * DAY
        delivery.reason = {"code": "unknown", "platform_id": _receipt_id(town, first)}
    town.tick_reconcile(2 * DAY)
    assert town.delivery(later).state is DeliveryState.UNCONFIRMED


@pytest.mark.twin
@pytest.mark.parametrize("name", ["clock-2", "west/9-ab"])
def test_what_a_dead_predecessor_held_is_taken_up_at_once(town: City, name: str) -> None:
    """On SQLite each other clock is one; elsewhere one of the same slot."""
    claimed, sending_id = town.due(on=["x", "facebook"])
    dead = town.clock_named("west/7-cd")
    payloads = [dispatch.claim_next(dead), dispatch.claim_next(dead)]
    on_facebook = next(
        payload for payload in payloads if payload and payload.claim.delivery_id == sending_id
    )
    sending.start(dead, on_facebook)
    dispatch.take_up_claims(town.clock_named(name))
    is_known_dead = town.database.is_sqlite or name.startswith("west/")
    assert (town.delivery(claimed).state, town.delivery(sending_id).state) == (
        (DeliveryState.SCHEDULED, DeliveryState.UNCONFIRMED)
        if is_known_dead
        else (DeliveryState.CLAIMED, DeliveryState.SENDING)
    )


def test_a_clock_takes_up_nothing_of_its_own(town: City) -> None:
    (delivery_id,) = town.due()
    own = town.clock_named("west/7-cd")
    assert dispatch.claim_next(own) is not None
    dispatch.take_up_claims(own)
    assert town.delivery(delivery_id).state is DeliveryState.CLAIMED


def test_a_clock_that_died_while_sending_leaves_an_unconfirmed_delivery(town: City) -> None:
    (delivery_id,) = town.due()
    _commit_sending(town)
    assert town.tick_dispatch(LEASE) == 0
    assert town.delivery(delivery_id).state is DeliveryState.SENDING
    town.tick_dispatch(SECOND)
    delivery = town.delivery(delivery_id)
    assert (delivery.state, delivery.reason) == (
        DeliveryState.UNCONFIRMED,
        {"code": "lease_ended"},
    )
    town.tick_dispatch(MINUTE)
    assert town.platform("x").published == []


@pytest.mark.parametrize("wait", [0, 60, 3_600])
def test_a_late_receipt_confirms_a_sending_unconfirmed_or_held_delivery(
    town: City, wait: int
) -> None:
    """The receipt confirms the delivery in any of the three states."""
    (delivery_id,) = town.due()
    claim = _commit_sending(town)
    for _ in range(wait // 30):
        town.tick_dispatch(30 * SECOND)
        town.tick_reconcile()
    states = {0: DeliveryState.SENDING, 60: DeliveryState.SENDING, 3_600: DeliveryState.HELD}
    assert town.delivery(delivery_id).state is states[wait]
    outcomes.store(town.context, [Outcome(claim, _receipt(town))])
    assert town.delivery(delivery_id).state is DeliveryState.PUBLISHED


def test_a_late_failure_changes_nothing(town: City) -> None:
    delivery_id = _add_unconfirmed(town)
    claim = _payload_of(town, delivery_id, 1)
    for failure in (Refused(RefusalCode.TOO_LONG), TryLater(), CredentialsExpired()):
        outcomes.store(town.context, [Outcome(claim, failure)])
    assert town.delivery(delivery_id).state is DeliveryState.UNCONFIRMED


@pytest.mark.twin
def test_a_receipt_of_an_older_claim_changes_nothing(town: City) -> None:
    delivery_id = town.hold()
    with town.write() as session:
        reconcile.send_again(
            session, actor=town.actor("lead"), now=town.now, delivery_id=delivery_id
        )
    dispatch.claim_next(town.context)
    outcomes.store(town.context, [Outcome(_payload_of(town, delivery_id, 1), _receipt(town))])
    assert town.delivery(delivery_id).state is DeliveryState.CLAIMED


def test_a_receipt_of_an_older_claim_does_not_end_a_later_attempt(town: City) -> None:
    delivery_id = town.hold()
    with town.write() as session:
        _send_again(town, session, delivery_id)
    later = _commit_sending(town)
    assert later.claim == Claim(delivery_id, 2)
    outcomes.store(town.context, [Outcome(_payload_of(town, delivery_id, 1), _receipt(town))])
    older = _payload_of(town, delivery_id, 1)
    outcomes.store(town.context, [Outcome(older, OutcomeUnknown())])
    assert town.delivery(delivery_id).state is DeliveryState.SENDING


@pytest.mark.parametrize("who", ["lead", "first", "second", "head"])
def test_those_who_may_decide_can_confirm_that_a_held_post_is_live(town: City, who: str) -> None:
    delivery_id = town.hold()
    link = "https://platform.example/pmc_x/status/77?s=20"
    with town.write() as session:
        reconcile.confirm_live(
            session, actor=town.actor(who), now=town.now, delivery_id=delivery_id, link=link
        )
    with town.read() as session:
        delivery = session.get_one(Delivery, delivery_id)
        assert delivery.state is DeliveryState.PUBLISHED
        assert delivery.receipt is not None
        assert (delivery.receipt.platform_id, delivery.receipt.url) == (
            "77",
            link.removesuffix("?s=20"),
        )
        assert delivery.receipt.origin is ReceiptOrigin.PERSON
        assert delivery.receipt.person_id == town.people[who]


@pytest.mark.parametrize("who", ["clerk", "admin", "member", "auditor", "road_officer"])
def test_nobody_else_decides_about_a_held_delivery(town: City, who: str) -> None:
    delivery_id = town.hold()
    for settle in (reconcile.confirm_live, reconcile.send_again):
        with town.write() as session, pytest.raises(WrongRole):
            settle(session, actor=town.actor(who), now=town.now, delivery_id=delivery_id)
    assert town.delivery(delivery_id).state is DeliveryState.HELD


def test_deciding_about_a_held_delivery_needs_a_fresh_sign_in(town: City) -> None:
    delivery_id = town.hold()
    stale = town.actor("lead", fresh=False)
    for settle in (reconcile.confirm_live, reconcile.send_again):
        with town.write() as session, pytest.raises(FreshSignInRequired):
            settle(session, actor=stale, now=town.now, delivery_id=delivery_id)


def test_sending_again_is_refused_for_a_quarter_of_an_hour(town: City) -> None:
    delivery_id = _hold_early(town)
    free_at = town.delivery(delivery_id).sending_at
    assert free_at is not None
    with town.write() as session, pytest.raises(reconcile.TooSoon) as problem:
        _send_again(town, session, delivery_id)
    assert problem.value.values == {"at": free_at + 15 * MINUTE}
    town.clock.at = free_at + 15 * MINUTE
    with town.write() as session:
        _send_again(town, session, delivery_id)
    assert town.delivery(delivery_id).state is DeliveryState.SCHEDULED


def test_sending_again_reuses_the_row_with_the_next_fence_and_sends_once(town: City) -> None:
    delivery_id = town.hold()
    with town.write() as session:
        _send_again(town, session, delivery_id)
    town.tick_dispatch()
    delivery = town.delivery(delivery_id)
    assert (delivery.state, delivery.fence) == (DeliveryState.PUBLISHED, 2)
    assert len(town.platform("x").published) == 1
    with town.read() as session:
        outcomes = session.scalars(select(Attempt.outcome).order_by(Attempt.id)).all()
    assert list(outcomes) == ["unknown", "published"]


@pytest.mark.parametrize(
    ("link", "code"),
    [
        ("javascript:alert(1)", "link"),
        ("platform.example/7", "link"),
        ("https://" + "x" * 500, "link"),
        ("https://example.com/whatever", "other_platform"),
        ("https://platform.example/7", "names_no_post"),
        ("https://platform.example/someone_else/status/5", "other_account"),
    ],
)
def test_an_invalid_link_or_one_to_another_site_is_a_field_error(
    town: City, link: str, code: str
) -> None:
    delivery_id = town.hold()
    with pytest.raises(Invalid) as problem:
        _confirm_live(town, delivery_id, link)
    assert problem.value.codes == [("link", code)]
    assert town.delivery(delivery_id).state is DeliveryState.HELD


def test_a_link_to_another_post_of_ours_is_refused(town: City) -> None:
    (other,) = town.live("road")
    delivery_id = town.hold()
    with pytest.raises(Invalid) as problem:
        _confirm_live(town, delivery_id, link_to(town.platform_id(other)))
    assert problem.value.codes == [("link", "other_post")]


PAGE = "https://www.facebook.com"


@pytest.mark.parametrize(
    ("link", "expected", "url"),
    [
        (f"{PAGE}/permalink.php?story_fbid=123&id=55", "55_123", f"{PAGE}/55/posts/123"),
        (f"{PAGE}/PMCPune/posts/123", "55_123", f"{PAGE}/PMCPune/posts/123"),
        ("", "not-given-{}", ""),
    ],
)
def test_a_facebook_link_yields_the_posts_id_or_an_unknown_id(
    town: City, link: str, expected: str, url: str
) -> None:
    delivery_id, _ = _held_on_our_page(town)
    _confirm_live(town, delivery_id, link)
    with town.read() as session:
        receipt = session.get_one(Delivery, delivery_id).receipt
    assert receipt is not None
    assert (receipt.platform_id, receipt.url) == (expected.format(delivery_id), url)


def test_a_link_without_an_id_is_found_by_the_text_of_the_post(town: City) -> None:
    delivery_id, link = _held_on_our_page(town, is_kept=True)
    _confirm_live(town, delivery_id, link)
    (post,) = town.platform("facebook").published
    with town.read() as session:
        receipt = session.get_one(Delivery, delivery_id).receipt
    assert receipt is not None
    assert (receipt.platform_id, receipt.answer) == (post.platform_id, post.text)
    assert receipt.url == f"https://platform.example/{post.platform_id}"


def test_a_link_without_an_id_whose_post_is_not_found_is_a_field_error(town: City) -> None:
    delivery_id, link = _held_on_our_page(town)
    with pytest.raises(Invalid) as problem:
        _confirm_live(town, delivery_id, link)
    assert problem.value.codes == [("link", "not_found_there")]
    town.platform("facebook").fail_next(TryLater(), on="look_up")
    _confirm_live(town, delivery_id, link)
    assert town.platform_id(delivery_id) == f"not-given-{delivery_id}"


@pytest.mark.usefixtures("changeable_rows")
def test_a_post_found_by_its_text_must_not_belong_to_another_delivery(town: City) -> None:
    delivery_id, link = _held_on_our_page(town, is_kept=True)
    (other,) = town.live("road", on=["facebook"])
    with town.write() as session:
        receipt = session.get_one(Delivery, other).receipt
        assert receipt is not None
        receipt.platform_id = town.platform("facebook").published[0].platform_id
    with pytest.raises(Invalid) as problem:
        _confirm_live(town, delivery_id, link)
    assert problem.value.codes == [("link", "other_post")]


@pytest.mark.parametrize("who", ["clerk", "admin", "member"])
def test_no_post_is_looked_for_if_the_actor_may_not_decide(town: City, who: str) -> None:
    delivery_id, link = _held_on_our_page(town)
    with town.read() as session, pytest.raises(WrongRole):
        reconcile.post_to_find(
            session, actor=town.actor(who), now=town.now, delivery_id=delivery_id, link=link
        )


@pytest.mark.usefixtures("changeable_rows")
def test_a_live_edit_is_confirmed_under_the_id_of_the_edited_post(town: City) -> None:
    edit = _held_edit(town, "55_1000")
    page = "https://platform.example/55/posts"
    with pytest.raises(Invalid) as problem:
        _confirm_live(town, edit, f"{page}/1001")
    assert problem.value.codes == [("link", "other_post")]
    _confirm_live(town, edit, f"{page}/1000")
    assert town.platform_id(edit) == "55_1000"


def test_only_a_held_delivery_can_be_confirmed_or_sent_again(town: City) -> None:
    (delivery_id,) = town.live()
    for settle in (reconcile.confirm_live, reconcile.send_again):
        with town.write() as session, pytest.raises(WrongState):
            settle(session, actor=town.actor("lead"), now=town.now, delivery_id=delivery_id)
        with town.write() as session, pytest.raises(NotFound):
            settle(session, actor=town.actor("lead"), now=town.now, delivery_id=4_711)


def _add_unconfirmed(town: City, *, is_kept: bool = False) -> int:
    town.platform("x").fail_next(OutcomeUnknown("no answer"), after_keeping=is_kept)
    (delivery_id,) = town.live()
    assert town.delivery(delivery_id).state is DeliveryState.UNCONFIRMED
    return delivery_id


def _hold_early(town: City) -> int:
    """Return a delivery that was held ten minutes after its attempt, by frequent look-ups."""
    delivery_id = _add_unconfirmed(town)
    for _ in range(4):
        town.clock.move(150 * SECOND)
        with town.write() as session:
            session.get_one(Delivery, delivery_id).look_at = town.now
        reconcile.tick_reconcile(town.context)
    assert town.delivery(delivery_id).state is DeliveryState.HELD
    return delivery_id


def _confirm_live(town: City, delivery_id: int, link: str) -> None:
    """Let the lead confirm as the page does that the delivery is live, with a link."""
    lead, now = town.actor("lead"), town.now
    with town.read() as session:
        pasted = reconcile.post_to_find(
            session, actor=lead, now=now, delivery_id=delivery_id, link=link
        )
    read_back = None
    if pasted is not None:
        read_back = manual.read_back(town.platforms[pasted.account.id], pasted)
    with town.write() as session:
        reconcile.confirm_live(
            session, actor=lead, now=now, delivery_id=delivery_id, link=link, linked_post=read_back
        )


def _held_on_our_page(town: City, *, is_kept: bool = False) -> tuple[int, str]:
    """Return a held delivery that Facebook lists only now, and its link without an id."""
    with town.write() as session:
        account = session.get_one(Account, town.accounts["facebook"])
        account.url, account.handle = f"{PAGE}/PMCPune", "55"
    town.platform("facebook").lag = HOUR * 24
    town.platform("facebook").fail_next(OutcomeUnknown("no answer"), after_keeping=is_kept)
    (delivery_id,) = town.live(on=["facebook"])
    for _ in PACE.looks:
        town.tick_reconcile(16 * MINUTE)
    assert town.delivery(delivery_id).state is DeliveryState.HELD
    town.platform("facebook").lag = timedelta(0)
    return delivery_id, f"{PAGE}/PMCPune/posts/pfbid0abcXYZ"


def _held_edit(town: City, platform_id: str) -> int:
    """Return a held edit of the live post with this id."""
    (delivery_id,) = town.live(on=["facebook"])
    with town.write() as session:
        delivery = session.get_one(Delivery, delivery_id)
        assert delivery.receipt is not None
        delivery.receipt.platform_id = platform_id
        delivery.account.handle = platform_id.partition("_")[0]
        post_id = delivery.post_id
    town.platform("facebook").fail_next(OutcomeUnknown(), on="edit")
    (edit,) = correct(town, post_id, {"facebook": MENDED})
    town.tick_dispatch()
    for _ in PACE.looks:
        town.tick_reconcile(16 * MINUTE)
    assert town.delivery(edit).state is DeliveryState.HELD
    return edit


def _same_text_twice(town: City) -> tuple[int, int]:
    """Return two unconfirmed deliveries of one text; the later one's post is found already."""
    deliveries = []
    for _ in range(2):
        post_id = town.start(town.hand_in())
        town.save(post_id, on=["x"], text="तोच मजकूर")
        town.send(post_id)
        town.approve(post_id)
        deliveries += town.schedule(post_id, timedelta(0))
        town.platform("x").fail_next(OutcomeUnknown(), after_keeping=True)
        town.tick_dispatch()
        town.clock.move(2 * SECOND)
    with town.write() as session:  # the first one is looked for last
        session.get_one(Delivery, deliveries[0]).look_at = town.now + MINUTE
    return deliveries[0], deliveries[1]


def _tick_until_settled(town: City) -> None:
    for _ in range(30):
        town.tick_reconcile(10 * SECOND)


def _receipt_id(town: City, delivery_id: int) -> str:
    with town.read() as session:
        receipt = session.get_one(Delivery, delivery_id).receipt
        return "" if receipt is None else receipt.platform_id


def _send_again(town: City, session: Session, delivery_id: int) -> None:
    reconcile.send_again(
        session,
        actor=town.actor("lead"),
        now=town.now,
        delivery_id=delivery_id,
    )


def _commit_sending(town: City) -> DeliveryPayload:
    """Claim, commit the state `sending`, and do no more."""
    payload = dispatch.claim_next(town.context)
    assert payload is not None
    sending.start(town.context, payload)
    return payload


def _payload_of(town: City, delivery_id: int, fence: int) -> DeliveryPayload:
    """Return the payload that the clock of this claim still holds."""
    with town.read() as session:
        (parcel,) = claiming.load_payloads(session, [Claim(delivery_id, fence)])
    return parcel


def _receipt(town: City) -> Receipt:
    return Receipt("4711", "https://platform.example/4711", town.now, "late")


def _with(town: City, open_account: OpenAccount) -> WorkerContext:
    return replace(town.context, open_account=open_account)


def _three_on_each(
    town: City, trouble: PlatformError
) -> tuple[_FailingPlatform, list[int], list[int]]:
    """Publish three posts on X, then three on Facebook, without responses; X fails look-ups."""
    by_platform: dict[str, list[int]] = {"x": [], "facebook": []}
    for on in 3 * ["x"] + 3 * ["facebook"]:
        town.platform(on).fail_next(OutcomeUnknown("no answer"), after_keeping=True)
        by_platform[on] += town.live(on=[on])
        town.clock.move(SECOND)
    deaf = _FailingPlatform(town, trouble)
    town.platforms[town.accounts["x"]] = deaf
    town.clock.move(MINUTE)
    return deaf, by_platform["x"], by_platform["facebook"]


class _FailingPlatform(MemoryPlatform):
    """Fails at every look-up with this error; `asked` counts them."""

    def __init__(self, town: City, trouble: PlatformError) -> None:
        super().__init__(now=town.clock, name="x")
        self.trouble = trouble
        self.asked = 0

    def look_up(
        self,
        outgoing: Outgoing,
        *,
        since: datetime,
        near: datetime | None = None,
        known_ids: Collection[str] = (),
    ) -> Match | None:
        del outgoing, since, near, known_ids
        self.asked += 1
        raise self.trouble
