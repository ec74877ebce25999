from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.errors import FreshFactorRequired, FreshSignInRequired, WrongRole
from approvals.policy import (
    CLOCK,
    FRESH,
    NEEDS_FRESH_FACTOR,
    NEEDS_FRESH_SIGN_IN,
    Action,
    Actor,
    ActorKind,
    Role,
    may,
    require,
    scope_of,
)
from tests.support.tables import each

NOW = datetime(2026, 11, 25, 6, 0, tzinfo=UTC)
HOME, ELSEWHERE = 3, 4

# The design's table "may", by hand. "+" any department, "o" the own one (for oversight: its
# line), "h" the own one where no officer of it can act, "d" any while on the duty roster,
# "." nothing. The columns are the roles.
MAY = """
                     admin lead cell officer head member oversight auditor
hand_in                .    +    +      o     o     o       .        .
see_submission         .    +    +      o     o     o       o        +
change_submission      .    +    +      o     o     o       .        .
complete_submission    .    +    +      o     o     o       .        .
withdraw_submission    .    .    .      o     o     o       .        .
return_submission      .    +    +      .     .     .       .        .
decline_submission     .    +    +      .     .     .       .        .
merge_submission       .    +    +      .     .     .       .        .
draft                  .    +    +      .     .     .       .        .
send_for_review        .    +    +      .     .     .       .        .
schedule               .    +    +      .     .     .       .        .
cancel                 .    +    +      o     o     .       .        .
approve                .    .    .      o     h     .       .        .
return                 .    .    .      o     h     .       .        .
reject                 .    .    .      o     h     .       .        .
withdraw_approval      .    .    .      o     h     .       .        .
withdraw_post          .    +    .      o     o     .       .        .
order_deletion         .    +    .      o     o     .       .        .
note_finding           .    +    +      o     o     .       .        .
publish_now            .    +    +      .     .     .       .        .
publish_by_hand        .    +    +      .     .     .       .        .
settle_held            .    +    .      o     o     .       .        .
see_post               +    +    +      o     o     o       o        +
see_comment            .    +    +      o     o     o       o        +
answer                 .    +    +      o     o     .       .        .
transfer               .    +    +      o     o     .       .        .
close                  .    +    +      o     o     .       .        .
reopen                 .    +    +      o     o     .       .        .
hide                   .    +    +      o     o     .       .        .
unhide                 .    +    +      o     o     .       .        .
assign                 .    +    +      .     .     .       .        .
record_member          +    +    .      .     o     .       .        .
record_officer         +    +    .      .     o     .       .        .
record_head            +    +    .      .     .     .       .        .
record_other_role      +    .    .      .     .     .       .        .
disable_person         +    +    .      .     .     .       .        .
record_department      +    +    .      .     .     .       .        .
open_call              +    +    .      .     .     .       .        .
connect_account        +    .    .      .     .     .       .        .
see_attempts           +    +    +      o     o     o       o        +
see_raw_answer         +    +    +      .     .     .       .        .
see_report             +    +    +      .     o     .       o        +
send_mail_again        +    +    .      .     .     .       .        .
stop_all               +    +    d      d     .     .       .        .
release                +    +    .      .     .     .       .        .
freeze                 +    +    .      .     .     .       .        .
override_time          d    +    d      d     d     d       d        d
publish_emergency      d    d    d      d     d     d       d        d
see_emergency          +    +    +      o     o     o       o        +
ratify                 .    .    .      o     h     .       .        .
draft_template         .    +    +      .     .     .       .        .
approve_template       .    .    .      o     h     .       .        .
keep_roster            +    +    .      .     .     .       .        .
record_away            .    +    +      o     o     .       .        .
transfer_people        +    +    .      .     .     .       .        .
hand_over              +    +    +      .     o     .       .        .
confirm_appointment    +    +    .      .     o     .       .        .
"""
_HEAD, *_ROWS = [line.split() for line in MAY.strip().splitlines()]
WORDS = {"lead": "cell_lead"}
CELLS = {
    (WORDS.get(role, role), row[0]): mark
    for row in _ROWS
    for role, mark in zip(_HEAD, row[1:], strict=True)
}
FRESH_ACTIONS = {
    *("publish_now", "settle_held", "connect_account", "publish_emergency"),
    "confirm_appointment",
}


def person(role: Role | str, department_id: int = HOME) -> Actor:
    return Actor(
        kind=ActorKind.PERSON,
        person_id=1,
        appointment_id=1,
        role=Role(role),
        department_id=department_id,
        signed_in_at=NOW,
    )


def allowed(mark: str, department_id: int | None, *, standing_in: bool, on_duty: bool) -> bool:
    at_home = department_id == HOME
    anywhere = mark == "+" or (mark == "d" and on_duty)
    return anywhere or (at_home and (mark == "o" or (mark == "h" and standing_in)))


def test_the_table_names_every_role_and_every_action() -> None:
    assert set(CELLS) == {(role.value, action.value) for role in Role for action in Action}
    assert set(CELLS.values()) == {"+", "o", "h", "d", "."}


@each("role, action", sorted(CELLS))
def test_each_role_may_do_what_the_table_says_at_home_and_elsewhere(role: str, action: str) -> None:
    mark, actor = CELLS[role, action], person(role)
    yes_or_no = (False, True)
    for location, acting, duty in itertools.product((HOME, ELSEWHERE, None), yes_or_no, yes_or_no):
        how = {"standing_in": acting, "on_duty": duty}
        is_allowed = may(actor, Action(action), location, **how)
        assert is_allowed is allowed(mark, location, **how), (location, how)
        if is_allowed:
            require(actor, Action(action), location, now=NOW, **how)
        else:
            with pytest.raises(WrongRole) as refused:
                require(actor, Action(action), location, now=NOW, **how)
            assert refused.value.values == {"role": role, "action": action}


