"""The duty roster: who is on duty now and next, who was; kept by the admin and the cell's lead."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug import Response
from wtforms import SelectField, StringField

from approvals.errors import NotAllowed
from approvals.policy import Action, may
from publisher.delivery.emergency import roster
from publisher.i18n.date_parsing import BadWhen, parse_when
from publisher.models.emergency import Duty
from publisher.models.people import Appointment
from publisher.validation import FieldError, Invalid
from web.core.auth import actor, reads, writes
from web.core.context import ctx
from web.core.i18n import _, _l
from web.core.permissions import for_action, for_roles
from web.forms import DayMonthYearField, Form, number_of, options
from web.messages.names import person_name, post_of
from web.messages.refusals import refusal_sentence

routes = Blueprint("duty", __name__, url_prefix="/duty")
Page = Response | str | tuple[str, int]


class DutyForm(Form):
    """Who is on duty, from when until when."""

    person_id = SelectField(_l("Person"), validate_choice=False)
    from_day = DayMonthYearField(_l("From"))
    from_clock = StringField(_l("Time"))
    until_day = DayMonthYearField(_l("Until"))
    until_clock = StringField(_l("Time"))


@routes.get("")
@for_roles()
@reads
def index(session: Session) -> Page:
    """Who is on duty now, and next; whoever keeps the roster sees who was, and puts people on."""
    return _page(session, DutyForm(formdata=None))


def _page(session: Session, form: DutyForm, happened: list[str] | None = None) -> str:
    now, keeps = ctx.now(), may(actor(), Action.KEEP_ROSTER, None)
    if keeps:
        found = roster.candidates(session, now=now)
        people = [(str(one.person_id), _words(one)) for one in found if _is_another(one)]
        form.person_id.choices = options([("", _("Choose")), *people])
    sees_past = keeps or may(actor(), Action.SEE_EMERGENCY, None)
    return render_template(
        "emergency/roster.html",
        on_duty=roster.on_duty(session, now=now),
        coming=roster.coming(session, now=now),
        past=roster.past(session, now=now) if sees_past else [],
        sees_past=sees_past,
        keeps=keeps,
        own_person=actor().person_id,
        post_at=post_at,
        form=form,
        happened=[(one, None) for one in happened or []],
    )


def _is_another(appointment: Appointment) -> bool:
    return appointment.person_id != actor().person_id


def _words(appointment: Appointment) -> str:
    return f"{person_name(appointment.person)} – {post_of(appointment)}"


def post_at(duty: Duty) -> str:
    """What the person is, as it held when the duty began, or holds by now; empty out of office."""
    held = [
        one
        for one in duty.person.appointments
        if one.in_force(duty.from_at) or one.in_force(ctx.now())
    ]
    return post_of(held[0]) if held else ""


@routes.post("")
@for_action(Action.KEEP_ROSTER)
def put_on() -> Page:
    """Put somebody on the roster."""
    form = DutyForm()
    try:
        with ctx.database.transaction() as session:
            duty = roster.put_on(
                session,
                actor=actor(),
                now=ctx.now(),
                person_id=number_of(form.person_id.data),
                from_at=_moment(form, "from") or ctx.now(),
                until_at=_moment(form, "until"),
            )
            name = person_name(duty.person)
    except Invalid as invalid:
        return _again(form, form.show(invalid.problems), 422)
    except NotAllowed as refusal:
        return _again(form, [refusal_sentence(refusal)], 409)
    flash(_("%(name)s is on the roster, and is told.", name=name))
    return redirect(url_for("duty.index"))


@reads
def _again(session: Session, form: DutyForm, happened: list[str], code: int) -> Page:
    return _page(session, form, happened), code


def _moment(form: DutyForm, which: str) -> datetime | None:
    """The moment of one end; None where nothing was typed. Raises `Invalid`."""
    day, clock = form[f"{which}_day"], form[f"{which}_clock"]
    if not day.is_typed and not clock.data:
        return None
    try:
        return parse_when(day.typed, clock.data or "")
    except BadWhen as bad:
        field = f"{which}_day" if bad.code.field == "date" else f"{which}_clock"
        raise Invalid([FieldError(field, bad.code.value)]) from bad


@routes.post("/<int:duty_id>/end")
@for_action(Action.KEEP_ROSTER)
@writes
def take_off(session: Session, duty_id: int) -> Page:
    """End a duty now, or take one back that has yet to begin."""
    duty = roster.take_off(session, actor=actor(), now=ctx.now(), duty_id=duty_id)
    flash(_("%(name)s is off the roster.", name=person_name(duty.person)))
    return redirect(url_for("duty.index"))
