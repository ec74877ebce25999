"""The files that programs ask every web site for: `robots.txt` and `security.txt`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from urllib.parse import quote

from flask import Blueprint
from werkzeug import Response

from publisher.settings.help import HelpDesk
from web.core.context import ctx
from web.core.permissions import public

routes = Blueprint("public_files", __name__)
ROBOTS = "User-agent: *\nDisallow: /\n"
VALID_FOR = timedelta(days=90)
"""How far ahead `Expires` is: RFC 9116 recommends less than a year."""

COUNTRY = "+91"


@routes.get("/robots.txt")
@public
def robots() -> Response:
    """Ask every crawler to stay away."""
    return Response(ROBOTS, mimetype="text/plain")


@routes.get("/.well-known/security.txt")
@public
def security() -> Response:
    """Say where to report a weakness (RFC 9116); 404 if the settings name no contact."""
    text = security_text(ctx.settings.help_desk, ctx.settings.base_url, ctx.now())
    return Response(text, 200 if text else 404, mimetype="text/plain")


def security_text(desk: HelpDesk, base_url: str, now: datetime) -> str:
    """Return the content of `security.txt`; empty if there is no contact."""
    contacts = [f"Contact: {address}" for address in _contacts(desk)]
    if not contacts:
        return ""
    expires_at = (now.astimezone(UTC) + VALID_FOR).replace(hour=0, minute=0, second=0)
    lines = [
        *contacts,
        f"Expires: {expires_at:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: mr, en, hi",
        f"Canonical: {base_url}/.well-known/security.txt",
    ]
    return "\n".join(lines) + "\n"


def _contacts(desk: HelpDesk) -> Iterator[str]:
    """Yield the addresses as URIs, the preferred one first."""
    if desk.mail:
        address = parseaddr(desk.mail)[1]  # the setting may have a name before it
        yield f"mailto:{quote(address, safe='@')}"
    if desk.phone:
        number = desk.phone.replace(" ", "-")
        is_local = not number.startswith("+")  # which RFC 3966 allows only with a context
        yield f"tel:{number}{f';phone-context={COUNTRY}' if is_local else ''}"
