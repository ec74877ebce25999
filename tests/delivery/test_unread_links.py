"""A pasted link that could not be read back is looked at again until it is, or found wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from publisher.delivery.manual import FIRST_LOOK_AFTER
from publisher.delivery.unread_links import PAUSES, tick_unread_links
from publisher.models.deliveries import Account
from publisher.models.monitoring import UnreadLink
from publisher.platforms.base.protocol import (
    CredentialsExpired,
    PlatformError,
    RefusalCode,
    Refused,
    TryLater,
)
from publisher.states import AccountState, DeliveryState
from tests.delivery.test_manual import link_to, paste, post, receipt_of, scheduled
from tests.support.city import City
from tests.support.city_people import MINUTE

TOLD = ["clerk", "lead", "other_clerk"]


def unread_link(town: City, delivery_id: int) -> UnreadLink | None:
    with town.read() as session:
        return session.get(UnreadLink, delivery_id)


def paste_unread(town: City, *, on: str = "x", link: str = "", text: str = "") -> int:
    """Publish by hand while the platform cannot be read, and return the delivery's id."""
    delivery_id = scheduled(town, on=on)
    posted = post(town, delivery_id, on=on, text=text)
    town.platform(on).fail_next(TryLater(), on="look_up" if "pfbid" in link else "see")
    paste(town, delivery_id, link or posted, on=on)
    return delivery_id


def test_a_link_that_was_read_back_is_not_looked_at_again(town: City) -> None:
    delivery_id = scheduled(town)
    paste(town, delivery_id, post(town, delivery_id))
    assert unread_link(town, delivery_id) is None


def test_what_is_there_later_is_stored_as_read(town: City) -> None:
    delivery_id = paste_unread(town)
    published_at = town.now
    assert tick_unread_links(town.context) == 0
    town.clock.move(FIRST_LOOK_AFTER)
    assert tick_unread_links(town.context) == 1
    receipt = receipt_of(town, delivery_id)
    assert receipt.answer
    assert receipt.published_at == published_at
    assert unread_link(town, delivery_id) is None
    assert town.verbs("deliveries", delivery_id)[-1] == "link_is_read"
    assert town.notified("link_wrong") == []


def test_a_link_without_an_id_gets_that_of_the_post(town: City) -> None:
    delivery_id = paste_unread(town, on="facebook", link=link_to("pfbid0abc", on="facebook"))
    assert receipt_of(town, delivery_id).platform_id == f"not-given-{delivery_id}"
    town.clock.move(FIRST_LOOK_AFTER)
    assert tick_unread_links(town.context) == 1
    receipt, (remote_post,) = receipt_of(town, delivery_id), town.platform("facebook").posts
    assert receipt.platform_id == remote_post.platform_id
    assert "pfbid" not in receipt.url
    assert receipt.answer


@pytest.mark.parametrize(
    "trouble",
    [TryLater(), Refused(RefusalCode.PERMISSION), CredentialsExpired()],
    ids=["away", "no right", "expired"],
)
def test_a_platform_that_cannot_be_read_is_tried_again_later(
    town: City, trouble: PlatformError
) -> None:
    delivery_id = paste_unread(town)
    town.clock.move(FIRST_LOOK_AFTER)
    for pause in (*PAUSES, PAUSES[-1]):
        town.platform("x").fail_next(trouble, on="see")
        assert tick_unread_links(town.context) == 1
        link = unread_link(town, delivery_id)
        assert link is not None
        assert link.look_at == town.now + pause
        assert tick_unread_links(town.context) == 0
        town.clock.move(pause)
    assert town.notified("link_wrong") == []
    assert tick_unread_links(town.context) == 1
    assert unread_link(town, delivery_id) is None


@pytest.mark.parametrize(
    ("wrong", "problem"), [("absent", "not_there"), ("other", "other_text")], ids=str
)
def test_the_cell_is_told_once_if_the_post_is_not_what_was_approved(
    town: City, wrong: str, problem: str
) -> None:
    delivery_id = paste_unread(town, text="दुसराच मजकूर" if wrong == "other" else "")
    if wrong == "absent":
        town.platform("x").posts.clear()
    town.clock.move(FIRST_LOOK_AFTER)
    assert tick_unread_links(town.context) == 1
    link = unread_link(town, delivery_id)
    assert link is not None
    assert (link.problem, link.found_at, link.look_at) == (problem, town.now, None)
    assert town.notified("link_wrong") == TOLD
    assert town.delivery(delivery_id).state is DeliveryState.PUBLISHED
    town.clock.move(2 * PAUSES[-1])
    assert tick_unread_links(town.context) == 0
    assert receipt_of(town, delivery_id).answer == ""


def test_the_post_of_another_delivery_is_not_taken_for_this_one(town: City) -> None:
    delivery_id = paste_unread(town, on="facebook", link=link_to("pfbid0abc", on="facebook"))
    posts = town.platform("facebook").posts
    approved_text = posts.pop().text
    town.live(on=["facebook"])
    posts[:] = [replace(posts[0], text=approved_text)]
    town.clock.move(FIRST_LOOK_AFTER)
    tick_unread_links(town.context)
    link = unread_link(town, delivery_id)
    assert link is not None
    assert link.problem == "other_post"
    assert town.notified("link_wrong") == TOLD


def test_an_account_that_is_paused_is_read_once_it_is_connected(town: City) -> None:
    delivery_id = paste_unread(town)
    town.clock.move(FIRST_LOOK_AFTER + MINUTE)
    for state, looks in ((AccountState.PAUSED, 0), (AccountState.CONNECTED, 1)):
        with town.write() as session:
            session.get_one(Account, town.accounts["x"]).state = state
        assert tick_unread_links(town.context) == looks
    assert unread_link(town, delivery_id) is None
