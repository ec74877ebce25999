"""The gate: decides if a revision may be published now, and by which approvals.

A `Subject` is all that is published; its digest is the SHA-256 of versioned canonical JSON. An
approval counts only for the digest that was approved.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from approvals.approvers import HeadRight
from approvals.errors import (
    FourEyesRequired,
    NotApproved,
    RestsOnWriter,
    StaleRevision,
    WrongState,
)
from approvals.states import PostState

HASH_VERSION = 1
REPLY = "reply"
"""The kind that answers a comment: its author may approve it."""


@dataclass(frozen=True)
class Window:
    """The time in which the subject may be published (aware UTC; None if unlimited)."""

    not_before: datetime | None
    not_after: datetime


@dataclass(frozen=True)
class Picture:
    """A rendition as it is published: the digest of its bytes and its alternative text."""

    sha256: str
    alt_text: str


@dataclass(frozen=True)
class VariantSubject:
    """One text on one account in one language; `target` is the reply or edit target."""

    account_id: int
    language: str
    text: str
    link: str
    target: str
    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class Subject:
    """Everything that an approval covers."""

    department_id: int
    asked: tuple[int, ...]
    kind: str
    window: Window
    variants: tuple[VariantSubject, ...]


def canonical(subject: Subject) -> str:
    """Return the subject as canonical JSON: sorted keys, NFC texts, times in UTC."""
    body = {
        "version": HASH_VERSION,
        "department": subject.department_id,
        "asked": sorted(subject.asked),
        "kind": subject.kind,
        "window": [_utc(subject.window.not_before), _utc(subject.window.not_after)],
        "variants": [_canonical_variant(variant) for variant in subject.variants],
    }
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _canonical_variant(variant: VariantSubject) -> dict[str, object]:
    plain = dict(vars(variant))
    plain["text"] = unicodedata.normalize("NFC", variant.text)
    plain["pictures"] = [
        [picture.sha256, unicodedata.normalize("NFC", picture.alt_text)]
        for picture in variant.pictures
    ]
    return plain


def _utc(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()


def digest(canonical_json: str) -> str:
    """Return the SHA-256 of the canonical JSON, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json.encode()).hexdigest()


class ApprovalKind(StrEnum):
    """The way in which an approval was made."""

    APPROVED = "approved"
    OWN_HAND = "own_hand"  #: The author of a reply approved it.
    EMERGENCY = "emergency"  #: The duty officer used an approved template.


@dataclass(frozen=True)
class Approval:
    """A stored approval as the gate needs it.

    `in_force` is false if the approval was withdrawn, the approver's appointment has ended, or the
    person is disabled. `rests_on` are the persons on whom that appointment rests. `head_right` is
    the head's right as recorded at the approval; None for officers.
    """

    kind: ApprovalKind
    department_id: int
    person_id: int
    digest: str
    in_force: bool
    rests_on: frozenset[int] = frozenset()
    head_right: HeadRight | None = None


@dataclass(frozen=True)
class Case:
    """A revision as it would be published now, with all that the gate needs to judge it.

    `authors` are its own author and, if it restores an older revision, the authors of that too.
    """

    state: PostState
    revision: int
    newest_revision: int
    stored_digest: str
    subject: Subject
    authors: frozenset[int]
    approvals: tuple[Approval, ...]


class Refusal(StrEnum):
    """The reason why the gate refuses a revision."""

    NOT_NEWEST = "not_newest"
    NOT_IN_STATE_APPROVED = "not_in_state_approved"
    CHANGED = "changed"
    APPROVAL_MISSING = "approval_missing"
    TOO_EARLY = "too_early"
    TOO_LATE = "too_late"
    OTHER_ACCOUNT = "other_account"


@dataclass(frozen=True)
class Verdict:
    """The gate's decision: a refusal, or None and the approvals that allow it."""

    refusal: Refusal | None
    approvals: tuple[Approval, ...] = ()

    @property
    def allowed(self) -> bool:
        """True if the subject may be published."""
        return self.refusal is None


def judge(case: Case, *, now: datetime) -> Verdict:
    """Decide if the subject may be published at `now`."""
    refusal = _refusal_of_revision(case) or _refusal_of_time(case.subject.window, now)
    if refusal is not None:
        return Verdict(refusal)
    counts = counting(case)
    if missing_departments(case, counts):
        return Verdict(Refusal.APPROVAL_MISSING)
    return Verdict(None, counts)


