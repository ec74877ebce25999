from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import pytest

from approvals.errors import WrongState
from approvals.states import POST_MOVES, Moves, PostState
from publisher import states, transitions
from publisher.models.comments import Comment
from publisher.models.deliveries import Account, Delivery
from publisher.models.mailbox import Quarantine
from publisher.models.notifications import Notice
from publisher.models.people import Appointment
from publisher.models.posts import Post
from publisher.models.submissions import Submission
from publisher.states import (
    ACCOUNT_MOVES,
    APPOINTMENT_MOVES,
    COMMENT_MOVES,
    DELIVERY_MOVES,
    NOTICE_MOVES,
    QUARANTINE_MOVES,
    SUBMISSION_MOVES,
    AccountState,
    AppointmentState,
    CommentState,
    DeliveryState,
    NoticeState,
    QuarantineState,
    SubmissionState,
)
from publisher.transitions import check_move
from tests.support.tables import each

# The design's tables of states, copied by hand: "from > to to to".
DESIGN: dict[type[StrEnum], str] = {
    SubmissionState: """
        received > returned drafted declined merged withdrawn
        returned > received declined withdrawn
        drafted > withdrawn
        declined > received returned
        merged > received
        withdrawn >
    """,
    PostState: """
        draft > in_review withdrawn
        in_review > approved rejected draft withdrawn
        approved > in_review draft withdrawn
        rejected > draft withdrawn
        withdrawn >
    """,
    DeliveryState: """
        scheduled > claimed cancelled missed published unconfirmed
        claimed > sending scheduled failed cancelled unconfirmed
        sending > published unconfirmed failed scheduled
        unconfirmed > published held
        held > published scheduled
        failed > scheduled published cancelled
        missed > scheduled published cancelled
        cancelled > scheduled
        published >
    """,
    CommentState: """
        received > routed closed
        routed > answered closed received
        answered > closed routed
        closed > routed received
    """,
    AccountState: """
        connected > paused disconnected
        paused > connected disconnected
        disconnected > connected
    """,
    AppointmentState: """
        recorded > confirmed ended
        confirmed > active recorded ended
        active > recorded ended
        ended >
    """,
    NoticeState: """
        queued > sending
        sending > sent failed unconfirmed queued
        sent >
        failed > queued
        unconfirmed > sent queued
    """,
    QuarantineState: """
        waiting > taken_in not_ours deleted
        taken_in >
        not_ours >
        deleted >
    """,
}
# The design only begins appointments and notices, and has no mails that wait. Here an account may
# also be disconnected at once, and be connected again; a failed or unconfirmed mail may be queued
# once more, or be found sent.
TABLES: dict[type[StrEnum], Moves] = {
    SubmissionState: SUBMISSION_MOVES,
    PostState: POST_MOVES,
    DeliveryState: DELIVERY_MOVES,
    CommentState: COMMENT_MOVES,
    AccountState: ACCOUNT_MOVES,
    AppointmentState: APPOINTMENT_MOVES,
    NoticeState: NOTICE_MOVES,
    QuarantineState: QUARANTINE_MOVES,
}
OF = {
    Submission: SubmissionState,
    Post: PostState,
    Delivery: DeliveryState,
    Comment: CommentState,
    Account: AccountState,
    Appointment: AppointmentState,
    Notice: NoticeState,
    Quarantine: QuarantineState,
}


def design_moves(kind: type[StrEnum]) -> dict[str, set[str]]:
    """Return the design's transitions of these states."""
    lines = [line.split(">") for line in DESIGN[kind].strip().splitlines()]
    return {before.strip(): set(after.split()) for before, after in lines}


PAIRS = [(kind, before, to) for kind in DESIGN for before in kind for to in kind]


@each("kind, before, to", PAIRS)
def test_a_move_is_allowed_exactly_where_the_design_lists_it(
    kind: type[StrEnum], before: StrEnum, to: StrEnum
) -> None:
    if to.value in design_moves(kind)[before.value]:
        check_move(TABLES[kind], before, to)
        return
    with pytest.raises(WrongState) as wrong:
        check_move(TABLES[kind], before, to)
    assert wrong.value.values == {"state": before, "to": to}


@each("kind", DESIGN)
def test_every_state_stands_in_its_table(kind: type[StrEnum]) -> None:
    assert {state.value for state in kind} == set(design_moves(kind))


def test_each_thing_is_moved_by_its_own_table() -> None:
    assert dict(transitions.TABLES) == {thing: TABLES[kind] for thing, kind in OF.items()}


def test_published_stays_published_and_unconfirmed_is_never_sent_again() -> None:
    assert DELIVERY_MOVES[DeliveryState.PUBLISHED] == frozenset()
    for state in (DeliveryState.UNCONFIRMED, DeliveryState.HELD):
        assert DeliveryState.SENDING not in DELIVERY_MOVES[state]
        assert DeliveryState.CLAIMED not in DELIVERY_MOVES[state]
    assert DeliveryState.SCHEDULED not in DELIVERY_MOVES[DeliveryState.UNCONFIRMED]


@pytest.mark.parametrize(
    ("enum", "classes"),
    [
        (
            DeliveryState,
            [
                *(states.UNSENT, states.IN_FLIGHT, states.UNCERTAIN),
                *(states.LIVE, states.NOT_PUBLISHED),
            ],
        ),
        (SubmissionState, [states.OPEN_SUBMISSION, states.ENDED_SUBMISSION]),
    ],
)
def test_every_state_is_in_exactly_one_class(
    enum: type[StrEnum], classes: list[Sequence[StrEnum]]
) -> None:
    assert sorted(state for members in classes for state in members) == sorted(enum)


def test_only_what_has_not_left_can_be_cancelled() -> None:
    cancellable = {state for state in DeliveryState if "cancelled" in DELIVERY_MOVES[state]}
    assert cancellable == {*states.UNSENT, *states.STUCK}


def test_a_late_answer_can_publish_whatever_may_be_live() -> None:
    assert all("published" in DELIVERY_MOVES[state] for state in states.MAY_BE_LIVE)


def test_a_delivery_that_can_be_rescheduled_can_move_to_scheduled() -> None:
    others = set(states.RESCHEDULABLE) - {DeliveryState.SCHEDULED}
    assert all("scheduled" in DELIVERY_MOVES[state] for state in others)


def test_a_delivery_that_can_be_published_by_hand_can_move_to_published() -> None:
    assert all("published" in DELIVERY_MOVES[state] for state in states.PUBLISHABLE_BY_HAND)
