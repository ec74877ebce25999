"""Signing in and out, the first password, a fresh sign-in, one's appointments and sessions."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from sqlalchemy.orm import Session
from werkzeug import Response
from wtforms import PasswordField
from wtforms.validators import InputRequired

from publisher.auth import sessions as signing_in_sessions
from publisher.auth import sign_in as auth_sign_in
from publisher.auth.sign_in import SignedIn, SignInRefusal
from publisher.models.people import Person
from publisher.people import invitations
from web.core import form_recovery
from web.core.auth import SESSION_KEY, acting, reads, writes
from web.core.context import ctx
from web.core.i18n import _, _l, _n
from web.core.permissions import for_roles, public
from web.core.sign_in_page import ProveForm, SignInForm, prove_page, sign_in_page
from web.forms import Form, key_of
from web.messages.sign_in import sign_in_sentence
from web.sign_in.passwords import city_words, new_hash, own_proof

routes = Blueprint("signing", __name__)
Page = Response | str | tuple[str, int]


class InvitationForm(Form):
    """The first password."""

    new_password = PasswordField(
        _l("Password"), validators=[InputRequired(_l("Choose a password."))]
    )


@routes.get("/sign-in")
@public
def ask() -> Page:
    """The sign-in page."""
    path = request.args.get("next", "/")
    return sign_in_page(path=path if form_recovery.is_own_path(path) else "/", code=200)


@routes.post("/sign-in")
@public
def sign_in() -> Page:
    """Sign in, and go on where the person was, with whatever they had written."""
    form, kept = SignInForm(), form_recovery.carried()
    if not form.validate():
        return sign_in_page(form=form, kept=kept, code=422)
    found = _entered((form.identifier.data or "").replace("\0", ""), form.password.data or "")
    if isinstance(found, SignInRefusal):
        code = 429 if found.until is not None else 401
        return sign_in_page(form=form, kept=kept, happened=sign_in_sentence(found), code=code)
    _begin(found)
    if kept is not None:
        return form_recovery.page(kept, happened=_("You are signed in again."), code=200)
    path = form.next.data or "/"
    return redirect(path if form_recovery.is_own_path(path) else "/")


def _entered(identifier: str, password: str) -> SignedIn | SignInRefusal:
    """Try the password first, and open the transaction then: trying it takes its time."""
    address = request.remote_addr or ""
    with ctx.database.reading() as reading:
        kept = auth_sign_in.hash_to_try(
            reading, identifier=identifier, address=address, now=ctx.now()
        )
    proof = kept.proof(password)
    with ctx.database.transaction() as database_session:
        return auth_sign_in.sign_in(
            database_session,
            identifier=identifier,
            password=password,
            address=address,
            device=request.user_agent.string[:200],
            now=ctx.now(),
            proof=proof,
        )


def _begin(found: SignedIn) -> None:
    """A new session: nothing of the one before is carried over but the language."""
    language = session.get("language")
    session.clear()
    # The form just read has made a token of the old session, which this page would hand on.
    g.pop("csrf_token", None)
    session[SESSION_KEY] = found.token
    session.permanent = True
    if language:
        session["language"] = language


@routes.post("/sign-out")
@for_roles()
@writes
def sign_out(database_session: Session) -> Response:
    """End this session."""
    signing_in_sessions.end(database_session, sign_in_id=acting().sign_in_id, now=ctx.now())
    session.clear()
    return redirect(url_for("signing.ask"))


@routes.get("/invitation/<token>")
@public
@reads
def open_invitation(database_session: Session, token: str) -> Page:
    """Where an invited person chooses the first password; opening it uses nothing up."""
    person = invitations.invited(database_session, token=token, now=ctx.now())
    if person is None:
        return _spent()
    return render_template("sign_in/invitation.html", form=InvitationForm(), person=person)


@routes.post("/invitation/<token>")
@public
def accept_invitation(token: str) -> Page:
    """Keep the first password; then the person signs in with it."""
    form = InvitationForm()
    with ctx.database.reading() as reading:
        person = invitations.invited(reading, token=token, now=ctx.now())
        if person is None:
            return _spent()
        made = new_hash(form, person)
        if made is None:
            return render_template("sign_in/invitation.html", form=form, person=person), 422
    with ctx.database.transaction() as database_session:
        if invitations.invited(database_session, token=token, now=ctx.now()) is None:
            return _spent()
        invitations.accept_invitation(
            database_session,
            token=token,
            password=form.new_password.data or "",
            now=ctx.now(),
            city_words=city_words(),
            made=made,
        )
    flash(_("Your password is kept. Sign in with it now."))
    return redirect(url_for("signing.ask"))


def _spent() -> Page:
    words = _("This link has been used, or its time is over. Ask the cell for a new invitation.")
    return render_template("errors/error.html", code=404, happened=words, reference=""), 404


@routes.post("/confirm")
@for_roles()
def prove() -> Page:
    """A fresh sign-in before a step that asks for one; then the step goes on."""
    form, kept = ProveForm(), form_recovery.carried()
    if not form.validate():
        return prove_page(kept, form=form), 422
    proof = own_proof(form.password.data or "")
    with ctx.database.transaction() as database_session:
        refusal = auth_sign_in.prove(
            database_session,
            sign_in_id=acting().sign_in_id,
            password=form.password.data or "",
            now=ctx.now(),
            proof=proof,
        )
    if refusal is not None:
        form.password.errors = [sign_in_sentence(refusal)]
        return prove_page(kept, form=form), 422
    if kept is None:
        return redirect(url_for("today.index"))
    return form_recovery.page(kept, happened=_("Confirmed. Now carry out the step."), code=200)


@routes.get("/appointments")
@for_roles()
@reads
def appointments(database_session: Session) -> Page:
    """One's own appointments, to choose the one to work under."""
    person = database_session.get_one(Person, acting().actor.person_id)
    mine = [one for one in person.appointments if one.in_force(ctx.now())]
    return render_template(
        "sign_in/appointments.html", appointments=mine, current=acting().actor.appointment_id
    )


@routes.post("/appointments")
@for_roles()
def switch() -> Page:
    """Work under another of one's own appointments; a form that came along goes on from there."""
    with ctx.database.transaction() as database_session:
        actor = signing_in_sessions.switch(
            database_session,
            sign_in_id=acting().sign_in_id,
            appointment_id=request.form.get("appointment", 0, type=key_of),
            now=ctx.now(),
        )
    kept = form_recovery.carried()
    if kept is None:
        return redirect(url_for("today.index"))
    g.acting = replace(acting(), actor=actor)
    return form_recovery.page(
        kept, happened=_("You work under the other appointment again."), code=200
    )


@routes.get("/sessions")
@for_roles()
@reads
def sessions(database_session: Session) -> Page:
    """Where one is signed in."""
    found = signing_in_sessions.sessions_of(
        database_session, person_id=acting().actor.person_id or 0, now=ctx.now()
    )
    return render_template("sign_in/sessions.html", sessions=found, current=acting().sign_in_id)


@routes.post("/sessions/<int:sign_in_id>/end")
@for_roles()
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
    return redirect(url_for("signing.sessions"))


@routes.post("/sessions/end-others")
@for_roles()
@writes
def end_others(database_session: Session) -> Response:
    """End every other of one's own sessions."""
    ended = signing_in_sessions.end_others(
        database_session, sign_in_id=acting().sign_in_id, now=ctx.now()
    )
    flash(_n("%(num)s session has been ended.", "%(num)s sessions have been ended.", ended))
    return redirect(url_for("signing.sessions"))
