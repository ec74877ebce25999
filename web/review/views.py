"""The review page of a revision, and its approval."""

from __future__ import annotations

from collections.abc import Collection

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug import Response
from wtforms import IntegerField

from approvals import gate
from approvals.errors import FourEyesRequired, NotAllowed, StaleRevision, WrongState
from approvals.policy import Action, may
from approvals.states import PostState
from publisher import failpoints
from publisher.drafting import diff, drafts
from publisher.models.posts import DecisionKind, Post, Revision
from publisher.review import decide, gate_adapter, history
from publisher.review.decide import ActsUnderAnother
from web.core.auth import actor, reads
from web.core.context import ctx
from web.core.i18n import _
from web.core.permissions import for_action, for_roles
from web.drafting import warnings
from web.drafting.revisions import newer_changes, previous_revision
from web.forms import Form
from web.messages.names import department_name
from web.messages.refusals import refusal_sentence
from web.messages.review_codes import already_sentence
from web.previews import previews_of, short_title

routes = Blueprint("reviewing", __name__)
Page = Response | str | tuple[str, int]
DECIDERS = (Action.APPROVE, Action.RETURN, Action.REJECT)


class SeenForm(Form):
    """The revision that the page showed, and the appointment under which it was opened."""

    seen = IntegerField()
    under = IntegerField()


@routes.get("/posts/<int:post_id>/review")
@for_roles()
@reads
def show(session: Session, post_id: int) -> Page:
    """Show all texts of a revision, its changes, its time window and its sources."""
    post = drafts.post_for(session, actor=actor(), post_id=post_id)
    if not post.revisions:
        return redirect(url_for("posts.show", post_id=post_id))
    number = request.args.get("revision", post.newest, type=int)
    revision = next((row for row in post.revisions if row.number == number), post.revisions[-1])
    return _page(session, post, revision)


def _page(
    session: Session, post: Post, revision: Revision, *, refusal: NotAllowed | None = None
) -> str:
    before, now = previous_revision(post, revision), ctx.now()
    standings = gate_adapter.standings(revision, now=now)
    lacking = gate_adapter.lacking(session, revision, standings, now=now)
    return render_template(
        "review/review.html",
        post=post,
        revision=revision,
        shown=(views := previews_of(revision)),
        jumps=[(short_title(view.variant), f"#{view.anchor}") for view in views],
        photos=len(
            {picture.source_sha256 for view in views for picture in view.variant.renditions}
        ),
        warned=warnings.of_revision(session, revision),
        before=before,
        changes=diff.changes(before, revision) if before else [],
        changes_since=newer_changes(post, revision),
        standings=standings,
        lacking=lacking,
        approvers=gate_adapter.approvers_for(session, revision, _my_department(revision), now=now),
        refusal=refusal_sentence(refusal) if refusal else _blocker(session, post, revision),
        pressed=refusal is not None,
        can_still=isinstance(refusal, ActsUnderAnother) and not _blocker(session, post, revision),
        under=actor().appointment_id,
        asks=may(actor(), Action.SEND_FOR_REVIEW, post.department_id)
        and sum(review.is_missing for review in standings) > len(lacking),
    )


def _my_department(revision: Revision) -> int:
    """Return the id of the actor's department if it is asked, else of the owning department."""
    own_id = actor().department_id
    asked_ids = gate_adapter.asked_departments(revision)
    return own_id if own_id is not None and own_id in asked_ids else asked_ids[0]


def _blocker(session: Session, post: Post, revision: Revision) -> str:
    """Return the reason why the actor cannot decide now; empty if they can."""
    if post.state is not PostState.IN_REVIEW or revision.number != post.newest:
        return ""
    department_id = actor().department_id
    if department_id not in gate_adapter.asked_departments(revision):
        return _("Only the department that was asked can decide.")
    if waits_for := _waits_for_others(revision, department_id):
        return _(
            "Your department has approved this revision. It waits for: %(departments)s.",
            departments=waits_for,
        )
    able = gate_adapter.approvers_for(session, revision, department_id, now=ctx.now())
    if not may(actor(), Action.APPROVE, department_id, standing_in=able.standing_in):
        return _("An officer of your department decides about this.")
    try:
        gate.check_approval(
            state=post.state,
            seen_revision=revision.number,
            newest_revision=post.newest,
            person_id=actor().person_id or 0,
            authors=gate_adapter.bound_authors(revision),
        )
    except FourEyesRequired as refusal:
        if revision.author_id != actor().person_id:
            return _("This revision brings back words that you wrote. Somebody else approves it.")
        return refusal_sentence(refusal)
    return ""


def _waits_for_others(revision: Revision, department_id: int | None) -> str:
    """Return the departments yet to approve if the actor's has approved; else empty."""
    standings = gate_adapter.standings(revision, now=ctx.now())
    has_approved = any(
        review.has_approved for review in standings if review.department.id == department_id
    )
    missing = [department_name(review.department) for review in standings if review.is_missing]
    return ", ".join(missing) if has_approved else ""


@routes.post("/posts/<int:post_id>/approve")
@for_action(*DECIDERS)
def approve(post_id: int) -> Page:
    """Approve the revision that the page showed."""
    form = SeenForm()
    try:
        decide.check_under(actor(), form.under.data)
        with ctx.database.transaction() as session:
            decide.approve(
                session,
                actor=actor(),
                now=ctx.now(),
                post_id=post_id,
                seen_revision=form.seen.data or 0,
            )
        failpoints.hit("approve.after_commit")
    except NotAllowed as refusal:
        response = redirect_if_already_decided(
            post_id, form.seen.data or 0, gate_adapter.APPROVALS, refusal
        )
        return response or _refused_page(post_id, form.seen.data or 0, refusal)
    flash(_("You have approved this revision. The cell sets its time."))
    return redirect(url_for("posts.show", post_id=post_id))


def redirect_if_already_decided(
    post_id: int, number: int, kinds: Collection[DecisionKind], refusal: NotAllowed
) -> Response | None:
    """Redirect if the actor has already decided so, else return None."""
    # A button pressed twice, or again after going back, is no error.
    if not isinstance(refusal, WrongState):
        return None
    with ctx.database.reading() as session:
        decision = history.decision_on(
            session, actor=actor(), post_id=post_id, seen_revision=number
        )
        if decision is None or decision.kind not in kinds:
            return None
        flash(already_sentence(decision), "grey")
    return redirect(url_for("posts.show", post_id=post_id))


def _refused_page(post_id: int, number: int, refusal: NotAllowed) -> Page:
    """Return the review page with the refusal; a stale revision is shown with its changes."""
    with ctx.database.reading() as session:
        post = drafts.post_for(session, actor=actor(), post_id=post_id)
        revisions = {candidate.number: candidate for candidate in post.revisions}
        stale = isinstance(refusal, StaleRevision)
        revision = revisions.get(number if stale else post.newest, post.revisions[-1])
        return _page(session, post, revision, refusal=refusal), 409
