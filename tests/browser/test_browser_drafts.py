"""Text in a form survives a reload, a lost session, the back button and a double click."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect
from sqlalchemy import func, select

from publisher.models.posts import Revision
from publisher.models.submissions import Submission
from tests.browser.city_server import PASSWORD
from tests.browser.journey import Journey, open_journey, path_of, sign_in
from tests.support.runs import Run

pytestmark = pytest.mark.ci

ACT = ".submit-bar .btn-act"
TITLE, TEXT = "उद्याने उशिरापर्यंत खुली", "सर्व उद्याने रात्री ९ पर्यंत खुली राहतील."


@pytest.fixture(params=["with script", "without script"])
def journey(
    request: pytest.FixtureRequest,
    browser: Browser,
    run: Run,
    tmp_path: Path,
    shoot: Callable[[Page, str], None],
) -> Iterator[Journey]:
    """Open a city on a phone, with and without JavaScript."""
    with open_journey(
        browser,
        run,
        tmp_path,
        width=390,
        shoot=shoot,
        javascript=request.param == "with script",
    ) as opened:
        yield opened


def fill_half(page: Page) -> None:
    """Fill half of the hand-in form."""
    page.locator("[name=kind][value=public_notice]").check()
    page.fill("#title", TITLE)
    page.fill("#text_mr", TEXT)


def end_session(page: Page) -> None:
    """Remove the session's cookie, as if the session had expired."""
    page.context.clear_cookies()


def row_count(journey: Journey, what: type[Submission | Revision]) -> int:
    """Return the number of rows."""
    with journey.town.read() as session:
        return session.scalar(select(func.count()).select_from(what)) or 0


def test_a_half_written_form_survives_a_lost_session(journey: Journey) -> None:
    page = journey.go("member", "/submissions/new")
    fill_half(page)
    end_session(page)
    page.locator(ACT).click()
    expect(page.locator("#identifier")).to_be_visible()
    journey.keep_picture(page, "session-lost-js" if journey.javascript else "session-lost")
    page.fill("#identifier", "member@pmc.example")
    page.fill("#password", PASSWORD)
    page.locator(ACT).click()
    expect(page.locator("main")).to_contain_text(TITLE)
    journey.keep_picture(page, "signed-in-again-js" if journey.javascript else "signed-in-again")
    page.locator("main .btn-act").click()
    expect(page.locator(".flashes")).to_contain_text("PMC/2026/000001")
    with journey.town.read() as session:
        handed = session.scalars(select(Submission)).one()
        assert (handed.title, handed.text_mr) == (TITLE, TEXT)


def test_two_presses_hand_in_once(journey: Journey) -> None:
    page = journey.go("member", "/submissions/new")
    fill_half(page)
    page.locator(ACT).dblclick()
    expect(page.locator("main")).to_contain_text("PMC/2026/000001")
    assert row_count(journey, Submission) == 1


@pytest.fixture
def phone(
    browser: Browser, run: Run, tmp_path: Path, shoot: Callable[[Page, str], None]
) -> Iterator[Journey]:
    """Open a city on a phone with JavaScript."""
    with open_journey(browser, run, tmp_path, width=390, shoot=shoot) as opened:
        yield opened


def test_a_half_written_form_survives_a_reload_and_says_so(phone: Journey) -> None:
    page = phone.go("member", "/submissions/new")
    fill_half(page)
    note = page.locator("#hand-in [data-draft-note]")
    expect(note).not_to_be_empty()
    page.reload()
    assert page.input_value("#title") == TITLE
    assert page.input_value("#text_mr") == TEXT
    assert page.is_checked("[name=kind][value=public_notice]")
    phone.keep_picture(page, "reloaded")
    end_session(page)
    page.reload()
    sign_in(page, phone.server.address, "member")
    page.goto(f"{phone.server.address}/submissions/new")
    assert page.input_value("#title") == TITLE


def test_a_file_that_was_not_taken_is_not_forgotten(phone: Journey) -> None:
    page = phone.go("member", "/submissions/new")
    fill_half(page)
    script: FilePayload = {
        "name": "notes.exe",
        "mimeType": "application/x-msdownload",
        "buffer": b"MZ",
    }
    page.set_input_files("#files", script)
    refusal = page.locator("[data-under-way] .field-error")
    expect(refusal).to_contain_text("notes.exe")
    page.locator(ACT).click()
    expect(refusal).to_be_focused()
    expect(refusal).to_contain_text("या फाइलशिवाय")
    assert row_count(phone, Submission) == 0
    phone.keep_picture(page, "file-not-taken")
    page.locator(ACT).click()
    expect(page.locator("main")).to_contain_text("PMC/2026/000001")


def test_who_goes_back_after_handing_in_finds_an_empty_form(phone: Journey) -> None:
    page = phone.go("member", "/submissions/new")
    fill_half(page)
    page.locator(ACT).click()
    expect(page.locator(".flashes")).to_contain_text("PMC/2026/000001")
    page.go_back()
    expect(page.locator("#title")).to_have_value("")
    page.locator(ACT).click()
    expect(page.locator(".error-summary")).to_be_visible()
    assert row_count(phone, Submission) == 1


def test_of_two_windows_the_second_is_told_and_loses_nothing(phone: Journey) -> None:
    post_id = phone.town.draft(phone.town.hand_in())
    first_window = phone.go("clerk", f"/posts/{post_id}/draft")
    second_window = first_window.context.new_page()
    second_window.goto(first_window.url)
    for page, text in ((first_window, "पहिला मजकूर"), (second_window, "दुसरा मजकूर")):
        page.locator("textarea[name^=text_]").first.fill(text)
        with page.expect_navigation():
            page.locator("button[value=save]").click()
    assert row_count(phone, Revision) == 2
    assert second_window.locator("textarea[name^=text_]").first.input_value() == "दुसरा मजकूर"
    expect(second_window.locator("main")).to_contain_text("पहिला मजकूर")
    phone.keep_picture(second_window, "overtaken")
    with second_window.expect_navigation():
        second_window.locator("button[value=save]").click()
    assert row_count(phone, Revision) == 3


def test_an_approval_pressed_twice_or_after_going_back_changes_nothing(phone: Journey) -> None:
    post_id = phone.town.in_review()
    page = phone.go("first", f"/posts/{post_id}/review")
    page.locator(".decision-bar .btn-act").dblclick()
    expect(page.locator("main")).to_contain_text("मान्यता दिली")
    page.goto(f"{phone.server.address}/posts/{post_id}/review")
    assert page.locator(".decision-bar").count() == 0
    page.go_back()
    assert path_of(page) == f"/posts/{post_id}"
    assert phone.town.verbs("posts", post_id).count("approve") == 1


def test_on_a_small_phone_the_decision_is_in_view_without_scrolling(phone: Journey) -> None:
    post_id = phone.town.in_review(on=["x", "facebook"])
    page = phone.page_of("first")
    page.set_viewport_size({"width": 360, "height": 640})
    page.goto(f"{phone.server.address}/posts/{post_id}/review")
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
