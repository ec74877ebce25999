"""Keeps secrets out of logs, errors and stored answers."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from urllib.parse import quote

MASKED = "•••"
CHATTY = ("tweepy", "oauthlib", "requests_oauthlib")
# Parameters that carry a secret in an address or a form, whatever its value.
_PARAMETER = re.compile(
    r"(?i)((?:access_token|appsecret_proof|input_token|client_secret|fb_exchange_token"
    r"|oauth_verifier|oauth_token(?:_secret)?|(?<!\w)code)=)[^&\s\"']+"
)
_FIELD = re.compile(r'(?i)("(?:access_token|appsecret_proof)"\s*:\s*")[^"]+')


class Mask:
    """Replaces the given secrets, and whatever stands where a token stands, in a text."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = {form for secret in secrets if secret for form in (secret, quote(secret, safe=""))}
        self._secrets = sorted(known, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """The text with the secrets masked."""
        for secret in self._secrets:
            text = text.replace(secret, MASKED)
        return _FIELD.sub(rf"\g<1>{MASKED}", _PARAMETER.sub(rf"\g<1>{MASKED}", text))


class _MaskedLog(logging.Filter):
    """Masks tokens in the addresses that the connection pool logs at its lowest level."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = Mask()(record.getMessage()), None
        return True


def quieten_clients() -> None:
    """Let no client write secrets to a log; doing it twice changes nothing.

    The connection pool's log is masked. The clients' own, at its lowest level, holds tokens and
    whole bodies, and is left out.
    """
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.INFO)
    pool = logging.getLogger("urllib3.connectionpool")
    if not any(isinstance(known, _MaskedLog) for known in pool.filters):
        pool.addFilter(_MaskedLog())
