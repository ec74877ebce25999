"""The introduction: pages that show a newcomer the work of their role."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, session, url_for

from web.core.auth import actor
from web.core.permissions import Page, allow_roles
from web.messages.tour import TOURS

routes = Blueprint("tour", __name__)
_DISMISSED = "tour_dismissed"


def is_dismissed() -> bool:
    """Return True if this session's person no longer wants to see the offer of the introduction."""
    return bool(session.get(_DISMISSED))


@routes.get("/tour/<int:number>")
@allow_roles()
def step(number: int) -> str:
    """Show a step of the introduction, counted from 1."""
    steps = TOURS[role] if (role := actor().role) else ()
    if not 1 <= number <= len(steps):
        abort(404)
    return render_template(
        "home/tour_step.html", step=steps[number - 1], number=number, steps=len(steps)
    )


@routes.post("/tour/dismiss")
@allow_roles()
def dismiss() -> Page:
    """Stop showing the offer of the introduction in this session."""
    session[_DISMISSED] = True
    return redirect(url_for("today.index"))
