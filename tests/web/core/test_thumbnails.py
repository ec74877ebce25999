"""Small pictures of pages: made once, kept for ever, and seen by those who see the picture."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from PIL import Image, ImageColor

from publisher.drafting.drafts import PictureDraft
from tests.support.forms import photo
from tests.web.site import Site

WHOLE = (1200, 900)


def post_with_photo(site: Site, count: int = 2) -> int:
    city = site.city
    post_id = city.start(city.hand_in())
    colours = ("teal", "navy", "olive", "maroon")[:count]
    city.save(
        post_id,
        pictures=tuple(
            PictureDraft("टाकी", content=photo(*WHOLE, colour=colour), name="IMG_1.jpg")
            for colour in colours
        ),
    )
    city.send(post_id)
    return post_id


def addresses(site: Site, post_id: int) -> list[str]:
    """Return the addresses of the pictures on the page of the review."""
    page = site.browser("first").page(f"/posts/{post_id}/review")
    return [image.get("src") for image in page.all if image.tag == "img"]


def kept_thumbnails(site: Site) -> list[Path]:
    return sorted(path for path in site.city.store.root.rglob("*.*") if path.is_file())


def test_the_photos_of_a_review_come_whole_in_one_image(site: Site) -> None:
    post_id = post_with_photo(site)
    (address,) = set(addresses(site, post_id))
    answer = site.browser("first").get(address)
    assert answer.mimetype == "image/webp"
    assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    image = Image.open(BytesIO(answer.data)).convert("RGB")
    assert image.size == (240, 2 * 180)
    first, second = (image.getpixel((136, height)) for height in (102, 306))
    assert near(first, ImageColor.getrgb("teal"))
    assert near(second, ImageColor.getrgb("navy"))
    assert not image.getexif()
    assert len(answer.data) < 24_000


def near(one: object, other: object) -> bool:
    assert isinstance(one, tuple)
    assert isinstance(other, tuple)
    return all(abs(left - right) < 24 for left, right in zip(one, other, strict=True))


def test_a_revision_without_photos_has_no_contact_sheet(site: Site) -> None:
    post_id = post_with_photo(site)
    for revision in (0, 2, 10**30):
        path = f"/posts/{post_id}/contact-sheet?revision={revision}"
        assert site.browser("first").get(path).status_code == 404
    post_id = site.city.draft(site.city.hand_in())
    assert site.browser("first").get(f"/posts/{post_id}/contact-sheet").status_code == 404


def test_a_single_photo_is_shown_wider(site: Site) -> None:
    (address, *_others) = addresses(site, post_with_photo(site, count=1))
    assert max(Image.open(BytesIO(site.browser("first").get(address).data)).size) == 480


def test_a_small_picture_is_made_once_and_kept_beside_its_original(site: Site) -> None:
    address = addresses(site, post_with_photo(site, count=1))[0]
    assert kept_thumbnails(site) == []
    browser = site.browser("first")
    first = browser.get(address).data
    (kept,) = kept_thumbnails(site)
    made_at = kept.stat().st_mtime_ns
    assert browser.get(address).data == first == kept.read_bytes()
    assert kept.stat().st_mtime_ns == made_at
    assert kept.stem in set(site.city.store.digests())
    site.city.store.remove(kept.stem)
    assert kept_thumbnails(site) == []


def test_whoever_may_not_see_the_picture_sees_no_small_one(site: Site) -> None:
    address = addresses(site, post_with_photo(site))[0]
    assert site.browser("first").get(address).status_code == 200
    assert site.browser("road_member").get(address).status_code == 404
    assert site.nobody().get(address).status_code in (302, 401)


def test_where_nothing_can_be_stored_it_is_shown_all_the_same(site: Site) -> None:
    address = addresses(site, post_with_photo(site, count=1))[0]
    digest = address.rpartition("/")[2].partition("?")[0]
    folder = site.city.store.path(digest).parent
    (folder / f"{digest}.480").mkdir()  # nothing can take its place
    answer = site.browser("first").get(address)
    assert (answer.status_code, answer.mimetype) == (200, "image/webp")


def test_the_whole_picture_is_one_press_away(site: Site) -> None:
    page = site.browser("first").page(f"/posts/{post_with_photo(site)}/review")
    links = {link.get("href") for link in page.all if "/pictures/" in link.get("href")}
    assert len(links) >= 2
    for address in links:
        answer = site.browser("first").get(address)
        assert max(Image.open(BytesIO(answer.data)).size) == max(WHOLE)
