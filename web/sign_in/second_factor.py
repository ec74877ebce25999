"""Pages to set up a second factor, to type its code at sign-in, and to end it."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from wtforms import StringField
from wtforms.validators import InputRequired

from approvals.second_factor import NEED_APP
from publisher.auth import passkeys, recovery_codes, second_factors, session_start, totp
from publisher.auth.refusals import SignInProblem, SignInRefusal
from publisher.working_time import local_day
from web.core import form_recovery
from web.core.auth import acting, actor_now, reads, writing
from web.core.context import ctx
from web.core.form_views import handle_form
from web.core.i18n import _, _l
from web.core.permissions import Page, allow_roles, public
from web.core.qr_code import qr_code
from web.core.second_factor import factor_rule, passkey_site
from web.core.sign_in_page import SignInCodeForm
from web.core.vault import vault
from web.forms import Form
from web.messages.refusals import REFUSALS
from web.messages.sign_in import sign_in_sentence
from web.sign_in import browser_cookies, sign_in_steps

routes = Blueprint("second_factor", __name__)


class FactorCodeForm(Form):
    """The first code of an app that is being set up."""

    code = StringField(_l("Code"), validators=[InputRequired(_l("Write the code."))])


@routes.route("/sign-in/factor", methods=["GET", "POST"])
@public
@handle_form(SignInCodeForm)
def confirm(form: SignInCodeForm) -> Page:
    """Sign in with a code of the second factor, after the password."""
    pending = browser_cookies.pending_factor()
    if pending is None:
        return redirect(url_for("sign_in.ask"))
    is_look = form.is_shown or sign_in_steps.looks_again()
    if is_look or not form.validate():
        return sign_in_steps.factor_page(form, code=200 if is_look else 422)
    with writing() as session:
        outcome = session_start.confirm_factor(
            session,
            factor_request=pending.factor_request,
            code=form.code.data or "",
            sealer=vault(),
            visitor=sign_in_steps.visitor(is_shared=pending.is_shared),
            now=ctx.now(),
        )
    if isinstance(outcome, SignInRefusal):
        form.code.errors = [sign_in_sentence(outcome)]
        return sign_in_steps.factor_page(form, code=429 if outcome.until is not None else 401)
    return sign_in_steps.enter(outcome, form.next.data or "/", form_recovery.read_carried_form())


@routes.get("/profile/second-factor")
@allow_roles()
@reads
def show(session: Session) -> Page:
    """Show one's own second factor."""
    person_id = acting().person.id
    is_unproven = second_factors.lacks_proof(session, acting().person)
    return render_template(
        "sign_in/second_factor.html",
        factor=totp.find_factor(session, person_id=person_id),
        passkeys=passkeys.list_passkeys(session, person_id=person_id),
        may_add_passkey=passkey_site() is not None,
        codes_left=recovery_codes.number_left(session, person_id=person_id),
        lacks_factor=acting().lacks_factor,
        problem=REFUSALS["factor_not_proven"] if is_unproven else "",
        is_needed=needs_app(),
    )


def needs_app() -> bool:
    """Return True if the appointment needs an app or a passkey."""
    role, day = acting().appointment.role, local_day(ctx.now())
    return factor_rule().holds(day) and role in NEED_APP


@routes.post("/profile/second-factor")
@allow_roles()
def begin() -> Page:
    """Make a secret for an app, which the next page shows."""
    with writing() as session:
        second_factors.make_app(session, **actor_now(), person=acting().person, sealer=vault())
    return redirect(url_for("second_factor.app"))


@routes.get("/profile/second-factor/app")
@allow_roles()
@reads
def app(session: Session) -> Page:
    """Show the secret as a QR code and as a key to type."""
    person = acting().person
    factor = totp.pending_factor(session, person_id=person.id, now=ctx.now())
    if factor is None:
        return redirect(url_for("second_factor.show"))
    city = ctx.settings.city
    address = totp.otpauth_address(
        factor,
        vault(),
        login=person.mail or person.mobile or person.name_en,
        issuer=f"Nagarvani {city.code}",
    )
    return render_template(
        "sign_in/second_factor_app.html",
        qr_code=qr_code(address),
        address=address,
        key=" ".join(_groups(totp.open_secret(factor, vault()))),
    )


def _groups(text: str) -> list[str]:
    return [text[at : at + 4] for at in range(0, len(text), 4)]


@routes.route("/profile/second-factor/code", methods=["GET", "POST"])
@allow_roles()
@handle_form(FactorCodeForm)
def code(form: FactorCodeForm) -> Page:
    """Put the app in force with its first code, and show the recovery codes."""
    if form.is_shown:
        return render_template("sign_in/second_factor_code.html", form=form)
    form.require_valid()
    with writing() as session:
        had_codes = has_codes(session)
        outcome = second_factors.confirm(
            session,
            **actor_now(),
            sign_in_id=acting().sign_in_id,
            code=form.code.data or "",
            sealer=vault(),
        )
    if not isinstance(outcome, SignInRefusal):
        return codes_page(outcome, had_codes=had_codes)
    is_over = outcome.code is SignInProblem.TOO_LATE
    over = _("The time for this key is over. Go back and begin again.")
    raise form.error("code", over if is_over else sign_in_sentence(outcome))


def has_codes(session: Session) -> bool:
    """Return True if the signed-in person has valid recovery codes."""
    return recovery_codes.number_left(session, person_id=acting().person.id) > 0


def codes_page(codes: list[str], *, had_codes: bool) -> Page:
    """Return the page that shows new recovery codes once; earlier ones, if any, become invalid."""
    return render_template(
        "sign_in/recovery_codes.html",
        codes=[" ".join(_groups(code)) for code in codes],
        had_codes=had_codes,
    )


@routes.post("/profile/second-factor/recovery-codes")
@allow_roles()
def renew() -> Page:
    """Make new recovery codes, and show them once."""
    with writing() as session:
        had_codes = has_codes(session)
        codes = second_factors.renew_recovery_codes(
            session, **actor_now(), person=acting().person, sealer=vault()
        )
    return codes_page(codes, had_codes=had_codes)


@routes.post("/profile/second-factor/end")
@allow_roles()
def end() -> Page:
    """End one's own second factor, unless the appointment needs it."""
    if needs_app():
        abort(403)
    with writing() as session:
        second_factors.end_own(session, **actor_now(), person=acting().person)
    flash(_("From now on only the password is needed to sign in."))
    return redirect(url_for("second_factor.show"))
