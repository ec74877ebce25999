"""What every form of the desk is checked by: all problems are found, then raised at once."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from approvals.errors import WrongRole
from approvals.policy import Action, Actor, Scope, scope_of
from publisher.i18n import text_cleaning
from publisher.i18n.text_cleaning import is_visible

GRACE = timedelta(minutes=1)
"""How far back a typed time may lie: forms show minutes, and a minute passes while one types."""

LONGEST_LINK = 2_000
LONGEST_REASON = 2_000
_SPACE = re.compile(r"\s")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class FieldError:
    """One thing to mend: at which field, why (a code), and what the sentence about it needs."""

    field: str
    code: str
    values: Mapping[str, object] = dataclasses.field(default_factory=dict)


class Invalid(Exception):
    """Something given cannot be taken; `problems` holds everything that was found."""

    def __init__(self, problems: Iterable[FieldError]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    @property
    def codes(self) -> list[tuple[str, str]]:
        """Field and code of each problem, in order."""
        return [(problem.field, problem.code) for problem in self.problems]


class NotFound(LookupError):
    """There is no such thing, or none that this actor may know of."""


class Validator:
    """Collects the problems of one form while its fields are read."""

    def __init__(self, found: Iterable[FieldError] = ()) -> None:
        self.problems = list(found)

    def add(self, field: str, code: str, **values: object) -> None:
        """Note a problem, once for each field and code."""
        if all((one.field, one.code) != (field, code) for one in self.problems):
            self.problems.append(FieldError(field, code, values))

    def finish(self) -> None:
        """Raise `Invalid` with everything that was found, if anything was."""
        if self.problems:
            raise Invalid(self.problems)

    def text(self, field: str, typed: str, *, most: int, required: bool = False) -> str:
        """A text as it may be stored: composed, blank ends gone; `most` counts code points.

        What shows nothing is none.
        """
        if required and not is_visible(typed):
            self.add(field, "required")
            return ""
        cleaned = text_cleaning.clean(typed)
        for one in cleaned.problems[:1]:
            self.add(field, one.code, character=one.character, line=one.line, column=one.column)
        words = cleaned.text.strip()
        if len(words) > most:
            self.add(field, "too_long", found=len(words), most=most)
        return words if is_visible(words) else ""

    def line(self, field: str, typed: str, *, most: int, required: bool = False) -> str:
        """The same for a text of one line: every run of blanks becomes one space."""
        return " ".join(self.text(field, typed, most=most, required=required).split())

    def link(self, field: str, typed: str) -> str:
        """A web address that a reader may be sent to, or nothing."""
        link = self.text(field, typed, most=LONGEST_LINK)
        if link and not is_web_address(link):
            self.add(field, "not_a_link")
        return link

    def future(self, field: str, at: datetime | None, *, now: datetime) -> None:
        """A moment that may not lie in the past."""
        if at is not None and at < now - GRACE:
            self.add(field, "past", at=at)

    def token(self, field: str, typed: str) -> str | None:
        """A form's own token, or None where it has none."""
        if typed and not _TOKEN.fullmatch(typed):
            self.add(field, "unreadable")
        return typed or None


def is_web_address(link: str) -> bool:
    """Whether this is an http(s) address of a public host, without a name or password in it."""
    try:
        parts = urlsplit(link)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or _SPACE.search(link) or "@" in parts.netloc:
        return False
    return bool(host) and "." in str(host).strip(".")


def person_of(actor: Actor) -> int:
    """The id of the person who acts; raises `WrongRole` where no person does."""
    if actor.person_id is None:
        raise WrongRole(role=actor.role)
    return actor.person_id


def checked_reason(reason: str, *, field: str = "reason") -> str:
    """The words of a reason; raises `Invalid` where they are missing, too long or unreadable."""
    check = Validator()
    words = check.text(field, reason, most=LONGEST_REASON, required=True)
    check.finish()
    return words


def departments_in_sight(actor: Actor, action: Action) -> frozenset[int] | None:
    """The departments whose things the actor may act on so; None for all.

    Raises `WrongRole` where the actor's role has no right to this action at all.
    """
    match scope_of(actor, action):
        case Scope.ANY:
            return None
        case Scope.OWN | Scope.STANDING_IN:
            own = () if actor.department_id is None else (actor.department_id,)
            return actor.line.union(own)
        case _:
            raise WrongRole(role=actor.role, action=action)


def check_in_sight(actor: Actor, action: Action, departments: Iterable[int]) -> None:
    """Raise `NotFound` unless one of these departments' things may be known to the actor."""
    seen = departments_in_sight(actor, action)
    if seen is not None and seen.isdisjoint(departments):
        raise NotFound(action)
