"""The home page: each role sees the tasks that wait for it, and no others."""

from __future__ import annotations

import pytest

from approvals.errors import WrongRole
from approvals.policy import Role
from publisher.delivery.monitoring import acknowledge
from publisher.intake import questions
from publisher.operations.departments.close import tick_departments
from publisher.people import appointments
from publisher.people.permissions import COMMAND
from publisher.reports.todo import list_waiting
from publisher.reports.todo_values import Waiting
from publisher.tasks.specs import DueKind, TaskKind
from publisher.tasks.tick import tick_tasks
from publisher.working_time import day_bounds, local_day
from tests.support import scenes
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, MINUTE
from tests.support.scenes import Scene

Kinds = dict[str, list[str]]

CELL = ("lead", "clerk", "other_clerk")
OFFICERS = ("first", "second")


def _add_one_of_each(names: tuple[str, ...], *kinds: str) -> Kinds:
    return {name: list(kinds) for name in names}


# Written by hand from the brief of each role, never computed.
TABLE: list[tuple[Scene, Kinds]] = [
    (scenes.received, _add_one_of_each(CELL, "submission")),
    (scenes.declined, {}),
    (
        scenes.returned_with_a_question,
        _add_one_of_each(("member", "first", "second", "head"), "submission_returned"),
    ),
    (scenes.begun, _add_one_of_each(CELL, "draft")),
    (scenes.drafted, _add_one_of_each(CELL, "draft")),
    (scenes.in_review, _add_one_of_each(OFFICERS, "to_approve")),
    (scenes.in_review_elsewhere, {"road_officer": ["to_approve"]}),
    (scenes.in_review_with_a_head_alone, {"health_head": ["to_approve"]}),
    (scenes.in_review_with_nobody, {"lead": ["blocked"]}),
    (scenes.in_review_by_two_departments, {"road_officer": ["to_approve"]}),
    (scenes.returned, _add_one_of_each(CELL, "post_returned")),
    (scenes.rejected, {}),
    (scenes.approved, _add_one_of_each(CELL, "to_schedule")),
    (scenes.scheduled, {}),
    (scenes.half_scheduled, _add_one_of_each(CELL, "to_schedule")),
    (scenes.stopped, _add_one_of_each(CELL, "to_schedule")),
    (scenes.left_out, {}),
    (scenes.approval_withdrawn, _add_one_of_each(OFFICERS, "to_approve")),
    (scenes.approved_once_more, _add_one_of_each(CELL, "to_schedule")),
    (scenes.live, {}),
    (scenes.missed, _add_one_of_each(CELL, "delivery_missed")),
    (scenes.failed, _add_one_of_each(CELL, "delivery_failed")),
    (scenes.failed_and_revised, _add_one_of_each(CELL, "draft")),
    (scenes.failed_revised_and_approved, _add_one_of_each(CELL, "to_schedule")),
    (scenes.held, _add_one_of_each(("lead", "first", "second", "head"), "delivery_held")),
    (scenes.paused, {"admin": ["account_paused"]}),
    (scenes.unrouted, _add_one_of_each(CELL, "comment_unrouted")),
    (scenes.routed, {"first": ["comment"]}),
    (scenes.routed_and_left_behind, {"second": ["comment"]}),
    (scenes.left_behind_by_both, {"head": ["comment"]}),
    (scenes.answer_on_its_way, {}),
    (scenes.answer_in_review, _add_one_of_each(OFFICERS, "answer_to_approve")),
    (scenes.answer_returned, {"first": ["comment"]}),
    (
        scenes.answer_failed,
        _add_one_of_each(CELL, "delivery_failed") | {"first": ["answer_failed"]},
    ),
    (scenes.answered, {}),
    (scenes.transferred, {"road_officer": ["comment"]}),
    (scenes.found_gone, _add_one_of_each((*CELL, *OFFICERS), "found_gone")),
    (scenes.found_changed, _add_one_of_each((*CELL, *OFFICERS), "found_changed")),
    (
        scenes.found_where_a_head_stands_alone,
        _add_one_of_each((*CELL, "health_head"), "found_gone"),
    ),
    (scenes.merger_due, _add_one_of_each(("admin", "lead"), "merger_due")),
    (scenes.closing_due, _add_one_of_each(("admin", "lead"), "closing_due")),
    (
        scenes.transfers_unconfirmed,
        _add_one_of_each(("admin", "lead"), "transfers_unconfirmed"),
    ),
    (scenes.transfers_hindered, _add_one_of_each(("admin", "lead"), "transfers_hindered")),
]


@pytest.mark.parametrize(("happens", "expected"), TABLE)
def test_each_thing_waits_for_those_who_can_act_and_for_nobody_else(
    town: City, happens: Scene, expected: Kinds
) -> None:
    happens(town)
    kinds = {name: [todo.kind.value for todo in _today(town, name)] for name in town.roles}
    gone: dict[Scene, tuple[str, ...]] = {
        scenes.routed_and_left_behind: ("first",),
        scenes.left_behind_by_both: OFFICERS,
    }
    absent = gone.get(happens, ())
    assert {name: kinds for name, kinds in kinds.items() if kinds and name not in absent} == (
        expected
    )


