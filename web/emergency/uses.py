"""Uses of the emergency lane, and their ratification or refusal by the department."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from approvals.errors import NotAllowed
from approvals.policy import Action, may
from publisher.emergency import queries, ratification
from publisher.emergency.queries import PAGE, UseOutcome
from publisher.models.people import Appointment
from publisher.validation import check_in_sight
from web.core.auth import actor, actor_now, reads, writing
from web.core.context import ctx
from web.core.form_views import handle_form
from web.core.i18n import _
from web.core.permissions import Page, allow_action
from web.emergency.views import routes
from web.forms import Form, ReasonForm

__all__ = ["routes"]


@routes.get("/uses")
@allow_action(Action.SEE_EMERGENCY)
@reads
def uses(session: Session) -> Page:
    """List the visible uses with person, time, template, instruction and outcome."""
    page = max(request.args.get("page", 1, type=int), 1)
    rows = queries.uses(session, **actor_now(), page=page)
    return render_template(
        "emergency/uses.html", outcomes=rows[:PAGE], page=page, has_more=len(rows) > PAGE
    )


@routes.get("/uses/<int:use_id>")
@allow_action(Action.SEE_EMERGENCY)
def show(use_id: int) -> Page:
    """Show a use: its texts, its instruction and the department's ratification."""
    return _use_page(Form(formdata=None), use_id)


@reads
def _use_page(session: Session, form: Form, use_id: int) -> str:
    now = ctx.now()
    used = queries.get_use(session, actor=actor(), now=now, use_id=use_id)
    return render_template(
        "emergency/use.html",
        outcome=used,
        may_decide=_decides(session, used),
        is_own=used.use.decision.person_id == actor().person_id,
        own_appointment=session.get(Appointment, actor().appointment_id),
        may_see_post=may(actor(), Action.SEE_POST, used.post.department_id),
        may_draft=may(actor(), Action.DRAFT, used.post.department_id),
        form=form,
    )


def _decides(session: Session, used: UseOutcome) -> bool:
    """Return True if the actor may ratify or refuse the use now."""
    if used.use.ratification is not None or used.use.decision.person_id == actor().person_id:
        return False
    standing_in = ratification.may_head_decide(session, used.use, now=ctx.now())
    department_id = used.use.decision.department_id
    return may(actor(), Action.RATIFY, department_id, standing_in=standing_in)


@routes.post("/uses/<int:use_id>/ratify")
@allow_action(Action.RATIFY)
@handle_form(Form, shown_by=_use_page)
def ratify(_form: Form, use_id: int) -> Page:
    """Ratify a use for the department."""
    with writing() as session:
        ratification.ratify(session, **actor_now(), use_id=use_id)
    flash(_("Approved. The department agrees with what was published."))
    return redirect(url_for("emergency.show", use_id=use_id))


@reads
def _refusal_page(session: Session, form: ReasonForm, use_id: int) -> str:
    if isinstance(form.refusal, NotAllowed):
        return _use_page(form, use_id)
    used = queries.get_use(session, **actor_now(), use_id=use_id)
    check_in_sight(actor(), Action.SEE_EMERGENCY, [used.use.decision.department_id])
    return render_template("emergency/refuse.html", outcome=used, form=form)


@routes.route("/uses/<int:use_id>/refuse", methods=["GET", "POST"])
@allow_action(Action.RATIFY)
@handle_form(ReasonForm, shown_by=_refusal_page)
def refuse(form: ReasonForm, use_id: int) -> Page:
    """Ask for the reason, and refuse to ratify a use; from now on a correction is owed."""
    reason = form.reason.data or ""
    with writing() as session:
        ratification.refuse(session, **actor_now(), use_id=use_id, reason=reason)
    flash(_("Refused. The Cell has been told, and must publish a correction."), "amber")
    return redirect(url_for("emergency.show", use_id=use_id))
