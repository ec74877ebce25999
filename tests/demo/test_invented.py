"""The demo's invented texts: weekdays are right, and no real person is named or reachable."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

import phonenumbers

from demo import people
from demo.notices import CIRCULAR, fill_dates, load

TODAY = date(2026, 11, 25)
WEEKDAYS = ("सोमवार", "मंगळवार", "बुधवार", "गुरुवार", "शुक्रवार", "शनिवार", "रविवार")
MONTHS = (
    "जानेवारी", "फेब्रुवारी", "मार्च", "एप्रिल", "मे", "जून", "जुलै", "ऑगस्ट", "सप्टेंबर", "ऑक्टोबर",
    "नोव्हेंबर", "डिसेंबर",
)  # fmt: skip
MARATHI_DAY = re.compile(
    rf"({'|'.join(WEEKDAYS)}) दि\. ([०-९]+) ({'|'.join(MONTHS)})(?: ([०-९]{{4}}))?"
)
ENGLISH_DAY = re.compile(r"([A-Z][a-z]+day), (\d+ [A-Z][a-z]+ \d{4})")
ANY_PHONE = re.compile(r"[0-9०-९]{3,5}-[0-9०-९]{3,5}-?[0-9०-९]*")
LATIN = str.maketrans("०१२३४५६७८९", "0123456789")
#: Digests of the names of the circular's real signatory, which must stand nowhere.
SIGNATORY = {
    "1ad190d720465adc",
    "b65c081c775df346",
    "5fd308e95f50848e",
    "f5cb9433ec112d7a",
}


def test_each_weekday_in_a_notice_fits_its_date() -> None:
    marathi = english = 0
    for shift in (0, 1, 2, 3, 4, 5, 6, 36, 90, 200):
        today = TODAY + timedelta(days=shift)
        texts = [text for notice in load().values() for text in fill_dates(notice, today).texts()]
        for text in texts:
            assert not {"{", "}"} & set(text)
            for weekday, day, month, year in MARATHI_DAY.findall(text):
                assert WEEKDAYS[_marathi_date(day, month, year, today).weekday()] == weekday
                marathi += 1
            for weekday, written in ENGLISH_DAY.findall(text):
                written_date = datetime.strptime(written, "%d %B %Y").replace(tzinfo=UTC)
                assert written_date.strftime("%A") == weekday
                english += 1
    assert marathi > 300
    assert english > 100


def _marathi_date(day: str, month: str, year: str, today: date) -> date:
    """Parse a written date; without a year, return the next such date."""
    written_date = date(int(year or today.year), MONTHS.index(month) + 1, int(day))
    if not year and written_date < today - timedelta(days=180):
        return written_date.replace(year=today.year + 1)
    return written_date


def test_mails_and_telephones_of_the_demo_reach_nobody() -> None:
    for person in people.load():
        assert person.mail.endswith(".example")
        mobile = phonenumbers.parse(person.mobile)
        assert phonenumbers.is_possible_number(mobile)
        assert not phonenumbers.is_valid_number(mobile)
    for notice in load().values():
        assert notice.key == CIRCULAR or not notice.link or ".pmc.example/" in notice.link
        for text in notice.texts() if notice.key != CIRCULAR else ():
            for number in ANY_PHONE.findall(text):
                assert re.fullmatch(r"020-5550-01\d\d", number.translate(LATIN))


def text_files(folder: Traversable) -> Iterator[Traversable]:
    """Return every text file below a folder."""
    for entry in folder.iterdir():
        if entry.is_dir() and entry.name not in ("__pycache__", "photos"):
            yield from text_files(entry)
        elif entry.is_file():
            yield entry


def test_the_circulars_real_signatory_is_named_nowhere() -> None:
    sources = [*text_files(files("demo")), *text_files(files("publisher.people"))]
    assert len(sources) > 25
    for source in sources:
        source_text = source.read_text(encoding="utf-8").lower().replace(".", " ").replace(")", " ")
        digests = {sha256(word.encode()).hexdigest()[:16] for word in source_text.split()}
        assert not digests & SIGNATORY, source.name
