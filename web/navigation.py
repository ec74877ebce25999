"""The layout around every page: tabs, menu, banners and help for the signed-in person."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from flask import Flask, current_app, g, request, url_for
from sqlalchemy.exc import SQLAlchemyError

from approvals.policy import Action, Actor, Role, scope_of
from demo.rehearsals.processes import are_offered
from publisher.models.people import Person
from publisher.operations import worker_health
from publisher.reports.tab_counts import Counts, Overview
from web.controls import stop as controls_stop
from web.controls import workers
from web.core import permissions
from web.core.auth import Acting, is_by_itself
from web.core.context import ctx
from web.core.counts import actor_overview
from web.core.database import reading
from web.core.help_desk import make_help
from web.core.i18n import N_, _, code, page_languages
from web.core.layout import ActingLabel, Banner, Chrome, LanguageChoice, MenuEntry, Tab
from web.core.page_path import path_of_page
from web.emergency import summary
from web.home.guides import GUIDE_OF
from web.home.other_appointments import other_work
from web.messages.names import post_name
from web.rehearsals import views
from web.reports import access

_TABS: Mapping[str, str] = {
    "today.index": N_("Today"),
    "inbox.index": N_("Comments"),
    "submissions.index": N_("Submissions"),
    "submissions.new": N_("Submit"),
    "calendar.index": N_("Calendar"),
    "deliveries.board": N_("Decisions"),
    "departments.index": N_("Departments"),
    "reports.index": N_("Report"),
    "people.index": N_("People"),
    "accounts.index": N_("Accounts"),
}
_ICONS: Mapping[str, str] = {
    "inbox.index": "chat-left-text",
    "submissions.new": "plus-lg",
    "calendar.index": "calendar-check",
    "deliveries.board": "question-octagon-fill",
    "accounts.index": "key",
}
"""The icons of the tabs that are in the menu of roles without a tab for them."""
_CELL_TABS = (
    "today.index",
    "submissions.index",
    "calendar.index",
    "deliveries.board",
    "inbox.index",
    "departments.index",
    "reports.index",
)

_DEPARTMENT_TABS = (
    "today.index",
    "inbox.index",
    "submissions.index",
    "submissions.new",
    "calendar.index",
    "deliveries.board",
)
_READER_TABS = (
    "today.index",
    "submissions.index",
    "inbox.index",
    "calendar.index",
    "deliveries.board",
    "departments.index",
    "reports.index",
)
TABS: Mapping[Role, tuple[str, ...]] = {
    Role.ADMIN: (
        "today.index",
        "people.index",
        "departments.index",
        "accounts.index",
        "deliveries.board",
        "reports.index",
    ),
    Role.CELL_LEAD: (*_CELL_TABS, "people.index"),
    Role.CELL: _CELL_TABS,
    Role.OFFICER: _DEPARTMENT_TABS,
    Role.HEAD: (*_DEPARTMENT_TABS, "reports.index"),
    Role.MEMBER: ("today.index", "submissions.index", "submissions.new", "calendar.index"),
    Role.OVERSIGHT: _READER_TABS,
    Role.AUDITOR: _READER_TABS,
}


def register(app: Flask) -> None:
    """Register the context processor that provides `chrome` and `now` to every template."""
    app.context_processor(_frame)


def _frame() -> dict[str, object]:
    # Without the database the error page still needs a layout, which then has no tabs.
    try:
        frame = chrome(g.get("acting"))
    except SQLAlchemyError:
        frame = chrome(None)
    return {"chrome": frame, "now": ctx.now()}


def chrome(acting: Acting | None) -> Chrome:
    """Return the layout for this person, or for a visitor who is not signed in."""
    locale = code()
    overview = _overview(acting) if acting else Overview(Counts(), "")
    counts = overview.counts
    city = ctx.settings.city
    return Chrome(
        locale=locale,
        city=city.name_en if locale == "en" else city.name_mr,
        home_href=url_for("today.index"),
        path=request.full_path.rstrip("?") if request.method == "GET" else path_of_page(),
        office=_("Social Media Cell"),
        language_action=url_for("language.choose"),
        languages=tuple(
            LanguageChoice(other, name)
            for other, name in page_languages().items()
            if other != locale
        ),
        is_by_itself=is_by_itself(),
        mark=overview.mark if request.method == "GET" else "",  # otherwise no GET shows this page
        tabs=_tabs(acting.actor, counts) if acting else (),
        acting=_acting_label(acting) if acting else None,
        guides_href=url_for("guides.index"),
        search_href=url_for("search.index") if acting else None,
        search_words=request.args.get("q", "") if request.endpoint == "search.index" else "",
        keys_href=url_for("keys.index") if acting and acting.person.uses_keys else "",
        menu=(
            *_page_entries(acting.actor),
            *_decision_entries(acting),
            *_drafting_entries(acting),
            *_confirmation_entries(acting),
            *_away_entries(acting),
            *_freeze_entries(acting),
            *_rehearsal_entries(acting),
            *summary.entry(),
            *workers.entry(acting.actor),
            *access.entry(acting.actor),
            *_personal_entries(acting),
        )
        if acting
        else (),
        stop=controls_stop.entry(acting.actor, on_duty=bool(counts.on_duty)) if acting else None,
        banners=(*(_banners(acting.actor) if acting else ()), *_rehearsal_banners()),
        help=make_help(ctx.settings.help_desk),
    )


def _rehearsal_entries(acting: Acting) -> tuple[MenuEntry, ...]:
    if acting.actor.role not in views.TRAINERS or not are_offered(ctx.settings):
        return ()
    return (MenuEntry(_("Rehearsals"), url_for("rehearsals.index"), icon="easel"),)


def _banners(viewer: Actor) -> tuple[Banner, ...]:
    """Return the banners of a stop and of silent clocks."""
    with reading() as session:
        hindrances = worker_health.hindrances(session, now=ctx.now())
        stops = controls_stop.banners(session, viewer) if hindrances.stops else ()
        return (*stops, *workers.banners(session, viewer, hindrances))


def _rehearsal_banners() -> tuple[Banner, ...]:
    if not ctx.settings.rehearsal:
        return ()
    return (Banner(_("Rehearsal – this is not real")),)


def _tabs(actor: Actor, counts: Counts) -> tuple[Tab, ...]:
    waiting = _count_of_tabs(counts)
    tabs = tuple(
        Tab(
            label=_(_TABS[endpoint]),
            href=url_for(endpoint),
            count=waiting.get(endpoint) or None,
            loud=endpoint in ("today.index", "deliveries.board"),
            here=_is_current(endpoint),
        )
        for endpoint in (TABS[actor.role] if actor.role else ())
    )
    return (*tabs[:1], *summary.tab(counts), *tabs[1:])


def _is_current(endpoint: str) -> bool:
    """Return True if the current page belongs to this tab, or to a page below its list."""
    if request.endpoint in _TABS:
        return request.endpoint == endpoint
    blueprint, _dot, page = endpoint.partition(".")
    return request.blueprint == blueprint and page == "index"


def _overview(acting: Acting) -> Overview:
    with reading() as session:
        return actor_overview(session, acting.actor)


def _count_of_tabs(counts: Counts) -> dict[str, int]:
    """Return the counts by endpoint; emergency work counts in two tabs."""
    return {
        "today.index": counts.today + counts.emergency + counts.about_people,
        "submissions.index": counts.submissions,
        "deliveries.board": counts.decisions + counts.emergency,
        "inbox.index": counts.comments,
    }


def counts_by_href(counts: Counts) -> dict[str, int]:
    """Return the counts by the paths of their tabs, including tabs that the reader lacks."""
    by_endpoint = {**_count_of_tabs(counts), "emergency.index": counts.alerts}
    return {url_for(endpoint): count for endpoint, count in by_endpoint.items()}


def _acting_label(acting: Acting) -> ActingLabel:
    person_id = acting.actor.person_id
    return ActingLabel(
        name=_name(acting.person),
        post=post_name(acting.appointment),
        person_key=hashlib.sha256(f"person {person_id}".encode()).hexdigest()[:16],
        switch_href=url_for("sign_in.appointments") if acting.may_switch else None,
        waiting=_waiting_elsewhere(acting),
    )


def _waiting_elsewhere(acting: Acting) -> int:
    with reading() as session:
        return sum(other.waiting for other in other_work(session, acting))


def _name(person: Person) -> str:
    return person.name_en or person.name_mr if code() == "en" else person.name_mr


def _page_entries(actor: Actor) -> tuple[MenuEntry, ...]:
    """Return an entry for each main page that this role may open and has no tab for."""
    tabs = TABS[actor.role] if actor.role else ()
    return tuple(
        MenuEntry(_(label), url_for(endpoint), icon=_ICONS[endpoint])
        for endpoint, label in _TABS.items()
        if endpoint not in tabs and actor.role in permissions.get_rule(current_app, endpoint).roles
    )


def _decision_entries(acting: Acting) -> tuple[MenuEntry, ...]:
    if acting.actor.role not in (Role.OFFICER, Role.HEAD):
        return ()
    return (
        MenuEntry(_("My decisions"), url_for("my_decisions.index"), icon="check2-square"),
        MenuEntry(_("Type a code"), url_for("in_person.ask"), icon="qr-code"),
    )


def _drafting_entries(acting: Acting) -> tuple[MenuEntry, ...]:
    if scope_of(acting.actor, Action.DRAFT) is None:
        return ()
    return (MenuEntry(_("Starting texts"), url_for("snippets.index"), icon="card-text"),)


def _confirmation_entries(acting: Acting) -> tuple[MenuEntry, ...]:
    if scope_of(acting.actor, Action.CONFIRM_APPOINTMENT) is None:
        return ()
    href = url_for("confirmation.index")
    return (MenuEntry(_("Appointments to confirm"), href, icon="person-check"),)


def _away_entries(acting: Acting) -> tuple[MenuEntry, ...]:
    if scope_of(acting.actor, Action.RECORD_AWAY) is None:
        return ()
    return (MenuEntry(_("Who is away"), url_for("absences.index"), icon="calendar-x"),)


def _freeze_entries(acting: Acting) -> tuple[MenuEntry, ...]:
    # Those who only schedule find the freezes in the calendar.
    if scope_of(acting.actor, Action.FREEZE) is None:
        return ()
    return (MenuEntry(_("Freezes"), url_for("freezes.index"), icon="snow"),)


def _personal_entries(acting: Acting) -> tuple[MenuEntry, ...]:
    role = acting.actor.role
    guide_href = url_for("guides.show", guide=GUIDE_OF[role]) if role else url_for("guides.index")
    return (
        MenuEntry(_("My profile"), url_for("profile.show"), icon="person"),
        MenuEntry(_("My sessions"), url_for("sign_in.sessions"), icon="phone"),
        MenuEntry(_("Keyboard shortcuts"), url_for("keys.index"), icon="keyboard"),
        MenuEntry(_("Introduction"), url_for("tour.step", number=1), icon="info-circle"),
        MenuEntry(_("Guide"), guide_href, icon="book"),
        MenuEntry(_("Sign out"), url_for("sign_in.sign_out"), icon="box-arrow-right", post=True),
    )
