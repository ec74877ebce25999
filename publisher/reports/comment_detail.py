"""One comment: our post it stands under, the thread, who has it and why, and what was answered.

The conversation that a comment is part of, cut out of everything under the same post.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from approvals.policy import Action, Actor, may
from publisher.models.comments import AnswerKind, Comment, Reply, Routing, Thread
from publisher.models.deliveries import Delivery, ReceiptRow
from publisher.models.people import Appointment, Department
from publisher.models.posts import Post
from publisher.notifications import links
from publisher.reports import sql_conditions
from publisher.reports.replies import ReplyView, replies_to
from publisher.reports.types import AccountName, Office, Who, account_of, office_of, who_of
from publisher.states import CommentState
from publisher.validation import NotFound, check_in_sight

MOST = 100
"""How many comments of a conversation are read at most: those around the one in question."""

Links = Mapping[str, tuple[str, int]]
"""For each platform id what it answers, and the id of our comment, 0 for an answer of ours."""


def branch_of(session: Session, comment: Comment) -> Sequence[Comment]:
    """What the comment answers, up to our post, and all that was said below it, oldest first.

    Our own answers are links of the chain, since citizens answer them too.
    """
    links = _links(session, comment.thread_id)
    found = _below(_top(comment.platform_id, links), links)
    ids = [links[one][1] for one in links if one in found and links[one][1]]
    place = ids.index(comment.id)
    shown = ids[max(0, place - MOST // 2) : place + MOST // 2]
    query = select(Comment).where(Comment.id.in_(shown))
    return list(session.scalars(query.order_by(Comment.written_at, Comment.id)))


def _links(session: Session, thread_id: int) -> Links:
    """Everything in the thread, oldest first."""
    said = select(Comment.platform_id, Comment.parent_platform_id, Comment.id).where(
        Comment.thread_id == thread_id
    )
    answered = (
        select(ReceiptRow.platform_id, Comment.platform_id)
        .join(Delivery, Delivery.id == ReceiptRow.delivery_id)
        .join(Reply, Reply.post_id == Delivery.post_id)
        .join(Comment, Comment.id == Reply.comment_id)
        .where(Comment.thread_id == thread_id)
    )
    ordered = session.execute(said.order_by(Comment.written_at, Comment.id))
    links = {own: (parent, comment_id) for own, parent, comment_id in ordered}
    ours = session.execute(answered)
    return links | {own: (parent, 0) for own, parent in ours}


def _top(own: str, links: Links) -> str:
    """The uppermost that is still part of the conversation, and not our post."""
    seen = {own}
    while (parent := links[own][0]) in links and parent not in seen:
        seen.add(parent)
        own = parent
    return own


def _below(top: str, links: Links) -> set[str]:
    """This one and everything under it."""
    children = defaultdict(list)
    for own, (parent, _) in links.items():
        children[parent].append(own)
    found, ahead = {top}, [top]
    while ahead:
        new = [one for one in children[ahead.pop()] if one not in found]
        found.update(new)
        ahead.extend(new)
    return found


@dataclass(frozen=True)
class Said:
    """One voice in the thread: a citizen's comment, or an answer of ours; `is_this` is the one."""

    at: datetime
    comment_id: int
    author: str
    text: str
    url: str
    state: CommentState | None = None
    parent_id: int | None = None
    reply: ReplyView | None = None
    is_this: bool = False


@dataclass(frozen=True)
class OwnPost:
    """The post of ours under which the comment stands, as it left."""

    post_id: int
    path: str
    title: str
    text: str
    url: str
    published_at: datetime
    department: Office
    account: AccountName


@dataclass(frozen=True)
class RoutingStep:
    """Who had the comment from when until when; `reason` is a `RoutingReason`.

    `words` is what a person gave as the reason; `title` and `published_at` are those of the post
    it came under. `meant` is the department that it was for (`meant_reason`), but has nobody.
    """

    reason: str
    since_at: datetime
    until_at: datetime | None
    department: Office | None
    holder: Who | None
    words: str = ""
    title: str = ""
    published_at: datetime | None = None
    came_from: Office | None = None
    meant: Office | None = None
    meant_reason: str = ""


@dataclass(frozen=True)
class CommentPage:
    """Everything on the page of one comment; `acts` is what this actor may do with it now."""

    comment_id: int
    account: AccountName
    author_name: str
    author_handle: str
    text: str
    url: str
    written_at: datetime
    seen_at: datetime
    state: CommentState
    state_at: datetime
    due_at: datetime
    is_overdue: bool
    interim_at: datetime | None
    reason: str
    opening: int
    department: Office | None
    holder: Who | None
    own_post: OwnPost | None
    thread: tuple[Said, ...]
    routings: tuple[RoutingStep, ...]
    replies: tuple[ReplyView, ...]
    hidden_at: datetime | None
    acts: frozenset[Action]


_AROUND: tuple[ORMOption, ...] = (
    joinedload(Comment.account),
    joinedload(Comment.department),
    selectinload(Comment.routings).options(
        joinedload(Routing.department),
        joinedload(Routing.appointment).options(
            joinedload(Appointment.person), joinedload(Appointment.department)
        ),
    ),
    joinedload(Comment.thread)
    .joinedload(Thread.receipt)
    .joinedload(ReceiptRow.delivery)
    .options(
        joinedload(Delivery.account),
        joinedload(Delivery.variant),
        joinedload(Delivery.post).joinedload(Post.department),
    ),
)


