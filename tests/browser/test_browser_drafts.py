"""What somebody has written outlives a reload, a lost session, the back button and two presses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select

from publisher.models.posts import Revision
from publisher.models.submissions import Submission
from tests.browser.counter import PASSWORD
from tests.browser.walking import Walk, path_of, sign_in, walking
from tests.support.runs import Run

ACT = ".submit-bar .btn-act"
TITLE, TEXT = "उद्याने उशिरापर्यंत खुली", "सर्व उद्याने रात्री ९ पर्यंत खुली राहतील."


@pytest.fixture(params=["with script", "without script"])
def walk(
    request: pytest.FixtureRequest,
    browser: Browser,
    run: Run,
    tmp_path: Path,
    shoot: Callable[[Page, str], Path],
) -> Iterator[Walk]:
    """A walk on a phone, with and without JavaScript."""
    with walking(
        browser,
        run,
        tmp_path,
        width=390,
        shoot=shoot,
        javascript=request.param == "with script",
    ) as begun:
        yield begun


def write(page: Page) -> None:
    """Fill half of the hand-in form."""
    page.locator("[name=kind][value=public_notice]").check()
    page.fill("#title", TITLE)
    page.fill("#text_mr", TEXT)


def end_session(page: Page) -> None:
    """Let the session be gone, as after a week."""
    page.context.clear_cookies()


def count(walk: Walk, what: type[Submission | Revision]) -> int:
    """How many there are."""
    with walk.town.read() as session:
        return session.scalar(select(func.count()).select_from(what)) or 0


def test_a_half_written_form_survives_a_lost_session(walk: Walk) -> None:
    page = walk.go("member", "/submissions/new")
    write(page)
    end_session(page)
    page.locator(ACT).click()
    expect(page.locator("#identifier")).to_be_visible()
    walk.keep(page, "session-lost-js" if walk.javascript else "session-lost")
    page.fill("#identifier", "member@pmc.example")
    page.fill("#password", PASSWORD)
    page.locator(ACT).click()
    expect(page.locator("main")).to_contain_text(TITLE)
    walk.keep(page, "signed-in-again-js" if walk.javascript else "signed-in-again")
    page.locator("main .btn-act").click()
    expect(page.locator(".flashes")).to_contain_text("PMC/2026/000001")
    with walk.town.read() as session:
        handed = session.scalars(select(Submission)).one()
        assert (handed.title, handed.text_mr) == (TITLE, TEXT)


def test_two_presses_hand_in_once(walk: Walk) -> None:
    page = walk.go("member", "/submissions/new")
    write(page)
    page.locator(ACT).dblclick()
    expect(page.locator("main")).to_contain_text("PMC/2026/000001")
    assert count(walk, Submission) == 1


@pytest.fixture
def phone(
    browser: Browser, run: Run, tmp_path: Path, shoot: Callable[[Page, str], Path]
) -> Iterator[Walk]:
    """A walk on a phone with JavaScript."""
    with walking(browser, run, tmp_path, width=390, shoot=shoot) as begun:
        yield begun


def test_a_half_written_form_survives_a_reload_and_says_so(phone: Walk) -> None:
    page = phone.go("member", "/submissions/new")
    write(page)
    note = page.locator("#hand-in [data-draft-note]")
    expect(note).not_to_be_empty()
    page.reload()
    assert page.input_value("#title") == TITLE
    assert page.input_value("#text_mr") == TEXT
    assert page.is_checked("[name=kind][value=public_notice]")
    phone.keep(page, "reloaded")
    end_session(page)
    page.reload()
    sign_in(page, phone.counter.address, "member")
    page.goto(f"{phone.counter.address}/submissions/new")
    assert page.input_value("#title") == TITLE


def test_who_goes_back_after_handing_in_finds_an_empty_form(phone: Walk) -> None:
    page = phone.go("member", "/submissions/new")
    write(page)
    page.locator(ACT).click()
    expect(page.locator(".flashes")).to_contain_text("PMC/2026/000001")
    page.go_back()
    expect(page.locator("#title")).to_have_value("")
    page.locator(ACT).click()
    expect(page.locator(".error-summary")).to_be_visible()
    assert count(phone, Submission) == 1


def test_of_two_windows_the_second_is_told_and_loses_nothing(phone: Walk) -> None:
    post_id = phone.town.draft(phone.town.hand_in())
    second_page = phone.go("clerk", f"/posts/{post_id}/draft")
    two = second_page.context.new_page()
    two.goto(second_page.url)
    for page, text in ((second_page, "पहिला मजकूर"), (two, "दुसरा मजकूर")):
        page.locator("textarea[name^=text_]").first.fill(text)
        with page.expect_navigation():
            page.locator("button[value=save]").click()
    assert count(phone, Revision) == 2
    assert two.locator("textarea[name^=text_]").first.input_value() == "दुसरा मजकूर"
    expect(two.locator("main")).to_contain_text("पहिला मजकूर")
    phone.keep(two, "overtaken")
    with two.expect_navigation():
        two.locator("button[value=save]").click()
    assert count(phone, Revision) == 3


def test_an_approval_pressed_twice_or_after_going_back_changes_nothing(phone: Walk) -> None:
    post_id = phone.town.in_review()
    page = phone.go("first", f"/posts/{post_id}/review")
    page.locator(".decision-bar .btn-act").dblclick()
    expect(page.locator("main")).to_contain_text("मान्यता दिली")
    page.goto(f"{phone.counter.address}/posts/{post_id}/review")
    assert page.locator(".decision-bar").count() == 0
    page.go_back()
    assert path_of(page) == f"/posts/{post_id}"
    assert phone.town.verbs("posts", post_id).count("approve") == 1


def test_on_a_small_phone_the_decision_is_in_view_without_scrolling(phone: Walk) -> None:
    post_id = phone.town.in_review(on=["x", "facebook"])
    page = phone.person("first")
    page.set_viewport_size({"width": 360, "height": 640})
    page.goto(f"{phone.counter.address}/posts/{post_id}/review")
    page.evaluate("document.fonts.ready")
    buttons = page.locator(".decision-bar .btn")
    assert buttons.count() == 3
    for at in range(3):
        box = buttons.nth(at).bounding_box()
        assert box is not None
        assert box["height"] >= 44
        assert box["y"] + box["height"] <= 640
    bar = page.locator(".decision-bar").bounding_box()
    assert bar is not None
    assert bar["height"] <= 160
