"""Warnings before review: what may be wrong with a draft, where, and never in the way of sending.

Each rule is a small function of its own, from the texts and what is known around them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from publisher.content_checks import rules
from publisher.content_checks.context import links_seen, load_context, texts_of
from publisher.content_checks.record import ask_for_links, note
from publisher.content_checks.types import (
    Alike,
    CheckContext,
    SeenLink,
    Text,
    TextLocation,
    Warned,
    WarningCode,
)
from publisher.models.posts import Post, Revision

__all__ = [
    "RULES",
    "Alike",
    "CheckContext",
    "SeenLink",
    "Text",
    "TextLocation",
    "Warned",
    "WarningCode",
    "ask_for_links",
    "links_seen",
    "load_context",
    "note",
    "recorded",
    "texts_of",
    "warnings",
    "warnings_of",
    "warnings_of_draft",
]

Rule = Callable[[Sequence[Text], CheckContext], Iterable[Warned]]
RULES: tuple[Rule, ...] = (
    rules.weekdays,
    rules.off_the_event,
    rules.passed,
    rules.dead,
    rules.aadhaar,
    rules.mobiles,
    rules.refused,
    rules.same,
    rules.languages,
    rules.descriptions,
    rules.without_picture,
)
"""In the order in which they are told: what a citizen would be misled by comes first."""


def warnings(texts: Sequence[Text], context: CheckContext) -> list[Warned]:
    """Everything there is to warn of."""
    return [warning for rule in RULES for warning in rule(texts, context)]


def warnings_of(session: Session, revision: Revision, *, now: datetime) -> list[Warned]:
    """What there is to warn of in a saved revision, as things stand now."""
    return warnings_of_draft(
        session, revision.post, texts_of(revision), now=now, not_before=revision.not_before
    )


def warnings_of_draft(
    session: Session,
    post: Post,
    texts: Sequence[Text],
    *,
    now: datetime,
    not_before: datetime | None = None,
) -> list[Warned]:
    """What there is to warn of in these texts for this post."""
    context = load_context(session, post, texts, now=now, not_before=not_before)
    return warnings(texts, context)


def recorded(session: Session, revision: Revision, *, now: datetime) -> list[dict[str, object]]:
    """What was known when a revision was sent for review, for its Event: codes and places.

    Neither the words nor a number out of the text: history holds no personal text.
    """
    return [
        {
            "code": warning.code.value,
            "account": revision.variants[warning.location.variant].account_id,
            "language": revision.variants[warning.location.variant].language.value,
            "field": warning.location.field,
        }
        for warning in warnings_of(session, revision, now=now)
    ]