def judge_variant(
    case: Case, variant: VariantSubject, *, account_id: int, now: datetime
) -> Verdict:
    """Decide if exactly this variant may be published on this account at `now`."""
    verdict = judge(case, now=now)
    if verdict.refusal is not None:
        return verdict
    if refusal := refusal_of_account(account_id, variant.account_id):
        return Verdict(refusal)
    return verdict if variant in case.subject.variants else Verdict(Refusal.CHANGED)


def refusal_of_account(account_id: int, approved_id: int | None) -> Refusal | None:
    """Return the refusal of an action on an account other than the one it was approved for."""
    return None if account_id == approved_id else Refusal.OTHER_ACCOUNT


def _refusal_of_revision(case: Case) -> Refusal | None:
    if case.revision != case.newest_revision:
        return Refusal.NOT_NEWEST
    if case.state is not PostState.APPROVED:
        return Refusal.NOT_IN_STATE_APPROVED
    if digest(canonical(case.subject)) != case.stored_digest:
        return Refusal.CHANGED
    return None


def _refusal_of_time(window: Window, now: datetime) -> Refusal | None:
    if window.not_before is not None and now < window.not_before:
        return Refusal.TOO_EARLY
    if now > window.not_after:
        return Refusal.TOO_LATE
    return None


def counting(case: Case) -> tuple[Approval, ...]:
    """Return the approvals that count for the subject."""
    return tuple(approval for approval in case.approvals if _counts(approval, case))


def _counts(approval: Approval, case: Case) -> bool:
    if not approval.in_force or approval.digest != case.stored_digest:
        return False
    match approval.kind:
        case ApprovalKind.APPROVED:
            if approval.head_right is not None and not approval.head_right.held:
                return False
            excluded = authors_to_exclude(case.subject.kind, case.authors)
            return approval.person_id not in excluded and excluded.isdisjoint(approval.rests_on)
        case ApprovalKind.OWN_HAND:
            return case.subject.kind == REPLY and approval.person_id in case.authors
        case ApprovalKind.EMERGENCY:
            return True


def authors_to_exclude(kind: str, authors: Collection[int]) -> frozenset[int]:
    """Return the authors, who may not approve a post; for a reply, an empty set."""
    return frozenset() if kind == REPLY else frozenset(authors)


def missing_departments(case: Case, approvals: Collection[Approval]) -> frozenset[int]:
    """Return the departments whose approval is required and missing.

    If the revision asks none, its own department has to approve.
    """
    required_ids = frozenset(case.subject.asked) or frozenset({case.subject.department_id})
    return required_ids - {approval.department_id for approval in approvals}


def check_approval(
    *,
    state: PostState,
    seen_revision: int,
    newest_revision: int,
    person_id: int,
    authors: Collection[int],
    rests_on: Collection[int] = (),
) -> None:
    """Raise unless this person may approve this revision; `authors` may not.

    `rests_on` are the persons on whom this person's appointment rests; none of them may be an
    author. Raises `StaleRevision` first, then `WrongState`, `FourEyesRequired`, `RestsOnWriter`.
    """
    check_seen(seen_revision, newest_revision)
    if state is not PostState.IN_REVIEW:
        raise WrongState(state=state, to=PostState.APPROVED)
    if person_id in authors:
        raise FourEyesRequired(revision=newest_revision)
    if not frozenset(authors).isdisjoint(rests_on):
        raise RestsOnWriter(revision=newest_revision)


def check_seen(seen_revision: int, newest_revision: int) -> None:
    """Raise `StaleRevision` if the person looked at an older revision."""
    if seen_revision != newest_revision:
        raise StaleRevision(seen=seen_revision, newest=newest_revision)


def require_verdict(verdict: Verdict) -> None:
    """Raise `NotApproved` if the verdict is a refusal."""
    if verdict.refusal is not None:
        raise NotApproved(reason=verdict.refusal)


def rests_on(
    recorder_ids: Collection[int], confirmed_by_id: int | None, staff_recorder_ids: Collection[int]
) -> frozenset[int]:
    """Return the persons whose revisions an approval under this appointment must not release.

    These are the person who confirmed it, and `staff_recorder_ids`: those who recorded that
    person's own appointment to the staff, or changed their address afterwards. A recorder is free
    once somebody else has confirmed it. A command's word rests on nobody.
    """
    if confirmed_by_id is None:
        return frozenset()
    recorders = frozenset(recorder_ids) if confirmed_by_id in recorder_ids else frozenset()
    return recorders.union((confirmed_by_id, *staff_recorder_ids))
