"""Playing the plan: all steps in the order of time, each once, and on from where it was left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

import requests

from approvals.errors import NotAllowed
from demo.notices import Notice
from demo.remarks import Remark
from demo.seeding import speaking
from demo.seeding.coursework import Coursework
from demo.seeding.mark import Mark
from demo.seeding.script import Script, city
from demo.seeding.speaking import Talk
from demo.seeding.stage import Stage, Step, set_up
from demo.seeding.times import MINUTE, Times
from publisher.settings.environment import Settings
from publisher.validation import Invalid, Missing

#: What may be wrong with one step, such as a visitor who was faster: the others go on.
LEFT_OUT: Final = (NotAllowed, Invalid, Missing, requests.HTTPError)


def play(
    settings: Settings,
    mark: Mark,
    *,
    sandbox_url: str,
    say: Callable[[str], None],
    script: Script | None = None,
) -> list[str]:
    """Let the city live up to `mark.began_at`; gives what had to be left out, and why.

    `say` is told how far it has come. An interrupted play goes on: what it did is not done again.
    Without a script it is the demo's own city.
    """
    played = script or city()
    filled = played.notices(mark.began_at)
    with set_up(settings, began_at=mark.began_at, sandbox_url=sandbox_url, notices=filled) as stage:
        if mark.done:
            stage.practice.clear_faults()  # one that was laid for a step that then was not played
        left_out = _play_all(stage, whole_plan(mark.began_at, filled, played), mark, say)
        played.last(stage)
    mark.finished = True
    mark.keep()
    return left_out


def _play_all(stage: Stage, whole: list[Step], mark: Mark, say: Callable[[str], None]) -> list[str]:
    left_out = []
    ends = _last_steps(whole)
    mark.of = len(whole)
    for index in range(mark.done, len(whole)):
        left_out += _played(stage, whole[index])
        mark.done = index + 1
        mark.keep()
        if index in ends:
            say(f"city {ends[index]} of {len(ends)}")
    return left_out


def _played(stage: Stage, step: Step) -> list[str]:
    stage.clock.at = step.at
    try:
        step.play(stage)
    except LEFT_OUT as problem:
        return [f"{step.says} ({type(problem).__name__} {problem})"]
    return []


def whole_plan(base: datetime, filled: dict[str, Notice], script: Script) -> list[Step]:
    """Every step in the order of time, because the platforms' own numbers follow it too."""
    works = list(_works(base, filled, script))
    talks = list(_talks(works, base, script))
    heard = sorted({talk.heard_at for talk in talks} | {base})
    listening = [Step(at, "listen", speaking.listen) for at in heard]
    found = [step for work in works for step in work.steps()]
    found += [step for talk in talks for step in talk.steps()]
    # Of what falls on one moment, reading comes first: who acts then acts on what was read.
    return sorted([*listening, *found], key=lambda step: step.at)


def _works(base: datetime, filled: dict[str, Notice], script: Script) -> Iterator[Coursework]:
    seen: set[str] = set()
    for number, course in enumerate(script.courses):
        when = Times.of(filled[course.notice], base, second=course.notice in seen)
        seen.add(course.notice)
        yield Coursework(number, course, when)


def _talks(works: list[Coursework], base: datetime, script: Script) -> Iterator[Talk]:
    known = {remark.key: remark for remark in script.remarks}
    for remark in known.values():
        parent = known[remark.parent] if remark.parent else None
        if remark.notice is None:
            yield Talk(remark, remark.made_at(base), base, None)
            continue
        work = next(one for one in works if one.course.notice == remark.notice)
        written_at = min(remark.made_at(_published_at(work, remark)), base - 5 * MINUTE)
        yield Talk(remark, written_at, base, (work.number, work.course), parent)


def _published_at(work: Coursework, remark: Remark) -> datetime:
    """When the post that the remark stands under was due."""
    return next(
        work.when.due(work.course, outcome)
        for outcome in work.course.deliveries
        if (outcome.platform, outcome.language) == (remark.platform, remark.variant)
    )


def _last_steps(whole: list[Step]) -> dict[int, int]:
    """By the index of a course's last step, how many courses are over with it."""
    last = {step.course: index for index, step in enumerate(whole) if step.course is not None}
    return {index: count for count, index in enumerate(sorted(last.values()), 1)}
