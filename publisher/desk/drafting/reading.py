"""A post in full, as far as the actor may see it, and the accounts it can be written for."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from approvals.policy import Action, Actor
from publisher.desk import account_use
from publisher.desk.checking import Missing, check_in_sight
from publisher.models.comments import Reply
from publisher.models.content.posts import (
    Decision,
    Post,
    PostKind,
    Revision,
    RevisionDepartment,
    Variant,
)
from publisher.models.content.submissions import Submission
from publisher.models.deliveries import Account, Delivery
from publisher.models.people import Appointment
from publisher.states import AccountState


def post_for(session: Session, *, actor: Actor, post_id: int) -> Post:
    """A post with its revisions, decisions, deliveries and submissions.

    `Missing` unless its department, one that a revision names, or one whose submission it rests
    on is in the actor's sight.
    """
    query = select(Post).where(Post.id == post_id).options(*_IN_FULL)
    post = session.scalars(query).one_or_none()
    if post is None:
        raise Missing(post_id)
    named = {row.department_id for revision in post.revisions for row in revision.departments}
    sources = {submission.department_id for submission in post.submissions}
    check_in_sight(actor, Action.SEE_POST, {post.department_id, *named, *sources})
    return post


def usable_accounts(session: Session, post: Post | None = None) -> list[Account]:
    """The accounts a post can be written for: connected or only paused, open to its department."""
    usable = Account.state.in_((AccountState.CONNECTED, AccountState.PAUSED))
    query = select(Account).where(usable).order_by(Account.platform.desc(), Account.id)
    if post is not None and post.kind is PostKind.POST:
        query = query.where(account_use.is_open_to(post.department_id))
    return list(session.scalars(query))


_REVISIONS = selectinload(Post.revisions)
_VARIANTS = _REVISIONS.selectinload(Revision.variants)
_DECISIONS = _REVISIONS.selectinload(Revision.decisions)
_DELIVERIES = selectinload(Post.deliveries)
_IN_FULL: tuple[ORMOption, ...] = (
    joinedload(Post.department),
    joinedload(Post.reply).joinedload(Reply.comment),
    selectinload(Post.submissions).selectinload(Submission.files),
    selectinload(Post.submissions).joinedload(Submission.department),
    selectinload(Post.submissions).joinedload(Submission.handed_in_by),
    selectinload(Post.submissions).selectinload(Submission.posts),
    _REVISIONS.joinedload(Revision.author),
    _REVISIONS.joinedload(Revision.author_under),
    _REVISIONS.selectinload(Revision.departments).joinedload(RevisionDepartment.department),
    _VARIANTS.joinedload(Variant.account),
    _VARIANTS.selectinload(Variant.renditions),
    _DECISIONS.joinedload(Decision.person),
    _DECISIONS.joinedload(Decision.appointment).joinedload(Appointment.department),
    _DELIVERIES.joinedload(Delivery.account),
    _DELIVERIES.joinedload(Delivery.variant),
    _DELIVERIES.joinedload(Delivery.receipt),
)
