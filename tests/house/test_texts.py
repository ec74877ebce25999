"""Texts that no file of the project may contain: addresses, machine paths, real names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import pairwise

import pytest

from tests.house.complaints import expect_none
from tests.support.runs import CHECKOUT
from tools.source import read, texts

# Put together here, so that this file does not carry them itself.
MACHINE = ("/" + "work/", "/" + "root/", "/tmp/" + "tmp", "/opt/" + "wheels")  # noqa: S108  only a word
OPTIONS = ("index" + "-url", "find" + "-links")
REGISTRIES = (
    "py" + "pi.org",
    "python" + "hosted.org",
    "registry." + "npmjs",
    "deb." + "debian.org",
)
# These options only keep such lines out of a lock file.
HARMLESS = tuple(f"no-emit-{option}" for option in OPTIONS)
UNFINISHED = ("TO" + "DO", "FIX" + "ME", "XX" + "X")

# Digests of the folded words of names that real people bear; the names themselves stand nowhere.
REAL_PEOPLE = frozenset(
    {
        "3c6bb7674ef2f5c1",
        "7771643e46fedbcf",
        "29ecbbd94bf3eadf",
        "674e3b715c1c7d18",
        "1bc07ceb775f6886",
    }
)
CIRCULAR = CHECKOUT.parent / "shared" / "data" / "circular-2021-07-19.md"


def find_places(name: str, text: str) -> Iterator[str]:
    """Find paths of one machine, and addresses of registries."""
    for harmless in HARMLESS:
        text = text.replace(harmless, "")
    for number, line in enumerate(text.splitlines(), 1):
        for word in (*MACHINE, *REGISTRIES, *OPTIONS):
            if word in line:
                yield f"{name}:{number} {word}"


def find_unfinished(name: str, text: str) -> Iterator[str]:
    """Find notes of unfinished work."""
    for number, line in enumerate(text.splitlines(), 1):
        for word in UNFINISHED:
            if re.search(rf"\b{word}\b", line):
                yield f"{name}:{number} {word}"


def find_people(name: str, text: str, digests: Iterable[str]) -> Iterator[str]:
    """Find lines with a name whose digest is in this set."""
    for number, line in enumerate(text.splitlines(), 1):
        folded = fold(line)
        pairs = [" ".join(pair) for pair in pairwise(folded)]
        if {digest(pair) for pair in pairs} & set(digests):
            yield f"{name}:{number} names a real person"


def fold(line: str) -> list[str]:
    """Return the words, composed and lower-cased, without marks between them."""
    composed = unicodedata.normalize("NFC", line).lower()
    return re.findall(r"[\w\u0900-\u097f]+", composed)


def digest(text: str) -> str:
    """Return the digest of folded words."""
    return sha256(text.encode()).hexdigest()[:16]


def signatory_of(circular: str) -> list[str]:
    """Return the folded name of the person who signs, which is in brackets above the office."""
    signed = re.search(r"^\((.+)\)\s*$", circular, re.MULTILINE)
    folded = fold(signed[1]) if signed else []
    return [" ".join(folded[-2:])]


def test_no_file_names_a_machines_path_or_a_registry() -> None:
    expect_none(find_place for name, text in texts() for find_place in find_places(name, text))


def test_no_file_says_that_something_is_left_for_later() -> None:
    own = [(name, text) for name, text in texts() if not name.endswith((".min.js", ".txt"))]
    expect_none(problem for name, text in own for problem in find_unfinished(name, text))


def test_no_file_names_the_real_signatory() -> None:
    expect_none(
        find_person
        for name, text in texts()
        for find_person in find_people(name, text, REAL_PEOPLE)
    )


@pytest.mark.skipif(not CIRCULAR.exists(), reason="the signed circular does not lie beside here")
def test_the_digests_are_those_of_the_circulars_signatory() -> None:
    assert {digest(pair) for pair in signatory_of(CIRCULAR.read_text("utf-8"))} <= REAL_PEOPLE


def test_lock_files_carry_a_hash_for_every_package_and_no_address() -> None:
    for name in ("requirements/build.txt", "requirements/run.txt", "requirements/test.txt"):
        expect_none(find_unlocked(name, read(name)))


def find_unlocked(name: str, text: str) -> Iterator[str]:
    """Find requirements without an exact version or a hash, and any address."""
    joined = text.replace("\\\n", " ")
    for line in joined.splitlines():
        line_text = line.partition(" #")[0].strip()
        if "://" in line or line_text.startswith("-"):
            yield f"{name}: {line[:60]}"
        elif line_text and not line_text.startswith("#") and not is_locked(line_text):
            yield f"{name}: {line_text[:60]}"


def is_locked(requirement: str) -> bool:
    """Return whether a requirement is exact and hashed."""
    return bool(re.match(r"[\w.\[\],-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", requirement))


def test_what_runs_is_locked_the_same_for_the_tests() -> None:
    pins = [
        set(re.findall(r"^[\w.\[\]-]+==\S+", read(f"requirements/{n}.txt"), re.MULTILINE))
        for n in ("run", "test")
    ]
    assert pins[0] - pins[1] == set()
    assert pins[0]


def test_each_text_that_no_file_may_hold_is_found() -> None:
    assert len(list(find_places("a.md", f"see\nhttps://{REGISTRIES[0]}/x {MACHINE[1]}x"))) == 2
    assert list(find_unfinished("a.py", f"# {UNFINISHED[0]}: later"))
    decomposed = unicodedata.normalize("NFD", "डॉ.(विनय जोशी)")
    assert list(find_people("a.md", decomposed, {digest("विनय जोशी")}))
    assert len(list(find_unlocked("a.txt", "a==1\nb @ https://x/y\n"))) == 2
