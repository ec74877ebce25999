"""The list of the keyboard shortcuts, which `nagarvani.js` carries out."""

from __future__ import annotations

from flask import Blueprint, render_template

from web.core.i18n import N_
from web.core.permissions import allow_roles

routes = Blueprint("keys", __name__)

SHORTCUTS = (
    ("J", "र", N_("Next in the list")),
    ("K", "क", N_("Previous in the list")),
    ("O", "द", N_("Open the chosen one")),
    ("U", "ह", N_("Go back")),
    ("M", "स", N_("Go to the main button")),
    ("/", "य", N_("Search")),
    ("?", "Shift + य", N_("See this list")),
)
"""The key on an English keyboard, the letter at the same place in InScript, and what it does."""


@routes.get("/keys")
@allow_roles()
def index() -> str:
    """List the keys."""
    return render_template("home/keys.html", shortcuts=SHORTCUTS)
