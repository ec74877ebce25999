"""Plays a script: carries out its steps in order of time, and resumes after an interruption."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import requests
from sqlalchemy import select

from approvals.errors import NotAllowed
from demo import notices
from demo.notices import DemoNotice
from demo.script import Act, CitizenComment, Script, ScriptError, Story
from demo.seeding import call_acts, comment_acts, mail_acts, post_acts, worker
from demo.seeding.context import Context, open_context
from demo.seeding.moments import MINUTE, Moments, next_hour
from demo.seeding.progress import Progress
from publisher.delivery.accounts.credentials import Vault
from publisher.models.deliveries import Account
from publisher.settings.environment import Settings
from publisher.validation import Invalid, NotFound
from publisher.working_time import local_day

Handler = Callable[..., None]
#: Errors for which a step is skipped, for instance if a visitor of the demo acted first.
_SKIPPED_ERRORS: Final = (NotAllowed, Invalid, NotFound, requests.HTTPError)


@dataclass(frozen=True)
class PlannedStep:
    """A step with its time; `story` is the number of the story it belongs to."""

    at: datetime
    name: str
    play: Callable[[Context], object]
    story: int | None = None


def play(
    script: Script,
    settings: Settings,
    progress: Progress,
    *,
    sandbox_url: str,
    say: Callable[[str], None],
) -> list[str]:
    """Play the script up to `progress.began_at`; return the skipped steps with their errors.

    `say` prints the progress. An interrupted play is resumed: no step is played twice.
    Raises `ScriptError` before anything is played.
    """
    base = progress.began_at
    steps = plan_steps(script, base)
    filled = _fill_notices(script, base)
    with open_context(
        script, settings, base=base, sandbox_url=sandbox_url, notices=filled
    ) as context:
        context.sandbox.clear_faults()  # an interrupted play may have left one
        left_out = _play_all(context, steps, progress, say)
        context.clock.at = base
        worker.watch(context)
        _lay_faults(context)
    progress.finished = True
    progress.write()
    return left_out


def _fill_notices(script: Script, base: datetime) -> dict[str, DemoNotice]:
    today = local_day(base)
    return {key: notices.fill_dates(notice, today) for key, notice in script.notices.items()}


def _play_all(
    context: Context, steps: list[PlannedStep], progress: Progress, say: Callable[[str], None]
) -> list[str]:
    left_out = []
    first, progress.of = progress.done, len(steps)
    last_steps = _last_steps(steps)
    for index in range(first, len(steps)):
        problem = _play_step(context, steps[index])
        # The first step after an interruption may have been done already, and is refused then.
        if problem and (index > first or not first):
            left_out.append(problem)
        progress.done = index + 1
        progress.write()
        if index in last_steps:
            say(f"city {last_steps[index]} of {len(last_steps)}")
    return left_out


def _play_step(context: Context, step: PlannedStep) -> str:
    """Play a step; return its error if it was skipped, else an empty string."""
    context.clock.at = step.at
    try:
        step.play(context)
    except _SKIPPED_ERRORS as error:
        return f"{step.name} ({type(error).__name__} {error})"
    return ""


def _last_steps(steps: list[PlannedStep]) -> dict[int, int]:
    """Return by the index of each story's last step how many stories are over with it."""
    last = {step.story: index for index, step in enumerate(steps) if step.story is not None}
    return {index: count for count, index in enumerate(sorted(last.values()), 1)}


def _lay_faults(context: Context) -> None:
    """Set up the faults and the expiring tokens that the script asks for after its last step."""
    for fault in context.script.faults:
        context.sandbox.lay_fault(fault)
    for platform, minutes in context.script.token_ends.items():
        with context.database.reading() as session:
            account = session.scalars(select(Account).where(Account.platform == platform)).one()
            vault = Vault(context.settings.secret_key, context.settings.token_keys)
            page_id = vault.open(account.credentials)["page_id"]
        ends_at = context.base + timedelta(minutes=minutes)
        context.sandbox.end_access(platform=platform, account=page_id, at=ends_at)


