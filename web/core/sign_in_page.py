"""The sign-in form and its page, which can carry a submitted form."""

from __future__ import annotations

from flask import g, render_template
from wtforms import BooleanField, HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired

from publisher.auth import passkeys
from web.core import form_recovery
from web.core.database import reading
from web.core.i18n import _l
from web.core.second_factor import passkey_site
from web.forms import Form


class SignInForm(Form):
    """Mail address or mobile number, and password."""

    identifier = StringField(
        _l("Email address or mobile number"),
        validators=[InputRequired(_l("Write your email address or your mobile number."))],
    )
    password = PasswordField(_l("Password"), validators=[InputRequired(_l("Write your password."))])
    is_shared = BooleanField(_l("Others use this computer too"))
    next = HiddenField()


class SignInCodeForm(Form):
    """The code that an unknown device needs after many failures."""

    code = StringField(_l("Code"), validators=[InputRequired(_l("Write the code."))])
    next = HiddenField()


class PasskeyForm(Form):
    """The browser's response; the other fields are those of the page that asked for it."""

    credential = HiddenField()
    next = HiddenField()
    with_factor = HiddenField()


class ProveForm(Form):
    """The password, asked again before a sensitive action; `with_factor`: the second factor too."""

    password = PasswordField(_l("Password"), validators=[InputRequired(_l("Write your password."))])
    code = StringField(_l("Code of your app"))
    with_factor = HiddenField()


def prove_page(
    recovered: form_recovery.RecoveredForm | None,
    *,
    form: ProveForm | None = None,
    with_factor: bool = False,
) -> str:
    """Return the page that asks for the password again and carries the submitted form."""
    form = form or ProveForm(formdata=None, with_factor="1" if with_factor else "")
    carried = form_recovery.hidden_fields(recovered) if recovered else []
    return render_template(
        "sign_in/prove.html",
        form=form,
        act=recovered.act if recovered else "",
        carried_fields=carried,
        has_passkey=_has_passkey(),
    )


def _has_passkey() -> bool:
    actor = g.acting.actor
    if passkey_site() is None or not actor.has_factor:
        return False
    with reading() as session:
        return bool(passkeys.list_passkeys(session, person_id=actor.person_id))


def sign_in_page(
    *,
    recovered: form_recovery.RecoveredForm | None = None,
    path: str = "/",
    form: SignInForm | None = None,
    code: int = 401,
) -> tuple[str, int]:
    """Return the sign-in page; it then leads to `path`, or shows the recovered form again."""
    form = form or SignInForm(formdata=None, next=path)
    return (
        render_template(
            "sign_in/sign_in.html",
            form=form,
            recovered=recovered,
            carried_fields=form_recovery.hidden_fields(recovered) if recovered else [],
        ),
        code,
    )
