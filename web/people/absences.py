"""Which officers and heads are away: a list, and a form to record it by dates."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from wtforms import SelectField

from approvals.policy import Action
from publisher.people import absences
from web.core.auth import actor, actor_now, reads, writes, writing
from web.core.context import ctx
from web.core.form_views import handle_form
from web.core.i18n import _, _l
from web.core.list_pages import page_of_rows
from web.core.permissions import Page, allow_action
from web.forms import Form, number_of, options
from web.messages.names import person_name, post_name
from web.moments.fields import DayField

routes = Blueprint("absences", __name__, url_prefix="/away")


class AbsenceForm(Form):
    """A person who is away, and the first and last day."""

    person_id = SelectField(_l("Person"), validate_choice=False)
    from_on = DayField(_l("First day"))
    until_on = DayField(_l("Last day"))


@routes.get("")
@allow_action(Action.RECORD_AWAY)
def index() -> Page:
    """Show who is away or will be, and the form."""
    return _page(AbsenceForm(formdata=None))


@reads
def _page(session: Session, form: AbsenceForm) -> str:
    now = ctx.now()
    offices = absences.recordable(session, actor=actor(), now=now)
    people = {
        office.person_id: f"{person_name(office.person)} – {post_name(office)}"
        for office in offices
    }
    own_id = actor().person_id
    if form.person_id.data is None and own_id in people:
        form.person_id.data = str(own_id)
    choices = [(str(person_id), text) for person_id, text in people.items()]
    form.person_id.choices = options([("", _("Choose")), *choices])
    away = absences.list_absences(session, people, now=now)
    return render_template("people/away.html", form=form, absences=page_of_rows(away), posts=people)


@routes.post("")
@allow_action(Action.RECORD_AWAY)
@handle_form(AbsenceForm, shown_by=_page)
def record(form: AbsenceForm) -> Page:
    """Record that somebody is away."""
    if not form.validate():
        return _page(form), 422
    with writing() as session:
        absence = absences.record(
            session,
            **actor_now(),
            person_id=number_of(form.person_id.data),
            from_on=form.from_on.data,
            until_on=form.until_on.data,
        )
        name = person_name(absence.person)
    flash(_("%(name)s is recorded as away, and the others have been told.", name=name))
    return redirect(url_for("absences.index"))


@routes.post("/<int:absence_id>/end")
@allow_action(Action.RECORD_AWAY)
@writes
def end(session: Session, absence_id: int) -> Page:
    """End an absence now, or before it begins."""
    absence = absences.end(session, **actor_now(), absence_id=absence_id)
    flash(_("%(name)s is no longer recorded as away.", name=person_name(absence.person)))
    return redirect(url_for("absences.index"))
