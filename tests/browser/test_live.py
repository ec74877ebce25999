"""A page that stays open follows what happens, and takes nothing away that its reader is doing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, expect
from sqlalchemy import update

from publisher.models.comments import Comment
from publisher.models.people import SignIn
from publisher.review import withdraw
from tests.browser.journey import Journey, open_journey
from tests.support.city_people import HOUR, MINUTE
from tests.support.runs import Run

pytestmark = pytest.mark.ci

TEXT = "पाणी नक्की कधी येणार?"
TYPED = "उद्या सकाळी सहा वाजता."
NEW, PAUSED, GO_ON = "नवीन माहिती आली आहे: दाखवा", "हे पान थांबले आहे", "पुढे चालू ठेवण्यासाठी"
ENDED, SIGN_IN = "आपल्या साइन इनची मुदत संपली.", "साइन इन करा"
TITLE = "आजची कामे – नगरवाणी"
SLACK = 15
"""Seconds that a busy machine may need, beyond those that the page waits."""

HIDE = """
(() => {
  let hidden = false;
  Object.defineProperty(document, "hidden", { get: () => hidden });
  window.hide = (value) => {
    hidden = value;
    document.dispatchEvent(new Event("visibilitychange"));
  };
})();
"""
NOTICES = """
window.notices = [];
window.Notification = class extends EventTarget {
  static get permission() { return sessionStorage.getItem("permission") || "default"; }
  static async requestPermission() {
    sessionStorage.setItem("permission", "granted");
    return "granted";
  }
  constructor(title, options) { super(); window.notices.push(title + " | " + options.body); }
  close() {}
};
"""


@pytest.fixture
def journey(
    browser: Browser, run: Run, tmp_path: Path, shoot: Callable[[Page, str], None]
) -> Iterator[Journey]:
    with open_journey(browser, run, tmp_path, width=1280, shoot=shoot) as opened:
        yield opened


def questions(page: Page) -> list[str]:
    """Return a list to which each question of the page whether something has changed is added."""
    asked: list[str] = []

    def note(request: Request) -> None:
        if "/changes" in request.url:
            asked.append(request.url)

    page.on("request", note)
    return asked


def open_at(journey: Journey, who: str, path: str, *scripts: str) -> Page:
    """Open a page whose time stands still until it is moved on."""
    page = journey.page_of(who)
    page.clock.install()
    for script in scripts:
        page.add_init_script(script)
    page.goto(journey.server.address + path)
    return page


def test_a_comment_is_shown_on_today_within_eleven_seconds(journey: Journey) -> None:
    """By the browser's own clock, and without a reload; the tab and the title count it too."""
    live = journey.town.live()[0]
    page = journey.go("first", "/")
    page.evaluate("window.isTheSame = true")
    expect(page).to_have_title(TITLE)
    began = time.monotonic()
    journey.town.comment(TEXT, under=live)
    expect(page.locator("main")).to_contain_text(TEXT, timeout=(11 + SLACK) * 1_000)
    assert time.monotonic() - began < 11 + SLACK
    assert page.evaluate("window.isTheSame")
    expect(page.locator(".tabs [href='/'] .count")).to_have_text("१")
    expect(page).to_have_title(f"(१) {TITLE}")
    expect(page.locator("#spoken")).to_have_text("पानावर नवीन माहिती आली आहे.")
    assert page.locator("#spoken").get_attribute("role") == "status"


def test_a_visible_page_asks_every_ten_seconds(journey: Journey) -> None:
    page = open_at(journey, "first", "/")
    asked = questions(page)
    for number in range(1, 4):
        with page.expect_response("**/changes?*"):
            page.clock.run_for(10_000)
        page.wait_for_timeout(0)
        assert len(asked) == number


def test_typed_text_and_its_region_are_left_alone(journey: Journey) -> None:
    town = journey.town
    live = town.live()[0]
    comment = town.comment(under=live)
    page = open_at(journey, "first", f"/comments/{comment}")
    field = page.locator("#text")
    field.fill(TYPED)
    with page.expect_response("**/changes?*"):
        page.clock.run_for(10_000)
    town.comment(TEXT, under=live)
    with page.expect_response(lambda response: response.url.endswith(f"/comments/{comment}")):
        page.clock.run_for(10_000)
    expect(page.locator("[data-live=list]")).to_contain_text(TEXT)
    expect(field).to_have_value(TYPED)
    assert field.evaluate("field => field === document.activeElement")


