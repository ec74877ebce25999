"""Connect an X account: OAuth 1 in three legs, by tweepy's own handler over our session."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import tweepy

from publisher.platforms.base.protocol import Deadline, PlatformError
from publisher.platforms.base.types import HealthProblem
from publisher.platforms.oauth.types import (
    AbortReason,
    ConnectableAccount,
    OAuthAborted,
    StartedFlow,
    TokenFacts,
    make_abort,
)
from publisher.platforms.x.api import XCredentials, XSession
from publisher.platforms.x.platform import XPlatform

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from requests_oauthlib import OAuth1Session

    from publisher.platforms.capabilities import Installation

LEG_SECONDS = 20.0
ABORT_BY_PROBLEM = {
    HealthProblem.UNREACHABLE: AbortReason.UNREACHABLE,
    HealthProblem.WRONG_TIME: AbortReason.UNREACHABLE,
    HealthProblem.CREDITS: AbortReason.CREDITS,
}


class _Handler(tweepy.OAuth1UserHandler):  # type: ignore[misc]  # tweepy has no types
    """tweepy's handler; it creates a new session for each leg, and each uses our adapter."""

    def __init__(self, installation: Installation, *secrets: str, callback: str = "") -> None:
        keys = _keys(installation)
        self.channel = XSession(installation, (*keys, *secrets), takes_forms=True)
        super().__init__(*keys, callback=callback)

    def _get_oauth_url(self, endpoint: str) -> str:
        # tweepy uses X's earlier host, for which these legs would be signed.
        return f"{self.channel.host}/oauth/{endpoint}"

    @property
    def oauth(self) -> OAuth1Session:
        """The session of the present leg."""
        return self._oauth

    @oauth.setter
    def oauth(self, session: OAuth1Session) -> None:
        session.trust_env = False
        session.adapters.clear()
        session.mount(self.channel.host, self.channel.get_adapter(self.channel.host))
        self._oauth = session


def start(installation: Installation, *, callback: str, state: str) -> StartedFlow:  # noqa: ARG001  X assigns one
    """Start the flow; its state is the request token. Raises `OAuthAborted`."""
    handler = _Handler(installation, callback=callback)
    try:
        with _leg(installation, handler):
            address = str(handler.get_authorization_url())
    except PlatformError as problem:
        raise make_abort(problem, refused=AbortReason.CALLBACK) from None
    token = handler.request_token
    own_url = installation.settings["x_api_url"] + address.removeprefix(handler.channel.host)
    return StartedFlow(own_url, str(token["oauth_token"]), str(token["oauth_token_secret"]))


def callback_state(query: Mapping[str, str]) -> str:
    """Return the request token in a callback; empty if it has none."""
    return query.get("oauth_token") or query.get("denied", "")


def finish(
    installation: Installation,
    *,
    callback: str,  # noqa: ARG001  X knows it from the first leg
    secret: str,
    query: Mapping[str, str],
) -> tuple[ConnectableAccount, ...]:
    """Return the account of a callback's token and verifier. Raises `OAuthAborted`."""
    token, verifier = query.get("oauth_token", ""), query.get("oauth_verifier", "")
    handler = _Handler(installation, token, secret, verifier)
    handler.request_token = {"oauth_token": token, "oauth_token_secret": secret}
    try:
        with _leg(installation, handler):
            access_token, access_secret = handler.get_access_token(verifier)
    except PlatformError as problem:
        raise make_abort(problem, refused=AbortReason.EXPIRED, keys=AbortReason.EXPIRED) from None
    credentials = XCredentials(*_keys(installation), str(access_token), str(access_secret))
    return (_candidate(installation, credentials),)


def examine(
    installation: Installation,  # noqa: ARG001  X is not asked
    credentials: Mapping[str, str],  # noqa: ARG001  X is not asked
) -> TokenFacts | None:
    """Return None: X reports nothing about a token."""
    return None


def _keys(installation: Installation) -> tuple[str, str]:
    settings = installation.settings
    return settings["x_consumer_key"], settings["x_consumer_secret"]


def _candidate(installation: Installation, credentials: XCredentials) -> ConnectableAccount:
    health = XPlatform(credentials, installation).check()
    if health.problem is not None:
        reason = ABORT_BY_PROBLEM.get(health.problem, AbortReason.EXPIRED)
        raise OAuthAborted(reason, health.detail)
    handle = health.name.lstrip("@")
    url = f"{installation.settings['x_web_url']}/{handle}"
    return ConnectableAccount(
        credentials.user_id,
        handle,
        health.name,
        url,
        vars(credentials),
        missing=health.missing or (),
    )


@contextmanager
def _leg(installation: Installation, handler: _Handler) -> Iterator[None]:
    """Open one call, and raise the platform error that tweepy wrapped."""
    with handler.channel.calling(Deadline.after(LEG_SECONDS, installation.monotonic)):
        try:
            yield
        except tweepy.TweepyException as wrapped:
            inner = _unwrap(wrapped)
            if isinstance(inner, PlatformError):
                raise inner from None
            # A response without the token that it should contain.
            raise OAuthAborted(AbortReason.UNREACHABLE, type(inner).__name__) from None


def _unwrap(error: Exception) -> Exception:
    """Return the original error: tweepy wraps it once for each of its own calls."""
    inner: object = error
    while isinstance(inner, tweepy.TweepyException) and inner.args:
        inner = inner.args[0]
    return inner if isinstance(inner, Exception) else error
