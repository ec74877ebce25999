"""Times of day in running text."""

from __future__ import annotations

import pytest

from publisher.i18n.times_in_text import find_times
from tests.support.tables import each


@each(
    "text, times",
    [
        ("दि. २१/०७/२०२१ रोजी स. ११.०० वा. बैठक", ["11:00"]),
        ("सकाळी ९ ते दुपारी १ या वेळेत", ["09:00-13:00"]),
        ("स. १०.३० ते ४.३० वा.", ["10:30-16:30"]),
        ("पहाटे ५ वाजल्यापासून रात्री १० वाजेपर्यंत", ["05:00-22:00"]),
        ("सुबह 8 बजे से दोपहर 2 बजे तक", ["08:00-14:00"]),
        ("10.30 am to 4.30 pm. Fee Rs. 50", ["10:30-16:30"]),
        ("5:00 to 11:00 hrs", ["05:00-11:00"]),
        ("between 7 am and 5 pm", ["07:00-17:00"]),
        ("at 7 am and 5 pm", ["07:00", "17:00"]),
        ("सकाळी ७ व सायंकाळी ७", ["07:00", "19:00"]),
        ("सायंकाळी ६ ते ८", ["18:00-20:00"]),
        ("रोज रात्री ११ ते पहाटे ४", ["23:00-04:00"]),
    ],
)
def test_times_are_found_as_they_are_written(text: str, times: list[str]) -> None:
    written_times = [
        f"{written.at:%H:%M}" + (f"-{written.until:%H:%M}" if written.until else "")
        for written in find_times(text)
    ]
    assert written_times == times


@pytest.mark.parametrize(
    "text",
    [
        "वाढ ९.३० टक्के",
        "दि. ११.०७.२०२१",
        "रु. ११.५०",
        "वयोगट ८ ते १४",
        "सायं. २७ वा.",
        # Morning or evening: a guess would be worse than nothing.
        "बैठक ५.०० वा.",
        "सकाळी ठीक ७ वाजून १५ मिनिटांनी",
    ],
)
def test_other_numbers_are_no_times(text: str) -> None:
    assert find_times(text) == []


def test_the_position_covers_the_words_beside_the_numbers() -> None:
    text = "उद्या सायं. ६.०० वा. या"
    (written,) = find_times(text)
    assert text[written.start : written.end] == "सायं. ६.०० वा."
