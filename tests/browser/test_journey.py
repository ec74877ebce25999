"""A notice's whole way in Chromium, in Marathi, on a phone and on a wide screen, with pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from demo import notices
from demo.notices import DemoNotice
from publisher.i18n.languages import digits
from tests.browser.journey import Journey, open_journey, path_of, see_photos, unfold
from tests.support.city_people import HOUR, NOON
from tests.support.runs import Run

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]
ACT = ".submit-bar .btn-act"


@pytest.fixture(params=[390, 1280])
def journey(
    request: pytest.FixtureRequest,
    browser: Browser,
    run: Run,
    tmp_path: Path,
    shoot: Callable[[Page, str], None],
) -> Iterator[Journey]:
    """Open a city at this width."""
    with open_journey(browser, run, tmp_path, width=request.param, shoot=shoot) as opened:
        yield opened


@pytest.fixture
def notice() -> DemoNotice:
    """The demo's notice of a water cut, dated by the city's day."""
    return notices.notices_by_key(NOON)["water-cut"]


def press(page: Page, selector: str) -> None:
    """Click, and wait for the page that follows."""
    with page.expect_navigation():
        page.locator(selector).first.click()


def test_a_notice_is_handed_in_drafted_approved_published_and_answered(
    journey: Journey, notice: DemoNotice, tmp_path: Path
) -> None:
    hand_in(journey, notice, tmp_path)
    post = draft(journey, notice)
    decide(journey, post)
    schedule(journey, post)
    reply_to_comment(journey)


def hand_in(journey: Journey, notice: DemoNotice, tmp_path: Path) -> None:
    """Let the member hand in a notice with a photo; the page shows its number at once."""
    photo = tmp_path / "IMG_2214.jpg"
    photo.write_bytes(notice.photos[1].read())
    page = journey.go("member", "/")
    journey.keep_picture(page, "today-empty")
    page = journey.go("member", "/submissions/new")
    page.get_by_label("जाहीर प्रकटन").check()
    page.fill("#title", notice.mr.title)
    page.fill("#text_mr", notice.mr.body)
    page.set_input_files("#files", photo)
    page.fill("[data-row] [name=alt_mr]", notice.photos[1].alt_mr)
    page.fill("#wished_at", "27/11/2026 सायं. ६")
    page.fill("#outward_number", notice.outward)
    journey.keep_picture(page, "hand-in")
    press(page, ACT)
    expect(page.locator(".flashes")).to_contain_text("PMC/2026/000001")
    expect(page.locator("main")).to_contain_text("किरण वाबळे")
    journey.keep_picture(page, "status-received")


def draft(journey: Journey, notice: DemoNotice) -> str:
    """Let the clerk write four texts with live previews, and send them; return the post's path."""
    page = journey.go("clerk", "/")
    journey.keep_picture(page, "today-clerk")
    press(page, ".work-item a")
    press(page, "form[action$='/draft'] button")
    journey.keep_picture(page, "draft-begun")
    write_texts(page, notice)
    page.fill("#alt_0_en", notice.photos[1].alt_en)
    journey.keep_picture(page, "draft-written")
    press(page, "button[value=send]")
    journey.keep_picture(page, "post-in-review")
    return path_of(page)


def write_texts(page: Page, notice: DemoNotice) -> None:
    """Write the text of each account in both languages; each preview shows it at once."""
    names = page.eval_on_selector_all(
        "textarea[name^=text_]", "elements => elements.map(element => element.name)"
    )
    assert len(names) == 4
    x = names[0].split("_")[1]
    for name in names:
        wording = notice.mr if name.endswith("_mr") else notice.en
        text = wording.text_on("x") if name.split("_")[1] == x else wording.text_on("facebook")
        unfold(page, f"[name={name}]")
        page.fill(f"[name={name}]", text)
        preview = page.locator(f"[data-preview-of={name}]")
        expect(preview).to_contain_text(text.split("\n")[0][:60])


def decide(journey: Journey, post: str) -> None:
    """Let the officer see the whole post as it will be published, and approve it."""
    page = journey.go("first", "/")
    journey.keep_picture(page, "today-officer")
    press(page, ".work-item a[href$='/review']")
    assert path_of(page) == f"{post}/review"
    assert page.locator(".preview a[href='#photos']").count() == 4
    assert page.locator("#photos img").count() == 1
    journey.keep_picture(page, "review")
    see_photos(page)
    press(page, ".decision-bar .btn-act")
    journey.keep_picture(page, "approved")


