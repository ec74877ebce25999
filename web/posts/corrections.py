"""What is live of a post, and what others did to it on its platform: seen, and seen to."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug import Response
from wtforms import TextAreaField

from approvals.errors import NotAllowed
from approvals.policy import Action
from publisher.delivery.monitoring import acknowledge
from publisher.drafting import diff
from publisher.models.controls import Order
from publisher.models.posts import Post
from publisher.reports.external_changes import ExternalChange, FindingKind, finding_for, findings_of
from publisher.review import takedown_orders
from publisher.scheduling import corrections
from publisher.scheduling.corrections import LiveText
from publisher.validation import Invalid
from web.core.auth import actor, reads
from web.core.context import ctx
from web.core.i18n import _, _l
from web.core.permissions import for_action, for_roles
from web.forms import Form
from web.messages.refusals import refusal_sentence

routes = Blueprint("correcting", __name__)
Page = Response | str | tuple[str, int]


class ChangeNoteForm(Form):
    """What somebody says about what was found."""

    note = TextAreaField(_l("What is it about?"))


@dataclass(frozen=True)
class Outside:
    """One publication of a post that stands, with the order about it and what was found there."""

    live: LiveText
    order: Order | None
    finding: ExternalChange | None


@dataclass(frozen=True)
class Was:
    """One publication that stands no more: by an order of ours, or found to be gone."""

    order: Order | None
    finding: ExternalChange | None


@dataclass(frozen=True)
class Situation:
    """Everything of a post that is out, and what became of what was."""

    standing: tuple[Outside, ...]
    was: tuple[Was, ...]

    @property
    def can_be_taken_back(self) -> bool:
        """Whether something stands that nobody has ordered away."""
        return any(
            one.live.is_known and (one.order is None or not takedown_orders.is_pending(one.order))
            for one in self.standing
        )


def situation_of(session: Session, post: Post) -> Situation:
    """What of this post is out, in three queries at most."""
    lives = corrections.among(post.deliveries)
    if not any(one.receipt is not None for one in post.deliveries):
        return Situation((), ())
    orders = takedown_orders.orders_of(session, post.id)
    findings = findings_of(session, actor=actor(), post_id=post.id)
    standing = tuple(_outside(one, orders, findings) for one in lives)
    here = {one.live.receipt.id for one in standing}
    gone = tuple(Was(one, None) for one in orders if one.receipt_id not in here)
    missed = (one for one in findings if one.kind is FindingKind.GONE)
    return Situation(standing, gone + tuple(Was(None, one) for one in missed))


def _outside(one: LiveText, orders: list[Order], findings: tuple[ExternalChange, ...]) -> Outside:
    about = [order for order in orders if order.receipt_id == one.receipt.id]
    found = [
        finding
        for finding in findings
        if finding.receipt_id == one.receipt.id and finding.kind is FindingKind.CHANGED
    ]
    return Outside(one, about[-1] if about else None, found[-1] if found else None)


@routes.get("/found/<int:watch_id>")
@for_roles()
@reads
def found(session: Session, watch_id: int) -> Page:
    """What stands there now, what we published, and what can be done."""
    return _page(session, watch_id, ChangeNoteForm(formdata=None))


def _page(session: Session, watch_id: int, form: ChangeNoteForm, *, happened: str = "") -> str:
    finding = finding_for(session, actor=actor(), watch_id=watch_id)
    changed = finding.kind is FindingKind.CHANGED
    pieces = diff.difference(finding.ours, finding.seen) if changed else ()
    return render_template(
        "posts/external_change.html",
        finding=finding,
        form=form,
        happened=happened,
        pieces=diff.finely(pieces) if changed else [],
    )


@routes.post("/found/<int:watch_id>/seen")
@for_action(Action.NOTE_FINDING)
def seen(watch_id: int) -> Page:
    """Somebody has seen it, and says what it is about."""
    form = ChangeNoteForm()
    try:
        with ctx.database.transaction() as session:
            finding_for(session, actor=actor(), watch_id=watch_id)
            acknowledge.note_seen(
                session,
                actor=actor(),
                now=ctx.now(),
                watch_id=watch_id,
                note=form.note.data or "",
            )
    except Invalid as invalid:
        form.show(invalid.problems)
        with ctx.database.reading() as session:
            return _page(session, watch_id, form), 422
    except NotAllowed as refusal:
        with ctx.database.reading() as session:
            return _page(session, watch_id, form, happened=refusal_sentence(refusal)), 409
    flash(_("Noted. It no longer stands among the decisions."))
    flash(f"found-{watch_id}", "draft-done")
    return redirect(url_for("correcting.found", watch_id=watch_id))