@pytest.mark.twin
def test_the_most_urgent_comes_first_and_what_has_no_time_last(town: City) -> None:
    for title, after in (("उद्या", DAY), ("आज", 2 * HOUR), ("परवा", 2 * DAY)):
        town.hand_in(title, wished_at=town.now + after)
    town.hand_in("केव्हाही")
    town.hand_in("लगेच", wished_at=town.now + MINUTE)
    town.clock.move(HOUR)
    today = _today(town, "clerk")
    assert [todo.title for todo in today] == ["लगेच", "आज", "उद्या", "परवा", "केव्हाही"]
    assert [todo.urgent for todo in today] == [True, True, False, False, False]


def test_what_its_department_calls_urgent_stands_before_what_is_due(town: City) -> None:
    town.hand_in("लगेच", wished_at=town.now + MINUTE)
    town.hand_in("तातडीचे", urgent_reason="जलवाहिनी फुटली.")
    today = _today(town, "clerk")
    assert [(todo.title, todo.called_urgent, todo.urgent) for todo in today] == [
        ("तातडीचे", True, True),
        ("लगेच", False, True),
    ]


def test_what_is_to_be_approved_says_what_it_is_and_until_when(town: City) -> None:
    submission_id = town.hand_in(wished_at=town.now + 6 * HOUR)
    post_id = town.draft(submission_id, on=["x", "facebook"])
    town.send(post_id)
    (todo,) = _today(town, "first")
    assert (todo.subject, todo.subject_id, todo.path) == (
        "posts",
        post_id,
        f"/posts/{post_id}/review",
    )
    assert (todo.title, todo.revision) == ("शनिवारी पाणीपुरवठा बंद", 1)
    assert todo.platforms == ("x", "facebook")
    assert (todo.due_at, todo.due_kind) == (town.now + 6 * HOUR, DueKind.WISHED)
    assert todo.by is not None
    assert (todo.by.name_mr, todo.by.role) == ("स्वाती रणपिसे", Role.CELL)


def test_without_a_wish_a_post_has_no_due_time_of_its_own(town: City) -> None:
    town.in_review()
    (todo,) = _today(town, "first")
    assert (todo.due_at, todo.due_kind) == (None, None)


def test_a_comment_says_who_wrote_what_and_when_it_is_due(town: City) -> None:
    (delivery_id,) = town.live()
    comment_id = town.comment("कधी?", under=delivery_id, author="उदाहरण जगताप")
    (todo,) = _today(town, "first")
    assert (todo.quote, todo.author, todo.path) == (
        "कधी?",
        "उदाहरण जगताप",
        f"/comments/{comment_id}",
    )
    assert todo.due_kind is DueKind.ANSWER_BY
    assert todo.platforms == ("x",)
    assert not todo.urgent
    town.clock.move(10 * DAY)
    assert _today(town, "first")[0].urgent


def test_an_answer_that_failed_leads_to_its_comment_with_the_reason(town: City) -> None:
    scenes.answer_failed(town)
    (todo,) = _today(town, "first")
    assert (todo.subject, todo.path, todo.code) == ("comments", "/comments/1", "duplicate")
    assert todo.text == "उद्या सकाळी सहा वाजता."


def test_who_wrote_a_revision_does_not_find_it_to_approve(town: City) -> None:
    """Four eyes apply to the person, even under another appointment."""
    _appoint_clerk_again(town)
    town.in_review("garden")
    assert [todo.kind for todo in _today(town, "lead")] == [TaskKind.BLOCKED]
    assert _today(town, "garden_officer") == []


def test_the_lead_learns_which_department_of_a_joint_post_has_no_approver(town: City) -> None:
    post_id = town.start(town.hand_in())
    town.save(post_id, on=["x"], asked_departments=["garden"])
    town.send(post_id)
    (todo,) = _today(town, "lead")
    assert todo.kind is TaskKind.BLOCKED
    assert todo.department is not None
    assert todo.department.code == "garden"


def test_a_departments_note_waits_at_the_cell_until_it_is_seen(town: City) -> None:
    submission_id = town.hand_in()
    town.send(town.draft(submission_id))
    assert _today(town, "clerk") == []
    town.clock.move(HOUR)
    _note(town, submission_id, "टँकरचा क्रमांक बदलला आहे.")
    for who in ("clerk", "lead"):
        (todo,) = _today(town, who)
        assert (todo.kind, todo.quote) == (TaskKind.NOTE, "टँकरचा क्रमांक बदलला आहे.")
        assert (todo.path, todo.since_at) == (f"/submissions/{submission_id}", town.now)
        assert todo.by is not None
        assert todo.by.department is not None
        assert todo.by.department.code == "water"
    assert [todo.kind for todo in _today(town, "first")] == [TaskKind.TO_APPROVE]
    town.clock.move(HOUR)
    with town.write() as session:
        actor = town.actor("clerk")
        questions.mark_notes_seen(session, actor=actor, now=town.now, submission_id=submission_id)
    assert _today(town, "clerk") == _today(town, "lead") == []
    town.clock.move(HOUR)
    _note(town, submission_id, "वेळही बदलली आहे.")
    assert [todo.quote for todo in _today(town, "clerk")] == ["वेळही बदलली आहे."]


