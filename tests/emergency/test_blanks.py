"""The values of a template's blanks are checked by their kind and length."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from approvals import emergency
from approvals.emergency import BlankKind, Template, TemplateField
from publisher.content_checks import placeholder_values
from publisher.emergency import seed_templates
from publisher.validation import Validator
from tests.support.tables import each

NOW = datetime(2026, 11, 25, 6, 30, tzinfo=UTC)


def read_blanks(
    kind: BlankKind, blanks: dict[str, str], *, most: int = 10
) -> tuple[object, list[str]]:
    """Return the texts in both languages, and the codes of the errors."""
    blank = TemplateField("b", kind, most, (("पहिली", "first"), ("दुसरी", "second")))
    template = Template(1, ("अ", "A"), (("mr", "{b}"), ("en", "{b}")), (blank,), 60)
    validator = Validator()
    texts = placeholder_values.read(template, blanks, validator, now=NOW)
    return (texts["mr"].get("b"), texts["en"].get("b")), [
        problem.code for problem in validator.problems
    ]


def place_fields(mr: str, en: str) -> dict[str, str]:
    return {"blank-0-mr": mr, "blank-0-en": en}


@each(
    "mr, en, codes",
    [
        ("कात्रज", "Katraj", []),
        ("पेठ क्र. २", "Peth No. 2", []),
        ("कात्रज", "कात्रज", ["not_english"]),
        ("Katraj", "Katraj", ["not_marathi"]),
        ("कात्रज", "", ["required"]),
        ("कात्रज-कोंढवा", "Katraj", ["too_long"]),
        ("कात्रज #पुणे", "Katraj", ["too_long", "only_letters"]),
        ("@कात्रज", "Katraj", ["only_letters"]),
        ("कात्रज", "evil.in", ["only_letters"]),
        ("कात्रज", "a://b", ["only_letters"]),
        ("{b}कात्र", "Katraj", ["only_letters"]),
        ("🌊कात्रज", "Katraj", ["only_letters"]),
    ],
)
def test_a_place_is_a_name_in_letters_in_each_language(mr: str, en: str, codes: list[str]) -> None:
    texts, wrong = read_blanks(BlankKind.PLACE, place_fields(mr, en))
    assert wrong == codes
    if not codes:
        assert texts == (mr, en)


@pytest.mark.parametrize(
    ("time_text", "texts"),
    [
        ("18:00", ("सायं. ६:००", "6:00 pm")),
        ("१८:३०", ("सायं. ६:३०", "6:30 pm")),
        ("सायंकाळी ६", ("सायं. ६:००", "6:00 pm")),
        ("9:05", ("सकाळी ९:०५", "9:05 am")),
    ],
)
def test_a_time_is_a_time_in_words_of_each_language(time_text: str, texts: tuple[str, str]) -> None:
    assert read_blanks(BlankKind.TIME, {"blank-0": time_text}) == (texts, [])


@pytest.mark.parametrize(
    ("time_text", "code"),
    [("", "time_missing"), ("soon", "time_unreadable"), ("25:00", "time_does_not_exist")],
)
def test_what_is_no_time_is_refused(time_text: str, code: str) -> None:
    assert read_blanks(BlankKind.TIME, {"blank-0": time_text})[1] == [code]


@pytest.mark.parametrize(
    ("day", "texts"),
    [
        ("2026-11-25", ("आज (दि. २५ नोव्हेंबर)", "today (25 November)")),
        ("2026-11-26", ("उद्या (दि. २६ नोव्हेंबर)", "tomorrow (26 November)")),
        ("27/11/2026", ("शुक्रवार, दि. २७ नोव्हेंबर", "Friday, 27 November")),
    ],
)
def test_a_date_is_never_today_or_tomorrow_alone(day: str, texts: tuple[str, str]) -> None:
    assert read_blanks(BlankKind.DATE, {"blank-0": day}) == (texts, [])


@pytest.mark.parametrize(
    ("day", "code"),
    [("", "date_missing"), ("soon", "date_unreadable"), ("2026-11-24", "choose")],
)
def test_what_is_no_date_or_has_passed_is_refused(day: str, code: str) -> None:
    assert read_blanks(BlankKind.DATE, {"blank-0": day})[1] == [code]


def test_every_date_fits_its_blank() -> None:
    days = [NOW.date() + timedelta(days=number) for number in range(800)]
    for language in placeholder_values.LANGUAGES:
        texts = [placeholder_values.date_text(day, language, now=NOW) for day in days]
        assert max(map(len, texts)) <= placeholder_values.LONGEST_DATE


def test_templates_of_the_product_name_the_date_beside_a_time() -> None:
    for row in seed_templates.rows():
        for text in (row["text_mr"], row["text_en"]):
            assert ("{date}" in text) is ("{time}" in text or row["code"] == "school-closed")
            assert "{day}" not in text


@pytest.mark.parametrize(
    ("number", "texts"),
    [
        ("12,500", ("१२,५००", "12,500")),
        ("४२.५", ("४२.५", "42.5")),
    ],
)
def test_a_number_keeps_its_marks(number: str, texts: tuple[str, str]) -> None:
    assert read_blanks(BlankKind.NUMBER, {"blank-0": number}) == (texts, [])


@pytest.mark.parametrize("number", ["many", "1e9", "12 cusecs", "-1"])
def test_what_is_no_number_is_refused(number: str) -> None:
    assert read_blanks(BlankKind.NUMBER, {"blank-0": number})[1] == ["not_a_number"]


@pytest.mark.parametrize(
    ("number", "texts"),
    [
        ("020-5550-0108", ("०२०-५५५०-०१०८", "020-5550-0108")),
        ("०२० ५५५० ०१०८", ("०२०-५५५०-०१०८", "020-5550-0108")),
        ("101", ("१०१", "101")),
        ("112", ("११२", "112")),
    ],
)
def test_a_helpline_is_a_telephone_number(number: str, texts: tuple[str, str]) -> None:
    assert read_blanks(BlankKind.HELPLINE, {"blank-0": number}) == (texts, [])


@pytest.mark.parametrize("number", ["22", "+1 202 555 0108", "call us", "020-5550-01088888"])
def test_what_is_no_number_of_this_country_is_refused(number: str) -> None:
    assert read_blanks(BlankKind.HELPLINE, {"blank-0": number})[1] == ["not_a_phone"]


def test_a_choice_is_one_of_the_list() -> None:
    assert read_blanks(BlankKind.CHOICE, {"blank-0": "1"}) == (("दुसरी", "second"), [])
    for choice in ("2", "-1", "first", "", "१"):
        assert read_blanks(BlankKind.CHOICE, {"blank-0": choice})[1] == ["choose"]


def test_the_longest_text_is_known_before_anything_is_filled_in() -> None:
    blank = TemplateField("b", BlankKind.PLACE, 30)
    template = Template(1, ("अ", "A"), (("mr", "{b}."), ("en", "{b}!")), (blank,), 60)
    assert {key: len(text) for key, text in emergency.longest(template).items()} == {
        "mr": 31,
        "en": 31,
    }


@pytest.mark.parametrize("index", ["", "2", "-1", "०", "01", "9" * 5_000])
def test_a_choice_that_the_template_does_not_offer_is_refused(index: str) -> None:
    assert read_blanks(BlankKind.CHOICE, {"blank-0": index}) == ((None, None), ["choose"])
