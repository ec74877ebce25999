"""The calendar as an iCalendar feed: the page of a person's link, and the feed."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from icalendar import Calendar, Event
from sqlalchemy.orm import Session
from werkzeug import Response

from publisher.people import calendar_feeds
from publisher.reports import ical_feeds
from publisher.reports.calendar import Item
from publisher.reports.ical_feeds import FeedContent, TooOften
from publisher.validation import NotFound
from web.core.auth import actor, actor_now, reads, writing
from web.core.context import ctx
from web.core.database import reading
from web.core.i18n import _, use_language
from web.core.permissions import Page, allow_roles, public
from web.core.state_badges import state_word
from web.messages.names import account_name, department_name

routes = Blueprint("ical", __name__)
LASTS = timedelta(minutes=10)
"""How long an event lasts: calendar programs do not show moments without a length."""

ASK_AGAIN = "PT30M"


@routes.get("/calendar/feed")
@allow_roles()
@reads
def index(session: Session) -> Page:
    """Show whether the person has a link, and since when."""
    return _page(session)


def _page(session: Session, *, address: str = "") -> str:
    feed = calendar_feeds.find_feed(session, person_id=actor().person_id)
    return render_template("schedule/calendar_feed.html", feed=feed, address=address)


@routes.post("/calendar/feed")
@allow_roles()
def renew() -> Page:
    """Create or replace the person's link; its URL is shown only once."""
    with writing() as session:
        token = ical_feeds.renew(session, **actor_now())
    address = ctx.settings.base_url + url_for("ical.calendar", token=token)
    with reading() as session:
        return _page(session, address=address)


@routes.post("/calendar/feed/end")
@allow_roles()
def end() -> Page:
    """End the link: its URL returns 404 from now on."""
    with writing() as session:
        ical_feeds.end(session, **actor_now())
    flash(_("The link has ended."))
    return redirect(url_for("ical.index"))


@routes.get("/feeds/<token>.ics")
@public
def calendar(token: str) -> Response:
    """Return the calendar of a link, for calendar programs; 404 if the token is unknown."""
    try:
        with writing() as session:
            fed = ical_feeds.fetch(session, token=token, now=ctx.now())
    except NotFound:
        return Response("", 404, mimetype="text/plain")
    except TooOften as problem:
        headers = {"Retry-After": str(problem.again_in)}
        return Response("", 429, mimetype="text/plain", headers=headers)
    with use_language(fed.person.language):
        answer = make_response(ical_bytes(fed, ctx.settings.base_url))
    answer.mimetype = "text/calendar"
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Content-Disposition"] = 'inline; filename="nagarvani.ics"'
    answer.set_etag(fed.digest)
    answer.last_modified = fed.changed_at
    return answer.make_conditional(request)


def ical_bytes(fed: FeedContent, base_url: str) -> bytes:
    """Return the calendar in iCalendar format (RFC 5545), in the language of the page."""
    ical = Calendar()
    ical.add("prodid", "-//Nagarvani//calendar//MR")
    ical.add("version", "2.0")
    ical.add("x-wr-calname", _("Nagarvani calendar"))
    ical.add("x-published-ttl", ASK_AGAIN)
    host = urlsplit(base_url).hostname or "nagarvani"
    for item in fed.items:
        state = _(state_word(item.thing, item.state))
        accounts = ", ".join(dict.fromkeys(account_name(account) for account in item.accounts))
        uid = f"delivery-{min(item.deliveries)}" if item.deliveries else f"post-{item.post_id}"
        event = Event()
        event.add("uid", f"{uid}@{host}")
        event.add("dtstamp", fed.changed_at)
        event.add("dtstart", item.at)
        event.add("dtend", item.at + LASTS)
        event.add("summary", " · ".join(part for part in (item.title, accounts, state) if part))
        event.add("description", f"{department_name(item.department)}\n{state}")
        event.add("url", base_url + item.path)
        event.add("status", _status(item))
        event.add("transp", "TRANSPARENT")
        ical.add_component(event)
    return bytes(ical.to_ical())


def _status(item: Item) -> str:
    """Return the STATUS of an event, which is one of three words in RFC 5545."""
    if item.state in ("cancelled", "rejected"):
        return "CANCELLED"
    return "CONFIRMED" if item.thing == "delivery" else "TENTATIVE"
