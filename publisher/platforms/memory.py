"""A platform in memory: keeps what it is given, fails as it is told, and lets citizens speak."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from publisher.platforms.base import (
    Deadline,
    Health,
    Limits,
    Medium,
    Outgoing,
    Page,
    PlatformError,
    Prepared,
    Receipt,
    RefusalCode,
    Refused,
    Remark,
    Sighting,
    Source,
    TryLater,
    normal,
    with_link,
)
from publisher.platforms.unfit import must_answer, refuse_unfit

LIMITS = Limits(280, 4, 5 * 1024 * 1024, 1_000, ("image/jpeg", "image/png"))
SLACK = timedelta(minutes=5)
OURSELVES = "city"


@dataclass(frozen=True)
class Kept:
    """One post, reply or comment, as the platform keeps it."""

    platform_id: str
    author: str
    text: str
    parent_id: str | None
    root_id: str
    media: tuple[Medium, ...]
    created_at: datetime


@dataclass(frozen=True)
class _Planned:
    error: PlatformError
    is_kept: bool


class MemoryPlatform:
    """One account of a platform that nobody else sees; `now` gives aware UTC.

    `lag` is how long a new post stays out of sight of look_up and comments_since; `page_size` how
    many remarks a page holds.
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        name: str = "memory",
        limits: Limits = LIMITS,
        lag: timedelta = timedelta(0),
        page_size: int = 100,
    ) -> None:
        self.name = name
        self.limits = limits
        self.lag = lag
        self.page_size = page_size
        self.kept: list[Kept] = []
        self.health = Health(True, None, OURSELVES, None)
        self._now = now
        self._planned: deque[_Planned] = deque()

    @property
    def published(self) -> list[Kept]:
        """What the account itself has made, oldest first."""
        return [one for one in self.kept if one.author == OURSELVES]

    def fail_next(self, error: PlatformError, *, after_keeping: bool = False) -> None:
        """Let the next creation fail with this, without doing it or after it is done."""
        self._planned.append(_Planned(error, after_keeping))

    def citizen_says(
        self, text: str, *, parent_id: str | None = None, author: str = "नागरिक"
    ) -> str:
        """Let a citizen comment under a post or comment, or mention us; the new one's id."""
        return self._keep(author, text, parent_id, ()).platform_id

    def prepare(self, outgoing: Outgoing, *, deadline: Deadline) -> Prepared:
        """Check the limits; a picture's id is its digest."""
        _in_time(deadline)
        refuse_unfit(outgoing, self.limits, len(_words(outgoing)))
        return Prepared(outgoing, tuple(medium.sha256 for medium in outgoing.media))

    def publish(self, prepared: Prepared, *, deadline: Deadline) -> Receipt:
        """Keep the post or reply, unless a failure was planned."""
        _in_time(deadline)
        outgoing = prepared.outgoing
        planned = self._planned.popleft() if self._planned else None
        if planned is not None and not planned.is_kept:
            raise planned.error
        if outgoing.reply_to is not None and self._find(outgoing.reply_to) is None:
            raise Refused(RefusalCode.TARGET_GONE)
        made = self._keep(OURSELVES, _words(outgoing), outgoing.reply_to, outgoing.media)
        if planned is not None:
            raise planned.error
        return Receipt(made.platform_id, _address(made), made.created_at, made.text)

    def reply(self, prepared: Prepared, *, deadline: Deadline) -> Receipt:
        """Answer what `reply_to` names."""
        return self.publish(must_answer(prepared), deadline=deadline)

    def look_up(self, outgoing: Outgoing, *, since: datetime) -> Sighting | None:
        """Find what was made since the attempt, once the lag is over."""
        for one in self._visible():
            if (
                one.author == OURSELVES
                and one.created_at >= since - SLACK
                and (one.text, one.parent_id) == (_words(outgoing), outgoing.reply_to)
                and len(one.media) == len(outgoing.media)
            ):
                return Sighting(one.platform_id, _address(one), one.created_at, one.text)
        return None

    def comments_since(self, source: Source, cursor: str | None) -> Page:
        """Read what is under a post, or who names us outside our posts, in order."""
        done = int(cursor or 0)
        found = [
            one
            for one in self._visible()
            if int(one.platform_id) > done and _is_under(one, source.post_id)
        ]
        shown = found[: self.page_size]
        following = shown[-1].platform_id if shown else cursor
        remarks = tuple(_remark(one) for one in shown)
        return Page(remarks, following, len(found) > len(shown))

    def check(self) -> Health:
        """What `health` was set to."""
        return self.health

    def _keep(
        self, author: str, text: str, parent_id: str | None, media: tuple[Medium, ...]
    ) -> Kept:
        parent = self._find(parent_id) if parent_id else None
        platform_id = str(1_000 + len(self.kept))
        root_id = parent.root_id if parent else platform_id
        made = Kept(platform_id, author, normal(text), parent_id, root_id, media, self._now())
        self.kept.append(made)
        return made

    def _find(self, platform_id: str) -> Kept | None:
        return next((one for one in self.kept if one.platform_id == platform_id), None)

    def _visible(self) -> list[Kept]:
        return [one for one in self.kept if one.created_at <= self._now() - self.lag]


def _in_time(deadline: Deadline) -> None:
    if deadline.passed():
        raise TryLater(None, "the deadline had passed before anything was sent")


def _words(outgoing: Outgoing) -> str:
    return normal(with_link(outgoing.text, outgoing.link))


def _address(one: Kept) -> str:
    return f"https://platform.example/{one.platform_id}"


def _is_under(one: Kept, post_id: str | None) -> bool:
    if post_id is None:
        return one.author != OURSELVES and "@" + OURSELVES in one.text
    return one.root_id == post_id and one.platform_id != post_id


def _remark(one: Kept) -> Remark:
    return Remark(
        platform_id=one.platform_id,
        parent_id=one.parent_id,
        root_id=one.root_id,
        author_id=one.author,
        author_name=one.author,
        author_handle=None,
        text=one.text,
        written_at=one.created_at,
        url=_address(one),
        by_ourselves=one.author == OURSELVES,
    )
