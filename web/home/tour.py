"""The introduction: pages that show a newcomer the work of their role."""

from __future__ import annotations

from flask import Blueprint, abort, render_template

from web.core.auth import actor
from web.core.permissions import for_roles
from web.messages.tour import TOURS

routes = Blueprint("tour", __name__)


@routes.get("/tour/<int:number>")
@for_roles()
def step(number: int) -> str:
    """Show a step of the introduction, counted from 1."""
    steps = TOURS[role] if (role := actor().role) else ()
    if not 1 <= number <= len(steps):
        abort(404)
    return render_template(
        "home/tour_step.html", step=steps[number - 1], number=number, steps=len(steps)
    )
