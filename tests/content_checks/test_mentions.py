"""What a text mentions: dates to come, times, places and helplines."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from publisher.content_checks.localities import find_localities
from publisher.content_checks.mentions import MentionKind, find_mentions, find_numbers
from tests.support.notices import count, languages, notices, table

NOW = datetime(2026, 11, 25, 6, tzinfo=UTC)
STATED = {
    "first_forty": {
        MentionKind.DATE: (51, 2, 0),
        MentionKind.TIME: (35, 2, 0),
        MentionKind.PLACE: (105, 6, 2),
        MentionKind.HELPLINE: (40, 1, 0),
    },
    "second_forty": {
        MentionKind.DATE: (39, 3, 1),
        MentionKind.TIME: (27, 9, 0),
        MentionKind.PLACE: (66, 12, 2),
        MentionKind.HELPLINE: (27, 3, 0),
    },
}
"""Found, missed and wrong in each file of notices, as ADR 55 states them."""


@pytest.mark.parametrize("name", STATED)
def test_notices_are_read_at_least_as_well_as_stated(name: str) -> None:
    forty = notices(name)
    assert languages(forty) == {"mr": 24, "en": 8, "hi": 4, "mixed": 4}
    tallies = count(forty)
    for kind, (found, missed, wrong) in STATED[name].items():
        tally, rows = tallies[kind], "\n".join(table(tallies))
        assert tally.found + len(tally.misses) == found + missed, kind
        assert tally.found >= found, (rows, tally.misses)
        assert len(tally.errors) <= wrong, (rows, tally.errors)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("संपर्क : ०२०-५५५०१३८३", ["020-5550-1383"]),
        ("टोल फ्री १८०० १०३ ०२२२, मो. ९००००५५५०१", ["1800-103-0222", "9000055501"]),
        ("अग्निशमन १०१, १०८ या क्रमांकावर", ["101", "108"]),
        ("दूरध्वनी ५५५०-१४१४ वर", ["5550-1414"]),
        ("१०८ अथवा ०२०-५५५०-१२६९", ["108", "020-5550-1269"]),
        ("020-25508500 extn 113", ["020-2550-8500"]),
    ],
)
def test_telephone_numbers_are_found_in_both_scripts(text: str, numbers: list[str]) -> None:
    assert [written.number for written in find_numbers(text)] == numbers


@pytest.mark.parametrize(
    "text",
    [
        "रु. 1800000000",
        "शाळा क्र. १०१",
        "जा.क्र. मुअ/पापु/१२३४/२०२६",
        "पिन कोड ४११००२",
        "मदत १५०० रुपये",
        "आयडी २०२६_पीएमसी_११२३४५६_१",
        "दि. २१/०७/२०२१",
    ],
)
def test_other_figures_are_no_telephone_numbers(text: str) -> None:
    assert find_numbers(text) == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("कोथरुडमधील नागरिक", ["Kothrud"]),
        ("शिवाजी नगर, खराडीत व लक्ष्मी रस्त्यावर", ["Shivajinagar", "Kharadi", "Laxmi Road"]),
        ("कोंढवा खुर्द आणि कसबा पेठेतील", ["Kondhwa Khurd", "Kasba Peth"]),
        ("हड़पसर क्षेत्रीय कार्यालय", ["Hadapsar Ward Office"]),
        ("Deccan College to F.C. Road", ["Deccan College", "FC Road"]),
        ("health camp", []),
        ("कळसूबाई, सूसंगत", []),
    ],
)
def test_localities_are_found_as_whole_names(text: str, names: list[str]) -> None:
    assert [written.locality.name_en for written in find_localities(text)] == names


def test_only_dates_to_come_are_mentioned_and_a_range_is_one() -> None:
    text = "आदेश दि. ०५/०७/२०२६ अन्वये दि. २८ नोव्हेंबर २०२६ ते दि. ५ डिसेंबर २०२६ पर्यंत"
    (mention,) = find_mentions(text, now=NOW)
    assert mention.value == "2026-11-28/2026-12-05"
    assert text[mention.start : mention.end].endswith("५ डिसेंबर २०२६")
    assert mention.texts == {
        "mr": "दि. २८ नोव्हेंबर ते दि. ५ डिसेंबर",
        "en": "28 November to 5 December",
        "hi": "28 नवंबर से 5 दिसंबर",
    }


def test_two_mentions_never_overlap() -> None:
    for notice in notices():
        mentions = find_mentions(notice.text, now=datetime.combine(notice.day, NOW.timetz()))
        ends = [0, *(mention.end for mention in mentions)]
        assert all(end <= mention.start for end, mention in zip(ends, mentions, strict=False))