def comment_page(session: Session, *, actor: Actor, comment_id: int, now: datetime) -> CommentPage:
    """The comment with everything around it; `Missing` where another department has it."""
    query = select(Comment).where(Comment.id == comment_id).options(*_AROUND)
    comment = session.scalars(query).one_or_none()
    if comment is None:
        raise NotFound(comment_id)
    own = [] if comment.department_id is None else [comment.department_id]
    check_in_sight(actor, Action.SEE_COMMENT, own)
    branch = branch_of(session, comment)
    replies = replies_to(session, [one.id for one in branch])
    steps = _routings(session, comment)
    return CommentPage(
        comment_id=comment.id,
        account=account_of(comment.account),
        author_name=comment.author_name,
        author_handle=comment.author_handle,
        text=comment.text,
        url=comment.url,
        written_at=comment.written_at,
        seen_at=comment.seen_at,
        state=comment.state,
        state_at=comment.state_at,
        due_at=comment.due_at,
        is_overdue=comment.state in sql_conditions.OPEN and comment.due_at <= now,
        interim_at=comment.interim_at,
        reason=comment.reason,
        opening=comment.opening,
        department=office_of(comment.department) if comment.department else None,
        holder=steps[-1].holder if steps else None,
        own_post=_own_post(comment.thread.receipt),
        thread=tuple(_thread(comment, branch, replies)),
        routings=steps,
        replies=tuple(one for one in replies if one.comment_id == comment.id),
        hidden_at=comment.hidden_at,
        acts=_acts(actor, comment, replies),
    )


def _own_post(receipt: ReceiptRow | None) -> OwnPost | None:
    if receipt is None:
        return None
    delivery = receipt.delivery
    return OwnPost(
        post_id=delivery.post_id,
        path=links.post(delivery.post_id),
        title=delivery.post.title,
        text=delivery.variant.text,
        url=receipt.url,
        published_at=receipt.published_at,
        department=office_of(delivery.post.department),
        account=account_of(delivery.account),
    )


def _thread(
    comment: Comment, branch: Sequence[Comment], replies: Sequence[ReplyView]
) -> list[Said]:
    """Comments and answers in the order in which they were said; what was taken back is left."""
    by_id = {one.platform_id: one.id for one in branch}
    spoken = [
        Said(
            at=one.written_at,
            comment_id=one.id,
            author=one.author_handle or one.author_name,
            text=one.text,
            url=one.url,
            state=one.state,
            parent_id=by_id.get(one.parent_platform_id),
            is_this=one.id == comment.id,
        )
        for one in branch
    ]
    answered = [_answer(one) for one in replies if one.stands or one.has_left]
    return sorted([*spoken, *answered], key=lambda said: said.at)


def _answer(reply: ReplyView) -> Said:
    return Said(
        at=reply.published_at or reply.written_at,
        comment_id=reply.comment_id,
        author="",
        text=reply.text,
        url=reply.url,
        parent_id=reply.comment_id,
        reply=reply,
    )


def _routings(session: Session, comment: Comment) -> tuple[RoutingStep, ...]:
    wanted = {
        one.details[key]
        for one in comment.routings
        for key in ("from", "department")
        if one.details.get(key) is not None
    }
    named = session.scalars(select(Department).where(Department.id.in_(wanted)))
    offices = {one.id: office_of(one) for one in named}
    return tuple(_routing(one, offices) for one in comment.routings)


def _routing(routing: Routing, offices: Mapping[int, Office]) -> RoutingStep:
    details = routing.details
    published_at = details.get("published_at")
    return RoutingStep(
        reason=routing.reason,
        since_at=routing.since_at,
        until_at=routing.until_at,
        department=office_of(routing.department) if routing.department else None,
        holder=who_of(routing.appointment) if routing.appointment else None,
        words=str(details.get("words", "")),
        title=str(details.get("title", "")),
        published_at=datetime.fromisoformat(published_at) if published_at else None,
        came_from=offices.get(details.get("from", 0)),
        meant=offices.get(details.get("department", 0)),
        meant_reason=str(details.get("meant", "")),
    )


_POSSIBLE: Mapping[CommentState, tuple[Action, ...]] = {
    CommentState.RECEIVED: (Action.ASSIGN, Action.CLOSE),
    CommentState.ROUTED: (Action.ANSWER, Action.TRANSFER, Action.CLOSE),
    CommentState.ANSWERED: (Action.CLOSE, Action.REOPEN),
    CommentState.CLOSED: (Action.REOPEN,),
}


def _of_its_sight(comment: Comment) -> tuple[Action, ...]:
    """Hiding, or showing again, what stands under a live post of ours."""
    above = comment.thread.receipt
    if above is None or above.gone_at is not None:
        return ()
    return (Action.HIDE,) if comment.hidden_at is None else (Action.UNHIDE,)


def _acts(actor: Actor, comment: Comment, replies: Collection[ReplyView]) -> frozenset[Action]:
    """What may be done now; with a final answer that stands, no second one."""
    possible = (*_POSSIBLE[comment.state], *_of_its_sight(comment))
    allowed = {one for one in possible if may(actor, one, comment.department_id)}
    given = any(
        one.comment_id == comment.id and one.stands and one.kind is AnswerKind.FINAL
        for one in replies
    )
    return frozenset(allowed - {Action.ANSWER} if given else allowed)
