"""What a demo city or a rehearsal plays: who does what to which notice, and what citizens say."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from demo import notices, people
from demo.notices import DemoNotice

VARIANTS: Final = ("x-mr", "x-en", "facebook-mr", "facebook-en")
#: Minutes after a comment was read, if its act does not say otherwise.
ANSWERED_AFTER: Final = 35
TROUBLES: Final = ("clock_stopped", "duplicate", "no_answer", "reset")


class ScriptError(Exception):
    """A script cannot be played; the message says where it is wrong, and how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something a person does, `after` so many minutes; `by` is the key of the person.

    What is counted from depends on the script: a notice is handed in, a comment is read. `text`
    is a reason, question, answer or note; `to` is a notice or a department. `slips` are a
    sentence with mistakes that a clerk leaves in a draft, where no picture is described; `lacks`
    are the words of the notice that a clerk leaves out of it.
    """

    does: str
    by: str
    after: float = 0
    text: str = ""
    to: str = ""
    on_behalf_of: str = ""
    slips: str = ""
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What happens to one submission of a notice: texts/acts.toml explains the fields."""

    number: int
    notice: str
    acts: tuple[Act, ...]
    variants: tuple[str, ...] = VARIANTS
    troubles: Mapping[str, str]
    delay: int = 0
    outward_suffix: str = ""

    @property
    def form_token(self) -> str:
        """The token of the hand-in form, by which the submission is found again."""
        return f"demo-{self.number}-{self.notice}"

    def does(self, name: str) -> bool:
        """Return True if somebody does this in the story."""
        return any(act.does == name for act in self.acts)


@dataclass(frozen=True, slots=True, kw_only=True)
class CitizenComment:
    """A comment under the post of a notice, or a mention of the city without a notice.

    `variant` is the post it stands under, `parent` the key of the comment it replies to.
    `after` counts minutes from publication; for a mention from now, and is negative.
    """

    key: str
    platform: str
    author: str
    after: float
    text: str
    notice: str = ""
    variant: str = ""
    parent: str = ""
    acts: tuple[Act, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """Everything that is played, and how the platforms are left for a trainer.

    `faults` are laid in the sandbox at the end; `token_ends` has minutes from now by platform.
    `has_calls` plays the calls to name officers, the list of transfers and the mails too.
    """

    notices: Mapping[str, DemoNotice]
    stories: tuple[Story, ...]
    comments: tuple[CitizenComment, ...]
    faults: tuple[Mapping[str, Any], ...] = ()
    token_ends: Mapping[str, int]
    has_calls: bool = False


@cache
def city() -> Script:
    """Return the script of the demo's own city."""
    stories = [
        read_story(number, fields, f"acts.toml, story {number + 1}")
        for number, fields in enumerate(read_toml("acts.toml")["stories"])
    ]
    comments = [
        read_comment(key, fields, f"comments.toml, {key}")
        for key, fields in read_toml("comments.toml").items()
    ]
    return Script(
        notices=notices.load(),
        stories=tuple(stories),
        comments=tuple(comments),
        token_ends={},
        has_calls=True,
    )


def read_toml(name: str) -> dict[str, Any]:
    """Return the content of a file in texts/."""
    return tomllib.loads(files(__package__).joinpath("texts", name).read_text(encoding="utf-8"))


def read_story(number: int, fields: Mapping[str, Any], where: str) -> Story:
    """Return a story as a file has it; raises `ScriptError`."""
    acts = read_acts(fields.get("acts", ()), where)
    variants = tuple(fields.get("variants", VARIANTS))
    troubles = dict(fields.get("troubles", {}))
    try:
        story = Story(
            **{
                **fields,
                "number": number,
                "acts": acts,
                "variants": variants,
                "troubles": troubles,
            }
        )
    except TypeError as error:
        raise ScriptError(f"{where}: {error}") from error
    _check_known("variant", variants, VARIANTS, where)
    _check_known("variant in trouble", troubles, variants, where)
    _check_known("trouble", troubles.values(), TROUBLES, where)
    return story


def read_comment(key: str, fields: Mapping[str, Any], where: str) -> CitizenComment:
    """Return a citizen's comment as a file has it; raises `ScriptError`."""
    rows = [{"after": ANSWERED_AFTER, **row} for row in fields.get("acts", ())]
    acts = read_acts(rows, where)
    try:
        return CitizenComment(**{**fields, "key": key, "acts": acts})
    except TypeError as error:
        raise ScriptError(f"{where}: {error}") from error


def read_acts(rows: Iterable[Mapping[str, Any]], where: str) -> tuple[Act, ...]:
    """Return acts as a file has them; raises `ScriptError`."""
    acts = []
    for number, row in enumerate(rows, 1):
        try:
            act = Act(**{**row, "lacks": tuple(row.get("lacks", ()))})
        except TypeError as error:
            raise ScriptError(f"{where}, act {number}: {error}") from error
        persons = [key for key in (act.by, act.on_behalf_of) if key]
        _check_known("person", persons, people.people_by_key(), f"{where}, act {number}")
        acts.append(act)
    return tuple(acts)


def _check_known(noun: str, names: Iterable[str], known_names: Iterable[str], where: str) -> None:
    unknown = sorted(set(names) - set(known_names))
    if unknown:
        raise ScriptError(f"{where}: unknown {noun} {unknown[0]!r}")