def test_a_region_in_use_says_that_it_has_something_new(journey: Journey) -> None:
    town = journey.town
    live = town.live()[0]
    town.comment("पहिली टिप्पणी", under=live)
    page = open_at(journey, "first", "/comments")
    link = page.locator("[data-live=list] a").first
    link.focus()
    town.comment(TEXT, under=live)
    with page.expect_response("**/comments"):
        page.clock.run_for(10_000)
    show = page.get_by_role("button", name=NEW)
    expect(show).to_be_visible()
    expect(page.locator("[data-live=list]")).not_to_contain_text(TEXT)
    assert link.evaluate("link => link === document.activeElement")
    show.click()
    expect(page.locator("[data-live=list]")).to_contain_text(TEXT)
    expect(show).to_have_count(0)
    assert page.evaluate("document.activeElement.dataset.live") == "list"


def test_what_is_typed_stays_when_the_new_is_shown(journey: Journey) -> None:
    town = journey.town
    comment = town.comment(under=town.live()[0])
    page = open_at(journey, "first", f"/comments/{comment}")
    page.fill("#text", TYPED)
    lead = journey.page_of("lead")
    lead.goto(f"{journey.server.address}/comments/{comment}/close")
    lead.fill("#reason", "उत्तर आधीच दिले आहे.")
    with lead.expect_navigation():
        lead.locator(".submit-bar .btn-act").click()
    with page.expect_response(lambda response: response.url.endswith(f"/comments/{comment}")):
        page.clock.run_for(10_000)
    expect(page.locator("[data-live=head]")).to_contain_text("निकाली")
    expect(page.locator("#text")).to_have_value(TYPED)
    page.get_by_role("button", name=NEW).click()
    expect(page.locator("#text")).to_have_count(0)
    expect(page.locator("[data-live=answer]")).to_contain_text(TYPED)


def test_a_hidden_page_asks_once_a_minute_and_shows_all_when_it_is_seen(journey: Journey) -> None:
    live = journey.town.live()[0]
    page = open_at(journey, "first", "/", HIDE)
    page.evaluate("window.hide(true)")
    asked = questions(page)
    journey.town.comment(TEXT, under=live)
    page.clock.run_for(59_000)
    assert asked == []
    with page.expect_response("**/changes?*"):
        page.clock.run_for(1_000)
    expect(page.locator(".tabs [href='/'] .count")).to_have_text("१")
    expect(page).to_have_title(f"(१) {TITLE}")
    expect(page.locator("main")).not_to_contain_text(TEXT)
    page.evaluate("window.hide(false)")
    expect(page.locator("main")).to_contain_text(TEXT)


def test_a_page_untouched_for_two_hours_pauses_until_it_is_pressed(journey: Journey) -> None:
    live = journey.town.live()[0]
    page = open_at(journey, "first", "/")
    page.clock.fast_forward("02:00:01")
    expect(page.locator(".flashes")).to_contain_text(PAUSED)
    asked = questions(page)
    journey.town.comment(TEXT, under=live)
    page.clock.run_for(60_000)
    assert asked == []
    page.get_by_role("button", name=GO_ON).click()
    expect(page.locator("main")).to_contain_text(TEXT)
    expect(page.locator(".flashes")).not_to_contain_text(PAUSED)


def test_an_ended_session_is_said_once_and_asked_no_more(journey: Journey) -> None:
    page = open_at(journey, "first", "/")
    with journey.town.write() as session:
        session.execute(update(SignIn).values(ended_at=journey.town.now))
    page.clock.run_for(10_000)
    expect(page.locator(".flashes")).to_contain_text(ENDED)
    asked = questions(page)
    page.clock.run_for(60_000)
    assert asked == []
    expect(page.locator(".flashes .notice")).to_have_count(1)
    with page.expect_navigation():
        page.get_by_role("link", name=SIGN_IN).click()
    expect(page.locator("#password")).to_be_visible()


def test_a_deadline_that_passes_is_shown_by_itself(journey: Journey) -> None:
    """Nothing has happened but that time has passed: the page looks at its own deadlines."""
    town = journey.town
    comment = town.comment(under=town.live()[0])
    with town.read() as session:
        town.clock.at = session.get_one(Comment, comment).due_at - MINUTE / 2
    page = open_at(journey, "first", "/comments")
    expect(page.locator(".deadline")).not_to_have_count(0)
    expect(page.locator(".deadline-over")).to_have_count(0)
    town.clock.move(MINUTE)
    page.clock.run_for(40_000)
    expect(page.locator(".deadline-over")).not_to_have_count(0)


def test_the_browser_names_what_waits_and_nothing_else(journey: Journey) -> None:
    live = journey.town.live()[0]
    page = open_at(journey, "first", "/profile", HIDE, NOTICES)
    switch = page.locator("[data-notices]")
    expect(switch).to_have_text("ब्राउझर संदेश सुरू करा")
    switch.click()
    expect(switch).to_have_text("ब्राउझर संदेश बंद करा")
    assert notices_of_a_comment(journey, page, live) == [
        "नगरवाणी | आपल्यासाठी नवीन: आजची कामे, टिप्पण्या"
    ]
    page.goto(journey.server.address + "/profile")
    switch.click()
    expect(switch).to_have_text("ब्राउझर संदेश सुरू करा")
    assert notices_of_a_comment(journey, page, live) == []


