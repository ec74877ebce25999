"""Connect an X account: OAuth 1 in three legs, by tweepy's own handler over our session."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import tweepy

from publisher.platforms.base.protocol import Deadline, PlatformError
from publisher.platforms.base.types import HealthProblem
from publisher.platforms.http.session import PlatformSession
from publisher.platforms.oauth.types import (
    AbortReason,
    ConnectableAccount,
    OAuthAborted,
    aborted_by,
)
from publisher.platforms.x.api import HOME, XCredentials, read_error
from publisher.platforms.x.platform import XPlatform

if TYPE_CHECKING:
    from collections.abc import Iterator

    from requests_oauthlib import OAuth1Session

    from publisher.platforms.oauth.types import App

LEG_SECONDS = 20.0


class _Handler(tweepy.OAuth1UserHandler):  # type: ignore[misc]  # tweepy has no types
    """tweepy's handler; it creates a new session for each leg, and each uses our adapter."""

    def __init__(self, app: App, channel: PlatformSession, callback: str) -> None:
        self.channel = channel
        super().__init__(app.x_consumer_key, app.x_consumer_secret, callback=callback)

    @property
    def oauth(self) -> OAuth1Session:
        """The session of the present leg."""
        return self._oauth

    @oauth.setter
    def oauth(self, session: OAuth1Session) -> None:
        session.trust_env = False
        session.adapters.clear()
        session.mount(HOME, self.channel.session.get_adapter(HOME))
        self._oauth = session


def set_out(app: App, callback: str) -> tuple[str, str, str]:
    """Start the flow: return the URL to send the person to, the request token and its secret.

    Raises `OAuthAborted`.
    """
    handler = _Handler(app, _channel(app), callback)
    try:
        with _leg(app, handler):
            address = str(handler.get_authorization_url())
    except PlatformError as problem:
        raise aborted_by(problem, refused=AbortReason.CALLBACK) from None
    token = handler.request_token
    own_url = app.x_api_url + address.removeprefix(HOME)
    return own_url, str(token["oauth_token"]), str(token["oauth_token_secret"])


def finish(app: App, *, token: str, secret: str, verifier: str) -> ConnectableAccount:
    """Return the account of a callback's token and verifier. Raises `OAuthAborted`."""
    handler = _Handler(app, _channel(app, token, secret, verifier), "")
    handler.request_token = {"oauth_token": token, "oauth_token_secret": secret}
    try:
        with _leg(app, handler):
            access_token, access_secret = handler.get_access_token(verifier)
    except PlatformError as problem:
        raise aborted_by(problem, refused=AbortReason.EXPIRED, keys=AbortReason.EXPIRED) from None
    return _candidate(
        app,
        XCredentials(
            app.x_consumer_key, app.x_consumer_secret, str(access_token), str(access_secret)
        ),
    )


def _candidate(app: App, credentials: XCredentials) -> ConnectableAccount:
    platform = XPlatform(
        credentials,
        now=app.now,
        monotonic=app.monotonic,
        api_url=app.x_api_url,
        web_url=app.x_web_url,
    )
    health = platform.check()
    if not health.ok:
        unreachable = health.problem is HealthProblem.UNREACHABLE
        raise OAuthAborted(
            AbortReason.UNREACHABLE if unreachable else AbortReason.EXPIRED, health.detail
        )
    handle = health.name.lstrip("@")
    url = f"{app.x_web_url}/{handle}"
    return ConnectableAccount(
        credentials.user_id,
        handle,
        health.name,
        url,
        vars(credentials),
        missing=health.missing or (),
    )


def _channel(app: App, *secrets: str) -> PlatformSession:
    numbered_secrets = {str(index): secret for index, secret in enumerate(secrets)}
    return PlatformSession(
        home=HOME,
        base_url=app.x_api_url,
        read=read_error,
        secrets={"key": app.x_consumer_key, "secret": app.x_consumer_secret, **numbered_secrets},
        now=app.now,
        takes_forms=True,
    )


@contextmanager
def _leg(app: App, handler: _Handler) -> Iterator[None]:
    """Open one call, and raise the platform error that tweepy wrapped."""
    with handler.channel.calling(Deadline.after(LEG_SECONDS, app.monotonic)):
        try:
            yield
        except tweepy.TweepyException as wrapped:
            inner = _unwrapped(wrapped)
            if isinstance(inner, PlatformError):
                raise inner from None
            # An answer without the token that it should hold.
            raise OAuthAborted(AbortReason.UNREACHABLE, type(inner).__name__) from None


def _unwrapped(error: Exception) -> Exception:
    """Return the original error: tweepy wraps it once for each of its own calls."""
    inner: object = error
    while isinstance(inner, tweepy.TweepyException) and inner.args:
        inner = inner.args[0]
    return inner if isinstance(inner, Exception) else error
