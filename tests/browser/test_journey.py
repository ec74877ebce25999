"""The main line in Chromium, in Marathi, on a phone and at the desk; pictures are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from demo import notices
from demo.notices import DemoNotice
from publisher.i18n.languages import digits
from tests.browser.walking import Walk, path_of, walking
from tests.support.city_people import HOUR, NOON
from tests.support.runs import Run

pytestmark = [pytest.mark.journey, pytest.mark.proof, pytest.mark.timeout(240)]
ACT = ".submit-bar .btn-act"


@pytest.fixture(params=[390, pytest.param(1280, marks=pytest.mark.proof)])
def walk(
    request: pytest.FixtureRequest,
    browser: Browser,
    run: Run,
    tmp_path: Path,
    shoot: Callable[[Page, str], Path],
) -> Iterator[Walk]:
    """A walk at this width."""
    with walking(browser, run, tmp_path, width=request.param, shoot=shoot) as begun:
        yield begun


@pytest.fixture
def notice() -> DemoNotice:
    """The water cut, as of the city's day."""
    return notices.as_of(NOON)["water-cut"]


def press(page: Page, selector: str) -> None:
    """Press what leads to another page."""
    with page.expect_navigation():
        page.locator(selector).first.click()


def test_a_notice_is_handed_in_drafted_approved_published_and_answered(
    walk: Walk, notice: DemoNotice, tmp_path: Path
) -> None:
    hand_in(walk, notice, tmp_path)
    post = draft(walk, notice)
    decide(walk, post)
    schedule(walk, post)
    reply_to_comment(walk)


def hand_in(walk: Walk, notice: DemoNotice, tmp_path: Path) -> None:
    """The member hands in with a photo of a phone; the number stands there at once."""
    photo = tmp_path / "IMG_2214.jpg"
    photo.write_bytes(notice.photos[1].read())
    page = walk.go("member", "/")
    walk.keep(page, "today-empty")
    page = walk.go("member", "/submissions/new")
    page.get_by_label("जाहीर प्रकटन").check()
    page.fill("#title", notice.mr.title)
    page.fill("#text_mr", notice.mr.body)
    page.set_input_files("#files", photo)
    page.fill("[data-row] [name=alt_mr]", notice.photos[1].alt_mr)
    when = ("27", "11", "2026")
    for mark, value in zip(("day", "month", "year"), when, strict=True):
        page.fill(f"#wished_day-{mark}", value)
    page.fill("#wished_clock", "18:00")
    page.fill("#outward_number", notice.outward)
    walk.keep(page, "hand-in")
    press(page, ACT)
    expect(page.locator(".flashes")).to_contain_text("PMC/2026/000001")
    expect(page.locator("main")).to_contain_text("किरण वाबळे")
    walk.keep(page, "status-received")


def draft(walk: Walk, notice: DemoNotice) -> str:
    """The clerk makes four texts of it, each with its live preview, and sends them."""
    page = walk.go("clerk", "/")
    walk.keep(page, "today-clerk")
    press(page, ".work-item a")
    press(page, "form[action$='/draft'] button")
    walk.keep(page, "draft-begun")
    names = page.eval_on_selector_all("textarea[name^=text_]", "all => all.map(one => one.name)")
    assert len(names) == 4
    x = names[0].split("_")[1]
    for name in names:
        wording = notice.mr if name.endswith("_mr") else notice.en
        text = wording.x if name.split("_")[1] == x else wording.facebook
        page.fill(f"[name={name}]", text)
        preview = page.locator(f"[data-preview-of={name}]")
        expect(preview).to_contain_text(text.split("\n")[0][:60])
    page.fill("#alt_0_en", notice.photos[1].alt_en)
    walk.keep(page, "draft-written")
    press(page, "button[value=send]")
    walk.keep(page, "post-in-review")
    return path_of(page)


