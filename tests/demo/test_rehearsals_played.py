"""The scenarios of rehearsals: their contents, and the faults that follow."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import requests
from sqlalchemy import func, select

from demo import people
from demo.notices import fill_dates
from demo.rehearsals.scenarios import Scenario, matters, scenario_script
from demo.seeding.play import plan_steps
from publisher.models.comments import Comment
from publisher.models.deliveries import Delivery
from publisher.models.posts import Post, PostKind
from publisher.states import CommentState, DeliveryState
from tests.demo.conftest import City

BASE = datetime(2026, 7, 14, 9, 0, tzinfo=UTC)


def test_a_monsoon_day_has_thirty_posts_and_400_different_comments() -> None:
    script = scenario_script(Scenario.MONSOON)
    assert len({story.notice for story in script.stories}) == len(script.stories) == 30
    assert len({notice.department for notice in script.notices.values()}) == 10
    texts = {(comment.platform, comment.author, comment.text) for comment in script.comments}
    assert len(texts) == len(script.comments) == 400, "the sandbox takes the same for one"


@pytest.mark.parametrize("scenario", Scenario)
def test_a_scenario_is_of_the_last_day_and_leaves_nothing_unfilled(scenario: Scenario) -> None:
    script = scenario_script(scenario)
    assert all(BASE - timedelta(hours=24) < step.at for step in plan_steps(script, BASE))
    texts = [comment.text for comment in script.comments]
    for notice in script.notices.values():
        texts += fill_dates(notice, BASE.date()).texts()
    assert not [text for text in texts if set("<>{}") & set(text)]


def test_a_matter_is_decided_by_an_officer_of_its_department() -> None:
    officers = {
        (person.key, appointment.department)
        for person in people.load()
        for appointment in person.appointments
        if appointment.in_force
    }
    for matter in matters().values():
        assert {(matter.brings, matter.department), (matter.decides, matter.department)} <= officers


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_the_monsoon_day_is_all_there_once_it_is_played(city: City) -> None:
    assert city.play(scenario_script(Scenario.MONSOON)) == []
    progress = city.progress()
    assert progress.finished
    assert progress.done == progress.of > 0
    with city.database.reading() as session:
        posts = select(func.count()).select_from(Post).where(Post.kind == PostKind.POST)
        assert session.scalar(posts) == 30
        states = Counter(session.scalars(select(Comment.state)))
        assert sum(states.values()) == 400
        assert states[CommentState.RECEIVED] == 8, "the mentions"
        assert min(states.values()) > 0
        assert states[CommentState.ROUTED] > 200, "the departments have something to do"
        due = select(Delivery.due_at).where(Delivery.state == DeliveryState.SCHEDULED)
        assert all(at > progress.began_at for at in session.scalars(due))


@pytest.mark.proof
@pytest.mark.timeout(300)
def test_at_the_scenarios_noon_the_pages_token_ends(city: City) -> None:
    assert city.play(scenario_script(Scenario.NOON)) == []
    [ending] = requests.get(f"{city.sandbox.url}/endings.json", timeout=5).json()
    assert ending["platform"] == "facebook"
    ends_at = datetime.fromisoformat(ending["ends_at"])
    after = ends_at - city.progress().began_at
    assert abs(after - timedelta(minutes=10)) < timedelta(seconds=1)


@pytest.mark.proof
@pytest.mark.timeout(300)
def test_a_platform_that_lags_has_its_faults_laid_from_now_on(city: City) -> None:
    assert city.play(scenario_script(Scenario.LAG)) == []
    faults = requests.get(f"{city.sandbox.url}/faults.json", timeout=5).json()
    kinds = Counter((fault["platform"], fault["kind"]) for fault in faults)
    assert kinds == {("x", "lag"): 4, ("x", "reset_after"): 1, ("facebook", "error_json_after"): 1}
    with city.database.reading() as session:
        states = Counter(session.scalars(select(Delivery.state)))
    live, answers = 2 * 2, 2
    assert states == {DeliveryState.PUBLISHED: live + answers, DeliveryState.SCHEDULED: 8}
