"""`nagarvani doctor --try`: whether a page takes unpublished posts, and nothing is published."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import select

from publisher.database.session import Database
from publisher.models.controls import Stop
from publisher.models.deliveries import Account
from publisher.models.history import Event
from publisher.now import now
from sandbox import credentials
from tests.cli.doing import House, house

pytestmark = pytest.mark.proof


@pytest.fixture
def own(tmp_path: Path, practice: str) -> House:
    """A house on SQLite with an account on each practice platform."""
    handle, page = credentials.X_ACCOUNTS[0], credentials.FACEBOOK_PAGES[0]
    environment_settings = {
        "X_API_URL": practice,
        "GRAPH_API_URL": practice,
        "X_HANDLE": handle.username,
        "X_CONSUMER_KEY": credentials.X_CONSUMER_KEY,
        "X_CONSUMER_SECRET": credentials.X_CONSUMER_SECRET,
        "X_ACCESS_TOKEN": handle.token,
        "X_ACCESS_TOKEN_SECRET": handle.token_secret,
        "FACEBOOK_PAGE_ID": page.id,
        "FACEBOOK_PAGE_TOKEN": page.token,
    }
    plain = house(tmp_path, f"sqlite:///{tmp_path / 'try.db'}")
    new_house = House(tmp_path, {**plain.settings, **environment_settings})
    assert new_house.call("init").code == 0
    return new_house


def ledger(practice: str) -> dict[str, list[dict[str, Any]]]:
    """What the practice platforms say was made, whatever became of it."""
    posts: dict[str, list[dict[str, Any]]] = requests.get(f"{practice}/ledger", timeout=10).json()
    return posts


def page_of(own: House) -> tuple[bool, list[str]]:
    """Whether posts leave in two steps on the page of Facebook, and what was found when."""
    database = Database(own.settings["DATABASE_URL"])
    with database.reading() as session:
        account = session.scalars(select(Account).where(Account.platform == "facebook")).one()
        tried = select(Event).where(Event.verb == "try_two_steps").order_by(Event.id)
        found_texts = [str(attempt.details["found"]) for attempt in session.scalars(tried)]
    database.dispose()
    return account.two_steps, found_texts


@pytest.mark.parametrize(
    ("switch", "works", "ending"),
    [
        ("on", True, "from now on posts leave in two steps"),
        ("off", False, "an unpublished post is refused"),
        ("ignored", False, "was public, and is removed; posts leave in one step"),
    ],
)
def test_a_page_is_tried_and_nothing_is_left_of_it(
    own: House, practice: str, switch: str, works: bool, ending: str
) -> None:
    requests.post(f"{practice}/switches", json={"facebook_two_step": switch}, timeout=10)
    output = own.call("doctor", "--try", "--yes")
    assert ending in output.out
    assert "its platform knows no unpublished posts" in output.out
    two_steps, (_tried,) = page_of(own)
    assert two_steps is works
    posts = ledger(practice)
    assert posts["x"] == []
    assert len(posts["facebook"]) == (0 if switch == "off" else 1)
    assert all(post["deleted_at"] for post in posts["facebook"])
    assert [post["published"] for post in posts["facebook"]] == {
        "ignored": [True],
        "on": [False],
    }.get(switch, [])


def test_a_page_that_no_longer_takes_them_goes_back_to_one_step(own: House, practice: str) -> None:
    own.call("doctor", "--try", "--yes")
    assert page_of(own) == (True, ["two_steps_work"])
    requests.post(f"{practice}/switches", json={"facebook_two_step": "off"}, timeout=10)
    own.call("doctor", "--try", "--yes")
    assert page_of(own) == (False, ["two_steps_work", "two_steps_refused"])


def test_what_could_not_be_seen_changes_nothing(own: House, practice: str) -> None:
    own.call("doctor", "--try", "--yes")
    nowhere = "http://127.0.0.1:9"
    output = own.call("doctor", "--try", "--yes", GRAPH_API_URL=nowhere)
    assert output.code == 1
    assert "nothing is changed, try again" in output.out
    assert page_of(own) == (True, ["two_steps_work", "two_steps_unknown"])


def test_what_could_not_be_removed_is_named(own: House, practice: str) -> None:
    fault = {"platform": "facebook", "operation": "delete", "kind": "reset_before"}
    laid = requests.post(f"{practice}/faults", json=fault, timeout=10)
    assert laid.ok, laid.text
    output = own.call("doctor", "--try", "--yes")
    (post,) = ledger(practice)["facebook"]
    assert f"the test post {post['id']} may still be there" in output.out
    assert output.code == 1


def test_without_a_yes_nothing_is_tried(own: House, practice: str) -> None:
    output = own.call("doctor", "--try")
    assert output.code == 1
    assert ledger(practice)["facebook"] == []
    assert page_of(own) == (False, [])


def test_under_a_stop_nothing_is_tried(own: House, practice: str) -> None:
    database = Database(own.settings["DATABASE_URL"])
    with database.transaction() as session:
        session.add(Stop(at=now(), reason="चुकीची पोस्ट प्रसिद्ध झाली."))
    database.dispose()
    output = own.call("doctor", "--try", "--yes")
    assert "all publishing is stopped, so nothing is tried" in output.out
    assert ledger(practice)["facebook"] == []
