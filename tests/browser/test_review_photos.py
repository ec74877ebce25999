"""The photos of a review are seen before the button approves, or the record says why not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from sqlalchemy import select

from publisher.drafting.drafts import PictureDraft
from publisher.models.posts import Decision, Language, PictureView
from tests.browser.journey import Journey, open_journey
from tests.support import chromium
from tests.support.accessibility import examine
from tests.support.city_people import MINUTE
from tests.support.forms import photo
from tests.support.runs import Run

LOOK, APPROVE = "[data-look]", "form[action$='/approve'] .btn-act"
WHOLE, COPY = re.compile(r"size=whole"), re.compile(r"size=light")


@pytest.fixture(scope="module")
def journey(
    browser: Browser, run: Run, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Journey]:
    folder = tmp_path_factory.mktemp("review-photos")
    with open_journey(browser, run, folder, width=390, shoot=lambda _page, _name: None) as opened:
        opened.server.sign_in("first")
        yield opened


@pytest.fixture
def post_id(journey: Journey) -> int:
    """Return a post of two texts with two photos, in review."""
    town = journey.town
    post_id = town.start(town.hand_in())
    pictures = tuple(
        PictureDraft("पाण्याची टाकी", content=photo(*size, colour=colour))
        for colour, size in (("teal", (1200, 900)), ("navy", (900, 1600)))
    )
    town.save(post_id, on=["x", "facebook"], pictures=pictures, languages=(Language.MARATHI,))
    town.send(post_id)
    return post_id


@pytest.fixture
def new_page(journey: Journey) -> Iterator[Callable[..., Page]]:
    """Return what opens an officer's page in a window that has stored nothing."""
    windows = []

    def open_page(*, javascript: bool = True, size: tuple[int, int] = (390, 844)) -> Page:
        windows.append(chromium.open_window(journey.browser, width=390, javascript=javascript))
        journey.server.use_session(windows[-1], "first", "mr")
        page = windows[-1].new_page()
        page.set_viewport_size({"width": size[0], "height": size[1]})
        return page

    yield open_page
    for window in windows:
        window.close()


def open_review(journey: Journey, page: Page, post_id: int) -> None:
    page.goto(f"{journey.server.address}/posts/{post_id}/review")


def fail(route: Route) -> None:
    route.abort()


def recorded(journey: Journey, post_id: int) -> PictureView | None:
    with journey.town.read() as session:
        query = select(Decision.picture_view).join(Decision.revision).filter_by(post_id=post_id)
        return session.scalars(query).one()


def approve(page: Page) -> None:
    with page.expect_navigation():
        page.locator(APPROVE).click()


@pytest.mark.parametrize(
    "size", [(390, 844), (1280, 800), (844, 390)], ids=["phone", "desk", "flat"]
)
def test_the_button_leads_to_each_photo_and_then_approves(
    journey: Journey, post_id: int, new_page: Callable[..., Page], size: tuple[int, int]
) -> None:
    page = new_page(size=size)
    open_review(journey, page, post_id)
    for left in ("२", "१"):
        expect(page.locator(LOOK)).to_have_text(f"फोटो पाहा ({left} बाकी)")
        assert not page.locator(APPROVE).is_visible()
        assert page.locator(".decision-bar .btn-act:visible").count() == 0
        page.locator(LOOK).click()
    expect(page.locator(APPROVE)).to_be_visible()
    assert not page.locator(LOOK).is_visible()
    assert page.evaluate("document.activeElement.textContent").startswith("फोटो २")
    approve(page)
    assert recorded(journey, post_id) is PictureView.SHOWN


def test_a_photo_counts_once_it_has_stood_on_the_screen_for_a_moment(
    journey: Journey, post_id: int, new_page: Callable[..., Page]
) -> None:
    page, now = new_page(), journey.town.now
    page.clock.install(time=now)
    open_review(journey, page, post_id)
    page.clock.pause_at(now + MINUTE)
    photos = page.locator("[data-photo] img")
    for number in (0, 1, 0, 1):
        photos.nth(number).evaluate("image => image.scrollIntoView({ block: 'center' })")
        photos.nth(number).evaluate("image => image.decode()")
        page.wait_for_timeout(200)  # the browser's own time: it notices the photo
        page.clock.run_for(500)
    expect(page.locator(LOOK)).to_have_text("फोटो पाहा (२ बाकी)")
    page.clock.run_for(500)
    expect(page.locator(LOOK)).to_have_text("फोटो पाहा (१ बाकी)")


