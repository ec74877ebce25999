"""Validation of forms: all errors are collected, then raised together."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from urllib.parse import urlsplit

from approvals.errors import WrongRole
from approvals.policy import Action, Actor, Scope, scope_of
from publisher.i18n import text_cleaning
from publisher.i18n.text_cleaning import is_visible

GRACE = timedelta(minutes=1)
"""How far in the past a time may be: forms show minutes, and typing takes a minute."""

LONGEST_LINK = 2_000
LONGEST_REASON = 2_000
Row = TypeVar("Row")
_SPACE = re.compile(r"\s")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class FieldError:
    """An error of one field: its code, and the arguments of its message."""

    field: str
    code: str
    values: Mapping[str, object] = dataclasses.field(default_factory=dict)


class Invalid(Exception):
    """The input is invalid; `problems` holds all errors."""

    def __init__(self, problems: Iterable[FieldError]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    @property
    def codes(self) -> list[tuple[str, str]]:
        """The field and code of each error, in order."""
        return [(problem.field, problem.code) for problem in self.problems]


class NotFound(LookupError):
    """The row does not exist, or the actor may not see it."""


def existing(row: Row | None, key: object) -> Row:
    """Return the row; raises `NotFound` with its key if there is none."""
    if row is None:
        raise NotFound(key)
    return row


class Validator:
    """Collects the errors of one form while its fields are read."""

    def __init__(self, problems: Iterable[FieldError] = ()) -> None:
        self.problems = list(problems)

    def add(self, field: str, code: str, **values: object) -> None:
        """Add an error, once for each field and code."""
        if all((problem.field, problem.code) != (field, code) for problem in self.problems):
            self.problems.append(FieldError(field, code, values))

    def finish(self) -> None:
        """Raise `Invalid` with all errors, if there are any."""
        if self.problems:
            raise Invalid(self.problems)

    def text(self, field: str, text: str, *, most: int, required: bool = False) -> str:
        """Return the text in NFC and stripped; `most` is its greatest length in code points.

        A text without a visible character counts as empty.
        """
        if required and not is_visible(text):
            self.add(field, "required")
            return ""
        cleaned = text_cleaning.clean(text)
        for problem in cleaned.problems[:1]:
            self.add(
                field,
                problem.code,
                character=problem.character,
                line=problem.line,
                column=problem.column,
            )
        stripped = cleaned.text.strip()
        if len(stripped) > most:
            self.add(field, "too_long", found=len(stripped), most=most)
        return stripped if is_visible(stripped) else ""

    def line(self, field: str, text: str, *, most: int, required: bool = False) -> str:
        """Return the text as `text` does, with every run of whitespace as one space."""
        return " ".join(self.text(field, text, most=most, required=required).split())

    def link(self, field: str, text: str) -> str:
        """Return a web address, or an empty text; adds `not_a_link` for any other text.

        An address that was typed without `https://` is completed.
        """
        link = self.text(field, text, most=LONGEST_LINK)
        if _is_domain(link) and is_web_address(f"https://{link}"):
            link = f"https://{link}"
        if link and not is_web_address(link):
            self.add(field, "not_a_link")
        return link

    def future(self, field: str, at: datetime | None, *, now: datetime) -> None:
        """Add `past` if the moment is in the past."""
        if at is not None and at < now - GRACE:
            self.add(field, "past", at=at)

    def token(self, field: str, text: str) -> str | None:
        """Return the token of a form, or None if it is empty."""
        if text and not _TOKEN.fullmatch(text):
            self.add(field, "unreadable")
        return text or None


def _is_domain(link: str) -> bool:
    """Return True if the text begins with a domain name, such as `pmc.gov.in/water`."""
    host = re.split(r"[/?#:]", link, maxsplit=1)[0]
    name, _dot, ending = host.rpartition(".")
    return bool(name) and not ending.isdigit()


def is_web_address(link: str) -> bool:
    """Return True for an http(s) address with a domain name and without credentials."""
    try:
        parts = urlsplit(link)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or _SPACE.search(link) or "@" in parts.netloc:
        return False
    return bool(host) and "." in str(host).strip(".")


def person_of(actor: Actor) -> int:
    """Return the id of the acting person; raises `WrongRole` if the actor is not a person."""
    if actor.person_id is None:
        raise WrongRole(role=actor.role)
    return actor.person_id


def clean_reason(reason: str, *, field: str = "reason") -> str:
    """Return the cleaned reason; raises `Invalid` if it is missing, too long or unreadable."""
    validator = Validator()
    text = validator.text(field, reason, most=LONGEST_REASON, required=True)
    validator.finish()
    return text


def departments_in_sight(actor: Actor, action: Action) -> frozenset[int] | None:
    """Return the departments on whose rows the actor may do this action; None for all.

    Raises `WrongRole` if the actor's role has no right to this action.
    """
    match scope_of(actor, action):
        case Scope.ANY:
            return None
        case Scope.OWN | Scope.STANDING_IN:
            own = () if actor.department_id is None else (actor.department_id,)
            return actor.line.union(own)
        case _:
            raise WrongRole(role=actor.role, action=action)


def check_in_sight(actor: Actor, action: Action, department_ids: Iterable[int]) -> None:
    """Raise `NotFound` unless the actor may see the rows of one of these departments."""
    visible_ids = departments_in_sight(actor, action)
    if visible_ids is not None and visible_ids.isdisjoint(department_ids):
        raise NotFound(action)
