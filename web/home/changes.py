"""The question that an open page asks by itself: whether anything for its reader has changed."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request
from sqlalchemy.orm import Session

from publisher.reports import tab_counts
from web.core.auth import onlooker, reads
from web.core.context import ctx
from web.core.permissions import allow_roles
from web.navigation import counts_by_href

routes = Blueprint("changes", __name__)


@routes.get("/changes")
@allow_roles()
@reads
def ask(session: Session) -> Response:
    """Answer 204 if nothing has changed since the mark, else the tabs' counts and a new mark."""
    mark = request.args.get("mark", "")
    overview = tab_counts.overview_since(session, mark, actor=onlooker(), now=ctx.now())
    if overview is None:
        return Response(status=204)
    response = jsonify(mark=overview.mark, tabs=counts_by_href(overview.counts))
    response.headers["Cache-Control"] = "no-store"
    return response
