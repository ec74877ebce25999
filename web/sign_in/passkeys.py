"""Pages where a browser makes and uses a passkey, and where its owner ends it."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from wtforms import HiddenField, StringField
from wtforms.validators import InputRequired, Length

from publisher.auth import own_passkeys, passkeys, second_factors, session_start
from publisher.auth.passkeys import PasskeyAnswer
from publisher.auth.refusals import SignInRefusal
from publisher.models.people import SignIn
from publisher.validation import Invalid
from web.core import form_recovery
from web.core.auth import acting, actor_now, writing
from web.core.context import ctx
from web.core.form_views import handle_form
from web.core.i18n import _, _l
from web.core.permissions import Page, allow_roles, public
from web.core.second_factor import options_response, require_site
from web.core.sign_in_page import PasskeyForm, ProveForm, SignInCodeForm, prove_page
from web.core.vault import vault
from web.forms import Form
from web.messages.sign_in import sign_in_sentence
from web.sign_in import browser_cookies, second_factor, sign_in_steps

routes = Blueprint("passkeys", __name__)


class NewPasskeyForm(Form):
    """The name of a new passkey; the browser fills in the other field."""

    name = StringField(
        _l("Name"),
        validators=[
            InputRequired(_l("Write a name by which you will find this passkey again.")),
            Length(max=60, message=_l("Write at most 60 characters.")),
        ],
    )
    credential = HiddenField()


@routes.post("/sign-in/factor/passkey/options")
@public
def sign_in_options() -> Page:
    """Return what the browser needs to sign in with a passkey, after the password."""
    site, pending = require_site(), browser_cookies.pending_factor()
    if pending is None:
        abort(404)
    with writing() as session:
        link = session_start.waiting(session, factor_request=pending.factor_request, now=ctx.now())
        if link is None:
            abort(404)
        options = passkeys.options_to_use(session, site=site, subject=link, now=ctx.now())
    return options_response(options)


@routes.post("/sign-in/factor/passkey")
@public
def confirm() -> Page:
    """Sign in with a passkey, after the password."""
    form, site, pending = PasskeyForm(), require_site(), browser_cookies.pending_factor()
    if pending is None:
        return redirect(url_for("sign_in.ask"))
    with writing() as session:
        outcome = session_start.confirm_passkey(
            session,
            factor_request=pending.factor_request,
            answer=PasskeyAnswer(form.credential.data or "", site),
            visitor=sign_in_steps.visitor(is_shared=pending.is_shared),
            now=ctx.now(),
        )
    if isinstance(outcome, SignInRefusal):
        code_form = SignInCodeForm(formdata=None, next=form.next.data)
        code_form.form_errors.append(sign_in_sentence(outcome))
        return sign_in_steps.factor_page(code_form)
    return sign_in_steps.enter(outcome, form.next.data or "/", form_recovery.read_carried_form())


@routes.post("/confirm/passkey/options")
@allow_roles()
def prove_options() -> Page:
    """Return what the browser needs to use a passkey in this session."""
    site = require_site()
    with writing() as session:
        sign_in = session.get_one(SignIn, acting().sign_in_id)
        options = passkeys.options_to_use(session, site=site, subject=sign_in, now=ctx.now())
    return options_response(options)


@routes.post("/confirm/passkey")
@allow_roles()
def prove() -> Page:
    """Check a passkey instead of password and code, then show the form that required them."""
    form, site, recovered = PasskeyForm(), require_site(), form_recovery.read_carried_form()
    with writing() as session:
        refusal = own_passkeys.prove(
            session,
            sign_in_id=acting().sign_in_id,
            answer=PasskeyAnswer(form.credential.data or "", site),
            now=ctx.now(),
        )
    if refusal is not None:
        prove_form = ProveForm(formdata=None, with_factor=form.with_factor.data)
        prove_form.form_errors.append(sign_in_sentence(refusal))
        return prove_page(recovered, form=prove_form), 422
    return form_recovery.offer_resending(recovered)


@routes.post("/profile/passkeys")
@allow_roles()
def begin() -> Page:
    """Ask for a fresh sign-in, and show the page on which a passkey is made."""
    require_site()
    second_factors.require_fresh(**actor_now())
    return redirect(url_for("passkeys.add"))


@routes.post("/profile/passkeys/options")
@allow_roles()
def new_options() -> Page:
    """Return what the browser needs to make a passkey."""
    site = require_site()
    with writing() as session:
        sign_in = session.get_one(SignIn, acting().sign_in_id)
        options = passkeys.options_to_make(session, site=site, sign_in=sign_in, now=ctx.now())
    return options_response(options)


@routes.route("/profile/passkeys/new", methods=["GET", "POST"])
@allow_roles()
@handle_form(NewPasskeyForm)
def add(form: NewPasskeyForm) -> Page:
    """Add the passkey that the browser has made, and show recovery codes if it is the first."""
    site = require_site()
    if form.is_shown:
        return render_template("sign_in/passkey_new.html", form=form)
    form.require_valid()
    with writing() as session:
        outcome = own_passkeys.add(
            session,
            **actor_now(),
            sign_in_id=acting().sign_in_id,
            name=(form.name.data or "").replace("\0", ""),
            answer=PasskeyAnswer(form.credential.data or "", site),
            sealer=vault(),
        )
    if isinstance(outcome, SignInRefusal):
        form.form_errors.append(sign_in_sentence(outcome))
        raise Invalid(())
    if outcome:
        return second_factor.codes_page(outcome, had_codes=False)
    flash(_("The passkey has been added."))
    return redirect(url_for("second_factor.show"))


@routes.post("/profile/passkeys/<int:passkey_id>/end")
@allow_roles()
def end(passkey_id: int) -> Page:
    """End one of one's own passkeys, unless the appointment needs it."""
    with writing() as session:
        if second_factor.needs_app() and second_factors.is_last(
            session, person_id=acting().person.id
        ):
            abort(403)
        own_passkeys.end(session, **actor_now(), person=acting().person, passkey_id=passkey_id)
    flash(_("The passkey has ended."))
    return redirect(url_for("second_factor.show"))
