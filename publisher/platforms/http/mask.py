"""Masks secrets in texts, and keeps the libraries from logging them."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from urllib.parse import quote

MASKED = "•••"
LIBRARIES = ("tweepy", "facebook", "oauthlib", "requests_oauthlib", "requests", "urllib3")
# Parameters that carry a secret in a URL or a form, whatever its value.
_PARAMETER = re.compile(
    r"(?i)((?:access_token|appsecret_proof|input_token|client_secret|fb_exchange_token"
    r"|oauth_verifier|oauth_token(?:_secret)?|(?<!\w)code)=)[^&\s\"']+"
)
_FIELD = re.compile(r'(?i)("(?:access_token|appsecret_proof)"\s*:\s*")[^"]+')


class Mask:
    """Replaces the given secrets, and anything in the position of a token, in a text."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets if secret for form in (secret, quote(secret, safe=""))}
        self._secrets = sorted(forms, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """Return the text with the secrets masked."""
        for secret in self._secrets:
            text = text.replace(secret, MASKED)
        return _FIELD.sub(rf"\g<1>{MASKED}", _PARAMETER.sub(rf"\g<1>{MASKED}", text))


def quieten_libraries() -> None:
    """Let the libraries log warnings only: below that they print bodies, tokens and signatures."""
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    # Their warnings contain the whole URL of a request.
    for name in ("urllib3.connection", "urllib3.connectionpool"):
        logging.getLogger(name).setLevel(logging.ERROR)
