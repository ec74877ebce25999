"""What a platform charges for: reads and creations, each with the cause that the caller names.

A platform that charges nothing has no `Billing`. Amounts are whole millionths of a dollar, so that
sums are exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from typing import Final

from publisher.platforms.base.storable_text import storable

MICROS: Final = 1_000_000
"""The millionths in a dollar."""


LONGEST_RESOURCE: Final = 140
"""The maximum length of the name of what is charged."""


class ChargeKind(StrEnum):
    """A kind of charge; each has a price of its own."""

    #: A post or comment of others, or a post of ours by search.
    POST_READ = "post_read"
    #: A post of our own timeline, or a mention of us.
    OWNED_READ = "owned_read"
    #: A post of ours, read by its id.
    OWN_BY_ID = "own_by_id"
    USER_READ = "user_read"
    POST = "post"
    POST_WITH_LINK = "post_with_link"
    #: An answer without a link to somebody who mentioned us.
    SUMMONED_REPLY = "summoned_reply"
    ALT_TEXT = "alt_text"
    #: Hiding a comment, or showing it again.
    HIDE = "hide"
    DELETE = "delete"


class Cause(StrEnum):
    """What a charge was for."""

    POSTS = "posts"
    ANSWERS = "answers"
    LOOKS = "looks"
    REPLIES = "replies"
    MENTIONS = "mentions"
    AUTHORS = "authors"
    #: The search for a post that may be live, and posts that were published by hand.
    CONFIRMATION = "confirmation"
    #: What was hidden, shown again or deleted.
    REMOVALS = "removals"
    OTHER = "other"


@dataclass(frozen=True)
class Charge:
    """A charge for one thing. `resource` names it: a platform charges for it once a UTC day.

    Characters that a database refuses are replaced, and a name that is too long is replaced by its
    digest.
    """

    kind: ChargeKind
    resource: str

    def __post_init__(self) -> None:
        """Make the name storable: what platforms send as an id may be anything."""
        name = storable(self.resource)
        if len(name) > LONGEST_RESOURCE:
            name = sha256(name.encode()).hexdigest()
        object.__setattr__(self, "resource", name)


RecordCharges = Callable[[Cause, Sequence[Charge]], None]
"""Stores charges right after the response that caused them; never raises."""

_CAUSE: ContextVar[Cause | None] = ContextVar("cause of charges", default=None)


def ignore_charges(_cause: Cause, _charges: Sequence[Charge]) -> None:
    """Record nothing."""


@contextmanager
def attribute_calls(cause: Cause) -> Iterator[None]:
    """Name the cause of the calls inside; it may decorate a function."""
    token = _CAUSE.set(cause)
    try:
        yield
    finally:
        _CAUSE.reset(token)


def present_cause(default: Cause) -> Cause:
    """Return the cause that the caller has named, or else `default`."""
    return _CAUSE.get() or default


@dataclass(frozen=True)
class Billing:
    """How a platform charges: the settings with its prices and its monthly budget.

    `has_link` returns True if a text, as sent, is charged as one with a link.
    `dialect_costs` say in English what a dialect of requests costs extra, by its name.
    """

    prices: Mapping[ChargeKind, str]
    budget: str
    has_link: Callable[[str], bool]
    dialect_costs: Mapping[str, str] = field(default_factory=dict)

    def kind_of(self, text: str, *, is_answer: bool = False) -> ChargeKind:
        """Return the kind of the creation of a post with this text, or an answer to a citizen.

        X accepts answers only to those who mentioned us unless a contract says otherwise.
        """
        if self.has_link(text):
            return ChargeKind.POST_WITH_LINK
        return ChargeKind.SUMMONED_REPLY if is_answer else ChargeKind.POST

    def price(self, kind: ChargeKind, settings: Mapping[str, str]) -> int:
        """Return the price of one thing of this kind, in millionths of a dollar."""
        return micros(settings.get(self.prices[kind], ""))

    def monthly_budget(self, settings: Mapping[str, str]) -> int | None:
        """Return the budget of a month, in millionths of a dollar; None if there is none."""
        return micros(settings.get(self.budget, "")) or None


def micros(dollars: str) -> int:
    """Return an amount in millionths of a dollar; an empty text is 0."""
    return int(Decimal(dollars or "0") * MICROS)
