from __future__ import annotations

import pytest

from approvals.errors import WrongRole
from approvals.policy import Action
from publisher.inbox import routing
from publisher.models.comments import AnswerKind
from publisher.platforms.base.protocol import OutcomeUnknown, RefusalCode, Refused
from publisher.reports.comment_detail import CommentDetail, comment_page
from publisher.reports.inbox_list import (
    CommentRow,
    InboxView,
    list_comments,
    list_views,
    view_counts,
)
from publisher.reports.replies import ReplyState
from publisher.reports.types import Cursor, Page
from publisher.states import CommentState
from publisher.validation import NotFound
from tests.support import scenes
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, MINUTE


def test_each_role_has_its_views(town: City) -> None:
    officers = (InboxView.MINE, InboxView.DEPARTMENT, InboxView.ANSWERED, InboxView.CLOSED)
    cell = (InboxView.QUEUE, InboxView.DEPARTMENT, InboxView.ANSWERED, InboxView.CLOSED)
    readers = (InboxView.DEPARTMENT, InboxView.ANSWERED, InboxView.CLOSED)
    assert {name: list_views(town.actor(name)) for name in town.roles} == {
        **dict.fromkeys(("first", "second", "head", "road_officer", "health_head"), officers),
        **dict.fromkeys(("lead", "clerk", "other_clerk", "auditor"), cell),
        **dict.fromkeys(("member", "road_member", "health_member", "garden_member"), readers),
        "oversight": readers,
        "admin": (),
    }


@pytest.mark.twin
def test_views_hold_what_they_say_and_their_counts_agree(town: City) -> None:
    (delivery_id,) = town.live()
    mine = town.comment("माझी", under=delivery_id)
    answered = town.comment("उत्तर दिलेली", under=delivery_id)
    town.answer(answered)
    town.tick_dispatch()
    town.note_answers()
    closed = town.comment("बंद", under=delivery_id)
    _close(town, closed)
    queued = town.comment("कोणाचीही नाही")
    town.assign(town.comment("रस्ता"), "road")
    assert {view: _ids(town, "first", view) for view in list_views(town.actor("first"))} == {
        InboxView.MINE: [mine],
        InboxView.DEPARTMENT: [mine],
        InboxView.ANSWERED: [answered],
        InboxView.CLOSED: [closed],
    }
    assert _ids(town, "second", InboxView.MINE) == []
    assert _ids(town, "second", InboxView.DEPARTMENT) == [mine]
    assert _ids(town, "clerk", InboxView.QUEUE) == [queued]
    assert len(_ids(town, "clerk", InboxView.DEPARTMENT)) == 2
    for name in town.roles:
        with town.read() as session:
            counted = view_counts(session, actor=town.actor(name))
        assert counted == {view: len(_ids(town, name, view)) for view in counted}


def test_what_no_department_has_is_the_cells_alone(town: City) -> None:
    town.comment()
    assert _ids(town, "first", InboxView.QUEUE) == []
    assert len(_ids(town, "auditor", InboxView.QUEUE)) == 1


@pytest.mark.twin
def test_open_comments_stand_by_due_time_and_settled_ones_newest_first(town: City) -> None:
    (delivery_id,) = town.live()
    ids = [town.comment(f"टिप्पणी {number}", under=delivery_id) for number in range(3)]
    assert _ids(town, "first", InboxView.MINE) == ids
    for comment_id in ids:
        town.clock.move(MINUTE)
        _close(town, comment_id)
    assert _ids(town, "first", InboxView.CLOSED) == ids[::-1]


