from __future__ import annotations

import pytest

from approvals.errors import NotAllowed, Overtaken, WrongState
from approvals.states import POST_MOVES, PostState
from publisher.transitions import check_move
from tests.support.tables import each

# The design's row "Post", by hand.
MOVES = {
    ("draft", "in_review"),
    ("in_review", "approved"),
    ("in_review", "rejected"),
    ("in_review", "draft"),
    ("rejected", "draft"),
    ("approved", "in_review"),
    ("approved", "draft"),
    ("draft", "withdrawn"),
    ("in_review", "withdrawn"),
    ("approved", "withdrawn"),
    ("rejected", "withdrawn"),
}


def test_the_states_of_a_post_are_the_designs() -> None:
    assert [state.value for state in PostState] == [
        "draft",
        "in_review",
        "approved",
        "rejected",
        "withdrawn",
    ]


@each("to", PostState)
@each("state", PostState)
def test_a_post_moves_only_along_the_designs_table(state: PostState, to: PostState) -> None:
    if (state.value, to.value) in MOVES:
        check_move(POST_MOVES, state, to)
        return
    with pytest.raises(WrongState) as wrong:
        check_move(POST_MOVES, state, to)
    assert wrong.value.values == {"state": state, "to": to}


def test_every_refusal_has_a_code_of_its_own() -> None:
    def below(kind: type[NotAllowed]) -> list[type[NotAllowed]]:
        return [
            subclass for direct in kind.__subclasses__() for subclass in (direct, *below(direct))
        ]

    ours = [
        error_class
        for error_class in below(NotAllowed)
        if error_class.__module__ == "approvals.errors"
    ]
    codes = [line.code for line in ours] + [NotAllowed.code]
    assert len(set(codes)) == len(codes)
    assert issubclass(Overtaken, WrongState)
