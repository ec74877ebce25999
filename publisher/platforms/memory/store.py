"""What a platform in memory keeps, and how it shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from publisher.platforms.base.text import normal, with_link
from publisher.platforms.base.types import Medium, Outgoing, Receipt, RemoteComment, RemotePost

OURSELVES = "city"


@dataclass(frozen=True)
class StoredPost:
    """One post, reply or comment, as the platform keeps it."""

    platform_id: str
    author: str
    text: str
    parent_id: str | None
    root_id: str
    media: tuple[Medium, ...]
    created_at: datetime
    is_public: bool = True
    is_hidden: bool = False


class Shelf:
    """Everything that is there, and what was deleted; `now` gives aware UTC."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.kept: list[StoredPost] = []
        self.gone: list[StoredPost] = []
        self._now = now

    def keep(
        self,
        author: str,
        text: str,
        parent_id: str | None,
        media: tuple[Medium, ...] = (),
        *,
        is_public: bool = True,
    ) -> StoredPost:
        """Keep something new."""
        parent = self.find(parent_id) if parent_id else None
        platform_id = str(1_000 + len(self.kept) + len(self.gone))
        root_id = parent.root_id if parent else platform_id
        made = StoredPost(
            platform_id, author, normal(text), parent_id, root_id, media, self._now(), is_public
        )
        self.kept.append(made)
        return made

    def change(
        self,
        found: StoredPost,
        *,
        text: str | None = None,
        is_public: bool | None = None,
        is_hidden: bool | None = None,
    ) -> StoredPost:
        """Put something else in its place; None leaves as it is."""
        changed = replace(
            found,
            text=found.text if text is None else normal(text),
            is_public=found.is_public if is_public is None else is_public,
            is_hidden=found.is_hidden if is_hidden is None else is_hidden,
        )
        self.kept[self.kept.index(found)] = changed
        return changed

    def remove(self, found: StoredPost) -> None:
        """Take it away."""
        self.kept.remove(found)
        self.gone.append(found)

    def find(self, platform_id: str) -> StoredPost | None:
        """What is there under this id."""
        return next((one for one in self.kept if one.platform_id == platform_id), None)

    def known(self, platform_id: str) -> StoredPost:
        """What is there under this id. Raises LookupError."""
        found = self.find(platform_id)
        if found is None:
            raise LookupError(platform_id)
        return found


def words_of(outgoing: Outgoing) -> str:
    """The text as it is kept."""
    return normal(with_link(outgoing.text, outgoing.link))


def address(platform_id: str) -> str:
    """Where people would see it."""
    return f"https://platform.example/{platform_id}"


def is_under(one: StoredPost, post_id: str | None) -> bool:
    """Whether it stands under that post, or, without a post, names us."""
    if post_id is None:
        return one.author != OURSELVES and "@" + OURSELVES in one.text
    return one.root_id == post_id and one.platform_id != post_id


def receipt(one: StoredPost) -> Receipt:
    """What a change of it is answered with."""
    return Receipt(one.platform_id, address(one.platform_id), one.created_at, one.text)


def seen(one: StoredPost) -> RemotePost:
    """What is read of it by its id."""
    return RemotePost(
        platform_id=one.platform_id,
        url=address(one.platform_id),
        text=one.text,
        parent_id=one.parent_id,
        media=len(one.media),
        published_at=one.created_at,
        by_ourselves=one.author == OURSELVES,
        is_public=one.is_public,
        is_hidden=one.is_hidden,
    )


def remark(one: StoredPost) -> RemoteComment:
    """What is read of it as a comment."""
    return RemoteComment(
        platform_id=one.platform_id,
        parent_id=one.parent_id,
        root_id=one.root_id,
        author_id=one.author,
        author_name=one.author,
        author_handle=None,
        text=one.text,
        written_at=one.created_at,
        url=address(one.platform_id),
        by_ourselves=one.author == OURSELVES,
        hidden=one.is_hidden,
    )