def decide(walk: Walk, post: str) -> None:
    """The officer sees exactly what leaves, whole, and approves it."""
    page = walk.go("first", "/")
    walk.keep(page, "today-officer")
    press(page, ".work-item a[href$='/review']")
    assert path_of(page) == f"{post}/review"
    assert page.locator(".preview-grid img").count() == 4
    assert page.locator(".decision-bar .btn-act").is_visible()
    walk.keep(page, "review")
    press(page, ".decision-bar .btn-act")
    walk.keep(page, "approved")


def schedule(walk: Walk, post: str) -> None:
    """The clerk gives the first text its time and lets the others leave; all go out."""
    page = walk.go("clerk", post)
    press(page, "a[href$='/schedule']")
    due_at = walk.town.now + HOUR
    for mark, value in (("day", "25"), ("month", "11"), ("year", "2026")):
        page.fill(f"#day-{mark}", value)
    page.fill("#clock", "13:30")
    walk.keep(page, "schedule")
    press(page, ACT)
    while page.locator("a[href$='/schedule']").count():
        press(page, "a[href$='/schedule']")
        press(page, "form[action$='/publish-now'] button")
    walk.keep(page, "scheduled")
    walk.keep(walk.go("clerk", "/calendar"), "calendar")
    walk.town.tick_dispatch(timedelta(minutes=1))
    assert len(walk.town.platform("x").published) == 1
    walk.town.clock.at = due_at + timedelta(minutes=31)
    walk.town.tick_dispatch()
    assert len(walk.town.platform("x").published) == 2
    assert len(walk.town.platform("facebook").published) == 2
    page = walk.go("member", "/submissions?view=all")
    walk.keep(page, "submissions-live")
    press(page, "a.title-link")
    assert page.locator("a[rel~=external]").count() >= 4
    walk.keep(page, "status-live")


def reply_to_comment(walk: Walk) -> None:
    """A citizen asks, the officer answers, and sees the answer live under that very comment."""
    town = walk.town
    parent = town.platform("x").published[0].platform_id
    comment = town.platform("x").citizen_says(
        "kadhi yenar pani? tanker pathva", parent_id=parent, author="udaharan_rk"
    )
    town.listen(timedelta(minutes=10))
    page = walk.go("first", "/")
    walk.keep(page, "today-comment")
    press(page, ".work-item a[href^='/comments/']")
    page.fill("#text", "शनिवारी रात्री ९ नंतर. टँकरसाठी ०२०-५५५०-०१२३. – पाणीपुरवठा विभाग")
    walk.keep(page, "answering")
    press(page, ACT)
    town.tick_dispatch()
    town.note_answers()
    page.reload()
    expect(page.locator(".chip").filter(has_text="उत्तर दिले").first).to_be_visible()
    walk.keep(page, "answered")
    assert town.platform("x").published[-1].parent_id == comment


def test_the_counter_of_x_grows_by_the_link_and_agrees_with_the_server(
    browser: Browser, run: Run, tmp_path: Path, shoot: Callable[[Page, str], Path]
) -> None:
    with walking(browser, run, tmp_path, width=1280, shoot=shoot) as walk:
        post_id = walk.town.start(walk.town.hand_in())
        page = walk.go("clerk", f"/posts/{post_id}/draft")
        field = page.locator("textarea[name^=text_][name$=_mr]").first
        name = str(field.get_attribute("name"))
        counter = page.locator(f"#{name}-counter")
        field.fill("पाणी\n" + "अ" * 265)
        expect(counter).to_contain_text(digits("270", "mr"))
        assert "counter-near" in str(counter.get_attribute("class"))
        page.fill("#link", "https://www.example.com/pani/velapatrak")
        expect(counter).to_contain_text(digits("294", "mr"))
        assert "counter-over" in str(counter.get_attribute("class"))
        preview = page.locator(f"[data-preview-of={name}]")
        expect(preview).to_contain_text("https://www.example.com/pani/velapatrak")
        walk.keep(page, "over-by-the-link")
        press(page, "button[value=save]")
        expect(page.locator(".error-summary")).to_contain_text(digits("294", "mr"))
        expect(page.locator(f"#{name}-counter")).to_contain_text(digits("294", "mr"))
        page.fill("#link", "")
        expect(page.locator(f"#{name}-counter")).to_contain_text(digits("270", "mr"))
