"""Pages of emergency templates: the cell writes them, the owning department approves them."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from approvals import emergency
from approvals.errors import NotAllowed, StaleRevision
from approvals.policy import Action, may
from publisher.content_checks import outgoing_text
from publisher.emergency import template_approval, template_editing, templates
from publisher.models.emergency import EmergencyTemplate, TemplateDecision, TemplateVerdict
from publisher.review import emergency_grounds
from web.core.auth import actor, actor_now, reads, writes, writing
from web.core.context import ctx
from web.core.form_views import handle_form
from web.core.i18n import _
from web.core.list_pages import page_of_rows
from web.core.permissions import Page, allow_action
from web.emergency.template_form import TemplateFormPage, fill, make_form, read
from web.forms import Form, ReasonForm, number_of

routes = Blueprint("emergency_templates", __name__, url_prefix="/emergency/templates")


def template_state(template: EmergencyTemplate) -> str:
    """Return the template's state, as its badge shows it."""
    if template.ended_at is not None:
        return "ended"
    if templates.current_approval(template) is not None:
        return "approved"
    last = _last(template)
    if last is None:
        return "waiting"
    return "returned" if last.verdict is TemplateVerdict.RETURNED else "withdrawn"


def _last(template: EmergencyTemplate) -> TemplateDecision | None:
    decisions = templates.newest(template).decisions
    return decisions[-1] if decisions else None


@routes.get("")
@allow_action(Action.SEE_EMERGENCY)
@reads
def index(session: Session) -> Page:
    """List the visible templates; `?ended=1` lists those that have ended."""
    ended = request.args.get("ended") == "1"
    return render_template(
        "emergency/templates.html",
        templates=page_of_rows(templates.visible(session, actor=actor(), ended=ended)),
        state_of=template_state,
        approval_of=templates.current_approval,
        shows_ended=ended,
        may_draft=may(actor(), Action.DRAFT_TEMPLATE, None),
    )


@routes.get("/<int:template_id>")
@allow_action(Action.SEE_EMERGENCY)
def show(template_id: int) -> Page:
    """Show a template: its texts, blanks, approval and possible actions."""
    return _template_page(Form(formdata=None), template_id)


@reads
def _template_page(session: Session, form: Form, template_id: int) -> str:
    template = templates.get_visible_template(session, actor=actor(), template_id=template_id)
    revision = templates.newest(template)
    wording = emergency_grounds.revision_template(revision)
    approvers = templates.find_approvers(session, revision, now=ctx.now())
    state = template_state(template)
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
        may_decide=state != "ended"
        and may(
            actor(),
            Action.APPROVE_TEMPLATE,
            template.department_id,
            standing_in=approvers.standing_in,
        ),
        is_author=revision.author_id == actor().person_id,
        may_draft=may(actor(), Action.DRAFT_TEMPLATE, None),
        form=form,
    )


@routes.route("/new", methods=["GET", "POST"])
@allow_action(Action.DRAFT_TEMPLATE)
@handle_form(make_form)
def new(form: TemplateFormPage) -> Page:
    """Create a template."""
    if form.is_shown:
        return render_template("emergency/edit.html", form=form, template=None)
    with writing() as session:
        template = template_editing.make(session, **actor_now(), form=read(form))
    flash("template-new", "draft-done")
    flash(_("Saved. The template can be used once its department has approved it."))
    return redirect(url_for("emergency_templates.show", template_id=template.id))


@reads
def _edit_page(session: Session, form: TemplateFormPage, template_id: int) -> str:
    template = templates.get_current_template(session, template_id)
    if request.method != "POST":
        fill(form, templates.newest(template))
    if isinstance(form.refusal, StaleRevision):
        form.seen.data, form.seen.raw_data = str(form.refusal.values["newest"]), None
        form.form_errors[:] = [
            _(
                "Someone else changed this template while you were writing. Your text is not yet "
                "saved."
            )
        ]
    return render_template("emergency/edit.html", form=form, template=template)


@routes.route("/<int:template_id>/edit", methods=["GET", "POST"])
@allow_action(Action.DRAFT_TEMPLATE)
@handle_form(make_form, shown_by=_edit_page)
def edit(form: TemplateFormPage, template_id: int) -> Page:
    """Change a template: a new revision, which needs a new approval."""
    with writing() as session:
        template_editing.change(
            session,
            **actor_now(),
            template_id=template_id,
            seen_revision=number_of(form.seen.data),
            form=read(form),
        )
    flash(f"template-{template_id}", "draft-done")
    flash(_("Saved. The template can be used once its department has approved it."))
    return redirect(url_for("emergency_templates.show", template_id=template_id))


@routes.post("/<int:template_id>/approve")
@allow_action(Action.APPROVE_TEMPLATE)
@handle_form(Form, shown_by=_template_page)
def approve(_form: Form, template_id: int) -> Page:
    """Approve the revision that the page showed."""
    _decide(template_approval.approve, template_id)
    flash(_("Approved. Anyone on duty can use it from now on."))
    return redirect(url_for("emergency_templates.show", template_id=template_id))


@reads
def _reason_page(session: Session, form: ReasonForm, template_id: int) -> str:
    if isinstance(form.refusal, NotAllowed):
        return _template_page(form, template_id)
    template = templates.get_visible_template(session, actor=actor(), template_id=template_id)
    return render_template(
        "emergency/reason.html",
        template=template,
        form=form,
        withdraws=request.endpoint == "emergency_templates.withdraw",
    )


@routes.route("/<int:template_id>/return", methods=["GET", "POST"])
@allow_action(Action.APPROVE_TEMPLATE)
@handle_form(ReasonForm, shown_by=_reason_page)
def return_template(form: ReasonForm, template_id: int) -> Page:
    """Return the template to the cell with the changes to make."""
    _decide(template_approval.return_template, template_id, reason=form.reason.data or "")
    flash(_("Returned to the Cell."))
    return redirect(url_for("emergency_templates.show", template_id=template_id))


@routes.route("/<int:template_id>/withdraw", methods=["GET", "POST"])
@allow_action(Action.APPROVE_TEMPLATE)
@handle_form(ReasonForm, shown_by=_reason_page)
def withdraw(form: ReasonForm, template_id: int) -> Page:
    """Withdraw the approval: the template can no longer be used, and nothing more is sent."""
    _decide(template_approval.withdraw, template_id, reason=form.reason.data or "")
    flash(_("Approval withdrawn. The template can no longer be used."))
    return redirect(url_for("emergency_templates.show", template_id=template_id))


def _decide(decide: Callable[..., object], template_id: int, **reason: str) -> None:
    """Decide about the revision that the page showed."""
    with writing() as session:
        templates.get_visible_template(session, actor=actor(), template_id=template_id)
        decide(
            session,
            **actor_now(),
            template_id=template_id,
            seen_revision=number_of(request.form.get("seen")),
            **reason,
        )


@routes.post("/<int:template_id>/end")
@allow_action(Action.DRAFT_TEMPLATE)
@writes
def end(session: Session, template_id: int) -> Page:
    """End a template: it is no longer offered, and its uses stay."""
    template_editing.end(session, **actor_now(), template_id=template_id)
    flash(_("The template is no longer offered. It can still be read."))
    return redirect(url_for("emergency_templates.index"))
