"""A fresh demo: every lasting state is there, reached by the use cases, at its time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from io import BytesIO
from itertools import pairwise

import pytest
from PIL import ExifTags, Image
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from approvals.states import PostState
from demo import circular, plan, remarks
from demo.plan import Course
from demo.remarks import Remark
from demo.seeding.handing import submission_of
from publisher.content_checks import checks
from publisher.content_checks.types import WarningCode
from publisher.database.session import Base
from publisher.models.comments import Comment
from publisher.models.deliveries import Account, Delivery, Receipt
from publisher.models.history import Event
from publisher.models.notifications import Notice
from publisher.models.people import Appointment, Department
from publisher.models.posts import Post, PostKind, Rendition
from publisher.models.submissions import Submission, SubmissionFile
from publisher.review import gate_adapter
from publisher.states import CommentState, DeliveryState, SubmissionState
from tests.demo.conftest import Seeded

pytestmark = [pytest.mark.xdist_group("seeding"), pytest.mark.timeout(400)]

PASSING = {DeliveryState.CLAIMED, DeliveryState.SENDING}
CODE_POINTS = 2_498


@pytest.fixture
def session(seeded: Seeded) -> Iterator[Session]:
    with seeded.database.reading() as session:
        yield session


def states(session: Session, kind: type[Submission | Post | Delivery | Comment]) -> set[str]:
    return set(session.scalars(select(kind.state)))


def test_nothing_had_to_be_left_out(seeded: Seeded) -> None:
    assert seeded.left_out == []


def test_it_says_how_far_it_has_come(seeded: Seeded) -> None:
    count = len(plan.COURSES)
    assert seeded.said == [f"city {number} of {count}" for number in range(1, count + 1)]


def test_submissions_stand_in_every_state(session: Session) -> None:
    assert states(session, Submission) == set(SubmissionState)


def test_posts_stand_in_every_state(session: Session) -> None:
    posts = select(Post.state).where(Post.kind == PostKind.POST)
    assert set(session.scalars(posts)) == set(PostState)


def test_a_post_is_visibly_blocked(session: Session) -> None:
    query = select(Post.state).join(Event, Event.subject_id == Post.id)
    blocked = query.where(Event.subject == "posts", Event.verb == "blocked")
    assert list(session.scalars(blocked)) == [PostState.IN_REVIEW]


def course_of(key: str) -> int:
    return next(at for at, one in enumerate(plan.COURSES) if one.notice == key)


def post_of(session: Session, key: str) -> Post:
    number = course_of(key)
    return submission_of(session, number, plan.COURSES[number]).posts[0]


def test_a_joint_post_rests_on_two_departments_and_waits_for_one(
    seeded: Seeded, session: Session
) -> None:
    post = post_of(session, "tree-pruning")
    assert post is post_of(session, "lights-off")
    standings = gate_adapter.standings(post.revisions[-1], now=seeded.began_at)
    stand = {one.department.code: (one.is_owner, one.has_approved) for one in standings}
    assert stand == {"tree": (True, True), "electrical": (False, False)}
    assert all(one.is_asked for one in standings)


def test_a_draft_holds_slips_to_be_found_before_it_is_sent(
    seeded: Seeded, session: Session
) -> None:
    revision = post_of(session, "sports-meet").revisions[-1]
    found = {one.code for one in checks.warnings_of(session, revision, now=seeded.began_at)}
    wanted = {WarningCode.DATE_PASSED, WarningCode.WRONG_WEEKDAY, WarningCode.NO_DESCRIPTION}
    assert wanted <= found


def test_deliveries_stand_in_every_lasting_state(session: Session) -> None:
    assert states(session, Delivery) == set(DeliveryState) - PASSING


def test_comments_stand_in_every_state(session: Session) -> None:
    assert states(session, Comment) == set(CommentState)


def test_what_is_unconfirmed_stays_so_while_somebody_looks(
    seeded: Seeded, session: Session
) -> None:
    query = select(Delivery.look_at).where(Delivery.state == DeliveryState.UNCONFIRMED)
    looks = list(session.scalars(query))
    assert looks
    assert all(look and look > seeded.began_at + timedelta(hours=5) for look in looks)


def test_the_circular_is_the_first_submission(session: Session) -> None:
    first = session.scalars(select(Submission).order_by(Submission.id)).first()
    assert first is not None
    year = first.received_at.year
    assert first.number == f"PMC/{year}/000001"
    assert first.text_mr == circular.text_mr()
    assert len(first.text_mr) == CODE_POINTS
    shown = {one.account.platform: one.text for one in first.posts[0].revisions[-1].variants}
    assert shown["facebook"] in (circular.text_mr(), circular.text_en())
    assert len(shown["x"]) < 280


@pytest.mark.parametrize(
    "number", range(len(plan.COURSES)), ids=lambda one: f"{one}-{plan.COURSES[one].notice}"
)
def test_each_course_ends_as_the_plan_says(session: Session, number: int) -> None:
    course = plan.COURSES[number]
    submission = submission_of(session, number, course)
    assert submission.state is course.submission
    assert [post.state for post in submission.posts] == ([course.post] if course.post else [])
    for post in submission.posts:
        assert deliveries_of(post) == planned(course)
        assert post.newest == (2 if course.returned and course.post is not PostState.DRAFT else 1)


def deliveries_of(post: Post) -> dict[tuple[str, str], DeliveryState]:
    return {
        (one.account.platform, one.variant.language.value): one.state for one in post.deliveries
    }


def planned(course: Course) -> dict[tuple[str, str], DeliveryState]:
    return {(one.platform, one.language): one.state for one in course.deliveries}


@pytest.mark.parametrize("remark", remarks.load(), ids=lambda remark: remark.key)
def test_each_remark_ends_as_planned(seeded: Seeded, session: Session, remark: Remark) -> None:
    comment = comment_of(session, remark)
    assert comment.state is remark.state
    assert len(comment.routings) == 1 + remark.transferred + remark.reopened + is_assigned(remark)
    assert not remark.overdue or comment.due_at < seeded.began_at
    if remark.state is CommentState.CLOSED:
        assert comment.reason == remark.reason
    if remark.off_topic_for and remark.state is CommentState.ROUTED:
        assert comment.department is not None
        assert comment.department.code == remark.off_topic_for


def is_assigned(remark: Remark) -> bool:
    return remark.notice is None and remark.state is CommentState.ROUTED


def comment_of(session: Session, remark: Remark) -> Comment:
    """The comment: X puts the names that it answers before a citizen's words."""
    words = remark.text.replace("@pmc_namuna", "@sarav_nagar")
    found = [one for one in session.scalars(select(Comment)) if one.text.endswith(words)]
    assert len(found) == 1
    return found[0]


