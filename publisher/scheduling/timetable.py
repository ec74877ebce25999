"""The free good times of accounts: what they depend on is read once for several texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy.orm import Session

from publisher.models.controls import Freeze
from publisher.models.desk import QuietTime, Slot
from publisher.models.posts import Variant
from publisher.scheduling import holds, slots
from publisher.scheduling.constraints import OccupiedTime, times_in_use
from publisher.scheduling.slots import SEARCH_SPAN, SHORTEST_NOTICE, free_times


@dataclass(frozen=True)
class Timetable:
    """Slots, quiet times, the times of posts and freezes of all accounts, from `now` on.

    The search for a free slot begins at the wished time, if that has not passed.
    """

    now: datetime
    wished_at: datetime | None
    slots: Sequence[Slot]
    quiet_times: Sequence[QuietTime]
    occupied: Sequence[OccupiedTime]
    freezes: Sequence[Freeze]

    def free_slots(self, variant: Variant, *, most: int) -> list[datetime]:
        """Return the next free slots of the text's account, at most `most`.

        Slots outside the approval's window, in quiet times or freezes, or within ten minutes of
        another post are left out.
        """
        return list(islice(self._free(variant), most))

    def _free(self, variant: Variant) -> Iterator[datetime]:
        revision, account_id = variant.revision, variant.account_id
        begins = max(self.begins, revision.not_before or self.begins)
        ends = begins + SEARCH_SPAN
        facts = holds.facts_for(revision.post, account_id=account_id)
        for at in free_times(
            account_id,
            [slot for slot in self.slots if slot.account_id == account_id],
            self.quiet_times,
            [other for other in self.occupied if other.post_id != revision.post_id],
            begins=begins,
            ends=min(ends, revision.not_after or ends),
        ):
            if holds.freeze_at(self.freezes, facts, at) is None:
                yield at

    @property
    def begins(self) -> datetime:
        """The earliest time that is suggested."""
        soon = self.now + SHORTEST_NOTICE
        return soon if self.wished_at is None else max(soon, self.wished_at)


def read_timetable(
    session: Session, *, now: datetime, wished_at: datetime | None, not_before: datetime | None
) -> Timetable:
    """Read the timetable for the texts of a post with this wish and beginning of its window."""
    last = max(moment for moment in (now, wished_at, not_before) if moment is not None)
    return Timetable(
        now=now,
        wished_at=wished_at,
        slots=slots.slots(session),
        quiet_times=slots.quiet_times(session),
        occupied=times_in_use(session, begins=now, ends=last + SHORTEST_NOTICE + SEARCH_SPAN),
        freezes=holds.freezes_ahead(session, now=now),
    )
