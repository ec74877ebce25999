"""The page on which a head or the cell hands a person's open work over to another."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from wtforms import SelectField

from approvals.policy import Action
from publisher.transfers import hand_over
from web.core.auth import actor, actor_now, reads, writing
from web.core.context import ctx
from web.core.form_views import handle_form
from web.core.i18n import _, _l
from web.core.permissions import Page, allow_action
from web.forms import Form, number_of, options
from web.messages.names import person_name, post_name

routes = Blueprint("hand_over", __name__)


class HandOverForm(Form):
    """Who continues the work."""

    target_id = SelectField(_l("Successor"), validate_choice=False)


@reads
def _page(session: Session, form: HandOverForm, source_id: int) -> str:
    now = ctx.now()
    source = hand_over.source_of(session, source_id, actor=actor(), now=now)
    successors = hand_over.successors(session, source, now=now)
    names = [
        (str(office.id), f"{person_name(office.person)} – {post_name(office)}")
        for office in successors
    ]
    form.target_id.choices = options([("", _("Choose")), *names])
    return render_template(
        "transfers/hand_over.html",
        form=form,
        source=source,
        work=hand_over.open_work(session, source, now=now),
        has_successor=bool(successors),
        is_at_cell=source.role in hand_over.AT_CELL,
    )


@routes.route("/hand-over/<int:source_id>", methods=["GET", "POST"])
@allow_action(Action.HAND_OVER)
@handle_form(HandOverForm, shown_by=_page)
def show(form: HandOverForm, source_id: int) -> Page:
    """Hand the open work over; both people are notified."""
    with writing() as session:
        hand_over.hand_over(
            session,
            **actor_now(),
            source_id=source_id,
            target_id=number_of(form.target_id.data),
        )
    flash(_("The work is handed over, and both have been told."))
    return redirect(url_for("hand_over.show", source_id=source_id))
