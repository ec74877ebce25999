"""The OAuth flows of all platforms behind one interface: start, finish, examine."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from publisher.platforms.capabilities import Installation, OAuthFlow
from publisher.platforms.oauth.types import (
    AbortReason,
    ConnectableAccount,
    OAuthAborted,
    StartedFlow,
    TokenFacts,
)
from publisher.platforms.registry import capabilities
from publisher.settings.reader import PREFIX

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OAuthFlows:
    """The OAuth flows of the platforms, for the apps of this installation."""

    installation: Installation

    def lacks(self, platform: str) -> tuple[str, ...]:
        """Return the settings that this platform's flow needs and that are not set."""
        return self.installation.lacks(capabilities(platform).settings.app)

    def set_out(self, platform: str, *, callback: str, state: str) -> StartedFlow:
        """Start the flow; a platform may assign its own state. Raises `OAuthAborted`."""
        with self._flow(platform) as flow:
            if self.lacks(platform):
                raise OAuthAborted(AbortReason.APP_KEYS, "not set")
            return flow.start(self.installation, callback=callback, state=state)

    def finish(
        self, platform: str, *, callback: str, secret: str, query: Mapping[str, str]
    ) -> tuple[ConnectableAccount, ...]:
        """Return the accounts behind a callback (`query`: its query parameters).

        Raises `OAuthAborted`.
        """
        if "denied" in query or query.get("error") == "access_denied":
            raise OAuthAborted(AbortReason.DENIED)
        with self._flow(platform) as flow:
            return flow.finish(self.installation, callback=callback, secret=secret, query=query)

    def examine(self, platform: str, credentials: Mapping[str, str]) -> TokenFacts | None:
        """Return the platform's facts about a stored token; None if it reports none.

        Raises `OAuthAborted`.
        """
        if self.lacks(platform):
            return None
        with self._flow(platform) as flow:
            return flow.examine(self.installation, credentials)

    @contextmanager
    def _flow(self, platform: str) -> Iterator[OAuthFlow]:
        """Open a platform's flow; if it refuses our app's keys, name their settings."""
        try:
            yield capabilities(platform).oauth()
        except OAuthAborted as turned:
            if turned.why is AbortReason.APP_KEYS:
                log.warning("%s refuses the keys of our app: %s", platform, turned.about)
                names = self.lacks(platform) or capabilities(platform).settings.app
                turned.about = ", ".join(PREFIX + name.upper() for name in names)
            raise


def callback_state(platform: str, query: Mapping[str, str]) -> str:
    """Return the callback's parameter that identifies its flow; empty if it has none."""
    return capabilities(platform).oauth().callback_state(query)
