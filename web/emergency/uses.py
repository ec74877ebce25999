"""Every use of the emergency lane, and what the department says of it afterwards."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug import Response
from wtforms import TextAreaField

from approvals.errors import NotAllowed
from approvals.policy import Action, may
from publisher.delivery.emergency import queries, ratification
from publisher.delivery.emergency.queries import PAGE, UseOutcome
from publisher.models.people import Appointment
from publisher.validation import Invalid, check_in_sight
from web.core.auth import actor, reads
from web.core.context import ctx
from web.core.i18n import _, _l
from web.core.permissions import for_action
from web.emergency.views import routes
from web.forms import Form
from web.messages.refusals import refusal_sentence

__all__ = ["routes"]
Page = Response | str | tuple[str, int]


class RefusalForm(Form):
    """Why the department does not stand by it."""

    reason = TextAreaField(_l("Reason"))


@routes.get("/uses")
@for_action(Action.SEE_EMERGENCY)
@reads
def uses(session: Session) -> Page:
    """Every use in sight: who, when, by which template, on whose word, and what became of it."""
    page = max(request.args.get("page", 1, type=int), 1)
    found = queries.uses(session, actor=actor(), now=ctx.now(), page=page)
    return render_template(
        "emergency/uses.html", found=found[:PAGE], page=page, more=len(found) > PAGE
    )


@routes.get("/uses/<int:use_id>")
@for_action(Action.SEE_EMERGENCY)
@reads
def show(session: Session, use_id: int) -> Page:
    """One use: what left, on whose word, and what the department says of it."""
    return _use_page(session, use_id)


def _use_page(session: Session, use_id: int, happened: str = "") -> str:
    now = ctx.now()
    used = queries.use_for(session, actor=actor(), now=now, use_id=use_id)
    return render_template(
        "emergency/use.html",
        used=used,
        decides=_decides(session, used),
        is_own=used.use.decision.person_id == actor().person_id,
        under=session.get(Appointment, actor().appointment_id),
        sees_post=may(actor(), Action.SEE_POST, used.post.department_id),
        drafts=may(actor(), Action.DRAFT, used.post.department_id),
        happened=happened,
    )


def _decides(session: Session, used: UseOutcome) -> bool:
    """Whether this actor may say the department's word now."""
    if used.use.ratification is not None or used.use.decision.person_id == actor().person_id:
        return False
    standing_in = ratification.may_head_decide(session, used.use, now=ctx.now())
    department_id = used.use.decision.department_id
    return may(actor(), Action.RATIFY, department_id, standing_in=standing_in)


@routes.post("/uses/<int:use_id>/ratify")
@for_action(Action.RATIFY)
def ratify(use_id: int) -> Page:
    """The department stands by it."""
    try:
        with ctx.database.transaction() as session:
            ratification.ratify(session, actor=actor(), now=ctx.now(), use_id=use_id)
    except NotAllowed as refusal:
        return _refused(use_id, refusal_sentence(refusal))
    flash(_("Ratified. The department stands by what was published."))
    return redirect(url_for("emergency.show", use_id=use_id))


@reads
def _refused(session: Session, use_id: int, happened: str) -> Page:
    return _use_page(session, use_id, happened), 409


@routes.get("/uses/<int:use_id>/refuse")
@for_action(Action.RATIFY)
@reads
def ask_refusal(session: Session, use_id: int) -> Page:
    """Why the department does not stand by it."""
    return _refusal_page(session, use_id, RefusalForm())


@routes.post("/uses/<int:use_id>/refuse")
@for_action(Action.RATIFY)
def refuse(use_id: int) -> Page:
    """The department does not stand by it; a correction is owed from now on."""
    form = RefusalForm()
    try:
        with ctx.database.transaction() as session:
            reason = form.reason.data or ""
            ratification.refuse(session, actor=actor(), now=ctx.now(), use_id=use_id, reason=reason)
    except Invalid as invalid:
        form.show(invalid.problems)
        with ctx.database.reading() as session:
            return _refusal_page(session, use_id, form), 422
    except NotAllowed as refusal:
        return _refused(use_id, refusal_sentence(refusal))
    flash(_("Refused. The cell is told, and a correction is owed until it is out."), "amber")
    return redirect(url_for("emergency.show", use_id=use_id))


def _refusal_page(session: Session, use_id: int, form: RefusalForm) -> str:
    used = queries.use_for(session, actor=actor(), now=ctx.now(), use_id=use_id)
    check_in_sight(actor(), Action.SEE_EMERGENCY, [used.use.decision.department_id])
    return render_template("emergency/refuse.html", used=used, form=form)
