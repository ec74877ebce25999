"""Where the demo's notices end: every lasting state, each reached by people who may."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from approvals.policy import Role
from approvals.states import PostState
from demo import cast, plan
from demo.plan import COURSES, Course, Trouble
from publisher.states import DeliveryState, SubmissionState

PASSING = {DeliveryState.CLAIMED, DeliveryState.SENDING}
DEPARTMENTS = {notice.key: notice.department for notice in plan.all_notices()}
NOW = datetime(2026, 11, 24, 18, 35, tzinfo=UTC)

each = pytest.mark.parametrize("course", COURSES, ids=lambda c: f"{c.notice}-{c.submission}")


def roles(person: str, department: str) -> set[Role]:
    """What a person is in a department today."""
    held = cast.by_key()[person].appointments
    return {one.role for one in held if one.department == department and one.in_force}


def in_cell(person: str) -> bool:
    """Whether a person works in the cell."""
    return bool(roles(person, "information-technology") & {Role.CELL, Role.CELL_LEAD})


def test_every_lasting_state_is_reached() -> None:
    assert {course.submission for course in COURSES} == set(SubmissionState)
    assert {course.post for course in COURSES} - {None} == set(PostState)
    reached = {outcome.state for course in COURSES for outcome in course.deliveries}
    assert reached == set(DeliveryState) - PASSING
    assert any(course.blocked for course in COURSES)


def test_each_trouble_is_met() -> None:
    met = {outcome.trouble for course in COURSES for outcome in course.deliveries}
    assert met - {None} == set(Trouble)


def test_every_notice_has_a_course_and_every_course_a_notice() -> None:
    assert {course.notice for course in COURSES} == set(DEPARTMENTS)


@each
def test_who_hands_in_belongs_to_the_department(course: Course) -> None:
    department = DEPARTMENTS[course.notice]
    assert roles(course.handed_in_by, department) & {Role.MEMBER, Role.OFFICER, Role.HEAD}
    assert course.recorded_by is None or in_cell(course.recorded_by)


@each
def test_the_cell_drafts_and_only_what_is_drafted_has_a_post(course: Course) -> None:
    drafted = course.submission is SubmissionState.DRAFTED
    assert drafted == (course.drafted_by is not None) == (course.post is not None)
    assert course.drafted_by is None or in_cell(course.drafted_by)


@each
def test_posts_are_decided_by_an_officer_who_did_not_write_them(course: Course) -> None:
    if course.post is not None and course.decided_by is not None:
        assert Role.OFFICER in roles(course.decided_by, DEPARTMENTS[course.notice])
        assert course.decided_by != course.drafted_by


@each
def test_submissions_without_a_post_are_decided_by_the_cell_or_withdrawn(course: Course) -> None:
    if course.post is None and course.decided_by is not None:
        withdrawn = course.submission is SubmissionState.WITHDRAWN
        assert withdrawn != in_cell(course.decided_by)


@each
def test_what_did_not_go_through_gives_its_reason(course: Course) -> None:
    refused = {
        SubmissionState.RETURNED,
        SubmissionState.DECLINED,
        SubmissionState.MERGED,
        SubmissionState.WITHDRAWN,
    }
    undone = {PostState.REJECTED, PostState.WITHDRAWN}
    sent_back = course.returned or course.asked
    needed = course.submission in refused or course.post in undone or sent_back
    assert (course.answer is not None) == course.asked
    assert (course.reason is not None) == needed


@each
def test_only_approved_posts_were_ever_scheduled(course: Course) -> None:
    if course.deliveries:
        assert course.post in {PostState.APPROVED, PostState.WITHDRAWN}
    if course.post is PostState.WITHDRAWN:
        assert {one.state for one in course.deliveries} <= {DeliveryState.CANCELLED}
    variants = [(one.platform, one.language) for one in course.deliveries]
    assert len(set(variants)) == len(variants)


@each
def test_deliveries_are_due_when_their_state_says_so(course: Course) -> None:
    notice = next(one for one in plan.all_notices() if one.key == course.notice)
    ahead = {DeliveryState.SCHEDULED, DeliveryState.CANCELLED}
    for outcome in course.deliveries:
        assert (notice.wished.moment(NOW) > NOW) == (outcome.state in ahead)


def test_what_is_unconfirmed_was_sent_minutes_ago() -> None:
    notices = {notice.key: notice for notice in plan.all_notices()}
    for course in COURSES:
        if any(one.state is DeliveryState.UNCONFIRMED for one in course.deliveries):
            assert -5 <= notices[course.notice].wished.minutes < 0


def test_blocked_posts_wait_where_nobody_can_approve() -> None:
    for course in COURSES:
        able = [
            person.key
            for person in cast.load()
            if roles(person.key, DEPARTMENTS[course.notice]) & {Role.OFFICER, Role.HEAD}
        ]
        assert course.blocked == (course.post is PostState.IN_REVIEW and not able)


def test_a_joint_post_waits_for_one_department_after_another_has_approved() -> None:
    (owner,) = [course for course in COURSES if course.half_approved]
    joined = [course for course in COURSES if course.joined_into == owner.notice]
    assert joined
    assert {DEPARTMENTS[one.notice] for one in joined} != {DEPARTMENTS[owner.notice]}
    assert {course.post for course in (owner, *joined)} == {PostState.IN_REVIEW}
    for course in COURSES:
        assert course.joined_into in (None, owner.notice)


def test_slips_stand_in_a_draft_that_nobody_has_sent() -> None:
    drafts = [course for course in COURSES if course.slips]
    assert [(course.post, course.returned) for course in drafts] == [(PostState.DRAFT, False)]


def test_a_duplicate_names_a_notice_that_was_drafted() -> None:
    drafted = {one.notice for one in COURSES if one.submission is SubmissionState.DRAFTED}
    for course in COURSES:
        assert (course.submission is SubmissionState.MERGED) == (course.merged_into is not None)
        assert course.merged_into is None or course.merged_into in drafted
