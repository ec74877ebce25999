"""The owner's answer to a mail address or mobile number that the staff recorded for them."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session

from publisher.models.people import Person
from publisher.people import contact_corrections
from web.core.auth import acting, actor_now, reads, writing
from web.core.form_views import handle_form
from web.core.i18n import _
from web.core.permissions import Page, allow_roles
from web.forms import Form

routes = Blueprint("own_contacts", __name__)


@routes.get("/profile/contacts")
@allow_roles()
def index() -> Page:
    """Ask whether the address or number that the staff recorded is one's own."""
    return _page(Form(formdata=None))


@reads
def _page(session: Session, /, form: Form, **_ids: int) -> str:
    changes = contact_corrections.waiting(session, person_id=acting().person.id)
    return render_template(
        "sign_in/own_contacts.html", contact_changes=changes, messages=form.form_errors
    )


@routes.post("/profile/contacts/<int:contact_change_id>/accept")
@allow_roles()
@handle_form(Form, shown_by=_page)
def accept(_form: Form, contact_change_id: int) -> Page:
    """Put the change into force now."""
    with writing() as session:
        contact_corrections.accept(session, **actor_now(), change_id=contact_change_id)
    flash(_("From now on we reach you there."))
    return redirect(url_for("profile.show"))


@routes.post("/profile/contacts/<int:contact_change_id>/refuse")
@allow_roles()
@handle_form(Form, shown_by=_page)
def refuse(_form: Form, contact_change_id: int) -> Page:
    """Cancel the change."""
    with writing() as session:
        person = session.get_one(Person, acting().person.id)
        contact_corrections.refuse(
            session, **actor_now(), person=person, change_id=contact_change_id
        )
    flash(_("Cancelled. The earlier address or number stays. Tell an admin."))
    return redirect(url_for("profile.show"))
