"""Send a post for review, and record what officers decide: approve, return or reject."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session

from approvals import gate
from approvals.approvers import HeadGround
from approvals.errors import NotApproved, Overtaken, WrongRole, WrongState
from approvals.policy import Action, Actor, require, scope_of
from approvals.states import PostState
from publisher import failpoints, transitions
from publisher.content_checks import checks, placeholders
from publisher.content_checks.last_day import find_last_day
from publisher.models.posts import Decision, DecisionKind, PictureView, Post, PostKind, Revision
from publisher.notifications.kinds import NoticeKind
from publisher.people import confirmation, departments
from publisher.review import department_approvers, gate_adapter, in_person, notify
from publisher.scheduling import schedule, slots
from publisher.validation import FieldError, Invalid, clean_reason, existing

USEFUL_FOR = timedelta(days=30)


def send_for_review(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    post_id: int,
    seen_revision: int,
    head_hours: float = department_approvers.HEAD_HOURS,
) -> Post:
    """Fix the newest revision's window and digest, and ask the departments' officers to review it.

    Its head may decide after half the time, at least `head_hours` of work. Raises `StaleRevision`,
    `WrongState`, or `Invalid` if the window has passed, a blank is left, or a department has ended.
    """
    post = lock_post(session, post_id)
    require(actor, Action.SEND_FOR_REVIEW, post.department_id, now=now)
    gate.check_seen(seen_revision, post.newest)
    revision = schedule.newest_revision(post)
    if post.kind is PostKind.POST:
        placeholders.check_filled(revision)
        _end_window(revision, now=now)
    _check_asked(revision, now=now)
    _open_review(session, revision, actor=actor, now=now)
    department_approvers.set_head_time(revision, least=head_hours, now=now)
    for department_id in gate_adapter.department_ids_to_ask(revision):
        notify.ask(session, revision, department_id, actor=actor, now=now)
    return post


def _check_asked(revision: Revision, *, now: datetime) -> None:
    """Raise `Invalid` if the owning department is not asked, or an asked one has ended.

    A department may have ended after the revision was written, and could never decide.
    """
    approving_departments = [row.department for row in revision.departments if row.asked]
    owner_is_asked = revision.post.department_id in gate_adapter.department_ids_to_ask(revision)
    if not owner_is_asked or any(
        not departments.is_in_force(department, now=now) for department in approving_departments
    ):
        raise Invalid([FieldError("asked", "closed")])


def _end_window(revision: Revision, *, now: datetime) -> None:
    """Set a missing end of the window to the last future day that a text names.

    A day before the window or the wished time, when nothing could be sent, is ignored.
    """
    texts = [variant.text for variant in revision.variants]
    last_day = find_last_day(revision.post, texts, now=now)
    begins = max(now, revision.not_before or now, slots.earliest_wish(revision.post) or now)
    if revision.not_after is None and last_day is not None and last_day.ends_at > begins:
        revision.not_after = last_day.ends_at


def _open_review(session: Session, revision: Revision, *, actor: Actor, now: datetime) -> None:
    """Move the post from draft to in review."""
    post = revision.post
    # From approved a post returns to review only if an approver withdraws the approval.
    if post.state is not PostState.DRAFT:
        raise WrongState(state=post.state, to=PostState.IN_REVIEW)
    fix(session, revision, now=now)
    warnings = checks.warnings_for_event(session, revision, now=now)
    values: dict[str, object] = {"revision": revision.number, "warnings": warnings}
    transitions.apply(
        session,
        post,
        PostState.IN_REVIEW,
        actor=actor,
        now=now,
        verb="send_for_review",
        values=values,
    )


def fix(session: Session, revision: Revision, *, now: datetime) -> None:
    """Fix what is approved: the end of the window, the canonical form and its digest."""
    if revision.not_after is None:
        revision.not_after = now + USEFUL_FOR
    if revision.not_after <= now:
        raise Invalid([FieldError("not_after", "past", {"not_after": revision.not_after})])
    if revision.not_before is not None and revision.not_after <= revision.not_before:
        values = {"not_before": revision.not_before}
        raise Invalid([FieldError("not_after", "before_not_before", values)])
    canonical = gate.canonical(gate_adapter.load_subject(session, revision.id))
    revision.canonical, revision.digest = canonical, gate.digest(canonical)
    revision.sent_for_review_at = now


def approve(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    post_id: int,
    seen_revision: int,
    picture_view: PictureView | None = None,
) -> Decision:
    """Approve exactly the revision that was seen, for the actor's department.

    The post is approved when every asked department has approved. `picture_view` is only recorded.
    Raises `WrongRole`, `StaleRevision`, `WrongState`, `FourEyesRequired`, or `NotApproved` if the
    rows no longer have the digest that was fixed for review.
    """
    revision, department_id = _undecided_revision(
        session, Action.APPROVE, actor=actor, now=now, post_id=post_id, seen_revision=seen_revision
    )
    canonical = gate.canonical(gate_adapter.load_subject(session, revision.id))
    if gate.digest(canonical) != revision.digest:
        raise NotApproved(reason=gate.Refusal.CHANGED)
    _supersede_lapsed_approvals(session, revision, department_id, actor=actor, now=now)
    decision = _decide(
        session,
        DecisionKind.APPROVED,
        revision,
        department_id,
        actor=actor,
        now=now,
        picture_view=picture_view,
    )
    _approve_post_if_complete(session, revision, actor=actor, now=now)
    failpoints.hit("approve.before_commit")
    return decision


def _undecided_revision(
    session: Session,
    action: Action,
    *,
    actor: Actor,
    now: datetime,
    post_id: int,
    seen_revision: int,
) -> tuple[Revision, int]:
    """Return the newest revision and the deciding department if the actor may decide."""
    post = lock_post(session, post_id)
    revision = schedule.newest_revision(post)
    _check_still_asked(post, actor, seen_revision)
    department_id = deciding_department(session, revision, action, actor=actor, now=now)
    gate.check_approval(
        state=post.state,
        seen_revision=seen_revision,
        newest_revision=post.newest,
        person_id=actor.person_id or 0,
        authors=gate_adapter.authors_to_exclude(revision) if action is Action.APPROVE else (),
        rests_on=confirmation.own_ground(session, actor),
    )
    return revision, department_id


def _check_still_asked(post: Post, actor: Actor, seen_revision: int) -> None:
    """Raise `StaleRevision` if the actor's department was asked only by an older revision."""
    decides = scope_of(actor, Action.APPROVE) is not None
    if not decides or actor.department_id in gate_adapter.department_ids_to_ask(post.revisions[-1]):
        return
    seen_revisions = [revision for revision in post.revisions if revision.number == seen_revision]
    if any(
        actor.department_id in gate_adapter.department_ids_to_ask(revision)
        for revision in seen_revisions
    ):
        gate.check_seen(seen_revision, post.newest)


