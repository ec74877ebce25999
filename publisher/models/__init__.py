"""The database tables: one module for each group of them."""

from __future__ import annotations

from publisher.models import (
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

__all__ = [
    "accounts",
    "approvals",
    "comments",
    "content_checks",
    "controls",
    "deliveries",
    "departments",
    "desk",
    "emergency",
    "history",
    "monitoring",
    "notifications",
    "people",
    "posts",
    "saved_views",
    "submission_details",
]
