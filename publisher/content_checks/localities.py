"""Find localities, roads and ward offices of the city in a text, as people write them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from publisher.people import register_data

_LETTER = r"A-Za-z\u0900-\u0963\u0970-\u097f"
_NUKTA = "\u093c"
# कोथरूडमधील, औंधच्या, खराडीत, चौकात, पेठेतील, रोडवर
_SUFFIX = (
    "(?:गाव)?[ाे]?(?:तील|त|ला|स|चा|ची|चे|च्या|ने|शी|मध्ये|मधील|मधून|वर|वरील|वरून|हून|पासून|पर्यंत|जवळ|जवळील|"
    "कडे|कडील|लगत|मार्गे|येथील|येथे|करांनी|करांसाठी|सह)?"
)
# Short and long vowels are often mistaken for each other (कोथरुड, कोथरूड), and a road has two names.
_PARTS = {
    **{letter: f"[{pair}]" for pair in ("िी", "ुू", "इई", "उऊ") for letter in pair},
    **dict.fromkeys(" -", r"[\s.-]{1,3}"),
    "~": r"[\s.-]{0,3}",
    "@": "(?:रोड|रस्ता|रस्त्य)",
    "#": "गां?व",
}


@dataclass(frozen=True)
class Locality:
    """A locality, road or ward office with its names."""

    name_mr: str
    name_en: str
    spellings: tuple[str, ...]
    #: Empty where Hindi writes the name as Marathi does.
    name_hi: str = ""


@dataclass(frozen=True)
class WrittenLocality:
    """A locality in a text; from `start` to `end` in code points."""

    start: int
    end: int
    locality: Locality


def find_localities(text: str) -> list[WrittenLocality]:
    """Return the localities that a text names, in order; of two at one position the longer one."""
    pattern, localities = _index()
    return [
        WrittenLocality(*match.span("name"), localities[_key(match["name"])])
        for match in pattern.finditer(text)
        if _key(match["name"]) in localities
    ]


@cache
def _index() -> tuple[re.Pattern[str], dict[str, Locality]]:
    """Return the pattern of all names, the longest first, and the locality of each."""
    rows = {
        name: locality
        for locality in (*_localities(), *_ward_offices())
        for name in (locality.name_mr, locality.name_hi, locality.name_en, *locality.spellings)
        if name
    }
    names = "|".join(_pattern(name) for name in sorted(rows, key=len, reverse=True))
    pattern = re.compile(
        rf"(?<![{_LETTER}])(?=[{_LETTER}])(?P<name>{names})(?:{_SUFFIX})(?![{_LETTER}])",
        re.IGNORECASE,
    )
    return pattern, {_key(name): locality for name, locality in rows.items()}


def _localities() -> Iterator[Locality]:
    lines = files(__package__).joinpath("localities.csv").read_text(encoding="utf-8").splitlines()
    for row in csv.DictReader(lines):
        spellings = tuple(filter(None, row["spellings"].split("|")))
        yield Locality(row["locality_mr"], row["locality_en"], spellings)


def _ward_offices() -> Iterator[Locality]:
    for row in register_data.load():
        if row.kind == "ward-office":
            spellings = (row.name_mr_transcribed,) if row.name_mr_transcribed else ()
            yield Locality(row.name_mr, row.name_en, spellings, row.name_hi)


def _pattern(name: str) -> str:
    """Return the pattern of a name, with or without spaces, hyphens and dots."""
    if name.isascii():
        return "".join(_PARTS.get(letter, re.escape(letter)) for letter in name)
    # शिवाजी नगर, शिवाजीनगर
    spaced = re.sub("(?<=.)(?=नगर|वाडी|गाव|पेठ|रोड)", "~", re.sub(rf"[ {_NUKTA}-]", "~", name))
    letters = re.sub("~+", "~", spaced).replace("रोड", "@").replace("गाव", "#")
    return f"{_NUKTA}?".join(_PARTS.get(letter, re.escape(letter)) for letter in letters)


def _key(name: str) -> str:
    """Return what all spellings of a name that the pattern matches have in common."""
    letters = re.sub(rf"[\s.{_NUKTA}-]", "", name.casefold()).replace("गांव", "गाव")
    letters = re.sub("रस्ता|रस्त्य", "रोड", letters)
    return letters.translate(str.maketrans("ीूईऊ", "िुइउ"))
