"""What citizens write under the demo's posts, and what becomes of it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Literal, TypedDict

from publisher.states import CommentState

PlatformName = Literal["x", "facebook"]
VariantLanguage = Literal["mr", "en"]


@dataclass(frozen=True, slots=True)
class Remark:
    """A citizen's comment under the post of a notice, or a mention under none of ours.

    `variant` is the language of the post it stands under, `parent` the key of the remark it
    replies to. `after_minutes` counts from publication; for a mention from now, and is negative.
    `state` is where it ends in the demo; `by` is the person who answered, closed, transferred or
    assigned it. `answer` is also set where it was answered and then `reopened`. `transferred`
    says that it went on to `off_topic_for`, or back to the cell where that has no officer.
    `overdue` says that its deadline has passed without an answer.
    """

    key: str
    notice: str | None
    platform: PlatformName
    variant: VariantLanguage | None
    author: str
    after_minutes: int
    text: str
    state: CommentState
    parent: str | None = None
    by: str | None = None
    answer: str | None = None
    reason: str | None = None
    off_topic_for: str | None = None
    transferred: bool = False
    reopened: bool = False
    overdue: bool = False

    def made_at(self, base: datetime) -> datetime:
        """When it was written: `base` is when its post was published, for a mention now."""
        return base + timedelta(minutes=self.after_minutes)


class _RemarkFields(TypedDict, total=False):
    notice: str
    platform: PlatformName
    variant: VariantLanguage
    author: str
    after: int
    text: str
    state: str
    parent: str
    by: str
    answer: str
    reason: str
    off_topic_for: str
    transferred: bool
    reopened: bool
    overdue: bool


@cache
def load() -> tuple[Remark, ...]:
    """All remarks, a parent always before its replies."""
    source = files(__package__).joinpath("texts", "remarks.toml")
    written = tomllib.loads(source.read_text(encoding="utf-8"))
    return tuple(_remark(key, fields) for key, fields in written.items())


def under(notice: str | None) -> tuple[Remark, ...]:
    """The remarks under one notice's posts; for None the mentions."""
    return tuple(remark for remark in load() if remark.notice == notice)


def _remark(key: str, fields: _RemarkFields) -> Remark:
    return Remark(
        key=key,
        notice=fields.get("notice"),
        platform=fields["platform"],
        variant=fields.get("variant"),
        author=fields["author"],
        after_minutes=fields["after"],
        text=fields["text"],
        state=CommentState(fields["state"]),
        parent=fields.get("parent"),
        by=fields.get("by"),
        answer=fields.get("answer"),
        reason=fields.get("reason"),
        off_topic_for=fields.get("off_topic_for"),
        transferred=fields.get("transferred", False),
        reopened=fields.get("reopened", False),
        overdue=fields.get("overdue", False),
    )