@pytest.mark.twin
@pytest.mark.parametrize("view", [InboxView.DEPARTMENT, InboxView.CLOSED])
def test_pages_follow_each_other_without_gap_or_repetition(town: City, view: InboxView) -> None:
    (delivery_id,) = town.live()
    post = town.platform_id(delivery_id)
    for number in range(5):
        town.platform("x").citizen_says(f"टिप्पणी {number}", parent_id=post)
    town.listen(HOUR)
    if view is InboxView.CLOSED:
        for comment_id in range(1, 6):
            _close(town, comment_id)
    comment_ids: list[int] = []
    cursor: Cursor | None = None
    for _ in range(3):
        page = _page(town, "first", view, before=cursor, limit=2)
        comment_ids += [row.comment.id for row in page.rows]
        cursor = page.following
    assert sorted(comment_ids) == [1, 2, 3, 4, 5]
    assert comment_ids == _ids(town, "first", view)
    assert cursor is None


def test_a_row_says_who_has_it_and_whether_it_is_late(town: City) -> None:
    (delivery_id,) = town.live()
    town.comment("कधी?", under=delivery_id, author="उदाहरण जगताप")
    (row,) = _page(town, "second", InboxView.DEPARTMENT).rows
    assert row.holder is not None
    assert (row.holder.person.name_mr, row.holder.rank) == ("मेधा सातपुते", 1)
    assert (row.comment.author, row.comment.text) == ("उदाहरण जगताप", "कधी?")
    assert not row.is_mine
    assert not row.is_overdue(town.now)
    assert row.is_overdue(town.now + 30 * DAY)
    (mine,) = _page(town, "first", InboxView.MINE).rows
    assert mine.is_mine


def test_whoever_sees_no_comments_has_no_list(town: City) -> None:
    with town.read() as session, pytest.raises(WrongRole):
        list_comments(session, actor=town.actor("admin"), view=InboxView.DEPARTMENT)


def test_a_page_shows_our_post_and_why_the_comment_is_here(town: City) -> None:
    (delivery_id,) = town.live()
    comment_id = town.comment("कधी?", under=delivery_id)
    page = _comment(town, comment_id)
    assert page.own_post is not None
    assert page.own_post.title == "शनिवारी पाणीपुरवठा बंद"
    assert page.own_post.url == f"https://platform.example/{town.platform_id(delivery_id)}"
    assert page.own_post.department.code == "water"
    (step,) = page.routing_steps
    assert (step.reason, step.title) == ("under_post", "शनिवारी पाणीपुरवठा बंद")
    assert page.holder is not None
    assert page.holder.name_mr == "मेधा सातपुते"


def test_a_mention_stands_under_no_post_of_ours(town: City) -> None:
    page = _comment(town, town.comment(), who="clerk")
    assert page.own_post is None
    assert [message.is_this for message in page.messages] == [True]
    assert page.acts == {Action.ASSIGN, Action.CLOSE}


def test_another_departments_comment_is_missing(town: City) -> None:
    (delivery_id,) = town.live()
    comment_id = town.comment(under=delivery_id)
    for who in ("road_officer", "health_head", "garden_member"):
        with pytest.raises(NotFound):
            _comment(town, comment_id, who=who)
    for who in ("member", "second", "head", "clerk", "auditor", "oversight"):
        assert _comment(town, comment_id, who=who).comment_id == comment_id
    queued = town.comment()
    for who in ("first", "member", "oversight"):
        with pytest.raises(NotFound):
            _comment(town, queued, who=who)
    with pytest.raises(NotFound):
        _comment(town, 4_711)


def test_after_a_transfer_it_is_missing_for_the_first_department(town: City) -> None:
    scenes.transferred(town)
    with pytest.raises(NotFound):
        _comment(town, 1)
    step = _comment(town, 1, who="road_officer").routing_steps[-1]
    assert (step.reason, step.person_reason) == ("transferred", "पथ विभागाचा विषय.")


def test_with_nobody_there_the_routing_names_the_department_meant(town: City) -> None:
    (delivery_id,) = town.live("road")
    town.end("road_officer")
    (step,) = _comment(town, town.comment(under=delivery_id), who="clerk").routing_steps
    assert step.reason == "nobody_there"
    assert step.intended is not None
    assert step.intended.code == "road"


