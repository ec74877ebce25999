"""Search over submissions, posts and comments visible to the actor, by number or word.

A search for words covers the newest `SPAN` rows of a kind, and older ones on request, because no
index serves a search within texts. A complete number is found by its index.
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
    IdRange,
    Key,
    contains_word,
    newest_ids,
    search_words,
    submission_contains,
    whole_number,
)
from publisher.reports.sql_conditions import Condition
from publisher.reports.submission_filters import sight_conditions
from publisher.reports.types import AccountName, Office, account_of, office_of
from publisher.validation import departments_in_sight

FIRST = 5
"""How many hits of each kind the first page shows."""

_SHORT = re.compile(r"\d{1,6}")


class Kind(StrEnum):
    """The kind of hit, in display order."""

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
    """A hit; `thing` and `state` choose its label, `at` is its time of receipt."""

    path: str
    title: str
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

    `following` is set if there are more hits, or older rows that were not searched.
    """

    kind: Kind
    hits: tuple[Hit, ...]
    following: int | None


def kinds_for(actor: Actor) -> tuple[Kind, ...]:
    """Return the kinds that the actor's role may see."""
    return tuple(kind for kind, action in _NEEDS.items() if scope_of(actor, action) is not None)


def search(session: Session, *, actor: Actor, text: str, limit: int = FIRST) -> list[SearchGroup]:
    """Return the newest visible hits of every kind, in two or three queries for each."""
    return [
        hits_of(session, actor=actor, kind=kind, text=text, limit=limit)
        for kind in kinds_for(actor)
    ]


def hits_of(
    session: Session,
    *,
    actor: Actor,
    kind: Kind,
    text: str,
    before: int | None = None,
    limit: int = 25,
    span: int = SPAN,
) -> SearchGroup:
    """Return the hits of one kind, older than `before` if set. Raises `WrongRole`."""
    window = newest_ids(session, _IDS[kind], _sight(actor, kind), before, span)
    match kind:
        case Kind.SUBMISSIONS:
            hits, ids = _submissions(session, actor, text, window, limit)
        case Kind.POSTS:
            hits, ids = _posts(session, actor, text, window, limit)
        case Kind.COMMENTS:
            hits, ids = _comments(session, actor, text, window, limit)
    following = ids[limit - 1] if len(ids) > limit else window.begins
    return SearchGroup(kind, tuple(hits[:limit]), following)


def _sight(actor: Actor, kind: Kind) -> list[Condition]:
    """Return the conditions for visible rows of this kind. Raises `WrongRole`."""
    match kind:
        case Kind.SUBMISSIONS:
            return sight_conditions(actor)
        case Kind.POSTS:
            visible = departments_in_sight(actor, Action.SEE_POST)
            department_conditions = [] if visible is None else [Post.department_id.in_(visible)]
            return [Post.kind == PostKind.POST, *department_conditions]
        case Kind.COMMENTS:
            visible = departments_in_sight(actor, Action.SEE_COMMENT)
            return [] if visible is None else [Comment.department_id.in_(visible)]


def find_exact_path(session: Session, *, actor: Actor, text: str) -> str | None:
    """Return the path of the only visible submission with exactly this number, or None.

    It accepts an acknowledgement number, complete or its last part, and the department's outward or
    an inward number, in Devanagari or Latin digits.
    """
    if scope_of(actor, Action.SEE_SUBMISSION) is None:
        return None
    number = latin_digits(text).strip()
    if not any(char.isdigit() for char in number) or not text_cleaning.clean(number).ok:
        return None
    bears = or_(_has_number(session, number), _has_letter_number(text.strip(), number))
    query = select(Submission.id).where(*sight_conditions(actor), bears).limit(2)
    submission_ids = session.scalars(query).all()
    return links.submission(submission_ids[0]) if len(submission_ids) == 1 else None


def _has_number(session: Session, number: str) -> Condition:
    """The acknowledgement number matches; its last part alone matches in any year."""
    full_number = whole_number(number)
    if full_number is not None:
        return Submission.number == full_number
    if _SHORT.fullmatch(number):
        series = session.scalars(select(Counter.series)).all()
        return Submission.number.in_([f"{name}/{int(number):06d}" for name in series])
    return false()


def _has_letter_number(*forms: str) -> Condition:
    """The outward or inward number is one of `forms`."""
    spellings = {*forms, *(form.lower() for form in forms)}
    letters = (Submission.outward_number, Submission.inward_number)
    return or_(*(func.lower(column).in_(spellings) for column in letters))


Hits = tuple[list[Hit], list[int]]
"""The hits and their ids, newest first; one extra row if there are more."""


