"""Compare two revisions of a post word by word, and restore an older one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from approvals.policy import Action, may
from approvals.states import PostState
from publisher.drafting import diff, drafts, save
from publisher.drafting.diff import Change
from publisher.models.posts import Post, PostKind, Revision, Variant
from publisher.validation import NotFound
from web.core.auth import actor, actor_now, reads, writing
from web.core.form_views import handle_form
from web.core.i18n import _
from web.core.permissions import Page, allow_action, allow_roles
from web.forms import Form, number_of

routes = Blueprint("revisions", __name__)


@dataclass(frozen=True)
class Compared:
    """A text of two revisions with its changes, which are empty if both are the same."""

    variant: Variant
    changes: tuple[Change, ...]


def previous_revision(post: Post, revision: Revision) -> Revision | None:
    """Return the revision before this one, or None for the first."""
    earlier = [candidate for candidate in post.revisions if candidate.number < revision.number]
    return earlier[-1] if earlier else None


def newer_changes(post: Post, revision: Revision) -> list[Change]:
    """Return the changes from this revision to the newest; none if it is the newest."""
    newest = post.revisions[-1]
    return diff.changes(revision, newest) if newest.number != revision.number else []


@routes.get("/posts/<int:post_id>/compare")
@allow_roles()
def show(post_id: int) -> Page:
    """Compare the revisions `from` and `to`; by default the newest two."""
    return _comparison(Form(formdata=None), post_id)


@reads
def _comparison(session: Session, form: Form, post_id: int) -> str:
    post = drafts.get_post(session, actor=actor(), post_id=post_id)
    if not post.revisions:
        raise NotFound(post.id)
    # An unknown number is replaced by the default.
    revisions = {str(revision.number): revision for revision in post.revisions}
    new = revisions.get(request.values.get("to", ""), post.revisions[-1])
    before = [revision for revision in post.revisions if revision.number < new.number]
    old = revisions.get(request.values.get("from", ""), before[-1] if before else new)
    changes = diff.changes(old, new)
    return render_template(
        "posts/compare.html",
        post=post,
        old_revision=old,
        new_revision=new,
        texts=_texts(old, new, changes),
        post_changes=[change for change in changes if change.variant is None],
        departments={
            row.department_id: row.department for row in (*old.departments, *new.departments)
        },
        finely=diff.finely,
        messages=form.form_errors,
        may_restore=post.kind is PostKind.POST
        and post.state is not PostState.WITHDRAWN
        and may(actor(), Action.DRAFT, post.department_id),
    )


def _texts(old: Revision, new: Revision, changed: Sequence[Change]) -> list[Compared]:
    """Return every text of both revisions with its changes, in the order of the new revision."""
    variants = {(variant.account_id, variant.language): variant for variant in new.variants}
    for variant in old.variants:
        variants.setdefault((variant.account_id, variant.language), variant)
    changes: dict[tuple[int, str], list[Change]] = {key: [] for key in variants}
    for change in changed:
        if change.variant is not None:
            changes[change.variant.account_id, change.variant.language].append(change)
    return [Compared(variant, tuple(changes[key])) for key, variant in variants.items()]


@routes.post("/posts/<int:post_id>/restore")
@allow_action(Action.DRAFT)
@handle_form(Form, shown_by=_comparison)
def restore(_form: Form, post_id: int) -> Page:
    """Save the content of an older revision as a new one."""
    number = number_of(request.form.get("number"))
    with writing() as session:
        new_number = save.restore(
            session,
            **actor_now(),
            post_id=post_id,
            seen_revision=number_of(request.form.get("seen")),
            number=number,
            note=_("Restored from revision %(number)s.", number=number),
        ).number
    flash(_("Saved as revision %(number)s.", number=new_number))
    return redirect(url_for("drafting.edit", post_id=post_id))
