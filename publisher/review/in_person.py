"""Approve in person: a code opens the review page of a revision on the officer's own phone.

The code grants no right: on that page the officer decides in their own session. Without a phone it
is opened on a second computer, never in a browser where somebody of the cell is signed in.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from approvals import gate
from approvals.errors import WrongRole, WrongState
from approvals.policy import Action, Actor, Role, require
from approvals.states import PostState
from publisher import transitions
from publisher.auth import throttling
from publisher.auth.one_time_links import hash_token
from publisher.i18n.languages import latin_digits
from publisher.models.approvals import SpotCode
from publisher.models.people import Person
from publisher.models.posts import Decision, Post, Revision
from publisher.review import gate_adapter
from publisher.validation import check_in_sight, existing, person_of

LASTS: Final = timedelta(minutes=15)
LETTERS: Final = "34679ACDEFGHJKMNPQRTVWXY"
"""The alphabet of typed codes, without letters that look or sound like others."""

LENGTH: Final = 8
CELL: Final = frozenset({Role.CELL, Role.CELL_LEAD})
_TOKEN_BYTES = 16


@dataclass(frozen=True)
class Spelled:
    """The two forms of a code: `token` is part of the scanned URL, `letters` are typed."""

    token: str
    letters: str

    @property
    def grouped(self) -> str:
        """Return the letters in two groups of four."""
        return f"{self.letters[:4]}-{self.letters[4:]}"


class ApprovalCodeProblem(StrEnum):
    """The reason why a code is refused."""

    CELL_BROWSER = "cell_browser"
    UNREADABLE = "unreadable"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    REPLACED = "replaced"
    DECIDED = "decided"
    NEWER_REVISION = "newer_revision"
    ELSEWHERE = "elsewhere"
    THROTTLED = "throttled"


@dataclass(frozen=True)
class CodeRefusal:
    """A refused code; `until` is the end of the wait if the person is throttled (aware UTC)."""

    problem: ApprovalCodeProblem
    until: datetime | None = None


def spell(seed: str, secret: str) -> Spelled:
    """Derive both forms of a code from its seed with the installation's secret key."""
    mixed = hmac.new(secret.encode(), f"spot code {seed}".encode(), hashlib.sha256).digest()
    token = urlsafe_b64encode(mixed[:_TOKEN_BYTES]).decode().rstrip("=")
    rest = int.from_bytes(mixed[_TOKEN_BYTES:])
    return Spelled(token, "".join(_letters(rest)))


def _letters(number: int) -> Iterator[str]:
    for _position in range(LENGTH):
        number, at = divmod(number, len(LETTERS))
        yield LETTERS[at]


def make(
    session: Session, *, actor: Actor, now: datetime, post_id: int, seen_revision: int, secret: str
) -> SpotCode:
    """Create a code for the revision in review, and end its earlier codes.

    Raises `WrongRole`, `StaleRevision`, or `WrongState` if no decision is pending.
    """
    post = existing(transitions.lock(session, Post, post_id), post_id)
    require(actor, Action.SEND_FOR_REVIEW, post.department_id, now=now)
    gate.check_seen(seen_revision, post.newest)
    if post.state is not PostState.IN_REVIEW or actor.appointment_id is None:
        raise WrongState(state=post.state, to=PostState.APPROVED)
    revision = post.revisions[-1]
    end_codes(session, revision=revision, now=now)
    seed = secrets.token_urlsafe(32)
    spelled = spell(seed, secret)
    code = SpotCode(
        token_digest=hash_token(spelled.token),
        letters_digest=hash_token(spelled.letters),
        seed=seed,
        revision=revision,
        made_at=now,
        made_by_id=person_of(actor),
        made_under_id=actor.appointment_id,
        expires_at=now + LASTS,
    )
    session.add(code)
    values = {"revision": post.newest}
    transitions.record(session, post, "ask_on_the_spot", actor=actor, now=now, values=values)
    return code


def end_codes(session: Session, *, revision: Revision, now: datetime) -> None:
    """End the open codes of a revision, after a decision or before a new code."""
    session.execute(
        update(SpotCode)
        .where(SpotCode.revision_id == revision.id, SpotCode.ended_at.is_(None))
        .values(ended_at=now)
    )


