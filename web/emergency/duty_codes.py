"""Codes that are read out to somebody on duty who has no second factor at hand."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired

from publisher.auth import second_factors
from publisher.emergency import duty_codes
from publisher.emergency.duty_codes import MayNotVouch
from publisher.people import roster
from web.core.auth import acting, actor, actor_now, reads, writing
from web.core.context import ctx
from web.core.form_views import handle_form
from web.core.i18n import _, _l
from web.core.permissions import Page, allow_roles
from web.forms import Form, number_of, options
from web.messages.names import person_name
from web.messages.sign_in import sign_in_sentence

routes = Blueprint("duty_codes", __name__, url_prefix="/duty")


class DutyPersonForm(Form):
    """The person on duty who needs a code."""

    person_id = SelectField(_l("Person on duty"), validate_choice=False)


class DutyCodeForm(Form):
    """The code that was read out."""

    code = StringField(_l("Code"), validators=[InputRequired(_l("Write the code."))])


@reads
def _make_page(session: Session, form: DutyPersonForm) -> str:
    now = ctx.now()
    if acting().lacks_factor or not duty_codes.may_make(session, actor=actor(), now=now):
        raise MayNotVouch
    others = [
        (str(duty.person_id), person_name(duty.person))
        for duty in roster.current_duties(session, now=now)
        if duty.person_id != actor().person_id
    ]
    form.person_id.choices = options([("", _("Choose")), *others])
    return render_template("emergency/duty_code_make.html", form=form)


@routes.route("/code", methods=["GET", "POST"])
@allow_roles()
@handle_form(DutyPersonForm, shown_by=_make_page)
def make(form: DutyPersonForm) -> Page:
    """Make a code for somebody on duty, and show it once."""
    if acting().lacks_factor:
        raise MayNotVouch
    person_id = number_of(form.person_id.data)
    if not person_id:
        form.person_id.errors = [_("Choose who needs the code.")]
        return _make_page(form), 422
    with writing() as session:
        code = duty_codes.make_code(session, **actor_now(), person_id=person_id)
    return render_template("emergency/duty_code.html", code=f"{code[:4]} {code[4:]}")


@routes.route("/code/type", methods=["GET", "POST"])
@allow_roles()
@handle_form(DutyCodeForm)
def type_code(form: DutyCodeForm) -> Page:
    """Let the person on duty publish an emergency with the code that was read out."""
    if form.is_shown or not form.validate():
        page = render_template("emergency/duty_code_type.html", form=form)
        return page, 200 if form.is_shown else 422
    with writing() as session:
        refusal = second_factors.accept_vouching_code(
            session, sign_in_id=acting().sign_in_id, code=form.code.data or "", now=ctx.now()
        )
    if refusal is None:
        flash(_("You can publish an emergency for one hour."))
        return redirect(url_for("emergency.index"))
    form.code.errors = [sign_in_sentence(refusal)]
    return render_template("emergency/duty_code_type.html", form=form), 422
