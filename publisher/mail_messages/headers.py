"""Read the headers of a message: who, to whom, when, and which earlier message it answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from publisher.mail_messages.header_lines import Headers, decode_header
from publisher.mail_messages.message import MailAddress
from publisher.mail_messages.plain_text import one_line

MOST_ID: Final = 998
MOST_IDS: Final = 200
MOST_SUBJECT: Final = 998

_LONGEST: Final = 100_000
_LONGEST_NAME: Final = 200
_TOKEN: Final = re.compile(
    r'"((?:[^"\\]|\\.?)*)(?:"|\Z)|\(|\)|<([^<>]*)>|[,;]|:|[^"(),;:<>]+|.', re.DOTALL
)
_ADDRESS: Final = re.compile(r"[^\s@<>()\[\],;:\"\\]{1,64}@[^\s@<>(),;:\"\\]{1,255}")
_IN_BRACKETS: Final = re.compile(r"<([^<>]+)>")
_YEARS: Final = range(1990, 2090)
_CLOCK_ERROR: Final = timedelta(days=2)


def read_addresses(header: str) -> tuple[MailAddress, ...]:
    """Return the addresses of a header; what has no readable address has an empty one.

    An address between angle brackets is the address, whatever the name beside it looks like.
    """
    addresses: list[MailAddress] = []
    names: list[str] = []
    header = header[:_LONGEST]
    if any(token[0][0] == '"' != token[0][-1] for token in _TOKEN.finditer(header)):
        header = header.replace('"', " ")  # a quotation mark that nothing closes is none
    for name, address in _mailboxes(header):
        names.append(name)
        # A name with a comma that nobody quoted belongs to the address after it.
        if address is not None:
            addresses.append(_address(", ".join(filter(None, names)), address))
            names = []
    rest = ", ".join(filter(None, names))
    if rest and not addresses:
        addresses.append(_address(rest, ""))
    return tuple(addresses)


def _mailboxes(header: str) -> Iterator[tuple[str, str | None]]:
    """Yield the text and the address of what stands between commas."""
    texts: list[str] = []
    comment: list[str] = []
    address: str | None = None
    depth = 0
    for token in _TOKEN.finditer(header):
        letter = token[0]
        if depth or letter == "(":
            depth += {"(": 1, ")": -1}.get(letter, 0)
            comment.append(letter.strip("()"))
        elif letter in ",;":
            yield _mailbox(texts, comment, address)
            texts, comment, address = [], [], None
        elif letter == ":" and address is None and "@" not in "".join(texts):
            texts = []  # the name of a group
        elif token[2] is not None:
            address = token[2].strip()
        else:
            quoted = token[1]
            texts.append(letter if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
    yield _mailbox(texts, comment, address)


def _mailbox(texts: list[str], comment: list[str], address: str | None) -> tuple[str, str | None]:
    name = "".join(texts).strip()
    if address is None and (bare := _ADDRESS.fullmatch(name)):
        return "".join(comment).strip(), bare[0]
    return name, address


def _address(name: str, address: str) -> MailAddress:
    text = decode_header(address).strip().strip("'\"").removeprefix("mailto:")
    plain = text.lower() if _ADDRESS.fullmatch(text) and text.isprintable() else ""
    return MailAddress(plain, one_line(decode_header(name).strip(" '\""), _LONGEST_NAME))


def read_subject(headers: Headers) -> str:
    """Return the subject on one line."""
    return one_line(decode_header(headers.first("subject")[: MOST_SUBJECT * 20]), MOST_SUBJECT)


def read_ids(header: str) -> tuple[str, ...]:
    """Return the ids of Message-ID, In-Reply-To or References; the last 200 of them."""
    header = header[:_LONGEST]
    ids = _IN_BRACKETS.findall(header) or [word for word in header.split() if "@" in word]
    if not ids and header and " " not in header:
        ids = [header]
    texts = [one_line(re.sub(r"\s+", "", message_id), MOST_ID) for message_id in ids]
    return tuple(text for text in dict.fromkeys(texts) if text)[-MOST_IDS:]


def read_senders(headers: Headers) -> tuple[MailAddress, ...]:
    """Return every address that a From header claims, of all From headers."""
    return tuple(address for header in headers.all("from") for address in read_addresses(header))


def read_all_addresses(headers: Headers, *names: str) -> tuple[MailAddress, ...]:
    """Return the readable addresses of these headers, each once."""
    addresses = (
        address
        for name in names
        for header in headers.all(name)
        for address in read_addresses(header)
    )
    return tuple({a.address: a for a in addresses if a.address}.values())


def read_return_path(headers: Headers) -> str | None:
    """Return the address to which bounces go: empty if there is none, None if it is not known."""
    paths = headers.all("return-path")
    if not paths:
        return None
    addresses = read_addresses(paths[0])
    return addresses[0].address if addresses else ""


def read_date(headers: Headers) -> tuple[datetime | None, bool]:
    """Return when the message was sent, and whether that can be so.

    It cannot if the servers on its way were done with it days before.
    """
    if "date" not in headers:
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
        # A date without a zone is a server's, whose clock tells UTC.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
