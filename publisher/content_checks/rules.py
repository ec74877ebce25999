"""The web addresses of a text, as the platforms will open them.

Dates in a text that have passed, that are not the event's, or that bear the wrong weekday.
The same text as another post's of the last thirty days, or nearly the same.
Links that lead nowhere, and links whose preview would show no picture.
What a draft lacks: words for a picture, a second language.
Numbers that may be a private person's: a mobile number, or an Aadhaar number.
Where X takes no reply of ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta

from stdnum import verhoeff

from publisher.content_checks.types import (
    CheckContext,
    SeenLink,
    Text,
    TextLocation,
    Warned,
    WarningCode,
)
from publisher.i18n.dates_in_text import WrittenDate, dates_in
from publisher.i18n.languages import latin_digits
from publisher.models.comments import Comment
from publisher.models.content_checks import LinkFinding
from publisher.models.posts import Language
from publisher.platforms.x.url_detection import address_spans

MOST_LINKS = 10
"""So many addresses of one draft are looked at; a post with more is no post for people."""

_WITH_PROTOCOL = re.compile(r"https?://[^\s<>\"“”‘’]+", re.IGNORECASE)
_TRIMMED = ".,;:!?)]}'…।"


def spans_of(text: str) -> list[tuple[int, int]]:
    """Where web addresses stand: those with a protocol, and the bare ones that X finds."""
    found = [
        (match.start(), match.start() + len(match.group().rstrip(_TRIMMED)))
        for match in _WITH_PROTOCOL.finditer(text)
    ]
    bare = [(one.start, one.end) for one in address_spans(text)]
    within = {at for start, end in found for at in range(start, end)}
    return sorted([*found, *(one for one in bare if one[0] not in within)])


def addresses_of(text: Text, index: int) -> list[tuple[str, TextLocation]]:
    """The web addresses of a variant, and where each stands.

    One that stands in the text without a protocol is opened as the platforms open it.
    """
    found = [(text.link, TextLocation(index, "link"))] if "://" in text.link else []
    for start, end in spans_of(text.text):
        written = text.text[start:end]
        if written != text.link:
            address = written if "://" in written else f"http://{written}"
            found.append((address, TextLocation(index, "text", (start, end))))
    return found


def all_addresses(texts: Sequence[Text]) -> list[str]:
    """Every web address of a draft once, in order, no more than `MOST_LINKS`."""
    found = (address for at, text in enumerate(texts) for address, _place in addresses_of(text, at))
    return list(dict.fromkeys(found))[:MOST_LINKS]


REFERENCE = timedelta(days=400)
"""A date further back is a decision's or a law's; a year written by mistake lies within."""


def passed(texts: Sequence[Text], known: CheckContext) -> Iterator[Warned]:
    """Dates that will have passed on the first day on which the post can leave."""
    for index, found in _each(texts, known):
        if known.leaves_on - REFERENCE <= found.last < known.leaves_on:
            yield Warned(
                WarningCode.DATE_PASSED, _place(index, found), _values(texts, index, found)
            )


def off_the_event(texts: Sequence[Text], known: CheckContext) -> Iterator[Warned]:
    """A text with dates of which none is the event's, told at the first that is still to come."""
    if known.event is None:
        return
    first, last = known.event
    for index, text in enumerate(texts):
        dates = dates_in(text.text, today=known.leaves_on)
        if any(one.day <= last and first <= one.last for one in dates):
            continue
        coming = [one for one in dates if one.last >= known.leaves_on] or dates
        for found in coming[:1]:
            values = {**_values(texts, index, found), "event_on": first, "event_until_on": last}
            yield Warned(WarningCode.DATE_DIFFERS, _place(index, found), values)


def weekdays(texts: Sequence[Text], known: CheckContext) -> Iterator[Warned]:
    """A weekday that is not the one of its date."""
    for index, found in _each(texts, known):
        if found.weekday is not None and found.day.weekday() != found.weekday:
            yield Warned(
                WarningCode.WRONG_WEEKDAY, _place(index, found), _values(texts, index, found)
            )


def _each(texts: Sequence[Text], known: CheckContext) -> Iterator[tuple[int, WrittenDate]]:
    for index, text in enumerate(texts):
        for found in dates_in(text.text, today=known.leaves_on):
            yield index, found


def _place(index: int, found: WrittenDate) -> TextLocation:
    return TextLocation(index, "text", (found.start, found.end))


def _values(texts: Sequence[Text], index: int, found: WrittenDate) -> dict[str, object]:
    return {"written": texts[index].text[found.start : found.end], "day": found.day}


def same(texts: Sequence[Text], known: CheckContext) -> Iterator[Warned]:
    """Texts of which a like one was found."""
    for index in range(len(texts)):
        alike = known.alike.get(index)
        if alike is not None:
            code = WarningCode.SAME_TEXT if alike.share == 1.0 else WarningCode.ALIKE_TEXT
            values = {
                "post_id": alike.post_id,
                "title": alike.title,
                "saved_at": alike.saved_at,
                "percent": int(alike.share * 100),
            }
            yield Warned(code, TextLocation(index, "text"), values)


_ALIVE = (None, LinkFinding.FINE, LinkFinding.GUARDED)


