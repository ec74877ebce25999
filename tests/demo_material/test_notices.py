"""The demo's notices: whole, short enough, and right about their days."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from unicodedata import normalize

import pytest

from demo import circular, plan
from demo.notices import Notice, as_of, filled, load, texts
from publisher.models.submissions import SubmissionKind
from publisher.people import register_data
from publisher.working_time import day_bounds
from tests.demo_material.weighing import LIMIT, at_most

TODAY = date(2026, 11, 25)
YEAR = [TODAY + timedelta(days=shift) for shift in range(366)]
WEEKDAYS = ("सोमवार", "मंगळवार", "बुधवार", "गुरुवार", "शुक्रवार", "शनिवार", "रविवार")
MONTHS = (
    "जानेवारी", "फेब्रुवारी", "मार्च", "एप्रिल", "मे", "जून", "जुलै", "ऑगस्ट", "सप्टेंबर", "ऑक्टोबर",
    "नोव्हेंबर", "डिसेंबर",
)  # fmt: skip
MARATHI_DAY = re.compile(
    rf"({'|'.join(WEEKDAYS)}) दि\. ([०-९]+) ({'|'.join(MONTHS)})(?: ([०-९]{{4}}))?"
)
ENGLISH_DAY = re.compile(r"([A-Z][a-z]+day), (\d+ [A-Z][a-z]+ \d{4})")
PHONE_MR = re.compile(r"०२०-५५५०-०१[०-९]{2}")
ANY_PHONE = re.compile(r"[0-9०-९]{3,5}-[0-9०-९]{3,5}-?[0-9०-९]*")
DEVANAGARI = re.compile("[\u0900-\u097f]")
EVERY = plan.all_notices()


def keys(notice: Notice) -> str:
    """How a notice is named in a test's name."""
    return notice.key


each = pytest.mark.parametrize("notice", EVERY, ids=keys)
each_written = pytest.mark.parametrize("notice", load(), ids=keys)


def test_all_seven_kinds_and_more_than_fifteen_departments_hand_in() -> None:
    assert {notice.kind for notice in EVERY} == set(SubmissionKind)
    assert len({notice.department for notice in EVERY}) >= 15
    assert len({notice.key for notice in EVERY}) == len(EVERY) >= 13


def test_every_department_that_hands_in_stands_in_the_register() -> None:
    codes = {row.code for row in register_data.load()}
    assert {notice.department for notice in EVERY} <= codes


def test_outward_numbers_are_not_used_twice() -> None:
    assert len({notice.outward for notice in EVERY}) == len(EVERY)


@each_written
def test_bodies_have_the_length_of_an_offices_letter(notice: Notice) -> None:
    today = filled(notice, TODAY)
    assert 600 <= len(today.mr.body) <= 1500
    assert 350 <= len(today.en.body) <= 1500
    assert 200 <= len(today.mr.facebook) <= len(today.mr.body)


@each
def test_texts_for_x_fit_on_every_day_of_a_year(notice: Notice) -> None:
    for day in YEAR:
        for wording in (filled(notice, day).mr, filled(notice, day).en):
            assert at_most(wording.x, link=notice.link is not None) <= LIMIT


@each
def test_no_text_for_x_carries_an_address_of_its_own(notice: Notice) -> None:
    for wording in (notice.mr, notice.en):
        assert "http" not in wording.x
        assert ".example" not in wording.x


@each
def test_every_day_is_filled_in(notice: Notice) -> None:
    for text in texts(filled(notice, TODAY)):
        assert "{" not in text
        assert "}" not in text


@each
def test_texts_are_composed_trimmed_and_free_of_no_break_spaces(notice: Notice) -> None:
    for text in texts(filled(notice, TODAY)):
        assert text
        assert text == normalize("NFC", text).strip()
        assert "\u00a0" not in text


