"""One search over submissions, posts and comments, by number or word, as far as the actor sees.

A word is looked for among the newest `SPAN` of a kind, and further back when somebody asks on:
no index helps with a part of a text, and what it costs has to have an end. A whole number is
found by its index however old the thing is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import CompoundSelect, Select, and_, false, func, or_, select, union_all
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Action, Actor, scope_of
from publisher.i18n import text_cleaning
from publisher.i18n.languages import latin_digits
from publisher.models.comments import Comment
from publisher.models.posts import Post, PostKind, Revision, RevisionDepartment, Variant
from publisher.models.submissions import Counter, PostSubmission, Submission
from publisher.notifications import links
from publisher.reports import sql_conditions
from publisher.reports.search_window import (
    SPAN,
    Key,
    Stretch,
    stands_in,
    stretch_of,
    submission_holds,
    whole_number,
    words_of,
)
from publisher.reports.sql_conditions import Condition
from publisher.reports.submission_filters import in_sight
from publisher.reports.types import AccountName, Office, account_of, office_of
from publisher.validation import departments_in_sight

__all__ = [
    "FIRST",
    "SPAN",
    "Hit",
    "Kind",
    "SearchGroup",
    "hits_of",
    "kinds_for",
    "search",
    "straight_to",
]
FIRST = 5
"""How many hits of each kind stand on the first page."""

_SHORT = re.compile(r"\d{1,6}")


class Kind(StrEnum):
    """What can be found; in this order on the page."""

    SUBMISSIONS = "submissions"
    POSTS = "posts"
    COMMENTS = "comments"


_NEEDS = {
    Kind.SUBMISSIONS: Action.SEE_SUBMISSION,
    Kind.POSTS: Action.SEE_POST,
    Kind.COMMENTS: Action.SEE_COMMENT,
}


_IDS: Mapping[Kind, Key] = {
    Kind.SUBMISSIONS: Submission.id,
    Kind.POSTS: Post.id,
    Kind.COMMENTS: Comment.id,
}


@dataclass(frozen=True)
class Hit:
    """One thing that was found; `thing` and `state` choose its chip, `at` is when it came."""

    path: str
    words: str
    thing: str
    state: str
    at: datetime
    number: str = ""
    department: Office | None = None
    account: AccountName | None = None
    author: str = ""


@dataclass(frozen=True)
class SearchGroup:
    """The hits of one kind, the newest first.

    `following` where there are more, or older ones that were not looked through: to ask on from.
    """

    kind: Kind
    hits: tuple[Hit, ...]
    following: int | None


def kinds_for(actor: Actor) -> tuple[Kind, ...]:
    """What the actor's role lets it find."""
    return tuple(kind for kind, action in _NEEDS.items() if scope_of(actor, action) is not None)


def search(session: Session, *, actor: Actor, words: str, limit: int = FIRST) -> list[SearchGroup]:
    """The newest hits of every kind that the actor may see, in two or three queries for each."""
    return [
        hits_of(session, actor=actor, kind=kind, words=words, limit=limit)
        for kind in kinds_for(actor)
    ]


def hits_of(
    session: Session,
    *,
    actor: Actor,
    kind: Kind,
    words: str,
    before: int | None = None,
    limit: int = 25,
    span: int = SPAN,
) -> SearchGroup:
    """The hits of one kind, those older than `before` where it is given. Raises `WrongRole`."""
    stretch = stretch_of(session, _IDS[kind], _sight(actor, kind), before, span)
    match kind:
        case Kind.SUBMISSIONS:
            hits, ids = _submissions(session, actor, words, stretch, limit)
        case Kind.POSTS:
            hits, ids = _posts(session, actor, words, stretch, limit)
        case Kind.COMMENTS:
            hits, ids = _comments(session, actor, words, stretch, limit)
    more = ids[limit - 1] if len(ids) > limit else stretch.begins
    return SearchGroup(kind, tuple(hits[:limit]), more)


def _sight(actor: Actor, kind: Kind) -> list[Condition]:
    """What the actor sees of this kind, of posts the departments' own. Raises `WrongRole`."""
    match kind:
        case Kind.SUBMISSIONS:
            return in_sight(actor)
        case Kind.POSTS:
            seen = departments_in_sight(actor, Action.SEE_POST)
            own = [] if seen is None else [Post.department_id.in_(seen)]
            return [Post.kind == PostKind.POST, *own]
        case Kind.COMMENTS:
            seen = departments_in_sight(actor, Action.SEE_COMMENT)
            return [] if seen is None else [Comment.department_id.in_(seen)]


def straight_to(session: Session, *, actor: Actor, words: str) -> str | None:
    """The path of the one submission in sight that bears exactly this number; else None.

    An acknowledgement number whole or by its last part, or a department's outward or an inward
    number; in Devanagari or Latin digits.
    """
    if scope_of(actor, Action.SEE_SUBMISSION) is None:
        return None
    typed = latin_digits(words).strip()
    if not any(one.isdigit() for one in typed) or not text_cleaning.clean(typed).ok:
        return None
    bears = or_(_bears(session, typed), _is_lettered(words.strip(), typed))
    query = select(Submission.id).where(*in_sight(actor), bears).limit(2)
    found = session.scalars(query).all()
    return links.submission(found[0]) if len(found) == 1 else None


