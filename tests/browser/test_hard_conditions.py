"""Hard conditions: half the script, a wrong clock, large letters on a small phone, going back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select

from publisher.models.posts import Revision
from publisher.models.submissions import Submission
from tests.browser.cases import CASES, FAILURES
from tests.browser.conftest import Looking, Places
from tests.browser.test_every_page import open_case
from tests.browser.walking import Walk, path_of, walking
from tests.support import planned
from tests.support.runs import Run
from tests.web import pictures

pytestmark = pytest.mark.proof

ACT = ".submit-bar .btn-act"
TITLE, TEXT = "उद्याने उशिरापर्यंत खुली", "सर्व उद्याने रात्री ९ पर्यंत खुली राहतील."
SCRIPTS = ("nagarvani", "hand-in", "counting-tables", "counting")
Shoot = Callable[[Page, str], Path]


@pytest.fixture
def walk(browser: Browser, run: Run, tmp_path: Path, shoot: Shoot) -> Iterator[Walk]:
    """A walk on a phone."""
    with walking(browser, run, tmp_path, width=390, shoot=shoot) as begun:
        yield begun


def number_of(walk: Walk, what: type[Submission | Revision]) -> int:
    """How many there are."""
    with walk.town.read() as session:
        return session.scalar(select(func.count()).select_from(what)) or 0


def hand_in(walk: Walk, photo: Path | None = None) -> Page:
    """Fill the form in and send it."""
    page = walk.go("member", "/submissions/new")
    page.locator("[name=kind][value=public_notice]").check()
    page.fill("#title", TITLE)
    page.fill("#text_mr", TEXT)
    if photo is not None:
        page.set_input_files("#files", photo)
    page.locator(ACT).click()
    expect(page.locator(".flashes")).to_contain_text("PMC/2026/")
    return page


def save_draft(walk: Walk, post_id: int, text: str) -> Page:
    """Write a revision."""
    page = walk.go("clerk", f"/posts/{post_id}/draft")
    page.locator("textarea[name^=text_]").first.fill(text)
    with page.expect_navigation():
        page.locator("button[value=save]").click()
    return page


def test_without_any_one_script_posts_are_submitted_drafted_and_decided(walk: Walk) -> None:
    """A weak line brings one file and not the other; every form is sent and taken all the same."""
    for at, script in enumerate(SCRIPTS, start=1):
        for who in ("member", "clerk", "first"):
            walk.person(who).route(f"**/{script}.js*", lambda route: route.abort())
        photo = walk.counter.town.store.root.parent / f"टाकी{at}.jpg"
        photo.write_bytes(picture(at * 20))
        hand_in(walk, photo)
        assert number_of(walk, Submission) == 2 * at - 1, script
        post_id = walk.town.draft(walk.town.hand_in())
        before = number_of(walk, Revision)
        save_draft(walk, post_id, f"पाणी {at}")
        assert number_of(walk, Revision) == before + 1, script
        walk.town.send(post_id)
        page = walk.go("first", f"/posts/{post_id}/review")
        page.locator(".decision-bar .btn-act").click()
        expect(page.locator("main")).to_contain_text("मान्यता दिली")
        for who in ("member", "clerk", "first"):
            walk.person(who).unroute(f"**/{script}.js*")


def picture(shade: int) -> bytes:
    """A small photo of one colour."""
    return pictures.jpeg(shade=shade)


def test_with_the_main_script_missing_no_field_is_hidden(walk: Walk) -> None:
    page = walk.person("member")
    page.route("**/nagarvani.js*", lambda route: route.abort())
    page = walk.go("member", "/submissions/new")
    expect(page.locator("#files")).to_be_visible()
    page.locator("[name=priority][value=urgent]").check()
    expect(page.locator("#urgent_reason")).to_be_visible()
    walk.keep(page, "half-a-script")


OFF = (timedelta(hours=-1), timedelta(hours=1), timedelta(days=400))


def test_nothing_shown_or_sent_depends_on_the_clock_of_the_phone(walk: Walk) -> None:
    """An hour off, a year off, and in another time zone: the same page, the same times sent."""
    planned.set_times(walk.town)
    approved = walk.town.approved()
    path = f"/posts/{approved}/variants/{walk.town.variants(approved)[0]}/schedule"
    walk.counter.sign_in("clerk")
    widths = []
    for off in (timedelta(0), *OFF):
        zone = "Asia/Kolkata" if not off else "America/Los_Angeles"
        window = walk.browser.new_context(locale="mr-IN", timezone_id=zone)
        walk.counter.enter(window, "clerk", "mr")
        page = window.new_page()
        page.clock.set_fixed_time(datetime.now(UTC) + off)
        page.goto(walk.counter.address + path)
        with page.expect_navigation():
            page.locator("[name=fill]").first.click()
        widths.append([field.input_value() for field in page.locator("[name=day]").all()])
        widths[-1].append(page.input_value("[name=clock]"))
        page.goto(walk.counter.address + "/calendar")
        widths[-1].append(page.locator("main").inner_text())
        window.close()
    assert widths[0][0].isdecimal()
    for other in widths[1:]:
        assert other == widths[0]


def test_a_draft_kept_under_a_wrong_clock_is_there_when_the_clock_is_set(walk: Walk) -> None:
    page = walk.person("member")
    page.clock.install(time=datetime.now(UTC) + timedelta(hours=1))
    page = walk.go("member", "/submissions/new")
    page.locator("#title").press_sequentially(TITLE[:6])
    page.clock.run_for(2_000)
    expect(page.locator("#hand-in [data-draft-note]")).not_to_be_empty()
    page.clock.set_fixed_time(datetime.now(UTC))
    page.reload()
    expect(page.locator("#title")).to_have_value(TITLE[:6])


def test_going_back_after_each_step_of_a_post_repeats_none_of_them(walk: Walk) -> None:
    page = hand_in(walk)
    back_and_forth(page)
    assert number_of(walk, Submission) == 1

    post_id = walk.town.draft(walk.town.hand_in())
    page = save_draft(walk, post_id, "शनिवारी पाणी नाही.")
    back_and_forth(page)
    revisions = number_of(walk, Revision)
    page = walk.go("clerk", f"/posts/{post_id}/draft")
    with page.expect_navigation():
        page.locator("button[value=send]").click()
    back_and_forth(page)
    page = walk.go("first", f"/posts/{post_id}/review")
    page.locator(".decision-bar .btn-act").click()
    expect(page.locator("main")).to_contain_text("मान्यता दिली")
    back_and_forth(page)
    schedule(walk, post_id)
    verbs = walk.town.verbs("posts", post_id)
    assert (verbs.count("send_for_review"), verbs.count("approve")) == (1, 1)
    assert number_of(walk, Revision) == revisions


def schedule(walk: Walk, post_id: int) -> None:
    """Set its time; going back and sending the same once more changes nothing."""
    variant = walk.town.variants(post_id)[0]
    page = walk.go("clerk", f"/posts/{post_id}/variants/{variant}/schedule")
    for number, part in enumerate(("28", "11", "2026")):
        page.locator("[name=day]").nth(number).fill(part)
    page.fill("[name=clock]", "10:00")
    with page.expect_navigation():
        page.locator(ACT).first.click()
    expect(page.locator("main")).to_contain_text("२८ नोव्हेंबर")
    with page.expect_navigation():
        page.go_back()
    with page.expect_navigation():
        page.locator(ACT).first.click()
    expect(page.locator("main")).to_contain_text("२८ नोव्हेंबर")


def back_and_forth(page: Page) -> None:
    """Back to what was sent, forth again, and a reload: a page comes each time, none breaks."""
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


WIDER = """() => {
  document.documentElement.style.fontSize = '200%';
  const root = document.documentElement;
  const room = root.clientWidth;
  if (root.scrollWidth <= room) { return []; }
  const kept = ['auto', 'scroll', 'hidden', 'clip'];
  const scrolls = (one) => one !== document.body && (
    kept.includes(getComputedStyle(one).overflowX) || scrolls(one.parentElement));
  const right = (one) => Math.round(one.getBoundingClientRect().right);
  return [...document.querySelectorAll('body *')]
    .filter((one) => right(one) > room + 1 && !scrolls(one.parentElement))
    .map((one) => `${one.tagName}.${one.getAttribute('class')} ${right(one)}`)
    .concat([`the page: ${root.scrollWidth}`]).slice(0, 6);
}"""


@pytest.mark.timeout(900)
def test_letters_twice_as_large_fit_on_a_small_phone(places: Places, looking: Looking) -> None:
    """Every page at 320 px with its letters at 200 %: nothing is read by scrolling sideways."""
    wide = {}
    for case in (*CASES, *FAILURES):
        open_case(case, "mr", places, looking)
        looking.page.set_viewport_size({"width": 320, "height": 640})
        if wider := looking.page.evaluate(WIDER):
            wide[case.id] = wider
        looking.page.evaluate("window.localStorage.clear()")
    assert wide == {}


MAIN_LINE = {
    "submissions.new-member",
    "drafting.edit-saved",
    "reviewing.show-changed",
    "scheduling.schedule-asked",
    "inbox.show-overdue",
}


def test_letters_twice_as_large_fit_where_the_work_is_done(
    places: Places, looking: Looking
) -> None:
    wide = {}
    for case in CASES:
        if case.id in MAIN_LINE:
            open_case(case, "mr", places, looking)
            looking.page.set_viewport_size({"width": 320, "height": 640})
            if wider := looking.page.evaluate(WIDER):
                wide[case.id] = wider
    assert wide == {}
