"""Who forgot their password asks for a link or a code, and sets another one by it."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug import Response
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired

from publisher.models.people import Link
from publisher.people import password_reset
from web.core.context import ctx
from web.core.i18n import _, _l
from web.core.permissions import public
from web.forms import Form
from web.messages.sign_in import sign_in_sentence, throttled_until
from web.sign_in.passwords import city_words, new_hash

routes = Blueprint("forgotten", __name__)
Page = Response | str | tuple[str, int]


class AskForm(Form):
    """Mail address or mobile number."""

    identifier = StringField(
        _l("Mail address or mobile number"),
        validators=[InputRequired(_l("Write your mail address or your mobile number."))],
    )


class NewPasswordForm(Form):
    """The new password."""

    new_password = PasswordField(
        _l("New password"), validators=[InputRequired(_l("Choose a password."))]
    )


class ResetCodeForm(NewPasswordForm):
    """The mobile number, the code that came to it, and the new password."""

    identifier = StringField(
        _l("Mobile number"), validators=[InputRequired(_l("Write your mobile number."))]
    )
    code = StringField(_l("Code"), validators=[InputRequired(_l("Write the code from the SMS."))])


@routes.get("/forgotten")
@public
def ask() -> Page:
    """The question for mail address or mobile number."""
    return render_template(
        "sign_in/password_reset_ask.html", form=AskForm(formdata=None), happened=""
    )


@routes.post("/forgotten")
@public
def send() -> Page:
    """Send something to whoever is known; the answer is the same for everybody."""
    form = AskForm()
    if not form.validate():
        return render_template("sign_in/password_reset_ask.html", form=form, happened=""), 422
    typed = (form.identifier.data or "").replace("\0", "")
    with ctx.database.transaction() as session:
        until = password_reset.ask(
            session, identifier=typed, address=request.remote_addr or "", now=ctx.now()
        )
    if until is not None:
        happened = sign_in_sentence(throttled_until(until))
        return render_template("sign_in/password_reset_ask.html", form=form, happened=happened), 429
    return redirect(url_for("forgotten.sent", by="mail" if "@" in typed else "mobile"))


@routes.get("/forgotten/sent")
@public
def sent() -> Page:
    """What happens now, whether or not we know the address."""
    by_mobile = request.args.get("by") == "mobile"
    return render_template("sign_in/password_reset_sent.html", by_mobile=by_mobile)


@routes.get("/forgotten/link/<token>")
@public
def open_link(token: str) -> Page:
    """Where the link from the mail leads; opening it uses nothing up."""
    with ctx.database.reading() as session:
        if password_reset.by_link(session, token=token, now=ctx.now()) is None:
            return _spent()
    return render_template("sign_in/password_reset_link.html", form=NewPasswordForm(formdata=None))


@routes.post("/forgotten/link/<token>")
@public
def use_link(token: str) -> Page:
    """Keep the new password."""
    form = NewPasswordForm()
    with ctx.database.reading() as session:
        link = password_reset.by_link(session, token=token, now=ctx.now())
        if link is None:
            return _spent()
        made = new_hash(form, link.person)
    if made is None:
        return render_template("sign_in/password_reset_link.html", form=form), 422
    with ctx.database.transaction() as session:
        link = password_reset.by_link(session, token=token, now=ctx.now())
        if link is None:
            return _spent()
        password_reset.reset(
            session,
            link=link,
            password=form.new_password.data or "",
            now=ctx.now(),
            city_words=city_words(),
            made=made,
        )
    return _kept()


@routes.get("/forgotten/code")
@public
def ask_code() -> Page:
    """Where the code from the SMS is typed."""
    return render_template("sign_in/password_reset_code.html", form=ResetCodeForm(formdata=None))


@routes.post("/forgotten/code")
@public
def use_code() -> Page:
    """Keep the new password, if this is the code that went to this number."""
    form = ResetCodeForm()
    if not form.validate():
        return render_template("sign_in/password_reset_code.html", form=form), 422
    link = _link_of(form)
    if link is None:
        form.code.errors = [_("This code is not right, or its time is over. Ask for a new one.")]
        return render_template("sign_in/password_reset_code.html", form=form), 422
    made = new_hash(form, link.person)
    if made is None:
        return render_template("sign_in/password_reset_code.html", form=form), 422
    with ctx.database.transaction() as session:
        password_reset.reset(
            session,
            link=session.get_one(Link, link.id),
            password=form.new_password.data or "",
            now=ctx.now(),
            city_words=city_words(),
            made=made,
        )
    return _kept()


def _link_of(form: ResetCodeForm) -> Link | None:
    """The code's row with its person; a wrong one is counted, so this commits."""
    with ctx.database.transaction() as session:
        link = password_reset.by_code(
            session,
            identifier=(form.identifier.data or "").replace("\0", ""),
            code=form.code.data or "",
            now=ctx.now(),
        )
        if link is not None:
            session.refresh(link.person)
        return link


def _kept() -> Page:
    flash(_("Your new password is kept, and you are signed out everywhere. Sign in with it now."))
    return redirect(url_for("signing.ask"))


def _spent() -> Page:
    words = _("This link has been used, or its time is over. Ask for a new one.")
    return render_template(
        "errors/error.html",
        code=404,
        happened=words,
        reference="",
        again={"label": _("Ask for a new one"), "href": url_for("forgotten.ask")},
    ), 404
