"""The desks of the counter, one module each."""

from __future__ import annotations

from flask import Flask

from web import (
    accounts,
    approvals,
    calendar,
    comparing,
    deliveries,
    departments,
    drafting,
    exports,
    feeds,
    forgotten,
    hand_in_pages,
    inbox,
    joining,
    link_cards,
    locale,
    mails,
    media,
    on_the_spot,
    people,
    posts,
    profile,
    rehearsals,
    reorganising,
    report,
    rescheduling,
    reviewing,
    search,
    signing,
    slots,
    submission_list,
    texts,
    today,
    tour,
)

DESKS = (
    accounts,
    approvals,
    calendar,
    comparing,
    deliveries,
    departments,
    drafting,
    exports,
    feeds,
    forgotten,
    hand_in_pages,
    inbox,
    joining,
    link_cards,
    locale,
    mails,
    media,
    on_the_spot,
    people,
    posts,
    profile,
    rehearsals,
    reorganising,
    report,
    rescheduling,
    reviewing,
    search,
    signing,
    slots,
    submission_list,
    texts,
    today,
    tour,
)


def register(app: Flask) -> None:
    """Open every desk."""
    for routes in dict.fromkeys(desk.routes for desk in DESKS):  # some desks share an address
        app.register_blueprint(routes)
