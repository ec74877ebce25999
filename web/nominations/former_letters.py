"""The address in the QR codes of letters that were printed until version 0.2.0."""

from __future__ import annotations

from datetime import date
from typing import Final

from flask import Blueprint, render_template

from publisher.validation import NotFound
from publisher.working_time import local_day
from web.core.context import ctx
from web.core.permissions import Page, public

routes = Blueprint("former_letters", __name__)
LAST_DAY: Final = date(2027, 12, 31)
"""Until this day somebody may still scan such a letter, a year after the last ones."""


@routes.get("/letter/<token>")
@public
def show(token: str) -> Page:
    """Say that the letter is no longer used, and what to write."""
    if local_day(ctx.now()) > LAST_DAY:
        raise NotFound(token)
    return render_template("nominations/former_letter.html")
