"""The frame round every page: the tabs and the menu of whoever is at the counter.

Where a person gets help, in the words of the page's language.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime, time

from flask import Flask, current_app, g, request, url_for
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from approvals.policy import Action, Role, scope_of
from demo.rehearsals.processes import are_offered
from publisher.i18n.dates import clock_time, weekdays
from publisher.i18n.languages import digits
from publisher.models.people import Appointment
from publisher.reports.tab_counts import counts
from publisher.settings.help import HelpDesk, Hours
from publisher.working_time import ZONE
from web.controls import stop as controls_stop
from web.controls import workers
from web.core.auth import Acting
from web.core.context import ctx
from web.core.i18n import LANGUAGES, _, code, page_language
from web.core.layout import ActingLabel as Shown
from web.core.layout import Banner, Chrome, Help, LanguageChoice, MenuEntry, Tab
from web.core.state_badges import N_
from web.emergency import summary
from web.messages.names import post_of
from web.rehearsals import views


def help_of(desk: HelpDesk) -> Help:
    """Telephone, mail address and hours, as every page shows them."""
    return Help(
        phone=digits(desk.phone, page_language()),
        phone_href=f"tel:{desk.phone.replace(' ', '').replace('-', '')}" if desk.phone else "",
        hours=_hours(desk.hours) if desk.hours else "",
        mail=desk.mail,
    )


def _hours(hours: Hours) -> str:
    """`Monday to Saturday, 10:00 am to 6:00 pm`."""
    names = weekdays(page_language())
    first, last = names[hours.first], names[hours.last]
    opens, closes = _said(hours.opens), _said(hours.closes)
    if hours.first == hours.last:
        return _("%(day)s, %(opens)s to %(closes)s", day=first, opens=opens, closes=closes)
    return _(
        "%(first)s to %(last)s, %(opens)s to %(closes)s",
        first=first,
        last=last,
        opens=opens,
        closes=closes,
    )


def _said(clock: time) -> str:
    any_day = date(2000, 1, 1)
    return clock_time(datetime.combine(any_day, clock, ZONE), page_language())


_TABS: Mapping[str, str] = {
    "today.index": N_("Today"),
    "inbox.index": N_("Comments"),
    "submissions.index": N_("Submissions"),
    "submissions.new": N_("Hand in"),
    "calendar.index": N_("Calendar"),
    "deliveries.board": N_("Decisions"),
    "departments.index": N_("Departments"),
    "report.index": N_("Report"),
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
    "report.index",
)

_OF_A_DEPARTMENT = ("today.index", "inbox.index", "submissions.index", "submissions.new")
_OF_A_READER = ("today.index", "departments.index", "calendar.index", "report.index")
TABS: Mapping[Role, tuple[str, ...]] = {
    Role.ADMIN: (
        "today.index",
        "people.index",
        "departments.index",
        "accounts.index",
        "deliveries.board",
        "report.index",
    ),
    Role.CELL_LEAD: (*_AT_THE_CELL, "people.index"),
    Role.CELL: _AT_THE_CELL,
    Role.OFFICER: _OF_A_DEPARTMENT,
    Role.HEAD: (*_OF_A_DEPARTMENT, "report.index"),
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
    return {"chrome": frame, "now": ctx.now()}


def chrome(acting: Acting | None) -> Chrome:
    """The frame for this person, or for somebody who has not signed in."""
    locale = code()
    stop, stopped = _stopping(acting) if acting else (None, ())
    city = ctx.settings.city
    return Chrome(
        locale=locale,
        city=city.name_en if locale == "en" else city.name_mr,
        home_href=url_for("today.index"),
        path=_path_of_page(),
        office=_("Social Media Cell"),
        language_action=url_for("language.choose"),
        languages=_other_languages(locale),
        tabs=_with_lane(_tabs(acting)) if acting else (),
        acting=_shown(acting) if acting else None,
        search_href=url_for("search.index") if acting else None,
        search_words=request.args.get("q", "") if request.endpoint == "search.index" else "",
        menu=(
            *(*_deciding(acting), *_drafting(acting), *_freezing(acting), *_training(acting)),
            *summary.entry(),
            *workers.entry(acting.actor),
            *_menu(),
        )
        if acting
        else (),
        stop=stop,
        banners=(*stopped, *_banners()),
        help=help_of(ctx.settings.help_desk),
    )


def _training(acting: Acting) -> tuple[MenuEntry, ...]:
    """Rehearsals, for whoever may start them, where this house offers them."""
    if acting.actor.role not in views.FOR or not are_offered(ctx.settings):
        return ()
    return (MenuEntry(_("Rehearsals"), url_for("rehearsals.index"), icon="easel"),)


def _stopping(acting: Acting) -> tuple[MenuEntry | None, tuple[Banner, ...]]:
    """The way to stop everything, and what everybody sees while it is, or while no clock runs."""
    with ctx.database.reading() as session:
        entry = controls_stop.entry(session, acting.actor)
        silent = workers.banners(session, acting.actor)
        return entry, (*controls_stop.banners(session, acting.actor), *silent)


def _banners() -> tuple[Banner, ...]:
    """In a rehearsal every page says that it is one."""
    if not ctx.settings.rehearsal:
        return ()
    return (Banner(_("Rehearsal – this is not real")),)


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


def _other_languages(locale: str) -> tuple[LanguageChoice, ...]:
    return tuple(
        LanguageChoice(other, name) for other, name in LANGUAGES.items() if other != locale
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


def _with_lane(tabs: tuple[Tab, ...]) -> tuple[Tab, ...]:
    """The emergency lane right behind Today, for whoever is on duty."""
    return tabs if g.get("is_error") else (*tabs[:1], *summary.tab(), *tabs[1:])


def _is_here(endpoint: str) -> bool:
    """Whether the page in hand is this tab's, or stands below its list."""
    if request.endpoint in _TABS:
        return request.endpoint == endpoint
    desk, _dot, page = endpoint.partition(".")
    return request.blueprint == desk and page == "index"


