"""The cell's work on a post, and what the department's officer decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from approvals.policy import Role
from approvals.states import PostState
from demo.notices import Notice
from demo.plan import COURSES, Course
from demo.remarks import PlatformName, VariantLanguage
from demo.seeding.handing import submission_of, useful_until
from demo.seeding.slips import with_slips
from demo.seeding.stage import AT_THE_CELL, Stage
from publisher.drafting import collaboration, renditions
from publisher.drafting import save as drafting_save
from publisher.drafting.drafts import Draft, PictureDraft, VariantDraft
from publisher.models.deliveries import Account, Delivery
from publisher.models.posts import Language, Post, Variant
from publisher.models.submissions import Submission
from publisher.review import decide as review_decide
from publisher.review import withdraw
from publisher.scheduling import schedule as scheduling_schedule
from publisher.validation import Missing

EVERYWHERE: tuple[tuple[PlatformName, VariantLanguage], ...] = (
    ("x", "mr"),
    ("x", "en"),
    ("facebook", "mr"),
    ("facebook", "en"),
)
DECIDES = (Role.OFFICER, Role.HEAD)
FIRST_NOTE = "पहिला मसुदा"
SECOND_NOTE = "समन्वयकांच्या सूचनेनुसार दुरुस्ती"


def post_of(session: Session, number: int, course: Course) -> Post:
    """The post of a course; `Missing` before it was drafted."""
    posts = submission_of(session, number, course).posts
    if not posts:
        raise Missing(course.notice)
    return posts[0]


def draft(stage: Stage, number: int, course: Course, base: datetime) -> None:
    """Begin a post from the submission, and save its first revision."""
    with stage.write() as session:
        submission = submission_of(session, number, course)
        if not submission.posts:
            actor = stage.actor(session, course.drafted_by or "", AT_THE_CELL)
            drafting_save.start(session, actor=actor, now=stage.now, submission_id=submission.id)
        _take_in(session, stage, number, course)
    save(stage, number, course, base, revision=1, note=FIRST_NOTE)


def _take_in(session: Session, stage: Stage, number: int, course: Course) -> None:
    """Let the post rest on those submissions too whose courses are joined into this one."""
    post = post_of(session, number, course)
    for other, joined in enumerate(COURSES):
        if joined.joined_into != course.notice:
            continue
        submission = submission_of(session, other, joined)
        if submission not in post.submissions:
            collaboration.join(
                session,
                actor=stage.actor(session, course.drafted_by or "", AT_THE_CELL),
                now=stage.now,
                post_id=post.id,
                number=submission.number,
            )


def save(
    stage: Stage, number: int, course: Course, base: datetime, *, revision: int, note: str
) -> None:
    """Save this revision, its pictures made ready while no transaction is open."""
    with stage.database.reading() as session:
        post = post_of(session, number, course)
        submission = submission_of(session, number, course)
        typed = _draft(stage, course, submission, base, note=note)
        others = {one.department_id for one in post.submissions} - {post.department_id}
        typed = replace(typed, asked=tuple(sorted(others)))
        post_id, newest = post.id, post.newest
        known = renditions.known(session, post_id=post_id)
    if newest >= revision:
        return
    prepared = renditions.prepare_pictures(stage.store, typed, known)
    with stage.write() as session:
        drafting_save.save(
            session,
            actor=stage.actor(session, course.drafted_by or "", AT_THE_CELL),
            now=stage.now,
            post_id=post_id,
            seen=newest,
            prepared=prepared,
        )


def _draft(
    stage: Stage, course: Course, submission: Submission, base: datetime, *, note: str
) -> Draft:
    notice = stage.notices[course.notice]
    wanted = [(one.platform, one.language) for one in course.deliveries] or EVERYWHERE
    typed = Draft(
        title=notice.mr.title,
        note=note,
        not_after=useful_until(notice, base),
        variants=tuple(
            _variant(notice, submission, stage.accounts[platform], platform, language)
            for platform, language in wanted
        ),
    )
    return with_slips(typed, base) if course.slips else typed


def _variant(
    notice: Notice,
    submission: Submission,
    account_id: int,
    platform: PlatformName,
    language: VariantLanguage,
) -> VariantDraft:
    wording = {"mr": notice.mr, "en": notice.en}[language]
    pictures = (
        PictureDraft(file.alt_mr if language == "mr" else file.alt_en, source_sha256=file.sha256)
        for file in submission.files
    )
    return VariantDraft(
        account_id=account_id,
        language=Language(language),
        text={"x": wording.x, "facebook": wording.facebook}[platform],
        link=notice.link or "",
        pictures=tuple(pictures),
    )


def redraft(stage: Stage, number: int, course: Course, base: datetime) -> None:
    """Save again what was returned, with what was asked for."""
    save(stage, number, course, base, revision=2, note=SECOND_NOTE)


def send(stage: Stage, number: int, course: Course) -> None:
    """Send the newest revision for review."""
    with stage.write() as session:
        post = post_of(session, number, course)
        if post.state is PostState.DRAFT:
            review_decide.send_for_review(
                session,
                actor=stage.actor(session, course.drafted_by or "", AT_THE_CELL),
                now=stage.now,
                post_id=post.id,
                seen=post.newest,
            )


def approve(stage: Stage, number: int, course: Course) -> None:
    """The officer approves the newest revision."""
    with stage.write() as session:
        post = post_of(session, number, course)
        if post.state is PostState.IN_REVIEW:
            review_decide.approve(
                session,
                actor=stage.actor(session, course.decided_by or "", DECIDES, post.department_id),
                now=stage.now,
                post_id=post.id,
                seen=post.newest,
            )


def send_back(stage: Stage, number: int, course: Course) -> None:
    """The officer returns the newest revision, or rejects it where that is its end."""
    decide = (
        review_decide.reject if course.post is PostState.REJECTED else review_decide.return_post
    )
    with stage.write() as session:
        post = post_of(session, number, course)
        if post.state is PostState.IN_REVIEW:
            decide(
                session,
                actor=stage.actor(session, course.decided_by or "", DECIDES, post.department_id),
                now=stage.now,
                post_id=post.id,
                seen=post.newest,
                reason=course.reason or "",
            )


def give_up(stage: Stage, number: int, course: Course) -> None:
    """The department withdraws the post, and with it whatever has not left."""
    with stage.write() as session:
        post = post_of(session, number, course)
        if post.state is not PostState.WITHDRAWN:
            withdraw.withdraw_post(
                session,
                actor=stage.actor(session, course.decided_by or "", DECIDES, post.department_id),
                now=stage.now,
                post_id=post.id,
                reason=course.reason or "",
            )


def schedule(
    stage: Stage, number: int, course: Course, *, due: Mapping[tuple[str, str], datetime]
) -> None:
    """Give each variant of the approved revision its time."""
    with stage.write() as session:
        post = post_of(session, number, course)
        actor = stage.actor(session, course.drafted_by or "", AT_THE_CELL)
        taken = {delivery.variant_id for delivery in post.deliveries}
        for variant in scheduling_schedule.newest_revision(post).variants:
            if variant.id not in taken:
                scheduling_schedule.schedule(
                    session,
                    actor=actor,
                    now=stage.now,
                    variant_id=variant.id,
                    due_at=due[_place(variant)],
                    despite_clash=True,  # departments may wish for the same minute
                )


def _place(variant: Variant) -> tuple[str, str]:
    return variant.account.platform, variant.language.value


def delivery_of(
    session: Session, number: int, course: Course, platform: str, language: str
) -> tuple[Delivery, Account]:
    """The delivery of one variant with its account; `Missing` where there is none."""
    for delivery in post_of(session, number, course).deliveries:
        if _place(delivery.variant) == (platform, language):
            return delivery, delivery.account
    raise Missing(f"{course.notice}-{platform}-{language}")