def test_a_thread_is_one_conversation_with_our_replies_and_no_other(town: City) -> None:
    (delivery_id,) = town.live(on=["facebook"])
    first = town.comment("पहिली", under=delivery_id, on="facebook", author="क")
    town.comment("दुसऱ्याची", under=delivery_id, on="facebook", author="ख")
    town.clock.move(MINUTE)
    town.answer(first, "आमचे उत्तर")
    town.tick_dispatch()
    town.clock.move(MINUTE)
    platform_id = town.platform("facebook").published[-1].platform_id
    own = town.platform("facebook").citizen_says("पुन्हा", parent_id=platform_id, author="क")
    town.listen(HOUR)
    again = town.comment_id(own, on="facebook")
    page = _comment(town, again)
    assert [(message.text, message.is_this) for message in page.messages] == [
        ("पहिली", False),
        ("आमचे उत्तर", False),
        ("पुन्हा", True),
    ]
    assert [message.reply is not None for message in page.messages] == [False, True, False]
    assert page.replies == ()


def test_a_reply_to_a_comment_names_what_it_answers(town: City) -> None:
    (delivery_id,) = town.live()
    parent = town.comment("एक", under=delivery_id)
    own = town.platform("x").citizen_says("दोन", parent_id=town.platform("x").posts[-1].platform_id)
    town.listen(HOUR)
    messages = _comment(town, town.comment_id(own)).messages
    assert [message.parent_id for message in messages] == [None, parent]


def test_an_answer_is_followed_until_it_is_live(town: City) -> None:
    (delivery_id,) = town.live()
    comment_id = town.comment(under=delivery_id)
    post_id = town.answer(comment_id, by="clerk")
    assert _state(town, comment_id) is ReplyState.WAITS_FOR_OFFICER
    town.approve(post_id)
    assert _state(town, comment_id) is ReplyState.ON_ITS_WAY
    town.tick_dispatch()
    (reply,) = _comment(town, comment_id).replies
    assert reply.state is ReplyState.LIVE
    assert reply.url == f"https://platform.example/{town.platform('x').published[-1].platform_id}"
    assert reply.by.name_mr == "स्वाती रणपिसे"


def test_an_answer_that_failed_says_why(town: City) -> None:
    scenes.answer_failed(town)
    (reply,) = _comment(town, 1).replies
    assert (reply.state, reply.code) == (ReplyState.FAILED, "duplicate")
    assert Action.ANSWER not in _comment(town, 1).acts


@pytest.mark.parametrize(
    ("scene", "state"),
    [
        (scenes.answer_returned, ReplyState.RETURNED),
        (scenes.answer_rejected, ReplyState.REJECTED),
        (scenes.answer_missed, ReplyState.MISSED),
    ],
)
def test_an_answer_that_will_not_leave_says_so(
    town: City, scene: scenes.Scene, state: ReplyState
) -> None:
    scene(town)
    assert _state(town, 1) is state


def test_what_the_officer_said_against_an_answer_stands_beside_it(town: City) -> None:
    scenes.answer_returned(town)
    page = _comment(town, 1)
    assert page.replies[0].refusal_reason == "वेळ दुरुस्त करावी."
    assert not page.replies[0].is_in_force
    assert Action.ANSWER in page.acts
    assert len(page.messages) == 1


def test_an_answer_of_which_nobody_knows_is_looked_for_and_then_held(town: City) -> None:
    (delivery_id,) = town.live()
    comment_id = town.comment(under=delivery_id)
    town.platform("x").fail_next(OutcomeUnknown())
    town.answer(comment_id)
    town.tick_dispatch()
    assert _state(town, comment_id) is ReplyState.UNCONFIRMED
    for _ in range(4):
        town.tick_reconcile(16 * MINUTE)
    assert _state(town, comment_id) is ReplyState.HELD


