"""The two ways behind one shape: begin, come back, examine. The clients are imported late."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from publisher.platforms.oauth.types import App, ConnectableAccount, TokenFacts, Turned, Why


@dataclass(frozen=True)
class Begun:
    """Where to send the person, and the parameter by which the answer is known again.

    `secret` has to be kept for the way back; empty where there is none.
    """

    address: str
    state: str
    secret: str = field(default="", repr=False)


@dataclass(frozen=True)
class OAuthFlows:
    """The ways to X and Facebook, for one app."""

    app: App

    def lacks(self, platform: str) -> tuple[str, ...]:
        """The settings that this platform's way needs and that are not set."""
        return self.app.lacks(platform)

    def set_out(self, platform: str, *, callback: str, state: str) -> Begun:
        """The first leg. X gives a state of its own: its request token. Raises `Turned`."""
        if platform == "x":
            from publisher.platforms.oauth import x

            return Begun(*x.set_out(self.app, callback))
        from publisher.platforms.oauth import facebook

        return Begun(facebook.address(self.app, callback, state), state)

    def finish(
        self, platform: str, *, callback: str, secret: str, given: Mapping[str, str]
    ) -> tuple[ConnectableAccount, ...]:
        """The accounts behind what came back (`given`: the query's values). Raises `Turned`."""
        if "denied" in given or given.get("error") == "access_denied":
            raise Turned(Why.DENIED)
        if platform == "x":
            from publisher.platforms.oauth import x

            token, verifier = given.get("oauth_token", ""), given.get("oauth_verifier", "")
            return (x.finish(self.app, token=token, secret=secret, verifier=verifier),)
        from publisher.platforms.oauth import facebook

        if not given.get("code"):
            raise Turned(Why.EXPIRED, given.get("error", ""))
        return facebook.finish(self.app, code=given["code"], callback=callback)

    def examine(self, platform: str, credentials: Mapping[str, str]) -> TokenFacts | None:
        """What the platform says of a stored token; None where it says nothing of the kind.

        Raises `Turned`.
        """
        if platform != "facebook" or self.lacks("facebook"):
            return None
        from publisher.platforms.oauth import facebook

        token = credentials.get("page_token", "")
        return facebook.examine(self.app, token, page_id=credentials.get("page_id", ""))


def state_in(platform: str, given: Mapping[str, str]) -> str:
    """The parameter of an answer by which its way is known; empty where it names none."""
    if platform == "x":
        return given.get("oauth_token") or given.get("denied", "")
    return given.get("state", "")
