"""Warn before review about what may be wrong with a draft; a warning never blocks sending.

Each rule is a function of the texts and their context.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from publisher.content_checks import rules
from publisher.content_checks.context import load_context, revision_texts
from publisher.content_checks.types import (
    CheckContext,
    ContentWarning,
    Text,
)
from publisher.models.posts import Post, Revision

Rule = Callable[[Sequence[Text], CheckContext], Iterable[ContentWarning]]
RULES: tuple[Rule, ...] = (
    rules.weekdays,
    rules.dates_off_the_event,
    rules.dates_in_the_past,
    rules.dead,
    rules.aadhaar,
    rules.mobiles,
    rules.reply_without_mention,
    rules.same,
    rules.languages,
    rules.descriptions,
    rules.link_without_picture,
)
"""The order in which warnings are shown: what would mislead a citizen comes first."""


def warnings(texts: Sequence[Text], context: CheckContext) -> list[ContentWarning]:
    """Return the warnings of every rule."""
    return [warning for rule in RULES for warning in rule(texts, context)]


def check_revision(session: Session, revision: Revision, *, now: datetime) -> list[ContentWarning]:
    """Return the warnings about a saved revision as of `now`."""
    return warnings_of_draft(
        session, revision.post, revision_texts(revision), now=now, not_before=revision.not_before
    )


def warnings_of_draft(
    session: Session,
    post: Post,
    texts: Sequence[Text],
    *,
    now: datetime,
    not_before: datetime | None = None,
) -> list[ContentWarning]:
    """Return the warnings about these texts of a post."""
    context = load_context(session, post, texts, now=now, not_before=not_before)
    return warnings(texts, context)


def warnings_for_event(
    session: Session, revision: Revision, *, now: datetime
) -> list[dict[str, object]]:
    """Return the warnings at the time a revision was sent for review, for its Event.

    Each has its code, account, language and field. The text itself is left out, as the history may
    hold no personal data.
    """
    return [
        {
            "code": warning.code.value,
            "account": revision.variants[warning.location.variant].account_id,
            "language": revision.variants[warning.location.variant].language.value,
            "field": warning.location.field,
        }
        for warning in check_revision(session, revision, now=now)
    ]