@each_written
def test_marathi_is_written_in_devanagari_with_its_own_digits(notice: Notice) -> None:
    today = filled(notice, TODAY)
    for text in (today.mr.title, today.mr.body, today.mr.x, today.mr.facebook):
        assert DEVANAGARI.search(text)
        assert not re.search(r"[0-9A-Za-z]", text)
    for text in (today.en.title, today.en.body, today.en.x, today.en.facebook):
        assert not DEVANAGARI.search(text)


@each_written
@pytest.mark.parametrize("shift", [0, 1, 2, 3, 4, 5, 6, 36, 90, 200])
def test_each_weekday_fits_its_date(notice: Notice, shift: int) -> None:
    today = TODAY + timedelta(days=shift)
    year = today.year
    for text in texts(filled(notice, today)):
        for weekday, number, month, written_year in MARATHI_DAY.findall(text):
            month_no = MONTHS.index(month) + 1
            there = date(int(written_year or year), month_no, int(number))
            if not written_year and there < today - timedelta(days=180):
                there = there.replace(year=year + 1)
            assert WEEKDAYS[there.weekday()] == weekday
        for weekday, written in ENGLISH_DAY.findall(text):
            there_too = datetime.strptime(written, "%d %B %Y").replace(tzinfo=UTC)
            assert there_too.strftime("%A") == weekday


def test_some_text_names_a_weekday_with_its_date_in_each_language() -> None:
    written = [text for notice in load() for text in texts(filled(notice, TODAY))]
    assert sum(len(MARATHI_DAY.findall(text)) for text in written) > 30
    assert sum(len(ENGLISH_DAY.findall(text)) for text in written) > 10


@each_written
def test_both_languages_give_the_same_telephone_numbers(notice: Notice) -> None:
    latin = str.maketrans("०१२३४५६७८९", "0123456789")
    numbers = {found.translate(latin) for found in PHONE_MR.findall(notice.mr.body)}
    assert numbers
    assert set(re.findall(r"020-5550-01\d\d", notice.en.body)) == numbers


@each_written
def test_every_telephone_number_is_an_invented_one(notice: Notice) -> None:
    latin = str.maketrans("०१२३४५६७८९", "0123456789")
    for text in texts(notice):
        for found in ANY_PHONE.findall(text):
            assert re.fullmatch(r"020-5550-01\d\d", found.translate(latin))


@each_written
def test_links_lead_to_a_host_that_cannot_exist(notice: Notice) -> None:
    if notice.link is not None:
        assert re.fullmatch(r"https://[a-z]+\.pmc\.example/[a-z-]+", notice.link)


@each
def test_times_follow_one_another(notice: Notice) -> None:
    now = datetime(2026, 11, 24, 18, 35, tzinfo=UTC)  # five past midnight in the city
    handed_in, wished = notice.handed_in.moment(now), notice.wished.moment(now)
    _, after_last_day = day_bounds(notice.last_useful_day(date(2026, 11, 25)))
    assert handed_in < now
    assert handed_in < wished < after_last_day


def test_the_notices_of_a_moment_are_those_of_the_citys_day() -> None:
    late = datetime(2026, 11, 25, 19, 0, tzinfo=UTC)
    assert as_of(late)["water-cut"].mr.title.startswith("रविवारी")


def test_the_circular_is_whole_and_names_no_person() -> None:
    text = circular.text_mr()
    assert len(normalize("NFC", text)) == len(text) == circular.CHARACTERS
    assert text.endswith("यांची माहिती न दिलेले विभाग यादी.")
    assert "\n\nकळावे.\n\nअतिरिक्त महापालिका आयुक्त (इस्टेट)\nपुणे महानगरपालिका\n\n" in text
    assert not set("*<>#") & set(text)
    assert circular.LINK in text
    assert "(डॉ" not in text


def test_the_circular_goes_out_whole_on_facebook_and_short_on_x() -> None:
    notice = circular.notice()
    assert notice.mr.facebook == notice.mr.body == circular.text_mr()
    assert notice.en.facebook == circular.text_en()
    assert circular.LINK in circular.text_en()
