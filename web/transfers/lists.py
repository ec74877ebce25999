"""Pages of lists of transfers: prepare one, confirm it as a second person, cancel it."""

from __future__ import annotations

from collections import defaultdict

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from wtforms import HiddenField

from approvals.policy import Action
from publisher.people.departments import departments_in_force
from publisher.register.sheet import MOST_BYTES
from publisher.transfers import lists
from publisher.validation import FieldError, Invalid
from web.core.auth import actor, actor_now, reads, writing
from web.core.context import ctx
from web.core.form_views import handle_form
from web.core.i18n import _
from web.core.list_pages import page_of_query
from web.core.permissions import Page, allow_action
from web.forms import Form
from web.messages.field_errors import problem_sentence
from web.messages.transfers import list_state
from web.transfers.list_form import TransferListForm, rows_form

routes = Blueprint("transfers", __name__, url_prefix="/transfers")
routes.add_app_template_filter(list_state, "list_state")


class ConfirmListForm(Form):
    """The digest of what the page showed."""

    digest = HiddenField()

    def refuse(self, refusal: Exception) -> int:
        """Leave the errors of a row to the row, which shows them anyway."""
        if isinstance(refusal, Invalid):
            self.refusal = refusal
            return 422
        return super().refuse(refusal)  # type: ignore[arg-type]  # the only other kind


@routes.get("")
@allow_action(Action.TRANSFER_PEOPLE)
@reads
def index(session: Session) -> Page:
    """List the lists of transfers, those that wait first."""
    return render_template("transfers/index.html", lists=page_of_query(session, lists.all_lists()))


@reads
def _new_page(session: Session, form: TransferListForm) -> str:
    departments = departments_in_force(session, now=ctx.now())
    return render_template(
        "transfers/new.html", form=form, departments=departments, most_bytes=MOST_BYTES
    )


@routes.route("/new", methods=["GET", "POST"])
@allow_action(Action.TRANSFER_PEOPLE)
@handle_form(rows_form, shown_by=_new_page)
def new(form: TransferListForm) -> Page:
    """Prepare a list for a second person to confirm."""
    if form.file_problem is not None:
        raise form.file_problem
    if request.form.get("step") == "rows":
        return _new_page(form)
    is_valid = form.validate()
    if form.has_unread:
        raise Invalid([FieldError("pasted", "transfers_unreadable")])
    if not is_valid:
        return _new_page(form), 422
    with writing() as session:
        list_id = lists.prepare(
            session,
            **actor_now(),
            rows=form.rows,
            in_force_on=form.in_force_on.data,
            order_number=form.order_number.data or "",
        ).id
    flash(_("The list is recorded. Another admin or lead must confirm it by its day."))
    return redirect(url_for("transfers.show", list_id=list_id))


@reads
def _list_page(session: Session, form: ConfirmListForm, list_id: int) -> str:
    transfer_list = lists.existing_list(session, list_id)
    now = ctx.now()
    waits = transfer_list.waits and not lists.is_late(transfer_list, now=now)
    is_open = waits and transfer_list.confirmed_at is None
    problems = lists.check_stored(session, transfer_list, now=now).problems if waits else []
    sentences: defaultdict[int, list[str]] = defaultdict(list)
    for problem in problems:
        field, _underline, index = problem.field.rpartition("_")
        own_field = FieldError(field, problem.code, problem.values)
        sentences[int(index)].append(problem_sentence(own_field))
    return render_template(
        "transfers/list.html",
        form=form,
        transfer_list=transfer_list,
        digest=lists.transfers_digest(transfer_list),
        problems=sentences,
        is_open=is_open,
        may_confirm=is_open and not problems and lists.may_confirm(session, transfer_list, actor()),
    )


@routes.get("/<int:list_id>")
@allow_action(Action.TRANSFER_PEOPLE)
def show(list_id: int) -> Page:
    """Show one list, its state, and what hinders it."""
    return _list_page(ConfirmListForm(formdata=None), list_id)


@routes.post("/<int:list_id>/confirm")
@allow_action(Action.TRANSFER_PEOPLE)
@handle_form(ConfirmListForm, shown_by=_list_page)
def confirm(form: ConfirmListForm, list_id: int) -> Page:
    """Confirm the whole list as it was shown."""
    with writing() as session:
        lists.confirm(session, **actor_now(), list_id=list_id, digest=form.digest.data or "")
    flash(_("The list is confirmed. It takes effect automatically on its day."))
    return redirect(url_for("transfers.show", list_id=list_id))


@routes.post("/<int:list_id>/cancel")
@allow_action(Action.TRANSFER_PEOPLE)
@handle_form(ConfirmListForm, shown_by=_list_page)
def cancel(_form: ConfirmListForm, list_id: int) -> Page:
    """Cancel a list that has not taken effect."""
    with writing() as session:
        lists.cancel(session, **actor_now(), list_id=list_id)
    flash(_("The list is cancelled. All people on it keep their present office."))
    return redirect(url_for("transfers.index"))
