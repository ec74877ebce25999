"""A clerk takes a submission, gives it back, or takes it over; nothing is locked by it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import select

from approvals.errors import WrongRole
from publisher.database.session import Database
from publisher.drafting import save
from publisher.intake import take
from publisher.intake.take import TakenMeanwhile
from publisher.models.history import Event
from publisher.models.submissions import Submission
from publisher.reports.submission_filters import Holder, SubmissionFilter
from publisher.reports.submission_list import list_submissions
from tests.support.city import City
from tests.support.city_people import NOON


def take_as(
    database: Database, town: City, who: str, submission_id: int, seen: str | None = None
) -> None:
    holder_id = town.actor(seen).person_id if seen else None
    with database.transaction() as session:
        take.take(
            session,
            actor=town.actor(who),
            now=NOON,
            submission_id=submission_id,
            seen_holder_id=holder_id,
        )


def give_back_as(database: Database, town: City, who: str, submission_id: int) -> None:
    with database.transaction() as session:
        take.give_back(session, actor=town.actor(who), now=NOON, submission_id=submission_id)


def holder_of(database: Database, submission_id: int) -> int | None:
    with database.reading() as session:
        return session.get_one(Submission, submission_id).taken_by_id


def history(database: Database, submission_id: int) -> list[tuple[str, int | None]]:
    query = (
        select(Event.verb, Event.person_id)
        .where(Event.subject == "submissions", Event.subject_id == submission_id)
        .where(Event.verb.in_((take.TAKE, take.GIVE_BACK)))
        .order_by(Event.id)
    )
    with database.reading() as session:
        return [(verb, person_id) for verb, person_id in session.execute(query)]


def test_it_is_taken_given_back_and_taken_over_with_a_history(
    database: Database, town: City
) -> None:
    submission_id = town.hand_in()
    clerk, other = (town.actor(name).person_id for name in ("clerk", "other_clerk"))
    take_as(database, town, "clerk", submission_id)
    take_as(database, town, "clerk", submission_id)
    assert holder_of(database, submission_id) == clerk
    take_as(database, town, "other_clerk", submission_id, seen="clerk")
    assert holder_of(database, submission_id) == other
    give_back_as(database, town, "other_clerk", submission_id)
    give_back_as(database, town, "other_clerk", submission_id)
    assert holder_of(database, submission_id) is None
    assert history(database, submission_id) == [
        ("take", clerk),
        ("take", other),
        ("give_back", other),
    ]


@pytest.mark.both
def test_of_two_who_take_at_the_same_time_one_has_it_and_one_is_told(
    database: Database, town: City
) -> None:
    submission_id = town.hand_in()
    barrier = Barrier(2)

    def press(who: str) -> str:
        barrier.wait()
        try:
            take_as(database, town, who, submission_id)
        except TakenMeanwhile:
            return "told"
        return "taken"

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(press, ("clerk", "other_clerk")))
    assert sorted(answers) == ["taken", "told"]
    winner = ("clerk", "other_clerk")[answers.index("taken")]
    assert holder_of(database, submission_id) == town.actor(winner).person_id
    assert len(history(database, submission_id)) == 1


def test_what_another_took_is_not_given_back_and_is_drafted_all_the_same(
    database: Database, town: City
) -> None:
    submission_id = town.hand_in()
    take_as(database, town, "clerk", submission_id)
    with pytest.raises(TakenMeanwhile):
        give_back_as(database, town, "other_clerk", submission_id)
    town.start(submission_id, by="other_clerk")
    assert holder_of(database, submission_id) == town.actor("clerk").person_id


def test_whoever_begins_a_draft_of_what_is_nobodys_has_it(database: Database, town: City) -> None:
    submission_id = town.hand_in()
    with database.transaction() as session:
        save.start(session, actor=town.actor("clerk"), now=NOON, submission_id=submission_id)
    assert holder_of(database, submission_id) == town.actor("clerk").person_id


@pytest.mark.parametrize("who", ["member", "first", "auditor", "admin"])
def test_only_the_cell_takes(database: Database, town: City, who: str) -> None:
    submission_id = town.hand_in()
    with pytest.raises(WrongRole):
        take_as(database, town, who, submission_id)


def test_the_list_shows_ones_own_and_nobodys(database: Database, town: City) -> None:
    mine, others, nobodys = (town.hand_in() for _number in range(3))
    take_as(database, town, "clerk", mine)
    take_as(database, town, "other_clerk", others)

    def listed(holder: Holder) -> list[int]:
        with database.reading() as session:
            listing = list_submissions(
                session,
                actor=town.actor("clerk"),
                now=NOON,
                filters=SubmissionFilter(holder=holder),
            )
            return [row.submission.id for row in listing.rows]

    assert listed(Holder.ME) == [mine]
    assert listed(Holder.NOBODY) == [nobodys]
    town.start(mine)
    town.start(nobodys, by="other_clerk")
    assert listed(Holder.ME) == [mine]
    assert listed(Holder.NOBODY) == []