def deciding_department(
    session: Session, revision: Revision, action: Action, *, actor: Actor, now: datetime
) -> int:
    """Return the actor's department; raises `WrongRole` unless it is asked and the actor may."""
    department_id = actor.department_id
    if department_id is None or department_id not in gate_adapter.department_ids_to_ask(revision):
        raise WrongRole(role=actor.role, action=action)
    department_approvers.check(session, revision, department_id, action, actor=actor, now=now)
    gate_adapter.check_in_office(session, actor, action, now=now)
    return department_id


def _supersede_lapsed_approvals(
    session: Session, revision: Revision, department_id: int, *, actor: Actor, now: datetime
) -> None:
    """Withdraw the department's lapsed approvals; raises `Overtaken` if one is still in force."""
    for approval in standing_approvals(revision, department_id):
        if gate_adapter.is_in_force(approval, now=now):
            raise Overtaken(state=revision.post.state, to=PostState.APPROVED)
        approval.withdrawn_at, approval.withdrawn_by_id = now, actor.person_id
    session.flush()


def _decide(
    session: Session,
    kind: DecisionKind,
    revision: Revision,
    department_id: int,
    *,
    actor: Actor,
    now: datetime,
    reason: str = "",
    picture_view: PictureView | None = None,
) -> Decision:
    if actor.person_id is None or actor.appointment_id is None:
        raise WrongRole(role=actor.role, action=Action.APPROVE)
    ground = department_approvers.head_ground(
        session, revision, department_id, actor=actor, now=now
    )
    decision = Decision(
        revision=revision,
        department_id=department_id,
        kind=kind,
        person_id=actor.person_id,
        appointment_id=actor.appointment_id,
        at=now,
        reason=reason,
        digest=revision.digest,
        head_ground=ground,
        head_from_at=revision.head_decides_at if ground is HeadGround.UNDECIDED else None,
        credential=actor.credential,
        picture_view=picture_view,
    )
    session.add(decision)
    session.flush()
    if kind is not DecisionKind.OWN_HAND:  # such a reply was never in review before
        in_person.end_codes(session, revision=revision, now=now)
    return decision


