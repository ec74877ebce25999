"""Plain values that are sent to a platform and read from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from publisher.platforms.base.storable_text import shorten, storable


@dataclass(frozen=True)
class Medium:
    """A picture as it is sent: the stored rendition's bytes, type, alt text and digest (hex)."""

    content: bytes
    mime: str
    alt_text: str
    sha256: str


@dataclass(frozen=True)
class Outgoing:
    """A post as it is sent: text, optional link, pictures in order, and what it replies to.

    `reply_to` is the platform's id of the post or comment replied to, None for a top-level post.
    """

    text: str
    link: str | None = None
    media: tuple[Medium, ...] = ()
    reply_to: str | None = None


@dataclass(frozen=True)
class PreparedPost:
    """A post ready to be published: its pictures are uploaded under these ids, not yet visible."""

    outgoing: Outgoing
    media_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Receipt:
    """The proof that a platform carried out an action, usually the creation of a post.

    `answer` is the response's raw body, shortened and with secrets masked.
    """

    platform_id: str
    url: str
    published_at: datetime
    answer: str


@dataclass(frozen=True)
class Match(Receipt):
    """A post found on the platform that may be that of an unconfirmed delivery."""


@dataclass(frozen=True)
class CommentSource:
    """A source of comments: the replies under a post, or our mentions if `post_id` is None.

    `others` are further posts that are read in the same request.
    """

    post_id: str | None = None
    others: tuple[str, ...] = ()

    @classmethod
    def of(cls, post_id: str, *others: str) -> CommentSource:
        """Return the source of the replies under these posts."""
        return cls(post_id, others)

    @property
    def post_ids(self) -> tuple[str, ...]:
        """The posts that contain the replies; empty for our mentions."""
        return () if self.post_id is None else (self.post_id, *self.others)


MENTIONS = CommentSource()

LONGEST_ID = 120
"""The maximum length of an id of a comment, its parent, its thread or its author."""

LONGEST_URL = 500
"""The maximum length of the URL of a comment."""

LONGEST_TEXTS = {"author_name": 200, "author_handle": 120, "text": 50_000}
"""The lengths to which the texts of a comment are shortened. X allows 25,000 characters."""


@dataclass(frozen=True)
class RemotePost:
    """A post or comment as the platform shows it now, read by its id.

    `text` has short links expanded; `media` is the number of pictures; `is_public` is false for an
    unpublished post; `is_hidden` is true for a hidden comment if the platform reports it (X does
    not). `platform_id` differs from the requested id if an edit assigned a new one.
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

    def __post_init__(self) -> None:
        """Replace the characters of the text that a database refuses."""
        object.__setattr__(self, "text", storable(self.text))


@dataclass(frozen=True)
class RemoteComment:
    """A comment as read from a platform, with texts that every database can store.

    `parent_id` is the post or comment it replies to, or None; `root_id` is the post or thread that
    contains it. Characters that a database refuses are replaced, long names and texts are
    shortened, and a URL or an author's id that is too long is left out. An id is never shortened,
    because it could become another one. `author_name` is empty if it has to be asked for by
    `Platform.authors`. On a platform where each edit gets an id of its own, `version_ids` are those
    of all versions, the newest last. `is_hidden` is None if the platform was not asked, or does not
    say.
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
    version_ids: tuple[str, ...] = ()
    is_hidden: bool | None = None

    def __post_init__(self) -> None:
        """Make each text storable."""
        texts = {name: text for name, text in vars(self).items() if isinstance(text, str)}
        for name, text in texts.items():
            most = LONGEST_TEXTS.get(name)
            clean_text = storable(text)
            # `frozen` keeps others from changing a comment.
            object.__setattr__(self, name, shorten(clean_text, most) if most else clean_text)
        for name, most in (("url", LONGEST_URL), ("author_id", LONGEST_ID)):
            if len(getattr(self, name)) > most:
                object.__setattr__(self, name, "")


class CommentChange(StrEnum):
    """What a webhook says about a comment; `WRITTEN` is a new comment, a new text or unknown."""

    WRITTEN = "written"
    REMOVED = "removed"
    HIDDEN = "hidden"
    SHOWN = "shown"


@dataclass(frozen=True)
class RemoteChange:
    """A comment that a webhook names, the root that contains it, and what changed."""

    platform_id: str
    root_id: str
    change: CommentChange


@dataclass(frozen=True)
class Author:
    """The author of a comment; `handle` is None if the platform has none."""

    name: str
    handle: str | None

    def __post_init__(self) -> None:
        """Make both storable, as in a comment."""
        for name, text in vars(self).items():
            if text is not None:
                most = LONGEST_TEXTS[f"author_{name}"]
                object.__setattr__(self, name, shorten(storable(text), most))


@dataclass(frozen=True)
class CommentPage:
    """A page of comments, with the cursor to save together with them.

    The cursor is opaque; a read that continues from it misses nothing. Reads overlap, since
    platforms list some comments late: a comment may come twice, with the same platform id. `more`
    is true if the next page should be read at once.
    """

    comments: tuple[RemoteComment, ...]
    cursor: str | None
    more: bool

    def __post_init__(self) -> None:
        """Make the cursor storable."""
        object.__setattr__(self, "cursor", self.cursor and storable(self.cursor))


@dataclass(frozen=True)
class SharedPage:
    """A page of the comments under several posts, which the platform reads together.

    `cursors` are to be saved with the page, by the ids of the posts. It is empty until the posts
    have been read to the last page. `more` is true if they are to be read again at once.
    """

    comments: tuple[RemoteComment, ...]
    cursors: Mapping[str, str]
    more: bool = False


@dataclass(frozen=True)
class PlatformLimits:
    """The limits of a platform: text in its own units, number and bytes of pictures, alt text.

    `can_edit`: live posts can be edited. `has_two_steps`: posts can be staged unpublished first.
    `tells_hidden`: reads report whether a comment is hidden. `seen_at_once`: the maximum number of
    ids in one read. `read_together`: the maximum number of posts whose comments one request reads.
    `own_reach`: how many of the account's newest posts its timeline shows, 0 if they are not read
    there.
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
    read_together: int = 1
    own_reach: int = 0


@dataclass(frozen=True)
class Allowance:
    """A rate limit as the platform's latest responses reported it.

    `name` is the operation and its window: "publish.15min", "publish.app_day",
    "publish.business_hour", "timeline.15min"; nothing can be published while a limit that begins
    with "publish." is exhausted. `most` and `remaining` are numbers of calls, or hundredths if the
    platform reports a share; `resets_at` is the end of the window. None means not reported.
    """

    name: str
    most: int | None
    remaining: int | None
    resets_at: datetime | None


class HealthProblem(StrEnum):
    """The reason why an account does not work, as a code that the pages translate."""

    CREDENTIALS = "credentials"
    CREDITS = "credits"
    WRONG_TIME = "wrong_time"
    WRONG_ACCOUNT = "wrong_account"
    PERMISSION = "permission"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True)
class Health:
    """The result of a health check: the problem (None if there is none), and the account's name.

    `missing` are required permissions that the access lacks; None means not reported.
    """

    problem: HealthProblem | None
    name: str = ""
    detail: str = ""
    missing: tuple[str, ...] | None = None

    @property
    def ok(self) -> bool:
        """True if the credentials work."""
        return self.problem is None