def test_a_photo_that_fails_is_offered_again(
    journey: Journey, post_id: int, new_page: Callable[..., Page]
) -> None:
    page, now = new_page(), journey.town.now
    page.route(WHOLE, fail)
    page.clock.install(time=now)
    open_review(journey, page, post_id)
    page.clock.pause_at(now + MINUTE)  # so that it is not offered for being slow
    page.locator(LOOK).click()
    first = page.locator("[data-photo]").first
    expect(first.get_by_text("हा फोटो दिसू शकला नाही.")).to_be_visible()
    assert not first.locator("[data-elsewhere]").is_visible()
    assert not page.locator(APPROVE).is_visible()
    page.clock.resume()
    assert examine(page).violations == ()
    page.unroute(WHOLE)
    first.locator("[data-load]").first.click()
    expect(page.locator(LOOK)).to_have_text("फोटो पाहा (१ बाकी)")
    assert not first.locator("[data-offers]").is_visible()
    cropped = page.locator(".preview-grid img").first
    expect(cropped).to_have_js_property("complete", value=True)
    assert cropped.evaluate("image => image.naturalWidth") > 0, "the crop is shown again, too"


def test_a_small_copy_counts_as_the_photo(
    journey: Journey, post_id: int, new_page: Callable[..., Page]
) -> None:
    page = new_page()
    page.route(WHOLE, fail)
    open_review(journey, page, post_id)
    for number, left in enumerate("२१"):
        expect(page.locator(LOOK)).to_have_text(f"फोटो पाहा ({left} बाकी)")
        page.locator(LOOK).click()
        with page.expect_response(COPY) as copy:
            page.locator("[data-is-copy]:visible").first.click()
        assert len(copy.value.body()) <= 15_000
        expect(page.locator("[data-photo]").nth(number).locator("[data-offers]")).to_be_hidden()
    expect(page.locator(APPROVE)).to_be_visible()
    approve(page)
    assert recorded(journey, post_id) is PictureView.SHOWN


def test_where_the_copy_fails_a_tick_takes_its_place(
    journey: Journey, post_id: int, new_page: Callable[..., Page]
) -> None:
    page = new_page()
    for size in (WHOLE, COPY):
        page.route(size, fail)
    open_review(journey, page, post_id)
    for number in range(2):
        page.locator(LOOK).click()
        photo_item = page.locator("[data-photo]").nth(number)
        photo_item.locator("[data-is-copy]").click()
        photo_item.locator("[data-elsewhere]").check()
    assert examine(page).violations == ()
    expect(page.locator(APPROVE)).to_be_visible()
    page.locator("[data-elsewhere]").first.uncheck()
    expect(page.locator(LOOK)).to_have_text("फोटो पाहा (१ बाकी)")
    page.locator("[data-elsewhere]").first.check()
    approve(page)
    assert recorded(journey, post_id) is PictureView.TICKED


def test_a_slow_photo_is_offered_again_too(
    journey: Journey, post_id: int, new_page: Callable[..., Page]
) -> None:
    page = new_page()
    page.clock.install()
    page.route(WHOLE, lambda _route: None)
    page.goto(f"{journey.server.address}/posts/{post_id}/review", wait_until="domcontentloaded")
    page.locator(LOOK).click()
    offers = page.locator("[data-offers]").first
    page.wait_for_timeout(200)
    assert not offers.is_visible()
    page.clock.run_for(9_000)
    expect(offers).to_be_visible()
    page.unroute(WHOLE)


@pytest.mark.parametrize("lost", ["every script", "review-photos", "nagarvani"])
def test_without_javascript_the_buttons_stand_below_the_photos(
    journey: Journey, post_id: int, new_page: Callable[..., Page], lost: str
) -> None:
    page = new_page(javascript=lost != "every script")
    page.route(f"**/{lost}.js*", fail)
    open_review(journey, page, post_id)
    assert page.locator(APPROVE).is_visible()
    assert not page.locator(LOOK).is_visible()
    last = page.locator("[data-photo] img").last.bounding_box()
    bar = page.locator(".decision-bar").bounding_box()
    assert last is not None
    assert bar is not None
    assert bar["y"] >= last["y"] + last["height"]
    approve(page)
    assert recorded(journey, post_id) is PictureView.NOT_KNOWN


def test_a_post_without_photos_has_its_button_at_once(
    journey: Journey, new_page: Callable[..., Page]
) -> None:
    post_id = journey.town.in_review(on=["x"])
    page = new_page()
    open_review(journey, page, post_id)
    bar = page.locator(".decision-bar").bounding_box()
    assert bar is not None
    assert bar["y"] + bar["height"] <= 845
    approve(page)
    assert recorded(journey, post_id) is None


def test_a_double_press_does_not_approve(journey: Journey, new_page: Callable[..., Page]) -> None:
    town = journey.town
    post_id = town.start(town.hand_in())
    town.save(post_id, on=["x"], pictures=(PictureDraft("टाकी", content=photo(1200, 900)),))
    town.send(post_id)
    page = new_page()
    open_review(journey, page, post_id)
    page.locator(LOOK).dblclick()
    expect(page.locator(APPROVE)).to_be_visible()
    with town.read() as session:
        query = select(Decision).join(Decision.revision).filter_by(post_id=post_id)
        assert session.scalars(query).all() == []
