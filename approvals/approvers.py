"""Who can approve a revision for a department: its officers, or the head in their place."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class HeadGround(StrEnum):
    """The reason why a head decides in place of the officers."""

    NO_OFFICER = "no_officer"  #: No officer of the department could act.
    UNDECIDED = "undecided"  #: No officer had decided in time.


@dataclass(frozen=True)
class HeadRight:
    """The recorded right of a head who decided: the moment, the ground, and since when.

    From `since` on (aware UTC) it is enough that nobody has decided.
    """

    decided_at: datetime
    ground: HeadGround | None
    since: datetime | None

    @property
    def held(self) -> bool:
        """True if the head was allowed to decide at that moment."""
        if self.ground is HeadGround.UNDECIDED:
            return self.since is not None and self.decided_at >= self.since
        return self.ground is HeadGround.NO_OFFICER


@dataclass(frozen=True)
class Candidate:
    """A person whose appointment may approve for a department; `rests_on` as of `Approval`.

    `is_away` is true while the person is recorded as away; they may still decide.
    """

    person_id: int
    appointment_id: int
    rests_on: frozenset[int] = frozenset()
    is_away: bool = False

    def may_approve(self, authors: Collection[int]) -> bool:
        """Return True if neither the person nor anybody on whom the appointment rests wrote it."""
        return self.person_id not in authors and self.rests_on.isdisjoint(authors)


@dataclass(frozen=True)
class Approvers:
    """The approvers of a department; `blocked` is the code of the reason if there are none.

    `head_ground` is the ground on which the head may decide now, None if the officers do.
    """

    officers: tuple[Candidate, ...]
    head: Candidate | None
    blocked: str | None
    head_ground: HeadGround | None = None

    @property
    def standing_in(self) -> bool:
        """True if the head may decide now in the officers' place."""
        return self.head_ground is not None

    @property
    def able(self) -> tuple[Candidate, ...]:
        """The officers, also those who are away, and the head who may decide."""
        return self.officers + self._heads

    @property
    def everybody(self) -> tuple[Candidate, ...]:
        """The officers who are not away and the head who may decide; if none, the officers away."""
        present = tuple(officer for officer in self.officers if not officer.is_away)
        return present + self._heads or self.officers

    @property
    def _heads(self) -> tuple[Candidate, ...]:
        return (self.head,) if self.head is not None and self.standing_in else ()


def approvers(
    officers: Collection[Candidate],
    head: Candidate | None,
    authors: Collection[int],
    *,
    is_overdue: bool = False,
) -> Approvers:
    """Return the officers who can approve a revision of these authors, and the head.

    The head may decide if no officer can act, or if none has acted before it `is_overdue`.
    """
    able_officers = tuple(officer for officer in officers if officer.may_approve(authors))
    able_head = head if head is not None and head.may_approve(authors) else None
    if all(officer.is_away for officer in able_officers):
        if able_head is not None:
            return Approvers(able_officers, able_head, None, HeadGround.NO_OFFICER)
        missing = [*officers, *([head] if head else [])]
        return Approvers(able_officers, None, _missing(able_officers, missing, authors))
    ground = HeadGround.UNDECIDED if is_overdue and able_head is not None else None
    return Approvers(able_officers, able_head, None, ground)


def _missing(
    away: Collection[Candidate], candidates: Collection[Candidate], authors: Collection[int]
) -> str:
    if away:
        return "all_away"
    if not candidates:
        return "nobody_named"
    all_wrote_it = all(candidate.person_id in authors for candidate in candidates)
    return "all_wrote_it" if all_wrote_it else "rests_on_writer"
