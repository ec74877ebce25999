"""Find the URLs of a text as X does: with a protocol, and bare domains too.

A host is read from one unbroken run of host characters, so the time is linear in the text's length.
The patterns are written so that Python and the browser read them alike. Top-level domains come from
the public suffix list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from publicsuffixlist import PSLFILE

PRIVATE_PART = "===BEGIN PRIVATE DOMAINS==="


@cache
def endings() -> frozenset[str]:
    """Return every present top-level domain, in lower case and its own script ("in", "भारत")."""
    return frozenset(_last_labels(Path(PSLFILE).read_text(encoding="utf-8")))


@cache
def longest_ending() -> int:
    """Return the length of the longest top-level domain, in code points."""
    return max(map(len, endings()))


def _last_labels(listed: str) -> Iterator[str]:
    for line in listed.splitlines():
        if PRIVATE_PART in line:
            return
        rule = line.strip()
        if rule and not rule.startswith("//"):
            yield rule.split(".")[-1].lower()


LONGEST_LABEL = 63
LONGEST_ADDRESS = 4_096

_ACCENTS = r"\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0300-\u036f\u1e00-\u1eff"
_PATH = rf"[A-Za-z0-9!*';:=+,.$\/%#\[\]\-\u2013_~@|&\u0400-\u04ff{_ACCENTS}]"
SOURCES = {
    "run": (
        r"[^\u0000-,\/:-@\[-\^\u0060{-\u00a0\u061c\u1680\u180e\u2000-\u200a\u200e\u200f"
        r"\u2028-\u202f\u205f\u2066-\u2069\u3000\ufeff\uff03\uff20\ufffe\uffff]+"
    ),
    "not_before": r"[A-Za-z0-9@$#\uff20\uff03\ufffe\ufeff\uffff]",
    "not_before_bare": r"[\-_.\/]",
    "not_after": r"[A-Za-z0-9@+\-]",
    "protocol": r"[Hh][Tt][Tt][Pp][Ss]?:\/\/$",
    "punycode": r"[Xx][Nn]--[\-0-9A-Za-z]+",
    "plain_run": rf"[A-Za-z0-9\-.{_ACCENTS}]+",
    "port": r":[0-9]+",
    "path": rf"\/(?:{_PATH}+|\((?:{_PATH}+|{_PATH}*\({_PATH}+\){_PATH}*)\))*",
    "path_trim": r"!*';:,.$%[]" + "\u2013~@|&",
    "query": r"\?[A-Za-z0-9!?*'@();:&=+$\/%#\[\]\-_.,~|]+",
    "query_trim": r"!?*'@();:+$%[].,~|",
}
_RUN, _NOT_BEFORE, _NOT_BEFORE_BARE, _NOT_AFTER, _PROTOCOL, _PUNYCODE, _PLAIN_RUN = (
    re.compile(SOURCES[name])
    for name in (
        "run",
        "not_before",
        "not_before_bare",
        "not_after",
        "protocol",
        "punycode",
        "plain_run",
    )
)
_PORT, _TAIL_PATH, _TAIL_QUERY = (re.compile(SOURCES[name]) for name in ("port", "path", "query"))


@dataclass(frozen=True)
class Span:
    """The start and end of a URL, in code points."""

    start: int
    end: int


def extract_urls(text: str) -> list[str]:
    """Return the URLs of a text, in order, as written in it; the text is not normalised."""
    return [text[span.start : span.end] for span in address_spans(text)]


def address_spans(text: str) -> list[Span]:
    """Return the spans of the URLs in a text."""
    spans: list[Span] = []
    free = -1
    for run in _RUN.finditer(text):
        if run.end() > free and "." in run.group():
            run_spans, free = _urls_in_run(text, run.start(), run.end(), free)
            spans += run_spans
    return spans


def _urls_in_run(text: str, start: int, end: int, free: int) -> tuple[list[Span], int]:
    """Return the URLs whose host is in this run, and the new value of `free`.

    `free` is the first character that may precede a URL (-1: the text's beginning).
    """
    protocol = _protocol_start(text, start, free)
    if protocol is None and not _may_stand_bare(text, start := max(start, free + 1)):
        return [], free
    host_end = _host_end(text, start, end)
    if host_end is None:
        return [], free
    tail = _tail_end(text, host_end)
    whole = Span(start if protocol is None else protocol, tail.end)
    if not _short_enough(text, start, host_end, whole, with_protocol=protocol is not None):
        return [], tail.end
    if protocol is not None:
        return [whole], tail.end
    return _plain_hosts(text, start, host_end, tail), tail.end


def _protocol_start(text: str, start: int, free: int) -> int | None:
    if text[start - 3 : start] != "://":
        return None
    match = _PROTOCOL.search(text, max(0, start - 8), start)
    if match is None:
        return None
    begin = match.start()
    is_apart = begin > free and not _NOT_BEFORE.match(text, begin - 1)
    return begin if begin == 0 or is_apart else None


def _may_stand_bare(text: str, start: int) -> bool:
    if start == 0:
        return True
    preceding = text[start - 1]
    return not (_NOT_BEFORE.match(preceding) or _NOT_BEFORE_BARE.match(preceding))


def _host_end(text: str, start: int, end: int) -> int | None:
    """Return the end of the longest host that begins here; None if there is none."""
    best: int | None = None
    label = start
    while (dot := text.find(".", label, end)) > label:
        if text[label] in "-_" or text[dot - 1] in "-_":
            break
        if "_" not in text[label:dot]:
            best = _ending_end(text, dot + 1, end) or best
        label = dot + 1
    return best


def _ending_end(text: str, start: int, end: int) -> int | None:
    punycode = _PUNYCODE.match(text, start, end)
    if punycode is not None:
        return punycode.end()
    for end_index in range(min(end, start + longest_ending()), start, -1):
        if text[start:end_index].lower() in endings() and not _NOT_AFTER.match(text, end_index):
            return end_index
    return None


@dataclass(frozen=True)
class _Tail:
    end: int
    has_path: bool


def _tail_end(text: str, index: int) -> _Tail:
    """Return the end of port, path and query after a host, and whether there is a path."""
    port = _PORT.match(text, index)
    index = port.end() if port else index
    path = _TAIL_PATH.match(text, index)
    if path:
        trimmed_length = len(path.group().rstrip(SOURCES["path_trim"]))
        index += trimmed_length
        if trimmed_length < len(path.group()):
            return _Tail(index, True)
    query = _TAIL_QUERY.match(text, index)
    trimmed_length = len(query.group().rstrip(SOURCES["query_trim"])) if query else 0
    return _Tail(index + trimmed_length, path is not None)


def _short_enough(text: str, start: int, end: int, whole: Span, *, with_protocol: bool) -> bool:
    labels = [_ascii_length(label) for label in text[start:end].split(".")]
    longer = sum(labels) + len(labels) - 1 - (end - start)
    length = whole.end - whole.start + longer + (0 if with_protocol else len("https://"))
    return max(labels) <= LONGEST_LABEL and length <= LONGEST_ADDRESS


def _ascii_length(label: str) -> int:
    # Punycode never shortens a label, and encoding a long one is slow.
    if label.isascii() or len(label) > LONGEST_LABEL:
        return len(label)
    return len("xn--") + len(label.encode("punycode"))


def _plain_hosts(text: str, start: int, end: int, tail: _Tail) -> list[Span]:
    """Return the parts of a bare host in Latin letters; a path belongs to the last of them."""
    spans = []
    for run in _PLAIN_RUN.finditer(text, start, end):
        span = _plain_host(text, run.start(), run.end())
        if span is not None:
            spans.append(span)
    if spans and tail.has_path:
        spans[-1] = Span(spans[-1].start, tail.end)
    return spans


def _plain_host(text: str, start: int, end: int) -> Span | None:
    best: Span | None = None
    first = label = start
    while (dot := text.find(".", label, end)) >= 0:
        if dot == label:
            first = dot + 1
        elif ending := _ending_end(text, dot + 1, end):
            best = Span(first, ending)
        label = dot + 1
    return best
