"""Access tokens for the mailbox, fetched by OAuth 2 and kept in memory until they expire."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from publisher.mail.mailbox.imap import MailboxSignInRefused, MailboxUnreachable
from publisher.platforms.base.protocol import CredentialsExpired, Deadline, PlatformError, Refused
from publisher.platforms.http.responses import PlatformResponse, ResponseFault
from publisher.platforms.http.session import PlatformSession
from publisher.settings.mailbox import MailboxTokenSettings

SECONDS: Final = 30.0
"""The time for the whole response of the token endpoint."""
USUAL_LIFE: Final = 300
"""Seconds for which a token is used if its expiry is not stated."""
LONGEST_LIFE: Final = 86_400
"""Seconds after which a token is renewed, whatever its stated expiry."""
EARLY: Final = timedelta(minutes=1)
_MOST_DIGITS: Final = 9
_ADVICE: Final[Mapping[str, str]] = {
    "invalid_grant": "the refresh token is expired or revoked; make a new one",
    "invalid_client": "client id or client secret is wrong or expired",
    "unauthorized_client": "the app may not do this; look at its permissions",
    "invalid_scope": "the scope is wrong",
}


class AccessTokens:
    """The token with which a mailbox is opened. Only one thread at a time may use it."""

    def __init__(
        self,
        settings: MailboxTokenSettings,
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._settings, self._now, self._monotonic = settings, now, monotonic
        # An endpoint may hand out a new refresh token, which counts for as long as we run.
        self._refresh_token = settings.imap_refresh_token
        self._token, self._fetched_at, self._ends_at = "", now(), now()
        self._error = ""

    def token(self) -> str:
        """Return a token that is valid for a while.

        Raises `MailboxSignInRefused` if none is granted, or `MailboxUnreachable`.
        """
        # A clock that was turned back says nothing about how old the token is.
        if not self._token or not self._fetched_at <= self._now() < self._ends_at:
            answer = self._fetched()
            token, life = answer.get("access_token"), answer.get("expires_in", USUAL_LIFE)
            if not isinstance(token, str) or not token:
                raise MailboxUnreachable("the token endpoint sent no access token")
            seconds = int(str(life)[:_MOST_DIGITS]) if str(life).isdecimal() else USUAL_LIFE
            lasts = timedelta(seconds=min(seconds, LONGEST_LIFE))
            self._token, self._fetched_at = token, self._now()
            self._ends_at = self._fetched_at + lasts - EARLY
            renewed = answer.get("refresh_token")
            if isinstance(renewed, str) and self._refresh_token:
                self._refresh_token = renewed
        return self._token

    def forget(self) -> None:
        """Fetch a new token next time: the mailbox did not accept this one."""
        self._token = ""

    def _fetched(self) -> dict[str, object]:
        parts = urlsplit(self._settings.imap_token_url)
        home = f"{parts.scheme}://{parts.netloc}"
        self._error = ""
        with (
            PlatformSession(
                home=home,
                base_url=home,
                read=self._read_error,
                secrets=(self._settings.imap_client_secret, self._refresh_token),
                now=self._now,
            ) as session,
            session.calling(Deadline.after(SECONDS, self._monotonic)) as call,
        ):
            try:
                session.post(self._settings.imap_token_url, data=self._form())
            except (Refused, CredentialsExpired) as problem:
                raise MailboxSignInRefused(f"no access token: {self._reason(problem)}") from None
            except PlatformError as problem:
                raise MailboxUnreachable(f"no access token: {problem}") from None
            return call.answers[-1].json() or {}

    def _form(self) -> dict[str, str]:
        grant = {"grant_type": "client_credentials"}
        if self._refresh_token:
            grant = {"grant_type": "refresh_token", "refresh_token": self._refresh_token}
        scope = {"scope": self._settings.imap_scope} if self._settings.imap_scope else {}
        client = {
            "client_id": self._settings.imap_client_id,
            "client_secret": self._settings.imap_client_secret,
        }
        return {**client, **grant, **scope}

    def _read_error(self, answer: PlatformResponse) -> ResponseFault | None:
        # RFC 6749, 5.2: only the error code may be repeated; the HTTP code says the rest.
        self._error = str((answer.json() or {}).get("error", "")) if answer.code >= 400 else ""
        return None

    def _reason(self, problem: PlatformError) -> str:
        advice = _ADVICE.get(self._error)
        return f"{self._error} ({advice})" if advice else str(problem)
