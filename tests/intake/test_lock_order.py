"""A submission and the posts that rest on it, wanted by two at once on PostgreSQL: none is ended.

The submission is held until both wait for it, or for each other: the order in which they come to
it is then the test's, and two orders of locking would be a deadlock each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from publisher import transitions
from publisher.database.session import Database
from publisher.drafting import collaboration
from publisher.intake import close
from publisher.models.people import Department
from publisher.models.posts import Post
from publisher.models.submissions import Submission
from publisher.operations.departments import close as departments_close
from publisher.people.department_orders import DepartmentOrder
from publisher.states import SubmissionState
from publisher.validation import Invalid
from publisher.working_time import local_day
from tests.support.city import City, city
from tests.support.runs import wait_until

Act = Callable[[Session], object]


@pytest.fixture
def town(postgres_url: str, tmp_path: Path) -> Iterator[City]:
    opened = Database(postgres_url)
    yield city(opened, tmp_path)
    opened.dispose()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as threads:
        yield threads


def test_withdrawing_and_joining_at_once_wait_for_one_another(
    town: City, pool: ThreadPoolExecutor
) -> None:
    submission_id, _post_id = _add_joint_post(town)
    other = town.start(town.hand_in())
    number = _number(town, submission_id)
    withdrawn, joined = _run_both(
        town, pool, submission_id, _withdrawing(town, submission_id), _joining(town, other, number)
    )
    assert withdrawn.result() is not None
    with pytest.raises(Invalid) as refused:
        joined.result()
    assert [problem.code for problem in refused.value.problems] == ["not_open"]
    _is_withdrawn(town, submission_id)


def test_joining_the_very_post_that_is_withdrawn_waits_too(
    town: City, pool: ThreadPoolExecutor
) -> None:
    submission_id, post_id = _add_joint_post(town)
    number = _number(town, submission_id)
    withdrawn, joined = _run_both(
        town,
        pool,
        submission_id,
        _withdrawing(town, submission_id),
        _joining(town, post_id, number),
    )
    assert withdrawn.result() is not None
    with pytest.raises(Invalid):
        joined.result()
    _is_withdrawn(town, submission_id)


def test_merging_a_department_waits_for_what_is_withdrawn_from_it(
    town: City, pool: ThreadPoolExecutor
) -> None:
    submission_id, post_id = _add_joint_post(town)
    withdrawn, merged = _run_both(
        town, pool, submission_id, _withdrawing(town, submission_id), _merging(town)
    )
    assert withdrawn.result() is not None
    assert merged.result() is not None
    _is_withdrawn(town, submission_id)
    with town.read() as session:
        assert session.get_one(Post, post_id).department_id == town.departments["garden"]


def _add_joint_post(town: City) -> tuple[int, int]:
    """Return a submission and a post that joins it with another one."""
    submission_id = town.hand_in()
    post_id = town.start(submission_id)
    town.join(post_id, town.hand_in())
    return submission_id, post_id


def _number(town: City, submission_id: int) -> str:
    with town.read() as session:
        return session.get_one(Submission, submission_id).number


def _run_both(
    town: City, pool: ThreadPoolExecutor, submission_id: int, first: Act, second: Act
) -> tuple[Future[object], Future[object]]:
    """Start both acts while the submission is locked, the first one ahead in the queue."""
    with town.write() as session:
        transitions.lock(session, Submission, submission_id)
        begun = pool.submit(_carry_out, town.database, first)
        assert wait_until(lambda: _waiting(town) == 1, within=20)
        then = pool.submit(_carry_out, town.database, second)
        assert wait_until(lambda: _waiting(town) == 2, within=20)
    return begun, then


def _carry_out(database: Database, act: Act) -> object:
    with database.transaction() as session:
        return act(session)


def _waiting(town: City) -> int:
    """Return how many transactions of this database wait for a lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with town.read() as session:
        own = session.execute(text(f"{query} AND datname = current_database()"))
        return int(own.scalar_one())


def _withdrawing(town: City, submission_id: int) -> Act:
    return lambda session: close.withdraw(
        session,
        actor=town.actor("head"),
        now=town.now,
        submission_id=submission_id,
        reason="आता गरज नाही.",
    )


def _joining(town: City, post_id: int, number: str) -> Act:
    return lambda session: collaboration.join_submission(
        session, actor=town.actor("clerk"), now=town.now, post_id=post_id, number=number
    )


def _merging(town: City) -> Act:
    def merge(session: Session) -> object:
        return departments_close.merge(
            session,
            actor=town.actor("admin"),
            now=town.now,
            department=session.get_one(Department, town.departments["water"]),
            into=session.get_one(Department, town.departments["garden"]),
            order=DepartmentOrder("सामान्य प्रशासन/१/२०२६", local_day(town.now)),
        )

    return merge


def _is_withdrawn(town: City, submission_id: int) -> None:
    with town.read() as session:
        state = session.get_one(Submission, submission_id).state
    assert state is SubmissionState.WITHDRAWN
