"""Read the headers of a message: who, to whom, when, and which earlier message it answers."""

from __future__ import annotations

import email.utils
import re
from datetime import UTC, datetime, timedelta
from email.errors import HeaderParseError
from email.header import decode_header
from email.utils import getaddresses, parsedate_to_datetime
from typing import Any, Final

from publisher.mail.messages.charsets import decode
from publisher.mail.messages.message import MailAddress
from publisher.mail.messages.plain_text import one_line

MOST_ID: Final = 998
MOST_IDS: Final = 200
MOST_SUBJECT: Final = 998

_LONGEST: Final = 100_000
_LONGEST_NAME: Final = 200
_MOST_COMMENTS: Final = 100
_NOT_STRICT: Final[dict[str, Any]] = (
    {"strict": False} if getattr(email.utils, "supports_strict_parsing", False) else {}
)
"""How newer versions of Python are asked for the addresses of a header that has a broken one."""

_ADDRESS: Final = re.compile(r"[^\s@<>()\[\],;:\"\\]{1,64}@[^\s@<>(),;:\"\\]{1,255}")
_IN_BRACKETS: Final = re.compile(r"<([^<>]+)>")
_YEARS: Final = range(1990, 2090)
_CLOCK_ERROR: Final = timedelta(days=2)


class Headers(list[tuple[str, str]]):
    """Names in lower case and unfolded values in their order; raw letters are surrogates."""

    def all(self, name: str) -> list[str]:
        """Return every header of a name."""
        return [value for header, value in self if header == name]

    def first(self, name: str) -> str:
        """Return the first header of a name, or an empty text."""
        return next(iter(self.all(name)), "")


def decode_words(text: str) -> str:
    """Return a header as text; adjacent words of one charset are decoded as one.

    Programs split subjects in mid-character.
    """
    raw = text.encode("utf-8", "surrogateescape").decode("latin-1")
    try:
        pieces = decode_header(raw)
    except HeaderParseError:  # invalid base64
        pieces = [(raw, None)]
    return "".join(
        decode(word.encode("latin-1") if isinstance(word, str) else word, charset or "")[0]
        for word, charset in pieces
    )


def decode_parameter(value: str | list[str | None]) -> str:
    """Return a parameter as text: percent-encoded with its charset (RFC 2231), or as a header."""
    if isinstance(value, str):
        return decode_words(value.strip('"'))
    charset, _language, text = value
    return decode((text or "").encode("latin-1", "replace"), charset or "")[0]


def read_addresses(*headers: str) -> tuple[MailAddress, ...]:
    """Return the addresses of headers; an entry without a readable address has an empty one."""
    addresses: list[MailAddress] = []
    names: list[str] = []
    header = ", ".join(headers)[:_LONGEST]
    if header.count('"') % 2:
        header = header.replace('"', " ")  # an unclosed quotation mark is not one
    if header.count("(") > _MOST_COMMENTS:
        header = header.replace("(", " ")  # the standard library recurses for each
    for name, address in getaddresses([header], **_NOT_STRICT):
        # An unquoted name with a comma belongs to the address after it.
        names.append(name if "@" in address else name or address)
        if "@" in address:
            addresses.append(_address(", ".join(filter(None, names)), address))
            names = []
    if any(names) and not addresses:
        addresses.append(_address(", ".join(names), ""))
    return tuple(dict.fromkeys(addresses))


def _address(name: str, address: str) -> MailAddress:
    text = decode_words(address).strip().strip("'\"").removeprefix("mailto:")
    plain = text.lower() if _ADDRESS.fullmatch(text) and text.isprintable() else ""
    return MailAddress(plain, one_line(decode_words(name).strip(" '\""), _LONGEST_NAME))


def read_subject(headers: Headers) -> str:
    """Return the subject on one line."""
    return one_line(decode_words(headers.first("subject")[: MOST_SUBJECT * 20]), MOST_SUBJECT)


def read_ids(header: str) -> tuple[str, ...]:
    """Return the ids of Message-ID, In-Reply-To or References; the last 200 of them."""
    header = header[:_LONGEST]
    ids = _IN_BRACKETS.findall(header) or [word for word in header.split() if "@" in word]
    if not ids and header and " " not in header:
        ids = [header]
    texts = [one_line(re.sub(r"\s+", "", message_id), MOST_ID) for message_id in ids]
    return tuple(text for text in dict.fromkeys(texts) if text)[-MOST_IDS:]


def read_date(headers: Headers) -> tuple[datetime | None, bool]:
    """Return when the message was sent, and whether that is plausible.

    It is not if the servers on its way had passed it on days before.
    """
    if not headers.all("date"):
        return None, True
    sent_at = _moment(headers.first("date"))
    if sent_at is None:
        return None, False
    arrived_at = _moment(headers.first("received").rpartition(";")[2])
    is_late = arrived_at is not None and sent_at > arrived_at + _CLOCK_ERROR
    return sent_at, sent_at.year in _YEARS and not is_late


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text[:200].strip())
        # A date without a zone is from a server whose clock is in UTC.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
