"""Numbers that may be a private person's: a mobile number, or an Aadhaar number."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from stdnum import verhoeff

from publisher.desk.warning.shapes import Known, Place, Text, Warned, WarningCode
from publisher.i18n.languages import latin_digits

# Landlines begin with 0 and an area code, helplines with 1: neither is private.
_MOBILE = re.compile(r"(?<![\d/+.-])(?:\+?91[\s-]?|0)?([6-9](?:[\s-]?\d){9})(?![\d/]|[\s-]\d)")
_TWELVE = re.compile(r"(?<![\d/+.-])([2-9]\d{3})([\s-]?)(\d{4})\2(\d{4})(?![\d/]|[\s-]\d)")


def mobiles_in(text: str) -> Iterator[tuple[str, int, int]]:
    """Each mobile number of a text as ten digits, with its span."""
    for match in _MOBILE.finditer(latin_digits(text)):
        yield re.sub(r"\D", "", match[1]), match.start(), match.end()


def mobiles(texts: Sequence[Text], known: Known) -> Iterator[Warned]:
    """Mobile numbers that are not the city's own."""
    for index, text in enumerate(texts):
        for digits, start, end in mobiles_in(text.text):
            if digits not in known.city_numbers:
                place = Place(index, "text", (start, end))
                values = {"written": text.text[start:end]}
                yield Warned(WarningCode.MOBILE_NUMBER, place, values)


def aadhaar(texts: Sequence[Text], _known: Known) -> Iterator[Warned]:
    """Twelve digits that pass the check of an Aadhaar number; the number itself is not kept."""
    for index, text in enumerate(texts):
        mobile = {(start, end) for _digits, start, end in mobiles_in(text.text)}
        for match in _TWELVE.finditer(latin_digits(text.text)):
            digits = match[1] + match[3] + match[4]
            if verhoeff.is_valid(digits) and match.span() not in mobile:
                place = Place(index, "text", match.span())
                yield Warned(WarningCode.AADHAAR_NUMBER, place, {"ends_with": digits[-4:]})
