"""Steps of approving by a personal link: make it, ask for the code, type it, decide."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import select

from publisher.models.notifications import Notice
from publisher.models.people import Link, Person
from publisher.models.posts import Decision, Post
from publisher.review import approval_links
from publisher.settings.sms import SmsTemplate
from tests.web.site import Browser, Site

MOBILE = "+915550008811"


def with_sms(site: Site) -> None:
    """Set up the template without which no code is sent."""
    context = site.app.extensions["house"]
    templates = {"approval_code": SmsTemplate("1", "{#var#}", ("secret",))}
    sms = replace(context.settings.sms, sms_url="http://127.0.0.1:9/", sms_templates=templates)
    site.app.extensions["house"] = replace(context, settings=replace(context.settings, sms=sms))


def give_mobile(site: Site, name: str, mobile: str | None = MOBILE) -> None:
    """Give a person a proven mobile."""
    with site.city.write() as session:
        person = session.get_one(Person, site.city.people[name])
        person.mobile, person.mobile_proven_at = mobile, site.city.now if mobile else None


def link_for(site: Site, post_id: int, name: str = "first") -> str:
    """Make a link to the newest revision for this person, and return its path."""
    with site.city.write() as session:
        post = session.get_one(Post, post_id)
        person = session.get_one(Person, site.city.people[name])
        token = approval_links.make(
            session, revision=post.revisions[-1], person=person, now=site.city.now
        )
    return f"/approve/{token}"


def code(site: Site) -> str:
    """Return the newest code, which went by SMS alone."""
    with site.city.read() as session:
        query = select(Notice).where(Notice.kind == "approval_code").order_by(Notice.id.desc())
        notice = session.scalars(query).first()
        assert notice is not None
        assert notice.channel == "sms"
        return str(notice.variables["secret"]).strip("\ue001")


def prove(site: Site, path: str, browser: Browser | None = None) -> Browser:
    """Ask for the code and type it; return the browser that shows the revision."""
    reader = browser or site.nobody()
    reader.page(path)
    assert reader.post(path, {"step": "send"}).status_code == 302
    assert reader.post(path, {"step": "code", "code": code(site)}).status_code == 302
    return reader


def decisions(site: Site) -> list[Decision]:
    """Return the decisions, oldest first."""
    with site.city.read() as session:
        return list(session.scalars(select(Decision).order_by(Decision.id)))


def is_used(site: Site) -> bool:
    """Return whether the newest approval link was used."""
    with site.city.read() as session:
        query = select(Link).where(Link.purpose == "approve").order_by(Link.id.desc())
        return session.scalars(query.limit(1)).one().used_at is not None


@dataclass
class Officer:
    """An officer with a link to a revision in review, and a browser without a session."""

    site: Site
    post: int
    path: str
    browser: Browser


def officer_of(site: Site, name: str = "first", *, department: str = "water") -> Officer:
    """Return an officer with a proven mobile, and a link to a new post in review."""
    with_sms(site)
    give_mobile(site, name)
    post_id = site.city.in_review(department)
    return Officer(site, post_id, link_for(site, post_id, name), site.nobody())
