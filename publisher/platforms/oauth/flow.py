"""The OAuth flows of all platforms behind one interface: start, finish, examine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from publisher.platforms.capabilities import Installation
from publisher.platforms.oauth.types import (
    AbortReason,
    ConnectableAccount,
    OAuthAborted,
    StartedFlow,
    TokenFacts,
)
from publisher.platforms.registry import capabilities


@dataclass(frozen=True)
class OAuthFlows:
    """The OAuth flows of the platforms, for the apps of this installation."""

    installation: Installation

    def lacks(self, platform: str) -> tuple[str, ...]:
        """Return the settings that this platform's flow needs and that are not set."""
        return self.installation.lacks(capabilities(platform).settings.app)

    def set_out(self, platform: str, *, callback: str, state: str) -> StartedFlow:
        """Start the flow; a platform may assign its own state. Raises `OAuthAborted`."""
        flow = capabilities(platform).oauth()
        return flow.start(self.installation, callback=callback, state=state)

    def finish(
        self, platform: str, *, callback: str, secret: str, query: Mapping[str, str]
    ) -> tuple[ConnectableAccount, ...]:
        """Return the accounts behind a callback (`query`: its query parameters).

        Raises `OAuthAborted`.
        """
        if "denied" in query or query.get("error") == "access_denied":
            raise OAuthAborted(AbortReason.DENIED)
        flow = capabilities(platform).oauth()
        return flow.finish(self.installation, callback=callback, secret=secret, query=query)

    def examine(self, platform: str, credentials: Mapping[str, str]) -> TokenFacts | None:
        """Return the platform's facts about a stored token; None if it tells none.

        Raises `OAuthAborted`.
        """
        if self.lacks(platform):
            return None
        return capabilities(platform).oauth().examine(self.installation, credentials)


def state_in(platform: str, query: Mapping[str, str]) -> str:
    """Return the callback's parameter that identifies its flow; empty if it has none."""
    return capabilities(platform).oauth().state_in(query)
