"""Pages of emergency templates: the cell writes them, the owning department approves them."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from wtforms import TextAreaField

from approvals import emergency
from approvals.errors import NotAllowed, StaleRevision
from approvals.policy import Action, may
from publisher.content_checks import outgoing_text
from publisher.delivery.emergency import template_approval, template_editing, templates
from publisher.models.emergency import EmergencyTemplate, TemplateDecision, TemplateVerdict
from publisher.review import emergency_grounds
from publisher.validation import Invalid
from web.core.auth import actor, reads, writes, writing
from web.core.context import ctx
from web.core.i18n import _, _l
from web.core.permissions import Page, for_action
from web.emergency.template_form import TemplateFormPage, filled_form, make_form, read
from web.forms import Form, number_of
from web.messages.refusals import refusal_sentence

routes = Blueprint("emergency_templates", __name__, url_prefix="/emergency/templates")


class TemplateReasonForm(Form):
    """The reason for returning a template or withdrawing its approval."""

    reason = TextAreaField(_l("Reason"))


def state_of(template: EmergencyTemplate) -> str:
    """Return the template's state, as its badge shows it."""
    if template.ended_at is not None:
        return "ended"
    if templates.approval_of(template) is not None:
        return "approved"
    last = _last(template)
    if last is None:
        return "waiting"
    return "returned" if last.verdict is TemplateVerdict.RETURNED else "withdrawn"


def _last(template: EmergencyTemplate) -> TemplateDecision | None:
    decisions = templates.newest(template).decisions
    return decisions[-1] if decisions else None


@routes.get("")
@for_action(Action.SEE_EMERGENCY)
@reads
def index(session: Session) -> Page:
    """List the visible templates; `?ended=1` lists those that have ended."""
    ended = request.args.get("ended") == "1"
    return render_template(
        "emergency/templates.html",
        templates=templates.visible(session, actor=actor(), ended=ended),
        state_of=state_of,
        approval_of=templates.approval_of,
        shows_ended=ended,
        may_draft=may(actor(), Action.DRAFT_TEMPLATE, None),
    )


@routes.get("/<int:template_id>")
@for_action(Action.SEE_EMERGENCY)
@reads
def show(session: Session, template_id: int) -> Page:
    """Show a template: its texts, blanks, approval and possible actions."""
    return _page(session, template_id)


def _page(session: Session, template_id: int, message: str = "") -> str:
    template = templates.template_for(session, actor=actor(), template_id=template_id)
    revision = templates.newest(template)
    wording = emergency_grounds.template_of(revision)
    approvers = templates.approvers_of(session, revision, now=ctx.now())
    state = state_of(template)
    return render_template(
        "emergency/template.html",
        template=template,
        revision=revision,
        blanks=wording.blanks,
        lengths={
            rules: outgoing_text.measure_everywhere(text)
            for rules, text in emergency.longest(wording).items()
        },
        state=state,
        last_decision=_last(template),
        has_no_approver=approvers.blocked if state != "ended" else None,
        may_decide=state != "ended" and _decides(template, standing_in=approvers.standing_in),
        is_author=revision.author_id == actor().person_id,
        may_draft=may(actor(), Action.DRAFT_TEMPLATE, None),
        message=message,
    )


def _decides(template: EmergencyTemplate, *, standing_in: bool) -> bool:
    return may(actor(), Action.APPROVE_TEMPLATE, template.department_id, standing_in=standing_in)


@routes.route("/new", methods=["GET", "POST"])
@for_action(Action.DRAFT_TEMPLATE)
def new() -> Page:
    """Create a template."""
    form = make_form()
    if request.method == "GET":
        return _form_page(form)
    try:
        with writing() as session:
            template = template_editing.make(session, actor=actor(), now=ctx.now(), form=read(form))
    except Invalid as invalid:
        return _form_page(form, messages=form.show(invalid.problems)), 422
    flash("template-new", "draft-done")
    flash(_("Kept. It can be used once its department has approved it."))
    return redirect(url_for("emergency_templates.show", template_id=template.id))


