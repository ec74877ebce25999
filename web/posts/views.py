"""The page of a post: its state, timeline, deliveries and actions."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session, selectinload
from wtforms import TextAreaField

from approvals.policy import Action, may, scope_of
from approvals.states import PostState
from publisher.drafting import collaboration, drafts
from publisher.models.posts import Post, PostKind
from publisher.models.submissions import Submission
from publisher.reports import progress, timeline
from publisher.review import decide, gate_adapter
from publisher.review.department_approvers import offices_by_department
from publisher.review.department_reviews import (
    DepartmentReview,
    department_reviews,
    find_unapprovable,
    pending_ids,
)
from publisher.review.gate_adapter import department_ids_to_ask
from publisher.validation import departments_in_sight
from web.core.auth import actor, actor_now, reads, writing
from web.core.context import ctx
from web.core.form_views import handle_form
from web.core.i18n import _, _l
from web.core.permissions import Page, allow_action, allow_roles
from web.forms import Form
from web.messages.progress import NEXT, STEPS
from web.posts.corrections import PostPublications, load_publications
from web.previews import make_previews

routes = Blueprint("posts", __name__)
_SIBLINGS = (selectinload(Post.submissions).selectinload(Submission.posts),)


class ClerkNoteForm(Form):
    """A note that only clerks read."""

    clerk_note = TextAreaField(_l("Internal note"))


@routes.get("/posts/<int:post_id>")
@allow_roles()
def show(post_id: int) -> Page:
    """Show a post."""
    return _post_page(ClerkNoteForm(formdata=None), post_id)


@reads
def _post_page(session: Session, form: ClerkNoteForm, post_id: int) -> str:
    post = drafts.get_post(session, actor=actor(), post_id=post_id, options=_SIBLINGS)
    newest = post.revisions[-1] if post.revisions else None
    reviews = department_reviews(newest, now=ctx.now()) if newest else []
    publications = load_publications(session, post)
    department_ids = departments_in_sight(actor(), Action.SEE_POST)
    others = {other.id: other for submission in post.submissions for other in submission.posts}
    siblings = [
        other
        for key, other in sorted(others.items())
        if key != post.id and (department_ids is None or other.department_id in department_ids)
    ]
    acts = _acts(post) | _deletion_acts(post, publications)
    return render_template(
        "posts/post.html",
        post=post,
        revision=newest,
        previews=make_previews(newest) if newest else [],
        timeline=timeline.post_timeline(session, post=post, now=ctx.now()),
        step_labels=STEPS,
        next_labels=NEXT,
        acts=acts,
        publications=publications,
        reviews=reviews,
        blocked_ids=_blocked_departments(session, post, reviews),
        siblings=siblings,
        stages=progress.post_stages(session, [post, *siblings]),
        visible_ids=_visible_submission_ids(post),
        notes=collaboration.list_notes(session, actor=actor(), post_id=post_id),
        may_read_notes=collaboration.may_read_notes(actor()),
        note_form=form,
        other_editors=collaboration.other_editors(session, **actor_now(), post_id=post_id)
        if "draft" in acts
        else [],
    )


def _blocked_departments(
    session: Session, post: Post, reviews: Sequence[DepartmentReview]
) -> set[int]:
    """Return the ids of asked departments in which nobody can approve the newest revision."""
    if post.state is not PostState.IN_REVIEW:
        return set()
    offices = offices_by_department(session, pending_ids(reviews), now=ctx.now())
    nobody_for = find_unapprovable(offices, post.revisions[-1], reviews, now=ctx.now())
    return {department.id for department, _why in nobody_for}


def _visible_submission_ids(post: Post) -> set[int]:
    """Return the ids of the post's submissions that the actor may open."""
    if scope_of(actor(), Action.SEE_SUBMISSION) is None:
        return set()
    department_ids = departments_in_sight(actor(), Action.SEE_SUBMISSION)
    return {
        submission.id
        for submission in post.submissions
        if department_ids is None or submission.department_id in department_ids
    }


@routes.post("/posts/<int:post_id>/notes")
@allow_action(Action.DRAFT)
@handle_form(ClerkNoteForm, shown_by=_post_page)
def note(form: ClerkNoteForm, post_id: int) -> Page:
    """Add a note for clerks, which departments do not see."""
    text = form.clerk_note.data or ""
    with writing() as session:
        collaboration.write_note(session, **actor_now(), post_id=post_id, text=text)
    flash(_("The note is saved."))
    flash(f"note-{post_id}", "draft-done")
    return redirect(url_for("posts.show", post_id=post_id, _anchor="notes"))


def _acts(post: Post) -> frozenset[str]:
    """Return the names of the actions that the actor's rights and the post's state allow now."""
    is_possible = {
        Action.DRAFT: post.kind is PostKind.POST and post.state is not PostState.WITHDRAWN,
        Action.SEND_FOR_REVIEW: bool(post.revisions) and post.state is PostState.DRAFT,
        Action.SCHEDULE: post.state is PostState.APPROVED,
        Action.CANCEL: post.state is PostState.APPROVED,
        Action.WITHDRAW_POST: post.state is not PostState.WITHDRAWN,
    }
    names = {
        action.value
        for action, possible in is_possible.items()
        if possible and may(actor(), action, post.department_id)
    }
    # A code for an officer's own phone.
    in_review = post.state is PostState.IN_REVIEW
    if in_review and may(actor(), Action.SEND_FOR_REVIEW, post.department_id):
        names.add("on_the_spot")
    return frozenset(names | _decisions(post))


def _deletion_acts(post: Post, publications: PostPublications) -> frozenset[str]:
    """Return "take_back" if the actor may order the deletion of a live publication."""
    may_order = may(actor(), Action.ORDER_DELETION, post.department_id)
    return frozenset({"take_back"} if may_order and publications.can_be_taken_back else ())


def _decisions(post: Post) -> set[str]:
    """Return whether the actor may decide for their department or withdraw its approval."""
    department_id = actor().department_id
    if not post.revisions or department_id not in department_ids_to_ask(post.revisions[-1]):
        return set()
    approvals = [
        approval
        for approval in decide.standing_approvals(post.revisions[-1])
        if approval.department_id == department_id
    ]
    in_force = any(gate_adapter.is_in_force(approval, now=ctx.now()) for approval in approvals)
    names = set()
    is_undecided = post.state is PostState.IN_REVIEW and not in_force
    if is_undecided and may(actor(), Action.APPROVE, department_id, standing_in=True):
        names.add("decide")
    if approvals and may(actor(), Action.WITHDRAW_APPROVAL, department_id, standing_in=True):
        names.add(Action.WITHDRAW_APPROVAL.value)
    return names
