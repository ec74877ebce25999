"""Pages to reset a forgotten password by a link in a mail or a code in an SMS."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from wtforms import StringField
from wtforms.validators import InputRequired

from publisher.models.people import Link, Person
from publisher.people import password_reset
from web.core.auth import writing
from web.core.context import ctx
from web.core.database import reading
from web.core.form_views import handle_form
from web.core.i18n import _, _l
from web.core.permissions import Page, public
from web.errors import error_page
from web.forms import Form
from web.messages.sign_in import sign_in_sentence, throttling_refusal
from web.sign_in.passwords import NewPasswordForm, read_new_password

routes = Blueprint("password_reset", __name__)


class AskForm(Form):
    """Mail address or mobile number."""

    identifier = StringField(
        _l("Email address or mobile number"),
        validators=[InputRequired(_l("Write your email address or your mobile number."))],
    )


class ResetCodeForm(NewPasswordForm):
    """The mobile number, the code sent to it, and the new password."""

    identifier = StringField(
        _l("Mobile number"), validators=[InputRequired(_l("Write your mobile number."))]
    )
    code = StringField(_l("Code"), validators=[InputRequired(_l("Write the code from the SMS."))])


def _ask_page(form: AskForm) -> str:
    return render_template("sign_in/password_reset_ask.html", form=form)


@routes.route("/forgotten", methods=["GET", "POST"])
@public
@handle_form(AskForm, shown_by=_ask_page)
def ask(form: AskForm) -> Page:
    """Send a link or code if the person is known; the response is always the same."""
    form.require_valid()
    identifier = (form.identifier.data or "").replace("\0", "")
    with writing() as session:
        until = password_reset.ask(
            session, identifier=identifier, address=request.remote_addr or "", now=ctx.now()
        )
    if until is not None:
        form.form_errors.append(sign_in_sentence(throttling_refusal(until)))
        return _ask_page(form), 429
    return redirect(
        url_for("password_reset.confirmation", by="mail" if "@" in identifier else "mobile")
    )


@routes.get("/forgotten/sent")
@public
def confirmation() -> Page:
    """Show what to do next; the page does not reveal whether the address is known."""
    by_mobile = request.args.get("by") == "mobile"
    return render_template("sign_in/password_reset_sent.html", by_mobile=by_mobile)


@routes.route("/forgotten/link/<token>", methods=["GET", "POST"])
@public
@handle_form(NewPasswordForm)
def open_link(form: NewPasswordForm, token: str) -> Page:
    """Ask for the new password and store it; opening the page does not use up the link."""
    with reading() as session:
        link = password_reset.find_link(session, token=token, now=ctx.now())
        if link is None:
            return _link_expired_page()
        if form.is_shown:
            return render_template("sign_in/password_reset_link.html", form=form)
        password = read_new_password(form, link.person)
    with writing() as session:
        link = password_reset.find_link(session, token=token, now=ctx.now())
        if link is None:
            return _link_expired_page()
        password_reset.reset(session, link=link, password=password, now=ctx.now())
    return _sign_in_redirect()


@routes.route("/forgotten/code", methods=["GET", "POST"])
@public
@handle_form(ResetCodeForm)
def ask_code(form: ResetCodeForm) -> Page:
    """Store the new password if the code from the SMS was sent to this number."""
    if form.is_shown:
        return render_template("sign_in/password_reset_code.html", form=form)
    form.require_valid()
    # A wrong code is counted, so this transaction commits in any case.
    with writing() as session:
        link = password_reset.find_code(
            session,
            identifier=(form.identifier.data or "").replace("\0", ""),
            code=form.code.data or "",
            now=ctx.now(),
        )
    if link is None:
        sentence = _("This code is not right or has expired. Ask for a new one.")
        raise form.error("code", sentence)
    with reading() as session:  # the person's departments are read for the check
        password = read_new_password(form, session.get_one(Person, link.person_id))
    with writing() as session:
        link = session.get_one(Link, link.id)
        password_reset.reset(session, link=link, password=password, now=ctx.now())
    return _sign_in_redirect()


def _sign_in_redirect() -> Page:
    flash(_("Your new password is set, and you are signed out everywhere. Sign in with it now."))
    return redirect(url_for("sign_in.ask"))


def _link_expired_page() -> Page:
    message = _("This link has expired or was already used. Ask for a new one.")
    retry_link = {"label": _("Ask for a new one"), "href": url_for("password_reset.ask")}
    return error_page(404, message=message, retry_link=retry_link)
