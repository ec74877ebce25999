"""The database tables: one module for each group of them.

They are all imported here, so that a relationship finds its table by name.
"""

from __future__ import annotations

from publisher.models import (  # noqa: F401  imported to be known
    accounts,
    approvals,
    comments,
    content_checks,
    controls,
    deliveries,
    departments,
    desk,
    emergency,
    history,
    monitoring,
    notifications,
    people,
    posts,
    saved_views,
    submission_details,
)
