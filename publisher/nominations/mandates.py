"""What lets somebody name the officers of a department."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from approvals.policy import Actor
from publisher.models.nominations import CallAddressee, NominationLetter
from publisher.models.people import Department, Person


@dataclass(frozen=True)
class Mandate:
    """What lets somebody name the officers of a department: a head's link, or a letter on paper.

    No officer may be one of the `heads`, who are listed by the code of that problem. If it
    `is_final`, the officers need no second person; else they wait, and nobody is replaced.
    """

    department: Department
    addressees: Sequence[CallAddressee]
    actor: Actor
    is_final: bool
    heads: Mapping[str, Person]
    letter: NominationLetter | None = None

    def verb(self, act: str) -> str:
        """Return the verb of the history, which names the channel."""
        return f"{act}_on_paper" if self.letter is not None else act
