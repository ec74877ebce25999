"""The database tables: one module for each group of them.

They are all imported here (`people` by others), so that a relationship finds its table by name.
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
    mailbox,
    monitoring,
    nominations,
    posts,
    saved_views,
    second_factors,
    submission_details,
    tasks,
    transfers,
)
