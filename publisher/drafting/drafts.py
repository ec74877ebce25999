"""Data classes of a draft, and a post loaded with everything that belongs to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cache

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session, joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from approvals.policy import Action, Actor
from publisher.content_checks import outgoing_text
from publisher.models.comments import Reply
from publisher.models.deliveries import Account, Delivery
from publisher.models.people import Appointment
from publisher.models.posts import (
    Decision,
    Language,
    Post,
    PostKind,
    Rendition,
    Revision,
    RevisionDepartment,
    Variant,
)
from publisher.models.submissions import Submission
from publisher.states import AccountState
from publisher.validation import FieldError, check_in_sight, existing

MOST_PICTURES = 4
LONGEST_ALT_TEXT = 1_000
LONGEST_TITLE = 200
LONGEST_NOTE = 2_000


@dataclass(frozen=True)
class PictureDraft:
    """A picture of a variant: a stored original by its digest, or the bytes of a new upload."""

    alt_text: str
    source_sha256: str = ""
    content: bytes | None = field(default=None, repr=False)
    name: str = ""


@dataclass(frozen=True)
class VariantDraft:
    """One text for one account in one language, as submitted by the form."""

    account_id: int
    language: Language
    text: str
    link: str = ""
    pictures: tuple[PictureDraft, ...] = ()


@dataclass(frozen=True)
class Draft:
    """The fields of the drafting page, as submitted; times are aware UTC.

    `asked_ids` are the departments that have to approve along with the owning department, and
    `named_ids` those that are only named. `form_errors` are the errors met while parsing the form.
    """

    title: str
    note: str = ""
    not_before: datetime | None = None
    not_after: datetime | None = None
    variants: tuple[VariantDraft, ...] = ()
    asked_ids: tuple[int, ...] = ()
    named_ids: tuple[int, ...] = ()
    form_errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True)
class PreparedPicture:
    """A stored rendition with its description; width and height are in pixels."""

    sha256: str
    source_sha256: str
    mime: str
    width: int
    height: int
    alt_text: str

    @classmethod
    def of(cls, row: Rendition) -> PreparedPicture:
        """Return a rendition of a saved revision, to be saved again."""
        return cls(**{field.name: getattr(row, field.name) for field in fields(cls)})


@dataclass(frozen=True)
class PreparationContext:
    """The rows that are read before the pictures of a draft are rendered.

    `platforms` maps account ids to platform names. `renditions` holds those of the post's earlier
    revisions, by the digest of the original and the platform.
    """

    platforms: Mapping[int, str]
    renditions: Mapping[tuple[str, str], PreparedPicture] = field(default_factory=dict)


@dataclass(frozen=True)
class PreparedVariant:
    """A variant with stored pictures; `target` is the platform id that it replies to or edits."""

    account_id: int
    language: Language
    text: str
    link: str = ""
    target: str = ""
    pictures: tuple[PreparedPicture, ...] = ()


@dataclass(frozen=True)
class PreparedDraft:
    """A draft whose pictures are rendered; `problems` are the errors of its form and pictures."""

    draft: Draft
    variants: tuple[PreparedVariant, ...]
    problems: tuple[FieldError, ...]


def get_post(
    session: Session, *, actor: Actor, post_id: int, options: Sequence[ORMOption] = ()
) -> Post:
    """Return a post with its revisions, decisions, deliveries and submissions.

    `options` load more.

    Raises `NotFound` unless the actor may see its department, one that a revision names, or the
    department of one of its submissions.
    """
    query = _post_in_full().options(*options) if options else _post_in_full()
    post = existing(session.scalars(query, {"post_id": post_id}).one_or_none(), post_id)
    named = {row.department_id for revision in post.revisions for row in revision.departments}
    sources = {submission.department_id for submission in post.submissions}
    check_in_sight(actor, Action.SEE_POST, {post.department_id, *named, *sources})
    return post


@cache
def _post_in_full() -> Select[Post]:
    return select(Post).where(Post.id == bindparam("post_id")).options(*_IN_FULL)


def usable_accounts(session: Session, post: Post | None = None) -> list[Account]:
    """Return the connected or paused accounts that are open to the post's department."""
    usable = Account.state.in_((AccountState.CONNECTED, AccountState.PAUSED))
    query = select(Account).where(usable).order_by(Account.platform.desc(), Account.id)
    if post is not None and post.kind is PostKind.POST:
        query = query.where(outgoing_text.is_open_to(post.department_id))
    return list(session.scalars(query))


_REVISIONS = selectinload(Post.revisions)
_VARIANTS = _REVISIONS.selectinload(Revision.variants)
_DECISIONS = _REVISIONS.selectinload(Revision.decisions)
_DELIVERIES = selectinload(Post.deliveries)
_IN_FULL: tuple[ORMOption, ...] = (
    joinedload(Post.department),
    joinedload(Post.reply).joinedload(Reply.comment),
    selectinload(Post.submissions).joinedload(Submission.files),
    selectinload(Post.submissions).joinedload(Submission.department),
    selectinload(Post.submissions).joinedload(Submission.handed_in_by),
    _REVISIONS.joinedload(Revision.author),
    _REVISIONS.joinedload(Revision.author_under),
    _REVISIONS.joinedload(Revision.departments).joinedload(RevisionDepartment.department),
    _VARIANTS.joinedload(Variant.account),
    _VARIANTS.joinedload(Variant.renditions),
    _DECISIONS.joinedload(Decision.person),
    _DECISIONS.joinedload(Decision.appointment).joinedload(Appointment.department),
    _DELIVERIES.joinedload(Delivery.account),
    _DELIVERIES.joinedload(Delivery.variant),
    _DELIVERIES.joinedload(Delivery.receipt),
)