def test_an_answer_taken_back_by_a_transfer_is_told_in_the_history_only(town: City) -> None:
    scenes.answer_on_its_way(town)
    with town.write() as session:
        routing.transfer(
            session,
            actor=town.actor("first"),
            now=town.now,
            comment_id=1,
            department_id=town.departments["road"],
            reason="पथ विभागाचा विषय.",
        )
    page = _comment(town, 1, who="road_officer")
    assert [reply.state for reply in page.replies] == [ReplyState.TAKEN_BACK]
    assert len(page.messages) == 1


def test_after_reopening_the_earlier_answer_stays_in_the_thread(town: City) -> None:
    scenes.answered(town)
    with town.write() as session:
        routing.reopen(
            session, actor=town.actor("first"), now=town.now, comment_id=1, reason="अपुरे उत्तर."
        )
    page = _comment(town, 1)
    assert page.opening == 2
    assert not page.replies[0].is_in_force
    assert len(page.messages) == 2
    assert Action.ANSWER in page.acts


def test_an_interim_answer_leaves_room_for_the_final_one(town: City) -> None:
    (delivery_id,) = town.live()
    comment_id = town.comment(under=delivery_id)
    town.answer(comment_id, kind=AnswerKind.INTERIM)
    town.tick_dispatch()
    town.note_answers()
    page = _comment(town, comment_id)
    assert page.interim_at == town.now
    assert Action.ANSWER in page.acts


OPEN = {Action.ANSWER, Action.TRANSFER, Action.CLOSE, Action.HIDE}
ACTS = {
    ("first", CommentState.ROUTED): OPEN,
    ("head", CommentState.ROUTED): OPEN,
    ("clerk", CommentState.ROUTED): OPEN,
    ("member", CommentState.ROUTED): set(),
    ("auditor", CommentState.ROUTED): set(),
    ("oversight", CommentState.ROUTED): set(),
    ("first", CommentState.CLOSED): {Action.REOPEN, Action.HIDE},
    ("member", CommentState.CLOSED): set(),
}


def test_the_page_names_what_this_actor_may_do_now(town: City) -> None:
    scenes.routed(town)
    acts = {(who, CommentState.ROUTED): set(_comment(town, 1, who=who).acts) for who in READERS}
    _close(town, 1)
    acts |= {(who, CommentState.CLOSED): set(_comment(town, 1, who=who).acts) for who in READERS}
    assert {key: acts[key] for key in ACTS} == ACTS


READERS = ("first", "head", "clerk", "member", "auditor", "oversight")


def test_a_refused_answer_is_not_in_the_way_of_the_failure_of_another(town: City) -> None:
    scenes.answer_returned(town)
    town.platform("x").fail_next(Refused(RefusalCode.TOO_LONG))
    town.answer(1)
    town.tick_dispatch()
    assert [reply.state for reply in _comment(town, 1).replies] == [
        ReplyState.RETURNED,
        ReplyState.FAILED,
    ]


def _page(
    town: City, who: str, view: InboxView, *, before: Cursor | None = None, limit: int = 25
) -> Page[CommentRow]:
    with town.read() as session:
        return list_comments(session, actor=town.actor(who), view=view, before=before, limit=limit)


def _ids(town: City, who: str, view: InboxView) -> list[int]:
    return [row.comment.id for row in _page(town, who, view).rows]


def _comment(town: City, comment_id: int, *, who: str = "first") -> CommentDetail:
    with town.read() as session:
        return comment_page(session, actor=town.actor(who), comment_id=comment_id, now=town.now)


def _state(town: City, comment_id: int) -> ReplyState:
    return _comment(town, comment_id).replies[0].state


def _close(town: City, comment_id: int) -> None:
    with town.write() as session:
        routing.close(
            session,
            actor=town.actor("first"),
            now=town.now,
            comment_id=comment_id,
            reason="उत्तर आवश्यक नाही.",
        )
