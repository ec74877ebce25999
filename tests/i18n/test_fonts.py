"""The pages' font is built from its package."""

from __future__ import annotations

from pathlib import Path

import pytest
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont, features

from publisher.operations.health_checks import check_shaping
from tools import fonts

pytestmark = pytest.mark.proof

SHAPES = check_shaping().ok


@pytest.fixture(scope="module")
def font_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("static") / "fonts" / fonts.FILE_NAME
    fonts.make_font(target)
    return target


@pytest.fixture(scope="module")
def unpacked_font(font_path: Path) -> Path:
    """Convert the font for Pillow."""
    with TTFont(font_path) as font:
        font.flavor = None
        font.save(font_path.with_suffix(".ttf"))
    return font_path.with_suffix(".ttf")


def drawn(path: Path, text: str, language: str) -> bytes:
    font = ImageFont.truetype(str(path), 48)
    sheet = Image.new("L", (400, 120), 255)
    ImageDraw.Draw(sheet).text((20, 30), text, font=font, fill=0, language=language)
    return sheet.tobytes()


def test_the_font_is_small_enough_for_a_phone_in_the_field(font_path: Path) -> None:
    assert font_path.read_bytes()[:4] == b"wOF2"
    assert 40_000 < font_path.stat().st_size < 100_000


def test_every_letter_of_our_pages_is_in_it(font_path: Path) -> None:
    with TTFont(font_path) as font:
        characters = set(font.getBestCmap())
    needed = "कळऱॲऑ्ंँः०१२३४५६७८९।॥₹“”‘’–—…•·×−ABCxyz0123456789@#&é\u00a0\u200c\u200d\u25cc"
    assert [letter for letter in needed if ord(letter) not in characters] == []


def test_letters_of_other_scripts_are_left_out(font_path: Path) -> None:
    with TTFont(font_path) as font:
        characters = font.getBestCmap()
    assert not any(0x0370 <= point <= 0x052F for point in characters)


def test_one_axis_remains_with_the_weights_of_the_pages(font_path: Path) -> None:
    with TTFont(font_path) as font:
        axes = [(axis.axisTag, axis.minValue, axis.maxValue) for axis in font["fvar"].axes]
    assert axes == [("wght", 400, 700)]


def test_conjuncts_and_marathi_forms_remain(font_path: Path) -> None:
    with TTFont(font_path) as font:
        table = font["GSUB"].table
        tags = [record.FeatureTag for record in table.FeatureList.FeatureRecord]
        marathi = [
            tags[index]
            for script in table.ScriptList.ScriptRecord
            if script.ScriptTag in ("deva", "dev2")
            for language in script.Script.LangSysRecord
            if language.LangSysTag == "MAR "
            for index in language.LangSys.FeatureIndex
        ]
    assert {"akhn", "rphf", "half", "cjct", "blwf", "rkrf"} <= set(tags)
    assert marathi.count("locl") == 2


@pytest.mark.skipif(not SHAPES, reason="Pillow shapes Devanagari only with FriBiDi")
def test_the_marathi_la_is_drawn_for_marathi_only(unpacked_font: Path) -> None:
    assert drawn(unpacked_font, "ल", language="mr") != drawn(unpacked_font, "ल", language="hi")


@pytest.mark.skipif(not SHAPES, reason="Pillow shapes Devanagari only with FriBiDi")
@pytest.mark.parametrize("text", ["क्ष", "प्रसिद्ध", "दुसऱ्या", "र्क", "कि"])
def test_conjuncts_are_drawn_as_one(unpacked_font: Path, text: str) -> None:
    basic = ImageFont.truetype(str(unpacked_font), 48, layout_engine=ImageFont.Layout.BASIC)
    shaped = ImageFont.truetype(str(unpacked_font), 48, layout_engine=ImageFont.Layout.RAQM)
    assert shaped.getmask(text).getbbox() != basic.getmask(text).getbbox()


def test_a_second_run_leaves_the_font_alone(font_path: Path) -> None:
    before = font_path.stat().st_mtime_ns
    fonts.make_font(font_path)
    assert font_path.stat().st_mtime_ns == before


@pytest.mark.proof
def test_the_font_is_made_anew_when_its_recipe_changed_or_it_is_gone(
    font_path: Path, tmp_path: Path
) -> None:
    target = tmp_path / fonts.FILE_NAME
    target.write_bytes(b"an older font")
    target.with_suffix(".stamp").write_text("an older recipe", "ascii")
    fonts.make_font(target)
    assert target.read_bytes() == font_path.read_bytes()


def test_the_licence_stands_beside_the_font(font_path: Path) -> None:
    assert "SIL OPEN FONT LICENSE" in font_path.with_suffix(".LICENSE.txt").read_text("utf-8")
    names = {path.name.partition(".")[2] for path in font_path.parent.iterdir()}
    assert names <= {"woff2", "stamp", "LICENSE.txt", "ttf"}


def test_the_machine_says_whether_it_can_shape_devanagari() -> None:
    finding = check_shaping()
    assert finding.ok is features.check("raqm")
    assert set(finding.values) == ({"raqm"} if finding.ok else {"package"})
