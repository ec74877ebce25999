"""Reminder letters of a call: write those that are due, print one, download all as PDF and ZIP."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, url_for
from sqlalchemy.orm import joinedload
from werkzeug import Response

from approvals.policy import Action
from publisher.models.nominations import CallAddressee, NominationCall, ReminderLetter
from publisher.nominations import letters
from publisher.nominations.letter_text import LetterSender
from publisher.papers import letter_exports
from publisher.papers.reminder_letters import letters_pdf
from publisher.validation import existing
from web.core.auth import actor_now, writing
from web.core.context import ctx
from web.core.database import reading
from web.core.form_views import handle_form
from web.core.i18n import _, _n
from web.core.permissions import Page, allow_action
from web.forms import Form
from web.nominations.calls import call_page
from web.papers.files import download, file_of_pdf

routes = Blueprint("letters", __name__, url_prefix="/calls")


@routes.post("/<int:call_id>/letters")
@allow_action(Action.OPEN_CALL)
@handle_form(Form, shown_by=call_page)
def write(_form: Form, call_id: int) -> Page:
    """Write every letter of the call that is due."""
    with writing() as session:
        count = len(
            letters.write_letters(session, **actor_now(), call_id=call_id, sender=_sender())
        )
    if not count:
        flash(_("No letter is due."), "amber")
    else:
        flash(
            _n(
                "%(num)s letter is written.",
                "%(num)s letters are written.",
                count,
            )
        )
    return _redirect_to_call(call_id)


@routes.post("/<int:call_id>/<int:addressee_id>/letter")
@allow_action(Action.OPEN_CALL)
@handle_form(Form, shown_by=call_page)
def write_one(_form: Form, call_id: int, addressee_id: int) -> Page:
    """Write the letter of one department."""
    with writing() as session:
        (letter,) = letters.write_letters(
            session,
            **actor_now(),
            call_id=call_id,
            sender=_sender(),
            addressee_id=addressee_id,
        )
        number = letter.number
    flash(_("Reminder letter %(number)s is written.", number=number))
    return _redirect_to_call(call_id)


def _sender() -> LetterSender:
    city, papers = ctx.settings.city, ctx.settings.papers
    return LetterSender(city.code, city.name_mr, papers.signatory, papers.outward_number)


def _redirect_to_call(call_id: int) -> Response:
    return redirect(url_for("calls.show", call_id=call_id))


@routes.get("/letters/<int:letter_id>.pdf")
@allow_action(Action.OPEN_CALL)
def pdf(letter_id: int) -> Response:
    """Print a letter again, word for word."""
    with reading() as session:
        to_department = joinedload(ReminderLetter.addressee).joinedload(CallAddressee.department)
        row = session.get(ReminderLetter, letter_id, options=[to_department])
        letter = existing(row, letter_id)
    return file_of_pdf(
        lambda: letters_pdf([letter], settings=ctx.settings, now=ctx.now()),
        name=letter_exports.file_name(letter).removesuffix(".pdf"),
        back=url_for("calls.show", call_id=letter.addressee.call_id),
    )


@routes.post("/<int:call_id>/letters/files")
@allow_action(Action.OPEN_CALL)
@handle_form(Form, shown_by=call_page)
def make_files(_form: Form, call_id: int) -> Page:
    """Ask the clock to make the files of all letters of the call."""
    with writing() as session:
        call = existing(session.get(NominationCall, call_id), call_id)
        letter_exports.start(session, **actor_now(), call=call)
    flash(_("The files are being prepared. You can leave this page and come back."))
    return _redirect_to_call(call_id)


@routes.get("/letters/files/<int:files_id>.pdf")
@allow_action(Action.OPEN_CALL)
def all_pdf(files_id: int) -> Response:
    """Return all letters of a call in one PDF."""
    with reading() as session:
        content = letter_exports.whole_pdf(session, **actor_now(), export_id=files_id)
    return download(content, name="reminder-letters.pdf", kind="application/pdf")


@routes.get("/letters/files/<int:files_id>.zip")
@allow_action(Action.OPEN_CALL)
def all_zip(files_id: int) -> Response:
    """Return the PDF of each letter of a call, in one ZIP."""
    with reading() as session:
        content = letter_exports.zip_of_letters(session, **actor_now(), export_id=files_id)
    return download(content, name="reminder-letters.zip", kind="application/zip")
