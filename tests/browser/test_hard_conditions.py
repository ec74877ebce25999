"""Hard conditions: a missing script, a wrong clock, going back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select

from publisher.models.posts import Revision
from publisher.models.submissions import Submission
from tests.browser.journey import Journey, open_journey, path_of
from tests.support import city_controls
from tests.support.runs import Run
from tests.web import pictures

ACT = ".submit-bar .btn-act"
TITLE, TEXT = "उद्याने उशिरापर्यंत खुली", "सर्व उद्याने रात्री ९ पर्यंत खुली राहतील."
SCRIPTS = ("nagarvani", "hand-in", "counting-tables", "counting")
TakePicture = Callable[[Page, str], None]


@pytest.fixture
def journey(browser: Browser, run: Run, tmp_path: Path, shoot: TakePicture) -> Iterator[Journey]:
    """Open a city on a phone."""
    with open_journey(browser, run, tmp_path, width=390, shoot=shoot) as opened:
        yield opened


def row_count(journey: Journey, what: type[Submission | Revision]) -> int:
    """Return the number of rows."""
    with journey.town.read() as session:
        return session.scalar(select(func.count()).select_from(what)) or 0


def hand_in(journey: Journey, photo: Path | None = None) -> Page:
    """Make a submission by the form."""
    page = journey.go("member", "/submissions/new")
    page.locator("[name=kind][value=public_notice]").check()
    page.fill("#title", TITLE)
    page.fill("#text_mr", TEXT)
    if photo is not None:
        page.set_input_files("#files", photo)
    page.locator(ACT).click()
    expect(page.locator(".flashes")).to_contain_text("PMC/2026/")
    return page


def save_draft(journey: Journey, post_id: int, text: str) -> Page:
    """Save a revision by the form."""
    page = journey.go("clerk", f"/posts/{post_id}/draft")
    page.locator("textarea[name^=text_]").first.fill(text)
    with page.expect_navigation():
        page.locator("button[value=save]").click()
    return page


def test_without_any_one_script_posts_are_submitted_drafted_and_decided(journey: Journey) -> None:
    """If any single script fails to load, every form can still be sent."""
    for at, script in enumerate(SCRIPTS, start=1):
        for who in ("member", "clerk", "first"):
            journey.page_of(who).route(f"**/{script}.js*", lambda route: route.abort())
        photo = journey.server.town.store.root.parent / f"टाकी{at}.jpg"
        photo.write_bytes(picture(at * 20))
        hand_in(journey, photo)
        assert row_count(journey, Submission) == 2 * at - 1, script
        post_id = journey.town.draft(journey.town.hand_in())
        before = row_count(journey, Revision)
        save_draft(journey, post_id, f"पाणी {at}")
        assert row_count(journey, Revision) == before + 1, script
        journey.town.send(post_id)
        page = journey.go("first", f"/posts/{post_id}/review")
        page.locator(".decision-bar .btn-act").click()
        expect(page.locator("main")).to_contain_text("मान्यता दिली")
        for who in ("member", "clerk", "first"):
            journey.page_of(who).unroute(f"**/{script}.js*")


def picture(shade: int) -> bytes:
    """Return a small photo of one colour."""
    return pictures.jpeg(shade=shade)


def test_with_the_main_script_missing_no_field_is_hidden(journey: Journey) -> None:
    page = journey.page_of("member")
    page.route("**/nagarvani.js*", lambda route: route.abort())
    page = journey.go("member", "/submissions/new")
    expect(page.locator("#files")).to_be_visible()
    page.locator("[name=priority][value=urgent]").check()
    expect(page.locator("#urgent_reason")).to_be_visible()
    journey.keep_picture(page, "half-a-script")


CLOCK_ERRORS = (timedelta(hours=-1), timedelta(hours=1), timedelta(days=400))


def test_nothing_shown_or_sent_depends_on_the_clock_of_the_phone(journey: Journey) -> None:
    """A wrong time or time zone of the phone changes neither the page nor the times it sends."""
    city_controls.set_slot_and_quiet_time(journey.town)
    approved = journey.town.approved()
    path, text = f"/posts/{approved}/schedule", journey.town.variants(approved)[0]
    journey.server.sign_in("clerk")
    widths = []
    for off in (timedelta(0), *CLOCK_ERRORS):
        zone = "Asia/Kolkata" if not off else "America/Los_Angeles"
        window = journey.browser.new_context(locale="mr-IN", timezone_id=zone)
        journey.server.use_session(window, "clerk", "mr")
        page = window.new_page()
        page.clock.set_fixed_time(datetime.now(UTC) + off)
        page.goto(journey.server.address + path)
        page.locator("details.more:has([name=fill]) > summary").first.click()
        with page.expect_navigation():
            page.locator("[name=fill]").first.click()
        widths.append([page.input_value(f"[name=text-{text}-due_at]")])
        page.goto(journey.server.address + "/calendar")
        widths[-1].append(page.locator("main").inner_text())
        window.close()
    assert "२०२६" in widths[0][0]
    for other in widths[1:]:
        assert other == widths[0]


def test_a_draft_kept_under_a_wrong_clock_is_there_when_the_clock_is_set(journey: Journey) -> None:
    page = journey.page_of("member")
    page.clock.install(time=datetime.now(UTC) + timedelta(hours=1))
    page = journey.go("member", "/submissions/new")
    page.locator("#title").press_sequentially(TITLE[:6])
    page.clock.run_for(2_000)
    expect(page.locator("#hand-in [data-draft-note]")).not_to_be_empty()
    page.clock.set_fixed_time(datetime.now(UTC))
    page.reload()
    expect(page.locator("#title")).to_have_value(TITLE[:6])


def test_going_back_after_each_step_of_a_post_repeats_none_of_them(journey: Journey) -> None:
    page = hand_in(journey)
    go_back_and_forward(page)
    assert row_count(journey, Submission) == 1

    post_id = journey.town.draft(journey.town.hand_in())
    page = save_draft(journey, post_id, "शनिवारी पाणी नाही.")
    go_back_and_forward(page)
    revisions = row_count(journey, Revision)
    page = journey.go("clerk", f"/posts/{post_id}/draft")
    with page.expect_navigation():
        page.locator("button[value=send]").click()
    go_back_and_forward(page)
    page = journey.go("first", f"/posts/{post_id}/review")
    page.locator(".decision-bar .btn-act").click()
    expect(page.locator("main")).to_contain_text("मान्यता दिली")
    go_back_and_forward(page)
    schedule(journey, post_id)
    verbs = journey.town.verbs("posts", post_id)
    assert (verbs.count("send_for_review"), verbs.count("approve")) == (1, 1)
    assert row_count(journey, Revision) == revisions


def schedule(journey: Journey, post_id: int) -> None:
    """Schedule the post, then go back: its time stands there as a fact."""
    variant = journey.town.variants(post_id)[0]
    page = journey.go("clerk", f"/posts/{post_id}/schedule")
    page.fill(f"[name=text-{variant}-due_at]", "28/11/2026 10:00")
    with page.expect_navigation():
        page.locator(ACT).first.click()
    expect(page.locator("main")).to_contain_text("२८ नोव्हेंबर")
    with page.expect_navigation():
        page.go_back()
    expect(page.locator("main")).to_contain_text("२८ नोव्हेंबर")
    expect(page.locator("[name=chosen]")).to_have_count(0)


def go_back_and_forward(page: Page) -> None:
    """Go back to the form, forward again and reload; no request fails."""
    codes: list[int] = []
    page.on("response", lambda code: codes.append(code.status))
    path = path_of(page)
    page.go_back()
    expect(page.locator("h1")).to_be_visible()
    page.go_forward()
    assert path_of(page) == path
    page.reload()
    assert path_of(page) == path
    assert [code for code in codes if code >= 400] == []
