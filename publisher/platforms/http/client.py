"""The base class of HTTP clients, the comment cursor, and tolerant access to JSON.

JSON is read without assuming a shape: a missing value and one of another type are both absent.
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
    """The position of a comment reader.

    Everything up to `since` was read; `newest` is the newest comment of this round; `token` leads
    to the round's next page. Pages come in any order, so `since` moves only when a round is
    complete.
    """

    since: str = ""
    newest: str = ""
    token: str = ""

    @classmethod
    def read(cls, cursor: str | None) -> CursorPosition:
        """Return the position that a cursor encodes."""
        parts = (cursor or "").split("|", 2)
        return cls(*parts) if len(parts) == 3 else cls()

    def written(self) -> str:
        """Return the cursor."""
        return f"{self.since}|{self.newest}|{self.token}"

    def after(self, newest: str, token: str) -> CursorPosition:
        """Return the position after a page; `newest` is its newest comment.

        An empty token ends the round.
        """
        if token and token != self.token:
            return CursorPosition(self.since, newest, token)
        return CursorPosition(newest or self.since)


def read_on(position: CursorPosition, read: Callable[[CursorPosition], CommentPage]) -> CommentPage:
    """Read a page; if the platform rejects the position, restart the round, or read from the start.

    Raises what `read` raises.
    """
    for candidate in dict.fromkeys((position, CursorPosition(position.since))):
        try:
            return read(candidate)
        except Refused as refused:
            if refused.reason is not RefusalCode.INVALID or candidate == CursorPosition():
                raise
    return read(CursorPosition())


Json = dict[str, object]


def at(value: object, *path: str) -> object:
    """Return the value at this path of keys; None if a step is missing."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def text_at(value: object, *path: str) -> str:
    """Return the text (or number, as text) at this path; empty if there is none."""
    text = at(value, *path)
    if isinstance(text, bool) or not isinstance(text, str | int):
        return ""
    return str(text)


def rows_at(value: object, *path: str) -> list[Json]:
    """Return the objects in the list at this path; empty if there is none."""
    rows = at(value, *path)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def number_at(value: object, *path: str) -> int | None:
    """Return the integer at this path; None if there is none."""
    number = at(value, *path)
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def moment_at(value: object, *path: str) -> datetime | None:
    """Return the time at this path, in UTC; None if there is none that can be parsed."""
    try:
        moment = datetime.fromisoformat(text_at(value, *path))
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


# Two machines' clocks differ, and platforms list some things later than their times say.
SLACK = timedelta(minutes=5)
OVERLAP = timedelta(minutes=10)
MOST_PAGES = 5
MOST_OF_MANY = 32 * 1024 * 1024
"""The maximum size of a response with many long texts, every character of them escaped."""


@dataclass(frozen=True)
class Clocks:
    """Aware UTC, monotonic seconds, and the maximum seconds of a whole read."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    read_seconds: float


class Opened:
    """An opened account. It makes no call by itself, and keeps its connections alive between calls.

    Only one thread at a time may use it.
    """

    def __init__(self, channel: PlatformSession, clocks: Clocks) -> None:
        self._channel = channel
        self._clocks = clocks

    def now(self) -> datetime:
        """Return the present moment, aware UTC."""
        return self._clocks.now()

    def reading(self, deadline: Deadline | None = None) -> AbstractContextManager[ClientCall]:
        """Open a read, whose outcome is never unknown, with its own deadline or an attempt's."""
        own_deadline = Deadline.after(self._clocks.read_seconds, self._clocks.monotonic)
        return self._channel.calling(deadline or own_deadline)

    def reading_many(self, *, is_list: bool = False) -> AbstractContextManager[ClientCall]:
        """Open a read with a large response.

        `is_list`: the response is a list.
        """
        own_deadline = Deadline.after(self._clocks.read_seconds, self._clocks.monotonic)
        return self._channel.calling(own_deadline, is_list=is_list, most_bytes=MOST_OF_MANY)

    def changing(self, deadline: Deadline) -> AbstractContextManager[ClientCall]:
        """Open a call whose effect the public may see, so that its outcome may stay unknown."""
        return self._channel.calling(deadline, creating=True)

    def harmless(self, deadline: Deadline) -> AbstractContextManager[ClientCall]:
        """Open a call whose effect nobody sees, so that a retry is safe."""
        return self._channel.calling(deadline)

    def receipt(
        self, platform_id: str, url: str, call: ClientCall, made_at: datetime | None = None
    ) -> Receipt:
        """Return the receipt of a change, with the platform's time if it is close to our clock."""
        now = self.now()
        is_likely = made_at is not None and abs(made_at - now) <= SLACK
        return Receipt(platform_id, url, made_at if made_at and is_likely else now, call.answer)

    def sighting(self, platform_id: str, url: str, made_at: datetime, shown_json: Json) -> Match:
        """Return the match, with what the platform showed."""
        answer = shortened(self._channel.mask(json.dumps(shown_json, ensure_ascii=False)))
        return Match(platform_id, url, made_at, answer)

    def sought(self, since: datetime, find: Callable[[datetime], Match | None]) -> Match | None:
        """Find a post created since then; if the platform's clock is off, also by its clock.

        `find` searches back to the given time.
        """
        match = find(since - SLACK)
        skew = self._channel.skew
        return find(since + skew - SLACK) if match is None and skew else match

    def health(
        self,
        ask: Callable[[], tuple[str, str]],
        expected: str,
        lacks: Callable[[PlatformResponse], tuple[str, ...] | None] = lambda _: None,
    ) -> Health:
        """Return if the credentials work and belong to the expected id; `ask` returns id and name.

        `lacks` reads the missing permissions from the response.
        """
        try:
            with self.reading() as call:
                account_id, name = ask()
                missing = lacks(call.answers[-1])
        except CredentialsExpired as problem:
            return Health(False, HealthProblem.CREDENTIALS, "", None, problem.detail)
        except Refused as problem:
            return Health(False, HealthProblem.PERMISSION, "", None, problem.detail)
        except PlatformError as problem:
            return Health(False, HealthProblem.UNREACHABLE, "", None, problem.detail)
        is_right = account_id == expected
        wrong = None if is_right else HealthProblem.WRONG_ACCOUNT
        return Health(is_right, wrong, name, None, missing=missing)
