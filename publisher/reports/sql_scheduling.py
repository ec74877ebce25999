"""SQL conditions for posts that are approved and not scheduled yet."""

from __future__ import annotations

from datetime import datetime

from publisher.models.posts import Post
from publisher.reports.sql_conditions import Condition
from publisher.tasks import open_tasks
from publisher.tasks.specs import TaskKind


def is_without_a_time() -> Condition:
    """The post is approved, and at least one of its texts has no time."""
    kinds = (TaskKind.TO_SCHEDULE, TaskKind.OUTLIVED)
    return Post.id.in_(open_tasks.everybodys_subjects(*kinds))


def has_outlived_its_window(*, now: datetime) -> Condition:
    """The window of such a post has passed, so no time can be set for it."""
    del now  # the clock closes the one task and opens the other
    return Post.id.in_(open_tasks.everybodys_subjects(TaskKind.OUTLIVED))
