"""Pages of calls to name officers: the list, a new call, and how far each department has come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session, joinedload
from werkzeug import Response
from wtforms import StringField

from approvals.policy import Action
from publisher.models.nominations import NominationCall
from publisher.nominations import calls, letters, progress
from publisher.nominations.letters import LetterStep, NextLetter
from publisher.nominations.progress import AddresseeProgress, CallAnswer
from publisher.papers import letter_exports
from publisher.people.departments import departments_in_force
from publisher.reports import export
from publisher.validation import Invalid, existing
from web.core.auth import actor_now, reads, writing
from web.core.context import ctx
from web.core.form_views import handle_form
from web.core.i18n import N_, _, _l
from web.core.list_pages import page_of_query, page_of_rows
from web.core.permissions import Page, allow_action
from web.forms import Form, number_of
from web.messages.names import department_name, person_name
from web.messages.nominations import ANSWERS
from web.moments.fields import DayField
from web.reports.csv_files import csv_response

routes = Blueprint("calls", __name__, url_prefix="/calls")
HEADINGS = (
    N_("Code"),
    N_("Department"),
    N_("Response"),
    N_("Head"),
    N_("Mobile number"),
    N_("First officer"),
    N_("Second officer"),
)
VIEWS = ("all", "open", "not_reached", "waits", "without_line")


class CallForm(Form):
    """The order of a call, and its last day; the departments are ticked next to it."""

    order_number = StringField(_l("Order number"))
    ordered_on = DayField(_l("Date of the order"), looks_back=True, confirms=False)
    nominate_by = DayField(_l("Name them by"), confirms=False)


@routes.get("")
@allow_action(Action.OPEN_CALL)
@reads
def index(session: Session) -> Page:
    """List the calls, the newest first."""
    now = ctx.now()
    unreachable = progress.list_unreached_offices(session, now=now)
    query = progress.calls_listed()
    return render_template(
        "nominations/calls.html",
        calls=page_of_query(session, query),
        numbers=progress.numbers(session),
        unreachable_count=len(unreachable),
    )


@reads
def _new_page(session: Session, form: CallForm) -> Page:
    named_ids = progress.departments_that_named(session, now=ctx.now())
    departments = departments_in_force(session, now=ctx.now())
    ticked = {number_of(text) for text in request.form.getlist("departments")}
    if request.method != "POST":
        ticked = {line.id for line in departments} - named_ids
    return render_template(
        "nominations/call_new.html",
        form=form,
        departments=departments,
        named_ids=named_ids,
        ticked=ticked,
    )


@routes.route("/new", methods=["GET", "POST"])
@allow_action(Action.OPEN_CALL)
@handle_form(CallForm, shown_by=_new_page)
def new(form: CallForm) -> Page:
    """Open a call to the ticked departments."""
    problems = [field.problem for field in (form.ordered_on, form.nominate_by) if field.problem]
    if problems:
        raise Invalid(problems)
    with writing() as session:
        call_id = calls.open_call(
            session,
            **actor_now(),
            department_ids={number_of(text) for text in request.form.getlist("departments")},
            order_number=form.order_number.data or "",
            ordered_on=form.ordered_on.data,
            nominate_by=form.nominate_by.data,
        ).id
    flash(_("The call is open. Each head who can be reached gets a link."))
    return redirect(url_for("calls.show", call_id=call_id))


def _call(session: Session, call_id: int) -> NominationCall:
    options = [joinedload(NominationCall.opened_by)]
    return existing(session.get(NominationCall, call_id, options=options), call_id)


def _filter_rows(
    rows: Sequence[AddresseeProgress], view: str, next_letters: Mapping[int, NextLetter]
) -> list[AddresseeProgress]:
    match view:
        case "open":
            return [line for line in rows if line.is_open]
        case "not_reached":
            return [line for line in rows if line.answer is CallAnswer.NOT_REACHED]
        case "waits":
            return [line for line in rows if line.answer is CallAnswer.WAITS]
        case "without_line":
            without = {key for key, letter in next_letters.items() if not letter.has_line}
            return [line for line in rows if line.addressee.id in without]
        case _:
            return list(rows)


@reads
def call_page(session: Session, /, form: Form, call_id: int, **_ids: int) -> Page:
    """Show what each department of a call has done, and its letters."""
    call = _call(session, call_id)
    rows = progress.call_progress(session, call, now=ctx.now())
    next_letters = letters.next_letters(session, call, now=ctx.now())
    labels = {
        "all": _("All"),
        "open": _("Not answered"),
        "not_reached": _("To be phoned"),
        "waits": _("Wait for a second person"),
        "without_line": _("Office above not set"),
    }
    view = request.args.get("view", "all")
    return render_template(
        "nominations/call.html",
        form=form,
        call=call,
        rows=page_of_rows(_filter_rows(rows, view, next_letters)),
        total=len(rows),
        answered=sum(not line.is_open for line in rows),
        late=sum(line.is_late for line in rows),
        letters=letters.letters_by_addressee(session, call),
        next_letters=next_letters,
        due=sum(letter.step is LetterStep.DUE for letter in next_letters.values()),
        files=letter_exports.newest(session, **actor_now(), call=call),
        views=[
            {
                "label": labels[name],
                "href": url_for("calls.show", call_id=call_id, view=name),
                "count": len(_filter_rows(rows, name, next_letters)),
                "here": name == view,
            }
            for name in VIEWS
        ],
    )


@routes.get("/<int:call_id>")
@allow_action(Action.OPEN_CALL)
def show(call_id: int) -> Page:
    """Show what each department of a call has done."""
    return call_page(Form(formdata=None), call_id)


@routes.post("/<int:call_id>/close")
@allow_action(Action.OPEN_CALL)
@handle_form(Form, shown_by=call_page)
def close(_form: Form, call_id: int) -> Page:
    """Close a call; its links end."""
    with writing() as session:
        calls.close_call(session, **actor_now(), call=_call(session, call_id))
    flash(_("The call is closed."))
    return redirect(url_for("calls.show", call_id=call_id))


@routes.post("/<int:call_id>/<int:addressee_id>/again")
@allow_action(Action.OPEN_CALL)
@handle_form(Form, shown_by=call_page)
def ask_again(_form: Form, call_id: int, addressee_id: int) -> Page:
    """Send the head a new link."""
    with writing() as session:
        calls.ask_again(session, **actor_now(), addressee_id=addressee_id)
    flash(_("A new link is being sent."))
    return redirect(_same_list(call_id))


@routes.post("/<int:call_id>/<int:addressee_id>/telephoned")
@allow_action(Action.OPEN_CALL)
@handle_form(Form, shown_by=call_page)
def note_call(_form: Form, call_id: int, addressee_id: int) -> Page:
    """Note that somebody spoke to the department."""
    with writing() as session:
        calls.note_telephoned(session, **actor_now(), addressee_id=addressee_id)
    flash(_("Noted."))
    return redirect(_same_list(call_id))


def _same_list(call_id: int) -> str:
    """Return the address of the list page with the pressed button."""
    view, page = request.args.get("view"), request.args.get("page")
    return url_for("calls.show", call_id=call_id, view=view, page=page)


@routes.get("/<int:call_id>.csv")
@allow_action(Action.OPEN_CALL)
def csv(call_id: int) -> Response:
    """Return the departments of a call as CSV."""
    with writing() as session:
        rows = progress.call_progress(session, _call(session, call_id), now=ctx.now())
        cells = [_cells(line) for line in rows]
        export.record_export(session, **actor_now(), rows=len(cells), page="calls")
    return csv_response("call", HEADINGS, cells)


def _cells(line: AddresseeProgress) -> list[str]:
    head, nomination = line.head, line.nomination
    officers = [nomination.first, nomination.second] if nomination is not None else []
    return [
        line.addressee.department.code,
        department_name(line.addressee.department),
        _(ANSWERS[line.answer]),
        person_name(head.person) if head is not None else "",
        (head.person.mobile or "") if head is not None else "",
        *[*(person_name(officer.person) for officer in officers), "", ""][:2],
    ]
