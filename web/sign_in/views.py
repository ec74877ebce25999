"""Pages to sign in and out, accept an invitation, and manage one's appointments and sessions."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from sqlalchemy.orm import Session
from werkzeug import Response
from wtforms import Field, PasswordField
from wtforms.validators import InputRequired

from publisher.auth import known_devices, second_factors, session_start
from publisher.auth import sessions as signing_in_sessions
from publisher.auth import sign_in as auth_sign_in
from publisher.auth.contact_details import normal_identifier
from publisher.auth.known_devices import Visitor
from publisher.auth.refusals import SignInProblem, SignInRefusal
from publisher.auth.session_start import FactorRequest, SignedIn
from publisher.auth.sign_in_codes import CodeRequest
from publisher.people import invitations
from publisher.review.in_person import CELL
from web.core import form_recovery
from web.core.auth import acting, actor_now, reads, writes, writing
from web.core.context import ctx
from web.core.database import end_reading, reading
from web.core.form_views import handle_form
from web.core.i18n import _, _l, _n
from web.core.permissions import Page, allow_roles, public
from web.core.second_factor import factor_rule
from web.core.sign_in_page import (
    ProveForm,
    SignInCodeForm,
    SignInForm,
    prove_page,
    sign_in_page,
)
from web.core.vault import vault
from web.errors import error_page
from web.forms import key_of
from web.home.other_appointments import other_work
from web.messages.sign_in import own_password_sentence, seconds_left, sign_in_sentence
from web.sign_in import browser_cookies, sign_in_steps
from web.sign_in.passwords import NewPasswordForm, own_proof, read_new_password

routes = Blueprint("sign_in", __name__)


class InvitationForm(NewPasswordForm):
    """The first password."""

    new_password = PasswordField(
        _l("Password"), validators=[InputRequired(_l("Choose a password."))]
    )


@routes.route("/sign-in", methods=["GET", "POST"])
@public
@handle_form(SignInForm)
def ask(form: SignInForm) -> Page:
    """Sign in, and continue where the person was, with the form they had submitted."""
    if form.is_shown:
        path = request.args.get("next", "/")
        form.next.data = path if form_recovery.is_own_path(path) else "/"
        form.identifier.data = browser_cookies.take_identifier()
        return sign_in_page(form=form, code=200)
    recovered = form_recovery.read_carried_form()
    if not form.validate():
        return sign_in_page(form=form, recovered=recovered, code=422)
    visitor = sign_in_steps.visitor(is_shared=bool(form.is_shared.data))
    identifier = (form.identifier.data or "").replace("\0", "")
    if _is_taken_by_cell(identifier):
        form.form_errors.append(
            _(
                "A person of the Cell is signed in in this browser, so nobody else can sign in "
                "here. Ask them to sign out first, or use your own phone or another computer."
            )
        )
        return sign_in_page(form=form, recovered=recovered, code=409)
    outcome = _try_sign_in(identifier, form.password.data or "", visitor)
    if isinstance(outcome, CodeRequest):
        browser_cookies.store_asked(identifier, outcome, is_shared=visitor.is_shared)
        code_form = SignInCodeForm(formdata=None, next=form.next.data)
        return _code_page(code_form, outcome, recovered)
    if isinstance(outcome, SignInRefusal):
        if outcome.code is SignInProblem.WAITS:  # nothing is wrong
            flash(sign_in_sentence(outcome), "teal")
        else:
            form.form_errors.append(sign_in_sentence(outcome))
        code = 429 if outcome.until is not None else 401
        return sign_in_page(form=form, recovered=recovered, code=code)
    path, is_shared = form.next.data or "/", visitor.is_shared
    return sign_in_steps.go_on(outcome, path, recovered, is_shared=is_shared)


def _is_taken_by_cell(identifier: str) -> bool:
    """Return True if somebody else, of the cell, is signed in in this browser."""
    if g.acting is None or acting().actor.role not in CELL:
        return False
    with reading() as database_session:
        person = auth_sign_in.find_person(database_session, normal_identifier(identifier))
    return person is None or person.id != acting().actor.person_id


def _try_sign_in(
    identifier: str, password: str, visitor: Visitor
) -> SignedIn | CodeRequest | FactorRequest | SignInRefusal:
    with reading() as database_session:
        stored_hash = auth_sign_in.hash_to_try(
            database_session, identifier=identifier, visitor=visitor, now=ctx.now()
        )
    end_reading()  # checking a hash is slow
    proof = stored_hash.proof(password, hasher=ctx.hasher)
    with writing() as database_session:
        return auth_sign_in.sign_in(
            database_session,
            identifier=identifier,
            proof=proof,
            visitor=visitor,
            now=ctx.now(),
            rule=factor_rule(),
        )


@routes.route("/sign-in/code", methods=["GET", "POST"])
@public
@handle_form(SignInCodeForm)
def confirm_code(form: SignInCodeForm) -> Page:
    """Sign in with the code that an unknown device needs, if the password was right."""
    pending = browser_cookies.pending_sign_in()
    if pending is None:
        return redirect(url_for("sign_in.ask"))
    recovered = form_recovery.read_carried_form()
    is_look = form.is_shown or sign_in_steps.looks_again()
    if is_look or not form.validate():
        return _code_page(form, pending.code_request, recovered, code=200 if is_look else 422)
    with writing() as database_session:
        outcome = auth_sign_in.confirm_code(
            database_session,
            identifier=pending.identifier,
            code_request=pending.code_request,
            code=form.code.data or "",
            visitor=sign_in_steps.visitor(is_shared=pending.is_shared),
            now=ctx.now(),
            rule=factor_rule(),
        )
    if isinstance(outcome, SignInRefusal):
        form.code.errors = [sign_in_sentence(outcome)]
        code = 429 if outcome.until is not None else 401
        return _code_page(form, pending.code_request, recovered, code=code)
    path, is_shared = form.next.data or "/", pending.is_shared
    return sign_in_steps.go_on(outcome, path, recovered, is_shared=is_shared)


def _code_page(
    form: SignInCodeForm,
    code_request: CodeRequest,
    recovered: form_recovery.RecoveredForm | None,
    *,
    code: int = 401,
) -> Page:
    page = render_template(
        "sign_in/sign_in_code.html",
        form=form,
        seconds=seconds_left(code_request.not_before),
        carried_fields=form_recovery.hidden_fields(recovered) if recovered else [],
    )
    return page, code


@routes.post("/sign-out")
@allow_roles()
@writes
def sign_out(database_session: Session) -> Response:
    """End this session."""
    signing_in_sessions.end(database_session, sign_in_id=acting().sign_in_id, now=ctx.now())
    session.clear()
    return redirect(url_for("sign_in.ask"))


@routes.route("/invitation/<token>", methods=["GET", "POST"])
@public
@handle_form(InvitationForm)
def open_invitation(form: InvitationForm, token: str) -> Page:
    """Ask for the first password and store it; opening the page does not use up the invitation."""
    with reading() as database_session:
        person = invitations.find_invited_person(database_session, token=token, now=ctx.now())
        if person is None:
            return _expired_invitation(database_session, token)
        if form.is_shown:
            return render_template("sign_in/invitation.html", form=form, person=person)
        password = read_new_password(form, person)
    with writing() as database_session:
        if invitations.find_invited_person(database_session, token=token, now=ctx.now()) is None:
            return _expired_invitation(database_session, token)
        person = invitations.accept_invitation(
            database_session, token=token, password=password, now=ctx.now()
        )
        browser_cookies.store_identifier(person.mail or person.mobile or "")
        is_in_office = session_start.may_enter(database_session, person, ctx.now())
    flash(
        _("Your password is set. Sign in with it now.")
        if is_in_office
        else _(
            "Your password is set. Once the head of your department, an admin or the Cell’s lead "
            "has confirmed you, you can sign in. You will be told."
        )
    )
    return redirect(url_for("sign_in.ask"))


def _expired_invitation(database_session: Session, token: str) -> Page:
    if invitations.is_done(database_session, token=token):
        flash(_("A password is already set. Sign in with it."), "teal")
        return redirect(url_for("sign_in.ask"))
    message = _("This link has expired or was already used. Ask the Cell for a new one.")
    return error_page(404, message=message)


@routes.post("/confirm")
@allow_roles()
def prove() -> Page:
    """Check the password again, then show the form that required it."""
    form, recovered = ProveForm(), form_recovery.read_carried_form()
    if not form.validate():
        return prove_page(recovered, form=form), 422
    proof = own_proof(form.password.data or "")
    with writing() as database_session:
        sign_in_id = acting().sign_in_id
        refusal = auth_sign_in.prove(
            database_session, sign_in_id=sign_in_id, proof=proof, now=ctx.now()
        )
        field: Field = form.password
        if refusal is None and form.with_factor.data:
            field = form.code
            refusal = second_factors.prove(
                database_session,
                sign_in_id=sign_in_id,
                code=form.code.data or "",
                sealer=vault(),
                now=ctx.now(),
            )
    if refusal is not None:
        field.errors = [own_password_sentence(refusal)]
        return prove_page(recovered, form=form), 422
    return form_recovery.offer_resending(recovered)


@routes.get("/appointments")
@allow_roles()
@reads
def appointments(database_session: Session) -> Page:
    """List one's own appointments, to choose the one to work under."""
    in_force = signing_in_sessions.list_appointments(
        database_session, acting().person, now=ctx.now()
    )
    return render_template(
        "sign_in/appointments.html",
        appointments=in_force,
        current_id=acting().actor.appointment_id,
        work={other.appointment.id: other for other in other_work(database_session, acting())},
    )


