"""Notices as departments write them, with what a reader finds in each, and the count of both.

`python -m tests.support.notices` prints what the finder found, missed and got wrong; with
`--each` also what.
Further notices are further files of this folder.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

from publisher.content_checks.mentions import MentionKind, find_mentions

FOLDER = Path(__file__).parent
_LISTS = {
    MentionKind.DATE: "dates",
    MentionKind.TIME: "times",
    MentionKind.PLACE: "places",
    MentionKind.HELPLINE: "helplines",
}


@dataclass(frozen=True)
class Notice:
    """A notice, and what a reader finds in it."""

    file: str
    number: int
    language: str
    day: date
    text: str
    values: Mapping[MentionKind, frozenset[str]]


@dataclass
class Tally:
    """What was found, missed and wrong of a kind; `misses` and `errors` say what and where."""

    found: int = 0
    misses: Sequence[str] = ()
    errors: Sequence[str] = ()


def notices(*names: str) -> list[Notice]:
    """Return the notices of these files of the folder, or of all."""
    files = [FOLDER / f"{name}.toml" for name in names] or sorted(FOLDER.glob("*.toml"))
    return [
        _notice(file.stem, number, row)
        for file in files
        for number, row in enumerate(tomllib.loads(file.read_text())["notice"], 1)
    ]


def _notice(file: str, number: int, row: dict[str, object]) -> Notice:
    values = {}
    for kind, name in _LISTS.items():
        texts = row[name]
        assert isinstance(texts, list)
        values[kind] = frozenset(map(str, texts))
    day = row["day"]
    assert isinstance(day, date)
    return Notice(file, number, str(row["language"]), day, str(row["text"]), values)


def count(read_notices: Sequence[Notice]) -> dict[MentionKind, Tally]:
    """Return what the finder finds in these notices, by kind; each value counts once a notice."""
    tallies = {kind: Tally() for kind in MentionKind}
    for notice in read_notices:
        mentions = find_mentions(notice.text, now=datetime.combine(notice.day, time(6), UTC))
        for kind, tally in tallies.items():
            values = {_plain(kind, each.value) for each in mentions if each.kind is kind}
            expected, at = notice.values[kind], f"{notice.file} {notice.number}"
            tally.found += len(values & expected)
            tally.misses = [*tally.misses, *(f"{at}: {text}" for text in expected - values)]
            tally.errors = [*tally.errors, *(f"{at}: {text}" for text in values - expected)]
    return tallies


def _plain(kind: MentionKind, value: str) -> str:
    return re.sub(r"\D", "", value) if kind is MentionKind.HELPLINE else value


def table(tallies: Mapping[MentionKind, Tally]) -> list[str]:
    """Return the counts as lines of a table."""
    rows = ["| kind | found | missed | wrong |", "|---|---|---|---|"]
    for kind, tally in tallies.items():
        rows.append(f"| {kind} | {tally.found} | {len(tally.misses)} | {len(tally.errors)} |")
    return rows


def languages(read_notices: Sequence[Notice]) -> Counter[str]:
    """Return how many notices there are in each language."""
    return Counter(notice.language for notice in read_notices)
