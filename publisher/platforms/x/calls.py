"""The calls that one account makes of X: signed by tweepy, sent over a channel of ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import tweepy

from publisher.platforms.base.things import Allowance
from publisher.platforms.http.channel import Channel
from publisher.platforms.opened import Clocks, Opened
from publisher.platforms.shapes import Json
from publisher.platforms.x.allowances import learned
from publisher.platforms.x.errors import read_error

HOME = "https://api.twitter.com"


@dataclass(frozen=True)
class XCredentials:
    """The app's and the account's keys. An access token begins with the account's number."""

    consumer_key: str
    consumer_secret: str
    access_token: str
    access_token_secret: str

    @property
    def user_id(self) -> str:
        """The account's number on X."""
        return self.access_token.partition("-")[0]


class XCalls(Opened):
    """One account's way to X."""

    def __init__(
        self,
        credentials: XCredentials,
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        api_url: str,
        web_url: str,
        read_seconds: float,
    ) -> None:
        channel = Channel(
            home=HOME, base_url=api_url, read=read_error, secrets=vars(credentials), now=now
        )
        super().__init__(channel, Clocks(now, monotonic, read_seconds))
        self.user_id = credentials.user_id
        self._web_url = web_url
        self._signer = tweepy.OAuth1UserHandler(**vars(credentials)).apply_auth()

    @property
    def allowances(self) -> tuple[Allowance, ...]:
        """What the account may still do, by the headers of the last answers."""
        return learned(self._channel.learned)

    def ask(
        self, method: str, route: str, *, params: Json | None = None, body: Json | None = None
    ) -> Json:
        """Sign by tweepy's handler and send; its client would make one anew for each request.

        Its models are left aside as well, since they know one dialect only.
        """
        response = self._channel.session.request(
            method, HOME + route, params=params, json=body, auth=self._signer
        )
        found: Json = response.json()
        return found

    def address(self, number: str, handle: str = "i") -> str:
        """Where people see a post."""
        return f"{self._web_url}/{handle}/status/{number}"
