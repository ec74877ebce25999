"""API calls of one X account, made by tweepy's client over our own HTTP session.

The module also maps X's error responses to refusal codes, by their HTTP code and their text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import requests
import tweepy

from publisher.platforms.account import OpenedAccount
from publisher.platforms.base.protocol import PlatformError, RefusalCode, Refused
from publisher.platforms.base.types import Allowance
from publisher.platforms.capabilities import Installation
from publisher.platforms.http.connections import CURRENT
from publisher.platforms.http.responses import Fault, PlatformResponse, ResponseFault
from publisher.platforms.http.session import PlatformSession
from publisher.platforms.x.charges import read_charges
from publisher.platforms.x.dialect import DIALECTS, HOME, Dialect, dialect_named, signature_host
from publisher.platforms.x.limits import read_allowances, reset_time
from publisher.platforms.x.post_limits import WEB_URL

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
    403: RefusalCode.PERMISSION,
    404: RefusalCode.TARGET_GONE,
    413: RefusalCode.MEDIA_TOO_LARGE,
}


def is_out_of_credits(answer: PlatformResponse) -> bool:
    """Return True if our app has no credits left, or has reached what it may spend.

    X documents the code 402 for this, and no body; the phrase is a guess.
    """
    return answer.code == 402 or "creditsdepleted" in answer.body.lower()


def read_error(answer: PlatformResponse) -> ResponseFault | None:
    """Return the fault that a response's body reports; None if the HTTP code alone decides."""
    if answer.code == 401 and answer.skew:
        # X refuses signatures with a wrong time in the same words as those of lost access.
        return ResponseFault(Fault.TIME)
    if answer.code < 400 or answer.code in (401, 408):
        return None
    if answer.code == 429:
        return ResponseFault(Fault.THROTTLED, until=reset_time(answer))
    if is_out_of_credits(answer):
        return ResponseFault(Fault.CREDITS)
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


class XSession(PlatformSession):
    """tweepy's session. It speaks the dialect before tweepy's signer sees the request."""

    def __init__(
        self,
        installation: Installation,
        secrets: Iterable[str],
        *,
        takes_forms: bool = False,
        user_id: str = "",
    ) -> None:
        self.host = signature_host(installation.settings)
        self._dialect = dialect_named(installation.dialect)
        self._store_dialect = installation.store_dialect
        self._record, self._user_id = installation.record, user_id
        super().__init__(
            home=self.host,
            base_url=installation.settings["x_api_url"],
            read=read_error,
            secrets=secrets,
            now=installation.now,
            takes_forms=takes_forms,
        )
        self.home = HOME  # as tweepy names it

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """Put in the host and the names of parameters that are signed, and let tweepy sign."""
        request.url = self.host + str(request.url).removeprefix(HOME)
        request.params = self._dialect.translate(request.params)
        return super().prepare_request(request)

    def request(self, *route: Any, **options: Any) -> requests.Response:  # noqa: ANN401  as in `requests`
        """Make a request; if X refuses its dialect, make it once in each other one.

        The dialect that X takes is stored. If X takes none, this session's stays as it was, and the
        first refusal is raised.
        """
        first = self._dialect
        try:
            return super().request(*route, **options)
        except Refused as refused:
            if not first.is_refused(CURRENT.get().answers[-1]):
                raise
            for self._dialect in (dialect for dialect in DIALECTS if dialect is not first):
                if (response := self._response_in_dialect(first, route, options)) is not None:
                    self._store_dialect(self._dialect.name)
                    return response
            self._dialect = first
            raise refused from None

    def _response_in_dialect(
        self, first: Dialect, route: tuple[Any, ...], options: Mapping[str, Any]
    ) -> requests.Response | None:
        """Return the response in the present dialect; None if X refuses that too.

        Any other error is raised; it says nothing about the dialect, so `first` is used again.
        """
        dialect = self._dialect
        try:
            return super().request(*route, **options)
        except PlatformError as problem:
            self._dialect = first
            is_refusal = isinstance(problem, Refused)
            if is_refusal and dialect.is_refused(CURRENT.get().answers[-1]):
                return None
            raise

    def note_success(self, answer: PlatformResponse) -> None:
        """Record what X charges for a read; creations are recorded by their receipts."""
        cause, charges = read_charges(answer, self._user_id)
        if charges:
            self._record(cause, charges)


class XAccount(OpenedAccount):
    """An account, called by tweepy: a call raises a `PlatformError` unless X reports success."""

    def __init__(self, credentials: XCredentials, installation: Installation) -> None:
        channel = XSession(installation, vars(credentials).values(), user_id=credentials.user_id)
        super().__init__(channel, installation)
        self.user_id = credentials.user_id
        self._web_url = installation.settings.get("x_web_url", WEB_URL)
        self._client = tweepy.Client(**vars(credentials), return_type=dict)
        self._client.session = channel

    @property
    def allowances(self) -> tuple[Allowance, ...]:
        """The rate limits that the headers of the latest responses reported."""
        return read_allowances(self._channel.limit_responses)

    def post_url(self, post_id: str, handle: str = "i") -> str:
        """Return the public URL of a post. With the handle "i", X redirects to any author's."""
        return f"{self._web_url}/{handle}/status/{post_id}"
