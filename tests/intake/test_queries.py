from __future__ import annotations

from datetime import timedelta

import pytest

from approvals.errors import WrongRole
from approvals.policy import Actor, ActorKind, Role
from publisher.database.session import Database
from publisher.drafting import save
from publisher.intake import queries, submit
from publisher.intake.uploads import UploadedFile
from publisher.media.store import Store
from publisher.models.submissions import SubmissionKind
from publisher.states import SubmissionState
from publisher.validation import NotFound
from tests.support.city import City, statements
from tests.support.city_people import NOON
from tests.support.forms import form, handed_in, photo, saved, started


def titles(database: Database, actor: Actor, **filters: object) -> list[str]:
    with database.reading() as session:
        submissions = queries.submissions_for(session, actor=actor, **filters)  # type: ignore[arg-type]  # a test's own filters
        return [submission.title for submission in submissions]


@pytest.fixture
def three_submissions(database: Database, town: City, store: Store) -> None:
    """Add two submissions of the water and one of the road department, an hour apart."""
    with database.transaction() as session:
        handed_in(session, town, title="पाणी बंद", outward_number="पापु/१००%")
        for hours, actor, changed in (
            (
                1,
                town.actor("road_officer"),
                {"department_id": town.departments["road"], "title": "Road closed"},
            ),
            (2, town.actor("head"), {"title": "Tankers", "kind": SubmissionKind.MEASURE}),
        ):
            submit.hand_in(
                session,
                actor=actor,
                now=NOON + timedelta(hours=hours),
                city_code="PMC",
                store=store,
                form=form(town, **changed),
            )


@pytest.mark.usefixtures("three_submissions")
def test_each_sees_their_own_departments_newest_first(database: Database, town: City) -> None:
    everything = ["Tankers", "Road closed", "पाणी बंद"]
    assert titles(database, town.actor("clerk")) == everything
    assert titles(database, town.actor("auditor")) == everything
    assert titles(database, town.actor("member")) == ["Tankers", "पाणी बंद"]
    assert titles(database, town.actor("road_officer")) == ["Road closed"]
    assert titles(database, town.actor("member"), department_id=town.departments["road"]) == []
    office = Actor(
        ActorKind.PERSON,
        1,
        1,
        Role.OVERSIGHT,
        town.departments["information-technology"],
        line=frozenset({town.departments["road"]}),
    )
    assert titles(database, office) == ["Road closed"]
    with pytest.raises(WrongRole):
        titles(database, town.actor("admin"))


@pytest.mark.usefixtures("three_submissions")
def test_filters_narrow_the_list(database: Database, town: City) -> None:
    assert titles(database, town.actor("clerk"), department_id=town.departments["road"]) == [
        "Road closed"
    ]
    assert titles(database, town.actor("clerk"), kind=SubmissionKind.MEASURE) == ["Tankers"]
    assert titles(database, town.actor("clerk"), states=[SubmissionState.DRAFTED]) == []
    assert len(titles(database, town.actor("clerk"), states=list(SubmissionState))) == 3


@pytest.mark.usefixtures("three_submissions")
@pytest.mark.parametrize(
    ("search_text", "expected"),
    [
        ("ROAD", ["Road closed"]),
        ("closed पूर्व road", ["Road closed"]),
        ("बंद TANKERS", ["Tankers"]),
        ("2026/000002", ["Road closed"]),
        ("०००००३", ["Tankers"]),
        ("१००%", ["पाणी बंद"]),
        ("%", ["पाणी बंद"]),
        ("_", []),
        ("a\0b", []),
    ],
)
def test_words_are_looked_for_in_title_texts_and_numbers(
    database: Database, town: City, search_text: str, expected: list[str]
) -> None:
    assert titles(database, town.actor("clerk"), search_text=search_text) == expected


@pytest.mark.usefixtures("three_submissions")
def test_pages_go_on_where_the_last_one_ended(database: Database, town: City) -> None:
    with database.transaction() as session:
        for title in ("same moment 1", "same moment 2"):
            handed_in(session, town, title=title)
    titles: list[str] = []
    before = None
    with database.reading() as session:
        while page := queries.submissions_for(
            session, actor=town.actor("clerk"), before=before, limit=2
        ):
            titles += [submission.title for submission in page]
            before = (page[-1].received_at, page[-1].id)
    assert titles == ["Tankers", "Road closed", "same moment 2", "same moment 1", "पाणी बंद"]


@pytest.mark.usefixtures("three_submissions")
def test_counts_name_every_state(database: Database, town: City) -> None:
    with database.reading() as session:
        tab_counts = queries.counts(session, actor=town.actor("member"))
    assert tab_counts == {
        **dict.fromkeys(SubmissionState, 0),
        SubmissionState.RECEIVED: 2,
    }


def test_a_list_takes_the_same_number_of_statements_however_long(
    database: Database, town: City
) -> None:
    def count_statements() -> int:
        with database.reading() as session, statements(database) as executed:
            for submission in queries.submissions_for(session, actor=town.actor("clerk")):
                assert submission.department.name_mr
                assert submission.handed_in_by.name_mr
                assert [
                    delivery.state for post in submission.posts for delivery in post.deliveries
                ] == []
        return len(executed)

    started(town)
    for_one = count_statements()
    for _ in range(4):
        started(town)
    assert count_statements() == for_one


def test_a_submission_comes_in_full_without_further_statements(
    database: Database, town: City
) -> None:
    files = (UploadedFile("a.jpg", photo()),)
    post = started(town, files=files)
    saved(town, post, seen_revision=0)
    with database.reading() as session:
        submission = queries.submission_for(
            session, actor=town.actor("member"), submission_id=post.submissions[0].id
        )
        with statements(database) as executed:
            assert submission.handed_in_under
            assert submission.handed_in_under.department.name_mr == submission.department.name_mr
            assert submission.files[0].name == "a.jpg"
            assert submission.posts[0].department.name_mr == submission.department.name_mr
            assert submission.wards == []
        assert executed == []


def test_another_departments_number_is_missing_as_if_there_were_none(
    database: Database, town: City
) -> None:
    with database.transaction() as session:
        submission = handed_in(session, town)
    for actor, key in ((town.actor("road_officer"), submission.id), (town.actor("member"), 999)):
        with pytest.raises(NotFound), database.reading() as session:
            queries.submission_for(session, actor=actor, submission_id=key)
    with pytest.raises(NotFound), database.transaction() as session:
        save.start(session, actor=town.actor("road_officer"), now=NOON, submission_id=submission.id)
