"""Keyboard shortcuts work by the place of the key, also in InScript, and never while one types."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from approvals.states import PostState
from publisher.models.posts import Post
from tests.browser.journey import Journey, open_journey
from tests.support.city_people import HOUR
from tests.support.runs import Run

pytestmark = pytest.mark.ci

INSCRIPT = {"KeyJ": "र", "KeyK": "क", "KeyO": "द", "KeyU": "ह", "KeyM": "स", "Slash": "य"}
LATIN = {"KeyJ": "j", "KeyK": "k", "KeyO": "o", "KeyU": "u", "KeyM": "m", "Slash": "/"}
SHIFT = 8
LISTS = {
    "clerk": ("/", "/comments", "/submissions", "/decisions", "/departments"),
    "admin": ("/people",),
}


@pytest.fixture(scope="module")
def journey(
    browser: Browser, run: Run, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Journey]:
    """Open a city with two of everything that the lists show."""
    folder = tmp_path_factory.mktemp("keys")
    with open_journey(browser, run, folder, width=1280, shoot=lambda _page, _name: None) as opened:
        town = opened.town
        for _ in range(2):
            town.hand_in()
        town.hold()
        town.comment()
        yield opened


def press(page: Page, code: str, letters: dict[str, str] = INSCRIPT, modifiers: int = 0) -> None:
    """Press the key at this place, with the letter that the chosen layout has there."""
    session = page.context.new_cdp_session(page)
    key = {"code": code, "key": letters[code], "modifiers": modifiers}
    session.send("Input.dispatchKeyEvent", {"type": "keyDown", "text": letters[code], **key})
    session.send("Input.dispatchKeyEvent", {"type": "keyUp", **key})
    session.detach()


def focused(page: Page) -> str:
    """Return the text of the element with the focus."""
    return str(page.evaluate("document.activeElement.textContent.trim()"))


@pytest.mark.parametrize("letters", [INSCRIPT, LATIN], ids=["InScript", "English"])
def test_keys_lead_through_a_list_open_one_and_come_back(
    journey: Journey, letters: dict[str, str]
) -> None:
    page = journey.go("clerk", "/submissions")
    titles = page.locator("main .title-link").all_text_contents()
    press(page, "KeyJ", letters)
    assert focused(page) == titles[0]
    assert page.evaluate("document.activeElement.matches(':focus-visible')"), "the focus is seen"
    press(page, "KeyJ", letters)
    assert focused(page) == titles[1]
    press(page, "KeyK", letters)
    assert focused(page) == titles[0]
    with page.expect_navigation():
        press(page, "KeyO", letters)
    expect(page.locator("h1")).to_contain_text(titles[0])
    with page.expect_navigation():
        press(page, "KeyU", letters)
    assert page.url.endswith("/submissions")
    press(page, "Slash", letters)
    assert page.evaluate("document.activeElement.id") == "bar-search"
    press(page, "KeyJ", letters)
    assert page.input_value("#bar-search") == letters["KeyJ"], "in a field a key is a letter"
    page.locator("main").focus()
    with page.expect_navigation():
        press(page, "Slash", letters, SHIFT)
    expect(page.locator("kbd").first).to_have_text("J")


@pytest.mark.parametrize(("who", "path"), [(who, path) for who in LISTS for path in LISTS[who]])
def test_every_list_is_walked_with_the_keys(journey: Journey, who: str, path: str) -> None:
    page = journey.go(who, path)
    press(page, "KeyJ")
    first = focused(page)
    assert page.evaluate("document.activeElement.closest('main a[href]') !== null"), first
    with page.expect_navigation():
        press(page, "KeyO")
    assert not page.url.endswith(path)


def test_the_keys_reach_every_text_of_a_post_that_waits(journey: Journey) -> None:
    town = journey.town
    post_id = town.approved(on=["x", "facebook"])
    deliveries = town.schedule(post_id, HOUR)
    town.clock.move(3 * HOUR)
    town.tick_dispatch(HOUR)  # both were missed
    page = journey.go("clerk", "/")
    reached = set()
    for _ in range(page.locator("main a[href]").count()):
        press(page, "KeyJ")
        reached.add(page.evaluate("document.activeElement.getAttribute('href')"))
    assert reached >= {f"/deliveries/{delivery}" for delivery in deliveries}


def test_the_key_of_the_main_act_approves_nothing(journey: Journey) -> None:
    post_id = journey.town.in_review()
    page = journey.go("first", f"/posts/{post_id}/review")
    for _ in range(3):
        press(page, "KeyM")
    assert page.evaluate("document.activeElement.matches('.btn-act')")
    assert page.url.endswith("/review")
    with journey.town.read() as session:
        assert session.get_one(Post, post_id).state is PostState.IN_REVIEW


def test_a_key_with_control_or_turned_off_does_nothing(journey: Journey) -> None:
    page = journey.go("member", "/submissions")
    for modifiers in (1, 2, 4, SHIFT):  # Alt, Control, Meta, Shift
        press(page, "KeyJ", LATIN, modifiers)
        assert page.evaluate("document.activeElement === document.body")
    page = journey.go("member", "/profile")
    page.uncheck("#uses_keys")
    with page.expect_navigation():
        page.locator(".submit-bar .btn-act").click()
    page = journey.go("member", "/submissions")
    press(page, "KeyJ")
    assert page.evaluate("document.activeElement === document.body")


def test_what_is_understood_follows_the_typing(journey: Journey) -> None:
    page = journey.go("member", "/submissions/new")
    line = page.locator("#wished_at-understood")
    page.fill("#wished_at", "उद्या 10")
    expect(line).to_contain_text("सकाळी १०:००")
    assert page.input_value("[name=wished_at-understood]")
    page.fill("#wished_at", "उद्या 25:00")
    expect(line).to_have_text("अशी वेळ नसते. तास व मिनिटे तपासावीत.")
    assert not page.input_value("[name=wished_at-understood]")
    page.fill("#wished_at", "")
    expect(line).to_be_empty()
