"""The guides to the work of each role, for people who have never seen the product."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, abort, current_app, g, render_template

from approvals.policy import Role
from web.core.auth import Acting
from web.core.i18n import N_, page_language
from web.core.permissions import Page, public

routes = Blueprint("guides", __name__)
GUIDES: Mapping[str, str] = {
    "member": N_("Members of departments"),
    "officer": N_("IT Nodal Officers"),
    "head": N_("Heads of departments"),
    "cell": N_("Staff of the Social Media Cell"),
    "lead": N_("Lead of the Social Media Cell"),
    "admin": N_("System admins"),
    "reader": N_("Oversight and auditors"),
}
"""The guides by their names in URLs, each with the people it is for."""

GUIDE_OF: Mapping[Role, str] = {
    Role.MEMBER: "member",
    Role.OFFICER: "officer",
    Role.HEAD: "head",
    Role.CELL: "cell",
    Role.CELL_LEAD: "lead",
    Role.ADMIN: "admin",
    Role.OVERSIGHT: "reader",
    Role.AUDITOR: "reader",
}
OWN_LANGUAGE, OTHERWISE = "guides/{}/{}.html", "guides/en/{}.html"


@routes.get("/help")
@public
def index() -> str:
    """List the guides, the reader's own first."""
    acting: Acting | None = g.get("acting")
    own = GUIDE_OF[acting.actor.role] if acting and acting.actor.role else None
    return render_template(
        "guides/index.html", guides=sorted(GUIDES.items(), key=lambda item: item[0] != own), own=own
    )


@routes.get("/help/<guide>")
@public
def show(guide: str) -> Page:
    """Show a guide in the language of the page, or in English if there is no such version."""
    if guide not in GUIDES:
        abort(404)
    names = [OWN_LANGUAGE.format(page_language(), guide), OTHERWISE.format(guide)]
    template = current_app.jinja_env.select_template(names)
    return render_template(template, people=GUIDES[guide])
