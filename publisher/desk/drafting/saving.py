"""Beginning a post from a submission, and saving it: the newest revision is never overwritten."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from approvals import gate
from approvals.policy import Action, Actor, require
from publisher import failpoints, transitions
from publisher.desk.checking import Check, Missing
from publisher.desk.drafting.drafts import LONGEST_TITLE, PreparedDraft
from publisher.desk.drafting.writing import write_revision
from publisher.desk.intake.settling import locked_submission
from publisher.models.content.posts import Post, PostKind, Revision
from publisher.states import SubmissionState


def start(
    session: Session, *, actor: Actor, now: datetime, submission_id: int, title: str | None = None
) -> Post:
    """Begin a post from a submission, without a revision yet; another one from the same is fine.

    Raises `Missing`, `WrongRole`, `WrongState` or `Invalid` (the title).
    """
    submission = locked_submission(
        session, submission_id, actor=actor, action=Action.DRAFT, now=now
    )
    checking = Check()
    words = checking.line(
        "title", submission.title if title is None else title, most=LONGEST_TITLE, required=True
    )
    checking.finish()
    verb = Action.DRAFT
    if submission.state is not SubmissionState.DRAFTED:
        transitions.apply(
            session, submission, SubmissionState.DRAFTED, actor=actor, now=now, verb=verb
        )
    post = Post(
        kind=PostKind.POST,
        title=words,
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
    seen: int,
    prepared: PreparedDraft,
) -> Revision:
    """Write a new revision; `seen` is the number of the one that the writer began from.

    Whoever saves second is told by `StaleRevision`, before anything else is looked at. The
    departments of its submissions are named, where they are not asked. Raises
    `Missing`, `WrongRole`, `WrongState`, or `Invalid` with every problem at once.
    """
    post = transitions.lock(session, Post, post_id)
    if post is None or post.kind is not PostKind.POST:
        raise Missing(post_id)
    require(actor, Action.DRAFT, post.department_id, now=now)
    gate.check_seen(seen, post.newest)
    draft = prepared.draft
    checking = Check(prepared.problems)
    title = checking.line("title", draft.title, most=LONGEST_TITLE, required=True)
    revision = write_revision(
        session,
        actor=actor,
        now=now,
        post=post,
        variants=prepared.variants,
        note=draft.note,
        not_before=draft.not_before,
        not_after=draft.not_after,
        asked=draft.asked,
        named={*draft.named, *(one.department_id for one in post.submissions)},
        found=checking.problems,
    )
    post.title = title
    session.flush()
    failpoints.reach("edit.before_commit")
    return revision
