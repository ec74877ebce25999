from __future__ import annotations

from datetime import UTC, datetime

import pytest

from approvals.errors import WrongRole
from approvals.policy import CLOCK, Action, Role
from publisher.platforms.base.protocol import OutcomeUnknown, RefusalCode, Refused
from publisher.reports.board_rows import BoardKind, BoardRow
from publisher.reports.decision_board import MOST_LINES, Board, board
from publisher.tasks.tick import tick_tasks
from tests.support import scenes
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, MINUTE

EVERYTHING = [
    scenes.held,
    scenes.missed,
    scenes.failed,
    scenes.in_review_with_nobody,
    scenes.unconfirmed,
]


@pytest.mark.twin
def test_everything_that_needs_a_decision_stands_there_by_kind(town: City) -> None:
    for happens in EVERYTHING:
        happens(town)
    _in_review_wished_soon(town)
    assert [row.kind for row in _board(town, "lead")] == [
        BoardKind.HELD,
        BoardKind.MISSED,
        BoardKind.FAILED,
        BoardKind.BLOCKED,
        BoardKind.UNAPPROVED,
        BoardKind.UNCONFIRMED,
    ]


@pytest.mark.parametrize(
    "happens", [scenes.live, scenes.scheduled, scenes.in_review, scenes.drafted, scenes.returned]
)
def test_what_goes_its_way_is_not_on_the_board(town: City, happens: scenes.Scene) -> None:
    happens(town)
    assert _board(town, "lead") == []


def test_what_a_new_revision_replaced_leaves_the_board(town: City) -> None:
    scenes.failed_and_revised(town)
    assert _board(town, "lead") == []


def test_what_may_be_live_stays_whatever_became_of_its_post(town: City) -> None:
    delivery_id = town.hold()
    town.save(town.delivery(delivery_id).post_id, on=["x"], text="दुरुस्ती")
    assert [row.subject_id for row in _board(town, "lead")] == [delivery_id]


def test_a_held_one_says_what_happened_and_from_when_it_may_be_sent_again(town: City) -> None:
    began = town.now
    delivery_id = town.hold()
    (row,) = _board(town, "lead")
    assert (row.subject, row.subject_id) == ("delivery", delivery_id)
    assert row.path == f"/deliveries/{delivery_id}"
    assert (row.sent_at, row.looks) == (began, 4)
    assert row.again_at == began + 15 * MINUTE
    assert row.reason["code"] == "unknown"
    assert row.number == "PMC/2026/000001"
    assert row.text.startswith("शनिवारी पाणीपुरवठा बंद")
    assert row.account is not None
    assert row.account.url == "https://platform.example/x"


def test_a_missed_one_says_until_when_it_might_have_left(town: City) -> None:
    began = town.now
    scenes.missed(town)
    (row,) = _board(town, "clerk")
    assert (row.due_at, row.late_at) == (began, began + HOUR)
    assert row.reason == {"code": "late", "limit": 60}


_TIMED = {Action.SCHEDULE, Action.PUBLISH_NOW}
ACTS = {
    ("lead", BoardKind.HELD): {Action.SETTLE_HELD},
    ("clerk", BoardKind.HELD): set(),
    ("first", BoardKind.HELD): {Action.SETTLE_HELD},
    ("auditor", BoardKind.HELD): set(),
    ("lead", BoardKind.MISSED): {*_TIMED, Action.CANCEL, Action.WITHDRAW_POST},
    ("clerk", BoardKind.MISSED): {*_TIMED, Action.CANCEL},
    ("first", BoardKind.MISSED): {Action.CANCEL, Action.WITHDRAW_POST},
    ("clerk", BoardKind.FAILED): {*_TIMED, Action.CANCEL, Action.DRAFT},
    ("clerk", BoardKind.UNCONFIRMED): set(),
    ("lead", BoardKind.BLOCKED): {
        Action.RECORD_OFFICER,
        Action.RECORD_HEAD,
        Action.WITHDRAW_POST,
    },
    ("clerk", BoardKind.BLOCKED): set(),
    ("admin", BoardKind.BLOCKED): {Action.RECORD_OFFICER, Action.RECORD_HEAD},
    ("first", BoardKind.UNAPPROVED): {Action.APPROVE},
    ("clerk", BoardKind.UNAPPROVED): set(),
}


def test_each_row_names_what_this_actor_may_do(town: City) -> None:
    for happens in EVERYTHING:
        happens(town)
    _in_review_wished_soon(town)
    acts = {
        (who, row.kind): set(row.acts)
        for who in ("lead", "clerk", "first", "auditor", "admin")
        for row in _board(town, who)
    }
    assert {key: acts[key] for key in ACTS} == ACTS


def test_a_department_sees_its_own_rows_only(town: City) -> None:
    scenes.held(town)
    assert len(_board(town, "first")) == 1
    assert _board(town, "road_officer") == []
    assert len(_board(town, "oversight")) == 1


def test_a_post_wished_for_later_comes_a_day_before(town: City) -> None:
    post_id = town.draft(town.hand_in(wished_at=town.now + 48 * HOUR))
    town.send(post_id)
    assert _board(town, "lead") == []
    town.clock.move(24 * HOUR)
    (row,) = _board(town, "lead")
    assert (row.kind, row.subject_id) == (BoardKind.UNAPPROVED, post_id)