def _submissions(session: Session, actor: Actor, text: str, window: IdRange, limit: int) -> Hits:
    query = (
        select(Submission)
        .where(Submission.id.in_(_matching_submissions(session, actor, text, window)))
        .order_by(Submission.id.desc())
        .options(joinedload(Submission.department))
    )
    submissions = session.scalars(query.limit(limit + 1)).all()
    hits = [
        Hit(
            path=links.submission(submission.id),
            title=submission.title,
            thing="submission",
            state=submission.state.value,
            at=submission.received_at,
            number=submission.number,
            department=office_of(submission.department),
        )
        for submission in submissions
    ]
    return hits, [submission.id for submission in submissions]


def _matching_submissions(
    session: Session, actor: Actor, text: str, window: IdRange
) -> CompoundSelect[int] | Select[int]:
    """Return the submissions of the range that contain the words.

    The newest range also finds the submission with this number, however old it is.
    """
    holds = submission_contains(text) or [false()]
    sight = sight_conditions(actor)
    matching = select(Submission.id).where(*sight, *window.conditions(Submission.id), *holds)
    if window.ends is not None or window.begins is None:
        return matching
    number = _has_number(session, latin_digits(text).strip())
    return union_all(matching, select(Submission.id).where(*sight, number))


def _posts(session: Session, actor: Actor, text: str, window: IdRange, limit: int) -> Hits:
    query = (
        select(Post, sql_conditions.number(Post.id))
        .where(
            Post.kind == PostKind.POST,
            *window.conditions(Post.id),
            *_posts_in_sight(actor, window),
            *_all(text, _post_holds),
        )
        .order_by(Post.id.desc())
        .options(joinedload(Post.department))
    )
    rows = session.execute(query.limit(limit + 1)).all()
    hits = [
        Hit(
            path=links.post(post.id),
            title=post.title,
            thing="post",
            state=post.state.value,
            at=post.created_at,
            number=number or "",
            department=office_of(post.department),
        )
        for post, number in rows
    ]
    return hits, [post.id for post, _ in rows]


def _comments(session: Session, actor: Actor, text: str, window: IdRange, limit: int) -> Hits:
    query = (
        select(Comment)
        .where(
            *_sight(actor, Kind.COMMENTS),
            *window.conditions(Comment.id),
            *_all(text, _comment_holds),
        )
        .order_by(Comment.id.desc())
        .options(joinedload(Comment.department), joinedload(Comment.account))
    )
    comments = session.scalars(query.limit(limit + 1)).all()
    return [_comment(comment) for comment in comments], [comment.id for comment in comments]


def _comment(comment: Comment) -> Hit:
    return Hit(
        path=links.comment(comment.id),
        title=comment.text,
        thing="comment",
        state=comment.state.value,
        at=comment.written_at,
        department=office_of(comment.department) if comment.department else None,
        account=account_of(comment.account),
        author=comment.author,
    )


def _posts_in_sight(actor: Actor, window: IdRange) -> list[Condition]:
    """Return the condition for visible posts.

    A post is visible to its department, to those its revisions name, and to those whose submissions
    it uses.
    """
    visible = departments_in_sight(actor, Action.SEE_POST)
    if visible is None:
        return []
    own_post_ids = select(Post.id).where(
        Post.department_id.in_(visible), *window.conditions(Post.id)
    )
    named = (
        select(Revision.post_id)
        .join(RevisionDepartment, RevisionDepartment.revision_id == Revision.id)
        .where(RevisionDepartment.department_id.in_(visible), *window.conditions(Revision.post_id))
    )
    rests = (
        select(PostSubmission.post_id)
        .join(Submission, Submission.id == PostSubmission.submission_id)
        .where(Submission.department_id.in_(visible), *window.conditions(PostSubmission.post_id))
    )
    return [Post.id.in_(union_all(own_post_ids, named, rests))]


def _sources() -> Select[int]:
    """Return the submissions that the post is based on."""
    return (
        select(Submission.id)
        .join(PostSubmission, PostSubmission.submission_id == Submission.id)
        .where(PostSubmission.post_id == Post.id)
        .correlate(Post)
    )


def _all(text: str, holds: Callable[[str], Condition]) -> list[Condition]:
    """Return a condition for each word; false if the text has no readable word."""
    return [holds(word) for word in search_words(text)] or [false()]


def _post_holds(word: str) -> Condition:
    """The title, a text of the newest revision or a submission's number contains the word."""
    texts = (
        select(Variant.id)
        .join(Revision, and_(Revision.id == Variant.revision_id, sql_conditions.newest()))
        .where(contains_word(Variant.text, word))
        .correlate(Post)
    )
    number = contains_word(Submission.number, latin_digits(word))
    return or_(
        contains_word(Post.title, word),
        texts.exists(),
        _sources().where(number).exists(),
    )


def _comment_holds(word: str) -> Condition:
    columns = (Comment.text, Comment.author_name, Comment.author_handle)
    return or_(*(contains_word(column, word) for column in columns))
