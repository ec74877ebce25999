"""The page of a one-time link where the sender of a mail says which department it is for."""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, url_for
from sqlalchemy.orm import Session
from wtforms import SelectField

from publisher.mail.mailbox import department_choice
from publisher.mail.mailbox.department_choice import ChoiceOutlook
from publisher.mail.mailbox.preparation import mail_intake
from publisher.validation import FieldError, Invalid, NotFound
from web.core.auth import reads, writing
from web.core.context import ctx
from web.core.database import reading
from web.core.form_views import handle_form
from web.core.i18n import _, _l
from web.core.permissions import Page, public
from web.errors import error_page
from web.forms import Form, department_options, number_of
from web.mailbox.views import read_again
from web.messages.mails import CHOICES
from web.people.personal_links import is_by_owner

routes = Blueprint("department_choice", __name__)


class DepartmentForm(Form):
    """The department; its buttons have the name of the field."""

    department_id = SelectField(_l("Department"), coerce=str, validate_choice=False)


@reads
def _page(session: Session, /, form: DepartmentForm, token: str) -> Page:
    try:
        link = department_choice.get_link(session, token)
    except NotFound:
        return error_page(404, message=_("This link has expired or was already used."))
    if g.acting is not None and not is_by_owner(link):
        page = render_template("people/personal_link_of_another.html", person=link.person)
        return page, 403
    outlook = department_choice.outlook(session, link, now=ctx.now())
    choices = department_choice.list_choices(session, link, now=ctx.now())
    form.department_id.choices = department_options(choices, empty_label=_("Choose a department"))
    return render_template(
        "mailbox/department.html",
        form=form,
        outlook=outlook,
        sentences=CHOICES,
        mail=department_choice.get_waiting_mail(session, link).mail,
        choices=choices,
        has_list=department_choice.is_from_cell(session, link),
        ends_at=link.expires_at,
    )


@routes.route("/mail/department/<token>", methods=["GET", "POST"])
@public
@handle_form(DepartmentForm, shown_by=_page)
def choose(form: DepartmentForm, token: str) -> Page:
    """Say which department the mail is for, once; opening the page does nothing."""
    department_id = number_of(form.department_id.data)
    if not department_id:
        raise Invalid([FieldError("department_id", "required")])
    intake = mail_intake(ctx.settings, ctx.store, store_identity=ctx.store_identity)
    with reading() as session:
        link = department_choice.get_link(session, token)
        if g.acting is not None and not is_by_owner(link):
            raise NotFound(token)
        is_open = department_choice.outlook(session, link, now=ctx.now()) is ChoiceOutlook.OPEN
        waiting = department_choice.get_waiting_mail(session, link) if is_open else None
        digest = waiting.mail.raw_sha256 if waiting is not None else None
    if is_open:
        prepared = read_again(digest, intake)
        with writing(names_files=True) as session:
            department_choice.choose(
                session,
                prepared,
                token=token,
                department_id=department_id,
                intake=intake,
                now=ctx.now(),
            )
    return redirect(url_for("department_choice.choose", token=token))
