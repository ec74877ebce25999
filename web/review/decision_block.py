"""Why somebody cannot decide about a revision, on its page and at a personal link."""

from __future__ import annotations

from sqlalchemy.orm import Session

from approvals import gate
from approvals.approvers import Approvers
from approvals.errors import FourEyesRequired, RestsOnWriter
from approvals.policy import Action, Actor, may
from approvals.states import PostState
from publisher.models.posts import Revision
from publisher.people import confirmation
from publisher.review import department_approvers, gate_adapter
from publisher.review.department_approvers import HeadNotYet
from publisher.review.department_reviews import department_reviews
from web.core.context import ctx
from web.core.i18n import _
from web.messages.names import department_name
from web.messages.refusals import refusal_sentence


def blocking_sentence(
    session: Session, revision: Revision, approvers: Approvers, *, actor: Actor
) -> str:
    """Return a sentence on why the actor cannot decide; empty if they can or nothing is asked."""
    post = revision.post
    if post.state is not PostState.IN_REVIEW or revision.number != post.newest:
        return ""
    department_id = actor.department_id
    if department_id not in gate_adapter.department_ids_to_ask(revision):
        return _("Only the department that was asked can decide.")
    if department_names := _pending_department_names(revision, department_id):
        return _(
            "Your department has approved this revision. It waits for: %(departments)s.",
            departments=department_names,
        )
    try:
        department_approvers.check_right(revision, approvers, Action.APPROVE, actor=actor)
    except HeadNotYet as refusal:
        return refusal_sentence(refusal)
    if not may(actor, Action.APPROVE, department_id, standing_in=approvers.standing_in):
        return _("An officer of your department decides about this.")
    try:
        gate.check_approval(
            state=post.state,
            seen_revision=revision.number,
            newest_revision=post.newest,
            person_id=actor.person_id or 0,
            authors=gate_adapter.authors_to_exclude(revision),
            rests_on=confirmation.own_ground(session, actor),
        )
    except RestsOnWriter as refusal:
        return refusal_sentence(refusal)
    except FourEyesRequired as refusal:
        # The authors of the revisions that this one restores are excluded as well.
        if revision.author_id != actor.person_id:
            return _("This revision restores words that you wrote. Another person must approve it.")
        return refusal_sentence(refusal)
    return ""


def _pending_department_names(revision: Revision, department_id: int | None) -> str:
    """Return the departments yet to decide, joined by commas, if the actor's has approved."""
    reviews = department_reviews(revision, now=ctx.now())
    has_approved = any(
        review.has_approved for review in reviews if review.department.id == department_id
    )
    pending_names = [department_name(review.department) for review in reviews if review.is_pending]
    return ", ".join(pending_names) if has_approved else ""
