"""What months and weekdays are called in running text, as people write them, not as we do."""

from __future__ import annotations

from publisher.words.tongues import ENGLISH, HINDI, MARATHI

# Spellings beside those of `tongues`; short Marathi and Hindi names stand there with their dot.
_MORE_MONTHS: tuple[tuple[str, ...], ...] = (
    ("January", "जनवरी", "जानेवारि"),
    ("February", "फरवरी", "फेब्रूवारी"),
    ("March", "मार्च"),
    ("April", "एप्रील"),
    ("May", "मई"),
    ("June", "जुन"),
    ("July", "जुलाई", "जूलै"),
    ("August", "ऑगष्ट", "आगस्ट", "अगस्त"),
    ("September", "Sept", "सप्टेम्बर", "सितम्बर"),
    ("October", "ऑक्टोंबर", "ओक्टोबर", "अक्तूबर"),
    ("November", "नोव्हेम्बर", "नोवेंबर", "नवम्बर"),
    ("December", "डिसेम्बर", "दिसम्बर"),
)
_MORE_WEEKDAYS: tuple[tuple[str, ...], ...] = (
    (),
    ("Tues", "मंगळ", "मंगल"),
    (),
    ("Thur", "Thurs", "गुरूवार", "बृहस्पतिवार"),
    (),
    (),
    ("इतवार",),
)


def _months() -> dict[str, int]:
    names: dict[str, int] = {}
    for tongue in (MARATHI, ENGLISH, HINDI):
        for number in range(12):
            for name in (tongue.months[number], tongue.short_months[number]):
                names[name.rstrip(".")] = number + 1
    for number, more in enumerate(_MORE_MONTHS, 1):
        names |= dict.fromkeys(more, number)
    return _in_every_case(names, never_small=("may", "march", "mar", "dec"))


def _weekdays() -> dict[str, int]:
    names: dict[str, int] = {}
    for tongue in (MARATHI, ENGLISH, HINDI):
        for number in range(7):
            for name in (tongue.weekdays[number], tongue.short_weekdays[number]):
                names[name.rstrip(".")] = number
    for number, more in enumerate(_MORE_WEEKDAYS):
        names |= dict.fromkeys(more, number)
    return _in_every_case(names, never_small=("sun", "sat", "wed", "mon"))


def _in_every_case(names: dict[str, int], *, never_small: tuple[str, ...]) -> dict[str, int]:
    """English names in small and in capital letters too, but for those that are other words."""
    small = {name.lower(): at for name, at in names.items() if name.lower() not in never_small}
    return {**names, **small, **{name.upper(): at for name, at in names.items()}}


MONTHS = _months()
"""The number of a month, from 1, by each of its names."""

WEEKDAYS = _weekdays()
"""The number of a weekday, from 0 for Monday, by each of its names."""
