"""The search for submissions, posts and comments by number or word."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug import Response

from publisher.reports.search import (
    FIRST,
    Kind,
    SearchGroup,
    find_exact_path,
    hits_of,
    kinds_for,
    search,
)
from publisher.reports.search_window import SPAN
from web.core.auth import actor, reads
from web.core.i18n import N_
from web.core.permissions import allow_roles
from web.forms import number_of
from web.people import departments

routes = Blueprint("search", __name__)
LONGEST = 200
KIND_WORDS: Mapping[Kind, tuple[str, str]] = {
    Kind.SUBMISSIONS: (N_("Submissions"), N_("All in submissions")),
    Kind.POSTS: (N_("Posts"), N_("All in posts")),
    Kind.COMMENTS: (N_("Comments"), N_("All in comments")),
}


@routes.get("/search")
@allow_roles()
@reads
def index(session: Session) -> Response | str:
    """Show departments and the hits of each kind, or of one kind.

    An exact number redirects to its page.
    """
    query = request.args.get("q", "").strip()[:LONGEST]
    kind = next((choice for choice in Kind if choice.value == request.args.get("in")), None)
    if kind is None and (path := find_exact_path(session, actor=actor(), text=query)):
        return redirect(path)
    kinds = kinds_for(actor())
    before = number_of(request.args.get("before")) or None
    if not query:
        groups = []
    elif kind in kinds and kind is not None:
        groups = [hits_of(session, actor=actor(), kind=kind, text=query, before=before)]
    else:
        groups = search(session, actor=actor(), text=query)
    return render_template(
        "home/search.html",
        query=query,
        groups=[group for group in groups if group.hits or group.following],
        departments=[] if kind else departments.search_departments(session, query),
        most_departments=FIRST,
        kind=kind,
        kind_labels=KIND_WORDS,
        window_size=SPAN,
        is_further=before is not None,
        further_links={group.kind: _further_href(query, group, kind) for group in groups},
    )


def _further_href(query: str, group: SearchGroup, kind: Kind | None) -> str | None:
    """Return the URL of further hits, or None: the page of this kind, or its older hits.

    If the newest items have no hit, the first page links to the older hits directly.
    """
    if group.following is None:
        return None
    parameters = {"q": query, "in": group.kind.value}
    if kind is not None or not group.hits:
        parameters["before"] = str(group.following)
    return f"{url_for('search.index')}?{urlencode(parameters)}"
