"""A row that points at another account than was approved never leaves, whatever its action."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import delete, select, update

from approvals.errors import NotApproved
from publisher.delivery import attempt, dispatch, manual, outcomes
from publisher.delivery.accounts import credentials
from publisher.delivery.outcomes import Outcome
from publisher.models.deliveries import Account, Attempt, Delivery, ReceiptRow
from publisher.models.posts import Variant
from publisher.settings import environment
from publisher.states import AccountState, DeliveryState
from tests.delivery.test_corrections import MENDED, correct
from tests.delivery.test_takedown_orders import take_back
from tests.inbox.test_hide import hide
from tests.support.city import City
from tests.support.city_people import HOUR
from tests.support.claims import receipt_for, start_sending


def _publish(town: City) -> int:
    return town.due(on=["x"])[0]


def _reply(town: City) -> int:
    town.answer(town.comment(under=town.live()[0]))
    return _newest(town)


def _edit(town: City) -> int:
    live = town.live(on=["facebook"])
    town.clock.move(HOUR)
    return correct(town, town.delivery(live[0]).post_id, {"facebook": MENDED})[0]


def _delete(town: City) -> int:
    post_id = town.delivery(town.live(on=["x"])[0]).post_id
    town.clock.move(HOUR)
    return take_back(town, post_id, on=["x"])[0]


def _hide(town: City) -> int:
    return hide(town, town.comment(under=town.live()[0]))


def _unhide(town: City) -> int:
    comment_id = town.comment(under=town.live()[0])
    hide(town, comment_id)
    town.tick_dispatch()
    return hide(town, comment_id, again=True)


ACTIONS = [_publish, _reply, _edit, _delete, _hide, _unhide]


@pytest.mark.parametrize("prepare", ACTIONS)
def test_a_delivery_moved_to_another_account_is_not_sent(
    town: City, prepare: Callable[[City], int]
) -> None:
    delivery_id = prepare(town)
    before = _posts(town)
    _swap(town, delivery_id)
    town.tick_dispatch()
    _expect_refused(town, delivery_id)
    assert _posts(town) == before


@pytest.mark.parametrize("prepare", ACTIONS)
def test_a_delivery_moved_to_another_account_after_its_claim_is_refused(
    town: City, prepare: Callable[[City], int]
) -> None:
    delivery_id = prepare(town)
    before = _posts(town)
    claimed = dispatch.claim_next(town.context)
    assert claimed is not None
    _swap(town, delivery_id)
    attempt.attempt_and_store(town.context, claimed)
    _expect_refused(town, delivery_id)
    assert _posts(town) == before


@pytest.mark.parametrize("prepare", [_publish, _reply, _edit])
@pytest.mark.usefixtures("changeable_rows")
def test_a_text_moved_to_another_account_with_its_delivery_is_not_sent(
    town: City, prepare: Callable[[City], int]
) -> None:
    delivery_id = prepare(town)
    before = _posts(town)
    other_id = _swap(town, delivery_id)
    with town.write() as session:
        variant_id = session.get_one(Delivery, delivery_id).variant_id
        session.execute(update(Variant).values(account_id=other_id).where(Variant.id == variant_id))
    town.tick_dispatch()
    assert town.delivery(delivery_id).reason == {"code": "changed"}
    assert _posts(town) == before


def test_a_delivery_moved_to_another_text_after_its_claim_is_refused(town: City) -> None:
    """Both texts are approved, and on that account, but the claim read the first one."""
    first_id, second_id = _publish(town), _publish(town)
    claimed = dispatch.claim_next(town.context)
    assert claimed is not None
    assert claimed.claim.delivery_id == first_id
    second = town.delivery(second_id)
    with town.write() as session:
        session.execute(delete(Delivery).where(Delivery.id == second_id))
        moved = update(Delivery).where(Delivery.id == first_id)
        session.execute(moved.values(variant_id=second.variant_id, post_id=second.post_id))
    attempt.attempt_and_store(town.context, claimed)
    assert town.delivery(first_id).reason == {"code": "changed"}
    assert _posts(town) == {"x": [], "facebook": []}


def test_a_receipt_names_the_account_that_was_used(town: City) -> None:
    """The row was moved while the platform answered."""
    (sent,) = start_sending(town)
    _swap(town, sent.claim.delivery_id)
    outcomes.store(town.context, [Outcome(sent, receipt_for(1, town))])
    with town.read() as session:
        receipt = session.scalars(select(ReceiptRow)).one()
    assert receipt.account_id == sent.account.id == town.accounts["x"]


@pytest.mark.parametrize("platform", ["facebook", "none"])
def test_an_account_moved_to_another_platform_is_paused(town: City, platform: str) -> None:
    settings = environment.load({}, folder=town.store.path("0" * 64).parent)
    x_credentials = dict.fromkeys(
        ("consumer_key", "consumer_secret", "access_token", "access_token_secret"), "1-a"
    )
    delivery_id = _publish(town)
    with town.write() as session:
        account = session.get_one(Account, town.accounts["x"])
        account.credentials = credentials.Vault.of(settings).seal(x_credentials)
        account.platform = platform
    town.context = replace(town.context, open_account=credentials.opener(settings))
    town.tick_dispatch()
    delivery = town.delivery(delivery_id)
    assert (delivery.state, delivery.sending_at) == (DeliveryState.SCHEDULED, None)
    with town.read() as session:
        assert session.get_one(Account, town.accounts["x"]).state is AccountState.PAUSED


def test_a_moved_delivery_cannot_be_published_by_hand(town: City) -> None:
    delivery_id = _publish(town)
    _swap(town, delivery_id)
    with town.read() as session, pytest.raises(NotApproved) as refused:
        manual.require_publishable(
            session, actor=town.actor("lead"), now=town.now, delivery_id=delivery_id
        )
    assert refused.value.values == {"reason": "other_account"}


def _swap(town: City, delivery_id: int) -> int:
    """Point the delivery's row at the other account, and return that account's id."""
    own_id = town.delivery(delivery_id).account_id
    (other_id,) = (account_id for account_id in town.accounts.values() if account_id != own_id)
    with town.write() as session:
        session.execute(
            update(Delivery).values(account_id=other_id).where(Delivery.id == delivery_id)
        )
    return other_id


def _expect_refused(town: City, delivery_id: int) -> None:
    delivery = town.delivery(delivery_id)
    assert (delivery.state, delivery.reason) == (DeliveryState.FAILED, {"code": "other_account"})
    assert delivery.sending_at is None
    assert "admin" in town.notified("delivery_failed")
    with town.read() as session:
        query = select(Attempt).where(Attempt.delivery_id == delivery_id)
        tried = session.scalars(query).one()
    assert (tried.outcome, tried.answer, tried.sending_at) == ("gate", "other_account", None)


def _posts(town: City) -> dict[str, list[tuple[str, str, bool]]]:
    """Return what is on each platform: ids, texts, and whether they are hidden."""
    return {
        name: [(post.platform_id, post.text, post.is_hidden) for post in town.platform(name).posts]
        for name in town.accounts
    }


def _newest(town: City) -> int:
    with town.read() as session:
        return session.scalars(select(Delivery.id).order_by(Delivery.id.desc())).first() or 0
