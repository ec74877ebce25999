"""Pages of personal links: report a wrong appointment, take up an office, confirm an officer."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, g, redirect, render_template, request
from sqlalchemy.orm import Session
from wtforms import StringField

from approvals.policy import Actor, ActorKind
from publisher.auth.one_time_links import LinkPurpose
from publisher.models.people import Link
from publisher.notifications import late_codes
from publisher.notifications.kinds import NoticeKind
from publisher.notifications.sms import choose_template
from publisher.people import (
    confirm_links,
    doubts,
    office_links,
    personal_links,
    stops,
)
from publisher.people.doubts import DoubtOutlook
from publisher.people.personal_links import LinkCodeProblem
from publisher.validation import NotFound
from web.core.auth import acting, actor, reads, writing
from web.core.context import ctx
from web.core.form_views import handle_form
from web.core.i18n import N_, _, _l
from web.core.permissions import Page, public
from web.errors import error_page
from web.forms import Form
from web.people.confirmation import read_chosen, tick_value

routes = Blueprint("personal_links", __name__)

PROBLEMS = {
    LinkCodeProblem.WRONG: N_("This code is not right. Check it again, or ask for a new one."),
    LinkCodeProblem.THROTTLED: N_("Too many wrong codes. Wait 15 minutes, then try again."),
}
DOUBT_OUTCOMES = {
    DoubtOutlook.PUTS_BACK: N_(
        "The appointment is stopped. Those who confirm it, and the admins, have been told."
    ),
    DoubtOutlook.ASKS: N_("The admins have been asked to check it."),
    DoubtOutlook.DONE: N_("Already done."),
    DoubtOutlook.SAID: N_("Already done."),
}


class LinkForm(Form):
    """The code that verifies the person of the link."""

    code = StringField(_l("Code"))


def _link(session: Session, token: str, purpose: LinkPurpose) -> Link | None:
    return personal_links.find(session, token=token, purpose=purpose, now=ctx.now())


def _show_link(
    session: Session, token: str, purpose: LinkPurpose, show: Callable[[Link], Page]
) -> Page:
    """Return the link's page, or one that says that it is over or somebody else's."""
    link = _link(session, token, purpose)
    if link is None:
        return error_page(404, message=_("This link has expired or was already used."))
    return page_of_another(link) or show(link)


def page_of_another(link: Link) -> Page | None:
    """Return the page for a reader who is signed in as somebody else, or None."""
    if g.acting is None or is_by_owner(link):
        return None
    return render_template("people/personal_link_of_another.html", person=link.person), 403


def has_code(session: Session, link: Link, kind: NoticeKind = NoticeKind.LINK_CODE) -> bool:
    """Return True if a code can be sent to the person of the link, by a notice of this kind."""
    template = choose_template(ctx.settings.sms, kind, link.person.language)
    mobile = personal_links.usable_mobile(session, link.person, now=ctx.now())
    return template is not None and mobile is not None


def is_code_late(session: Session, link: Link, kind: NoticeKind = NoticeKind.LINK_CODE) -> bool:
    """Return True if the code that was requested on this page has not been sent."""
    asked_at = personal_links.code_request_time(session, link=link, now=ctx.now())
    return asked_at is not None and late_codes.has_not_left(
        session,
        kind=kind,
        person_id=link.person_id,
        since=asked_at,
        now=ctx.now(),
    )


def is_by_owner(link: Link) -> bool:
    """Return True if the person of the link is signed in."""
    return g.acting is not None and acting().person.id == link.person_id


@reads
def _wrong_page(session: Session, /, form: LinkForm, token: str) -> Page:
    def show(link: Link) -> Page:
        appointment = personal_links.get_appointment(session, link)
        stopped = stops.stops_of(session, [appointment]).get(appointment.id, [])
        return render_template(
            "people/wrong.html",
            form=form,
            appointment=appointment,
            confirmed_at=stops.last_confirmation(session, appointment, link.made_at),
            stop=next((event for event in stopped if event.at >= link.made_at), None),
            outlook=doubts.outlook(session, link=link, now=ctx.now()),
            is_owner=is_by_owner(link),
            has_code=has_code(session, link),
            is_late=is_code_late(session, link),
            has_password=link.person.password_hash is not None,
        )

    return _show_link(session, token, LinkPurpose.DOUBT, show)


@routes.route("/wrong/<token>", methods=["GET", "POST"])
@public
@handle_form(LinkForm, shown_by=_wrong_page)
def wrong(form: LinkForm, token: str) -> Page:
    """Report an appointment as wrong, after a code or in a session; opening does nothing."""

    def doubt(session: Session, link: Link) -> str:
        by = actor() if g.acting else Actor(ActorKind.LINK, person_id=link.person_id)
        return _(DOUBT_OUTCOMES[doubts.doubt(session, link=link, actor=by, now=ctx.now())])

    return _act(form, token, LinkPurpose.DOUBT, doubt)


@reads
def _office_page(session: Session, /, form: LinkForm, token: str) -> Page:
    def show(link: Link) -> Page:
        return render_template(
            "people/office.html",
            form=form,
            appointment=personal_links.get_appointment(session, link),
            is_open=office_links.is_open(session, link, now=ctx.now()),
            has_code=has_code(session, link),
            is_late=is_code_late(session, link),
        )

    return _show_link(session, token, LinkPurpose.TAKE_UP, show)


@routes.route("/office/<token>", methods=["GET", "POST"])
@public
@handle_form(LinkForm, shown_by=_office_page)
def office(form: LinkForm, token: str) -> Page:
    """Take up a confirmed office with a code to the confirmed mobile; opening does nothing."""

    def take_up(session: Session, link: Link) -> str:
        office_links.take_up(session, link=link, now=ctx.now())
        return _("You have this office now.")

    return _act(form, token, LinkPurpose.TAKE_UP, take_up)


@reads
def _officer_page(
    session: Session, /, form: LinkForm, token: str, *, is_proven: bool = False
) -> Page:
    def show(link: Link) -> Page:
        officers = confirm_links.waiting(session, link)
        return render_template(
            "people/officer.html",
            form=form,
            department=personal_links.get_appointment(session, link).department,
            officers=officers,
            stops=stops.stops_of(session, officers),
            value_of=tick_value,
            is_open=confirm_links.is_open(session, link, now=ctx.now()),
            is_proven=is_proven or is_by_owner(link),
            has_code=has_code(session, link),
            is_late=is_code_late(session, link),
        )

    return _show_link(session, token, LinkPurpose.CONFIRM, show)


@routes.route("/officer/<token>", methods=["GET", "POST"])
@public
@handle_form(LinkForm, shown_by=_officer_page)
def officer(form: LinkForm, token: str) -> Page:
    """Show officers after a code, and confirm them with the same code; opening does nothing."""
    is_look = request.form.get("step") == "look"
    if g.acting is not None and acting().lacks_factor:
        return render_template("sign_in/factor_needed.html", is_emergency=False), 403

    def confirm(session: Session, link: Link) -> str:
        if is_look:
            return ""
        by, digests = actor() if g.acting else None, read_chosen()
        confirm_links.confirm(session, link=link, digests=digests, now=ctx.now(), by=by)
        return _("The appointment is confirmed.")

    page = _act(form, token, LinkPurpose.CONFIRM, confirm, is_kept=is_look)
    return _officer_page(form, token, is_proven=True) if is_look else page


def _act(
    form: LinkForm,
    token: str,
    purpose: LinkPurpose,
    act: Callable[[Session, Link], str],
    *,
    is_kept: bool = False,
) -> Page:
    """Do what the link is for, or send the requested code, and redirect to its page.

    `act` returns what is said of it. Raises `Invalid` if the person of the link is not proven,
    and `NotFound` if the link is over, or opened by somebody else.
    """
    sentence = _("A code has been sent by SMS. It is valid for 15 minutes.")
    problem: LinkCodeProblem | None = None
    with writing() as session:
        link = _link(session, token, purpose)
        if link is None or (g.acting is not None and not is_by_owner(link)):
            raise NotFound(token)
        if not is_by_owner(link) and _asks_for_code():
            about = personal_links.appointment_details(session, link)
            problem = personal_links.send_code(session, link=link, about=about, now=ctx.now())
        elif not is_by_owner(link):
            code = form.code.data or ""
            problem = personal_links.use_code(
                session, link=link, code=code, now=ctx.now(), is_kept=is_kept
            )
        if problem is None and not _asks_for_code():
            sentence = act(session, link)
    if problem is not None:
        raise form.error("code", _(PROBLEMS[problem]))
    if sentence:
        flash(sentence)
    return redirect(request.path)


def _asks_for_code() -> bool:
    return g.acting is None and request.form.get("step") == "send"
