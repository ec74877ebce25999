"""The rules that warn about a draft, and the web addresses and mobile numbers they look for.

The rules find wrong dates and weekdays, texts like an earlier one, dead links, links without a
preview picture, missing descriptions and languages, private numbers, and replies that the platform
refuses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from stdnum import verhoeff

from publisher.content_checks.types import (
    CheckContext,
    ContentWarning,
    SeenLink,
    Text,
    TextLocation,
    WarningCode,
)
from publisher.i18n.dates_in_text import WrittenDate, find_dates
from publisher.i18n.languages import latin_digits
from publisher.models.comments import Comment
from publisher.models.content_checks import LinkFinding
from publisher.models.posts import Language
from publisher.platforms.registry import capabilities
from publisher.platforms.x.url_detection import address_spans

MOST_LINKS = 10
"""Only this many addresses of a draft are checked; a real post has fewer."""

_WITH_PROTOCOL = re.compile(r"https?://[^\s<>\"“”‘’]+", re.IGNORECASE)
_TRIMMED = ".,;:!?)]}'…।"


def find_address_spans(text: str) -> list[tuple[int, int]]:
    """Return the spans of web addresses: those with a protocol, and bare ones that X would link."""
    spans = [
        (match.start(), match.start() + len(match.group().rstrip(_TRIMMED)))
        for match in _WITH_PROTOCOL.finditer(text)
    ]
    bare = [(address_span.start, address_span.end) for address_span in address_spans(text)]
    within = {at for start, end in spans for at in range(start, end)}
    return sorted([*spans, *(span for span in bare if span[0] not in within)])


def find_addresses(text: Text, index: int) -> list[tuple[str, TextLocation]]:
    """Return the web addresses of a variant with their locations.

    An address without a protocol is completed as the platforms complete it.
    """
    addresses = [(text.link, TextLocation(index, "link"))] if "://" in text.link else []
    for start, end in find_address_spans(text.text):
        written = text.text[start:end]
        if written != text.link:
            address = written if "://" in written else f"http://{written}"
            addresses.append((address, TextLocation(index, "text", (start, end))))
    return addresses


def all_addresses(texts: Sequence[Text]) -> list[str]:
    """Return every web address of a draft once, in order, at most `MOST_LINKS`."""
    addresses = (
        address for at, text in enumerate(texts) for address, _where in find_addresses(text, at)
    )
    return list(dict.fromkeys(addresses))[:MOST_LINKS]


REFERENCE = timedelta(days=400)
"""An older date belongs to a decision or a law; a mistyped year is more recent than this."""


def dates_in_the_past(texts: Sequence[Text], context: CheckContext) -> Iterator[ContentWarning]:
    """Warn about dates that will have passed on the first day the post can be published."""
    for index, written_date in _each_date(texts, context):
        if context.leaves_on - REFERENCE <= written_date.last < context.leaves_on:
            yield _date_warning(WarningCode.DATE_PASSED, texts, index, written_date)


def dates_off_the_event(texts: Sequence[Text], context: CheckContext) -> Iterator[ContentWarning]:
    """Warn at the first date still to come if none of a text's dates is the event's."""
    if context.event is None:
        return
    first, last = context.event
    for index, text in enumerate(texts):
        dates = find_dates(text.text, today=context.leaves_on)
        if any(date.day <= last and first <= date.last for date in dates):
            continue
        coming = [date for date in dates if date.last >= context.leaves_on] or dates
        for written_date in coming[:1]:
            event = {"event_on": first, "event_until_on": last}
            yield _date_warning(WarningCode.DATE_DIFFERS, texts, index, written_date, **event)


def weekdays(texts: Sequence[Text], context: CheckContext) -> Iterator[ContentWarning]:
    """Warn about a weekday that does not match its date."""
    for index, written_date in _each_date(texts, context):
        if written_date.weekday is not None and written_date.day.weekday() != written_date.weekday:
            yield _date_warning(WarningCode.WRONG_WEEKDAY, texts, index, written_date)


def _each_date(texts: Sequence[Text], context: CheckContext) -> Iterator[tuple[int, WrittenDate]]:
    for index, text in enumerate(texts):
        for written_date in find_dates(text.text, today=context.leaves_on):
            yield index, written_date


def _date_warning(
    code: WarningCode, texts: Sequence[Text], index: int, written_date: WrittenDate, **values: date
) -> ContentWarning:
    start, end = written_date.start, written_date.end
    details = {"written": texts[index].text[start:end], "day": written_date.day, **values}
    return ContentWarning(code, TextLocation(index, "text", (start, end)), details)


def same(texts: Sequence[Text], context: CheckContext) -> Iterator[ContentWarning]:
    """Warn about texts that are similar to a recent one."""
    for index in range(len(texts)):
        alike = context.alike.get(index)
        if alike is not None:
            code = WarningCode.SAME_TEXT if alike.share == 1.0 else WarningCode.ALIKE_TEXT
            values = {
                "post_id": alike.post_id,
                "title": alike.title,
                "saved_at": alike.saved_at,
                "percent": int(alike.share * 100),
            }
            yield ContentWarning(code, TextLocation(index, "text"), values)


_ALIVE = (None, LinkFinding.FINE, LinkFinding.GUARDED)


def dead(texts: Sequence[Text], context: CheckContext) -> Iterator[ContentWarning]:
    """Warn about links that were checked and lead nowhere."""
    for link, location in _links_in_texts(texts, context):
        if link.finding not in _ALIVE:
            values = {"url": link.url, "finding": link.finding, "answer": link.code}
            yield ContentWarning(WarningCode.DEAD_LINK, location, values)


def link_without_picture(texts: Sequence[Text], context: CheckContext) -> Iterator[ContentWarning]:
    """Warn if the first link of a text without photos has no preview picture."""
    checked_variants: set[int] = set()
    for link, location in _links_in_texts(texts, context):
        if location.variant in checked_variants or texts[location.variant].descriptions:
            continue
        checked_variants.add(location.variant)
        if link.finding is LinkFinding.FINE and not link.picture_sha256:
            yield ContentWarning(WarningCode.NO_LINK_PICTURE, location, {"url": link.url})


def _links_in_texts(
    texts: Sequence[Text], context: CheckContext
) -> Iterator[tuple[SeenLink, TextLocation]]:
    for index, text in enumerate(texts):
        for address, location in find_addresses(text, index):
            if address in context.links:
                yield context.links[address], location


def descriptions(texts: Sequence[Text], _context: CheckContext) -> Iterator[ContentWarning]:
    """Warn about pictures without a description in the language of their text."""
    for index, text in enumerate(texts):
        for number, description in enumerate(text.descriptions):
            if not description.strip():
                location = TextLocation(index, f"pictures-{number}")
                values = {"picture": number + 1, "language": text.language}
                yield ContentWarning(WarningCode.NO_DESCRIPTION, location, values)


def languages(texts: Sequence[Text], _context: CheckContext) -> Iterator[ContentWarning]:
    """Warn if an account has only an English text: Marathi comes first, English is optional.

    A reply needs one language only.
    """
    languages_by_account: dict[int, set[Language]] = {}
    for text in texts:
        languages_by_account.setdefault(text.account_id, set()).add(text.language)
    for index, text in enumerate(texts):
        account_languages = languages_by_account.pop(text.account_id, set())
        if account_languages == {Language.ENGLISH} and not text.target:
            values = {"language": text.language, "missing": Language.MARATHI}
            location = TextLocation(index, "language")
            yield ContentWarning(WarningCode.ONE_LANGUAGE, location, values)


# Landlines begin with 0 and an area code, helplines with 1: neither is private.
_MOBILE = re.compile(r"(?<![\d/+.-])(?:\+?91[\s-]?|0)?([6-9](?:[\s-]?\d){9})(?![\d/]|[\s-]\d)")
_TWELVE = re.compile(r"(?<![\d/+.-])([2-9]\d{3})([\s-]?)(\d{4})\2(\d{4})(?![\d/]|[\s-]\d)")


def find_mobiles(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield each mobile number of a text as ten digits, with its span."""
    for match in _MOBILE.finditer(latin_digits(text)):
        yield re.sub(r"\D", "", match[1]), match.start(), match.end()


