"""The page that a request acts as."""

from __future__ import annotations

from sandbox.credentials import FACEBOOK_PAGES, FacebookPage
from sandbox.exchange import RequestContext
from sandbox.facebook.errors import refusal


def acting_page(request_context: RequestContext, node: str = "me") -> FacebookPage:
    """Return the acting page. Raises Refused if the token is another page's."""
    for page in FACEBOOK_PAGES:
        if page.id == request_context.account and node in (page.id, "me"):
            return page
    raise refusal("(#200) The token has no permission for this page", 200, http=403)
