"""Passwords: what may be one, and how it is kept (Argon2id)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final, Protocol

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from argon2.profiles import RFC_9106_LOW_MEMORY

from approvals.errors import NotAllowed
from publisher.models.people import Person

SHORTEST: Final = 12
LONGEST: Final = 256
#: Letters and digits that have to be left when all common and context words are taken out.
OF_ONES_OWN: Final = 6
_FEWEST_DIFFERENT = 5
_SHORTEST_WORD = 3
_LOOK_ALIKE = str.maketrans("@4031!5$7", "aaoeiisst")
_APART = re.compile(r"[^\w\u0900-\u097f]+|_")


class Hasher(Protocol):
    """What keeps passwords; `argon2.PasswordHasher` is one."""

    def hash(self, password: str) -> str:
        """A salted hash, with its parameters in it."""

    def verify(self, hash: str, password: str) -> bool:  # noqa: A002  argon2's own name
        """True, or `VerifyMismatchError`."""

    def check_needs_rehash(self, hash: str) -> bool:  # noqa: A002  argon2's own name
        """Whether the hash was made with other parameters."""

    def __hash__(self) -> int:
        """One spare hash is kept for each."""


HASHER: Final[Hasher] = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
"""Argon2id, RFC 9106's second recommendation: 64 MiB, three passes, four lanes."""


class BadPassword(NotAllowed):
    """The password cannot be taken; the code says why."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(**values)
        self.code = code


def check_password(password: str, person: Person, *, city_words: Collection[str] = ()) -> None:
    """Raise `BadPassword`: too_short, too_long, common or context.

    There are no rules of composition. What consists of common passwords is `common`; what
    consists of the person's own names, mail and mobile, the city and the house is `context`.
    """
    length = len(_normal(password))
    if length < SHORTEST:
        raise BadPassword("too_short", shortest=SHORTEST)
    if length > LONGEST:
        raise BadPassword("too_long", longest=LONGEST)
    plain = _normal(password).casefold()
    context = {*_words("context.txt"), *_pieces(city_words), *_own_words(person)}
    if _is_made_of(plain, context):
        raise BadPassword("context")
    is_monotonous = len(set(plain)) < _FEWEST_DIFFERENT
    if is_monotonous or _is_made_of(plain, context | _words("common.txt")):
        raise BadPassword("common")


@dataclass(frozen=True)
class Proof:
    """What came of holding a typed password against a kept hash.

    That takes a tenth of a second and much memory, so it is done while no transaction is open.
    `renewed` is the hash with today's parameters, where the kept one has others.
    """

    kept: str | None
    is_right: bool
    renewed: str | None = None


def try_password(kept: str | None, password: str, *, hasher: Hasher = HASHER) -> Proof:
    """Hold a typed password against a kept hash.

    Nobody, or somebody without one, costs the same work: the password is held against a hash
    that nothing matches.
    """
    typed = _normal(password)[: LONGEST + 1]
    try:
        hasher.verify(kept or _spare_hash(hasher), typed)
    except VerifyMismatchError:
        return Proof(kept, is_right=False)
    if kept is None:
        return Proof(kept, is_right=False)
    renewed = hasher.hash(typed) if hasher.check_needs_rehash(kept) else None
    return Proof(kept, is_right=True, renewed=renewed)


def settles(person: Person | None, proof: Proof) -> bool:
    """Whether the proof is this person's: right, and of the password that counts now."""
    if person is None or not proof.is_right or person.password_hash != proof.kept:
        return False
    if proof.renewed is not None:
        person.password_hash = proof.renewed
    return True


def hashed(password: str, *, hasher: Hasher = HASHER) -> str:
    """What is kept of a password; made while no transaction is open, as it takes its time."""
    return hasher.hash(_normal(password))


def keep(person: Person, password: str, *, hasher: Hasher, made: str | None = None) -> None:
    """Keep a checked password; `made` is its hash where that was made beforehand."""
    person.password_hash = made or hashed(password, hasher=hasher)


@lru_cache(maxsize=8)
def _spare_hash(hasher: Hasher) -> str:
    return hasher.hash("nobody signs in with this")


def _normal(password: str) -> str:
    """One form for what looks the same, however a keyboard composes it."""
    return unicodedata.normalize("NFKC", password)


def _is_made_of(plain: str, words: Collection[str]) -> bool:
    """Whether little is left without these words, be it spelt with look-alike signs or not."""
    spellings = (plain, plain.translate(_LOOK_ALIKE))
    return any(_left_of(spelling, words) < OF_ONES_OWN for spelling in spellings)


def _left_of(plain: str, words: Collection[str]) -> int:
    for word in sorted(words, key=len, reverse=True):
        plain = plain.replace(word, " ")
    return len(_APART.sub("", plain))


def _own_words(person: Person) -> set[str]:
    local_part = (person.mail or "").partition("@")[0]
    mobile = person.mobile or ""
    return _pieces((person.name_mr, person.name_en, local_part, mobile, mobile[-10:]))


def _pieces(texts: Iterable[str]) -> set[str]:
    pieces = {piece for text in texts for piece in _APART.split(_normal(text).casefold())}
    return {piece for piece in pieces if len(piece) >= _SHORTEST_WORD}


@cache
def _words(name: str) -> frozenset[str]:
    listed = files(__package__).joinpath(name).read_text(encoding="utf-8")
    return frozenset(_normal(word).casefold() for word in listed.split())
