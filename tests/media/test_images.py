"""Pictures from phones, scanners and attackers."""

from __future__ import annotations

import struct
import warnings
import zlib
from contextlib import suppress
from hashlib import sha256
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from publisher.media.image_checks import BadPicture, PictureKind, PictureProblem, inspect
from publisher.media.images import LARGEST_SIDE, render, render_all, thumbnail
from publisher.platforms.capabilities import Capabilities, RenditionFit
from publisher.platforms.facebook.capabilities import FACEBOOK
from publisher.platforms.x.capabilities import X
from tests.support.tables import each

RED, GREEN, BLUE, BLACK, WHITE = (
    (220, 20, 20),
    (20, 160, 40),
    (20, 40, 200),
    (0, 0, 0),
    (255, 255, 255),
)
SECRET = b"taken-by-an-invented-phone"


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def coloured_corners(size: tuple[int, int] = (64, 48)) -> Image.Image:
    """Return a picture that is red at the top left, green at the top right, and blue below."""
    width, height = size
    picture = Image.new("RGB", size, BLUE)
    picture.paste(RED, (0, 0, width // 2, height // 2))
    picture.paste(GREEN, (width // 2, 0, width, height // 2))
    return picture


def phone_exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = SECRET.decode()
    exif.get_ifd(0x8825).update({1: "N", 2: (18.0, 31.0, 12.0), 3: "E", 4: (73.0, 51.0, 24.0)})
    return exif


def opened(content: bytes) -> Image.Image:
    picture = Image.open(BytesIO(content))
    picture.load()
    return picture


def near(colour: object, expected: tuple[int, int, int], off: int = 12) -> bool:
    assert isinstance(colour, tuple)
    return all(abs(part - other) <= off for part, other in zip(colour, expected, strict=True))


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_claiming(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")


def webp_claiming(width: int, height: int) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"VP8X" + struct.pack("<I", 10) + bytes(4) + size
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def refusal(content: bytes) -> BadPicture:
    with pytest.raises(BadPicture) as caught:
        inspect(content)
    return caught.value


@pytest.fixture(scope="module")
def photo() -> bytes:
    """Return an upright photo of twelve megapixels, with GPS coordinates."""
    return saved(
        coloured_corners((4032, 3024)),
        "JPEG",
        quality=92,
        exif=phone_exif(6),
        comment=SECRET,
        dpi=(72, 72),
    )


@pytest.mark.parametrize("kind", list(PictureKind))
def test_each_accepted_type_is_known_by_its_content(kind: PictureKind) -> None:
    inspected = inspect(saved(coloured_corners(), kind.reader))
    assert (inspected.kind, inspected.width, inspected.height, inspected.animated) == (
        kind,
        64,
        48,
        False,
    )
    assert inspected.kind.mime == f"image/{kind}"


def test_lossless_and_extended_webp_announce_their_size() -> None:
    lossless = saved(coloured_corners((301, 77)), "WEBP", lossless=True)
    extended = saved(coloured_corners((301, 77)), "WEBP", exif=phone_exif(1))
    assert lossless[12:16] == b"VP8L"
    assert extended[12:16] == b"VP8X"
    assert {
        (inspect(content).width, inspect(content).height) for content in (lossless, extended)
    } == {(301, 77)}


def test_a_phone_photo_is_measured_as_it_is_seen(photo: bytes) -> None:
    inspected = inspect(photo)
    assert (inspected.width, inspected.height) == (3024, 4032)


@pytest.mark.parametrize(("platform", "size"), [(X, (3024, 4032)), (FACEBOOK, (1536, 2048))])
def test_a_phone_photo_leaves_upright_and_within_the_limits(
    photo: bytes, platform: Capabilities, size: tuple[int, int]
) -> None:
    rendered = render(photo, platform.fit)
    image = opened(rendered.content)
    width, height = image.size
    assert (width, height) == (rendered.width, rendered.height) == size
    assert len(rendered.content) <= platform.fit.max_bytes
    # Rotated clockwise, the red top left corner is at the top right.
    assert near(image.getpixel((width - 20, 20)), RED)
    assert near(image.getpixel((width - 20, height - 20)), GREEN)
    assert near(image.getpixel((20, 20)), BLUE)


@each("orientation", range(1, 9))
def test_every_orientation_becomes_the_same_picture(orientation: int) -> None:
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    turned = (
        coloured_corners().transpose(undo[orientation]) if orientation > 1 else coloured_corners()
    )
    image_bytes = opened(render(saved(turned, "PNG", exif=phone_exif(orientation)), X.fit).content)
    assert image_bytes.size == (64, 48)
    assert [image_bytes.getpixel(at) for at in ((2, 2), (60, 2), (2, 45))] == [RED, GREEN, BLUE]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_nothing_but_the_picture_leaves(kind: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + SECRET + b"</x:xmpmeta>"
    options: dict[str, object] = {"exif": phone_exif(1), "icc_profile": profile, "xmp": xmp}
    if kind == "JPEG":
        options["comment"] = SECRET
    source = saved(coloured_corners(), kind, **options)
    assert SECRET in source
    for platform in (X, FACEBOOK):
        image_bytes = render(source, platform.fit).content
        for trace in (SECRET, b"Exif", b"eXIf", b"xmpmeta", b"ICC_PROFILE", b"iCCP", b"tEXt"):
            assert trace not in image_bytes
        image = opened(image_bytes)
        assert not image.getexif()
        assert set(image.info) <= {
            "jfif",
            "jfif_version",
            "jfif_unit",
            "jfif_density",
            "progressive",
            "progression",
        }


def test_the_same_bytes_always_give_the_same_rendition(photo: bytes) -> None:
    first, other = (render(photo, FACEBOOK.fit) for _ in range(2))
    assert first == other
    assert first.sha256 == sha256(first.content).hexdigest()


def test_renditions_for_several_platforms_come_in_the_order_asked_for(photo: bytes) -> None:
    small_first = render_all(photo, [FACEBOOK.fit, X.fit])
    assert [(image.width, image.height) for image in small_first] == [(1536, 2048), (3024, 4032)]
    assert render_all(photo, [X.fit, FACEBOOK.fit]) == small_first[::-1]
    assert small_first == [render(photo, FACEBOOK.fit), render(photo, X.fit)]
    assert max(fit.side for fit in (FACEBOOK.fit, X.fit)) <= LARGEST_SIDE


def test_colours_follow_the_profile_they_were_made_with() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = profile.replace(b"rXYZ", b"xXYZ").replace(b"gXYZ", b"rXYZ").replace(b"xXYZ", b"gXYZ")
    source = saved(Image.new("RGB", (32, 32), (255, 0, 0)), "PNG", icc_profile=swapped)
    image_bytes = opened(render(source, X.fit).content)
    assert near(image_bytes.getpixel((5, 5)), (0, 255, 0))


@pytest.mark.parametrize("profile", [b"no profile at all", b"", bytes(200)])
def test_a_broken_profile_leaves_the_colours_as_they_stand(profile: bytes) -> None:
    source = saved(coloured_corners(), "PNG", icc_profile=profile)
    assert opened(render(source, X.fit).content).getpixel((2, 2)) == RED


def test_a_print_photo_in_four_inks_becomes_rgb() -> None:
    source = saved(Image.new("CMYK", (400, 300), (0, 255, 255, 0)), "JPEG", quality=95)
    image_bytes = opened(render(source, FACEBOOK.fit).content)
    assert image_bytes.mode == "RGB"
    assert near(image_bytes.getpixel((200, 150)), (255, 0, 0))


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_dark_writing_on_a_transparent_ground_stands_on_white(kind: str) -> None:
    notice = Image.new("RGBA", (200, 100), (0, 0, 0, 0))
    notice.paste((0, 0, 0, 255), (50, 20, 150, 80))
    image_bytes = opened(render(saved(notice, kind, lossless=True), X.fit).content)
    assert image_bytes.mode == "RGB"
    assert near(image_bytes.getpixel((5, 5)), WHITE)
    assert near(image_bytes.getpixel((100, 50)), BLACK)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_way_of_storing_a_png_keeps_light_and_dark(mode: str) -> None:
    if mode == "I;16":
        row = struct.pack("<H", 0x2000) * 20 + struct.pack("<H", 0xC000) * 20
        picture = Image.frombytes(mode, (40, 40), row * 40)
        dark, light = (32, 32, 32), (192, 192, 192)
    else:
        grey = Image.new("RGB", (40, 40), WHITE)
        grey.paste(BLACK, (0, 0, 20, 40))
        picture, dark, light = grey.convert(mode), BLACK, WHITE
    image_bytes = opened(render(saved(picture, "PNG"), X.fit).content).convert("RGB")
    assert near(image_bytes.getpixel((5, 20)), dark, off=2)
    assert near(image_bytes.getpixel((35, 20)), light, off=2)


def test_transparent_palettes_and_colour_keys_stand_on_white() -> None:
    palette = Image.new("P", (20, 20), 1)
    palette.putpalette([*BLACK, *RED])
    for transparency in (1, bytes([255, 0])):
        image_bytes = opened(
            render(saved(palette, "PNG", transparency=transparency), X.fit).content
        )
        assert image_bytes.getpixel((3, 3)) == WHITE
    keyed = saved(Image.new("RGB", (20, 20), GREEN), "PNG", transparency=GREEN)
    assert opened(render(keyed, X.fit).content).getpixel((3, 3)) == WHITE


def animation(frames: int = 3, size: tuple[int, int] = (50, 40), **options: object) -> bytes:
    colours = [(20 * number % 256, 90, 200 - number % 200) for number in range(frames)]
    drawn = [Image.new("RGB", size, colour) for colour in colours]
    return saved(
        drawn[0], "GIF", save_all=True, append_images=drawn[1:], duration=100, loop=0, **options
    )


def test_an_animation_is_marked_and_facebook_gets_its_first_frame() -> None:
    source = animation()
    assert inspect(source).animated
    rendered = render(source, FACEBOOK.fit)
    assert rendered.mime == "image/png"
    assert near(opened(rendered.content).getpixel((10, 10)), (0, 90, 200))


def test_an_animation_leaves_whole_for_x_and_nothing_but_its_frames() -> None:
    source = animation(comment=SECRET) + SECRET
    xmp = b"\x21\xff\x0bXMP DataXMP" + bytes([len(SECRET)]) + SECRET + b"\x00"
    source = source[:13] + source[13:].replace(b"\x21\xf9", xmp + b"\x21\xf9", 1)
    assert source.count(SECRET) == 3
    rendered = render(source, X.fit)
    assert rendered.mime == "image/gif"
    assert SECRET not in rendered.content
    assert (rendered.width, rendered.height) == (50, 40)
    assert render(source, X.fit) == rendered
    with Image.open(BytesIO(rendered.content)) as image, Image.open(BytesIO(source)) as whole:
        assert getattr(image, "n_frames", 1) == 3
        assert image.info["loop"] == 0
        for number in range(3):
            image.seek(number)
            whole.seek(number)
            assert image.convert("RGB").tobytes() == whole.convert("RGB").tobytes()


@pytest.mark.parametrize(
    "source",
    [
        saved(coloured_corners(), "GIF"),
        animation(frames=2, size=(1281, 20)),
        animation(frames=351, size=(4, 4)),
    ],
    ids=["it stands still", "too wide", "too many frames"],
)
def test_what_x_would_not_show_moving_gives_its_first_frame_there_too(source: bytes) -> None:
    assert render(source, X.fit).mime in ("image/png", "image/jpeg")


def test_a_phones_heic_leaves_as_an_upright_jpeg_with_no_place_in_it() -> None:
    """The rotation in its own boxes counts, and the one in its EXIF does not."""
    source = saved(coloured_corners((640, 480)), "HEIF", exif=phone_exif(6), quality=95)
    assert b"ftypheic" in source[:16]
    assert (inspect(source).width, inspect(source).height) == (640, 480)
    for platform in (X, FACEBOOK):
        rendered = render(source, platform.fit)
        image = opened(rendered.content)
        assert (rendered.mime, image.size) == ("image/jpeg", (640, 480))
        assert near(image.getpixel((10, 10)), RED)
        assert not image.getexif()
        assert rendered == render(source, platform.fit)
    assert thumbnail(source, 100).mime == "image/jpeg"


def test_a_heic_with_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    source = bytearray(saved(coloured_corners(), "HEIF"))
    at = source.index(b"ispe")
    source[at + 8 : at + 16] = struct.pack(">II", 30_000, 30_000)
    assert refusal(bytes(source)).code is PictureProblem.TOO_MANY_PIXELS


def test_forty_megapixels_are_taken_and_leave() -> None:
    source = saved(Image.new("RGB", (8000, 5000), GREEN), "JPEG")
    assert inspect(source).width * inspect(source).height == 40_000_000
    assert render(source, X.fit).width == 4096


@pytest.mark.parametrize("bits", [1, 8, 12, 16])
def test_a_tiff_is_refused_whatever_its_bits(bits: int) -> None:
    """Scanners write twelve bits a colour, which no reader here decodes."""
    entry = struct.pack("<HHIHH", 258, 3, 1, bits, 0)
    source = b"II*\x00" + struct.pack("<IH", 8, 1) + entry + bytes(4)
    assert refusal(source).values == {"found": "tiff"}


def test_a_drawn_notice_stays_png_and_a_photo_in_png_becomes_jpeg() -> None:
    noise = Image.effect_noise((1800, 1200), 90).convert("RGB")
    assert render(saved(coloured_corners((1200, 800)), "PNG"), X.fit).mime == "image/png"
    assert render(saved(noise, "PNG"), X.fit).mime == "image/jpeg"


def test_quality_goes_before_pixels_until_it_fits() -> None:
    noise = saved(Image.effect_noise((900, 700), 90).convert("RGB"), "JPEG", quality=95)
    free = render(noise, RenditionFit(side=900, max_bytes=5_000_000))
    less = render(noise, RenditionFit(side=900, max_bytes=int(len(free.content) * 0.7)))
    least = render(noise, RenditionFit(side=900, max_bytes=30_000))
    assert (less.width, less.height) == (900, 700)
    assert len(less.content) <= len(free.content) * 0.7
    assert len(least.content) <= 30_000
    assert least.width < 900
    assert abs(least.width / least.height - 900 / 700) < 0.02


def test_a_panorama_keeps_at_least_one_pixel_of_its_height() -> None:
    rendered = render(saved(Image.new("RGB", (9000, 1), RED), "PNG"), FACEBOOK.fit)
    assert (rendered.width, rendered.height) == (2048, 1)


def test_a_small_picture_is_not_blown_up() -> None:
    rendered = render(saved(coloured_corners((33, 21)), "JPEG"), X.fit)
    assert (rendered.width, rendered.height) == (33, 21)


def test_a_thumbnail_is_small_and_upright(photo: bytes) -> None:
    thumbnail_bytes = thumbnail(photo, 160)
    assert (thumbnail_bytes.mime, thumbnail_bytes.width, thumbnail_bytes.height) == (
        "image/jpeg",
        120,
        160,
    )
    assert len(thumbnail_bytes.content) < 20_000


@pytest.mark.parametrize(
    "bomb",
    [
        png_claiming(50_000, 50_000),
        png_claiming(40_000_001, 1),
        webp_claiming(16_000, 16_000),
        b"GIF89a" + struct.pack("<HH", 65_535, 65_535) + bytes(20),
        b"\xff\xd8\xff\xc0\x00\x11\x08" + struct.pack(">HH", 65_000, 65_000) + bytes(20),
    ],
    ids=["png", "long png", "webp", "gif", "jpeg"],
)
def test_a_few_bytes_that_claim_a_gigantic_picture_are_refused(bomb: bytes) -> None:
    refused = refusal(bomb)
    assert refused.code is PictureProblem.TOO_MANY_PIXELS
    assert refused.values["limit"] == 40_000_000
    with pytest.raises(BadPicture):
        render(bomb, X.fit)


def test_a_gif_whose_frame_outgrows_its_header_is_refused() -> None:
    source = bytearray(saved(coloured_corners(), "GIF"))
    frame = source.index(b"\x2c", 13 + 3 * 2 ** ((source[10] & 7) + 1))
    source[frame + 5 : frame + 9] = struct.pack("<HH", 8_000, 8_000)
    assert refusal(bytes(source)).code is PictureProblem.TOO_MANY_PIXELS


def test_the_pixel_limit_itself_is_still_taken() -> None:
    source = saved(Image.new("L", (100, 50)), "PNG")
    assert inspect(source, max_pixels=5_000).width == 100
    with pytest.raises(BadPicture) as caught:
        inspect(source, max_pixels=4_999)
    assert caught.value.values == {"width": 100, "height": 50, "limit": 4_999}


def test_too_many_bytes_are_refused_with_both_numbers() -> None:
    source = saved(coloured_corners(), "PNG")
    with pytest.raises(BadPicture) as caught:
        inspect(source, max_bytes=len(source) - 1)
    assert caught.value.code is PictureProblem.TOO_MANY_BYTES
    assert caught.value.values == {"found": len(source), "limit": len(source) - 1}


@each("kind", list(PictureKind))
@each("share", [0.05, 0.5, 0.97])
def test_a_picture_cut_off_on_its_way_is_refused(kind: PictureKind, share: float) -> None:
    noise = Image.effect_noise((300, 200), 60).convert("RGB")
    source = saved(noise, kind.reader)
    cut = source[: int(len(source) * share)]
    assert refusal(cut).code is PictureProblem.TRUNCATED
    with pytest.raises(BadPicture):
        render(cut, X.fit)


@each(
    "content, type_name",
    [
        (b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>", "svg"),
        (b"\xef\xbb\xbf  <SVG onload='x()'/>", "svg"),
        (b"<!doctype html><script>x()</script>", "html"),
        (b"MZ\x90\x00" + bytes(100), "executable"),
        (b"\x7fELF\x02\x01" + bytes(100), "executable"),
        (b"#!/bin/sh\nrm\n", "executable"),
        (b"%PDF-1.7\n", "pdf"),
        (b"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1avif" + bytes(20), "avif"),
        (b"\x00\x00\x00\x20ftypisom" + bytes(20), "mp4"),
        (b"II*\x00" + bytes(40), "tiff"),
        (saved(Image.new("RGB", (4, 4)), "BMP"), "bmp"),
    ],
)
def test_other_types_are_refused_by_name_whatever_they_are_called(
    content: bytes, type_name: str
) -> None:
    refused = refusal(content)
    assert refused.code is PictureProblem.UNSUPPORTED_TYPE
    assert refused.values == {"found": type_name}


@pytest.mark.parametrize("content", [b"", b"\x00", "पाणीपुरवठा बंद".encode(), bytes(5000)])
def test_what_is_no_picture_at_all_is_refused(content: bytes) -> None:
    assert refusal(content).code is PictureProblem.NOT_A_PICTURE


SMALL = {
    kind: saved(Image.effect_noise((48, 40), 60).convert("RGB"), kind.reader, **options)
    for kind, options in {
        PictureKind.JPEG: {"exif": phone_exif(6)},
        PictureKind.PNG: {"exif": phone_exif(6)},
        PictureKind.GIF: {},
        PictureKind.WEBP: {"exif": phone_exif(6)},
        PictureKind.HEIC: {"exif": phone_exif(6)},
    }.items()
}


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    kind=st.sampled_from(list(PictureKind)),
    flips=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=8),
)
def test_damaged_bytes_are_refused_or_shown_but_never_break_the_page(
    kind: PictureKind, flips: list[tuple[int, int]]
) -> None:
    damaged = bytearray(SMALL[kind])
    for position, value in flips:
        damaged[position % len(damaged)] = value
    with warnings.catch_warnings():
        # Pillow warns of damaged EXIF and goes on without it, which is right.
        warnings.simplefilter("ignore", UserWarning)
        for look in (inspect, lambda content: render(content, X.fit)):
            with suppress(BadPicture):
                look(bytes(damaged))
