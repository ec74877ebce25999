"""A picture's file is stored without what it tells beside the picture."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from publisher.media import metadata
from publisher.media.image_checks import BadPicture, PictureProblem, inspect
from tests.web.pictures import SECRET, with_secrets

KINDS = ("JPEG", "PNG", "WEBP", "HEIF", "GIF")


def opened(content: bytes) -> Image.Image:
    picture = Image.open(BytesIO(content))
    picture.load()
    return picture


@pytest.mark.parametrize("kind", KINDS)
def test_place_device_comments_and_trailing_data_go_and_pixels_stay(kind: str) -> None:
    content = with_secrets(kind)
    assert SECRET in content
    cleaned = metadata.strip_metadata(content)
    before, after = opened(content), opened(cleaned)
    assert SECRET not in cleaned
    assert not after.getexif().get_ifd(ExifTags.IFD.GPSInfo)
    assert set(after.getexif()) <= {ExifTags.Base.Orientation}
    assert after.convert("RGBA").tobytes() == before.convert("RGBA").tobytes()
    assert after.info.get("icc_profile") == before.info.get("icc_profile")
    assert inspect(cleaned) == inspect(content)


@pytest.mark.parametrize("kind", KINDS)
def test_cleaning_a_clean_file_changes_nothing(kind: str) -> None:
    cleaned = metadata.strip_metadata(with_secrets(kind))
    assert metadata.strip_metadata(cleaned) == cleaned


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_an_animation_keeps_its_frames(kind: str) -> None:
    frames = [Image.new("RGB", (40, 30), (shade, 0, 0)) for shade in (0, 120, 240)]
    file = BytesIO()
    frames[0].save(file, kind, save_all=True, append_images=frames[1:], duration=100)
    cleaned = metadata.strip_metadata(file.getvalue() + SECRET)
    assert Image.open(BytesIO(cleaned)).n_frames == 3  # type: ignore[attr-defined]  # animations
    assert inspect(cleaned).animated
    assert SECRET not in cleaned


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_a_file_that_is_cut_stays_one_that_is_cut(kind: str) -> None:
    content = with_secrets(kind, trailing=b"")
    with pytest.raises(BadPicture) as caught:
        inspect(metadata.strip_metadata(content[: len(content) // 2]))
    assert caught.value.code is PictureProblem.TRUNCATED


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of a broken EXIF block
@given(
    kind=st.sampled_from(KINDS),
    changes=st.lists(st.tuples(st.integers(12, 600), st.integers(0, 255)), max_size=8),
)
@settings(max_examples=150, deadline=None)
def test_broken_bytes_are_refused_and_nothing_else_happens(
    kind: str, changes: list[tuple[int, int]]
) -> None:
    content = bytearray(with_secrets(kind))
    for at, value in changes:
        content[at % len(content)] = value
    with suppress(BadPicture):
        metadata.strip_metadata(bytes(content))
