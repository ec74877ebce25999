"""Pages of freezes: the list with the held deliveries, a new freeze, lifting one early."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from wtforms import SelectField, TextAreaField

from approvals.policy import Action, may
from publisher.delivery.controls import freeze as controls_freeze
from publisher.delivery.controls.freeze import FreezeForm, FreezeOver
from publisher.i18n.moment_parsing import WholeDay
from publisher.models.controls import Freeze
from publisher.models.submissions import SubmissionKind
from publisher.people.departments import departments_in_force
from publisher.reports.problems import count_held_deliveries
from publisher.reports.types import holder_of
from publisher.scheduling import slots
from publisher.validation import LONGEST_REASON, Invalid, Validator
from web import in_flight
from web.core.auth import actor, actor_now, reads, writing
from web.core.context import ctx
from web.core.form_views import handle_form
from web.core.i18n import _, _l
from web.core.list_pages import page_of_query
from web.core.permissions import Page, allow_action
from web.forms import Form, number_of, options
from web.messages.names import account_name, department_name, name_and_post
from web.messages.refusals import refusal_sentence
from web.moments.fields import MomentField
from web.submissions.forms import KIND_WORDS

routes = Blueprint("freezes", __name__)
ALL = ""
"""The choice for every account, department or kind."""

STANDING_FREEZES = PAST_FREEZES = 20


def _number_or_none(choice: object) -> int | None:
    """Return None for all; an invalid number becomes 0, which matches no row, rather than all."""
    return None if choice in (None, ALL) else number_of(str(choice))


class LayForm(Form):
    """The period, the scope and the reason of a new freeze."""

    account = SelectField(_l("Social media account"), coerce=_number_or_none, validate_choice=False)
    department = SelectField(_l("Department"), coerce=_number_or_none, validate_choice=False)
    kind = SelectField(_l("Kind of information"), validate_choice=False)
    from_at = MomentField(_l("From"), whole_day=WholeDay.BEGINS)
    until_at = MomentField(_l("Until"), whole_day=WholeDay.ENDS)
    reason = TextAreaField(_l("Reason"))


@routes.get("/freezes")
@allow_action(Action.SCHEDULE, Action.FREEZE)
def index() -> Page:
    """List current and future freezes with the deliveries they hold, and a form for a new one."""
    return _page(LayForm(formdata=None))


@reads
def _page(session: Session, form: LayForm) -> str:
    now = ctx.now()
    connected_accounts = slots.accounts(session)
    accounts = [
        (str(account.id), f"{account_name(account)} · {account.name}")
        for account in connected_accounts
    ]
    departments = departments_in_force(session, now=ctx.now())
    named = sorted((department_name(department), str(department.id)) for department in departments)
    kinds = [(kind.value, _(label)) for kind, label in KIND_WORDS.items()]
    form.account.choices = options([(ALL, _("All accounts")), *accounts])
    form.department.choices = options(
        [(ALL, _("All departments")), *((key, name) for name, key in named)]
    )
    form.kind.choices = options([(ALL, _("Every kind of information")), *kinds])
    return render_template(
        "controls/freezes.html",
        form=form,
        standing_freezes=page_of_query(
            session,
            controls_freeze.standing_freezes(now=now),
            STANDING_FREEZES,
            parameter="standing",
        ),
        impacts={
            held_freeze.freeze.id: held_freeze
            for held_freeze in count_held_deliveries(session, actor=actor(), now=now).freezes
        },
        past_freezes=page_of_query(session, controls_freeze.past_freezes(now=now), PAST_FREEZES),
        may_freeze=may(actor(), Action.FREEZE, None),
        may_move=may(actor(), Action.SCHEDULE, None),
        author_of=lambda freeze_row: name_and_post(
            holder_of(freeze_row.appointment, freeze_row.at)
        ),
        scope_of=freeze_scope,
    )


def freeze_scope(freeze: Freeze) -> str:
    """Return the scope of a freeze as text: account, department and kind."""
    account = freeze.account
    return " · ".join(
        (
            f"{account_name(account)}, {account.name}" if account else _("All accounts"),
            department_name(freeze.department) if freeze.department else _("All departments"),
            _(KIND_WORDS[SubmissionKind(freeze.kind)])
            if freeze.kind
            else _("Every kind of information"),
        )
    )


@routes.post("/freezes")
@allow_action(Action.FREEZE)
@handle_form(LayForm, shown_by=_page)
def freeze(form: LayForm) -> Page:
    """Create a freeze."""
    validator, is_readable, until_at = Validator(), form.validate(), form.until_at.data
    if not is_readable or until_at is None:
        if not form.until_at.typed:
            validator.add("until_at", "required")
        # Show a missing reason with them; otherwise the use case checks it.
        validator.text("reason", form.reason.data or "", most=LONGEST_REASON, required=True)
        raise Invalid(validator.problems)
    freeze_form = FreezeForm(
        from_at=form.from_at.data or ctx.now(),
        until_at=until_at,
        reason=form.reason.data or "",
        account_id=form.account.data,
        department_id=form.department.data,
        kind=form.kind.data or None,
    )
    with writing() as session:
        new_freeze = controls_freeze.freeze(session, **actor_now(), form=freeze_form)
        freeze_id = new_freeze.id
    flash(_("The freeze is on. Posts due during it are listed below and will not be published."))
    flash("freeze", "draft-done")
    in_flight.flash_for_freeze(freeze_id)
    return redirect(url_for("freezes.index"))


@routes.post("/freezes/<int:freeze_id>/lift")
@allow_action(Action.FREEZE)
def lift(freeze_id: int) -> Page:
    """End a freeze early."""
    try:
        with writing() as session:
            controls_freeze.lift(session, **actor_now(), freeze_id=freeze_id)
    except FreezeOver as refusal:
        flash(refusal_sentence(refusal), "grey")
    else:
        flash(_("The freeze is lifted. Posts within their late limit are published at their time."))
    return redirect(url_for("freezes.index"))