def dead(texts: Sequence[Text], known: CheckContext) -> Iterator[Warned]:
    """Links that were looked at and lead nowhere."""
    for seen, place in _seen(texts, known):
        if seen.finding not in _ALIVE:
            values = {"url": seen.url, "finding": seen.finding, "answer": seen.code}
            yield Warned(WarningCode.DEAD_LINK, place, values)


def without_picture(texts: Sequence[Text], known: CheckContext) -> Iterator[Warned]:
    """The first link of a text without photos, where its page names no picture for a preview."""
    told: set[int] = set()
    for seen, place in _seen(texts, known):
        if place.variant in told or texts[place.variant].descriptions:
            continue
        told.add(place.variant)
        if seen.finding is LinkFinding.FINE and not seen.picture_sha256:
            yield Warned(WarningCode.NO_LINK_PICTURE, place, {"url": seen.url})


def _seen(texts: Sequence[Text], known: CheckContext) -> Iterator[tuple[SeenLink, TextLocation]]:
    for index, text in enumerate(texts):
        for address, place in addresses_of(text, index):
            if address in known.links:
                yield known.links[address], place


BOTH = (Language.MARATHI, Language.ENGLISH)


def descriptions(texts: Sequence[Text], _known: CheckContext) -> Iterator[Warned]:
    """Pictures without a description in the language of their text."""
    for index, text in enumerate(texts):
        for number, words in enumerate(text.descriptions):
            if not words.strip():
                place = TextLocation(index, f"pictures-{number}")
                values = {"picture": number + 1, "language": text.language}
                yield Warned(WarningCode.NO_DESCRIPTION, place, values)


def languages(texts: Sequence[Text], _known: CheckContext) -> Iterator[Warned]:
    """An account with a text in Marathi or English alone; an answer needs only its own."""
    seen: dict[int, set[Language]] = {}
    for text in texts:
        seen.setdefault(text.account_id, set()).add(text.language)
    for index, text in enumerate(texts):
        there = seen.pop(text.account_id, set())
        wanted = [one for one in BOTH if one not in there]
        if len(there) == 1 and Language.MIXED not in there and not text.target:
            yield Warned(
                WarningCode.ONE_LANGUAGE,
                TextLocation(index, "language"),
                {"language": text.language, "missing": wanted[0]},
            )


# Landlines begin with 0 and an area code, helplines with 1: neither is private.
_MOBILE = re.compile(r"(?<![\d/+.-])(?:\+?91[\s-]?|0)?([6-9](?:[\s-]?\d){9})(?![\d/]|[\s-]\d)")
_TWELVE = re.compile(r"(?<![\d/+.-])([2-9]\d{3})([\s-]?)(\d{4})\2(\d{4})(?![\d/]|[\s-]\d)")


def mobiles_in(text: str) -> Iterator[tuple[str, int, int]]:
    """Each mobile number of a text as ten digits, with its span."""
    for match in _MOBILE.finditer(latin_digits(text)):
        yield re.sub(r"\D", "", match[1]), match.start(), match.end()


def mobiles(texts: Sequence[Text], known: CheckContext) -> Iterator[Warned]:
    """Mobile numbers that are not the city's own."""
    for index, text in enumerate(texts):
        for digits, start, end in mobiles_in(text.text):
            if digits not in known.city_numbers:
                place = TextLocation(index, "text", (start, end))
                values = {"written": text.text[start:end]}
                yield Warned(WarningCode.MOBILE_NUMBER, place, values)


def aadhaar(texts: Sequence[Text], _known: CheckContext) -> Iterator[Warned]:
    """Twelve digits that pass the check of an Aadhaar number; the number itself is not kept."""
    for index, text in enumerate(texts):
        mobile = {(start, end) for _digits, start, end in mobiles_in(text.text)}
        for match in _TWELVE.finditer(latin_digits(text.text)):
            digits = match[1] + match[3] + match[4]
            if verhoeff.is_valid(digits) and match.span() not in mobile:
                place = TextLocation(index, "text", match.span())
                yield Warned(WarningCode.AADHAAR_NUMBER, place, {"ends_with": digits[-4:]})


X = "x"


def refused(texts: Sequence[Text], known: CheckContext) -> Iterator[Warned]:
    """A reply on X to somebody who did not mention us, under a post that is not ours."""
    if known.may_reply:
        return
    for index, text in enumerate(texts):
        if text.target and text.platform == X:
            yield Warned(WarningCode.REPLY_REFUSED, TextLocation(index, "text"))


def may_reply(comment: Comment) -> bool:
    """Whether X takes a reply to this comment: it stands under a post of ours, or mentions us."""
    is_ours = comment.thread.receipt_id is not None
    return takes_reply(comment.account.platform, comment.account.handle, comment.text, is_ours)


def takes_reply(platform: str, handle: str, text: str, is_ours: bool) -> bool:
    """The same by what decides it: the comment's text, and whether the post above is ours."""
    if platform != X or is_ours:
        return True
    name = re.escape(handle.lstrip("@"))
    return re.search(rf"(?<![\w@])[@＠]{name}(?!\w)", text, re.IGNORECASE) is not None
