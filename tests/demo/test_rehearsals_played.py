"""The scenarios of rehearsals: what stands in them, and what then goes wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from sqlalchemy import func, select

from approvals.states import PostState
from commands.demo.city import accounts_at
from demo import cast, seeding
from demo.days import fill
from demo.scenarios import Scenario, monsoon, rain, script_of
from demo.seeding import Mark
from demo.seeding.playing import whole_plan
from publisher.database.session import Database, migrate
from publisher.models.comments import Comment
from publisher.models.deliveries import Delivery
from publisher.models.posts import Post, PostKind
from publisher.now import now
from publisher.settings.environment import Settings
from publisher.states import CommentState, DeliveryState
from sandbox.server import running
from sandbox.x.weight import weighted_length
from tests.demo.conftest import PracticePlatform, settings_for

BASE = datetime(2026, 7, 14, 9, 0, tzinfo=UTC)


@pytest.fixture
def own_practice(tmp_path: Path) -> Iterator[PracticePlatform]:
    """A practice platform for this scenario alone."""
    with running(path=tmp_path / "sandbox") as found:
        yield PracticePlatform(found.url, found.smtp_port)


def played(scenario: Scenario, folder: Path, practice: PracticePlatform) -> tuple[Settings, Mark]:
    """The scenario, lived up to now."""
    settings = settings_for(folder, practice)
    migrate(settings.database_url)
    database, mark = Database(settings.database_url), Mark.read(folder, now=now())
    found = accounts_at(practice.url)
    seeding.found(database, settings=settings, accounts=found, began_at=mark.began_at)
    database.dispose()
    left_out = seeding.play(
        settings,
        mark,
        sandbox_url=practice.url,
        say=lambda _: None,
        script=script_of(scenario),
    )
    assert left_out == []
    return settings, mark


def test_a_monsoon_day_has_thirty_posts_and_four_hundred_different_comments() -> None:
    script = monsoon.script()
    assert len(script.courses) == 30
    assert len({course.notice for course in script.courses}) == 30
    assert len(script.remarks) == 400
    said = {(one.platform, one.author, one.text) for one in script.remarks}
    assert len(said) == 400, "the practice platform takes the same words of the same for one"
    assert Counter(course.post for course in script.courses) == {
        PostState.APPROVED: 25,
        PostState.IN_REVIEW: 4,
        PostState.DRAFT: 1,
    }
    assert len({one.department for one in script.notices(BASE).values()}) == 10


@pytest.mark.parametrize("scenario", Scenario)
def test_a_scenario_happens_around_now_and_never_answers_before_it_is_asked(
    scenario: Scenario,
) -> None:
    script = script_of(scenario)
    steps = whole_plan(BASE, script.notices(BASE), script)
    assert all(BASE - timedelta(hours=24) < step.at <= BASE for step in steps)
    assert [step.at for step in steps] == sorted(step.at for step in steps)
    for course in script.courses:
        notice = script.notices(BASE)[course.notice]
        due = [one for one in course.deliveries if one.state is DeliveryState.SCHEDULED]
        assert not due or BASE < notice.wished.moment(BASE) < BASE + timedelta(hours=3)


def test_every_text_fits_x_names_its_place_and_leaves_nothing_to_fill_in() -> None:
    for item in monsoon.items():
        notice = rain.noticed((item,), BASE)[item.key]
        for wording, place in ((notice.mr, 0), (notice.en, 1)):
            assert weighted_length(wording.x) <= 280
            assert item.matter.places[item.place][place] in wording.x
            for text in (wording.title, wording.x, wording.facebook):
                assert not set("<>{}") & set(text), text
    for remark in monsoon.script().remarks:
        assert not set("<>{}") & set(fill(remark.text, {})), remark.text


def test_whoever_acts_in_a_scenario_is_of_the_cast() -> None:
    people = cast.by_key()
    for matter in rain.matters():
        for key in (matter.brings, matter.decides):
            held = people[key].appointments
            assert any(one.department == matter.department and one.in_force for one in held), key


@pytest.mark.proof
@pytest.mark.timeout(400)
@pytest.mark.xdist_group("seeding")
def test_the_monsoon_day_is_all_there_once_it_is_played(
    tmp_path: Path, own_practice: PracticePlatform
) -> None:
    settings, mark = played(Scenario.MONSOON, tmp_path, own_practice)
    assert mark.finished
    assert mark.done == mark.of > 0
    database = Database(settings.database_url)
    with database.reading() as session:
        posts = select(func.count()).select_from(Post).where(Post.kind == PostKind.POST)
        assert session.scalar(posts) == 30
        states = Counter(session.scalars(select(Comment.state)))
        assert sum(states.values()) == 400
        assert states[CommentState.RECEIVED] == len(monsoon.MENTIONS)
        assert min(states.values()) > 0
        waiting = states[CommentState.ROUTED]
        assert waiting > 200, "a busy day leaves the departments something to do"
        due = select(Delivery.due_at).where(Delivery.state == DeliveryState.SCHEDULED)
        assert all(at > mark.began_at for at in session.scalars(due))
    database.dispose()


def test_at_the_scenarios_noon_the_pages_token_ends(
    tmp_path: Path, own_practice: PracticePlatform
) -> None:
    _, mark = played(Scenario.NOON, tmp_path, own_practice)
    [ending] = requests.get(f"{own_practice.url}/endings.json", timeout=5).json()
    assert ending["platform"] == "facebook"
    ends_at = datetime.fromisoformat(ending["ends_at"])
    assert timedelta(minutes=9) < ends_at - mark.began_at < timedelta(minutes=11)


def test_a_platform_that_lags_has_its_faults_laid_from_now_on(
    tmp_path: Path, own_practice: PracticePlatform
) -> None:
    settings, _ = played(Scenario.LAG, tmp_path, own_practice)
    faults = requests.get(f"{own_practice.url}/faults.json", timeout=5).json()
    kinds = Counter((one["platform"], one["kind"]) for one in faults)
    assert kinds == {("x", "lag"): 4, ("x", "reset_after"): 1, ("facebook", "error_json_after"): 1}
    database = Database(settings.database_url)
    with database.reading() as session:
        states = Counter(session.scalars(select(Delivery.state)))
    database.dispose()
    live, answers = 2 * 2, 2
    assert states == {DeliveryState.PUBLISHED: live + answers, DeliveryState.SCHEDULED: 8}
