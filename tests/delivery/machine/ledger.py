"""Platforms in memory that write down whatever the city's account did to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from publisher.platforms.base.protocol import Deadline
from publisher.platforms.base.types import Medium, Receipt
from publisher.platforms.memory.platform import MemoryPlatform
from publisher.platforms.memory.store import OURSELVES, PostStore, StoredPost


class Deed(StrEnum):
    """What was done there."""

    MAKE = "make"
    EDIT = "edit"
    DELETE = "delete"
    HIDE = "hide"
    UNHIDE = "unhide"


@dataclass(frozen=True)
class Line:
    """One deed: to what, with which words, under what."""

    deed: Deed
    platform_id: str
    text: str = ""
    parent_id: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """What must not be done twice; the number is the platform's, where it makes something."""
        if self.deed is Deed.MAKE:
            return self.deed, self.parent_id, self.text
        return self.deed, self.platform_id, self.text


class _Written(PostStore):
    """A shelf that writes down what changes on it."""

    def __init__(self, now: Callable[[], datetime], lines: list[Line]) -> None:
        super().__init__(now)
        self._lines = lines

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
            self._lines.append(Line(Deed.MAKE, post.platform_id, post.text, parent_id or ""))
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
            self._lines.append(Line(Deed.EDIT, stored_post.platform_id, changed.text))
        if is_hidden is not None:
            deed = Deed.HIDE if is_hidden else Deed.UNHIDE
            self._lines.append(Line(deed, stored_post.platform_id))
        return changed


class Ledger(MemoryPlatform):
    """One account; `lines` holds everything that was ever done by it, oldest first."""

    def __init__(self, *, now: Callable[[], datetime], name: str, can_edit: bool) -> None:
        super().__init__(now=now, name=name, can_edit=can_edit)
        self.lines: list[Line] = []
        self._shelf = _Written(now, self.lines)
        self.posts, self.deleted_posts = self._shelf.posts, self._shelf.deleted_posts

    def delete(self, platform_id: str, *, deadline: Deadline) -> Receipt:
        """Write down that it was asked for, whether or not anything stands there still."""
        stood = self._shelf.find(platform_id) is not None
        try:
            return super().delete(platform_id, deadline=deadline)
        finally:
            if not stood or self._shelf.find(platform_id) is None:
                self.lines.append(Line(Deed.DELETE, platform_id))

    def by_hand(self, text: str, parent_id: str = "") -> str:
        """A person of ours posts it on the platform's own page; gives its number."""
        return self._shelf.keep(OURSELVES, text, parent_id or None).platform_id

    def stands(self, platform_id: str) -> StoredPost | None:
        """What there is under this number now."""
        return self._shelf.find(platform_id)

    def creations(self, text: str) -> list[Line]:
        """What was ever made with these words."""
        return [line for line in self.lines if line.deed is Deed.MAKE and line.text == text]
