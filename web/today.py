"""What waits for the person at the counter, most urgent first, and nothing else."""

from __future__ import annotations

from flask import Blueprint, render_template
from sqlalchemy.orm import Session

from publisher.office import reporting
from web.acting import actor, reads
from web.house import house
from web.rules import for_roles
from web.wording.progress import DUE, WAITING

routes = Blueprint("today", __name__)


@routes.get("/")
@for_roles()
@reads
def index(session: Session) -> str:
    """The page everybody begins with."""
    waiting = reporting.waiting_for(session, actor=actor(), now=house().now())
    return render_template("today/index.html", waiting=waiting, words=WAITING, due_words=DUE)
