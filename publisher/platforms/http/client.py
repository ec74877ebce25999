"""What every account repeats that is reached over HTTP: its channel, its clocks, its questions.

Where reading comments has come to: what a cursor says inside, and how reading goes on.
Reads answers whose shape nobody promises: what is missing or of another kind is just absent.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from publisher.platforms.base.protocol import (
    CredentialsExpired,
    Deadline,
    PlatformError,
    RefusalCode,
    Refused,
)
from publisher.platforms.base.text import shortened
from publisher.platforms.base.types import CommentPage, Health, HealthProblem, Match, Receipt
from publisher.platforms.http.responses import PlatformResponse
from publisher.platforms.http.session import ClientCall, PlatformSession


@dataclass(frozen=True)
class CursorPosition:
    """`since` is read up to for certain; `newest` was seen in this round; `token` leads on in it.

    Pages come in any order, so `since` moves only when a round has been read to its end.
    """

    since: str = ""
    newest: str = ""
    token: str = ""

    @classmethod
    def read(cls, cursor: str | None) -> CursorPosition:
        """The place that a cursor writes."""
        parts = (cursor or "").split("|", 2)
        return cls(*parts) if len(parts) == 3 else cls()

    def written(self) -> str:
        """The cursor."""
        return f"{self.since}|{self.newest}|{self.token}"

    def after(self, newest: str, token: str) -> CursorPosition:
        """The next place, after a page whose newest is this; an empty token ends the round."""
        if token and token != self.token:
            return CursorPosition(self.since, newest, token)
        return CursorPosition(newest or self.since)


def read_on(place: CursorPosition, read: Callable[[CursorPosition], CommentPage]) -> CommentPage:
    """Read a page; where the platform no longer takes the place, from the round's start, or all.

    Raises what `read` raises.
    """
    for tried in dict.fromkeys((place, CursorPosition(place.since))):
        try:
            return read(tried)
        except Refused as refused:
            if refused.reason is not RefusalCode.INVALID or tried == CursorPosition():
                raise
    return read(CursorPosition())


Json = dict[str, object]


def at(value: object, *path: str) -> object:
    """What stands at this path of names; None where a step is missing."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def text_at(value: object, *path: str) -> str:
    """The text (or number, as text) at this path; empty where there is none."""
    found = at(value, *path)
    if isinstance(found, bool) or not isinstance(found, str | int):
        return ""
    return str(found)


def rows_at(value: object, *path: str) -> list[Json]:
    """The objects in the list at this path; empty where there is none."""
    found = at(value, *path)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def number_at(value: object, *path: str) -> int | None:
    """The whole number at this path, None where there is none."""
    found = at(value, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def moment_at(value: object, *path: str) -> datetime | None:
    """The time at this path, in UTC; None where there is none that can be read."""
    try:
        found = datetime.fromisoformat(text_at(value, *path))
    except ValueError:
        return None
    return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)


# Two machines' clocks differ, and platforms list some things later than their times say.
SLACK = timedelta(minutes=5)
OVERLAP = timedelta(minutes=10)
MOST_PAGES = 5
MOST_OF_MANY = 32 * 1024 * 1024
"""What one answer may hold with many long texts in it, every letter of them escaped."""


@dataclass(frozen=True)
class Clocks:
    """Aware UTC, monotonic seconds, and the seconds that a whole reading call may take."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    read_seconds: float


class Opened:
    """One account, opened: calls nobody by itself, and keeps its connections alive between calls.

    It is safe to use from one thread at a time.
    """

    def __init__(self, channel: PlatformSession, clocks: Clocks) -> None:
        self._channel = channel
        self._clocks = clocks

    def now(self) -> datetime:
        """The present moment, aware UTC."""
        return self._clocks.now()

    def reading(self, deadline: Deadline | None = None) -> AbstractContextManager[ClientCall]:
        """A call that only reads: its outcome is never unknown. It has its own time, or a try's."""
        own = Deadline.after(self._clocks.read_seconds, self._clocks.monotonic)
        return self._channel.calling(deadline or own)

    def reading_many(self, *, is_list: bool = False) -> AbstractContextManager[ClientCall]:
        """A reading call whose answer may be as large as many things are.

        `is_list`: what is answered is a list.
        """
        own = Deadline.after(self._clocks.read_seconds, self._clocks.monotonic)
        return self._channel.calling(own, is_list=is_list, most_bytes=MOST_OF_MANY)

    def changing(self, deadline: Deadline) -> AbstractContextManager[ClientCall]:
        """A call after which the public may see a difference: its outcome may stay unknown."""
        return self._channel.calling(deadline, creating=True)

    def harmless(self, deadline: Deadline) -> AbstractContextManager[ClientCall]:
        """A call that makes something nobody sees: safe to do again."""
        return self._channel.calling(deadline)

    def receipt(
        self, platform_id: str, url: str, call: ClientCall, made_at: datetime | None = None
    ) -> Receipt:
        """The proof of a change that was just answered, at a time that our clock can believe."""
        now = self.now()
        is_likely = made_at is not None and abs(made_at - now) <= SLACK
        return Receipt(platform_id, url, made_at if made_at and is_likely else now, call.answer)

    def sighting(self, platform_id: str, url: str, made_at: datetime, found: Json) -> Match:
        """What a look has found, with what the platform showed."""
        answer = shortened(self._channel.mask(json.dumps(found, ensure_ascii=False)))
        return Match(platform_id, url, made_at, answer)

    def sought(self, since: datetime, find: Callable[[datetime], Match | None]) -> Match | None:
        """What was made since then; where the platform's clock is off, by its clock as well.

        `find` looks back to the time it is given.
        """
        found = find(since - SLACK)
        skew = self._channel.skew
        return find(since + skew - SLACK) if found is None and skew else found

    def health(
        self,
        ask: Callable[[], tuple[str, str]],
        expected: str,
        lacks: Callable[[PlatformResponse], tuple[str, ...] | None] = lambda _: None,
    ) -> Health:
        """Whether the credentials work and belong to the expected id; `ask` gives id and name.

        `lacks` reads in the answer which rights are missing.
        """
        try:
            with self.reading() as call:
                found, name = ask()
                missing = lacks(call.answers[-1])
        except CredentialsExpired as problem:
            return Health(False, HealthProblem.CREDENTIALS, "", None, problem.detail)
        except Refused as problem:
            return Health(False, HealthProblem.PERMISSION, "", None, problem.detail)
        except PlatformError as problem:
            return Health(False, HealthProblem.UNREACHABLE, "", None, problem.detail)
        is_right = found == expected
        wrong = None if is_right else HealthProblem.WRONG_ACCOUNT
        return Health(is_right, wrong, name, None, missing=missing)
