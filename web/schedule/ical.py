"""The calendar in a person's own calendar program: its page, and the link itself."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import flask_babel
from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from icalendar import Calendar, Event
from sqlalchemy.orm import Session
from werkzeug import Response

from publisher.reports import ical_feeds
from publisher.reports.calendar_month import Item
from publisher.reports.ical_feeds import FeedContent, TooOften
from publisher.validation import NotFound
from web.core.auth import actor, reads
from web.core.context import ctx
from web.core.i18n import _
from web.core.permissions import for_roles, public
from web.core.state_badges import STATE_WORDS
from web.messages.names import account_name, department_name

routes = Blueprint("feeds", __name__)
Page = Response | str | tuple[str, int]
LASTS = timedelta(minutes=10)
"""How long a post stands in a calendar that shows no moments."""

ASK_AGAIN = "PT30M"


@routes.get("/calendar/feed")
@for_roles()
@reads
def index(session: Session) -> Page:
    """The person's link: whether there is one, and since when."""
    return _page(session)


def _page(session: Session, *, address: str = "") -> str:
    feed = ical_feeds.feed_of(session, person_id=actor().person_id)
    return render_template("schedule/calendar_feed.html", feed=feed, address=address)


@routes.post("/calendar/feed")
@for_roles()
def renew() -> Page:
    """Make the link, or another one; its address is shown this once."""
    with ctx.database.transaction() as session:
        token = ical_feeds.renew(session, actor=actor(), now=ctx.now())
    address = ctx.settings.base_url + url_for("feeds.calendar", token=token)
    with ctx.database.reading() as session:
        return _page(session, address=address)


@routes.post("/calendar/feed/end")
@for_roles()
def end() -> Page:
    """End the link; whoever holds it sees nothing from now on."""
    with ctx.database.transaction() as session:
        ical_feeds.end(session, actor=actor(), now=ctx.now())
    flash(_("The link has ended."))
    return redirect(url_for("feeds.index"))


@routes.get("/feeds/<token>.ics")
@public
def calendar(token: str) -> Response:
    """The calendar behind a link, for calendar programs; nothing tells who holds none."""
    try:
        with ctx.database.transaction() as session:
            fed = ical_feeds.fetch(session, token=token, now=ctx.now())
    except NotFound:
        return Response("", 404, mimetype="text/plain")
    except TooOften as problem:
        todo_kinds = {"Retry-After": str(problem.again_in)}
        return Response("", 429, mimetype="text/plain", headers=todo_kinds)
    with flask_babel.force_locale(fed.person.language):
        answer = make_response(written(fed, ctx.settings.base_url))
    answer.mimetype = "text/calendar"
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Content-Disposition"] = 'inline; filename="nagarvani.ics"'
    answer.set_etag(fed.digest)
    answer.last_modified = fed.changed_at
    return answer.make_conditional(request)


def written(fed: FeedContent, base_url: str) -> bytes:
    """The calendar as RFC 5545 has it, in the language of the page."""
    shown = Calendar()
    shown.add("prodid", "-//Nagarvani//calendar//MR")
    shown.add("version", "2.0")
    shown.add("x-wr-calname", _("Nagarvani calendar"))
    shown.add("x-published-ttl", ASK_AGAIN)
    host = urlsplit(base_url).hostname or "nagarvani"
    for item in fed.items:
        shown.add_component(_event(item, fed, base_url, host))
    return bytes(shown.to_ical())


def _event(item: Item, fed: FeedContent, base_url: str, host: str) -> Event:
    state = _(STATE_WORDS[item.thing, item.state])
    accounts = ", ".join(dict.fromkeys(account_name(one) for one in item.accounts))
    own = f"delivery-{min(item.deliveries)}" if item.deliveries else f"post-{item.post_id}"
    shown = Event()
    shown.add("uid", f"{own}@{host}")
    shown.add("dtstamp", fed.changed_at)
    shown.add("dtstart", item.at)
    shown.add("dtend", item.at + LASTS)
    shown.add("summary", " · ".join(one for one in (item.title, accounts, state) if one))
    shown.add("description", f"{department_name(item.department)}\n{state}")
    shown.add("url", base_url + item.path)
    shown.add("status", _certainty(item))
    shown.add("transp", "TRANSPARENT")
    return shown


def _certainty(item: Item) -> str:
    """How sure it is, in the three words of the format."""
    if item.state in ("cancelled", "rejected"):
        return "CANCELLED"
    return "CONFIRMED" if item.thing == "delivery" else "TENTATIVE"
