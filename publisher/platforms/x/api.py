"""API calls of one X account, signed by tweepy and sent over our own HTTP session.

The module also maps X's error responses to refusal codes, by their HTTP code and their text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import tweepy

from publisher.platforms.base.json_values import Json
from publisher.platforms.base.protocol import RefusalCode
from publisher.platforms.base.types import Allowance
from publisher.platforms.http.client import Clocks, OpenedAccount
from publisher.platforms.http.responses import Fault, PlatformResponse, ResponseFault
from publisher.platforms.http.session import PlatformSession
from publisher.platforms.x.limits import read_allowances

# Phrases in the body of an error response, and what they mean. X does not document those for an
# over-long text and for a reply to somebody who did not mention the account: they are guesses.
REFUSAL_BY_PHRASE = (
    ("duplicate", RefusalCode.DUPLICATE),
    ("deleted or not visible", RefusalCode.TARGET_GONE),
    ("too long", RefusalCode.TOO_LONG),
    ("media id", RefusalCode.MEDIA_INVALID),
    ("mentioned", RefusalCode.NOT_SUMMONED),
    ("reply to this conversation", RefusalCode.NOT_SUMMONED),
    ("suspended", RefusalCode.BLOCKED),
    ("locked", RefusalCode.BLOCKED),
)
REFUSAL_BY_CODE = {
    400: RefusalCode.INVALID,
    402: RefusalCode.PERMISSION,
    403: RefusalCode.PERMISSION,
    404: RefusalCode.TARGET_GONE,
    413: RefusalCode.MEDIA_TOO_LARGE,
}


def read_error(answer: PlatformResponse) -> ResponseFault | None:
    """Return the fault that a response's body reports; None if the HTTP code alone decides."""
    if answer.code < 400 or answer.code in (401, 408, 429):
        return None
    body = answer.body.lower()
    if "expired token" in body:
        return ResponseFault(Fault.CREDENTIALS)
    if answer.path.startswith("/2/media") and answer.code == 400:
        is_large = "too large" in body
        reason = RefusalCode.MEDIA_TOO_LARGE if is_large else RefusalCode.MEDIA_INVALID
        return ResponseFault(Fault.REFUSED, reason)
    for phrase, reason in REFUSAL_BY_PHRASE:
        if phrase in body:
            return ResponseFault(Fault.REFUSED, reason)
    return ResponseFault(Fault.REFUSED, REFUSAL_BY_CODE.get(answer.code, RefusalCode.UNKNOWN))


HOME = "https://api.twitter.com"


@dataclass(frozen=True)
class XCredentials:
    """The keys of our app and of the account. An access token begins with the account's id."""

    consumer_key: str
    consumer_secret: str
    access_token: str
    access_token_secret: str

    @property
    def user_id(self) -> str:
        """The account's id on X."""
        return self.access_token.partition("-")[0]


class XCalls(OpenedAccount):
    """The API calls of one account."""

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
        channel = PlatformSession(
            home=HOME, base_url=api_url, read=read_error, secrets=vars(credentials), now=now
        )
        super().__init__(channel, Clocks(now, monotonic, read_seconds))
        self.user_id = credentials.user_id
        self._web_url = web_url
        self._signer = tweepy.OAuth1UserHandler(**vars(credentials)).apply_auth()

    @property
    def allowances(self) -> tuple[Allowance, ...]:
        """The rate limits that the headers of the latest responses reported."""
        return read_allowances(self._channel.limit_responses)

    def request(
        self, method: str, route: str, *, params: Json | None = None, body: Json | None = None
    ) -> Json:
        """Sign the request by tweepy's handler, send it, and return the JSON body.

        Raises a `PlatformError` unless the response is a success.
        """
        response = self._channel.session.request(
            method, HOME + route, params=params, json=body, auth=self._signer
        )
        body_json: Json = response.json()
        return body_json

    def post_url(self, post_id: str, handle: str = "i") -> str:
        """Return the public URL of a post. With the handle "i", X redirects to any author's."""
        return f"{self._web_url}/{handle}/status/{post_id}"
