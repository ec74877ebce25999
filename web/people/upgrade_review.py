"""The page of the appointments that were in force at an upgrade and are confirmed again."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session

from approvals.policy import Action
from publisher.people import confirmation, upgrade_review
from web.core.auth import actor, actor_now, reads, writing
from web.core.context import ctx
from web.core.form_views import handle_form
from web.core.i18n import _
from web.core.permissions import Page, allow_action
from web.forms import Form
from web.people.confirmation import read_chosen, tick_value

routes = Blueprint("upgrade_review", __name__)


@routes.get("/people/from-before")
@allow_action(Action.RECORD_HEAD)
def index() -> Page:
    """List the appointments that still have to be confirmed again."""
    return _page(Form(formdata=None))


@reads
def _page(session: Session, form: Form) -> str:
    appointments = upgrade_review.list_unreviewed(session, now=ctx.now())
    return render_template(
        "people/from_before.html",
        form=form,
        appointments=appointments,
        own=confirmation.confirmable(session, actor(), appointments, now=ctx.now()),
        number=upgrade_review.count(session, now=ctx.now()),
        value_of=tick_value,
    )


@routes.post("/people/from-before")
@allow_action(Action.RECORD_HEAD)
@handle_form(Form, shown_by=_page)
def look_through(_form: Form) -> Page:
    """Confirm the ticked appointments again."""
    digests = read_chosen()
    with writing() as session:
        upgrade_review.confirm_reviewed(session, **actor_now(), digests=digests)
    flash(_("What you ticked is confirmed."))
    return redirect(url_for("upgrade_review.index"))
