"""The heads of the circular's 67 departments and whom they name: invented people."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.resources import files
from itertools import product

from publisher.now import now
from publisher.working_time import local

_GIVEN = (
    *("आनंदी", "भालचंद्र", "चंद्रकला", "दत्ताराम", "एकनाथ", "गोदावरी", "हरिभाऊ", "इंदुमती"),
    *("जानकी", "केशव", "लक्ष्मण", "मंजिरी", "नर्मदा", "ओंकार", "पार्वती"),
)
_FAMILY = (
    *("आंबेकर", "बागवे", "चव्हाटे", "डोंगरे", "फुलसुंदर", "गवळीकर", "हिवरेकर", "इनामके"),
    *("झाडबुके", "काटेकर", "लोणारे", "माळवे", "नदीकर", "ओढेकर", "पाणवलकर"),
)
NAMES = [f"{given} {family}" for family, given in product(_FAMILY, _GIVEN)]

#: How people write one and the same mobile number.
SPELLINGS = ("{0}", "+91 {0}", "0{0}", "{1} {2}", "+91-{1}-{2}", "91{0}")
_DEVANAGARI = str.maketrans("0123456789", "०१२३४५६७८९")


@dataclass(frozen=True)
class Head:
    """The head of a department; an address or number that the head does not have is empty."""

    number: int
    department: str
    name: str
    mail: str
    mobile: str

    @property
    def addresses(self) -> list[str]:
        """Where the link arrives."""
        return [address for address in (self.mail, self.mobile) if address]

    def officer(self, rank: int) -> dict[str, str]:
        """Return what the head writes of an officer, without `first_` or `second_`."""
        key = self.number * 10 + rank
        return {
            "name_mr": NAMES[67 + (self.number * 2 + rank) % 150],
            "designation": "उप अभियंता" if rank % 2 else "लिपिक",
            "service_class": "official" if rank % 2 else "employee",
            "mobile": spelled(f"96{key:08}", key),
            "mail": f"officer{key}@pmc.example" if rank % 2 else "",
        }

    def fields(self, first: int = 1, second: int = 2) -> dict[str, str]:
        """Return the fields of the form for two officers of these numbers."""
        pairs = (("first", self.officer(first)), ("second", self.officer(second)))
        officers = {
            f"{slot}_{name}": text for slot, officer in pairs for name, text in officer.items()
        }
        return {**officers, "order_number": f"का.आ./{self.number}", "ordered_on": day(0)}


def spelled(mobile: str, key: int) -> str:
    """Return a mobile number in one of the ways in which it is written."""
    text = SPELLINGS[key % len(SPELLINGS)].format(mobile, mobile[:5], mobile[5:])
    return text.translate(_DEVANAGARI) if key % 4 == 3 else text


def day(days: int) -> str:
    """Return the day this many days from today, as it is typed."""
    return local(now()).fromordinal(local(now()).toordinal() + days).strftime("%d/%m/%Y")


def heads() -> list[Head]:
    """Return a head for each department: three without a mobile, three without a mail address."""
    text = files("publisher.people").joinpath("departments.csv").read_text("utf-8")
    codes = [row["code"] for row in csv.DictReader(text.splitlines())]
    return [
        Head(
            number,
            code,
            NAMES[number],
            "" if 57 <= number < 60 else f"head{number}@pmc.example",
            "" if 60 <= number < 63 else f"97{number:08}",
        )
        for number, code in enumerate(codes)
    ]
