"""What goes to a platform and comes back from it, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True)
class Medium:
    """One picture as it leaves: the stored rendition's bytes, type, words and digest (hex)."""

    content: bytes
    mime: str
    alt_text: str
    sha256: str


@dataclass(frozen=True)
class Outgoing:
    """What leaves: the text, an optional link, pictures in order, and what it answers.

    `reply_to` is the platform's id of the post or comment answered, None for a post of its own.
    """

    text: str
    link: str | None = None
    media: tuple[Medium, ...] = ()
    reply_to: str | None = None


@dataclass(frozen=True)
class PreparedPost:
    """What is ready to leave: its pictures are uploaded, by these ids, and nobody sees them yet."""

    outgoing: Outgoing
    media_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Receipt:
    """What the platform answered to a creation; `answer` is its raw answer, shortened, masked."""

    platform_id: str
    url: str
    published_at: datetime
    answer: str


@dataclass(frozen=True)
class Match:
    """What a look at the platform's own timeline found: the same fields as a receipt."""

    platform_id: str
    url: str
    published_at: datetime
    answer: str


@dataclass(frozen=True)
class CommentSource:
    """Where comments are read: under one post, or, without a post, where we are mentioned."""

    post_id: str | None = None


MENTIONS = CommentSource()


@dataclass(frozen=True)
class RemotePost:
    """One thing as a platform shows it now, read by its id.

    `text` has short links expanded; `media` counts pictures; `is_public` is false for what was
    made unpublished; `is_hidden` for a comment that was hidden, where the platform tells it (X
    does not). `platform_id` is another than was asked for where an edit gave it a new one.
    """

    platform_id: str
    url: str
    text: str
    parent_id: str | None
    media: int
    published_at: datetime
    by_ourselves: bool
    is_public: bool = True
    is_hidden: bool = False


@dataclass(frozen=True)
class RemoteComment:
    """One comment as read from a platform.

    `parent_id` is what it directly answers (a post or a comment), None where it answers nothing;
    `root_id` is the post or thread it stands under.
    """

    platform_id: str
    parent_id: str | None
    root_id: str
    author_id: str
    author_name: str
    author_handle: str | None
    text: str
    written_at: datetime
    url: str
    by_ourselves: bool
    hidden: bool = False
    edited_at: datetime | None = None


@dataclass(frozen=True)
class CommentPage:
    """One page of remarks, with the cursor to save beside them.

    The cursor is opaque and safe to save with each page: reading on from it leaves nothing out.
    A remark may come more than once (reads overlap, since platforms list late), so keep each by
    its platform id. `more` says that reading on at once is worth while.
    """

    remarks: tuple[RemoteComment, ...]
    cursor: str | None
    more: bool


@dataclass(frozen=True)
class PlatformLimits:
    """What a platform takes: text in its own units, number and bytes of pictures, alt text.

    `can_edit`: what is live can be changed. `has_two_steps`: it can be made unpublished first.
    `tells_hidden`: what is read back says whether a comment is hidden. `seen_at_once`: how many
    things are read back in one request.
    """

    text_units: int
    media: int
    media_bytes: int
    alt_text: int
    media_types: tuple[str, ...]
    can_edit: bool = False
    has_two_steps: bool = False
    tells_hidden: bool = True
    seen_at_once: int = 1


@dataclass(frozen=True)
class Allowance:
    """How often something may be done, as a platform's last answers told it.

    `name` is what is counted and over what time: "publish.15min", "publish.app_day",
    "publish.business_hour", "timeline.15min"; nothing can be published while one that begins with
    "publish." is used up. `most` and `remaining` are numbers of calls, or hundredths where a
    platform tells a share; `resets_at` when the count begins anew. None: not told.
    """

    name: str
    most: int | None
    remaining: int | None
    resets_at: datetime | None


class HealthProblem(StrEnum):
    """Why an account does not work, as a code that is put into words elsewhere."""

    CREDENTIALS = "credentials"
    WRONG_ACCOUNT = "wrong_account"
    PERMISSION = "permission"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True)
class Health:
    """Whether the account's credentials work, the name the platform knows it by, and until when.

    `missing` are rights that this house needs and that the access does not have; None: not told.
    """

    ok: bool
    problem: HealthProblem | None
    name: str
    expires_at: datetime | None
    detail: str = ""
    missing: tuple[str, ...] | None = None
