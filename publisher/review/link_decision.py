"""Decide about a revision with a personal link, as the person to whom it was sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session

from approvals.errors import WrongRole
from approvals.policy import Action
from publisher.auth import one_time_links
from publisher.auth.one_time_links import LinkSpent
from publisher.models.people import Link
from publisher.models.posts import Decision, DecisionCredential, DecisionKind, PictureView
from publisher.review import approval_links, decide


def decide_by_link(
    session: Session,
    *,
    link: Link,
    kind: DecisionKind,
    credential: DecisionCredential,
    now: datetime,
    reason: str = "",
    picture_view: PictureView | None = None,
) -> Decision:
    """Decide as the person of the link, verified by this credential, and use the link up.

    Raises what `decide` raises, `WrongRole` without an appointment in force, or `LinkSpent`.
    """
    revision = approval_links.get_revision(session, link)
    actor = approval_links.find_actor(session, link, now=now)
    if link.used_at is not None:
        raise LinkSpent
    if actor is None:
        raise WrongRole(role=None, action=Action.APPROVE)
    actor = replace(actor, credential=credential)
    act: Callable[..., Decision] = partial(decide.refuse, kind=kind, reason=reason)
    if kind is DecisionKind.APPROVED:
        act = partial(decide.approve, picture_view=picture_view)
    post_id, number = revision.post_id, revision.number
    decision = act(session, actor=actor, now=now, post_id=post_id, seen_revision=number)
    one_time_links.use(session, link=link, now=now)
    return decision
