from __future__ import annotations

import pytest
from sqlalchemy import select

from approvals.errors import WrongRole, WrongState
from approvals.states import PostState
from publisher.database.session import Database
from publisher.drafting import save
from publisher.intake import close
from publisher.models.deliveries import Delivery
from publisher.models.notifications import Notice
from publisher.models.posts import Post
from publisher.models.submissions import Submission
from publisher.scheduling.schedule import OnItsWay
from publisher.states import DeliveryState, SubmissionState
from publisher.validation import Invalid, NotFound
from tests.support.city import City
from tests.support.city_people import NOON, verbs_of
from tests.support.forms import handed_in, mails, saved, started


def test_the_cell_declines_with_a_reason_and_the_department_is_told(
    database: Database, town: City
) -> None:
    with database.transaction() as session:
        submission = handed_in(session, town)
    with database.transaction() as session:
        close.decline(
            session,
            actor=town.actor("clerk"),
            now=NOON,
            submission_id=submission.id,
            reason=" हेच कालच प्रसिद्ध झाले. ",
        )
    with database.reading() as session:
        declined = session.get_one(Submission, submission.id)
        assert declined.state is SubmissionState.DECLINED
        assert declined.reason == "हेच कालच प्रसिद्ध झाले."
        assert verbs_of(session, declined) == ["hand_in", "decline_submission"]
        assert mails(session)[1] == ("submission_declined", town.actor("member").person_id)
        body = session.scalars(select(Notice.body).order_by(Notice.id.desc())).first()
        assert body
        assert "हेच कालच प्रसिद्ध झाले." in body


def test_a_reason_is_needed(database: Database, town: City) -> None:
    with database.transaction() as session:
        submission = handed_in(session, town)
    with pytest.raises(Invalid) as caught, database.transaction() as session:
        close.decline(
            session, actor=town.actor("clerk"), now=NOON, submission_id=submission.id, reason=" "
        )
    assert caught.value.codes == [("reason", "required")]


@pytest.mark.parametrize(
    ("who", "error"),
    [
        ("member", WrongRole),
        ("head", WrongRole),
        ("auditor", WrongRole),
        ("admin", WrongRole),
        ("road_officer", NotFound),
    ],
)
def test_nobody_but_the_cell_declines(
    database: Database, town: City, who: str, error: type[Exception]
) -> None:
    with database.transaction() as session:
        submission = handed_in(session, town)
    with pytest.raises(error), database.transaction() as session:
        close.decline(
            session,
            actor=town.actor(who),
            now=NOON,
            submission_id=submission.id,
            reason="कारण",
        )


def test_what_became_a_post_is_not_declined(database: Database, town: City) -> None:
    post = started(town)
    with pytest.raises(WrongState), database.transaction() as session:
        close.decline(
            session,
            actor=town.actor("clerk"),
            now=NOON,
            submission_id=post.submissions[0].id,
            reason="कारण",
        )


def test_a_number_that_does_not_exist_is_missing(database: Database, town: City) -> None:
    with pytest.raises(NotFound), database.transaction() as session:
        close.decline(session, actor=town.actor("clerk"), now=NOON, submission_id=9, reason="कारण")


def test_a_member_withdraws_what_is_not_drafted_yet(database: Database, town: City) -> None:
    with database.transaction() as session:
        submission = handed_in(session, town)
        close.withdraw(
            session, actor=town.actor("member"), now=NOON, submission_id=submission.id, reason="चुकून"
        )
        assert submission.state is SubmissionState.WITHDRAWN
        assert verbs_of(session, submission) == ["hand_in", "withdraw_submission"]
    with pytest.raises(WrongState), database.transaction() as session:
        close.withdraw(
            session,
            actor=town.actor("member"),
            now=NOON,
            submission_id=submission.id,
            reason="पुन्हा",
        )


def _scheduled(database: Database, town: City, post: Post) -> list[int]:
    """Add a delivery for each variant of the post."""
    with database.transaction() as session:
        post_row = session.get_one(Post, post.id)
        deliveries = [
            Delivery(
                variant_id=variant.id,
                post_id=post.id,
                account_id=variant.account_id,
                state_at=NOON,
                due_at=NOON,
            )
            for variant in post_row.revisions[-1].variants
        ]
        session.add_all(deliveries)
        session.flush()
        return [delivery.id for delivery in deliveries]


def test_an_officer_withdraws_a_submission_and_nothing_is_published(
    database: Database, town: City
) -> None:
    post = started(town)
    saved(town, post, seen_revision=0)
    _scheduled(database, town, post)
    with database.transaction() as session:
        close.withdraw(
            session,
            actor=town.actor("first"),
            now=NOON,
            submission_id=post.submissions[0].id,
            reason="काम पुढे ढकलले",
        )
    with database.reading() as session:
        post_row = session.get_one(Post, post.id)
        assert post_row.state is PostState.WITHDRAWN
        assert post_row.reason == "काम पुढे ढकलले"
        assert post_row.submissions[0].state is SubmissionState.WITHDRAWN
        assert {delivery.state for delivery in post_row.deliveries} == {DeliveryState.CANCELLED}


def test_a_member_does_not_withdraw_what_has_a_post_by_now(database: Database, town: City) -> None:
    post = started(town)
    with pytest.raises(WrongRole), database.transaction() as session:
        close.withdraw(
            session,
            actor=town.actor("member"),
            now=NOON,
            submission_id=post.submissions[0].id,
            reason="चुकून",
        )
    with database.reading() as session:
        assert session.get_one(Post, post.id).state is PostState.DRAFT


def test_what_is_live_is_not_withdrawn(database: Database, town: City) -> None:
    post = started(town)
    saved(town, post, seen_revision=0)
    ids = _scheduled(database, town, post)
    with database.transaction() as session:
        for delivery in session.scalars(select(Delivery).where(Delivery.id.in_(ids))):
            delivery.state = DeliveryState.PUBLISHED
    with pytest.raises(OnItsWay), database.transaction() as session:
        close.withdraw(
            session,
            actor=town.actor("head"),
            now=NOON,
            submission_id=post.submissions[0].id,
            reason="चुकून",
        )


def test_a_post_that_rests_on_another_submission_too_stays(database: Database, town: City) -> None:
    post = started(town)
    with database.transaction() as session:
        other = handed_in(session, town)
        post_row = session.get_one(Post, post.id)
        post_row.submissions.append(other)
    with database.transaction() as session:
        close.withdraw(
            session, actor=town.actor("member"), now=NOON, submission_id=other.id, reason="दुहेरी"
        )
    with database.reading() as session:
        assert session.get_one(Post, post.id).state is PostState.DRAFT


def test_the_cell_drafts_twice_from_one_submission(database: Database, town: City) -> None:
    post = started(town)
    with database.transaction() as session:
        second = save.start(
            session,
            actor=town.actor("lead"),
            now=NOON,
            submission_id=post.submissions[0].id,
        )
    with database.reading() as session:
        submission = session.get_one(Submission, post.submissions[0].id)
        assert [post.id for post in submission.posts] == [post.id, second.id]
        assert submission.state is SubmissionState.DRAFTED
        assert verbs_of(session, submission) == ["hand_in", "draft"]
        assert verbs_of(session, submission.posts[1]) == ["draft"]
