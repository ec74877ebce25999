"""Small pictures of pages: made once, kept for ever, and seen by those who see the picture."""

from __future__ import annotations

from importlib.resources import files
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageColor

from publisher.drafting.drafts import PictureDraft
from publisher.media import images
from tests.support.forms import photo
from tests.support.photos import phone_photo
from tests.web.site import Site
from web.core.media import SIZES

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


def test_the_photos_of_a_review_come_whole_and_light(site: Site) -> None:
    small_ones = set(addresses(site, post_with_photo(site)))
    assert {address.partition("?size=")[2] for address in small_ones} == {"whole"}
    assert len(small_ones) == 2, "the texts and the whole photo share one file"
    for address in small_ones:
        answer = site.browser("first").get(address)
        assert answer.mimetype == "image/webp"
        assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
        image = Image.open(BytesIO(answer.data)).convert("RGB")
        assert image.size == (720, 540)
        assert any(
            near(image.getpixel((360, 270)), ImageColor.getrgb(colour))
            for colour in ("teal", "navy")
        )
        assert not image.getexif()
        assert len(answer.data) <= 30_000


def test_a_photo_of_much_detail_has_fewer_pixels_and_no_more_bytes(site: Site) -> None:
    city = site.city
    post_id = city.start(city.hand_in())
    city.save(post_id, pictures=(PictureDraft("टाकी", content=phone_photo((2000, 1500))),))
    city.send(post_id)
    (address,) = set(addresses(site, post_id))
    whole = site.browser("first").get(address).data
    copy = site.browser("first").get(address.replace("whole", "light")).data
    assert 400 < max(Image.open(BytesIO(whole)).size) < 720
    assert 15_000 < len(whole) <= 30_000
    assert len(copy) <= 15_000
    assert max(Image.open(BytesIO(copy)).size) <= 400


def test_the_notice_cards_of_the_demo_lose_no_pixels_to_the_limit() -> None:
    whole = SIZES["whole"]
    for name in ("water-notice.jpg", "sports-notice.jpg"):
        content = files("demo").joinpath("photos", name).read_bytes()
        shown = images.thumbnail(content, whole.side, kind="WEBP", max_bytes=whole.max_bytes)
        assert max(shown.width, shown.height) == whole.side
        assert whole.max_bytes is not None
        assert len(shown.content) <= whole.max_bytes


def near(one: object, other: object) -> bool:
    assert isinstance(one, tuple)
    assert isinstance(other, tuple)
    return all(abs(left - right) < 24 for left, right in zip(one, other, strict=True))


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
    (folder / f"{digest}.720").mkdir()  # nothing can take its place
    answer = site.browser("first").get(address)
    assert (answer.status_code, answer.mimetype) == (200, "image/webp")


def test_the_whole_picture_is_one_press_away(site: Site) -> None:
    page = site.browser("first").page(f"/posts/{post_with_photo(site)}/review")
    links = {link.get("href") for link in page.all if "/pictures/" in link.get("href")}
    assert len(links) >= 2
    for address in links:
        answer = site.browser("first").get(address)
        assert max(Image.open(BytesIO(answer.data)).size) == max(WHOLE)
