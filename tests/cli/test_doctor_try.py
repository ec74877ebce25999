"""`nagarvani doctor --try` finds out if a page takes unpublished posts, and publishes nothing."""

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
from tests.cli.command_line import Workspace, make_workspace

pytestmark = pytest.mark.proof


@pytest.fixture
def workspace(tmp_path: Path, sandbox_url: str) -> Workspace:
    """Create a workspace on SQLite with an account on each platform of a sandbox."""
    handle, page = credentials.X_ACCOUNTS[0], credentials.FACEBOOK_PAGES[0]
    environment_settings = {
        "X_API_URL": sandbox_url,
        "GRAPH_API_URL": sandbox_url,
        "X_HANDLE": handle.username,
        "X_CONSUMER_KEY": credentials.X_CONSUMER_KEY,
        "X_CONSUMER_SECRET": credentials.X_CONSUMER_SECRET,
        "X_ACCESS_TOKEN": handle.token,
        "X_ACCESS_TOKEN_SECRET": handle.token_secret,
        "FACEBOOK_PAGE_ID": page.id,
        "FACEBOOK_PAGE_TOKEN": page.token,
    }
    plain = make_workspace(tmp_path, f"sqlite:///{tmp_path / 'try.db'}")
    new_house = Workspace(tmp_path, {**plain.settings, **environment_settings})
    assert new_house.run_in_process("init").code == 0
    return new_house


def ledger(sandbox_url: str) -> dict[str, list[dict[str, Any]]]:
    """Return everything that was ever created on the platforms."""
    posts: dict[str, list[dict[str, Any]]] = requests.get(
        f"{sandbox_url}/ledger", timeout=10
    ).json()
    return posts


def page_steps(workspace: Workspace) -> tuple[bool, list[str]]:
    """Return whether the Facebook page publishes in two steps, and the events that recorded it."""
    database = Database(workspace.settings["DATABASE_URL"])
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
    workspace: Workspace, sandbox_url: str, switch: str, works: bool, ending: str
) -> None:
    requests.post(f"{sandbox_url}/switches", json={"facebook_two_step": switch}, timeout=10)
    output = workspace.run_in_process("doctor", "--try", "--yes")
    assert ending in output.out
    assert "its platform knows no unpublished posts" in output.out
    two_steps, (_tried,) = page_steps(workspace)
    assert two_steps is works
    posts = ledger(sandbox_url)
    assert posts["x"] == []
    assert len(posts["facebook"]) == (0 if switch == "off" else 1)
    assert all(post["deleted_at"] for post in posts["facebook"])
    assert [post["published"] for post in posts["facebook"]] == {
        "ignored": [True],
        "on": [False],
    }.get(switch, [])


def test_a_page_that_no_longer_takes_them_goes_back_to_one_step(
    workspace: Workspace, sandbox_url: str
) -> None:
    workspace.run_in_process("doctor", "--try", "--yes")
    assert page_steps(workspace) == (True, ["two_steps_work"])
    requests.post(f"{sandbox_url}/switches", json={"facebook_two_step": "off"}, timeout=10)
    workspace.run_in_process("doctor", "--try", "--yes")
    assert page_steps(workspace) == (False, ["two_steps_work", "two_steps_refused"])


def test_what_could_not_be_seen_changes_nothing(workspace: Workspace, sandbox_url: str) -> None:
    workspace.run_in_process("doctor", "--try", "--yes")
    nowhere = "http://127.0.0.1:9"
    output = workspace.run_in_process("doctor", "--try", "--yes", GRAPH_API_URL=nowhere)
    assert output.code == 1
    assert "nothing is changed, try again" in output.out
    assert page_steps(workspace) == (True, ["two_steps_work", "two_steps_unknown"])


def test_what_could_not_be_removed_is_named(workspace: Workspace, sandbox_url: str) -> None:
    fault = {"platform": "facebook", "operation": "delete", "kind": "reset_before"}
    laid = requests.post(f"{sandbox_url}/faults", json=fault, timeout=10)
    assert laid.ok, laid.text
    output = workspace.run_in_process("doctor", "--try", "--yes")
    (post,) = ledger(sandbox_url)["facebook"]
    assert f"the test post {post['id']} may still be there" in output.out
    assert output.code == 1


def test_without_a_yes_nothing_is_tried(workspace: Workspace, sandbox_url: str) -> None:
    output = workspace.run_in_process("doctor", "--try")
    assert output.code == 1
    assert ledger(sandbox_url)["facebook"] == []
    assert page_steps(workspace) == (False, [])


def test_under_a_stop_nothing_is_tried(workspace: Workspace, sandbox_url: str) -> None:
    database = Database(workspace.settings["DATABASE_URL"])
    with database.transaction() as session:
        session.add(Stop(at=now(), reason="चुकीची पोस्ट प्रसिद्ध झाली."))
    database.dispose()
    output = workspace.run_in_process("doctor", "--try", "--yes")
    assert "all publishing is stopped, so nothing is tried" in output.out
    assert ledger(sandbox_url)["facebook"] == []