def _counts(acting: Acting) -> dict[str, int]:
    """How much stands on each tab's page; what waits in the emergency lane stands on two."""
    with ctx.database.reading() as session:
        found = counts(session, actor=acting.actor, now=ctx.now())
        lane = summary.number_of(session)
    return {
        "today.index": found.today + lane,
        "submissions.index": found.submissions,
        "deliveries.board": found.decisions + lane,
        "inbox.index": found.comments,
    }


def _shown(acting: Acting) -> Shown:
    with ctx.database.reading() as session:
        held = session.get_one(Appointment, acting.actor.appointment_id)
        several = sum(one.in_force(ctx.now()) for one in held.person.appointments) > 1
        return Shown(
            name=_name(held),
            post=post_of(held),
            person_key=hashlib.sha256(f"person {held.person_id}".encode()).hexdigest()[:16],
            switch_href=url_for("signing.appointments") if several else None,
        )


def _name(appointment: Appointment) -> str:
    person = appointment.person
    return person.name_en or person.name_mr if code() == "en" else person.name_mr


def _deciding(acting: Acting) -> tuple[MenuEntry, ...]:
    """What belongs to those who decide about posts."""
    if acting.actor.role not in (Role.OFFICER, Role.HEAD):
        return ()
    return (
        MenuEntry(_("My decisions"), url_for("approvals.index"), icon="check2-square"),
        MenuEntry(_("Type a code"), url_for("on_the_spot.ask"), icon="qr-code"),
    )


def _drafting(acting: Acting) -> tuple[MenuEntry, ...]:
    """The cell's own texts, for whoever drafts."""
    if scope_of(acting.actor, Action.DRAFT) is None:
        return ()
    return (MenuEntry(_("Starting texts"), url_for("texts.index"), icon="card-text"),)


def _freezing(acting: Acting) -> tuple[MenuEntry, ...]:
    """Freezes, for whoever may lay one; who schedules finds them in the calendar."""
    if scope_of(acting.actor, Action.FREEZE) is None:
        return ()
    return (MenuEntry(_("Freezes"), url_for("freezes.index"), icon="snow"),)


def _menu() -> tuple[MenuEntry, ...]:
    return (
        MenuEntry(_("My profile"), url_for("profile.show"), icon="person"),
        MenuEntry(_("My sessions"), url_for("signing.sessions"), icon="phone"),
        MenuEntry(_("Introduction"), url_for("tour.step", number=1), icon="info-circle"),
        MenuEntry(_("Sign out"), url_for("signing.sign_out"), icon="box-arrow-right", post=True),
    )
