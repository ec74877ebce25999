"""The page from which the letter on paper to the head of the office above is printed, once."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Blueprint, redirect, render_template, url_for
from sqlalchemy.orm import Session

from approvals.policy import Action
from publisher.models.nominations import CallAddressee
from publisher.nominations import office_letters
from publisher.nominations.office_letters import LetterDraft
from publisher.nominations.progress import AddresseeProgress
from publisher.notifications.kinds import NoticeKind
from publisher.notifications.sms import template_of
from publisher.papers.nomination_letter import PAPER, nomination_letter
from publisher.validation import NotFound
from web.core.auth import by_actor, reads, writing
from web.core.context import ctx
from web.core.form_views import with_form
from web.core.permissions import Page, for_action
from web.forms import Form
from web.papers.files import pdf_file

routes = Blueprint("office_letters", __name__, url_prefix="/calls")


def sends_codes() -> bool:
    """Return True if the city can send the code by which a head names officers."""
    return template_of(ctx.settings.sms, NoticeKind.NOMINATION_CODE) is not None


def addressee_ids(rows: Iterable[AddresseeProgress]) -> set[int]:
    """Return the ids of the addressees to whom a letter on paper can be printed."""
    sends = sends_codes()
    return {
        line.addressee.id
        for line in rows
        if line.is_open
        and not line.is_late
        and office_letters.is_needed(line.head, sends_codes=sends)
    }


def _addressee(session: Session, call_id: int, addressee_id: int) -> CallAddressee:
    called = session.get(CallAddressee, addressee_id)
    if called is None or called.call_id != call_id:
        raise NotFound(addressee_id)
    return called


@reads
def _page(session: Session, /, form: Form, call_id: int, addressee_id: int) -> Page:
    called = _addressee(session, call_id, addressee_id)
    offices = office_letters.offices_of(session, called.department, now=ctx.now())
    is_needed = office_letters.is_needed(offices.head, sends_codes=sends_codes())
    if form.refusal is None and not is_needed:
        return redirect(url_for("calls.show", call_id=call_id))
    return render_template(
        "nominations/office_letter.html",
        form=form,
        call=called.call,
        addressee_id=addressee_id,
        offices=offices,
        newest=office_letters.newest(session, addressee_id),
        is_needed=is_needed,
    )


@routes.get("/<int:call_id>/<int:addressee_id>/office-letter")
@for_action(Action.OPEN_CALL)
def show(call_id: int, addressee_id: int) -> Page:
    """Show to whom the letter goes, and whether it was printed."""
    return _page(Form(formdata=None), call_id, addressee_id)


@routes.post("/<int:call_id>/<int:addressee_id>/office-letter")
@for_action(Action.OPEN_CALL)
@with_form(Form, shown_by=_page)
def print_letter(_form: Form, call_id: int, addressee_id: int) -> Page:
    """Return the letter as PDF, with a new link and code, which count once it is made."""
    letter = _draft(call_id, addressee_id)
    address = url_for("name_by_letter.name", token=letter.token)
    paper = nomination_letter(letter, address=ctx.settings.base_url.rstrip("/") + address)
    back = url_for("office_letters.show", call_id=call_id, addressee_id=addressee_id)
    name = f"letter-{letter.offices.department.code}"
    response = pdf_file(paper, name=name, back=back, language=PAPER)
    if response.mimetype == "application/pdf":
        with writing() as session:
            office_letters.store(session, **by_actor(), letter=letter)
    return response


@reads
def _draft(session: Session, call_id: int, addressee_id: int) -> LetterDraft:
    _addressee(session, call_id, addressee_id)
    return office_letters.draft(
        session, **by_actor(), addressee_id=addressee_id, sends_codes=sends_codes()
    )
