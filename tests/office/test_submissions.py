from __future__ import annotations

import pytest

from approvals.errors import WrongRole
from approvals.policy import Role
from publisher.desk import intake
from publisher.lifecycle import DeliveryState, SubmissionState
from publisher.office.reporting import (
    NextKind,
    Page,
    Stage,
    SubmissionRow,
    department_submissions,
    stage_counts,
)
from tests.office import scenes
from tests.office.scenes import Scene
from tests.support.city import DAY, HOUR, MINUTE, City

# Scene, the stage that its department reads, what comes next, and who has it.
TABLE: list[tuple[Scene, Stage, NextKind | None, list[str]]] = [
    (scenes.received, Stage.RECEIVED, NextKind.DRAFT, ["cell"]),
    (scenes.declined, Stage.DECLINED, None, []),
    (scenes.begun, Stage.DRAFT, NextKind.DRAFT, ["cell"]),
    (scenes.drafted, Stage.DRAFT, NextKind.SEND_FOR_REVIEW, ["स्वाती रणपिसे"]),
    (scenes.in_review, Stage.IN_REVIEW, NextKind.APPROVE, ["मेधा सातपुते", "नितीन घोलप"]),
    (scenes.in_review_with_a_head_alone, Stage.IN_REVIEW, NextKind.APPROVE, ["विलास थोपटे"]),
    (scenes.in_review_with_nobody, Stage.BLOCKED, NextKind.NAME_SOMEBODY, ["cell_lead"]),
    (scenes.in_review_by_two_departments, Stage.IN_REVIEW, NextKind.APPROVE, ["शैलजा कुदळे"]),
    (scenes.returned, Stage.CHANGES_WANTED, NextKind.CHANGE, ["स्वाती रणपिसे"]),
    (scenes.rejected, Stage.REJECTED, None, []),
    (scenes.withdrawn, Stage.POST_WITHDRAWN, None, []),
    (scenes.approved, Stage.APPROVED, NextKind.SCHEDULE, ["cell"]),
    (scenes.half_scheduled, Stage.SCHEDULED, NextKind.SCHEDULE, ["cell"]),
    (scenes.scheduled, Stage.SCHEDULED, NextKind.PUBLISH, ["machine"]),
    (scenes.approval_withdrawn, Stage.IN_REVIEW, NextKind.APPROVE, ["मेधा सातपुते", "नितीन घोलप"]),
    (scenes.approved_once_more, Stage.APPROVED, NextKind.SCHEDULE, ["cell"]),
    (scenes.live, Stage.LIVE, None, []),
    (scenes.unconfirmed, Stage.UNCONFIRMED, NextKind.CONFIRM, ["machine"]),
    (scenes.held, Stage.HELD, NextKind.SETTLE_HELD, ["cell_lead"]),
    (scenes.missed, Stage.MISSED, NextKind.RESCHEDULE, ["cell"]),
    (scenes.failed, Stage.FAILED, NextKind.RESCHEDULE, ["cell"]),
    (scenes.failed_and_revised, Stage.DRAFT, NextKind.SEND_FOR_REVIEW, ["स्वाती रणपिसे"]),
    (scenes.routed, Stage.LIVE, NextKind.ANSWER, ["मेधा सातपुते"]),
    (scenes.transferred, Stage.LIVE, NextKind.ANSWER, ["शैलजा कुदळे"]),
    (scenes.answered, Stage.LIVE, None, []),
]


@pytest.mark.parametrize(("happens", "stage", "kind", "holders"), TABLE)
def test_a_department_reads_how_far_it_is_what_comes_next_and_who_has_it(
    town: City, happens: Scene, stage: Stage, kind: NextKind | None, holders: list[str]
) -> None:
    happens(town)
    (row,) = _page(town, "auditor").rows
    assert row.stage is stage
    assert (row.next.kind if row.next else None) is kind
    assert [_name(one.name_mr, one.role) for one in (row.next.holders if row.next else ())] == (
        holders
    )
    assert _counts(town, "auditor") == {stage: 1}


def _name(name: str, role: Role | None) -> str:
    return name or (role.value if role else "machine")


def test_every_stage_has_a_chip(town: City) -> None:
    deliveries = {one.value for one in DeliveryState}
    for stage in Stage:
        thing, state = stage.look
        assert thing in ("submission", "post", "delivery")
        assert thing != "delivery" or state in deliveries
        assert thing != "submission" or state in {one.value for one in SubmissionState}


def test_the_row_says_since_when_and_until_when(town: City) -> None:
    town.hand_in(wished_at=town.now + DAY)
    (row,) = _page(town, "member").rows
    assert row.next is not None
    assert (row.next.since_at, row.next.due_at) == (town.now, town.now + DAY)
    post_id = town.draft(row.submission_id)
    town.clock.move(HOUR)
    town.send(post_id)
    (row,) = _page(town, "member").rows
    assert row.next is not None
    assert row.next.since_at == town.now
    assert row.number == "PMC/2026/000001"
    assert row.handed_in_by.name_mr == "किरण वाबळे"


def test_the_row_has_every_live_link_and_the_comments_under_them(town: City) -> None:
    on_x, on_facebook = town.live(on=["x", "facebook"])
    answered = town.comment("एक", under=on_x)
    town.comment("दोन", under=on_facebook, on="facebook")
    town.answer(answered)
    town.press()
    town.note_answers()
    (row,) = _page(town, "member").rows
    assert [one.account.platform for one in row.lives] == ["x", "facebook"]
    assert row.lives[0].url == f"https://platform.example/{town.platform_id(on_x)}"
    assert (row.comments, row.unanswered) == (2, 1)
    assert row.next is not None
    assert (row.next.kind, row.next.quote) == (NextKind.ANSWER, "दोन")


