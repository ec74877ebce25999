"""Start a post from a submission, save its revisions, and restore an older revision.

The newest revision is never overwritten: each save adds one.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from approvals import gate
from approvals.policy import Action, Actor, require
from approvals.states import PostState
from publisher import failpoints, transitions
from publisher.drafting.drafts import LONGEST_TITLE, PreparedDraft, PreparedPicture, PreparedVariant
from publisher.drafting.revisions import write_revision
from publisher.intake.close import lock_submission
from publisher.models.posts import Post, PostKind, Revision, RevisionDepartment, Variant
from publisher.people.departments import is_in_force
from publisher.states import SubmissionState
from publisher.validation import NotFound, Validator


def start(session: Session, *, actor: Actor, now: datetime, submission_id: int) -> Post:
    """Start a post from a submission, without a revision; a submission may have several posts.

    If the actor has taken the submission and started a post that has no revision yet, that post is
    returned: the response may have been lost. A submission that nobody has taken becomes the
    actor's. Raises `NotFound`, `WrongRole` or `WrongState`.
    """
    submission = lock_submission(session, submission_id, actor=actor, action=Action.DRAFT, now=now)
    verb = Action.DRAFT
    if submission.taken_by_id == actor.person_id:
        for post in submission.posts:
            if post.newest == 0 and post.state is PostState.DRAFT and len(post.submissions) == 1:
                return post
    if submission.taken_by_id is None:
        submission.taken_by_id, submission.taken_at = actor.person_id, now
    if submission.state is not SubmissionState.DRAFTED:
        transitions.apply(
            session, submission, SubmissionState.DRAFTED, actor=actor, now=now, verb=verb
        )
    post = Post(
        kind=PostKind.POST,
        title=submission.title,
        department_id=submission.department_id,
        created_at=now,
        state_at=now,
        submissions=[submission],
    )
    session.add(post)
    values = {"number": submission.number}
    transitions.record(session, post, verb, actor=actor, now=now, values=values)
    return post


def save(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    post_id: int,
    seen_revision: int,
    prepared: PreparedDraft,
) -> Revision:
    """Write a new revision; `seen_revision` is the number of the revision that was edited.

    Raises `StaleRevision`, before anything else is checked, if another revision was saved in
    between. The departments of the post's submissions are named if they are not asked. Raises
    `NotFound`, `WrongRole`, `WrongState`, or `Invalid` with every error.
    """
    post = transitions.lock(session, Post, post_id)
    if post is None or post.kind is not PostKind.POST:
        raise NotFound(post_id)
    require(actor, Action.DRAFT, post.department_id, now=now)
    gate.check_seen(seen_revision, post.newest)
    draft = prepared.draft
    validator = Validator(prepared.problems)
    title = validator.line("title", draft.title, most=LONGEST_TITLE, required=True)
    revision = write_revision(
        session,
        actor=actor,
        now=now,
        post=post,
        variants=prepared.variants,
        note=draft.note,
        not_before=draft.not_before,
        not_after=draft.not_after,
        asked_ids=draft.asked_ids,
        named_ids={
            *draft.named_ids,
            *(submission.department_id for submission in post.submissions),
        },
        form_errors=validator.problems,
    )
    post.title = title
    session.flush()
    failpoints.hit("edit.before_commit")
    return revision


def restore(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    post_id: int,
    seen_revision: int,
    number: int,
    note: str,
) -> Revision:
    """Write a new revision with the contents of revision `number`.

    `note` says which revision was restored. If the end of its window has passed, the window is left
    open. Departments of the newest revision stay asked or named, but a department that has ended is
    only named. Raises `NotFound`, `WrongRole`, `StaleRevision`, `WrongState`, or `Invalid` (an
    account is disconnected).
    """
    post = transitions.lock(session, Post, post_id)
    if post is None or post.kind is not PostKind.POST:
        raise NotFound(post_id)
    require(actor, Action.DRAFT, post.department_id, now=now)
    old = next((revision for revision in post.revisions if revision.number == number), None)
    if old is None:
        raise NotFound(number)
    gate.check_seen(seen_revision, post.newest)
    rows = (*old.departments, *post.revisions[-1].departments)
    ends_later = old.not_after is not None and old.not_after > now
    return write_revision(
        session,
        actor=actor,
        now=now,
        post=post,
        variants=[_variant(variant) for variant in old.variants],
        note=note,
        not_before=old.not_before,
        not_after=old.not_after if ends_later else None,
        asked_ids={row.department_id for row in rows if _is_asked(row, now)},
        named_ids={row.department_id for row in rows}
        | {submission.department_id for submission in post.submissions},
        restored_from=old,
    )


def _is_asked(row: RevisionDepartment, now: datetime) -> bool:
    """Return True if the department is asked and still in force, so that it can decide."""
    return row.asked and is_in_force(row.department, now=now)


def _variant(variant: Variant) -> PreparedVariant:
    return PreparedVariant(
        account_id=variant.account_id,
        language=variant.language,
        text=variant.text,
        link=variant.link,
        target=variant.target,
        pictures=tuple(PreparedPicture.of(rendition) for rendition in variant.renditions),
    )