def latest(session: Session, *, revision: Revision) -> SpotCode | None:
    """Return the newest code of this revision, open or not."""
    query = select(SpotCode).where(SpotCode.revision_id == revision.id)
    return session.scalars(query.order_by(SpotCode.id.desc()).limit(1)).one_or_none()


def find_problem(code: SpotCode, *, now: datetime) -> ApprovalCodeProblem | None:
    """Return why this code is not valid, or None if it is."""
    post = code.revision.post
    if code.revision.number != post.newest:
        return ApprovalCodeProblem.NEWER_REVISION
    if post.state is not PostState.IN_REVIEW or _was_decided(code):
        return ApprovalCodeProblem.DECIDED
    if code.ended_at is not None:
        return ApprovalCodeProblem.REPLACED
    return ApprovalCodeProblem.EXPIRED if now >= code.expires_at else None


def _was_decided(code: SpotCode) -> bool:
    """Return True if a decision ended the code, even if other departments have yet to decide."""
    ended = code.ended_at
    return ended is not None and any(decision.at == ended for decision in code.revision.decisions)


def find_by_token(
    session: Session, *, actor: Actor, now: datetime, token: str
) -> SpotCode | CodeRefusal:
    """Return the code with this scanned token, or a refusal; writes nothing."""
    query = select(SpotCode).where(SpotCode.token_digest == hash_token(token))
    code = session.scalars(query).one_or_none()
    return _answer(code, actor=actor, now=now)


def find_by_letters(
    session: Session, *, actor: Actor, now: datetime, letters: str
) -> SpotCode | CodeRefusal:
    """Return the code with these typed letters, or a refusal; a wrong code counts as a failed try.

    The refusal is returned and not raised, because the failed try has to be committed.
    """
    keys = (throttling.key_of_identifier(f"spot code of {person_of(actor)}"),)
    until = throttling.next_attempt_at(session, keys, now=now)
    if until is not None:
        return CodeRefusal(ApprovalCodeProblem.THROTTLED, until)
    code_letters = readable(letters)
    if code_letters is None:
        return CodeRefusal(ApprovalCodeProblem.UNREADABLE)
    if not set(code_letters) <= set(LETTERS):
        return CodeRefusal(ApprovalCodeProblem.UNKNOWN)  # a typing error: no code has such a letter
    query = select(SpotCode).where(SpotCode.letters_digest == hash_token(code_letters))
    code = session.scalars(query).one_or_none()
    if code is None:
        throttling.store_failure(session, keys, now=now)
        person = session.get_one(Person, actor.person_id)
        transitions.record(session, person, "refuse_code", actor=actor, now=now)
    return _answer(code, actor=actor, now=now)


def readable(letters: str) -> str | None:
    """Return the typed letters in the form of a code, or None unless there are eight."""
    plain = "".join(letter for letter in latin_digits(letters).upper() if letter.isalnum())
    return plain if len(plain) == LENGTH else None


def _answer(code: SpotCode | None, *, actor: Actor, now: datetime) -> SpotCode | CodeRefusal:
    if actor.role in CELL:
        return CodeRefusal(ApprovalCodeProblem.CELL_BROWSER)
    if code is None:
        return CodeRefusal(ApprovalCodeProblem.UNKNOWN)
    if not _is_in_sight(code.revision, actor):
        return CodeRefusal(ApprovalCodeProblem.ELSEWHERE)
    problem = find_problem(code, now=now)
    return code if problem is None else CodeRefusal(problem)


def _is_in_sight(revision: Revision, actor: Actor) -> bool:
    """Return True if the actor may see the post: a code by itself shows nothing."""
    departments = {revision.post.department_id, *gate_adapter.department_ids_to_ask(revision)}
    try:
        check_in_sight(actor, Action.SEE_POST, departments)
    except (LookupError, WrongRole):
        return False
    return True


def list_decisions(revision: Revision) -> list[Decision]:
    """Return the decisions about this revision, newest first."""
    return sorted(revision.decisions, key=lambda decision: decision.id, reverse=True)
