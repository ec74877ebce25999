"""The base class of the platforms' clients."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import datetime, timedelta

from publisher.platforms.base.json_values import Json
from publisher.platforms.base.protocol import (
    CredentialsExpired,
    CreditsUsedUp,
    Deadline,
    PlatformError,
    RefusalCode,
    Refused,
    TimeRefused,
)
from publisher.platforms.base.text import make_storable
from publisher.platforms.base.types import (
    Health,
    HealthProblem,
    Match,
    Receipt,
    RemotePost,
    SharedPage,
)
from publisher.platforms.capabilities import Installation
from publisher.platforms.http.connections import ClientCall
from publisher.platforms.http.responses import PlatformResponse
from publisher.platforms.http.session import PlatformSession

SLACK = timedelta(minutes=5)
"""The difference that is tolerated between our clock and a platform's."""

A_SECOND = timedelta(seconds=1)
"""The resolution of the times that platforms show."""

OVERLAP = timedelta(minutes=10)
"""Each round reads this span again: platforms list some comments later than their times say."""

MOST_PAGES = 5
"""The most pages of an account's own posts that are searched for one post."""

LONGEST_READ = 30.0
"""The seconds that a whole read may take."""

LONGEST_ASK = 5.0
"""The seconds within which a platform has to tell its time."""

LARGEST_BATCH_BYTES = 32 * 1024 * 1024
"""The maximum size of a response with many long texts, every character of them escaped."""


ListedPost = tuple[datetime, Match | None] | tuple[None, None]
"""When a post of a timeline was created, and its match if it is one; None if not reported."""


class OpenedAccount:
    """The base class of an account's client. It keeps its connections alive between calls.

    Only one thread at a time may use it. Constructing it makes no call.
    """

    def __init__(self, channel: PlatformSession, installation: Installation) -> None:
        self._channel = channel
        self._installation = installation

    def now(self) -> datetime:
        """Return the present moment, aware UTC."""
        return self._installation.now()

    def reading(self, deadline: Deadline | None = None) -> AbstractContextManager[ClientCall]:
        """Open a read, whose outcome is never unknown, with its own deadline or an attempt's."""
        return self._channel.calling(deadline or self._read_deadline())

    def reading_many(self, *, is_list: bool = False) -> AbstractContextManager[ClientCall]:
        """Open a read with a large response, which is a list if `is_list`."""
        return self._channel.calling(
            self._read_deadline(), is_list=is_list, most_bytes=LARGEST_BATCH_BYTES
        )

    def _read_deadline(self) -> Deadline:
        return Deadline.after(LONGEST_READ, self._installation.monotonic)

    def changing(self, deadline: Deadline) -> AbstractContextManager[ClientCall]:
        """Open a call with a public effect: if it fails midway, its outcome is unknown."""
        return self._channel.calling(deadline, creating=True)

    def preparing(self, deadline: Deadline) -> AbstractContextManager[ClientCall]:
        """Open a call without a public effect, such as an upload: a retry is safe."""
        return self._channel.calling(deadline)

    def see_own(self, platform_ids: Sequence[str]) -> dict[str, RemotePost]:
        """Return nothing: unless a platform overrides this, no timeline is read post by post."""
        return {}

    def receipt(
        self, platform_id: str, url: str, call: ClientCall, made_at: datetime | None = None
    ) -> Receipt:
        """Return the receipt of a change, with the platform's time if it is close to our clock."""
        now = self.now()
        is_plausible = made_at is not None and abs(made_at - now) <= SLACK
        return Receipt(platform_id, url, made_at if made_at and is_plausible else now, call.answer)

    def match(self, platform_id: str, url: str, made_at: datetime, shown_json: Json) -> Match:
        """Return a match whose `answer` is the JSON that the platform showed."""
        answer = make_storable(self._channel.mask(json.dumps(shown_json, ensure_ascii=False)))
        return Match(platform_id, url, made_at, answer)

    def find_since(
        self,
        since: datetime,
        near: datetime | None,
        timeline: Callable[[ClientCall, datetime], Iterable[ListedPost]],
    ) -> Match | None:
        """Find the post that was created at `since` or later.

        If there are several, it returns the first one after the moment `near` (None: `since`), else
        the last one before it. `timeline` yields posts back to the time that is passed to it,
        newest first: when each was created, and its match if it is one. If the platform's clock
        differs from ours, it is read a second time, back to that time by the platform's clock.

        A post without enough details may be the one: without a match that does not prove its
        absence, and TryLater is raised.
        """
        moment = near or since
        match = self._first_after(moment, since - SLACK, timeline)
        skew = self._channel.skew
        if match is None and skew:
            match = self._first_after(moment, since + skew - SLACK, timeline)
        return match

    def _first_after(
        self,
        moment: datetime,
        oldest: datetime,
        timeline: Callable[[ClientCall, datetime], Iterable[ListedPost]],
    ) -> Match | None:
        first, is_unclear = None, False
        with self.reading() as call:
            for made_at, match in timeline(call, oldest):
                if made_at is None:
                    is_unclear = True
                    continue
                is_before = made_at < moment + self._channel.skew - A_SECOND
                if is_before and first is not None:
                    break  # further pages hold only older posts
                first = match or first
                if is_before and first is not None:
                    break
            if first is None and is_unclear:
                call.raise_senseless("a post may be the one, and lacks what was asked for")
        return first

    def posts_together(self, cursors: Mapping[str, str | None]) -> tuple[str, ...]:
        """Return only the first post: most platforms read one in a request."""
        return tuple(cursors)[:1]

    def comments_under(self, cursors: Mapping[str, str | None]) -> Iterator[SharedPage]:
        """Raise Refused: most platforms read one post in a request."""
        raise Refused(RefusalCode.INVALID, f"{len(cursors)} posts cannot be read together")

    def health(
        self,
        ask: Callable[[], tuple[str, str]],
        expected: str,
        lacks: Callable[[PlatformResponse], tuple[str, ...] | None] = lambda _: None,
    ) -> Health:
        """Check that the credentials work and belong to the account with the expected id.

        `ask` requests the account's id and name. `lacks` reads the missing permissions from the
        response.
        """
        try:
            with self.reading() as call:
                account_id, name = ask()
                missing = lacks(call.answers[-1])
        except CredentialsExpired as problem:
            return Health(HealthProblem.CREDENTIALS, detail=problem.detail)
        except CreditsUsedUp as problem:
            return Health(HealthProblem.CREDITS, detail=problem.detail)
        except TimeRefused as problem:
            return Health(HealthProblem.WRONG_TIME, detail=problem.detail)
        except Refused as problem:
            return Health(HealthProblem.PERMISSION, detail=problem.detail)
        except PlatformError as problem:
            return Health(HealthProblem.UNREACHABLE, detail=problem.detail)
        wrong = None if account_id == expected else HealthProblem.WRONG_ACCOUNT
        return Health(wrong, name, missing=missing)

    def time_ahead(self) -> timedelta | None:
        """Return how far our time is ahead of the platform's, by the Date of its front page."""
        until = Deadline.after(LONGEST_ASK, self._installation.monotonic)
        with self.reading(until) as call, suppress(PlatformError):  # even an error page has a Date
            self._channel.head(self._channel.home)
        for answer in call.answers:
            ahead = answer.server_ahead
            # A cache may keep the Date of long ago.
            return None if ahead is None or "age" in answer.headers else -ahead
        return None
