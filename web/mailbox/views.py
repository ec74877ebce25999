"""Mails that wait for a person of the cell: the list, one mail, and what is done with it."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from wtforms import BooleanField, SelectField, TextAreaField

from approvals.policy import Role
from publisher.mail.mailbox import quarantine
from publisher.mail.mailbox.preparation import MailIntake, PreparedMail, mail_intake, prepare_again
from publisher.mail.mailbox.quarantine import take_in_waiting_mail
from publisher.mail.messages.message import UnreadableMessage
from publisher.media.store import MediumChanged, MediumMissing, StoreAway
from publisher.people.departments import departments_in_force
from publisher.states import QuarantineState
from publisher.validation import FieldError, Invalid
from web.core.auth import actor_now, reads, writing
from web.core.context import ctx
from web.core.database import end_reading, reading
from web.core.form_views import handle_form
from web.core.i18n import _, _l
from web.core.list_pages import page_of_query
from web.core.permissions import Page, allow_roles
from web.forms import Form, department_options, number_of
from web.messages.mails import ENDS, REASONS, UNREADABLE, note_lines

routes = Blueprint("mailbox", __name__)
at_the_cell = allow_roles(Role.CELL_LEAD, Role.CELL)


class WaitingMailForm(Form):
    """What is done with a waiting mail: a department, or a reason."""

    department_id = SelectField(_l("Department"), coerce=str, validate_choice=False)
    remembers = BooleanField(_l("Remember this address for the department"))
    word = TextAreaField(_l("Why it is not ours"))


@routes.get("/quarantine")
@at_the_cell
@reads
def index(session: Session) -> Page:
    """List the mails that wait, and those that could not be read."""
    return render_template(
        "mailbox/quarantine.html",
        waiting=page_of_query(session, quarantine.waiting()),
        unreadable=page_of_query(session, quarantine.unreadable(), parameter="unread"),
        reasons=REASONS,
        unreadable_reasons=UNREADABLE,
        days=quarantine.WAITS.days,
        ends_at=quarantine.quarantine_end,
    )


@reads
def _mail_page(session: Session, form: WaitingMailForm, quarantine_id: int) -> str:
    waiting = quarantine.waiting_mail(session, **actor_now(), quarantine_id=quarantine_id)
    form.department_id.choices = department_options(
        departments_in_force(session, now=ctx.now()), empty_label=_("Choose a department")
    )
    return render_template(
        "mailbox/mail.html",
        waiting=waiting,
        mail=waiting.mail,
        is_open=waiting.state is QuarantineState.WAITING,
        reasons=REASONS,
        ends=ENDS,
        notes=note_lines(waiting.mail),
        ends_at=quarantine.quarantine_end(waiting),
        form=form,
    )


@routes.get("/quarantine/<int:quarantine_id>")
@at_the_cell
def show(quarantine_id: int) -> Page:
    """Show a mail without live links, and what can be done with it."""
    return _mail_page(WaitingMailForm(), quarantine_id)


@routes.post("/quarantine/<int:quarantine_id>/take-in")
@at_the_cell
@handle_form(WaitingMailForm, shown_by=_mail_page)
def take_in(form: WaitingMailForm, quarantine_id: int) -> Page:
    """Turn the mail into a submission for the chosen department."""
    department_id = number_of(form.department_id.data)
    if not department_id:
        raise Invalid([FieldError("department_id", "required")])
    intake = mail_intake(ctx.settings, ctx.store, store_identity=ctx.store_identity)
    with reading() as session:
        waiting = quarantine.waiting_mail(session, **actor_now(), quarantine_id=quarantine_id)
        digest = waiting.mail.raw_sha256
    prepared = read_again(digest, intake)
    with writing(names_files=True) as session:
        submission = take_in_waiting_mail(
            session,
            prepared,
            **actor_now(),
            intake=intake,
            quarantine_id=quarantine_id,
            department_id=department_id,
            remembers=bool(form.remembers.data),
        )
        number, submission_id = submission.number, submission.id
    flash(_("The email is submission %(number)s now.", number=number))
    return redirect(url_for("submissions.show", submission_id=submission_id))


def read_again(raw_sha256: str | None, intake: MailIntake) -> PreparedMail:
    """Return the mail read from its raw bytes, before a transaction begins.

    Raises `Invalid` if they are gone or cannot be read.
    """
    end_reading()  # the scanner may be slow
    try:
        return prepare_again(ctx.database, raw_sha256 or "", intake=intake, now=ctx.now())
    except (MediumMissing, MediumChanged, UnreadableMessage) as problem:
        raise Invalid([FieldError("department_id", "mail_gone")]) from problem
    except StoreAway as problem:
        raise Invalid([FieldError("department_id", "store_away")]) from problem


@routes.post("/quarantine/<int:quarantine_id>/not-ours")
@at_the_cell
@handle_form(WaitingMailForm, shown_by=_mail_page)
def reject(form: WaitingMailForm, quarantine_id: int) -> Page:
    """Mark the mail as not ours, with a reason."""
    with writing() as session:
        quarantine.reject(
            session, **actor_now(), quarantine_id=quarantine_id, word=form.word.data or ""
        )
    flash(_("The email is marked as not ours."))
    return redirect(url_for("mailbox.index"))


@routes.post("/quarantine/<int:quarantine_id>/delete")
@at_the_cell
def delete(quarantine_id: int) -> Page:
    """Delete the mail before its day."""
    with writing() as session:
        quarantine.delete(session, **actor_now(), quarantine_id=quarantine_id)
    flash(_("The email is deleted."))
    return redirect(url_for("mailbox.index"))


@routes.post("/quarantine/unreadable/<int:mail_id>/seen")
@at_the_cell
def mark_seen(mail_id: int) -> Page:
    """Mark a mail that could not be read as seen."""
    with writing() as session:
        quarantine.mark_seen(session, **actor_now(), mail_id=mail_id)
    flash(_("The email is marked as seen."))
    return redirect(url_for("mailbox.index"))
