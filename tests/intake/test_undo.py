"""Undo of a decline or a merger: as before, told to who was told, and only for a short time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from publisher.intake import close, questions
from publisher.intake.merge import merge
from publisher.intake.undo import undo_end
from publisher.models.history import Event
from publisher.models.notifications import Notice
from publisher.models.submissions import Submission
from publisher.reports.timeline import load_timeline
from publisher.reports.timeline_steps import StepKind, TimelineStep
from publisher.states import NoticeState, SubmissionState
from publisher.undo import DoneFurther, NothingToUndo, NotOwnAct, TooLate
from tests.support.city import City

HALF_A_MINUTE = timedelta(seconds=30)
REASON = "हेच कालच प्रसिद्ध झाले."


def _decline(town: City, submission_id: int, *, by: str = "clerk") -> int:
    """Decline the submission a second after everything before, and return the event's id."""
    town.clock.move(timedelta(seconds=1))
    with town.write() as session:
        actor, now = town.actor(by), town.now
        close.decline(session, actor=actor, now=now, submission_id=submission_id, reason=REASON)
    return _newest_event(town, submission_id)


def _merge(town: City, submission_id: int, into: int, *, by: str = "clerk") -> int:
    town.clock.move(timedelta(seconds=1))
    number = _submission(town, into).number
    with town.write() as session:
        actor, now = town.actor(by), town.now
        merge(
            session,
            actor=actor,
            now=now,
            submission_id=submission_id,
            number=number,
            reason=REASON,
        )
    return _newest_event(town, submission_id)


def _undo(town: City, submission_id: int, event_id: int, *, by: str = "clerk") -> None:
    with town.write() as session:
        undo_end(
            session,
            actor=town.actor(by),
            now=town.now,
            submission_id=submission_id,
            event_id=event_id,
            within=HALF_A_MINUTE,
        )


def _submission(town: City, submission_id: int) -> Submission:
    with town.read() as session:
        return session.get_one(Submission, submission_id)


def _newest_event(town: City, submission_id: int) -> int:
    with town.read() as session:
        query = select(Event.id).where(Event.subject == "submissions")
        of_this = query.where(Event.subject_id == submission_id).order_by(Event.id.desc())
        return session.scalars(of_this).first() or 0


def _let_mails_leave(town: City) -> None:
    with town.write() as session:
        for notice in session.scalars(select(Notice)):
            notice.state, notice.tries = NoticeState.SENT, 1


def _steps(town: City, submission_id: int) -> list[TimelineStep]:
    with town.read() as session:
        submission = session.get_one(Submission, submission_id)
        return list(load_timeline(session, submission=submission, now=town.now).steps)


def test_a_decline_undone_at_once_was_never_mailed(town: City) -> None:
    submission_id = town.hand_in()
    event_id = _decline(town, submission_id)
    assert town.notified("submission_declined") == ["member"]
    _undo(town, submission_id, event_id)
    submission = _submission(town, submission_id)
    assert (submission.state, submission.reason) == (SubmissionState.RECEIVED, "")
    assert town.verbs("submissions", submission_id) == [
        "hand_in",
        "decline_submission",
        "undo_decline",
    ]
    assert town.notified("submission_declined") == []
    assert town.notified("submission_undone") == []
    assert town.notified("acknowledgement") == ["member"]


def test_who_has_read_the_mail_is_told_of_the_undo(town: City) -> None:
    submission_id = town.hand_in()
    event_id = _decline(town, submission_id)
    _let_mails_leave(town)
    _undo(town, submission_id, event_id)
    assert town.notified("submission_declined") == ["member"]
    assert town.notified("submission_undone") == ["member"]


def test_what_was_returned_waits_for_its_answer_again(town: City) -> None:
    submission_id = town.hand_in()
    with town.write() as session:
        questions.return_submission(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            submission_id=submission_id,
            question="कोणता परिसर?",
        )
    event_id = _decline(town, submission_id)
    _undo(town, submission_id, event_id)
    submission = _submission(town, submission_id)
    assert (submission.state, submission.reason) == (SubmissionState.RETURNED, "कोणता परिसर?")
    steps = {step.kind: step.statement for step in _steps(town, submission_id)}
    assert steps[StepKind.SUBMISSION_RETURNED] == "कोणता परिसर?"
    assert steps[StepKind.DECLINED] == steps[StepKind.DECLINE_UNDONE] == ""


def test_the_history_gives_a_later_reason_to_the_later_decline_alone(town: City) -> None:
    submission_id = town.hand_in()
    _undo(town, submission_id, _decline(town, submission_id))
    _decline(town, submission_id)
    declined = [step for step in _steps(town, submission_id) if step.kind is StepKind.DECLINED]
    assert [step.statement for step in declined] == ["", REASON]


def test_the_duplicates_of_a_declined_one_go_on_with_it(town: City) -> None:
    original, duplicate = town.hand_in(), town.hand_in()
    _merge(town, duplicate, original)
    event_id = _decline(town, original)
    assert town.notified("original_ended") == ["member"]
    _undo(town, original, event_id)
    assert town.notified("original_ended") == []
    assert _submission(town, duplicate).state is SubmissionState.MERGED
    assert _steps(town, duplicate)[-1].kind is StepKind.ORIGINAL_REOPENED


def test_a_merger_undone_leaves_both_as_they_were(town: City) -> None:
    original, duplicate = town.hand_in(), town.hand_in()
    event_id = _merge(town, duplicate, original)
    _undo(town, duplicate, event_id)
    submission = _submission(town, duplicate)
    assert (submission.state, submission.merged_into_id) == (SubmissionState.RECEIVED, None)
    assert submission.reason == ""
    assert town.notified("submission_merged") == []
    assert _steps(town, duplicate)[-1].kind is StepKind.MERGE_UNDONE
    taken_out = _steps(town, original)[-1]
    assert (taken_out.kind, taken_out.number) == (StepKind.TAKEN_OUT, submission.number)


@pytest.mark.parametrize(("seconds", "is_late"), [(29, False), (30, False), (31, True)])
def test_the_time_for_an_undo_ends_after_half_a_minute(
    town: City, seconds: int, *, is_late: bool
) -> None:
    submission_id = town.hand_in()
    event_id = _decline(town, submission_id)
    town.clock.move(timedelta(seconds=seconds))
    if is_late:
        with pytest.raises(TooLate):
            _undo(town, submission_id, event_id)
    else:
        _undo(town, submission_id, event_id)
    assert (_submission(town, submission_id).state is SubmissionState.DECLINED) is is_late


def test_only_who_did_it_undoes_it_and_only_once(town: City) -> None:
    submission_id = town.hand_in()
    event_id = _decline(town, submission_id)
    with pytest.raises(NotOwnAct):
        _undo(town, submission_id, event_id, by="lead")
    _undo(town, submission_id, event_id)
    with pytest.raises(DoneFurther) as again:
        _undo(town, submission_id, event_id)
    assert again.value.values == {"done": "undone"}


def test_an_event_of_another_kind_or_another_submission_is_not_undone(town: City) -> None:
    submission_id, other = town.hand_in(), town.hand_in()
    handed_in, declined = _newest_event(town, submission_id), _decline(town, other)
    for event_id in (handed_in, declined, 10**9):
        with pytest.raises(NothingToUndo):
            _undo(town, submission_id, event_id)
