from __future__ import annotations

from datetime import date, timedelta

import pytest

from approvals.policy import Action, Role
from approvals.second_factor import OPEN_WITHOUT, FactorRule
from tests.support.tables import each

DAY = date(2027, 1, 15)
STAFF = (Role.ADMIN, Role.CELL_LEAD, Role.CELL, Role.OVERSIGHT, Role.AUDITOR)
DECIDERS = (Role.OFFICER, Role.HEAD)


def lacking(rule: FactorRule, day: date = DAY, **facts: bool) -> set[Role]:
    facts = {"has_factor": False, "is_proved": False} | facts
    return {role for role in Role if rule.is_lacking(role, day, **facts)}


def test_without_a_day_nobody_needs_one_and_nobody_before_it() -> None:
    assert lacking(FactorRule(None, has_sms=True)) == set()
    assert lacking(FactorRule(DAY, has_sms=True), DAY - timedelta(days=1)) == set()


@pytest.mark.parametrize("has_sms", [True, False])
def test_staff_need_an_app_and_a_code_by_sms_is_not_enough(has_sms: bool) -> None:
    rule = FactorRule(DAY, has_sms=has_sms)
    assert set(STAFF) <= lacking(rule)
    assert lacking(rule, is_proved=True) == set(STAFF)
    assert lacking(rule, has_factor=True) >= set(STAFF)
    assert lacking(rule, has_factor=True, is_proved=True) == set()


def test_officers_and_heads_may_use_sms_or_the_password_without_it() -> None:
    assert set(DECIDERS) <= lacking(FactorRule(DAY, has_sms=True))
    assert not set(DECIDERS) & lacking(FactorRule(DAY, has_sms=True), is_proved=True)
    assert not set(DECIDERS) & lacking(FactorRule(DAY, has_sms=False))
    rule = FactorRule(DAY, has_sms=True)
    assert {role for role in Role if rule.takes_sms(role, DAY)} == set(DECIDERS)
    assert not FactorRule(DAY).takes_sms(Role.OFFICER, DAY)


def test_members_keep_the_password() -> None:
    assert Role.MEMBER not in lacking(FactorRule(DAY, has_sms=True))


@each(
    "action",
    [
        *(Action.APPROVE, Action.PUBLISH_NOW, Action.PUBLISH_BY_HAND, Action.SCHEDULE),
        *(Action.PUBLISH_EMERGENCY, Action.SETTLE_HELD, Action.RELEASE, Action.RATIFY),
        *(Action.RECORD_MEMBER, Action.RECORD_OFFICER, Action.RECORD_OTHER_ROLE),
        *(Action.CONFIRM_APPOINTMENT, Action.CONNECT_ACCOUNT, Action.KEEP_ROSTER),
        *(Action.APPROVE_TEMPLATE, Action.ORDER_DELETION, Action.DISABLE_PERSON),
    ],
)
def test_what_approves_publishes_records_or_connects_is_closed(action: Action) -> None:
    assert action not in OPEN_WITHOUT
