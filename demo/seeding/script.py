"""What is played: the courses of posts, their notices, what citizens say, and how it is left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from demo import circular, notices, remarks
from demo.notices import Notice
from demo.plan import COURSES, Course
from demo.remarks import Remark
from demo.seeding.stage import Stage
from publisher.working_time import local_day


def leave_as_it_is(_stage: Stage) -> None:
    """Nothing more happens."""


@dataclass(frozen=True)
class Script:
    """`notices` gives every notice by its key, as it reads at the moment all is counted from.

    `last` happens when all is played: what a trainer wants to go wrong from then on.
    """

    courses: tuple[Course, ...]
    notices: Callable[[datetime], dict[str, Notice]]
    remarks: tuple[Remark, ...]
    last: Callable[[Stage], None] = field(default=leave_as_it_is)


def notices_of_the_city(base: datetime) -> dict[str, Notice]:
    """Every notice of the demo with its days written in, the circular too."""
    own = notices.filled(circular.notice(), local_day(base))
    return {own.key: own, **notices.as_of(base)}


def city() -> Script:
    """The demo's own city."""
    return Script(COURSES, notices_of_the_city, remarks.load())
