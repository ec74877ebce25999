"""The reasons to return a post that a person keeps, to choose one again instead of typing it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from approvals.policy import Actor
from publisher.desk.checking import Check, Invalid, Problem, person_of
from publisher.models.gate import LONGEST_TEXT, ReturnText

MOST = 20


def mine(session: Session, *, actor: Actor) -> list[ReturnText]:
    """The person's own texts, the one kept first at the top."""
    query = select(ReturnText).where(ReturnText.person_id == person_of(actor))
    return list(session.scalars(query.order_by(ReturnText.id)))


def keep(session: Session, *, actor: Actor, now: datetime, words: str) -> ReturnText:
    """Keep a text; one that is kept already is left as it is. Raises `Invalid`."""
    check = Check()
    text = check.text("words", words, most=LONGEST_TEXT, required=True)
    check.finish()
    own = ReturnText.person_id == person_of(actor)
    query = select(ReturnText).where(own, ReturnText.words == text)
    known = session.scalars(query).one_or_none()
    if known is not None:
        return known
    if (session.scalar(select(func.count()).where(own)) or 0) >= MOST:
        raise Invalid([Problem("words", "too_many_texts", {"most": MOST})])
    kept = ReturnText(person_id=person_of(actor), words=text, kept_at=now)
    session.add(kept)
    session.flush()
    return kept


def remove(session: Session, *, actor: Actor, text_id: int) -> None:
    """Forget a text of one's own; anybody else's is left alone."""
    session.execute(
        delete(ReturnText).where(ReturnText.id == text_id, ReturnText.person_id == person_of(actor))
    )


def with_text(reason: str, chosen: str) -> str:
    """A chosen text put after what stands there already; twice it is not needed."""
    before = reason.strip()
    if chosen in before.splitlines():
        return before
    return f"{before}\n{chosen}" if before else chosen
