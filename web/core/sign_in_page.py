"""The sign-in form and its page, which may have to carry along what somebody had written."""

from __future__ import annotations

from flask import render_template
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired

from web.core import form_recovery
from web.core.i18n import _l
from web.forms import Form


class SignInForm(Form):
    """Mail address or mobile number, and password."""

    identifier = StringField(
        _l("Mail address or mobile number"),
        validators=[InputRequired(_l("Write your mail address or your mobile number."))],
    )
    password = PasswordField(_l("Password"), validators=[InputRequired(_l("Write your password."))])
    next = HiddenField()


class ProveForm(Form):
    """The password once more."""

    password = PasswordField(_l("Password"), validators=[InputRequired(_l("Write your password."))])


def prove_page(kept: form_recovery.RecoveredForm | None, *, form: ProveForm | None = None) -> str:
    """The page that asks for the password once more, carrying the step along."""
    shown = form or ProveForm(formdata=None)
    carried = form_recovery.carry(kept) if kept else []
    return render_template("sign_in/prove.html", form=shown, carried=carried)


def sign_in_page(
    *,
    kept: form_recovery.RecoveredForm | None = None,
    path: str = "/",
    form: SignInForm | None = None,
    happened: str = "",
    code: int = 401,
) -> tuple[str, int]:
    """The sign-in page; afterwards it leads to `path`, or hands back the kept form."""
    shown = form or SignInForm(formdata=None, next=path)
    return (
        render_template(
            "sign_in/sign_in.html",
            form=shown,
            kept=kept,
            carried=form_recovery.carry(kept) if kept else [],
            happened=happened,
        ),
        code,
    )
