"""Pages of one's own profile: names, language, notifications, contacts and password."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from sqlalchemy.orm import Session
from wtforms import BooleanField, PasswordField, RadioField, StringField
from wtforms.validators import InputRequired

from approvals.policy import require_fresh_factor
from publisher.auth import sign_in
from publisher.auth.contact_details import BadPerson
from publisher.models.people import ContactField, NoticeGroup, Person, Telling
from publisher.notifications import late_codes, preferences, sms
from publisher.notifications.kinds import NoticeKind
from publisher.people import contact_corrections, contact_verification, profile
from publisher.people.contact_verification import ContactCodeProblem
from publisher.people.profile import Profile
from web.core.auth import acting, actor, actor_now, reads, writing
from web.core.context import ctx
from web.core.database import reading
from web.core.form_views import handle_form
from web.core.i18n import _, _l, page_languages, use_language
from web.core.permissions import Page, allow_roles
from web.core.second_factor import passkey_site
from web.forms import Form, options
from web.messages.sign_in import (
    code_sentence,
    own_password_sentence,
    throttling_refusal,
)
from web.sign_in.passwords import NewPasswordForm, own_proof, read_new_password

routes = Blueprint("profile", __name__)
FINAL_PROBLEMS = (ContactCodeProblem.NOTHING_ASKED, ContactCodeProblem.TAKEN)
"""Problems after which no code can be entered any more."""

TELLINGS = options(
    [
        (Telling.MAIL.value, _l("by email")),
        (Telling.SMS.value, _l("by SMS")),
        (Telling.BOTH.value, _l("by both")),
    ]
)


class ProfileForm(Form):
    """Language, and how to be notified of each group."""

    language = RadioField(
        _l("Language"),
        choices=lambda: options(page_languages().items()),
        validate_choice=False,
    )
    approvals = RadioField(_l("Submissions and approvals"), choices=TELLINGS, validate_choice=False)
    comments = RadioField(_l("Comments"), choices=TELLINGS, validate_choice=False)
    deadlines = RadioField(
        _l("Deadlines and what went wrong"), choices=TELLINGS, validate_choice=False
    )
    uses_keys = BooleanField(_l("Use keyboard shortcuts"))


class PasswordForm(NewPasswordForm):
    """The old password, a new one, and whether the other sessions end."""

    password = PasswordField(
        _l("Current password"), validators=[InputRequired(_l("Write your password."))]
    )
    end_others = BooleanField(_l("Sign me out everywhere else"), default=True)


class ContactForm(Form):
    """A new mail address or mobile number, and the password."""

    aliases = {"mail": "value", "mobile": "value"}  # noqa: RUF012  read by the base class only

    value = StringField(_l("New email address"))
    password = PasswordField(_l("Password"), validators=[InputRequired(_l("Write your password."))])


class ContactCodeForm(Form):
    """The code sent to the new address or number."""

    code = StringField(_l("Code"), validators=[InputRequired(_l("Write the code."))])


def _own_id() -> int:
    return actor().person_id or 0


@reads
def _profile_page(database_session: Session, form: ProfileForm) -> str:
    person = database_session.get_one(Person, _own_id())
    if request.method != "POST":
        chosen = preferences.read_preferences(database_session, person_id=person.id)
        values = {group.value: how.value for group, how in chosen.items()}
        values["language"] = person.language
        for name, value in values.items():
            form[name].data = value
        form.uses_keys.data = person.uses_keys
    return render_template(
        "sign_in/profile.html",
        form=form,
        person=person,
        pending_change=contact_verification.waiting_change(
            database_session, person_id=_own_id(), now=ctx.now()
        ),
        contact_changes=contact_corrections.waiting(database_session, person_id=_own_id()),
        has_sms=ctx.settings.sms.is_set,
        has_every_sms=sms.has_every(ctx.settings.sms, person.language),
        may_add_passkey=passkey_site() is not None,
    )


@routes.route("/profile", methods=["GET", "POST"])
@allow_roles()
@handle_form(ProfileForm, shown_by=_profile_page)
def show(form: ProfileForm) -> Page:
    """Show one's own profile, and store it; the pages then use the chosen language."""
    with writing() as database_session:
        if form.language.data not in page_languages():
            raise BadPerson("language", "missing")
        profile.save(
            database_session,
            **actor_now(),
            person_id=_own_id(),
            profile=Profile(
                language=form.language.data,
                tellings={
                    group: _telling(form, group) for group in NoticeGroup if acting().person.mail
                },
                uses_keys=form.uses_keys.data,
            ),
            languages=page_languages(),
        )
    session["language"] = form.language.data
    with use_language(form.language.data):
        flash(_("Your profile is saved."))
    return redirect(url_for("profile.show"))