def test_answers_stand_under_the_very_comment_they_answer(seeded: Seeded, session: Session) -> None:
    ledger = seeded.ledger()
    entries = {str(one["id"]): one for one in (*ledger["x"], *ledger["facebook"])}
    answered = [remark for remark in remarks.load() if remark.answer is not None]
    for remark in answered:
        comment = comment_of(session, remark)
        (reply,) = comment.replies
        receipt = session.scalars(
            select(Receipt).join(Delivery).where(Delivery.post_id == reply.post_id)
        ).one()
        live = entries[receipt.platform_id]
        assert live["text"] == remark.answer
        assert live["parent_id"] == comment.platform_id
    assert answered


def test_everything_went_live_at_its_time(seeded: Seeded, session: Session) -> None:
    ledger = seeded.ledger()
    made = {
        str(one["id"]): datetime.fromisoformat(one["created_at"])
        for one in (*ledger["x"], *ledger["facebook"])
    }
    published = session.scalars(select(Delivery).where(Delivery.state == DeliveryState.PUBLISHED))
    for delivery in published:
        assert delivery.receipt is not None
        late = made[delivery.receipt.platform_id] - delivery.due_at
        assert timedelta(0) <= late < timedelta(minutes=1)
        assert abs(delivery.receipt.published_at - delivery.due_at) < timedelta(minutes=1)


