"""Ways to move texts to another time, and the planned moves of several texts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from publisher.models.controls import Freeze
from publisher.models.deliveries import Delivery
from publisher.models.posts import Variant
from publisher.scheduling import schedule
from publisher.scheduling.entries import entries
from publisher.validation import FieldError


@dataclass(frozen=True)
class Shift:
    """Move each text earlier or later by the same span; one without a time is not moved."""

    span: timedelta


@dataclass(frozen=True)
class ToSlots:
    """Move each text to the next free slot of its account, in the order of their times."""


@dataclass(frozen=True)
class ToMoment:
    """Move the first text of each post to one moment; the others keep their distance from it."""

    due_at: datetime


Move = Shift | ToSlots | ToMoment
"""How several texts are moved."""


@dataclass(frozen=True)
class PlannedMove:
    """The new time of a text, or the problems that prevent the move.

    `delivery` is None if it has no time yet, `due_at` is None if no time was found for it.
    `is_quiet` is True if the new time lies in a quiet time, and `freeze` is the freeze at that
    time; neither prevents the move.
    """

    variant: Variant
    delivery: Delivery | None
    due_at: datetime | None
    problems: tuple[FieldError, ...] = ()
    is_quiet: bool = False
    freeze: Freeze | None = None

    @property
    def can_move(self) -> bool:
        """Return True if the text would be moved."""
        return self.due_at is not None and not self.problems

    @property
    def mark(self) -> str:
        """Return what a page sends back: the text's present delivery and its new time."""
        new = self.due_at.isoformat() if self.due_at is not None else ""
        return f"{schedule.delivery_mark(self.delivery)} > {new}"


def times_at_moment(steps: Sequence[PlannedMove], due_at: datetime) -> dict[int, datetime]:
    """Return the times of the texts by their variants' ids: the first of each entry at `due_at`.

    The other texts of an entry keep their distance from its first one.
    """
    times = {step.variant.id: due_at for step in steps}
    for entry in _entries(steps):
        for step in entry:
            times[step.variant.id] = due_at + (_present_time(step) - _present_time(entry[0]))
    return times


def all_or_none(steps: Sequence[PlannedMove], how: Move) -> list[PlannedMove]:
    """Return the steps; if a text cannot move, the others of its entry stay with it.

    A move to free slots does not keep distances, so each text then moves alone.
    """
    stay_ids: set[int] = set()
    if not isinstance(how, ToSlots):
        for together in [*_entries(steps), *_steps_without_time(steps)]:
            if not all(step.can_move for step in together):
                stay_ids |= {step.variant.id for step in together}
    stays = (FieldError("due_at", "stays_with_another"),)
    return [
        replace(step, problems=stays) if step.can_move and step.variant.id in stay_ids else step
        for step in steps
    ]


def _entries(steps: Sequence[PlannedMove]) -> list[list[PlannedMove]]:
    return entries(
        [step for step in steps if step.delivery is not None],
        lambda step: (_present_time(step), step.variant.revision.post_id),
    )


def _present_time(step: PlannedMove) -> datetime:
    """Return the present time of a text that has one."""
    if step.delivery is None:
        raise ValueError(step.variant.id)
    return step.delivery.due_at


def _steps_without_time(steps: Sequence[PlannedMove]) -> list[list[PlannedMove]]:
    by_post: defaultdict[int, list[PlannedMove]] = defaultdict(list)
    for step in steps:
        if step.delivery is None:
            by_post[step.variant.revision.post_id].append(step)
    return list(by_post.values())
