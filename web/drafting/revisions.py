"""Any two revisions of a post beside each other, word by word; and bringing an older one back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug import Response

from approvals.errors import StaleRevision
from approvals.policy import Action, may
from approvals.states import PostState
from publisher.drafting import diff, drafts, save
from publisher.drafting.diff import Change
from publisher.models.people import Department
from publisher.models.posts import Post, PostKind, Revision, Variant
from publisher.validation import Invalid, NotFound
from web.core.auth import actor, reads
from web.core.context import ctx
from web.core.i18n import _
from web.core.permissions import for_action, for_roles
from web.forms import number_of
from web.messages.field_errors import problem_sentence
from web.messages.refusals import refusal_sentence

routes = Blueprint("comparing", __name__)
Page = Response | str | tuple[str, int]


@dataclass(frozen=True)
class Compared:
    """One text in both revisions; without changes it is the same in both."""

    variant: Variant
    changes: tuple[Change, ...]


def decided_before(post: Post, revision: Revision) -> Revision | None:
    """The revision before this one, to compare it with."""
    earlier = [one for one in post.revisions if one.number < revision.number]
    return earlier[-1] if earlier else None


def newer_changes(post: Post, revision: Revision) -> list[Change]:
    """What changed from this revision to the newest; nothing where it is that."""
    newest = post.revisions[-1]
    return diff.changes(revision, newest) if newest.number != revision.number else []


@routes.get("/posts/<int:post_id>/compare")
@for_roles()
@reads
def show(session: Session, post_id: int) -> Page:
    """Two revisions by `from` and `to`; the newest and the one before where none are asked for."""
    post = drafts.post_for(session, actor=actor(), post_id=post_id)
    return _page(post)


def _page(post: Post, *, happened: Sequence[str] = ()) -> str:
    if not post.revisions:
        raise NotFound(post.id)
    old, new = _chosen(post)
    found = diff.changes(old, new)
    return render_template(
        "posts/compare.html",
        post=post,
        old=old,
        new=new,
        texts=_texts(old, new, found),
        whole=[one for one in found if one.variant is None],
        departments=_departments(old, new),
        finely=diff.finely,
        happened=happened,
        may_restore=_may_restore(post),
    )


def _chosen(post: Post) -> tuple[Revision, Revision]:
    """The revisions asked for; a number that none bears is read as the nearest default."""
    known = {str(one.number): one for one in post.revisions}
    new = known.get(request.values.get("to", ""), post.revisions[-1])
    before = [one for one in post.revisions if one.number < new.number]
    old = known.get(request.values.get("from", ""), before[-1] if before else new)
    return old, new


def _texts(old: Revision, new: Revision, found: Sequence[Change]) -> list[Compared]:
    """Every text of either revision, in the new order, with its changes."""
    variants = {(one.account_id, one.language): one for one in new.variants}
    for one in old.variants:
        variants.setdefault((one.account_id, one.language), one)
    changes: dict[tuple[int, str], list[Change]] = {key: [] for key in variants}
    for change in found:
        if change.variant is not None:
            changes[change.variant.account_id, change.variant.language].append(change)
    return [Compared(one, tuple(changes[key])) for key, one in variants.items()]


def _departments(old: Revision, new: Revision) -> dict[int, Department]:
    rows = (*old.departments, *new.departments)
    return {row.department_id: row.department for row in rows}


def _may_restore(post: Post) -> bool:
    live = post.kind is PostKind.POST and post.state is not PostState.WITHDRAWN
    return live and may(actor(), Action.DRAFT, post.department_id)


@routes.post("/posts/<int:post_id>/restore")
@for_action(Action.DRAFT)
def restore(post_id: int) -> Page:
    """Make a new revision of what an older one held."""
    number = number_of(request.form.get("number"))
    try:
        with ctx.database.transaction() as session:
            made = save.restore(
                session,
                actor=actor(),
                now=ctx.now(),
                post_id=post_id,
                seen_revision=number_of(request.form.get("seen")),
                number=number,
                note=_("Brought back from revision %(number)s.", number=number),
            )
            said = _("Saved as revision %(number)s.", number=made.number)
    except Invalid as invalid:
        return _refused(post_id, [problem_sentence(one) for one in invalid.problems]), 422
    except StaleRevision as stale:
        return _refused(post_id, [refusal_sentence(stale)]), 409
    flash(said)
    return redirect(url_for("drafting.edit", post_id=post_id))


@reads
def _refused(session: Session, post_id: int, happened: Sequence[str]) -> str:
    post = drafts.post_for(session, actor=actor(), post_id=post_id)
    return _page(post, happened=happened)
