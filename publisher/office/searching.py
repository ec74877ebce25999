"""One search over submissions, posts and comments, by number or word, as far as the actor sees."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Select, and_, exists, false, func, or_, select
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Action, Actor, scope_of
from publisher.desk.checking import departments_in_sight
from publisher.desk.intake.looking import MOST_WORDS, holding
from publisher.models.comments import Comment
from publisher.models.content import (
    Counter,
    Post,
    PostKind,
    PostSubmission,
    Revision,
    RevisionDepartment,
    Submission,
    Variant,
)
from publisher.notices import paths
from publisher.office.reporting import conditions
from publisher.office.reporting.conditions import Condition
from publisher.office.reporting.values import AccountName, Office, account_of, office_of
from publisher.office.reporting.wanted import in_sight
from publisher.words import scripts
from publisher.words.numbers import latin_digits

FIRST = 5
"""How many hits of each kind stand on the first page."""
_NUMBER = re.compile(r"([A-Z]{1,20})/(\d{4})/(\d{1,6})")
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
class Group:
    """The hits of one kind, the newest first; `following` where there are more, to ask on from."""

    kind: Kind
    hits: tuple[Hit, ...]
    following: int | None


def kinds_for(actor: Actor) -> tuple[Kind, ...]:
    """What the actor's role lets it find."""
    return tuple(kind for kind, action in _NEEDS.items() if scope_of(actor, action) is not None)


def search(session: Session, *, actor: Actor, words: str, limit: int = FIRST) -> list[Group]:
    """The newest hits of every kind that the actor may see, in one query for each."""
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
) -> Group:
    """The hits of one kind, those older than `before` where it is given. Raises `WrongRole`."""
    match kind:
        case Kind.SUBMISSIONS:
            return _submissions(session, actor, words, before, limit)
        case Kind.POSTS:
            return _posts(session, actor, words, before, limit)
        case Kind.COMMENTS:
            return _comments(session, actor, words, before, limit)


def straight_to(session: Session, *, actor: Actor, words: str) -> str | None:
    """The path of the one submission in sight that bears exactly this number; else None.

    An acknowledgement number whole or by its last part, or a department's outward or an inward
    number; in Devanagari or Latin digits.
    """
    if scope_of(actor, Action.SEE_SUBMISSION) is None:
        return None
    typed = latin_digits(words).strip()
    if not any(one.isdigit() for one in typed) or not scripts.clean(typed).ok:
        return None
    bears = or_(_bears(session, typed), _is_lettered(words.strip(), typed))
    query = select(Submission.id).where(*in_sight(actor), bears).limit(2)
    found = session.scalars(query).all()
    return paths.submission(found[0]) if len(found) == 1 else None


def _bears(session: Session, typed: str) -> Condition:
    """The acknowledgement number in any year where only its last part is typed."""
    whole = _NUMBER.fullmatch(typed.upper())
    if whole is not None:
        return Submission.number == f"{whole[1]}/{whole[2]}/{int(whole[3]):06d}"
    if _SHORT.fullmatch(typed):
        series = session.scalars(select(Counter.series)).all()
        return Submission.number.in_([f"{one}/{int(typed):06d}" for one in series])
    return false()


def _is_lettered(*forms: str) -> Condition:
    """The number of the department's letter, or of its entry here, in the digits it was given."""
    wanted = {*forms, *(one.lower() for one in forms)}
    letters = (Submission.outward_number, Submission.inward_number)
    return or_(*(func.lower(column).in_(wanted) for column in letters))


def _words_of(typed: str) -> list[str]:
    cleaned = scripts.clean(typed)
    return cleaned.text.split()[:MOST_WORDS] if cleaned.ok else []


