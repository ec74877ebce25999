"""Several conversations in one search of X: which fit together, and how far each has been read.

Each post keeps a cursor of its own, so a post can join others, leave them and be read alone without
inheriting what others have read. ADR 60 has the argument that no comment is missed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

from publisher.platforms.base.cursor import CursorPosition

MOST_CHARACTERS: Final = 512
"""The longest query that X's search takes."""

MOST_TOGETHER: Final = 13
"""The most posts in a query. With ids of nineteen digits twelve fit beside the account's own id."""

MOST_PAGES: Final = 20
"""The most pages that posts are read together; with more comments, each is read alone."""

_POST_ID = re.compile(r"[0-9]{1,19}")


def is_post_id(text: str) -> bool:
    """Return True if this is an id as X gives them."""
    return _POST_ID.fullmatch(text) is not None


def id_as_number(post_id: str) -> int:
    """Return the id as a number, which grows with time; zero if there is none."""
    return int(post_id or 0)


def make_query(post_ids: Collection[str], user_id: str) -> str:
    """Return the query for all posts of these conversations except the account's own."""
    conversations = " OR ".join(f"conversation_id:{post_id}" for post_id in post_ids)
    # X would charge for our own posts and answers too.
    return f"({conversations}) -from:{user_id}"


def posts_together(cursors: Mapping[str, str | None], user_id: str) -> tuple[str, ...]:
    """Return the posts, in their order, that one query reads with the first, including the first.

    A post within a round of its own continues alone: only its own query has the next page.
    """
    first, *others = cursors
    together = [first]
    for post_id in others if _can_join(first, cursors[first]) else ():
        fits = len(make_query([*together, post_id], user_id)) <= MOST_CHARACTERS
        if fits and len(together) < MOST_TOGETHER and _can_join(post_id, cursors[post_id]):
            together.append(post_id)
    return tuple(together)


def _can_join(post_id: str, cursor: str | None) -> bool:
    position = CursorPosition.decode(cursor)
    return is_post_id(post_id) and not (position.newest or position.token)


def first_position(cursors: Mapping[str, str | None]) -> CursorPosition:
    """Return where the round of these posts begins: at the oldest of their own positions."""
    beginnings = (_beginning(post_id, cursor) for post_id, cursor in cursors.items())
    return CursorPosition(min(beginnings, key=id_as_number))


def _beginning(post_id: str, cursor: str | None) -> str:
    # Every comment is newer than its post, and so is its id.
    return CursorPosition.decode(cursor).since or post_id


def advance_cursors(cursors: Mapping[str, str | None], newest: str) -> dict[str, str]:
    """Return the posts' cursors after a round that was read to its last page.

    `newest` is the newest post of the round, by any author: up to there X has shown everything.
    """
    return {
        post_id: CursorPosition(
            max(_beginning(post_id, cursor), newest, key=id_as_number),
        ).encode()
        for post_id, cursor in cursors.items()
    }


def cursors_alone(cursors: Mapping[str, str | None]) -> dict[str, str]:
    """Return the posts' cursors so that each is read in its own round, from its own position."""
    return {
        post_id: CursorPosition(position.since, position.since or post_id).encode()
        for post_id, position in (
            (post_id, CursorPosition.decode(cursor)) for post_id, cursor in cursors.items()
        )
    }
