"""What a page of the sandbox may load, and where its forms may lead."""

from __future__ import annotations

from urllib.parse import urlsplit

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; form-action 'self'{};"
    " frame-src 'self'; frame-ancestors 'self'; base-uri 'none'"
)
POLICY = _POLICY.format("")


def leading_to(address: str) -> str:
    """The policy of a page whose form ends, by a redirection, at this address."""
    parts = urlsplit(address)
    return _POLICY.format(f" {parts.scheme}://{parts.netloc}")