@routes.route("/<int:template_id>/edit", methods=["GET", "POST"])
@for_action(Action.DRAFT_TEMPLATE)
def edit(template_id: int) -> Page:
    """Change a template: a new revision, which needs a new approval."""
    if request.method == "GET":
        return _stored_page(template_id)
    form = make_form()
    try:
        with writing() as session:
            template_editing.change(
                session,
                actor=actor(),
                now=ctx.now(),
                template_id=template_id,
                seen_revision=number_of(form.seen.data),
                form=read(form),
            )
    except Invalid as invalid:
        return _edit_page(template_id, form, form.show(invalid.problems)), 422
    except StaleRevision as stale:
        form.seen.data, form.seen.raw_data = str(stale.values["newest"]), None
        message = _("Somebody changed this template while you were writing. Yours is not kept yet.")
        return _edit_page(template_id, form, [message]), 409
    flash(f"template-{template_id}", "draft-done")
    flash(_("Kept. It can be used once its department has approved it."))
    return redirect(url_for("emergency_templates.show", template_id=template_id))


@reads
def _stored_page(session: Session, template_id: int) -> str:
    template = templates.in_use(session, template_id)
    return _form_page(filled_form(templates.newest(template)), template)


@reads
def _edit_page(
    session: Session, template_id: int, form: TemplateFormPage, messages: list[str]
) -> str:
    return _form_page(form, templates.in_use(session, template_id), messages)


def _form_page(
    form: TemplateFormPage,
    template: EmergencyTemplate | None = None,
    messages: list[str] | None = None,
) -> str:
    return render_template(
        "emergency/edit.html",
        form=form,
        template=template,
        error_lines=[(message, None) for message in messages or []],
    )


@routes.post("/<int:template_id>/approve")
@for_action(Action.APPROVE_TEMPLATE)
def approve(template_id: int) -> Page:
    """Approve the revision that the page showed."""
    try:
        with writing() as session:
            templates.template_for(session, actor=actor(), template_id=template_id)
            template_approval.approve(
                session,
                actor=actor(),
                now=ctx.now(),
                template_id=template_id,
                seen_revision=number_of(request.form.get("seen")),
            )
    except NotAllowed as refusal:
        return _refused_page(template_id, refusal_sentence(refusal))
    flash(_("Approved. Whoever is on duty can use it from now on."))
    return redirect(url_for("emergency_templates.show", template_id=template_id))


@reads
def _refused_page(session: Session, template_id: int, message: str) -> Page:
    return _page(session, template_id, message), 409


@routes.route("/<int:template_id>/return", methods=["GET", "POST"])
@for_action(Action.APPROVE_TEMPLATE)
def return_template(template_id: int) -> Page:
    """Return the template to the cell with the changes to make."""
    return _with_reason(template_id, template_approval.return_template, _("Returned to the cell."))


@routes.route("/<int:template_id>/withdraw", methods=["GET", "POST"])
@for_action(Action.APPROVE_TEMPLATE)
def withdraw(template_id: int) -> Page:
    """Withdraw the approval: the template can no longer be used, and nothing more is sent."""
    return _with_reason(
        template_id,
        template_approval.withdraw,
        _("The approval is withdrawn; it cannot be used any more."),
    )


def _with_reason(template_id: int, act: Callable[..., object], done_message: str) -> Page:
    """Ask for the reason, then run the action on the revision that the page showed."""
    form = TemplateReasonForm()
    if request.method == "GET":
        return _reason_page(template_id, form)
    try:
        with writing() as session:
            templates.template_for(session, actor=actor(), template_id=template_id)
            act(
                session,
                actor=actor(),
                now=ctx.now(),
                template_id=template_id,
                seen_revision=number_of(request.form.get("seen")),
                reason=form.reason.data or "",
            )
    except Invalid as invalid:
        form.show(invalid.problems)
        return _reason_page(template_id, form), 422
    except NotAllowed as refusal:
        return _refused_page(template_id, refusal_sentence(refusal))
    flash(done_message)
    return redirect(url_for("emergency_templates.show", template_id=template_id))


@reads
def _reason_page(session: Session, template_id: int, form: TemplateReasonForm) -> str:
    template = templates.template_for(session, actor=actor(), template_id=template_id)
    return render_template(
        "emergency/reason.html",
        template=template,
        form=form,
        withdraws=request.endpoint == "emergency_templates.withdraw",
    )


@routes.post("/<int:template_id>/end")
@for_action(Action.DRAFT_TEMPLATE)
@writes
def end(session: Session, template_id: int) -> Page:
    """End a template: it is no longer offered, and its uses stay."""
    template_editing.end(session, actor=actor(), now=ctx.now(), template_id=template_id)
    flash(_("It is no longer offered. It stays to be read."))
    return redirect(url_for("emergency_templates.index"))
