"""One post: how it stands, what happened so far, what leaves when, and what can be done."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug import Response
from wtforms import TextAreaField

from approvals.policy import Action, may, scope_of
from approvals.states import PostState
from publisher.drafting import collaboration, drafts
from publisher.models.desk import OpenDraft
from publisher.models.posts import Post, PostKind, Revision
from publisher.reports import timeline
from publisher.review import decide, gate_adapter
from publisher.review.gate_adapter import DepartmentReview, asked_departments
from publisher.validation import Invalid, departments_in_sight
from web.core.auth import actor, reads
from web.core.context import ctx
from web.core.i18n import _, _l
from web.core.permissions import for_action, for_roles
from web.forms import Form
from web.messages.progress import NEXT, STEPS
from web.posts.corrections import Situation, situation_of
from web.previews import previews_of

routes = Blueprint("posts", __name__)
Page = Response | str | tuple[str, int]


class ClerkNoteForm(Form):
    """A note between clerks."""

    clerk_note = TextAreaField(_l("Internal note"))


@routes.get("/posts/<int:post_id>")
@for_roles()
@reads
def show(session: Session, post_id: int) -> Page:
    """The post as it stands."""
    return _page(session, post_id, ClerkNoteForm(formdata=None))


def _page(session: Session, post_id: int, form: ClerkNoteForm) -> str:
    post = drafts.post_for(session, actor=actor(), post_id=post_id)
    newest = post.revisions[-1] if post.revisions else None
    situation = situation_of(session, post)
    acts = _acts(post) | _acts_outside(post, situation)
    return render_template(
        "posts/post.html",
        post=post,
        revision=newest,
        shown=previews_of(newest) if newest else [],
        timeline=timeline.post_timeline(session, post_id=post_id, now=ctx.now()),
        steps=STEPS,
        next_words=NEXT,
        acts=acts,
        situation=situation,
        standings=(standings := _standings(newest)),
        blocked=_blocked(session, post, standings),
        sisters=_sisters(post),
        in_sight=_in_sight(post),
        notes=collaboration.notes_of(session, actor=actor(), post_id=post_id),
        reads_notes=collaboration.reads_notes(actor()),
        note_form=form,
        others=_others(session, post_id) if "draft" in acts else [],
    )


def _standings(newest: Revision | None) -> list[DepartmentReview]:
    return gate_adapter.standings(newest, now=ctx.now()) if newest else []


def _blocked(session: Session, post: Post, standings: Sequence[DepartmentReview]) -> set[int]:
    """The asked departments for which nobody can approve the newest revision."""
    if post.state is not PostState.IN_REVIEW:
        return set()
    lacking = gate_adapter.lacking(session, post.revisions[-1], standings, now=ctx.now())
    return {department.id for department, _why in lacking}


def _others(session: Session, post_id: int) -> list[OpenDraft]:
    return collaboration.others_at(session, actor=actor(), now=ctx.now(), post_id=post_id)


def _in_sight(post: Post) -> set[int]:
    """The submissions that this person may open: those of other departments only the cell's."""
    if scope_of(actor(), Action.SEE_SUBMISSION) is None:
        return set()
    seen = departments_in_sight(actor(), Action.SEE_SUBMISSION)
    return {one.id for one in post.submissions if seen is None or one.department_id in seen}


def _sisters(post: Post) -> list[Post]:
    """The other posts from the same submissions, as far as this person may see them."""
    seen = departments_in_sight(actor(), Action.SEE_POST)
    others = {one.id: one for submission in post.submissions for one in submission.posts}
    return [
        one
        for key, one in sorted(others.items())
        if key != post.id and (seen is None or one.department_id in seen)
    ]


@routes.post("/posts/<int:post_id>/notes")
@for_action(Action.DRAFT)
def note(post_id: int) -> Page:
    """Add a note between clerks; departments do not see it."""
    form = ClerkNoteForm()
    try:
        with ctx.database.transaction() as session:
            collaboration.write_note(
                session,
                actor=actor(),
                now=ctx.now(),
                post_id=post_id,
                text=form.clerk_note.data or "",
            )
    except Invalid as invalid:
        form.show(invalid.problems)
        with ctx.database.reading() as session:
            return _page(session, post_id, form), 422
    flash(_("The note is kept."))
    flash(f"note-{post_id}", "draft-done")
    return redirect(url_for("posts.show", post_id=post_id, _anchor="notes"))


def _acts(post: Post) -> frozenset[str]:
    """What this person can do now, by right and by the post's state; names as in the policy."""
    wanted = {
        Action.DRAFT: post.kind is PostKind.POST and post.state is not PostState.WITHDRAWN,
        Action.SEND_FOR_REVIEW: bool(post.revisions) and post.state is PostState.DRAFT,
        Action.SCHEDULE: post.state is PostState.APPROVED,
        Action.WITHDRAW_POST: post.state is not PostState.WITHDRAWN,
    }
    found = {
        action.value
        for action, possible in wanted.items()
        if possible and may(actor(), action, post.department_id)
    }
    if _may_come_to_the_desk(post):
        found.add("on_the_spot")
    return frozenset(found | _decisions(post))


def _acts_outside(post: Post, situation: Situation) -> frozenset[str]:
    """Ordering the deletion of what is live; what is out is not simply withdrawn any more."""
    mine = may(actor(), Action.ORDER_DELETION, post.department_id)
    return frozenset({"take_back"} if mine and situation.can_be_taken_back else ())


def _may_come_to_the_desk(post: Post) -> bool:
    """Whether an officer who stands at the clerk's desk could decide there, on their own phone."""
    todo_kinds = post.state is PostState.IN_REVIEW
    return todo_kinds and may(actor(), Action.SEND_FOR_REVIEW, post.department_id)


def _decisions(post: Post) -> set[str]:
    """Deciding, once for each asked department, and taking its approval back."""
    mine = actor().department_id
    if not post.revisions or mine not in asked_departments(post.revisions[-1]):
        return set()
    standing = [
        one for one in decide.standing_approvals(post.revisions[-1]) if one.department_id == mine
    ]
    in_force = any(gate_adapter.is_in_force(one, now=ctx.now()) for one in standing)
    found = set()
    todo_kinds = post.state is PostState.IN_REVIEW and not in_force
    if todo_kinds and may(actor(), Action.APPROVE, mine, standing_in=True):
        found.add("decide")
    if standing and may(actor(), Action.WITHDRAW_APPROVAL, mine, standing_in=True):
        found.add(Action.WITHDRAW_APPROVAL.value)
    return found
