"""What pages weigh on a phone: bytes on the wire and requests, as Chromium counts them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from publisher.drafting.drafts import PictureDraft
from publisher.models.posts import Language
from tests.browser.journey import Journey, open_journey
from tests.support import chromium
from tests.support.photos import phone_photo
from tests.support.runs import Run

pytestmark = pytest.mark.ci

log = logging.getLogger("weight")

MOST_AT_FIRST, MOST_LATER = 150_000, 25_000
"""Bytes of a page with all that it shows, to a phone that has seen none of ours, and to one that
has."""

MOST_OF_PHOTOS = 120_000
"""Bytes of the four photos of a review beside that."""

MOST_REQUESTS = 7
PHOTOS = 4


@pytest.fixture(scope="module")
def journey(
    browser: Browser, run: Run, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Journey]:
    folder = tmp_path_factory.mktemp("weight")
    with open_journey(browser, run, folder, width=390, shoot=lambda _page, _name: None) as opened:
        yield opened


@pytest.fixture(scope="module")
def post_id(journey: Journey) -> int:
    """Return a post of four texts with four photos of twelve megapixels, in review."""
    town = journey.town
    post_id = town.start(town.hand_in())
    pictures = tuple(
        PictureDraft(f"पाण्याची टाकी {number}", content=phone_photo()) for number in range(PHOTOS)
    )
    town.save(post_id, languages=(Language.MARATHI, Language.ENGLISH), pictures=pictures)
    town.send(post_id)
    return post_id


def new_phone(journey: Journey, who: str) -> Page:
    """Return a page of a phone that has fetched nothing yet, signed in as `who` or as nobody."""
    if who and (who, "mr") not in journey.server.cookies:
        journey.server.sign_in(who)
    window = chromium.open_window(journey.browser, width=390)
    journey.server.use_session(window, who, "mr")
    return window.new_page()


def fetched(page: Page, address: str, *, is_read: bool = False) -> dict[str, int]:
    """Open a page; return the bytes that came over the wire, headers included, by path.

    If it `is_read`, it is scrolled to each of its pictures.
    """
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    paths: dict[str, str] = {}
    sizes: dict[str, int] = {}

    def note_response(event: dict[str, Any]) -> None:
        if not event["response"].get("fromDiskCache"):
            paths[event["requestId"]] = urlsplit(event["response"]["url"]).path

    def note_end(event: dict[str, Any]) -> None:
        path, size = paths.get(event["requestId"]), int(event["encodedDataLength"])
        if path and size:
            sizes[path] = sizes.get(path, 0) + size

    session.on("Network.responseReceived", note_response)
    session.on("Network.loadingFinished", note_end)
    page.goto(address, wait_until="networkidle")
    page.evaluate("document.fonts.ready")
    for picture in page.locator("main img").all() if is_read else ():
        picture.scroll_into_view_if_needed()
        picture.evaluate("picture => picture.decode()")
    page.wait_for_load_state("networkidle")
    session.detach()
    log.info("%s: %d bytes in %d requests", urlsplit(address).path, sum(sizes.values()), len(sizes))
    return sizes


@pytest.mark.parametrize("who", ["", "first", "clerk"])
def test_a_first_page_is_light_and_the_next_one_lighter(journey: Journey, who: str) -> None:
    post_id = journey.town.draft(journey.town.hand_in())
    first = "/" if who else "/sign-in"
    later = {"": "/sign-in/forgotten", "first": "/submissions", "clerk": f"/posts/{post_id}/draft"}
    page = new_phone(journey, who)
    sizes = fetched(page, journey.server.address + first)
    assert any(path.endswith(".woff2") for path in sizes), "the font counts"
    assert sum(sizes.values()) <= MOST_AT_FIRST, sizes
    assert len(sizes) <= MOST_REQUESTS, sizes
    sizes = fetched(page, journey.server.address + later[who])
    assert later[who] in sizes
    assert sum(sizes.values()) <= MOST_LATER, sizes
    page.context.close()


def test_four_photos_to_be_approved_are_light(journey: Journey, post_id: int) -> None:
    """Each photo comes once: two platforms, two languages and the whole photo share it."""
    page = new_phone(journey, "first")
    path = f"/posts/{post_id}/review"
    sizes = fetched(page, journey.server.address + path, is_read=True)
    photos = {name: size for name, size in sizes.items() if "/pictures/" in name}
    assert len(photos) == PHOTOS
    assert sum(photos.values()) <= MOST_OF_PHOTOS, photos
    assert sum(sizes.values()) - sum(photos.values()) <= MOST_AT_FIRST, sizes
    assert len(sizes) - PHOTOS <= MOST_REQUESTS, sizes
    again = fetched(page, journey.server.address + path, is_read=True)
    assert not set(again) & set(photos)
    assert sum(again.values()) <= MOST_LATER, again
    page.context.close()
