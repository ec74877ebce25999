"""Platforms in memory that record every action of the city's account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from publisher.platforms.base.protocol import Deadline
from publisher.platforms.base.types import Medium, Receipt
from tests.support.memory_platform.platform import MemoryPlatform
from tests.support.memory_platform.store import OURSELVES, PostStore, StoredPost


class ActionKind(StrEnum):
    """The kinds of actions."""

    MAKE = "make"
    EDIT = "edit"
    DELETE = "delete"
    HIDE = "hide"
    UNHIDE = "unhide"


@dataclass(frozen=True)
class LedgerEntry:
    """An action on a post, with its text and parent."""

    kind: ActionKind
    platform_id: str
    text: str = ""
    parent_id: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """What must not be repeated; a creation is identified by its text, not by its id."""
        if self.kind is ActionKind.MAKE:
            return self.kind, self.parent_id, self.text
        return self.kind, self.platform_id, self.text


class _RecordingStore(PostStore):
    """A post store that records its changes."""

    def __init__(self, now: Callable[[], datetime], lines: list[LedgerEntry]) -> None:
        super().__init__(now)
        self._entries = lines

    def keep(
        self,
        author: str,
        text: str,
        parent_id: str | None,
        media: tuple[Medium, ...] = (),
        *,
        is_public: bool = True,
    ) -> StoredPost:
        post = super().keep(author, text, parent_id, media, is_public=is_public)
        if author == OURSELVES:
            self._entries.append(
                LedgerEntry(ActionKind.MAKE, post.platform_id, post.text, parent_id or "")
            )
        return post

    def change(
        self,
        stored_post: StoredPost,
        *,
        text: str | None = None,
        is_public: bool | None = None,
        is_hidden: bool | None = None,
    ) -> StoredPost:
        changed = super().change(stored_post, text=text, is_public=is_public, is_hidden=is_hidden)
        if text is not None:
            self._entries.append(
                LedgerEntry(ActionKind.EDIT, stored_post.platform_id, changed.text)
            )
        if is_hidden is not None:
            deed = ActionKind.HIDE if is_hidden else ActionKind.UNHIDE
            self._entries.append(LedgerEntry(deed, stored_post.platform_id))
        return changed


class Ledger(MemoryPlatform):
    """A platform with one account; `entries` are all its actions, oldest first."""

    def __init__(self, *, now: Callable[[], datetime], name: str, can_edit: bool) -> None:
        super().__init__(now=now, name=name, can_edit=can_edit)
        self.entries: list[LedgerEntry] = []
        self._shelf = _RecordingStore(now, self.entries)
        self.posts, self.deleted_posts = self._shelf.posts, self._shelf.deleted_posts

    def delete(self, platform_id: str, *, deadline: Deadline) -> Receipt:
        """Record the deletion, even if the post did not exist any more."""
        existed = self._shelf.find(platform_id) is not None
        try:
            return super().delete(platform_id, deadline=deadline)
        finally:
            if not existed or self._shelf.find(platform_id) is None:
                self.entries.append(LedgerEntry(ActionKind.DELETE, platform_id))

    def post_by_hand(self, text: str, parent_id: str = "") -> str:
        """Post under the city's account without the product, and return the post's id."""
        return self._shelf.keep(OURSELVES, text, parent_id or None).platform_id

    def find(self, platform_id: str) -> StoredPost | None:
        """Return the post with this id, or None."""
        return self._shelf.find(platform_id)

    def creations(self, text: str) -> list[LedgerEntry]:
        """Return every creation of a post with this text."""
        return [line for line in self.entries if line.kind is ActionKind.MAKE and line.text == text]
