"""Which page a call acts as."""

from __future__ import annotations

from sandbox.credentials import FACEBOOK_PAGES, FacebookPage
from sandbox.exchange import Turn
from sandbox.facebook.errors import refusal


def acting(turn: Turn, node: str = "me") -> FacebookPage:
    """The page that acts, on itself. Raises Refused where the token is another's."""
    for page in FACEBOOK_PAGES:
        if page.id == turn.account and node in (page.id, "me"):
            return page
    raise refusal("(#200) The token has no permission for this page", 200, http=403)
