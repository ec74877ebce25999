"""The desks of the counter, one module each."""

from __future__ import annotations

from flask import Flask

from web import (
    accounts,
    calendar,
    deliveries,
    departments,
    drafting,
    inbox,
    locale,
    media,
    people,
    posts,
    reviewing,
    signing,
    submissions,
    today,
)

DESKS = (
    accounts,
    calendar,
    deliveries,
    departments,
    drafting,
    inbox,
    locale,
    media,
    people,
    posts,
    reviewing,
    signing,
    submissions,
    today,
)


def register(app: Flask) -> None:
    """Open every desk."""
    for desk in DESKS:
        app.register_blueprint(desk.routes)
