"""How a person is identified at the link to a revision: a code, a passkey or the session.

What a code or passkey has proven is in a cookie of only this link: it opens no session.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from flask import after_this_request, current_app, g, request, url_for
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug import Response

from publisher.models.people import Link
from publisher.models.posts import DecisionCredential, Revision
from web.core.auth import acting
from web.core.context import ctx
from web.people.personal_links import is_by_owner

LASTS: Final = timedelta(minutes=30)
"""Within this time the person decides, or proves their identity again."""


def find_credential(link: Link, revision: Revision) -> DecisionCredential | None:
    """Return how the person of the link was identified in this browser; None if they were not."""
    if is_by_owner(link) and not acting().lacks_factor:
        return DecisionCredential.LINK_AND_SIGN_IN
    try:
        fields = _serializer().loads(request.cookies.get(_cookie_name(), ""))
    except BadSignature:
        return None
    link_id, digest, credential, at = fields
    is_of_this = (link_id, digest) == (link.id, revision.digest)
    is_fresh = ctx.now() - datetime.fromisoformat(at) < LASTS
    return DecisionCredential(credential) if is_of_this and is_fresh else None


def lacks_factor(link: Link) -> bool:
    """Return True if the person has signed in, and needs a second factor to decide."""
    return g.acting is not None and is_by_owner(link) and acting().lacks_factor


def store(link: Link, revision: Revision, token: str, credential: DecisionCredential) -> None:
    """Store in a cookie for only this link that its person was verified for this revision."""
    fields = (link.id, revision.digest, credential.value, ctx.now().isoformat())
    proof = str(_serializer().dumps(fields))
    path = url_for("approval_links.show", token=token)

    @after_this_request
    def set_cookie(response: Response) -> Response:
        response.set_cookie(
            _cookie_name(),
            proof,
            max_age=LASTS,
            path=path,
            secure=True,
            httponly=True,
            # If opened again from the mail, the page still knows its reader.
            samesite="Lax",
        )
        return response


def end(token: str) -> None:
    """End the proof in this browser for the link, which then asks again who its reader is."""
    path = url_for("approval_links.show", token=token)

    @after_this_request
    def delete_cookie(response: Response) -> Response:
        response.delete_cookie(_cookie_name(), path=path, secure=True, httponly=True)
        return response


def _cookie_name() -> str:
    # A cookie for one path cannot have the prefix of the session's cookie.
    name: str = current_app.config["SESSION_COOKIE_NAME"]
    return f"{name.replace('__Host-', '__Secure-')}-approve"


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(ctx.settings.secret_key, salt="approval link")
