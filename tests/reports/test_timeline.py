from __future__ import annotations

from datetime import timedelta

import pytest

from approvals.errors import WrongRole
from publisher.delivery import reconcile
from publisher.intake import close, queries
from publisher.models.posts import Post
from publisher.platforms.base.protocol import OutcomeUnknown
from publisher.reports.next_step import NextKind
from publisher.reports.progress import Stage
from publisher.reports.timeline import Timeline, load_timeline, post_timeline
from publisher.reports.timeline_steps import StepKind, TimelineStep
from publisher.validation import NotFound
from tests.support import scenes
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, MINUTE


def test_a_submission_is_told_from_the_first_day_to_the_answer(town: City) -> None:
    submission_id = town.hand_in()
    town.clock.move(HOUR)
    post_id = town.draft(submission_id, on=["x", "facebook"])
    town.send(post_id)
    town.clock.move(HOUR)
    town.return_post(post_id, "नकाशा जोडावा.")
    town.clock.move(HOUR)
    town.save(post_id)
    town.send(post_id)
    town.approve(post_id, by="second")
    on_x, _ = town.schedule(post_id, HOUR)
    due_at = town.now + HOUR
    town.tick_dispatch(HOUR)
    comment_id = town.comment("किती दिवस?", under=on_x)
    town.answer(comment_id)
    town.tick_dispatch(HOUR)
    steps = _steps_of(town, submission_id)
    assert [(step.kind.value, step.by.name_mr) for step in steps.steps] == [
        ("received", "किरण वाबळे"),
        ("drafted", "स्वाती रणपिसे"),
        ("sent_for_review", "स्वाती रणपिसे"),
        ("returned", "मेधा सातपुते"),
        ("sent_for_review", "स्वाती रणपिसे"),
        ("approved", "नितीन घोलप"),
        ("scheduled", "स्वाती रणपिसे"),
        ("published", ""),
        ("commented", ""),
        ("answered", "मेधा सातपुते"),
    ]
    by_kind = {step.kind: step for step in steps.steps}
    assert by_kind[StepKind.RETURNED].statement == "नकाशा जोडावा."
    assert by_kind[StepKind.APPROVED].revision == 2
    assert by_kind[StepKind.SCHEDULED].due_at == due_at
    published = by_kind[StepKind.PUBLISHED]
    assert [outlet.account.platform for outlet in published.outlets] == ["x", "facebook"]
    assert all(outlet.url for outlet in published.outlets)
    answered = by_kind[StepKind.ANSWERED]
    assert (answered.statement, answered.took) == ("किती दिवस?", HOUR + 10 * MINUTE)
    assert steps.stage is Stage.LIVE


def test_warnings_are_shown_at_the_step_that_sent_the_post_despite_them(
    town: City,
) -> None:
    submission_id = town.hand_in()
    post_id = town.start(submission_id)
    town.save(post_id, on=["x", "facebook"], text="दि. २० नोव्हेंबर २०२६ पर्यंत अर्ज करावेत.")
    town.send(post_id)
    (sent,) = [
        step
        for step in _steps_of(town, submission_id).steps
        if step.kind is StepKind.SENT_FOR_REVIEW
    ]
    assert sent.by.name_mr == "स्वाती रणपिसे"
    assert "date_passed" in sent.warned
    assert len(set(sent.warned)) == len(sent.warned)


@pytest.mark.twin
def test_steps_stand_oldest_first(town: City) -> None:
    (delivery_id,) = town.live()
    town.comment(under=delivery_id)
    town.clock.move(DAY)
    town.save(1, on=["x"], text="दुरुस्ती")
    times = [step.at for step in _steps_of(town).steps]
    assert times == sorted(times)


def test_what_the_machine_does_within_itself_is_left_out(town: City) -> None:
    town.live()
    assert town.verbs("deliveries", 1) == ["schedule", "send", "publish"]
    kinds = [step.kind for step in _steps_of(town).steps]
    assert kinds[-2:] == [StepKind.SCHEDULED, StepKind.PUBLISHED]


@pytest.mark.parametrize(
    ("scene", "kind", "code"),
    [
        (scenes.missed, StepKind.MISSED, "late"),
        (scenes.failed, StepKind.FAILED, "duplicate"),
        (scenes.unconfirmed, StepKind.UNCONFIRMED, "unknown"),
        (scenes.held, StepKind.HELD, ""),
        (scenes.approval_withdrawn, StepKind.CANCELLED, "withdraw_approval"),
        (scenes.in_review_with_nobody, StepKind.BLOCKED, "nobody_named"),
    ],
)
def test_what_did_not_happen_is_told_with_its_reason(
    town: City, scene: scenes.Scene, kind: StepKind, code: str
) -> None:
    scene(town)
    (step,) = [step for step in _steps_of(town, who="auditor").steps if step.kind is kind]
    assert step.code == code