def notices_of_a_comment(journey: Journey, page: Page, live: int) -> list[str]:
    """Return what the browser says when a comment arrives while Today is hidden."""
    page.goto(journey.server.address + "/")
    page.evaluate("window.hide(true)")
    journey.town.comment(TEXT, under=live)
    with page.expect_response("**/changes?*"):
        page.clock.run_for(60_000)
    expect(page).not_to_have_title(TITLE)
    notices: list[str] = page.evaluate("window.notices")
    return notices


@pytest.mark.parametrize("change", ["a new revision", "a decision of another", "withdrawn"])
def test_a_review_says_that_it_has_changed_and_stays_as_it_is(
    journey: Journey, change: str
) -> None:
    town = journey.town
    post_id = town.in_review()
    page = open_at(journey, "first", f"/posts/{post_id}/review")
    with page.expect_response("**/changes?*") as nothing:
        page.clock.run_for(10_000)
    assert nothing.value.status == 204
    before = layout_of(page)
    if change == "a new revision":
        town.save(post_id, text="पाणी संध्याकाळी सहा वाजता येईल.")
        town.send(post_id)
    elif change == "withdrawn":
        with town.write() as session:
            withdraw.withdraw_post(
                session,
                actor=town.actor("second"),
                now=town.now,
                post_id=post_id,
                reason="चुकीचा विषय आहे.",
            )
    else:
        town.approve(post_id, by="second")
    with page.expect_response(lambda response: response.url.endswith("/review")):
        page.clock.run_for(10_000)
    show = page.get_by_role("button", name=NEW)
    expect(show).to_be_visible()
    expect(page.locator("#spoken")).to_have_text(NEW)
    assert layout_of(page) == before, "not a pixel of what is decided about has moved"
    with page.expect_navigation():
        show.click()
    expect(show).to_have_count(0)
    assert layout_of(page) != before


def layout_of(page: Page) -> object:
    """Return the words of a review and the places of its texts and buttons."""
    parts = "h1, .over, .preview, .decision-bar .btn, [name=seen]"
    return page.locator(parts).evaluate_all(
        "all => all.map(part => [part.textContent, part.value || '',"
        " part.getBoundingClientRect().toJSON()])"
    )


def test_the_list_of_submissions_follows_but_not_under_a_tick(journey: Journey) -> None:
    town = journey.town
    town.hand_in("पहिला प्रस्ताव")
    page = open_at(journey, "clerk", "/submissions?holder=nobody")
    rows, views = page.locator(".list-submissions tbody tr"), page.locator("[data-live=views]")
    town.hand_in("दुसरा प्रस्ताव")
    with page.expect_response("**/submissions?*"):
        page.clock.run_for(10_000)
    expect(rows).to_have_count(2)
    expect(views).to_contain_text("२")
    tick = page.get_by_label("पहिला प्रस्ताव")
    tick.check()
    town.hand_in("तिसरा प्रस्ताव")
    with page.expect_response("**/submissions?*"):
        page.clock.run_for(10_000)
    expect(views).to_contain_text("३")
    expect(rows).to_have_count(2)
    page.get_by_role("button", name=NEW).click()
    expect(rows).to_have_count(3)
    expect(tick).to_be_checked()
    expect(page.locator("[data-print]")).to_be_visible()


def test_the_calendar_follows_but_not_while_a_post_is_dragged(journey: Journey) -> None:
    town = journey.town
    town.schedule(town.approved(), HOUR)
    untimed = town.approved("road")
    page = open_at(journey, "clerk", "/calendar")
    posts = page.locator(".month [data-move]")
    expect(posts).to_have_count(1)
    posts.first.hover()
    page.mouse.down()
    page.mouse.move(5, 5, steps=3)
    expect(page.locator("body[data-dragging]")).to_have_count(1)
    town.schedule(untimed, 3 * HOUR)
    with page.expect_response("**/changes?*"):
        page.clock.run_for(10_000)
    expect(posts).to_have_count(1)
    page.mouse.up()
    expect(page.locator("body[data-dragging]")).to_have_count(0)
    with page.expect_response("**/calendar"):
        page.clock.run_for(10_000)
    page.get_by_role("button", name=NEW).click()  # the dragged post has the focus
    expect(posts).to_have_count(2)
    posts.last.hover()
    page.mouse.down()
    page.mouse.move(5, 5, steps=3)
    expect(page.locator("body[data-dragging]")).to_have_count(1)
    page.mouse.up()
