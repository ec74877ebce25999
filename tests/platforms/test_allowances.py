"""Rate limits in the platforms' headers, in one form for all platforms."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from publisher.platforms.base.protocol import TryLater
from publisher.platforms.base.types import Allowance, Outgoing, PreparedPost
from tests.platforms.platform_setups import deadline
from tests.platforms.stub import Stub, http_response
from tests.platforms.stubbed import NOW, epoch, open_at

NOTICE = PreparedPost(Outgoing("पाणी बंद"))
MADE = {"id": "77", "data": {"id": "77"}}


def test_xs_windows_are_told_by_what_they_count(stub: Stub) -> None:
    platform = open_at("x", stub.url)
    quarter, night = NOW + timedelta(minutes=9), NOW + timedelta(hours=20)
    headers = {
        "x-rate-limit-limit": "100",
        "x-rate-limit-remaining": "41",
        "x-rate-limit-reset": epoch(quarter),
        "x-app-limit-24hour-limit": "10000",
        "x-app-limit-24hour-remaining": "0",
        "x-app-limit-24hour-reset": epoch(night),
        "x-user-limit-24hour-remaining": "7",
    }
    listed = {"x-rate-limit-remaining": "899"}
    stub.plan(
        http_response(MADE, 201, headers),
        http_response({"data": []}, headers=listed),
        http_response({}, headers={}),
    )
    platform.publish(NOTICE, deadline=deadline())
    platform.look_up(NOTICE.outgoing, since=NOW)
    assert platform.allowances == (
        Allowance("publish.15min", 100, 41, quarter),
        Allowance("publish.app_day", 10_000, 0, night),
        Allowance("publish.user_day", None, 7, None),
        Allowance("timeline.15min", None, 899, None),
    )


def test_a_refusal_tells_of_limits_too_and_the_newest_answer_counts(stub: Stub) -> None:
    platform = open_at("x", stub.url)
    for remaining in ("1", "0"):
        stub.plan(http_response({}, 429, {"x-rate-limit-remaining": remaining}))
        with pytest.raises(TryLater):
            platform.publish(NOTICE, deadline=deadline())
        assert platform.allowances == (Allowance("publish.15min", None, int(remaining), None),)


@pytest.mark.parametrize("header", ["many", "", "-1", "१", "9" * 30, "1.5"])
def test_a_number_that_is_none_is_not_told(stub: Stub, header: str) -> None:
    platform = open_at("x", stub.url)
    headers = {f"x-rate-limit-{part}": header for part in ("limit", "remaining", "reset")}
    raw = http_response(MADE, 201, headers).decode("utf-8").encode("utf-8")
    stub.plan(raw)
    platform.publish(NOTICE, deadline=deadline())
    assert all(
        allowance.most is None and allowance.remaining is None for allowance in platform.allowances
    )


def test_facebooks_shares_are_told_in_hundredths(stub: Stub) -> None:
    platform = open_at("facebook", stub.url)
    rows = [
        {"type": "pages", "call_count": 12, "total_time": 95, "total_cputime": 1},
        {"type": "pages", "call_count": 20, "estimated_time_to_regain_access": 0},
    ]
    headers = {
        "X-App-Usage": json.dumps({"call_count": 28, "total_time": 25, "total_cputime": 25}),
        "X-Page-Usage": json.dumps({"call_count": 130}),
        "X-Business-Use-Case-Usage": json.dumps({"1": rows[:1], "2": rows[1:]}),
    }
    stub.plan(http_response(MADE, headers=headers))
    platform.publish(NOTICE, deadline=deadline())
    assert platform.allowances == (
        Allowance("publish.app_hour", 100, 72, None),
        Allowance("publish.page_hour", 100, 0, None),
        Allowance("publish.business_hour", 100, 5, None),
    )


def test_a_page_that_has_to_wait_has_nothing_left_until_then(stub: Stub) -> None:
    platform = open_at("facebook", stub.url)
    row = {"type": "pages", "call_count": 80, "estimated_time_to_regain_access": 17}
    headers = {"X-Business-Use-Case-Usage": json.dumps({"1": [row]})}
    stub.plan(http_response({"error": {"code": 80001}}, 400, headers))
    with pytest.raises(TryLater):
        platform.publish(NOTICE, deadline=deadline())
    until = NOW + timedelta(minutes=17)
    assert platform.allowances == (Allowance("publish.business_hour", 100, 0, until),)


@pytest.mark.parametrize("header", ["", "[]", "7", "{", '{"1": 7}', '{"1": [7]}', '{"1": [{}]}'])
def test_usage_that_makes_no_sense_is_not_told(stub: Stub, header: str) -> None:
    platform = open_at("facebook", stub.url)
    headers = dict.fromkeys(("X-App-Usage", "X-Business-Use-Case-Usage"), header)
    stub.plan(http_response(MADE, headers=headers))
    platform.publish(NOTICE, deadline=deadline())
    assert platform.allowances == ()