def _bears(session: Session, typed: str) -> Condition:
    """The acknowledgement number in any year where only its last part is typed."""
    whole = whole_number(typed)
    if whole is not None:
        return Submission.number == whole
    if _SHORT.fullmatch(typed):
        series = session.scalars(select(Counter.series)).all()
        return Submission.number.in_([f"{one}/{int(typed):06d}" for one in series])
    return false()


def _is_lettered(*forms: str) -> Condition:
    """The number of the department's letter, or of its entry here, in the digits it was given."""
    wanted = {*forms, *(one.lower() for one in forms)}
    letters = (Submission.outward_number, Submission.inward_number)
    return or_(*(func.lower(column).in_(wanted) for column in letters))


Found = tuple[list[Hit], list[int]]
"""The hits and their ids, the newest first; one more than was asked for where there are more."""


def _submissions(session: Session, actor: Actor, words: str, stretch: Stretch, limit: int) -> Found:
    query = (
        select(Submission)
        .where(Submission.id.in_(_wanted_submissions(session, actor, words, stretch)))
        .order_by(Submission.id.desc())
        .options(joinedload(Submission.department))
    )
    found = session.scalars(query.limit(limit + 1)).all()
    hits = [
        Hit(
            path=links.submission(one.id),
            words=one.title,
            thing="submission",
            state=one.state.value,
            at=one.received_at,
            number=one.number,
            department=office_of(one.department),
        )
        for one in found
    ]
    return hits, [one.id for one in found]


def _wanted_submissions(
    session: Session, actor: Actor, words: str, stretch: Stretch
) -> CompoundSelect[int] | Select[int]:
    """Those of the stretch that hold the words; on the first one also whose number this is."""
    holds = submission_holds(words) or [false()]
    sight = in_sight(actor)
    held = select(Submission.id).where(*sight, *stretch.of(Submission.id), *holds)
    if stretch.ends is not None or stretch.begins is None:
        return held
    number = _bears(session, latin_digits(words).strip())
    return union_all(held, select(Submission.id).where(*sight, number))


def _posts(session: Session, actor: Actor, words: str, stretch: Stretch, limit: int) -> Found:
    query = (
        select(Post, sql_conditions.number(Post.id))
        .where(
            Post.kind == PostKind.POST,
            *stretch.of(Post.id),
            *_posts_in_sight(actor, stretch),
            *_all(words, _post_holds),
        )
        .order_by(Post.id.desc())
        .options(joinedload(Post.department))
    )
    found = session.execute(query.limit(limit + 1)).all()
    hits = [
        Hit(
            path=links.post(post.id),
            words=post.title,
            thing="post",
            state=post.state.value,
            at=post.created_at,
            number=number or "",
            department=office_of(post.department),
        )
        for post, number in found
    ]
    return hits, [post.id for post, _ in found]


def _comments(session: Session, actor: Actor, words: str, stretch: Stretch, limit: int) -> Found:
    query = (
        select(Comment)
        .where(*_sight(actor, Kind.COMMENTS), *stretch.of(Comment.id), *_all(words, _comment_holds))
        .order_by(Comment.id.desc())
        .options(joinedload(Comment.department), joinedload(Comment.account))
    )
    found = session.scalars(query.limit(limit + 1)).all()
    return [_comment(one) for one in found], [one.id for one in found]


def _comment(comment: Comment) -> Hit:
    return Hit(
        path=links.comment(comment.id),
        words=comment.text,
        thing="comment",
        state=comment.state.value,
        at=comment.written_at,
        department=office_of(comment.department) if comment.department else None,
        account=account_of(comment.account),
        author=comment.author_handle or comment.author_name,
    )


def _posts_in_sight(actor: Actor, stretch: Stretch) -> list[Condition]:
    """Of the departments in sight, or named by a revision, or resting on what they handed in."""
    seen = departments_in_sight(actor, Action.SEE_POST)
    if seen is None:
        return []
    own = select(Post.id).where(Post.department_id.in_(seen), *stretch.of(Post.id))
    named = (
        select(Revision.post_id)
        .join(RevisionDepartment, RevisionDepartment.revision_id == Revision.id)
        .where(RevisionDepartment.department_id.in_(seen), *stretch.of(Revision.post_id))
    )
    rests = (
        select(PostSubmission.post_id)
        .join(Submission, Submission.id == PostSubmission.submission_id)
        .where(Submission.department_id.in_(seen), *stretch.of(PostSubmission.post_id))
    )
    return [Post.id.in_(union_all(own, named, rests))]


def _sources() -> Select[int]:
    """The submissions that the post rests on."""
    return (
        select(Submission.id)
        .join(PostSubmission, PostSubmission.submission_id == Submission.id)
        .where(PostSubmission.post_id == Post.id)
        .correlate(Post)
    )


def _all(words: str, holds: Callable[[str], Condition]) -> list[Condition]:
    """Every word is held; nothing is where no word can be read."""
    return [holds(word) for word in words_of(words)] or [false()]


def _post_holds(word: str) -> Condition:
    """In its title, a text of its newest revision, or the number of a submission it rests on."""
    texts = (
        select(Variant.id)
        .join(Revision, and_(Revision.id == Variant.revision_id, sql_conditions.newest()))
        .where(stands_in(Variant.text, word))
        .correlate(Post)
    )
    number = stands_in(Submission.number, latin_digits(word))
    return or_(
        stands_in(Post.title, word),
        texts.exists(),
        _sources().where(number).exists(),
    )


def _comment_holds(word: str) -> Condition:
    columns = (Comment.text, Comment.author_name, Comment.author_handle)
    return or_(*(stands_in(one, word) for one in columns))