def test_a_department_that_gets_an_officer_leaves_the_board(town: City) -> None:
    scenes.in_review_with_nobody(town)
    assert [row.kind for row in _board(town, "lead")] == [BoardKind.BLOCKED]
    town.appoint("garden_officer", Role.OFFICER, "garden")
    assert _board(town, "lead") == []


@pytest.mark.parametrize(
    ("text", "passed"),
    [
        ("शनिवारी पाणी बंद.", ""),
        ("मंगळवार, दि. २४ नोव्हेंबर रोजी पाणी बंद.", "मंगळवार, दि. २४ नोव्हेंबर"),
        ("Decision of 3 May 2019: no water on 24 November.", "24 November"),
    ],
)
def test_a_date_in_the_text_that_has_passed_is_named(town: City, text: str, passed: str) -> None:
    row = _missed(town, text)
    assert row.passed.strip() == passed
    assert row.ends_at == town.now - 2 * HOUR + 30 * DAY


def test_a_date_that_is_still_to_come_is_not_and_ends_the_window(town: City) -> None:
    row = _missed(town, "दि. २७ नोव्हेंबर रोजी पाणी बंद.")
    assert row.passed == ""
    assert row.ends_at == datetime(2026, 11, 27, 18, 29, tzinfo=UTC)  # 23:59 in India


def _missed(town: City, text: str) -> BoardRow:
    """Return the board's row of a post with this text that no clock published."""
    post_id = town.start(town.hand_in())
    town.save(post_id, on=["x"], text=text)
    town.send(post_id)
    town.approve(post_id)
    town.schedule(post_id, MINUTE)
    town.tick_dispatch(2 * HOUR)
    (row,) = _board(town, "clerk")
    assert row.kind is BoardKind.MISSED
    assert row.variant_id == town.variants(post_id)[0]
    return row


def test_a_joint_post_names_the_department_that_lacks_an_approver(town: City) -> None:
    post_id = town.start(town.hand_in())
    town.save(post_id, on=["x"], asked_departments=["road", "garden"])
    town.send(post_id)
    (row,) = _board(town, "lead")
    assert (row.kind, row.department.code) == (BoardKind.BLOCKED, "water")
    assert [department.code for department in row.lacking] == ["garden"]


def test_the_board_reads_nothing_for_roles_without_posts(town: City) -> None:
    with town.read() as session, pytest.raises(WrongRole):
        board(session, actor=CLOCK, now=town.now)


@pytest.mark.twin
def test_a_post_is_one_line_with_a_row_for_each_text(town: City) -> None:
    post_id = town.approved(on=["x", "facebook"])
    on_x, on_facebook = town.schedule(post_id, HOUR)
    town.platform("x").fail_next(OutcomeUnknown("no answer"))
    town.platform("facebook").fail_next(Refused(RefusalCode.DUPLICATE))
    town.tick_dispatch(HOUR)
    for _ in range(6):
        town.tick_reconcile(15 * MINUTE)
    page = _page(town, "lead")
    (line,) = page.lines
    assert [(row.subject_id, row.kind) for row in line.rows] == [
        (on_x, BoardKind.HELD),
        (on_facebook, BoardKind.FAILED),
    ]
    assert (page.total, page.tally) == (1, {BoardKind.HELD: 1})
    assert line.rows[0].acts == {Action.SETTLE_HELD}
    assert Action.SETTLE_HELD not in line.rows[1].acts


@pytest.mark.twin
def test_a_post_whose_window_passed_without_a_time_waits_for_a_decision(town: City) -> None:
    post_id = town.start(town.hand_in())
    town.save(post_id, on=["x", "facebook"], not_after=town.now + HOUR)
    town.send(post_id)
    town.approve(post_id)
    assert _board(town, "clerk") == []
    town.clock.move(2 * HOUR)
    tick_tasks(town.database, now=town.clock)
    (row,) = _board(town, "clerk")
    assert (row.kind, row.subject_id) == (BoardKind.OUTLIVED, post_id)
    assert row.acts == {Action.DRAFT}
    (row,) = _board(town, "first")
    assert row.acts == {Action.WITHDRAW_POST}
    town.save(post_id, on=["x", "facebook"])
    assert _board(town, "clerk") == []


@pytest.mark.ci
@pytest.mark.twin
def test_the_board_has_pages_and_its_tally_counts_all_of_them(town: City) -> None:
    for _ in range(MOST_LINES + 2):
        scenes.missed(town)
    scenes.held(town)
    scenes.unconfirmed(town)
    first, second = _page(town, "lead"), _page(town, "lead", skip=MOST_LINES)
    assert first.tally == second.tally == {BoardKind.HELD: 1, BoardKind.MISSED: MOST_LINES + 2}
    assert [len(page.lines) for page in (first, second)] == [MOST_LINES, 3]
    assert first.lines[0].first.kind is BoardKind.HELD
    post_ids = [line.first.post_id for page in (first, second) for line in page.lines]
    assert len(set(post_ids)) == first.total
    assert [row.kind for row in first.unconfirmed] == [BoardKind.UNCONFIRMED]


def _in_review_wished_soon(town: City) -> None:
    town.send(town.draft(town.hand_in(wished_at=town.now + 2 * HOUR)))


def _board(town: City, who: str) -> list[BoardRow]:
    """Return the rows of all lines, and then what is still looked for."""
    page = _page(town, who)
    return [*(row for line in page.lines for row in line.rows), *page.unconfirmed]


def _page(town: City, who: str, *, skip: int = 0) -> Board:
    with town.read() as session:
        return board(session, actor=town.actor(who), now=town.now, skip=skip)
