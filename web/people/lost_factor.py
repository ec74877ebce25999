"""The page on which two people end the lost second factor of a third."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session

from approvals.policy import Action
from publisher.auth import second_factors
from publisher.models.people import Person
from publisher.people import lost_factor
from publisher.validation import existing
from web.core.auth import actor, actor_now, reads, writing
from web.core.context import ctx
from web.core.form_views import handle_form
from web.core.i18n import _
from web.core.permissions import Page, allow_action
from web.forms import Form

routes = Blueprint("lost_factor", __name__)


def _person(session: Session, person_id: int) -> Person:
    person = existing(session.get(Person, person_id), person_id)
    lost_factor.require_part(session, actor=actor(), person=person, now=ctx.now())
    return person


@reads
def _page(session: Session, form: Form, person_id: int) -> str:
    person = _person(session, person_id)
    open_request = lost_factor.find_request(session, person=person, now=ctx.now())
    first = lost_factor.first_requester(session, open_request) if open_request is not None else None
    return render_template(
        "people/lost_factor.html",
        form=form,
        person=person,
        has_factor=second_factors.has_any(session, person_id=person.id),
        is_unproven=second_factors.lacks_proof(session, person),
        is_first=first is not None and first.person_id == actor().person_id,
        first=first,
        asked_at=open_request.made_at if open_request is not None else None,
    )


@routes.route("/people/<int:person_id>/second-factor", methods=["GET", "POST"])
@allow_action(Action.CONFIRM_APPOINTMENT)
@handle_form(Form, shown_by=_page)
def end(_form: Form, person_id: int) -> Page:
    """Ask to end the person's second factor, or end it as the second one."""
    with writing() as session:
        person = _person(session, person_id)
        has_ended = lost_factor.end_factor(session, **actor_now(), person=person)
    if has_ended:
        flash(_("The second factor has ended. At the next sign-in the person sets up a new one."))
    else:
        flash(
            _("Saved. Another person must now do the same on this page within 72 hours."), "amber"
        )
    return redirect(url_for("lost_factor.end", person_id=person_id))
