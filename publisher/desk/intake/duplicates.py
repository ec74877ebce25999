"""What becomes of duplicates when the submission under which they went on ends without a post."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy.orm import Session

from approvals.policy import Actor
from publisher import transitions
from publisher.desk.checking import person_of
from publisher.desk.intake.handing_in import tell
from publisher.models.content.submissions import Submission
from publisher.models.people import Person
from publisher.notifications.compose import NoticeKind
from publisher.states import SubmissionState

VERB = "original_ended"
ENDED = (SubmissionState.DECLINED, SubmissionState.WITHDRAWN)


def original_of(submission: Submission) -> Submission | None:
    """The submission under which a duplicate goes on in the end; None where it is no duplicate."""
    original = submission.merged_into
    while original is not None and original.merged_into is not None:
        original = original.merged_into
    return original


def ended_original(submission: Submission) -> Submission | None:
    """The same where that one was declined or withdrawn: nothing comes of the duplicate either."""
    original = original_of(submission)
    return original if original is not None and original.state in ENDED else None


def tell_duplicates(session: Session, original: Submission, *, actor: Actor, now: datetime) -> None:
    """Tell the department of each duplicate that the original has ended, why, and what to do.

    A duplicate stays merged and keeps its number: it has been answered for by the original.
    """
    by = session.get_one(Person, person_of(actor))
    more: dict[str, object] = {
        "into": original.number,
        "declined": original.state is SubmissionState.DECLINED,
        "reason": original.reason,
        "by": by,
    }
    for one in _under(original):
        same = one.department_id == original.department_id
        values = {"into": original.number, "into_id": original.id, "same": same}
        transitions.record(session, one, VERB, actor=actor, now=now, values=values)
        tell(session, one, NoticeKind.ORIGINAL_ENDED, now=now, more=more)


def _under(original: Submission) -> Iterator[Submission]:
    """Everything that was merged into it, by way of others too."""
    for one in original.duplicates:
        yield one
        yield from _under(one)
