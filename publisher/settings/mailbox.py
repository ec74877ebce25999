"""Settings of the Cell's mailbox: its address, and the token that signs in to it."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit

from publisher.settings.reader import (
    PREFIX,
    Reader,
    WrongSetting,
    is_loopback,
    read_url,
    setting,
)

_TOKEN_HINT = (
    f"write https://…, and set {PREFIX}IMAP_CLIENT_ID, {PREFIX}IMAP_CLIENT_SECRET, and "
    f"{PREFIX}IMAP_REFRESH_TOKEN or {PREFIX}IMAP_SCOPE"
)


def read_token_url(text: str) -> str:
    """Parse the address of a token; raises `ValueError`. Secrets leave this machine by https."""
    return read_url(text, ("https", "http") if is_loopback(text) else ("https",))


@dataclass(frozen=True)
class MailboxTokenSettings:
    """Where an access token for the mailbox is fetched (OAuth 2), and with what.

    With an `imap_refresh_token` the token is renewed (Google); without one our app itself is
    granted `imap_scope` (Microsoft 365).
    """

    imap_token_url: str = setting(read_token_url, _TOKEN_HINT)
    imap_client_id: str = setting(str)
    imap_client_secret: str = setting(str, is_secret=True)
    imap_refresh_token: str = setting(str, is_secret=True)
    imap_scope: str = setting(str)


def read_token_settings(reader: Reader) -> MailboxTokenSettings | None:
    """Return the settings of the token, None without its address; raises `WrongSetting`."""
    token = reader.read_group(MailboxTokenSettings)
    if not token.imap_token_url:
        return None
    is_granted = token.imap_refresh_token or token.imap_scope
    if not (token.imap_client_id and token.imap_client_secret and is_granted):
        text = reader.texts["IMAP_TOKEN_URL"]
        raise WrongSetting("IMAP_TOKEN_URL", f"{text!r}: {_TOKEN_HINT}")
    return token


def default_mailbox(reader: Reader) -> str:
    """Return the address of the mailbox that is read if no address is set; empty if none is read.

    It is the name that signs in if that is an address, else our own.
    """
    imap_url = reader.texts.get("IMAP_URL", "")
    name = unquote(urlsplit(imap_url).username or "")
    return name if "@" in name or not imap_url else parseaddr(reader.texts.get("MAIL_FROM", ""))[1]
