"""The drawn pictures, and what a camera would have written into them."""

from __future__ import annotations

from io import BytesIO
from time import process_time

import pytest
from PIL import ExifTags, Image, ImageChops, ImageOps

from publisher.demo import plan
from publisher.demo.notices import PhotoSpec, filled
from publisher.demo.photos import SCENES, photo
from tests.demo_material.test_notices import TODAY

SPECS = [spec for notice in plan.all_notices() for spec in filled(notice, TODAY).photos]
ONE_OF_EACH = list({spec.scene: spec for spec in SPECS}.values())
CARD = next(spec for spec in SPECS if spec.scene == "card")

each = pytest.mark.parametrize("spec", ONE_OF_EACH, ids=lambda spec: spec.scene)


def opened(content: bytes) -> Image.Image:
    """The stored picture as a decoder sees it."""
    return Image.open(BytesIO(content))


def test_every_scene_is_used_and_every_photo_has_a_scene() -> None:
    assert {spec.scene for spec in SPECS} == set(SCENES)


def test_photos_have_names_of_their_own_and_descriptions_in_both_languages() -> None:
    assert len({spec.name for spec in SPECS}) == len(SPECS)
    for spec in SPECS:
        assert 20 <= len(spec.alt_mr) <= 1000
        assert 20 <= len(spec.alt_en) <= 1000


@each
def test_a_photo_is_a_twelve_megapixel_jpeg_with_camera_and_place(spec: PhotoSpec) -> None:
    started = process_time()
    content = photo(spec)
    assert process_time() - started < 1.5
    with opened(content) as picture:
        exif = picture.getexif()
        assert (picture.format, picture.size, picture.mode) == ("JPEG", (4000, 3000), "RGB")
        assert exif[ExifTags.Base.Model] == "Udaharan N1"
        assert exif[ExifTags.Base.Orientation] == (6 if spec.turned else 1)
        assert exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal]
        place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    assert place[ExifTags.GPS.GPSLatitudeRef] == "N"
    assert [float(part) for part in place[ExifTags.GPS.GPSLatitude]] == [18, 31, 13]
    assert [float(part) for part in place[ExifTags.GPS.GPSLongitude]] == [73, 51, 24]


def test_a_turned_photo_stands_upright_once_its_orientation_is_heeded() -> None:
    spec = next(spec for spec in SPECS if spec.turned)
    with opened(photo(spec)) as picture:
        upright = ImageOps.exif_transpose(picture)
    assert upright.size == (3000, 4000)
    blue_of = [upright.getpixel((1500, y)) for y in (40, 3900)]
    sky, ground = [pixel for pixel in blue_of if isinstance(pixel, tuple)]
    assert sky[2] > ground[2] + 60


def test_the_same_spec_gives_the_same_bytes() -> None:
    assert photo(CARD) == photo(CARD)


def test_a_cards_words_are_drawn() -> None:
    other = PhotoSpec(
        CARD.name, CARD.scene, CARD.alt_mr, CARD.alt_en, (*CARD.text[:2], "रस्ता बंद", *CARD.text[3:])
    )
    with opened(photo(CARD)) as first, opened(photo(other)) as second:
        box = ImageChops.difference(first, second).point(lambda value: 255 * (value > 60)).getbbox()
    assert box is not None
    _, top, _, bottom = box
    assert 600 < top < bottom < 1250


def test_a_card_without_all_its_lines_is_refused() -> None:
    with pytest.raises(ValueError, match="7 lines, not 1"):
        photo(PhotoSpec("a.jpg", "card", "", "", ("जाहीर प्रकटन",)))


def test_an_unknown_scene_is_refused() -> None:
    with pytest.raises(KeyError):
        photo(PhotoSpec("a.jpg", "moon", "", ""))