@each("action", Action)
def test_an_oversight_office_reads_its_line_and_does_nothing_there(action: Action) -> None:
    office = replace(person("oversight", department_id=9), line=frozenset({HOME}))
    assert may(office, action, HOME) is (CELLS["oversight", action] == "o")
    assert not may(office, action, ELSEWHERE)


@each("role, action", sorted(CELLS))
def test_a_line_gives_nobody_but_an_oversight_office_anything(role: str, action: str) -> None:
    if role == "oversight":
        return
    with_line = replace(person(role), line=frozenset({ELSEWHERE}))
    for standing_in in (False, True):
        assert may(with_line, Action(action), ELSEWHERE, standing_in=standing_in) is (
            CELLS[role, action] == "+"
        )


@pytest.mark.parametrize(
    "kind",
    [kind for kind in ActorKind if kind not in {ActorKind.PERSON, ActorKind.MAIL}],
)
def test_the_other_actors_have_no_persons_right_even_under_a_persons_role(
    kind: ActorKind,
) -> None:
    for role, action in itertools.product((*Role, None), Action):
        actor = Actor(kind=kind, role=role, department_id=HOME, person_id=1, signed_in_at=NOW)
        assert scope_of(actor, action) is None
        assert not may(actor, action, HOME, standing_in=True, on_duty=True)
        with pytest.raises(WrongRole):
            require(actor, action, HOME, now=NOW, standing_in=True)


BY_MAIL = {"hand_in", "see_submission", "change_submission", "complete_submission"}


def test_a_mail_hands_in_for_its_own_department_and_never_approves() -> None:
    for role, action in itertools.product((*Role, None), Action):
        line = frozenset({ELSEWHERE})
        actor = Actor(
            ActorKind.MAIL, person_id=1, role=role, department_id=HOME, line=line, signed_in_at=NOW
        )
        assert may(actor, action, HOME, standing_in=True, on_duty=True) is (action in BY_MAIL)
        assert not may(actor, action, ELSEWHERE, standing_in=True, on_duty=True)
        assert not may(replace(actor, department_id=None), action, None, on_duty=True)


def test_the_clock_and_a_person_without_an_appointment_may_nothing() -> None:
    for action in Action:
        assert not may(CLOCK, action, HOME, standing_in=True)
        assert not may(Actor(kind=ActorKind.PERSON, person_id=1), action, HOME)


def test_a_thing_of_no_department_is_nobodys_own() -> None:
    homeless = replace(person("officer"), department_id=None)
    assert not any(may(homeless, action, None) for action in Action)


def test_the_actions_that_ask_for_a_fresh_sign_in_are_the_designs() -> None:
    assert {action.value for action in NEEDS_FRESH_SIGN_IN} == FRESH_ACTIONS


@each("action", sorted(FRESH_ACTIONS))
@each(
    "before, fresh",
    [
        (timedelta(0), True),
        (FRESH, True),
        (FRESH + timedelta(microseconds=1), False),
        (None, False),
    ],
)
def test_a_sign_in_is_fresh_for_ten_minutes(
    action: str, before: timedelta | None, fresh: bool
) -> None:
    assert timedelta(minutes=10) == FRESH
    role = "admin" if action == "connect_account" else "cell_lead"
    proved = None if before is None else NOW - before
    actor = replace(person(role), signed_in_at=proved)
    if fresh:
        require(actor, Action(action), HOME, now=NOW, on_duty=True)
        return
    with pytest.raises(FreshSignInRequired) as refusal:
        require(actor, Action(action), HOME, now=NOW, on_duty=True)
    assert refusal.value.values == {"action": action}


def test_a_wrong_role_is_told_before_a_sign_in_is_asked_for() -> None:
    stale = replace(person("member"), signed_in_at=None)
    with pytest.raises(WrongRole):
        require(stale, Action.PUBLISH_NOW, HOME, now=NOW)


@given(
    role=st.sampled_from(Role),
    action=st.sampled_from(Action),
    home=st.integers(1, 5),
    department_id=st.none() | st.integers(1, 5),
    line=st.frozensets(st.integers(1, 5)),
    standing_in=st.booleans(),
)
def test_nobody_decides_for_a_department_that_is_not_their_own(
    role: Role,
    action: Action,
    home: int,
    department_id: int | None,
    line: frozenset[int],
    standing_in: bool,
) -> None:
    actor = replace(person(role, home), line=line)
    if action.value in ("approve", "return", "reject", "withdraw_approval") and may(
        actor, action, department_id, standing_in=standing_in
    ):
        assert department_id == home
        assert role in (Role.OFFICER, Role.HEAD)
        assert standing_in or role is Role.OFFICER


@pytest.mark.parametrize("action", sorted(NEEDS_FRESH_FACTOR))
def test_who_has_a_second_factor_proves_it_again_for_what_needs_it(action: Action) -> None:
    actor = replace(person(Role.ADMIN), has_factor=True)
    for factor_at in (None, NOW - FRESH - timedelta(seconds=1)):
        with pytest.raises(FreshFactorRequired):
            require(replace(actor, factor_at=factor_at), action, None, now=NOW)
    require(replace(actor, factor_at=NOW - FRESH), action, None, now=NOW)


def test_a_refusal_that_reaches_a_log_says_its_code_and_values() -> None:
    assert str(WrongRole(role="auditor")) == "('wrong_role', {'role': 'auditor'})"
