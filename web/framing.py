"""The frame round every page: the tabs and the menu of whoever is at the counter."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from flask import Flask, current_app, g, request, url_for
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from approvals.policy import Role
from publisher.models.people import Appointment
from publisher.office.reporting import counts
from web.acting import Acting
from web.chrome import Acting as Shown
from web.chrome import Chrome, Entry, Language, Tab
from web.house import house
from web.icons import N_
from web.locale import LANGUAGES, code
from web.wording import post_of
from web.words import _

_TABS: Mapping[str, str] = {
    "today.index": N_("Today"),
    "inbox.index": N_("Comments"),
    "submissions.index": N_("Submissions"),
    "submissions.new": N_("Hand in"),
    "calendar.index": N_("Calendar"),
    "deliveries.board": N_("Decisions"),
    "departments.index": N_("Departments"),
    "people.index": N_("People"),
    "accounts.index": N_("Accounts"),
}
_AT_THE_CELL = (
    "today.index",
    "submissions.index",
    "calendar.index",
    "deliveries.board",
    "inbox.index",
    "departments.index",
)

_OF_A_DEPARTMENT = ("today.index", "inbox.index", "submissions.index", "submissions.new")
_OF_A_READER = ("today.index", "departments.index", "calendar.index")
TABS: Mapping[Role, tuple[str, ...]] = {
    Role.ADMIN: ("today.index", "people.index", "departments.index", "accounts.index"),
    Role.CELL_LEAD: (*_AT_THE_CELL, "people.index"),
    Role.CELL: _AT_THE_CELL,
    Role.OFFICER: _OF_A_DEPARTMENT,
    Role.HEAD: _OF_A_DEPARTMENT,
    Role.MEMBER: ("today.index", "submissions.index", "submissions.new"),
    Role.OVERSIGHT: _OF_A_READER,
    Role.AUDITOR: _OF_A_READER,
}


def register(app: Flask) -> None:
    """Give every template its `chrome` and the present moment."""
    app.context_processor(_frame)


def _frame() -> dict[str, object]:
    """Without the database a page still says so, in a frame without tabs."""
    try:
        frame = chrome(g.get("acting"))
    except SQLAlchemyError:
        frame = chrome(None)
    return {"chrome": frame, "now": house().now()}


def chrome(acting: Acting | None) -> Chrome:
    """The frame for this person, or for somebody who has not signed in."""
    locale = code()
    city = house().settings.city
    return Chrome(
        locale="en" if locale == "en" else "mr",
        city=city.name_en if locale == "en" else city.name_mr,
        home_href=url_for("today.index"),
        path=_path_of_page(),
        office=_("Social Media Cell"),
        language_action=url_for("language.choose"),
        languages=_other_languages(locale),
        tabs=_tabs(acting) if acting else (),
        acting=_shown(acting) if acting else None,
        menu=_menu() if acting else (),
    )


def _path_of_page() -> str:
    """Where the language switch leads back to: this page, where it can be opened by GET."""
    if request.method == "GET":
        return request.full_path.rstrip("?")
    adapter = current_app.create_url_adapter(request)
    try:
        opened = adapter is not None and adapter.match(request.path, method="GET")
    except HTTPException:
        return "/"
    return request.path if opened else "/"


def _other_languages(locale: str) -> tuple[Language, ...]:
    return tuple(
        Language("en" if code == "en" else "mr", name)
        for code, name in LANGUAGES.items()
        if code != locale
    )


def _tabs(acting: Acting) -> tuple[Tab, ...]:
    role = acting.actor.role
    waiting = {} if g.get("is_error") else _counts(acting)  # it asks for as little as it can
    return tuple(
        Tab(
            label=_(_TABS[endpoint]),
            href=url_for(endpoint),
            count=waiting.get(endpoint) or None,
            loud=endpoint in ("today.index", "deliveries.board"),
            here=_is_here(endpoint),
        )
        for endpoint in (TABS[role] if role else ())
    )


def _is_here(endpoint: str) -> bool:
    """Whether the page in hand is this tab's, or stands below its list."""
    if request.endpoint in _TABS:
        return request.endpoint == endpoint
    desk, _dot, page = endpoint.partition(".")
    return request.blueprint == desk and page == "index"


def _counts(acting: Acting) -> dict[str, int]:
    with house().database.reading() as session:
        found = counts(session, actor=acting.actor, now=house().now())
    return {
        "today.index": found.today,
        "submissions.index": found.submissions,
        "deliveries.board": found.decisions,
        "inbox.index": found.comments,
    }


def _shown(acting: Acting) -> Shown:
    with house().database.reading() as session:
        held = session.get_one(Appointment, acting.actor.appointment_id)
        several = sum(one.in_force(house().now()) for one in held.person.appointments) > 1
        return Shown(
            name=_name(held),
            post=post_of(held),
            person_key=hashlib.sha256(f"person {held.person_id}".encode()).hexdigest()[:16],
            switch_href=url_for("signing.appointments") if several else None,
        )


def _name(held: Appointment) -> str:
    person = held.person
    return person.name_en or person.name_mr if code() == "en" else person.name_mr


def _menu() -> tuple[Entry, ...]:
    return (
        Entry(_("My sessions"), url_for("signing.sessions"), icon="phone"),
        Entry(_("Sign out"), url_for("signing.sign_out"), icon="box-arrow-right", post=True),
    )
