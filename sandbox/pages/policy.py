"""The content security policy of the sandbox's pages."""

from __future__ import annotations

from urllib.parse import urlsplit

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; form-action 'self'{};"
    " frame-src 'self'; frame-ancestors 'self'; base-uri 'none'"
)
POLICY = _POLICY.format("")


def policy_for_redirect(address: str) -> str:
    """Return the policy of a page whose form is finally redirected to this URL."""
    parts = urlsplit(address)
    return _POLICY.format(f" {parts.scheme}://{parts.netloc}")
