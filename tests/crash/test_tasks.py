"""A clock that dies while it writes whose turn it is, or tells of it, does so once all the same."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from publisher.models.comments import Comment
from publisher.models.notifications import Notice
from publisher.models.tasks import Task, TaskLook
from publisher.now import now
from publisher.tasks import looks
from publisher.tasks.check import wrong_tasks
from tests.crash import points
from tests.crash.clock_installation import TIMEOUT, ClockInstallation

pytestmark = pytest.mark.timeout(900)


@pytest.mark.parametrize(
    "name",
    [
        points.ACTING[0],
        *(pytest.param(name, marks=pytest.mark.proof) for name in points.ACTING[1:]),
    ],
)
def test_a_clock_killed_over_tasks_writes_and_tells_each_once(
    installation: ClockInstallation, name: str
) -> None:
    installation.add_posts(1, on=["x"])
    installation.drain()
    under = str(installation.ledger("x")[0]["id"])
    installation.add_comment("x", "पाणी कधी येणार?", under=under, author="@udaharan")
    installation.read_comments_soon()
    if name == "tasks.look_in_commit":
        _read_comment(installation)
        with installation.database.transaction() as session:
            (comment_id,) = session.scalars(select(Comment.id)).all()
            looks.look_now(session, "comments", [comment_id], now=now())
    installation.run_clock_until_killed(name)
    installation.read_comments_soon()
    _read_comment(installation)
    with installation.database.reading() as session:
        assert list(wrong_tasks(session, now=now())) == []
        tasks = session.scalars(select(Task).where(Task.subject == "comments")).all()
        assert [task.kind for task in tasks] == ["comment"]
        told = select(func.count()).where(Notice.kind == "comment_routed")
        assert session.scalars(told).one() == 1
        assert session.scalars(select(TaskLook).where(TaskLook.subject == "comments")).all() == []


def _read_comment(installation: ClockInstallation) -> None:
    """Let a clock run until the comment is read, and its officer told."""
    clock = installation.start_clock()
    installation.wait_for(lambda: _is_told(installation))
    clock.stop(within=TIMEOUT)


def _is_told(installation: ClockInstallation) -> bool:
    with installation.database.reading() as session:
        told = select(Task.id).where(Task.subject == "comments", Task.told_at.is_not(None))
        has_look = session.scalars(
            select(TaskLook.subject_id).where(TaskLook.subject == "comments")
        )
        return bool(session.scalars(told).first()) and not has_look.all()
