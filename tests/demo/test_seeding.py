"""The demo city contains every final state, reached by the use cases, at its time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from io import BytesIO
from itertools import pairwise
from typing import Any

import pytest
import requests
from PIL import ExifTags, Image
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from approvals.states import PostState
from commands.demo.table import TRIES
from demo import notices, people, script
from demo.script import Story
from demo.seeding.context import fresh_actor, get_post
from demo.seeding.setup import WAITS_FOR_HEAD
from publisher.auth import passwords
from publisher.auth.session_start import SignedIn
from publisher.auth.sessions import reporting_department_ids, session_actor
from publisher.content_checks.checks import check_revision
from publisher.content_checks.types import WarningCode
from publisher.media.folder_store import FolderStore
from publisher.models.comments import Comment
from publisher.models.deliveries import Account, Delivery, ReceiptRow
from publisher.models.history import Event
from publisher.models.notifications import Notice
from publisher.models.people import Appointment, Department
from publisher.models.posts import Post, PostKind, Rendition
from publisher.models.submissions import Submission, SubmissionFile
from publisher.now import now
from publisher.people import confirmation
from publisher.review.department_reviews import department_reviews
from publisher.states import CommentState, DeliveryState, SubmissionState
from tests.demo.calls_look import CALLS_LOOK, NAMED
from tests.demo.conftest import City
from tests.demo.first_look import FIRST_LOOK
from tests.demo.mails_look import MAILS_LOOK
from tests.reports.test_tab_counts import check as check_counts
from tests.support.passwords import signed_in_as

Check = Callable[[City, Session], None]


class Interrupted(Exception):
    """Stands for Ctrl-C."""


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_a_city_seeded_with_interruptions_has_everything_once(
    city: City, subtests: pytest.Subtests
) -> None:
    texts, left_out = play_with_interruptions(city)
    count = len(script.city().stories)
    assert texts == [f"city {number} of {count}" for number in range(1, count + 1)]
    assert left_out == []
    with city.database.reading() as session:
        for check in CHECKS:
            with subtests.test(check.__name__):
                check(city, session)
    before = count_events(city)
    city.set_up()
    assert city.play(script.city()) == []
    assert count_events(city) == before, "a finished city is not played again"


def play_with_interruptions(city: City) -> tuple[list[str], list[str]]:
    """Interrupt the seeding at the end of every story and continue it, until it is finished.

    Each time the last act is not recorded yet, as if the interruption came right before that.
    """
    texts: list[str] = []

    def say_once(text: str) -> None:
        if text not in texts:
            texts.append(text)
            raise Interrupted

    left_out: list[str] = []
    while not city.progress().finished:
        try:
            left_out += city.play(script.city(), say_once)
        except Interrupted:
            progress = city.progress()
            progress.done -= 1
            progress.write()
    return texts, left_out


def count_events(city: City) -> int:
    with city.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Event)) or 0


def check_every_lasting_state_is_there(_city: City, session: Session) -> None:
    posts = select(Post.state).where(Post.kind == PostKind.POST)
    assert set(session.scalars(select(Submission.state))) == set(SubmissionState)
    assert set(session.scalars(posts)) == set(PostState)
    passing = {DeliveryState.CLAIMED, DeliveryState.SENDING}
    assert set(session.scalars(select(Delivery.state))) == set(DeliveryState) - passing
    assert set(session.scalars(select(Comment.state))) == set(CommentState)


def check_every_story_and_comment_is_there_once(_city: City, session: Session) -> None:
    by_form = select(Submission.form_token).where(Submission.mail_sender == "")
    tokens = Counter(session.scalars(by_form))
    assert tokens == Counter(story.form_token for story in script.city().stories)
    texts = [comment.text for comment in session.scalars(select(Comment))]
    for comment in script.city().comments:
        written = comment.text.replace("@pmc_namuna", "@sarav_nagar")
        # X puts the names that it answers before a citizen's words.
        assert sum(text.endswith(written) for text in texts) == 1, comment.key


def check_people_can_sign_in(city: City, _session: Session) -> None:
    with city.database.transaction() as session:
        for person in people.first_people():
            for identifier in (person.mail, person.mobile):
                outcome = signed_in_as(
                    session, identifier, person.password, now=now(), hasher=passwords.HASHER
                )
                assert isinstance(outcome, SignedIn), person.key
                assert outcome.sign_in.person.name_mr == person.name_mr
        session.rollback()


def check_people_hold_their_appointments(_city: City, session: Session) -> None:
    rows = session.scalars(select(Appointment))
    assert {
        (row.person.mail, row.role, row.department.code, row.rank, row.in_force(now()))
        for row in rows
    } == {
        (
            person.mail,
            appointment.role,
            appointment.department,
            appointment.rank,
            appointment.in_force and person.key != WAITS_FOR_HEAD,
        )
        for person in people.load()
        for appointment in person.appointments
    } | set(NAMED)


def check_the_head_confirms_the_officer_who_waits(city: City, _session: Session) -> None:
    head, officer = people.people_by_key()["alka-dhaygude"], people.people_by_key()[WAITS_FOR_HEAD]
    assert head.key in people.TO_TRY_FIRST
    assert officer.name_en in TRIES[head.key][1]
    with city.database.transaction() as session:
        outcome = signed_in_as(
            session, head.mail, head.password, now=now(), hasher=passwords.HASHER
        )
        assert isinstance(outcome, SignedIn)
        actor = session_actor(session, outcome.sign_in, now=now())
        (waiting,) = confirmation.list_confirmable(session, actor, now=now())
        assert waiting.person.mail == officer.mail
        digests = {waiting.id: confirmation.confirmation_digest(waiting)}
        confirmation.confirm(session, actor=actor, now=now(), digests=digests)
        assert waiting.in_force(now())
        session.rollback()


def story_of(notice: str) -> Story:
    return next(story for story in script.city().stories if story.notice == notice)


def check_special_posts_are_what_the_demo_shows_them_for(city: City, session: Session) -> None:
    began_at = city.progress().began_at
    joint = get_post(session, story_of("tree-pruning"))
    assert joint is get_post(session, story_of("lights-off"))
    stand = {
        department_review.department.code: (
            department_review.is_owner,
            department_review.has_approved,
        )
        for department_review in department_reviews(joint.revisions[-1], now=began_at)
    }
    assert stand == {"tree": (True, True), "electrical": (False, False)}
    slips = get_post(session, story_of("sports-meet")).revisions[-1]
    codes = {warning.code for warning in check_revision(session, slips, now=began_at)}
    assert codes >= {
        WarningCode.DATE_PASSED,
        WarningCode.WRONG_WEEKDAY,
        WarningCode.NO_DESCRIPTION,
    }
    blocked = select(Post.state).join(Event, Event.subject_id == Post.id)
    blocked = blocked.where(Event.subject == "posts", Event.verb == "blocked")
    assert list(session.scalars(blocked)) == [PostState.IN_REVIEW]
    looks = select(Delivery.look_at).where(Delivery.state == DeliveryState.UNCONFIRMED)
    look_at = session.scalars(looks).one()
    assert look_at is not None
    assert look_at > began_at + timedelta(hours=5), "it stays so while somebody looks"


def check_the_circular_is_the_first_submission_and_whole(_city: City, session: Session) -> None:
    circular = notices.load()[notices.CIRCULAR]
    first = session.scalars(select(Submission).order_by(Submission.id).limit(1)).one()
    assert first.number == f"PMC/{first.received_at.year}/000001"
    assert first.text_mr == circular.mr.body
    assert len(first.text_mr) == 2_498
    texts = [variant.text for variant in first.posts[0].revisions[-1].variants]
    assert texts == [
        circular.mr.text_on("x"),
        circular.en.text_on("x"),
        circular.mr.body,
        circular.en.body,
    ]


def ledger(city: City) -> list[dict[str, Any]]:
    """Return everything that is on the platforms."""
    posts = requests.get(f"{city.sandbox.url}/ledger", timeout=10).json()
    return [*posts["x"], *posts["facebook"]]


def check_what_is_live_agrees_with_the_receipts(city: City, session: Session) -> None:
    rows = {str(row["id"]): row for row in ledger(city)}
    published = select(Delivery).where(Delivery.state == DeliveryState.PUBLISHED)
    for delivery in session.scalars(published):
        assert delivery.receipt is not None
        made_at = datetime.fromisoformat(rows[delivery.receipt.platform_id]["created_at"])
        assert timedelta(0) <= made_at - delivery.due_at < timedelta(minutes=1)
        assert abs(delivery.receipt.published_at - delivery.due_at) < timedelta(minutes=1)
    receipts = set(session.scalars(select(ReceiptRow.platform_id)))
    own = {platform_id for platform_id, row in rows.items() if not row["citizen"]}
    assert len(own - receipts) == 2, "posted by hand, and the one that is unconfirmed"


def check_answers_are_under_the_comment_they_answer(city: City, session: Session) -> None:
    rows = {str(row["id"]): row for row in ledger(city)}
    answered = session.scalars(select(Comment).where(Comment.replies.any())).all()
    acts = [act for comment in script.city().comments for act in comment.acts]
    assert len(answered) == sum(act.does == "answer" for act in acts)
    for comment in answered:
        (reply,) = comment.replies
        of_reply = select(ReceiptRow).join(Delivery).where(Delivery.post_id == reply.post_id)
        live = rows[session.scalars(of_reply).one().platform_id]
        assert live["parent_id"] == comment.platform_id
        assert live["text"] in [act.text for act in acts]


def check_every_state_was_reached_by_a_written_move(_city: City, session: Session) -> None:
    kinds: tuple[Any, ...] = (Submission, Post, Delivery, Comment, Account, Notice)
    for kind in kinds:
        events = select(Event).where(Event.subject == kind.__tablename__).order_by(Event.id)
        moves: dict[int, list[Event]] = {}
        for event in session.scalars(events.where(Event.state_after.is_not(None))):
            moves.setdefault(event.subject_id, []).append(event)
        for row in session.scalars(select(kind)):
            assert not moves.get(row.id) or moves[row.id][-1].state_after == row.state
        for before, after in (pair for row_moves in moves.values() for pair in pairwise(row_moves)):
            assert before.state_after == after.state_before
            assert before.at <= after.at


def check_people_acted_in_time_under_an_appointment_in_force(city: City, session: Session) -> None:
    query = select(Event, Appointment).join(Appointment, Appointment.id == Event.appointment_id)
    acted = session.execute(query).all()
    assert len(acted) > 100
    for event, appointment in acted:
        assert appointment.in_force(event.at), event.verb
    latest = session.scalar(select(func.max(Event.at)))
    assert latest is not None
    assert latest <= city.progress().began_at


def check_mails_lie_in_the_letterbox_dated_as_sent(city: City, _session: Session) -> None:
    mails = requests.get(f"{city.sandbox.url}/letterbox.json", timeout=10).json()
    dates = [parsedate_to_datetime(mail["headers"]["Date"]) for mail in mails]
    assert len(dates) > 100
    began_at = city.progress().began_at
    assert min(dates) < began_at - timedelta(days=10)
    assert max(dates) <= began_at


def check_pictures_are_stored_and_leave_without_a_place(city: City, session: Session) -> None:
    store = FolderStore(city.settings.media.media_dir)
    turned = 0
    for file in session.scalars(select(SubmissionFile)):
        with Image.open(BytesIO(store.open(file.sha256))) as picture:
            exif = picture.getexif()
        assert not exif.get_ifd(ExifTags.IFD.GPSInfo)
        turned += exif.get(ExifTags.Base.Orientation) == 6
    assert turned >= 2
    digests = set(session.scalars(select(Rendition.sha256)))
    assert digests
    for digest in digests:
        with Image.open(BytesIO(store.open(digest))) as picture:
            assert not picture.getexif()


def check_departments_have_something_to_show(_city: City, session: Session) -> None:
    with_posts = select(Department.code).join(Post, Post.department_id == Department.id)
    codes = set(session.scalars(with_posts))
    assert len(codes) >= 15
    assert "solid-waste" in codes


def check_every_tab_counts_what_its_page_lists(_city: City, session: Session) -> None:
    at = now()
    in_force = [
        appointment
        for appointment in session.scalars(select(Appointment))
        if appointment.in_force(at)
    ]
    actors = [
        replace(
            fresh_actor(appointment, now=at), line=reporting_department_ids(session, appointment)
        )
        for appointment in in_force
    ]
    counts = [check_counts(session, actor, at) for actor in actors]
    for tab in ("today", "submissions", "decisions", "comments"):
        assert any(getattr(count, tab) for count in counts), tab


CHECKS: tuple[Check, ...] = (
    *FIRST_LOOK,
    *CALLS_LOOK,
    *MAILS_LOOK,
    check_every_lasting_state_is_there,
    check_every_story_and_comment_is_there_once,
    check_people_can_sign_in,
    check_people_hold_their_appointments,
    check_special_posts_are_what_the_demo_shows_them_for,
    check_the_head_confirms_the_officer_who_waits,
    check_the_circular_is_the_first_submission_and_whole,
    check_what_is_live_agrees_with_the_receipts,
    check_answers_are_under_the_comment_they_answer,
    check_every_state_was_reached_by_a_written_move,
    check_people_acted_in_time_under_an_appointment_in_force,
    check_mails_lie_in_the_letterbox_dated_as_sent,
    check_pictures_are_stored_and_leave_without_a_place,
    check_departments_have_something_to_show,
    check_every_tab_counts_what_its_page_lists,
)