@routes.post("/appointments")
@allow_roles()
def switch() -> Page:
    """Switch to another of one's own appointments, and show the form that was carried along."""
    with writing() as database_session:
        actor = signing_in_sessions.switch(
            database_session,
            sign_in_id=acting().sign_in_id,
            appointment_id=request.form.get("appointment", 0, type=key_of),
            now=ctx.now(),
        )
    recovered = form_recovery.read_carried_form()
    if recovered is None:
        return redirect(url_for("today.index"))
    g.acting = replace(acting(), actor=actor)
    return form_recovery.page(
        recovered, message=_("You work under the other appointment again."), code=200
    )


@routes.get("/sessions")
@allow_roles()
@reads
def sessions(database_session: Session) -> Page:
    """List one's own sessions and known devices."""
    person, now = acting().person, ctx.now()
    this_device = known_devices.find(
        database_session, token=browser_cookies.device_token(), person=person, now=now
    )
    return render_template(
        "sign_in/sessions.html",
        sessions=signing_in_sessions.list_sessions(database_session, person_id=person.id, now=now),
        current_id=acting().sign_in_id,
        devices=known_devices.list_devices(database_session, person_id=person.id, now=now),
        current_device_id=this_device.id if this_device is not None else None,
    )


@routes.post("/sessions/<int:sign_in_id>/end")
@allow_roles()
@writes
def end(database_session: Session, sign_in_id: int) -> Response:
    """End another of one's own sessions."""
    signing_in_sessions.end_other(
        database_session,
        person_id=acting().actor.person_id or 0,
        sign_in_id=sign_in_id,
        now=ctx.now(),
    )
    flash(_("The session has been ended."))
    return redirect(url_for("sign_in.sessions"))


@routes.post("/devices/<int:known_device_id>/end")
@allow_roles()
@writes
def end_device(database_session: Session, known_device_id: int) -> Response:
    """End one of one's own known devices."""
    known_devices.end(
        database_session,
        **actor_now(),
        person_id=acting().person.id,
        known_device_id=known_device_id,
    )
    flash(_("This device is no longer known."))
    return redirect(url_for("sign_in.sessions"))


@routes.post("/sessions/end-others")
@allow_roles()
@writes
def end_others(database_session: Session) -> Response:
    """End every other of one's own sessions."""
    number = signing_in_sessions.end_others(
        database_session, sign_in_id=acting().sign_in_id, now=ctx.now()
    )
    flash(_n("%(num)s session has been ended.", "%(num)s sessions have been ended.", number))
    return redirect(url_for("sign_in.sessions"))
