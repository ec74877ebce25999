"""The card that a platform makes of a link: its picture, title and domain, as far as known."""

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
from web.core.permissions import for_roles

routes = Blueprint("link_cards", __name__)
_LINK = re.compile(r"https?://[^\s<>\"“”]+")


@dataclass(frozen=True)
class Card:
    """What is shown of a link; title and picture are empty until it was looked at."""

    url: str
    domain: str
    title: str = ""
    picture: str = ""


def link_card(url: str) -> Card:
    """The card of a web address."""
    seen = _seen(url)
    sha256 = seen.picture_sha256
    src = url_for("link_cards.picture", card_sha256=sha256) if sha256 else ""
    return Card(url, domain_of(url), seen.title, src)


def domain_of(url: str) -> str:
    """The host as platforms show it, without its `www.`; the address itself where it has none."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        host = ""
    return host.removeprefix("www.") or url


def first_link(text: str) -> str:
    """The first web address of a text, of which X makes a card; empty where there is none."""
    found = _LINK.search(text)
    return found.group().rstrip(".,;:!?)") if found else ""


def _seen(url: str) -> SeenLink:
    """What is known of a link, asked once in a request; nothing where no house is served."""
    if "house" not in current_app.extensions:
        return SeenLink(url)
    known = cast("dict[str, SeenLink]", g.setdefault("link_cards", {}))
    if url not in known:
        with ctx.database.reading() as session:
            known |= context.links_seen(session, [url])
    return known[url]


@routes.get("/link-pictures/<card_sha256>")
@for_roles()
@reads
def picture(session: Session, card_sha256: str) -> Response:
    """The picture of a link's preview, small; anybody may see it on the web."""
    query = select(CheckedLink.digest).where(CheckedLink.picture_sha256 == card_sha256).limit(1)
    if session.scalar(query) is None:
        raise NotFound(card_sha256)
    try:
        content = ctx.store.open(card_sha256)
    except (MediumMissing, MediumChanged) as problem:
        raise NotFound(card_sha256) from problem
    kind = file_signatures.found_type(content[: file_signatures.HEAD_BYTES])
    response = Response(content, mimetype=f"image/{kind}")
    response.headers["Cache-Control"] = "private, max-age=3600"
    response.headers["Content-Disposition"] = "inline"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def register(app: Flask) -> None:
    """Give the templates the cards of links."""
    app.jinja_env.filters.update(link_card=link_card, first_link=first_link)
