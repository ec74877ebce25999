"""The posts of a platform in memory, and how it shows them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from publisher.platforms.base.text import normalize, with_link
from publisher.platforms.base.types import Medium, Outgoing, Receipt, RemoteComment, RemotePost

OURSELVES = "city"
HOST = "platform.example"


@dataclass(frozen=True)
class StoredPost:
    """A post, reply or comment, as the platform stores it."""

    platform_id: str
    author: str
    text: str
    parent_id: str | None
    root_id: str
    media: tuple[Medium, ...]
    created_at: datetime
    is_public: bool = True
    is_hidden: bool = False


class PostStore:
    """The existing and the deleted posts; `now` returns aware UTC."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.posts: list[StoredPost] = []
        self.deleted_posts: list[StoredPost] = []
        self._now = now
        self._keeping = threading.Lock()  # two threads of a worker must not get the same id

    def keep(
        self,
        author: str,
        text: str,
        parent_id: str | None,
        media: tuple[Medium, ...] = (),
        *,
        is_public: bool = True,
    ) -> StoredPost:
        """Store a new post."""
        parent = self.find(parent_id) if parent_id else None
        with self._keeping:
            platform_id = str(1_000 + len(self.posts) + len(self.deleted_posts))
            root_id = parent.root_id if parent else platform_id
            created_at, text = self._now(), normalize(text)
            remote_post = StoredPost(
                platform_id, author, text, parent_id, root_id, media, created_at, is_public
            )
            self.posts.append(remote_post)
        return remote_post

    def change(
        self,
        post: StoredPost,
        *,
        text: str | None = None,
        is_public: bool | None = None,
        is_hidden: bool | None = None,
    ) -> StoredPost:
        """Replace a post by a changed one; None leaves a field as it is."""
        changed = replace(
            post,
            text=post.text if text is None else normalize(text),
            is_public=post.is_public if is_public is None else is_public,
            is_hidden=post.is_hidden if is_hidden is None else is_hidden,
        )
        self.posts[self.posts.index(post)] = changed
        return changed

    def remove(self, post: StoredPost) -> None:
        """Delete a post."""
        self.posts.remove(post)
        self.deleted_posts.append(post)

    def find(self, platform_id: str) -> StoredPost | None:
        """Return the post under this id; None if there is none."""
        return next(
            (remote_post for remote_post in self.posts if remote_post.platform_id == platform_id),
            None,
        )

    def get(self, platform_id: str) -> StoredPost:
        """Return the post under this id. Raises LookupError."""
        remote_post = self.find(platform_id)
        if remote_post is None:
            raise LookupError(platform_id)
        return remote_post


def stored_text(outgoing: Outgoing) -> str:
    """Return the text as it is stored."""
    return normalize(with_link(outgoing.text, outgoing.link))


def length(text: str) -> int:
    """Return the length of a text in the platform's units, which are those of UTF-16."""
    return len(text.encode("utf-16-le")) // 2


def address(platform_id: str) -> str:
    """Return a post's public URL."""
    return f"https://{HOST}/{platform_id}"


def is_under(post: StoredPost, post_id: str | None) -> bool:
    """Return True if it is under that post, or, without a post, if it mentions us."""
    if post_id is None:
        return post.author != OURSELVES and "@" + OURSELVES in post.text
    return post.root_id == post_id and post.platform_id != post_id


def receipt(post: StoredPost) -> Receipt:
    """Return the receipt of a change."""
    return Receipt(post.platform_id, address(post.platform_id), post.created_at, post.text)


def remote_post(post: StoredPost) -> RemotePost:
    """Return the post as it is read by its id."""
    return RemotePost(
        platform_id=post.platform_id,
        url=address(post.platform_id),
        text=post.text,
        parent_id=post.parent_id,
        media=len(post.media),
        published_at=post.created_at,
        by_ourselves=post.author == OURSELVES,
        is_public=post.is_public,
        is_hidden=post.is_hidden,
    )


def remote_comment(post: StoredPost) -> RemoteComment:
    """Return the post as it is read as a comment."""
    return RemoteComment(
        platform_id=post.platform_id,
        parent_id=post.parent_id,
        root_id=post.root_id,
        author_id=post.author,
        author_name=post.author,
        author_handle=None,
        text=post.text,
        written_at=post.created_at,
        url=address(post.platform_id),
        by_ourselves=post.author == OURSELVES,
    )
