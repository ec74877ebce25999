"""Settings of the Cell's mailbox: its address, and the token that signs in to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit

from publisher.settings.reader import read_url

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True)
class MailboxTokenSettings:
    """Where an access token for the mailbox is fetched (OAuth 2), and with what.

    With an `imap_refresh_token` it is renewed by that (Google); without one our app itself is
    granted `imap_scope` (Microsoft 365).
    """

    imap_token_url: str
    imap_client_id: str
    imap_client_secret: str = field(repr=False)
    imap_refresh_token: str = field(repr=False)
    imap_scope: str


def read_token_settings(token_url: str, texts: Mapping[str, str]) -> MailboxTokenSettings:
    """Return the settings of the token; raises `ValueError` if one is missing.

    The secrets leave this machine only by https.
    """
    schemes = ("https", "http") if urlsplit(token_url).hostname in _LOOPBACK else ("https",)
    settings = MailboxTokenSettings(
        imap_token_url=read_url(token_url, schemes),
        imap_client_id=texts.get("IMAP_CLIENT_ID", ""),
        imap_client_secret=texts.get("IMAP_CLIENT_SECRET", ""),
        imap_refresh_token=texts.get("IMAP_REFRESH_TOKEN", ""),
        imap_scope=texts.get("IMAP_SCOPE", ""),
    )
    if not settings.imap_client_id or not settings.imap_client_secret:
        raise ValueError("no client")
    if not settings.imap_refresh_token and not settings.imap_scope:
        raise ValueError("no grant")
    return settings


def mailbox_address(imap_url: str, reply_to: str, mail_from: str) -> str:
    """Return the address of the mailbox that is read; empty if none is.

    That is the one that is set, by whatever it is read; else the name that signs in if it is an
    address, else our own.
    """
    if reply_to or not imap_url:
        return reply_to
    name = unquote(urlsplit(imap_url).username or "")
    return name if "@" in name else parseaddr(mail_from)[1]
