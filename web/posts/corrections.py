"""The live publications of a post, and changes that others made to them on the platform."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from wtforms import TextAreaField

from approvals.policy import Action
from publisher.delivery.monitoring import acknowledge
from publisher.drafting import diff
from publisher.models.controls import Order
from publisher.models.posts import Post
from publisher.reports.external_changes import ExternalChange, FindingKind, finding_for, findings_of
from publisher.review import takedown_orders
from publisher.scheduling import corrections
from publisher.scheduling.corrections import LiveText
from web.core.auth import actor, actor_now, reads, writing
from web.core.form_views import handle_form
from web.core.i18n import _, _l
from web.core.permissions import Page, allow_action, allow_roles
from web.forms import Form

routes = Blueprint("corrections", __name__)


class ChangeNoteForm(Form):
    """A note that explains an external change."""

    note = TextAreaField(_l("What is it about?"))


@dataclass(frozen=True)
class LivePublication:
    """A live publication of a post, with its latest takedown order and external change."""

    live: LiveText
    order: Order | None
    finding: ExternalChange | None


@dataclass(frozen=True)
class PastPublication:
    """A publication that is no longer live, because of a takedown order or deleted by others."""

    order: Order | None
    finding: ExternalChange | None


@dataclass(frozen=True)
class PostPublications:
    """The live and the past publications of a post."""

    live: tuple[LivePublication, ...]
    past: tuple[PastPublication, ...]

    @property
    def can_be_taken_back(self) -> bool:
        """True if a publication is live and has no pending takedown order."""
        return any(
            publication.live.is_known
            and (publication.order is None or not takedown_orders.is_pending(publication.order))
            for publication in self.live
        )


def load_publications(session: Session, post: Post) -> PostPublications:
    """Return the live and past publications of the post, with at most three queries."""
    lives = corrections.select_live_texts(post.deliveries)
    if not any(delivery.receipt is not None for delivery in post.deliveries):
        return PostPublications((), ())
    orders = takedown_orders.list_orders(session, post.id)
    findings = findings_of(session, actor=actor(), post_id=post.id)
    publications = tuple(_live_publication(live, orders, findings) for live in lives)
    live_receipt_ids = {publication.live.receipt.id for publication in publications}
    ordered_away = tuple(
        PastPublication(order, None) for order in orders if order.receipt_id not in live_receipt_ids
    )
    deleted_by_others = (finding for finding in findings if finding.kind is FindingKind.GONE)
    return PostPublications(
        publications,
        ordered_away + tuple(PastPublication(None, finding) for finding in deleted_by_others),
    )


def _live_publication(
    live: LiveText, orders: list[Order], findings: tuple[ExternalChange, ...]
) -> LivePublication:
    own_orders = [order for order in orders if order.receipt_id == live.receipt.id]
    changes = [
        finding
        for finding in findings
        if finding.watch.receipt_id == live.receipt.id and finding.kind is FindingKind.CHANGED
    ]
    return LivePublication(
        live, own_orders[-1] if own_orders else None, changes[-1] if changes else None
    )


@routes.get("/found/<int:watch_id>")
@allow_roles()
def show_change(watch_id: int) -> Page:
    """Show the published text next to the text that the platform shows now."""
    return _change_page(ChangeNoteForm(formdata=None), watch_id)


@reads
def _change_page(session: Session, form: ChangeNoteForm, watch_id: int) -> str:
    finding = finding_for(session, actor=actor(), watch_id=watch_id)
    changed = finding.kind is FindingKind.CHANGED
    pieces = diff.difference(finding.own_text, finding.watch.seen_text) if changed else ()
    return render_template(
        "posts/external_change.html",
        finding=finding,
        form=form,
        pieces=diff.finely(pieces) if changed else [],
    )


@routes.post("/found/<int:watch_id>/seen")
@allow_action(Action.NOTE_FINDING)
@handle_form(ChangeNoteForm, shown_by=_change_page)
def mark_seen(form: ChangeNoteForm, watch_id: int) -> Page:
    """Mark the external change as seen, with a note."""
    note = form.note.data or ""
    with writing() as session:
        finding_for(session, actor=actor(), watch_id=watch_id)
        acknowledge.note_seen(session, **actor_now(), watch_id=watch_id, note=note)
    flash(_("Noted. It is no longer in Decisions."))
    flash(f"found-{watch_id}", "draft-done")
    return redirect(url_for("corrections.show_change", watch_id=watch_id))