def _submissions(
    session: Session, actor: Actor, words: str, before: int | None, limit: int
) -> Group:
    wanted = [*in_sight(actor), *(holding(words) or [false()])]
    query = (
        select(Submission)
        .where(*wanted)
        .order_by(Submission.id.desc())
        .options(joinedload(Submission.department))
    )
    if before is not None:
        query = query.where(Submission.id < before)
    found = session.scalars(query.limit(limit + 1)).all()
    hits = [
        Hit(
            path=paths.submission(one.id),
            words=one.title,
            thing="submission",
            state=one.state.value,
            at=one.received_at,
            number=one.number,
            department=office_of(one.department),
        )
        for one in found
    ]
    return _group(Kind.SUBMISSIONS, hits, [one.id for one in found], limit)


def _posts(session: Session, actor: Actor, words: str, before: int | None, limit: int) -> Group:
    query = (
        select(Post, conditions.number(Post.id))
        .where(Post.kind == PostKind.POST, *_posts_in_sight(actor), *_all(words, _post_holds))
        .order_by(Post.id.desc())
        .options(joinedload(Post.department))
    )
    if before is not None:
        query = query.where(Post.id < before)
    found = session.execute(query.limit(limit + 1)).all()
    hits = [
        Hit(
            path=paths.post(post.id),
            words=post.title,
            thing="post",
            state=post.state.value,
            at=post.created_at,
            number=number or "",
            department=office_of(post.department),
        )
        for post, number in found
    ]
    return _group(Kind.POSTS, hits, [post.id for post, _ in found], limit)


def _comments(session: Session, actor: Actor, words: str, before: int | None, limit: int) -> Group:
    seen = departments_in_sight(actor, Action.SEE_COMMENT)
    query = (
        select(Comment)
        .where(*_all(words, _comment_holds))
        .order_by(Comment.id.desc())
        .options(joinedload(Comment.department), joinedload(Comment.account))
    )
    if seen is not None:
        query = query.where(Comment.department_id.in_(seen))
    if before is not None:
        query = query.where(Comment.id < before)
    found = session.scalars(query.limit(limit + 1)).all()
    return _group(Kind.COMMENTS, [_comment(one) for one in found], [one.id for one in found], limit)


def _comment(one: Comment) -> Hit:
    return Hit(
        path=paths.comment(one.id),
        words=one.text,
        thing="comment",
        state=one.state.value,
        at=one.written_at,
        department=office_of(one.department) if one.department else None,
        account=account_of(one.account),
        author=one.author_handle or one.author_name,
    )


def _group(kind: Kind, hits: Sequence[Hit], ids: Sequence[int], limit: int) -> Group:
    following = ids[limit - 1] if len(ids) > limit else None
    return Group(kind, tuple(hits[:limit]), following)


def _posts_in_sight(actor: Actor) -> list[Condition]:
    """Of the departments in sight, or named by a revision, or resting on what they handed in."""
    seen = departments_in_sight(actor, Action.SEE_POST)
    if seen is None:
        return []
    named = exists().where(
        Revision.post_id == Post.id,
        RevisionDepartment.revision_id == Revision.id,
        RevisionDepartment.department_id.in_(seen),
    )
    sources = _sources().where(Submission.department_id.in_(seen))
    return [or_(Post.department_id.in_(seen), named, sources.exists())]


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
    return [holds(word) for word in _words_of(words)] or [false()]


def _post_holds(word: str) -> Condition:
    """In its title, a text of its newest revision, or the number of a submission it rests on."""
    texts = (
        select(Variant.id)
        .join(Revision, and_(Revision.id == Variant.revision_id, conditions.newest()))
        .where(Variant.text.icontains(word, autoescape=True))
        .correlate(Post)
    )
    number = Submission.number.icontains(latin_digits(word), autoescape=True)
    return or_(
        Post.title.icontains(word, autoescape=True),
        texts.exists(),
        _sources().where(number).exists(),
    )


def _comment_holds(word: str) -> Condition:
    columns = (Comment.text, Comment.author_name, Comment.author_handle)
    return or_(*(one.icontains(word, autoescape=True) for one in columns))
