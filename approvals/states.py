"""The states of a post and the moves between them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class PostState(StrEnum):
    """The state of a post's approval. Receipts, not states, show if a post is live."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


Moves = Mapping[StrEnum, frozenset[StrEnum]]

POST_MOVES: Moves = {
    PostState.DRAFT: frozenset({PostState.IN_REVIEW, PostState.WITHDRAWN}),
    PostState.IN_REVIEW: frozenset(
        {PostState.APPROVED, PostState.REJECTED, PostState.DRAFT, PostState.WITHDRAWN}
    ),
    PostState.APPROVED: frozenset({PostState.IN_REVIEW, PostState.DRAFT, PostState.WITHDRAWN}),
    PostState.REJECTED: frozenset({PostState.DRAFT, PostState.WITHDRAWN}),
    PostState.WITHDRAWN: frozenset(),
}