def test_nothing_is_live_that_has_no_receipt_but_what_trouble_hid(
    seeded: Seeded, session: Session
) -> None:
    known = set(session.scalars(select(Receipt.platform_id)))
    ledger = seeded.ledger()
    live = [one for one in (*ledger["x"], *ledger["facebook"]) if not one["citizen"]]
    unknown = [one for one in live if str(one["id"]) not in known]
    assert len(unknown) == 2  # posted by hand, and the one that is unconfirmed


@pytest.mark.parametrize("kind", [Submission, Post, Delivery, Comment, Account, Notice])
def test_every_state_was_reached_by_a_written_move(session: Session, kind: type[Base]) -> None:
    table = kind.__tablename__
    for row in session.scalars(select(kind)):
        events = session.scalars(
            select(Event)
            .where(Event.subject == table, Event.subject_id == row.id)  # type: ignore[attr-defined]  # every kind named above has an id
            .order_by(Event.id)
        ).all()
        moves = [event for event in events if event.state_after is not None]
        assert events or kind is Notice, (table, row)
        if moves:
            assert moves[-1].state_after == row.state  # type: ignore[attr-defined]  # and a state
        for before, after in pairwise(moves):
            assert before.state_after == after.state_before
            assert before.at <= after.at


def test_what_people_did_was_done_under_an_appointment_in_force(session: Session) -> None:
    query = select(Event, Appointment).join(Appointment, Appointment.id == Event.appointment_id)
    acted = [(event, held) for event, held in session.execute(query) if held.id]
    assert len(acted) > 100
    for event, held in acted:
        assert held.in_force(event.at), event.verb


def test_nothing_happens_after_the_moment_that_the_city_began(
    seeded: Seeded, session: Session
) -> None:
    latest = session.scalar(select(func.max(Event.at)))
    assert latest is not None
    assert latest <= seeded.began_at


def test_mails_lie_in_the_letterbox_dated_as_they_were_sent(seeded: Seeded) -> None:
    mails = seeded.read("letterbox.json")
    dates = [parsedate_to_datetime(mail["headers"]["Date"]) for mail in mails]
    assert len(dates) > 100
    assert min(dates) < seeded.began_at - timedelta(days=10)
    assert max(dates) <= seeded.began_at


def test_departments_with_and_without_officers_have_something_to_show(session: Session) -> None:
    with_posts = set(
        session.scalars(select(Department.code).join(Post, Post.department_id == Department.id))
    )
    assert len(with_posts) >= 15
    assert "solid-waste" in with_posts


def test_at_least_two_pictures_came_as_a_telephone_sends_them(
    seeded: Seeded, session: Session
) -> None:
    lying = []
    for file in session.scalars(select(SubmissionFile)):
        with Image.open(BytesIO(seeded.store.open(file.sha256))) as picture:
            exif = picture.getexif()
            if exif.get(ExifTags.Base.Orientation) == 6 and exif.get_ifd(ExifTags.IFD.GPSInfo):
                lying.append(picture.width * picture.height)
    assert len(lying) >= 2
    assert set(lying) == {2400 * 1800}


def test_no_rendition_carries_where_it_was_taken(seeded: Seeded, session: Session) -> None:
    digests = set(session.scalars(select(Rendition.sha256)))
    assert digests
    for digest in digests:
        with Image.open(BytesIO(seeded.store.open(digest))) as picture:
            assert not picture.getexif()


def test_a_finished_city_is_not_played_again(seeded: Seeded, session: Session) -> None:
    counted = select(func.count()).select_from(Event)
    before = session.scalar(counted)
    assert seeded.play() == []
    with seeded.database.reading() as fresh:
        assert fresh.scalar(counted) == before
