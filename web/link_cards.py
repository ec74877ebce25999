"""Link cards as a platform shows them: picture, title and domain, as far as they are known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, current_app, g, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.content_checks import context
from publisher.content_checks.types import SeenLink
from publisher.media import file_signatures
from publisher.media.store import MediumChanged, MediumMissing
from publisher.models.content_checks import CheckedLink
from publisher.validation import NotFound
from web.core.auth import reads
from web.core.context import ctx
from web.core.database import end_reading, reading
from web.core.permissions import allow_roles

routes = Blueprint("link_cards", __name__)
_LINK = re.compile(r"https?://[^\s<>\"“”]+")


@dataclass(frozen=True)
class Card:
    """A link card; title and picture are empty until the link has been checked."""

    url: str
    domain: str
    title: str = ""
    picture: str = ""


def link_card(url: str) -> Card:
    """Return the link card for a URL."""
    checked = _look_up_link(url)
    sha256 = checked.picture_sha256
    src = url_for("link_cards.picture", card_sha256=sha256) if sha256 else ""
    return Card(url, display_domain(url), checked.title, src)


def display_domain(url: str) -> str:
    """Return the host without `www.`, as platforms show it; the URL itself if it has no host."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        host = ""
    return host.removeprefix("www.") or url


def first_link(text: str) -> str:
    """Return the first URL of a text, from which platforms make a card; empty if there is none."""
    match = _LINK.search(text)
    return match.group().rstrip(".,;:!?)") if match else ""


def _look_up_link(url: str) -> SeenLink:
    """Return what is known about a link, cached for the request; empty outside our application."""
    if "house" not in current_app.extensions:
        return SeenLink(url)
    checked_links = cast("dict[str, SeenLink]", g.setdefault("link_cards", {}))
    if url not in checked_links:
        with reading() as session:
            checked_links |= context.links_seen(session, [url])
    return checked_links[url]


@routes.get("/link-pictures/<card_sha256>")
@allow_roles()
@reads
def picture(session: Session, card_sha256: str) -> Response:
    """Serve the small picture of a link card; it is public on the web anyway."""
    query = select(CheckedLink.digest).where(CheckedLink.picture_sha256 == card_sha256).limit(1)
    if session.scalar(query) is None:
        raise NotFound(card_sha256)
    end_reading()  # the store may be slow
    try:
        content = ctx.store.open(card_sha256)
    except (MediumMissing, MediumChanged) as problem:
        raise NotFound(card_sha256) from problem
    kind = file_signatures.detect_type(content[: file_signatures.HEAD_BYTES])
    response = Response(content, mimetype=f"image/{kind}")
    response.headers["Cache-Control"] = "private, max-age=3600"
    response.headers["Content-Disposition"] = "inline"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def register(app: Flask) -> None:
    """Register the template filters for link cards."""
    app.jinja_env.filters.update(link_card=link_card, first_link=first_link)
