"""One post: how it stands, what happened so far, what leaves when, and what can be done."""

from __future__ import annotations

from flask import Blueprint, render_template
from sqlalchemy.orm import Session

from approvals.lifecycle import PostState
from approvals.policy import Action, may
from publisher.desk import drafting, reviewing
from publisher.desk.judging import asked_departments
from publisher.models.content import Post, PostKind
from publisher.office import reporting
from web.acting import actor, reads
from web.house import house
from web.rules import for_roles
from web.showing import shown
from web.wording.progress import NEXT, STEPS

routes = Blueprint("posts", __name__)


@routes.get("/posts/<int:post_id>")
@for_roles()
@reads
def show(session: Session, post_id: int) -> str:
    """The post as it stands."""
    post = drafting.post_for(session, actor=actor(), post_id=post_id)
    return render_template(
        "posts/post.html",
        post=post,
        revision=post.revisions[-1] if post.revisions else None,
        shown=shown(post.revisions[-1]) if post.revisions else [],
        timeline=reporting.post_timeline(session, post_id=post_id, now=house().now()),
        steps=STEPS,
        next_words=NEXT,
        acts=_acts(post),
    )


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
    return frozenset(found | _decisions(post))


def _decisions(post: Post) -> set[str]:
    """Deciding, and taking an approval back, for the department that was asked."""
    mine = actor().department_id
    if not post.revisions or mine not in asked_departments(post.revisions[-1]):
        return set()
    found = set()
    if post.state is PostState.IN_REVIEW and may(actor(), Action.APPROVE, mine, standing_in=True):
        found.add("decide")
    standing = [
        one for one in reviewing.standing_approvals(post.revisions[-1]) if one.department_id == mine
    ]
    if standing and may(actor(), Action.WITHDRAW_APPROVAL, mine, standing_in=True):
        found.add(Action.WITHDRAW_APPROVAL.value)
    return found
