"""The page that changes a person's names and designation."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from wtforms import StringField

from publisher.people import name_changes
from web.core.auth import actor, actor_now, reads, writing
from web.core.context import ctx
from web.core.form_views import handle_form
from web.core.i18n import _, _l
from web.core.permissions import Page, allow_action
from web.forms import Form
from web.people.confirmation import list_confirmers
from web.people.views import RECORD_ACTIONS, get_person, routes


class NamesForm(Form):
    """The names and designation of a person."""

    name_mr = StringField(_l("Name in Marathi"))
    name_en = StringField(_l("Name in English"))
    designation = StringField(_l("Designation"))


@reads
def _name_page(session: Session, /, form: NamesForm, person_id: int) -> str:
    person = get_person(session, person_id)
    name_changes.require_rename(session, actor(), person, now=ctx.now())
    if form.refusal is None:
        form.process(obj=person)
    confirmers = list_confirmers(session, person)
    return render_template("people/name.html", form=form, person=person, confirmers=confirmers)


@routes.route("/people/<int:person_id>/name", methods=["GET", "POST"])
@allow_action(*RECORD_ACTIONS)
@handle_form(NamesForm, shown_by=_name_page)
def rename(form: NamesForm, person_id: int) -> Page:
    """Change a person's names and designation from now on."""
    with writing() as session:
        name_changes.rename(
            session,
            **actor_now(),
            person=get_person(session, person_id),
            name_mr=form.name_mr.data or "",
            name_en=form.name_en.data or "",
            designation=form.designation.data or "",
        )
    flash(_("The name is saved."))
    return redirect(url_for("people.show", person_id=person_id))
