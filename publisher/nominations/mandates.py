"""What lets somebody name the officers of a department."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from approvals.policy import Actor
from publisher.models.nominations import CallAddressee
from publisher.models.people import Appointment, Department, Person


@dataclass(frozen=True)
class AnswerLetter:
    """A letter on paper by which a head names officers: columns of the nomination."""

    letter_number: str
    letter_on: date
    scan_sha256: str
    scan_name: str
    scan_mime: str


@dataclass(frozen=True)
class Mandate:
    """What lets the actor name the officers of a department: the head's link, or a letter.

    `head` is None if a letter came from a department without a head on record. If it `is_final`,
    the officers need no second person; else they wait, and nobody is replaced.
    """

    department: Department
    addressees: Sequence[CallAddressee]
    actor: Actor
    is_final: bool
    head: Appointment | None
    letter: AnswerLetter | None = None

    @property
    def heads(self) -> Mapping[str, Person]:
        """The head, who may not be an officer, by the code of that problem."""
        if self.head is None:
            return {}
        return {"is_head" if self.letter is None else "is_own_head": self.head.person}
