"""Did our own mail server see that a mail comes from the domain of its sender?"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from publisher.mail_messages.message import AuthenticationResult, MailMessage

_PASSED: Final = "pass"
_NO_POLICY: Final = frozenset({"none", ""})


class Authenticity(StrEnum):
    """What our own server's Authentication-Results say of the sender."""

    PASSED = "passed"
    FAILED = "failed"
    UNCHECKED = "unchecked"  #: No server of ours is set whose results could be believed.


def authenticity_of(message: MailMessage, *, mail_server: str) -> Authenticity:
    """Return what the server with this authserv-id found; results of others count for nothing."""
    if not mail_server:
        return Authenticity.UNCHECKED
    # A server puts its results on top: the first of a method is ours, another may be forged.
    ours: dict[str, AuthenticationResult] = {}
    for finding in message.results:
        if finding.server.lower() == mail_server.lower():
            ours.setdefault(finding.method, finding)
    domain = message.sender.address.rpartition("@")[2]
    dmarc = ours.get("dmarc")
    if dmarc is not None and dmarc.outcome not in _NO_POLICY:
        return _verdict(dmarc.outcome == _PASSED and _covers(dmarc.domain or domain, domain))
    proofs = [ours[method] for method in ("dkim", "spf") if method in ours]
    passed = [proof for proof in proofs if proof.outcome == _PASSED]
    return _verdict(any(_covers(proof.domain, domain) for proof in passed))


def _verdict(is_proven: bool) -> Authenticity:
    return Authenticity.PASSED if is_proven else Authenticity.FAILED


def _covers(proven: str, domain: str) -> bool:
    """Return True if the proof for one domain holds for the sender's, or for one above it."""
    proven, domain = proven.lower().rpartition("@")[2], domain.lower()
    return "." in proven and (domain == proven or domain.endswith("." + proven))