def test_a_revision_that_was_saved_after_a_note_has_taken_it_up(town: City) -> None:
    submission_id = town.hand_in()
    post_id = town.draft(submission_id)
    town.clock.move(HOUR)
    _note(town, submission_id, "टँकरचा क्रमांक बदलला आहे.")
    town.clock.move(HOUR)
    town.save(post_id, on=["x"], text="नवा क्रमांक")
    assert [todo.kind for todo in _today(town, "clerk")] == [TaskKind.DRAFT]


def test_only_the_cell_marks_a_note_as_seen(town: City) -> None:
    submission_id = town.hand_in()
    town.draft(submission_id)
    member = town.actor("member")
    with town.write() as session, pytest.raises(WrongRole):
        questions.mark_notes_seen(session, actor=member, now=town.now, submission_id=submission_id)


def _note(town: City, submission_id: int, text: str) -> None:
    with town.write() as session:
        questions.add_note(
            session,
            actor=town.actor("member"),
            now=town.now,
            submission_id=submission_id,
            note_text=text,
        )


def test_an_answer_elsewhere_does_not_loosen_four_eyes(town: City) -> None:
    """Four eyes do not apply to answers, which is decided for each post."""
    scenes.answered(town)
    _appoint_clerk_again(town)
    town.in_review("garden")
    assert [todo.kind for todo in _today(town, "lead")] == [TaskKind.BLOCKED]


def test_an_answer_that_the_officer_wrote_as_a_clerk_binds_no_four_eyes(town: City) -> None:
    _appoint_clerk_again(town)
    comment_id = town.comment()
    town.assign(comment_id, "garden")
    town.answer(comment_id, by="clerk")
    assert [todo.kind for todo in _today(town, "garden_officer")] == [TaskKind.ANSWER_TO_APPROVE]


def test_an_approval_whose_giver_left_office_is_wanted_again(town: City) -> None:
    scenes.in_review_by_two_departments(town)
    assert _today(town, "second") == []
    town.end("first")
    assert [todo.kind for todo in _today(town, "second")] == [TaskKind.TO_APPROVE]


def test_a_head_does_not_stand_in_while_an_officer_can(town: City) -> None:
    town.in_review()
    assert _today(town, "head") == []
    town.disable("first")
    assert _today(town, "head") == []
    town.end("second")
    assert [todo.kind for todo in _today(town, "head")] == [TaskKind.TO_APPROVE]


def _appoint_clerk_again(town: City) -> None:
    with town.write() as session:
        appointment = appointments.record_person(
            session,
            actor=COMMAND,
            now=town.now,
            name_mr="स्वाती रणपिसे",
            role=Role.OFFICER,
            department_id=town.departments["garden"],
            mail="clerk@pmc.example",
        )
        session.flush()
        town.appointments["garden_officer"] = appointment.id
    town.people["garden_officer"] = town.people["clerk"]
    town.roles["garden_officer"] = (Role.OFFICER, "garden")


def _today(town: City, name: str) -> list[Waiting]:
    with town.read() as session:
        return list_waiting(session, actor=town.actor(name), now=town.now)


def test_a_day_without_anything_is_empty_for_everybody(town: City) -> None:
    assert all(_today(town, name) == [] for name in town.roles)


def test_what_others_did_is_one_click_away_until_somebody_has_seen_it(town: City) -> None:
    scenes.found_gone(town)
    (todo,) = _today(town, "lead")
    assert (todo.path, todo.title) == (f"/found/{todo.subject_id}", "शनिवारी पाणीपुरवठा बंद")
    assert (todo.account.platform if todo.account else "") == "x"
    with town.write() as session:
        acknowledge.note_seen(
            session,
            actor=town.actor("first"),
            now=town.now,
            watch_id=todo.subject_id,
            note="खात्री केली.",
        )
    assert [_today(town, name) for name in ("lead", "clerk", "first")] == [[], [], []]


def test_a_departments_end_waits_from_its_day_on_and_not_before(town: City) -> None:
    scenes.record_merger(town)
    begins_at = day_bounds(local_day(town.now + DAY))[0]
    town.clock.move(begins_at - MINUTE - town.now)
    tick_tasks(town.database, now=town.clock)
    assert _today(town, "lead") == []
    town.clock.move(MINUTE)
    tick_tasks(town.database, now=town.clock)
    (todo,) = _today(town, "lead")
    assert (todo.path, todo.number) == ("/departments/garden", "आ-४५/२०२६")
    assert todo.due_kind is DueKind.IN_FORCE
    assert tick_departments(town.database, now=lambda: town.now) == 1
    assert _today(town, "lead") == []
