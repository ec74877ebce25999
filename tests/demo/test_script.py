"""Scripts have their moments in order, and an invalid one is refused before it is played."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from demo.rehearsals.scenarios import Scenario, scenario_script
from demo.script import Script, ScriptError, city, read_comment, read_story
from demo.seeding.moments import Moments, next_hour
from demo.seeding.play import plan_steps
from tests.support.tables import each

# In the city: shortly after midnight, early, at noon, in the evening, shortly before midnight.
BASES = (
    datetime(2026, 11, 25, 18, 33, tzinfo=UTC),
    datetime(2026, 11, 25, 0, 5, tzinfo=UTC),
    datetime(2026, 11, 25, 6, 30, tzinfo=UTC),
    datetime(2027, 1, 3, 15, 17, tzinfo=UTC),
    datetime(2026, 12, 31, 18, 27, tzinfo=UTC),
)
HAND_IN = {"does": "hand_in", "by": "kiran-wabale"}


@pytest.mark.parametrize("base", BASES, ids=str)
def test_a_script_is_over_today_and_its_acts_keep_their_order(base: datetime) -> None:
    for script in (city(), *map(scenario_script, Scenario)):
        steps = plan_steps(script, base)
        moments = [step.at for step in steps]
        assert moments == sorted(moments)
        assert moments[-1] <= base
        for story in script.stories:
            names = [step.name for step in steps if step.story == story.number]
            acts = [f"{act.does}: {story.notice}" for act in story.acts]
            assert [name for name in names if name in acts] == acts
            when = Moments.of(story, script.notices[story.notice], base)
            for act in story.acts:
                if act.does == "schedule":
                    assert when.after(act.after) < when.wished


def test_two_languages_on_one_account_are_due_apart() -> None:
    story, base = city().stories[0], BASES[2]
    when = Moments.of(story, city().notices[story.notice], base)
    assert when.due(story, "x-en") - when.due(story, "x-mr") == timedelta(minutes=15)
    assert when.due(story, "facebook-mr") == when.due(story, "x-mr") == when.wished


def test_the_next_hour_is_the_citys_and_at_least_a_minute_ahead() -> None:
    at = datetime(2026, 11, 25, 6, 29, 30, tzinfo=UTC)  # 11:59:30 in the city
    assert next_hour(at) == datetime(2026, 11, 25, 7, 30, tzinfo=UTC)
    assert next_hour(at - timedelta(minutes=1)) == datetime(2026, 11, 25, 6, 30, tzinfo=UTC)


@each(
    "fields, message",
    [
        ({"acts": [{**HAND_IN, "by": "nobody"}]}, r"here, act 1: unknown person 'nobody'"),
        ({"acts": [HAND_IN, {**HAND_IN, "afer": 5}]}, r"here, act 2: .*unexpected.*'afer'"),
        ({"acts": [{"does": "hand_in"}]}, r"here, act 1: .*missing.*'by'"),
        ({"acts": [HAND_IN], "colour": "red"}, r"here: .*unexpected.*'colour'"),
        ({"acts": [HAND_IN], "variants": ["x-de"]}, r"here: unknown variant 'x-de'"),
        ({"acts": [HAND_IN], "troubles": {"x-mr": "rain"}}, r"here: unknown trouble 'rain'"),
        ({"acts": [{**HAND_IN, "does": "dance"}]}, r"\(water-cut\): unknown act 'dance'; known"),
        ({"acts": [HAND_IN], "notice": "flood"}, r"story 1: unknown notice 'flood'"),
    ],
)
def test_a_wrong_story_is_refused_with_its_place_and_reason(
    fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(ScriptError, match=message):
        plan_steps(script_with(story={"notice": "water-cut", **fields}), BASES[0])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"acts": [{"does": "sing", "by": "kiran-wabale"}]}, r"key: unknown act 'sing'"),
        ({"notice": "flood"}, r"key: no story has 'x-mr' of 'flood'"),
        ({"variant": "x-de"}, r"key: no story has 'x-de' of 'water-cut'"),
        ({"mood": "bad"}, r"here: .*unexpected.*'mood'"),
    ],
)
def test_a_wrong_comment_is_refused_with_its_place_and_reason(
    fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(ScriptError, match=message):
        plan_steps(script_with(comment=fields), BASES[0])


def script_with(
    *, story: dict[str, Any] | None = None, comment: dict[str, Any] | None = None
) -> Script:
    """Return a script of one story, with a comment under its post."""
    story = story or {"notice": "water-cut", "acts": [HAND_IN]}
    under = {"notice": "water-cut", "variant": "x-mr", "platform": "x", "author": "@namuna"}
    written = {**under, "after": 5, "text": "कधी?", **(comment or {})}
    return Script(
        notices=city().notices,
        stories=(read_story(0, story, "here"),),
        comments=(read_comment("key", written, "here"),),
        token_ends={},
    )