def test_the_same_thing_for_two_accounts_hours_apart_is_two_steps(town: City) -> None:
    post_id = town.approved(on=["x", "facebook"])
    on_x, on_facebook = town.schedule(post_id, HOUR)
    town.platform("facebook").fail_next(OutcomeUnknown(), after_keeping=True)
    town.tick_dispatch(HOUR)
    town.tick_reconcile(2 * HOUR)
    published = [step for step in _steps_of(town).steps if step.kind is StepKind.PUBLISHED]
    assert [[outlet.account.platform for outlet in step.outlets] for step in published] == [
        ["x"],
        ["facebook"],
    ]
    assert town.platform_id(on_x) in published[0].outlets[0].url
    assert town.platform_id(on_facebook) in published[1].outlets[0].url


def test_a_person_who_settled_a_held_one_is_named(town: City) -> None:
    delivery_id = town.hold()
    with town.write() as session:
        reconcile.confirm_live(
            session, actor=town.actor("lead"), now=town.now, delivery_id=delivery_id
        )
    assert _last(town).by.name_mr == "प्रसाद केंजळे"
    assert _last(town).kind is StepKind.PUBLISHED


def test_a_decline_is_told_with_its_words(town: City) -> None:
    submission_id = town.hand_in()
    with town.write() as session:
        close.decline(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            submission_id=submission_id,
            reason="आधीच प्रसिद्ध झाले आहे.",
        )
    steps = _steps_of(town, submission_id)
    assert (_last(town).kind, _last(town).statement) == (
        StepKind.DECLINED,
        "आधीच प्रसिद्ध झाले आहे.",
    )
    assert (steps.next, steps.stage) == (None, Stage.DECLINED)


def test_what_the_cell_wrote_down_at_its_desk_says_so(town: City) -> None:
    submission_id = town.hand_in(by="clerk")
    (step,) = _steps_of(town, submission_id, who="clerk").steps
    assert (step.code, step.by.name_mr) == ("at_desk", "स्वाती रणपिसे")


def test_many_comments_are_one_step_with_the_newest(town: City) -> None:
    (delivery_id,) = town.live()
    for text in ("एक", "दोन", "तीन"):
        town.comment(text, under=delivery_id)
    (step,) = [step for step in _steps_of(town).steps if step.kind is StepKind.COMMENTED]
    assert (step.count, step.statement) == (3, "तीन")


def test_what_comes_next_is_the_open_comment_that_is_due_first(town: City) -> None:
    (delivery_id,) = town.live()
    town.comment("पहिली", under=delivery_id)
    town.comment("दुसरी", under=delivery_id)
    steps = _steps_of(town)
    assert steps.next is not None
    assert (steps.next.kind, steps.next.quote) == (NextKind.ANSWER, "पहिली")
    assert [holder.name_mr for holder in steps.next.holders] == ["मेधा सातपुते"]
    assert (steps.comments, steps.unanswered) == (2, 2)


def test_it_is_missing_for_whom_it_does_not_concern(town: City) -> None:
    submission_id = town.hand_in()
    for who in ("road_officer", "health_head"):
        with pytest.raises(NotFound):
            _steps_of(town, submission_id, who=who)
    with pytest.raises(NotFound):
        _steps_of(town, 4_711, who="clerk")
    with pytest.raises(WrongRole):
        _steps_of(town, submission_id, who="admin")


def test_a_post_has_a_timeline_of_its_own_and_so_has_an_answer(town: City) -> None:
    (delivery_id,) = town.live()
    reply_id = town.answer(town.comment(under=delivery_id), by="clerk")
    with town.read() as session:
        post = post_timeline(session, post=session.get_one(Post, 1), now=town.now)
        reply = post_timeline(session, post=session.get_one(Post, reply_id), now=town.now)
    assert [step.kind for step in post.steps][:2] == [StepKind.DRAFTED, StepKind.SENT_FOR_REVIEW]
    assert post.stage is None
    assert [step.kind for step in reply.steps] == [StepKind.SENT_FOR_REVIEW]
    assert reply.next is not None
    assert reply.next.kind is NextKind.APPROVE


def test_a_new_revision_of_what_was_approved_is_a_step(town: City) -> None:
    post_id = town.approved()
    town.clock.move(timedelta(minutes=1))
    town.save(post_id, on=["x"], text="दुरुस्ती")
    step = _last(town)
    assert (step.kind, step.revision) == (StepKind.REVISED, 2)


def _steps_of(town: City, submission_id: int = 1, *, who: str = "member") -> Timeline:
    with town.read() as session:
        submission = queries.get_submission(
            session, actor=town.actor(who), submission_id=submission_id
        )
        return load_timeline(session, submission=submission, now=town.now)


def _last(town: City) -> TimelineStep:
    return _steps_of(town).steps[-1]
