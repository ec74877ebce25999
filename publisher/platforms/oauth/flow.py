"""Both OAuth flows behind one interface: start, finish, examine. The clients are imported late."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from publisher.platforms.oauth.types import (
    AbortReason,
    App,
    ConnectableAccount,
    OAuthAborted,
    TokenFacts,
)


@dataclass(frozen=True)
class StartedFlow:
    """The URL to send the person to, and the parameter that identifies the callback.

    `secret` has to be stored until the callback; it is empty if there is none.
    """

    address: str
    state: str
    secret: str = field(default="", repr=False)


@dataclass(frozen=True)
class OAuthFlows:
    """The OAuth flows of X and Facebook, for one app."""

    app: App

    def lacks(self, platform: str) -> tuple[str, ...]:
        """Return the settings that this platform's flow needs and that are not set."""
        return self.app.lacks(platform)

    def set_out(self, platform: str, *, callback: str, state: str) -> StartedFlow:
        """Start the flow; X assigns its request token as the state. Raises `OAuthAborted`."""
        if platform == "x":
            from publisher.platforms.oauth import x

            return StartedFlow(*x.set_out(self.app, callback))
        from publisher.platforms.oauth import facebook

        return StartedFlow(facebook.address(self.app, callback, state), state)

    def finish(
        self, platform: str, *, callback: str, secret: str, query: Mapping[str, str]
    ) -> tuple[ConnectableAccount, ...]:
        """Return the accounts behind a callback (`query`: its query parameters).

        Raises `OAuthAborted`.
        """
        if "denied" in query or query.get("error") == "access_denied":
            raise OAuthAborted(AbortReason.DENIED)
        if platform == "x":
            from publisher.platforms.oauth import x

            token, verifier = query.get("oauth_token", ""), query.get("oauth_verifier", "")
            return (x.finish(self.app, token=token, secret=secret, verifier=verifier),)
        from publisher.platforms.oauth import facebook

        if not query.get("code"):
            raise OAuthAborted(AbortReason.EXPIRED, query.get("error", ""))
        return facebook.finish(self.app, code=query["code"], callback=callback)

    def examine(self, platform: str, credentials: Mapping[str, str]) -> TokenFacts | None:
        """Return the platform's facts about a stored token; None if the platform has no such API.

        Raises `OAuthAborted`.
        """
        if platform != "facebook" or self.lacks("facebook"):
            return None
        from publisher.platforms.oauth import facebook

        token = credentials.get("page_token", "")
        return facebook.examine(self.app, token, page_id=credentials.get("page_id", ""))


def state_in(platform: str, query: Mapping[str, str]) -> str:
    """Return the callback's parameter that identifies its flow; empty if it has none."""
    if platform == "x":
        return query.get("oauth_token") or query.get("denied", "")
    return query.get("state", "")
