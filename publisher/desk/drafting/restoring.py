"""Bringing an older revision back: a new one, with its texts and pictures as they were stored."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from approvals import gate
from approvals.policy import Action, Actor, require
from publisher import transitions
from publisher.desk.checking import Missing
from publisher.desk.drafting.drafts import PreparedPicture, PreparedVariant
from publisher.desk.drafting.writing import write_revision
from publisher.models.content.posts import (
    Post,
    PostKind,
    Rendition,
    Revision,
    RevisionDepartment,
    Variant,
)
from publisher.people.departments import is_in_force


def restore(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    post_id: int,
    seen: int,
    number: int,
    note: str,
) -> Revision:
    """Write a new revision with what revision `number` held; nothing of the others is lost.

    `note` says where it comes from. An end of its window that has passed is left open. Whoever
    has joined the post since stays asked or named; a department that has ended is only named.
    Raises `Missing`, `WrongRole`, `StaleRevision`, `WrongState`, or `Invalid` (an account
    disconnected).
    """
    post = transitions.lock(session, Post, post_id)
    if post is None or post.kind is not PostKind.POST:
        raise Missing(post_id)
    require(actor, Action.DRAFT, post.department_id, now=now)
    old = next((one for one in post.revisions if one.number == number), None)
    if old is None:
        raise Missing(number)
    gate.check_seen(seen, post.newest)
    rows = (*old.departments, *post.revisions[-1].departments)
    ends_later = old.not_after is not None and old.not_after > now
    return write_revision(
        session,
        actor=actor,
        now=now,
        post=post,
        variants=[_variant(one) for one in old.variants],
        note=note,
        not_before=old.not_before,
        not_after=old.not_after if ends_later else None,
        asked={one.department_id for one in rows if _is_asked(one, now)},
        named={row.department_id for row in rows} | {one.department_id for one in post.submissions},
        restored_from=old,
    )


def _is_asked(row: RevisionDepartment, now: datetime) -> bool:
    """Nobody is asked who cannot answer any more; such a department is still named."""
    return row.asked and is_in_force(row.department, now=now)


def _variant(variant: Variant) -> PreparedVariant:
    return PreparedVariant(
        account_id=variant.account_id,
        language=variant.language,
        text=variant.text,
        link=variant.link,
        target=variant.target,
        pictures=tuple(_picture(one) for one in variant.renditions),
    )


def _picture(rendition: Rendition) -> PreparedPicture:
    return PreparedPicture(
        sha256=rendition.sha256,
        source_sha256=rendition.source_sha256,
        mime=rendition.mime,
        width=rendition.width,
        height=rendition.height,
        alt_text=rendition.alt_text,
    )