def test_a_correction_in_the_making_leaves_it_live(town: City) -> None:
    town.live()
    town.save(1, on=["x"], text="दुरुस्ती")
    (row,) = _page(town, "member").rows
    assert row.stage is Stage.LIVE
    assert row.next is not None
    assert row.next.kind is NextKind.SEND_FOR_REVIEW


def test_of_two_posts_the_one_that_needs_a_person_is_told(town: City) -> None:
    submission_id = town.hand_in()
    first = town.draft(submission_id)
    town.send(first)
    town.approve(first)
    town.schedule(first)
    town.draft(submission_id)
    (row,) = _page(town, "member").rows
    assert row.stage is Stage.SCHEDULED
    assert row.next is not None
    assert row.next.kind is NextKind.SEND_FOR_REVIEW


@pytest.mark.parametrize(
    ("who", "titles"),
    [
        ("member", ["पाणी"]),
        ("first", ["पाणी"]),
        ("head", ["पाणी"]),
        ("road_member", ["रस्ता"]),
        ("health_head", []),
        ("clerk", ["रस्ता", "पाणी"]),
        ("lead", ["रस्ता", "पाणी"]),
        ("auditor", ["रस्ता", "पाणी"]),
        ("oversight", ["रस्ता", "पाणी"]),
    ],
)
def test_each_sees_the_submissions_of_its_own_line(town: City, who: str, titles: list[str]) -> None:
    town.hand_in("पाणी")
    town.clock.move(MINUTE)
    town.hand_in("रस्ता", department="road")
    assert [one.title for one in _page(town, who).rows] == titles


def test_oversight_does_not_see_what_reports_to_another(town: City) -> None:
    town.hand_in("आरोग्य", department="health")
    assert _page(town, "oversight").rows == ()


def test_an_admin_has_no_submissions(town: City) -> None:
    with pytest.raises(WrongRole):
        _page(town, "admin")


def test_asking_for_another_department_gives_nothing(town: City) -> None:
    town.hand_in("रस्ता", department="road")
    with town.read() as session:
        page = department_submissions(
            session,
            actor=town.actor("member"),
            now=town.now,
            department_id=town.departments["road"],
        )
    assert page.rows == ()


def test_pages_follow_each_other_without_gap_or_repetition(town: City) -> None:
    for number in range(7):
        town.hand_in(f"सूचना {number}")
        if number % 2:
            town.clock.move(MINUTE)
    titles, place, pages = [], None, 0
    while pages == 0 or place is not None:
        with town.read() as session:
            page = department_submissions(
                session, actor=town.actor("clerk"), now=town.now, before=place, limit=3
            )
        titles += [one.title for one in page.rows]
        place, pages = page.following, pages + 1
    assert titles == [f"सूचना {number}" for number in reversed(range(7))]
    assert pages == 3


def test_a_full_last_page_promises_no_more(town: City) -> None:
    town.hand_in()
    with town.read() as session:
        page = department_submissions(session, actor=town.actor("clerk"), now=town.now, limit=1)
    assert (len(page.rows), page.following) == (1, None)


def test_rows_are_found_by_stage_and_by_words(town: City) -> None:
    town.hand_in("डेंग्यू प्रतिबंध मोहीम")
    scenes.in_review(town)
    with town.read() as session:
        actor = town.actor("clerk")
        by_stage = department_submissions(session, actor=actor, now=town.now, state=Stage.IN_REVIEW)
        by_words = department_submissions(session, actor=actor, now=town.now, words="मोहीम डेंग्यू")
        by_number = department_submissions(session, actor=actor, now=town.now, words="०००००२")
        by_none = department_submissions(session, actor=actor, now=town.now, words="100%")
    assert [one.stage for one in by_stage.rows] == [Stage.IN_REVIEW]
    assert [one.title for one in by_words.rows] == ["डेंग्यू प्रतिबंध मोहीम"]
    assert [one.number for one in by_number.rows] == ["PMC/2026/000002"]
    assert by_none.rows == ()


def test_counts_name_every_stage(town: City) -> None:
    for happens in (scenes.received, scenes.received, scenes.approved):
        happens(town)
    assert _counts(town, "member") == {Stage.RECEIVED: 2, Stage.APPROVED: 1}
    with town.read() as session:
        everything = stage_counts(session, actor=town.actor("member"), now=town.now)
    assert set(everything) == set(Stage)


def test_a_submission_taken_back_says_so(town: City) -> None:
    submission_id = town.hand_in()
    with town.write() as session:
        intake.withdraw(
            session,
            actor=town.actor("member"),
            now=town.now,
            submission_id=submission_id,
            reason="तारीख बदलली.",
        )
    (row,) = _page(town, "member").rows
    assert (row.stage, row.reason, row.next) == (Stage.WITHDRAWN, "तारीख बदलली.", None)


def _page(town: City, who: str) -> Page[SubmissionRow]:
    with town.read() as session:
        return department_submissions(session, actor=town.actor(who), now=town.now)


def _counts(town: City, who: str) -> dict[Stage, int]:
    with town.read() as session:
        found = stage_counts(session, actor=town.actor(who), now=town.now)
    return {stage: count for stage, count in found.items() if count}
