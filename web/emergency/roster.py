"""The duty roster: who is, will be and was on duty; the admin and the cell's lead edit it."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from wtforms import SelectField

from approvals.policy import Action, may
from publisher.emergency import duty_codes
from publisher.models.emergency import Duty
from publisher.people import roster
from web.core.auth import actor, actor_now, reads, writes, writing
from web.core.context import ctx
from web.core.form_views import handle_form
from web.core.i18n import _, _l
from web.core.list_pages import page_of_query
from web.core.permissions import Page, allow_action, allow_roles
from web.forms import Form, number_of, options
from web.messages.names import person_name, post_name
from web.moments.fields import MomentField

routes = Blueprint("roster", __name__, url_prefix="/duty")
PAST_DUTIES = 20


class DutyForm(Form):
    """A person on duty, and the period."""

    person_id = SelectField(_l("Person"), validate_choice=False)
    from_at = MomentField(_l("From"))
    until_at = MomentField(_l("Until"))


@routes.get("")
@allow_roles()
def index() -> Page:
    """Show who is on duty now and next, and the form and the past to those who may edit it."""
    return _roster_page(DutyForm(formdata=None))


@reads
def _roster_page(session: Session, form: DutyForm) -> str:
    now, keeps = ctx.now(), may(actor(), Action.KEEP_ROSTER, None)
    if keeps:
        candidates = roster.candidates(session, now=now)
        people = [
            (str(other.person_id), f"{person_name(other.person)} – {post_name(other)}")
            for other in candidates
            if other.person_id != actor().person_id
        ]
        form.person_id.choices = options([("", _("Choose")), *people])
    sees_past = keeps or may(actor(), Action.SEE_EMERGENCY, None)
    return render_template(
        "emergency/roster.html",
        current_duties=roster.current_duties(session, now=now),
        coming_duties=page_of_query(session, roster.coming(now=now), parameter="coming"),
        waiting_duties=page_of_query(session, roster.waiting(now=now), parameter="waiting")
        if keeps
        else None,
        past_duties=page_of_query(session, roster.past(now=now), PAST_DUTIES)
        if sees_past
        else None,
        may_see_past=sees_past,
        may_edit=keeps,
        may_make_code=duty_codes.may_make(session, actor=actor(), now=now),
        own_person_id=actor().person_id,
        post_at=duty_post,
        form=form,
    )


def duty_post(duty: Duty) -> str:
    """Return the person's post when the duty began, or the present one; empty if there is none."""
    appointments = [
        appointment
        for appointment in duty.person.appointments
        if appointment.covers(duty.from_at) or appointment.in_force(ctx.now())
    ]
    return post_name(appointments[0]) if appointments else ""


@routes.post("")
@allow_action(Action.KEEP_ROSTER)
@handle_form(DutyForm, shown_by=_roster_page)
def put_on(form: DutyForm) -> Page:
    """Add a person to the roster."""
    if not form.validate():
        return _roster_page(form), 422
    with writing() as session:
        duty = roster.put_on(
            session,
            **actor_now(),
            person_id=number_of(form.person_id.data),
            from_at=form.from_at.data or ctx.now(),
            until_at=form.until_at.data,
        )
        name, is_waiting = person_name(duty.person), duty.approved_at is None
    if is_waiting:
        flash(_("%(name)s is not on duty yet: a second admin or lead must approve.", name=name))
    else:
        flash(_("%(name)s is on the roster and has been told.", name=name))
    return redirect(url_for("roster.index"))


@routes.post("/<int:duty_id>/approve")
@allow_action(Action.KEEP_ROSTER)
@writes
def approve(session: Session, duty_id: int) -> Page:
    """Let a duty that somebody else proposed take effect."""
    duty = roster.approve(session, **actor_now(), duty_id=duty_id)
    flash(_("%(name)s is on the roster and has been told.", name=person_name(duty.person)))
    return redirect(url_for("roster.index"))


@routes.post("/<int:duty_id>/end")
@allow_action(Action.KEEP_ROSTER)
@writes
def take_off(session: Session, duty_id: int) -> Page:
    """End a duty now, or cancel a future duty."""
    duty = roster.take_off(session, **actor_now(), duty_id=duty_id)
    flash(_("%(name)s is off the roster.", name=person_name(duty.person)))
    return redirect(url_for("roster.index"))