def _approve_post_if_complete(
    session: Session, revision: Revision, *, actor: Actor, now: datetime
) -> None:
    """Approve the post if every asked department has approved; else only record the approval."""
    post, values = revision.post, {"revision": revision.number}
    case = gate_adapter.load_case(session, revision.id, now=now)
    if gate.missing_departments(case, gate.counting(case)):
        transitions.record(session, post, "approve", actor=actor, now=now, values=values)
        return
    transitions.apply(
        session, post, PostState.APPROVED, actor=actor, now=now, verb="approve", values=values
    )
    notify.notify_person(session, NoticeKind.APPROVED, revision.author, revision, by=actor, now=now)
    if post.kind is PostKind.REPLY:
        schedule.send_reply(session, actor=actor, now=now, revision=revision)


def approve_by_own_hand(
    session: Session, *, actor: Actor, now: datetime, post: Post, revision: Revision
) -> Decision:
    """Approve a reply by writing it, as an officer or head of the responsible department."""
    require(actor, Action.ANSWER, post.department_id, now=now)
    decides = scope_of(actor, Action.APPROVE) is not None
    wrote = actor.person_id is not None and actor.person_id == revision.author_id
    if revision.post.kind is not PostKind.REPLY or not (decides and wrote):
        raise WrongRole(role=actor.role, action=Action.APPROVE)
    gate_adapter.check_in_office(session, actor, Action.APPROVE, now=now)
    _open_review(session, revision, actor=actor, now=now)
    decision = _decide(
        session, DecisionKind.OWN_HAND, revision, post.department_id, actor=actor, now=now
    )
    values = {"revision": revision.number}
    transitions.apply(
        session, post, PostState.APPROVED, actor=actor, now=now, verb="approve", values=values
    )
    return decision


_REFUSALS = {
    DecisionKind.RETURNED: (Action.RETURN, PostState.DRAFT, NoticeKind.RETURNED),
    DecisionKind.REJECTED: (Action.REJECT, PostState.REJECTED, NoticeKind.REJECTED),
}


def refuse(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    kind: DecisionKind,
    post_id: int,
    seen_revision: int,
    reason: str,
) -> Decision:
    """Return the revision to the cell, or reject the post, with a reason.

    One refusal is enough, so the other departments' approvals are withdrawn.
    """
    action, state, notice = _REFUSALS[kind]
    revision, department_id = _undecided_revision(
        session, action, actor=actor, now=now, post_id=post_id, seen_revision=seen_revision
    )
    cleaned_reason = clean_reason(reason)
    decision = _decide(
        session, kind, revision, department_id, actor=actor, now=now, reason=cleaned_reason
    )
    for other in standing_approvals(revision):
        other.withdrawn_at, other.withdrawn_by_id = now, actor.person_id
    post, values = revision.post, {"revision": revision.number, "decision": decision.id}
    transitions.apply(session, post, state, actor=actor, now=now, verb=action, values=values)
    if post.reply is not None:
        post.reply.withdrawn_at = now  # so that the comment can be answered again
    author = revision.author
    notify.notify_person(
        session, notice, author, revision, by=actor, now=now, reason=cleaned_reason
    )
    return decision


return_post = partial(refuse, kind=DecisionKind.RETURNED)
reject = partial(refuse, kind=DecisionKind.REJECTED)


def standing_approvals(revision: Revision, department_id: int | None = None) -> list[Decision]:
    """Return this revision's approvals that are not withdrawn, of one department or of all."""
    return [
        decision
        for decision in revision.decisions
        if decision.kind in gate_adapter.APPROVAL_KINDS
        and decision.withdrawn_at is None
        and department_id in (None, decision.department_id)
    ]


def lock_post(session: Session, post_id: int) -> Post:
    """Return the post, locked until the transaction ends; raises `NotFound`."""
    return existing(transitions.lock(session, Post, post_id), post_id)