def plan_steps(script: Script, base: datetime) -> list[PlannedStep]:
    """Return every step in the order of time, because the platforms' own ids follow it too.

    Raises `ScriptError` for an act that nobody can carry out, or about nothing.
    """
    moments = {
        story.number: Moments.of(story, _notice(script, story), base) for story in script.stories
    }
    steps = [
        step for story in script.stories for step in _story_steps(story, moments[story.number])
    ]
    heard = {base}
    for comment in script.comments:
        story = _comment_story(script, comment)
        written_at = _comment_time(comment, base, story, moments)
        heard_at = min(next_hour(written_at), base)
        heard.add(heard_at)
        steps += _comment_steps(comment, story, written_at, heard_at, base)
    if script.has_calls:
        steps += [PlannedStep(*step) for step in call_acts.call_steps(base)]
        steps += [PlannedStep(*step) for step in mail_acts.mail_steps(base)]
    listening = [PlannedStep(at, "listen", comment_acts.listen) for at in sorted(heard)]
    # At the same moment, reading comes first: a person then acts on what was read.
    return sorted([*listening, *steps], key=lambda step: step.at)


def _notice(script: Script, story: Story) -> DemoNotice:
    if story.notice not in script.notices:
        raise ScriptError(f"story {story.number + 1}: unknown notice {story.notice!r}")
    return script.notices[story.notice]


def _comment_story(script: Script, comment: CitizenComment) -> Story | None:
    """Return the first story of the comment's notice; None for a mention."""
    if not comment.notice:
        return None
    for story in script.stories:
        if story.notice == comment.notice and comment.variant in story.variants:
            return story
    raise ScriptError(f"{comment.key}: no story has {comment.variant!r} of {comment.notice!r}")


def _story_steps(story: Story, moments: Moments) -> Iterator[PlannedStep]:
    for act in story.acts:
        handler = _handler(post_acts.ACTS, act, f"story {story.number + 1} ({story.notice})")
        play_act = partial(handler, story=story, act=act)
        name = f"{act.does}: {story.notice}"
        yield PlannedStep(moments.after(act.after), name, play_act, story.number)
    if story.does("schedule"):
        for variant in story.variants:
            due_at = moments.due(story, variant)
            for at, does, play_it in worker.worker_steps(story, variant, due_at, moments.base):
                yield PlannedStep(at, f"{does}: {story.notice}", play_it, story.number)


def _comment_time(
    comment: CitizenComment, base: datetime, story: Story | None, moments: Mapping[int, Moments]
) -> datetime:
    """Return when a comment is written: after its post was due, but before today's end."""
    after = comment.after * MINUTE
    if story is None:
        return base + after
    return min(moments[story.number].due(story, comment.variant) + after, base - 5 * MINUTE)


def _comment_steps(
    comment: CitizenComment,
    story: Story | None,
    written_at: datetime,
    heard_at: datetime,
    base: datetime,
) -> Iterator[PlannedStep]:
    number = story.number if story else None
    say = partial(comment_acts.write_comment, comment=comment, story=story)
    yield PlannedStep(written_at, f"say: {comment.key}", say, number)
    for act in comment.acts:
        at = min(heard_at + act.after * MINUTE, base)
        handler = _handler(comment_acts.ACTS, act, comment.key)
        name = f"{act.does}: {comment.key}"
        yield PlannedStep(at, name, partial(handler, comment=comment, act=act), number)
        if act.does == "answer":
            yield PlannedStep(at, f"deliver: {comment.key}", worker.deliver, number)


def _handler(handlers: Mapping[str, Handler], act: Act, where: str) -> Handler:
    if act.does not in handlers:
        known = ", ".join(handlers)
        raise ScriptError(f"{where}: unknown act {act.does!r}; known are {known}")
    return handlers[act.does]