def _telling(form: ProfileForm, group: NoticeGroup) -> Telling:
    try:
        return Telling(form[group.value].data)
    except ValueError as problem:
        raise BadPerson(group.value, "missing") from problem


@routes.route("/profile/password", methods=["GET", "POST"])
@allow_roles()
@handle_form(PasswordForm)
def password(form: PasswordForm) -> Page:
    """Store a new password."""
    if form.is_shown:
        return render_template("sign_in/profile_password.html", form=form)
    if form.password.data and form.new_password.data == form.password.data:
        sentence = _("This is the current password. Choose another one.")
        raise form.error("new_password", sentence)
    with reading() as database_session:
        new = read_new_password(form, database_session.get_one(Person, _own_id()))
    proof = own_proof(form.password.data or "")
    with writing() as database_session:
        refusal = profile.change_password(
            database_session,
            sign_in_id=acting().sign_in_id,
            proof=proof,
            new=new,
            ends_others=bool(form.end_others.data),
            now=ctx.now(),
        )
    if refusal is not None:
        raise form.error("password", own_password_sentence(refusal))
    flash(_("Your new password is set."))
    return redirect(url_for("profile.show"))


@routes.route("/profile/mail", methods=["GET", "POST"])
@allow_roles()
@handle_form(ContactForm)
def mail(form: ContactForm) -> Page:
    """Send a code to the new mail address."""
    return _change_contact(form, ContactField.MAIL)


@routes.route("/profile/mobile", methods=["GET", "POST"])
@allow_roles()
@handle_form(ContactForm)
def mobile(form: ContactForm) -> Page:
    """Send a code to the new mobile number."""
    return _change_contact(form, ContactField.MOBILE)


def _change_contact(form: ContactForm, field: ContactField) -> Page:
    if form.is_shown:
        can_send_codes = NoticeKind.CONTACT_CODE not in sms.missing_codes(ctx.settings.sms)
        return render_template(
            "sign_in/profile_contact.html",
            form=form,
            field=field.value,
            is_unavailable=field is ContactField.MOBILE and not can_send_codes,
        )
    form.require_valid()
    proof = own_proof(form.password.data or "")
    with writing() as database_session:  # commits a wrong try too, to count it
        require_fresh_factor(actor(), now=ctx.now())
        sign_in_id = acting().sign_in_id
        refusal = sign_in.prove(database_session, sign_in_id=sign_in_id, proof=proof, now=ctx.now())
        until = contact_verification.next_request_at(
            database_session, person_id=_own_id(), now=ctx.now()
        )
        if refusal is None and until is not None:
            refusal = throttling_refusal(until)
        elif refusal is None:
            contact_verification.ask_change(
                database_session,
                **actor_now(),
                person_id=_own_id(),
                field=field,
                contact_text=form.value.data or "",
            )
    if refusal is not None:
        raise form.error("password", own_password_sentence(refusal))
    return redirect(url_for("profile.code"))


@reads
def _code_page(database_session: Session, form: ContactCodeForm) -> str:
    waiting = contact_verification.waiting_change(
        database_session, person_id=_own_id(), now=ctx.now()
    )
    is_late = waiting is not None and late_codes.has_not_left(
        database_session,
        kind=NoticeKind.CONTACT_CODE,
        person_id=_own_id(),
        since=waiting.asked_at,
        now=ctx.now(),
    )
    return render_template(
        "sign_in/profile_code.html", form=form, pending_change=waiting, is_late=is_late
    )


@routes.route("/profile/code", methods=["GET", "POST"])
@allow_roles()
@handle_form(ContactCodeForm, shown_by=_code_page)
def code(form: ContactCodeForm) -> Page:
    """Store the new address or number if the code sent there is right."""
    form.require_valid()
    with writing() as database_session:
        problem = contact_verification.confirm(
            database_session, **actor_now(), person_id=_own_id(), code=form.code.data or ""
        )
    if problem is None:
        flash(_("From now on we reach you there."))
    elif problem in FINAL_PROBLEMS:
        flash(code_sentence(problem), "red")
    else:
        raise form.error("code", code_sentence(problem))
    return redirect(url_for("profile.show"))
