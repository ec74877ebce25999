"""Passwords: their rules, and their storage as Argon2id hashes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final, Protocol

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from argon2.profiles import RFC_9106_LOW_MEMORY

from approvals.errors import NotAllowed
from publisher.auth.contact_details import is_contact
from publisher.models.people import Person

SHORTEST: Final = 12
LONGEST: Final = 256
#: Letters and digits that have to be left when all common and context words are taken out.
FEWEST_OWN_CHARACTERS: Final = 6
_FEWEST_DIFFERENT = 5
_SHORTEST_WORD = 3
_LETTERS_FOR_SIGNS = str.maketrans("@4031!5$7", "aaoeiisst")
_SEPARATORS = re.compile(r"[^\w\u0900-\u097f]+|_")


class Hasher(Protocol):
    """The interface of a password hasher; `argon2.PasswordHasher` implements it."""

    def hash(self, password: str) -> str:
        """Return a salted hash that includes its parameters."""

    def verify(self, hash: str, password: str) -> bool:  # noqa: A002  argon2's own name
        """Return True, or raise `VerifyMismatchError`."""

    def check_needs_rehash(self, hash: str) -> bool:  # noqa: A002  argon2's own name
        """Return True if the hash was made with other parameters."""

    def __hash__(self) -> int:
        """Return a hash, as a dummy password hash is cached for each hasher."""


HASHER: Final[Hasher] = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
"""Argon2id, RFC 9106's second recommendation: 64 MiB, three passes, four lanes."""


class BadPassword(NotAllowed):
    """The password was refused; `code` is the reason."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(**values)
        self.code = code


def check_password(password: str, person: Person, *, city_words: Collection[str] = ()) -> None:
    """Raise `BadPassword`: too_short, too_long, contact, common or context.

    There are no composition rules. A password made of common passwords is `common`: those on our
    own list, and the 3,000 commonest that are long enough. One made of the person's names, mail,
    mobile or departments, or of words of the city or this product, is `context`. Anybody's mail
    address or phone number is `contact`.
    """
    length = len(_normal(password))
    if length < SHORTEST:
        raise BadPassword("too_short", shortest=SHORTEST)
    if length > LONGEST:
        raise BadPassword("too_long", longest=LONGEST)
    plain = _normal(password).casefold()
    if is_contact(plain):
        raise BadPassword("contact")
    context = {*_words("context.txt"), *_pieces(city_words), *_own_words(person)}
    if _consists_of_words(plain, context):
        raise BadPassword("context")
    is_monotonous = len(set(plain)) < _FEWEST_DIFFERENT
    common = context | _words("common.txt") | _words("commonest.txt")
    if is_monotonous or _consists_of_words(plain, common):
        raise BadPassword("common")


@dataclass(frozen=True)
class NewPassword:
    """A password to set, and its hash, which is made before the transaction is opened.

    `city_words` are words of the city that are too easy to guess.
    """

    text: str = field(repr=False)
    password_hash: str = field(repr=False)
    city_words: Collection[str] = ()


@dataclass(frozen=True)
class Proof:
    """The result of verifying a typed password against a stored hash.

    Verifying takes a tenth of a second and much memory, so it is done outside transactions.
    `renewed` is a hash with today's parameters if the stored one has others.
    """

    stored_hash: str | None
    is_right: bool
    renewed: str | None = None


def try_password(stored_hash: str | None, password: str, *, hasher: Hasher = HASHER) -> Proof:
    """Verify a typed password against a stored hash.

    Without a stored hash it takes the same time, as the password is verified against a dummy hash.
    """
    normal_password = _normal(password)[: LONGEST + 1]
    try:
        hasher.verify(stored_hash or _spare_hash(hasher), normal_password)
    except VerifyMismatchError:
        return Proof(stored_hash, is_right=False)
    if stored_hash is None:
        return Proof(stored_hash, is_right=False)
    renewed = hasher.hash(normal_password) if hasher.check_needs_rehash(stored_hash) else None
    return Proof(stored_hash, is_right=True, renewed=renewed)


def accept_proof(person: Person | None, proof: Proof) -> bool:
    """Return True if the proof is right, and for the person's current password.

    A hash made with outdated parameters is replaced by the renewed one.
    """
    # Hashing is slow and done before the transaction: the password may have changed since.
    if person is None or not proof.is_right or person.password_hash != proof.stored_hash:
        return False
    if proof.renewed is not None:
        person.password_hash = proof.renewed
    return True


def hash_password(password: str, *, hasher: Hasher = HASHER) -> str:
    """Return the hash of a password; slow, so call it outside transactions."""
    return hasher.hash(_normal(password))


@lru_cache(maxsize=8)
def _spare_hash(hasher: Hasher) -> str:
    return hasher.hash("nobody signs in with this")


def _normal(password: str) -> str:
    # NFKC: equal-looking passwords are equal, however a keyboard composes them.
    return unicodedata.normalize("NFKC", password)


def _consists_of_words(plain: str, word_list: Collection[str]) -> bool:
    """Return True if little is left without these words, even with look-alike characters."""
    # Also without separators: people put spaces anywhere in a mobile number.
    written = (plain, _SEPARATORS.sub("", plain))
    spellings = (*written, *(text.translate(_LETTERS_FOR_SIGNS) for text in written))
    return any(
        _remaining_length(spelling, word_list) < FEWEST_OWN_CHARACTERS for spelling in spellings
    )


def _remaining_length(plain: str, word_list: Collection[str]) -> int:
    for word in sorted(word_list, key=len, reverse=True):
        plain = plain.replace(word, " ")
    return len(_SEPARATORS.sub("", plain))


def _own_words(person: Person) -> set[str]:
    mail, mobile = person.mail or "", person.mobile or ""
    departments = [appointment.department for appointment in person.appointments]
    return _pieces(
        (
            *(person.name_mr, person.name_en, mail, _SEPARATORS.sub("", mail)),
            *(mobile, mobile[-10:]),
            *(department.name_mr for department in departments),
            *(department.name_en for department in departments),
            *(department.code for department in departments),
        )
    )


def _pieces(texts: Iterable[str]) -> set[str]:
    pieces = {piece for text in texts for piece in _SEPARATORS.split(_normal(text).casefold())}
    return {piece for piece in pieces if len(piece) >= _SHORTEST_WORD}


@cache
def _words(name: str) -> frozenset[str]:
    listed = files(__package__).joinpath(name).read_text(encoding="utf-8")
    return frozenset(_normal(word).casefold() for word in listed.split())
