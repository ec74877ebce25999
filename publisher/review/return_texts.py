"""A person's own texts for returning a post, saved to be chosen again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from approvals.policy import Actor
from publisher.models.approvals import LONGEST_TEXT, ReturnText
from publisher.validation import FieldError, Invalid, Validator, person_of

MOST = 20
"""The number of texts that a person can save."""


def own_texts(session: Session, *, actor: Actor) -> list[ReturnText]:
    """Return the person's saved texts, oldest first."""
    query = select(ReturnText).where(ReturnText.person_id == person_of(actor))
    return list(session.scalars(query.order_by(ReturnText.id)))


def save(session: Session, *, actor: Actor, now: datetime, return_text: str) -> ReturnText:
    """Save a text, unless the person has it already; raises `Invalid` for `words`."""
    validator = Validator()
    text = validator.text("words", return_text, most=LONGEST_TEXT, required=True)
    validator.finish()
    is_own = ReturnText.person_id == person_of(actor)
    query = select(ReturnText).where(is_own, ReturnText.words == text)
    existing = session.scalars(query).one_or_none()
    if existing is not None:
        return existing
    if (session.scalar(select(func.count()).where(is_own)) or 0) >= MOST:
        raise Invalid([FieldError("words", "too_many_texts", {"most": MOST})])
    row = ReturnText(person_id=person_of(actor), words=text, kept_at=now)
    session.add(row)
    session.flush()
    return row


def remove(session: Session, *, actor: Actor, text_id: int) -> None:
    """Delete a text if it is the person's own."""
    session.execute(
        delete(ReturnText).where(ReturnText.id == text_id, ReturnText.person_id == person_of(actor))
    )


def copy(
    session: Session, texts: Iterable[ReturnText], *, to_person_id: int, now: datetime
) -> None:
    """Also give these texts to another person, if they do not have them yet and there is room."""
    query = select(ReturnText.words).where(ReturnText.person_id == to_person_id)
    present = set(session.scalars(query))
    for text in texts:
        if text.words not in present and len(present) < MOST:
            session.add(ReturnText(person_id=to_person_id, words=text.words, kept_at=now))
            present.add(text.words)


def insert(session: Session, reason: str, *, actor: Actor, text_id: int) -> str:
    """Return the reason with this text of the person's own below it."""
    texts = {text.id: text.words for text in own_texts(session, actor=actor)}
    return append(reason, texts.get(text_id, ""))


def append(reason: str, text: str) -> str:
    """Append a saved text to the reason, unless the reason contains it already."""
    stripped = reason.strip()
    if text in stripped.splitlines():
        return stripped
    return f"{stripped}\n{text}" if stripped else text