def schedule(journey: Journey, post: str, *, by: str = "clerk") -> None:
    """Let somebody schedule the first text and publish the others; all are published."""
    page = journey.go(by, post)
    press(page, "a[href$='/schedule']")
    due_at = journey.town.now + HOUR
    first, *others = [field.get_attribute("value") for field in page.locator("[name=chosen]").all()]
    page.fill(f"#text-{first}-due_at", "25/11/2026 13:30")
    for other in others:
        # By key: a click on a machine under load can meet a page that still scrolls, and miss.
        page.press(f"#chosen-{other}", "Space")
        assert not page.is_checked(f"#chosen-{other}")
    journey.keep_picture(page, "schedule")
    press(page, ACT)
    press(page, "a[href$='/schedule']")
    press(page, "button[formaction$='/publish-now']")
    journey.keep_picture(page, "scheduled")
    journey.keep_picture(journey.go(by, "/calendar"), "calendar")
    journey.town.tick_dispatch(timedelta(minutes=1))
    assert len(journey.town.platform("x").published) == 1
    journey.town.clock.at = due_at + timedelta(minutes=31)
    journey.town.tick_dispatch()
    assert len(journey.town.platform("x").published) == 2
    assert len(journey.town.platform("facebook").published) == 2
    page = journey.go("member", "/submissions?view=all")
    journey.keep_picture(page, "submissions-live")
    press(page, "a.title-link")
    assert page.locator("a[rel~=external]").count() >= 4
    journey.keep_picture(page, "status-live")


def reply_to_comment(journey: Journey) -> None:
    """Let a citizen comment and the officer answer; the answer goes live under that comment."""
    town = journey.town
    parent = town.platform("x").published[0].platform_id
    comment = town.platform("x").citizen_says(
        "kadhi yenar pani? tanker pathva", parent_id=parent, author="udaharan_rk"
    )
    town.listen(timedelta(minutes=10))
    page = journey.go("first", "/")
    journey.keep_picture(page, "today-comment")
    press(page, ".work-item a[href^='/comments/']")
    page.fill("#text", "शनिवारी रात्री ९ नंतर. टँकरसाठी ०२०-५५५०-०१२३. – पाणीपुरवठा विभाग")
    journey.keep_picture(page, "answering")
    press(page, ACT)
    town.tick_dispatch()
    town.note_answers()
    page.reload()
    expect(page.locator(".chip").filter(has_text="उत्तर दिले").first).to_be_visible()
    journey.keep_picture(page, "answered")
    assert town.platform("x").published[-1].parent_id == comment


def test_the_counter_of_x_grows_by_the_link_and_agrees_with_the_server(
    browser: Browser, run: Run, tmp_path: Path, shoot: Callable[[Page, str], None]
) -> None:
    with open_journey(browser, run, tmp_path, width=1280, shoot=shoot) as journey:
        post_id = journey.town.start(journey.town.hand_in())
        page = journey.go("clerk", f"/posts/{post_id}/draft")
        field = page.locator("textarea[name^=text_][name$=_mr]").first
        name = str(field.get_attribute("name"))
        counter = page.locator(f"#{name}-counter")
        field.fill("पाणी\n" + "अ" * 265)
        expect(counter).to_contain_text(digits("270", "mr"))
        assert "counter-near" in str(counter.get_attribute("class"))
        unfold(page, "#link")
        page.fill("#link", "https://www.example.com/pani/velapatrak")
        expect(counter).to_contain_text(digits("294", "mr"))
        assert "counter-over" in str(counter.get_attribute("class"))
        preview = page.locator(f"[data-preview-of={name}]")
        expect(preview).to_contain_text("https://www.example.com/pani/velapatrak")
        journey.keep_picture(page, "over-by-the-link")
        press(page, "button[value=save]")
        expect(page.locator(".error-summary")).to_contain_text(digits("294", "mr"))
        expect(page.locator(f"#{name}-counter")).to_contain_text(digits("294", "mr"))
        page.fill("#link", "")
        expect(page.locator(f"#{name}-counter")).to_contain_text(digits("270", "mr"))
