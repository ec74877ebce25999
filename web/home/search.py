"""One search box for everybody: submissions, posts and comments by number or word."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug import Response

from publisher.reports.search import (
    SPAN,
    Kind,
    SearchGroup,
    hits_of,
    kinds_for,
    search,
    straight_to,
)
from web.core.auth import actor, reads
from web.core.permissions import for_roles
from web.core.state_badges import N_
from web.forms import number_of

routes = Blueprint("search", __name__)
LONGEST = 200
KIND_WORDS: Mapping[Kind, tuple[str, str]] = {
    Kind.SUBMISSIONS: (N_("Submissions"), N_("All in submissions")),
    Kind.POSTS: (N_("Posts"), N_("All in posts")),
    Kind.COMMENTS: (N_("Comments"), N_("All in comments")),
}


@routes.get("/search")
@for_roles()
@reads
def index(session: Session) -> Response | str:
    """The first hits of each kind, or all of one; a number that is one thing's leads there."""
    words = request.args.get("q", "").strip()[:LONGEST]
    kind = next((one for one in Kind if one.value == request.args.get("in")), None)
    if kind is None and (path := straight_to(session, actor=actor(), text=words)):
        return redirect(path)
    kinds = kinds_for(actor())
    before = number_of(request.args.get("before")) or None
    if not words:
        groups = []
    elif kind in kinds and kind is not None:
        groups = [hits_of(session, actor=actor(), kind=kind, text=words, before=before)]
    else:
        groups = search(session, actor=actor(), text=words)
    return render_template(
        "home/search.html",
        words=words,
        groups=[one for one in groups if one.hits or one.following],
        kind=kind,
        kind_words=KIND_WORDS,
        span=SPAN,
        is_further=before is not None,
        further={one.kind: _further(words, one, kind) for one in groups},
    )


def _further(words: str, group: SearchGroup, kind: Kind | None) -> str | None:
    """Where there is more of this kind: all of it from the first page, older ones from there.

    Where the newest hold nothing, the first page leads to the older ones at once.
    """
    if group.following is None:
        return None
    behind = {"q": words, "in": group.kind.value}
    if kind is not None or not group.hits:
        behind["before"] = str(group.following)
    return f"{url_for('search.index')}?{urlencode(behind)}"