def mobiles(texts: Sequence[Text], context: CheckContext) -> Iterator[ContentWarning]:
    """Warn about mobile numbers that are not the city's own."""
    for index, text in enumerate(texts):
        for digits, start, end in find_mobiles(text.text):
            if digits not in context.city_numbers:
                location = TextLocation(index, "text", (start, end))
                values = {"written": text.text[start:end]}
                yield ContentWarning(WarningCode.MOBILE_NUMBER, location, values)


def aadhaar(texts: Sequence[Text], _context: CheckContext) -> Iterator[ContentWarning]:
    """Warn about twelve digits with a valid Aadhaar checksum; only the last four are recorded."""
    for index, text in enumerate(texts):
        mobile = {(start, end) for _digits, start, end in find_mobiles(text.text)}
        for match in _TWELVE.finditer(latin_digits(text.text)):
            digits = match[1] + match[3] + match[4]
            if verhoeff.is_valid(digits) and match.span() not in mobile:
                location = TextLocation(index, "text", match.span())
                yield ContentWarning(
                    WarningCode.AADHAAR_NUMBER, location, {"ends_with": digits[-4:]}
                )


def reply_without_mention(texts: Sequence[Text], context: CheckContext) -> Iterator[ContentWarning]:
    """Warn about a reply that the platform refuses: to a person who did not mention us.

    That matters only below a post that is not ours.
    """
    if context.may_reply:
        return
    for index, text in enumerate(texts):
        if text.target and capabilities(text.platform).reply_needs_mention:
            yield ContentWarning(WarningCode.REPLY_REFUSED, TextLocation(index, "text"))


def may_reply(comment: Comment) -> bool:
    """Return True if the platform accepts a reply to this comment, as `takes_reply` says."""
    is_ours = comment.thread.receipt_id is not None
    return takes_reply(comment.account.platform, comment.account.handle, comment.text, is_ours)


def takes_reply(platform: str, handle: str, text: str, is_ours: bool) -> bool:
    """Return True if the platform accepts a reply to this text.

    `is_ours` says that the post above is ours. Below others' posts some platforms require that the
    text mentions our account.
    """
    if is_ours or not capabilities(platform).reply_needs_mention:
        return True
    name = re.escape(handle.lstrip("@"))
    return re.search(rf"(?<![\w@])[@＠]{name}(?!\w)", text, re.IGNORECASE) is not None
