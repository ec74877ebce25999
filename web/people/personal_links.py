"""Pages of personal links: an appointment is wrong; take an office up; confirm an officer."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from wtforms import StringField

from approvals.policy import Actor, ActorKind
from publisher.auth.one_time_links import LinkPurpose
from publisher.models.people import Link
from publisher.notifications import late_codes
from publisher.notifications.kinds import NoticeKind
from publisher.notifications.sms import template_of
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
from web.core.form_views import with_form
from web.core.i18n import N_, _, _l
from web.core.permissions import Page, public
from web.errors import error_page
from web.forms import Form
from web.people.confirmation import read_chosen, value_of

routes = Blueprint("personal_links", __name__)

PROBLEMS = {
    LinkCodeProblem.WRONG: N_("This code is not right. Check it again, or ask for a new one."),
    LinkCodeProblem.THROTTLED: N_("Too many wrong codes. Wait 15 minutes, then try again."),
}


class LinkForm(Form):
    """The code that proves the person of the link."""

    code = StringField(_l("Code"))


class OfficerForm(LinkForm):
    """The code; the officers who are ticked are sent beside it."""


def _link(session: Session, token: str, purpose: LinkPurpose) -> Link | None:
    return personal_links.find(session, token=token, purpose=purpose, now=ctx.now())


def _shown(
    session: Session, token: str, purpose: LinkPurpose, show: Callable[[Link], Page]
) -> Page:
    """Return the link's page, or one that says that it is over, or somebody else's."""
    link = _link(session, token, purpose)
    if link is None:
        return error_page(404, message=_("This link has expired or was already used."))
    if g.acting is not None and not is_by_owner(link):
        page = render_template("people/personal_link_of_another.html", person=link.person)
        return page, 403
    return show(link)


def has_code(session: Session, link: Link, kind: NoticeKind = NoticeKind.LINK_CODE) -> bool:
    """Return True if a code can be sent to the person of the link, by a notice of this kind."""
    template = template_of(ctx.settings.sms, kind, link.person.language)
    mobile = personal_links.confirmed_mobile(session, link.person, now=ctx.now())
    return template is not None and mobile is not None


def is_code_late(session: Session, link: Link, kind: NoticeKind = NoticeKind.LINK_CODE) -> bool:
    """Return True if the code that was asked for on this page has not left."""
    asked_at = personal_links.code_asked_at(session, link=link, now=ctx.now())
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
        appointment = personal_links.appointment_of(session, link)
        stopped = stops.stops_of(session, [appointment]).get(appointment.id, [])
        return render_template(
            "people/wrong.html",
            form=form,
            appointment=appointment,
            confirmed_at=stops.confirmed_before(session, appointment, link.made_at),
            stop=next((event for event in stopped if event.at >= link.made_at), None),
            outlook=doubts.outlook(session, link=link, now=ctx.now()),
            is_owner=is_by_owner(link),
            has_code=has_code(session, link),
            is_late=is_code_late(session, link),
            has_password=link.person.password_hash is not None,
        )

    return _shown(session, token, LinkPurpose.DOUBT, show)


@routes.route("/wrong/<token>", methods=["GET", "POST"])
@public
@with_form(LinkForm, shown_by=_wrong_page)
def wrong(form: LinkForm, token: str) -> Page:
    """Say that an appointment is wrong, after a code or in a session; opening does nothing."""
    outcome: DoubtOutlook | None = None
    with writing() as session:
        link, problem = _proof(session, form, token, LinkPurpose.DOUBT)
        if problem is None and not _asks_for_code():
            by = actor() if g.acting else Actor(ActorKind.LINK, person_id=link.person_id)
            outcome = doubts.doubt(session, link=link, actor=by, now=ctx.now())
    if problem is not None:
        return _refused(_wrong_page(form, token))
    flash(_sentence(outcome))
    return redirect(url_for("personal_links.wrong", token=token))


@reads
def _office_page(session: Session, /, form: LinkForm, token: str) -> Page:
    def show(link: Link) -> Page:
        return render_template(
            "people/office.html",
            form=form,
            appointment=personal_links.appointment_of(session, link),
            is_open=office_links.is_open(session, link, now=ctx.now()),
            has_code=has_code(session, link),
            is_late=is_code_late(session, link),
        )

    return _shown(session, token, LinkPurpose.TAKE_UP, show)


@routes.route("/office/<token>", methods=["GET", "POST"])
@public
@with_form(LinkForm, shown_by=_office_page)
def office(form: LinkForm, token: str) -> Page:
    """Take a confirmed office up by a code to the confirmed mobile; opening does nothing."""
    with writing() as session:
        link, problem = _proof(session, form, token, LinkPurpose.TAKE_UP)
        if problem is None and not _asks_for_code():
            office_links.take_up(session, link=link, now=ctx.now())
    if problem is not None:
        return _refused(_office_page(form, token))
    flash(_("You have this office now.") if not _asks_for_code() else _sentence(None))
    return redirect(url_for("personal_links.office", token=token))


@reads
def _officer_page(
    session: Session, /, form: OfficerForm, token: str, *, is_proven: bool = False
) -> Page:
    def show(link: Link) -> Page:
        officers = confirm_links.waiting(session, link)
        return render_template(
            "people/officer.html",
            form=form,
            department=personal_links.appointment_of(session, link).department,
            officers=officers,
            stops=stops.stops_of(session, officers),
            value_of=value_of,
            is_open=confirm_links.is_open(session, link, now=ctx.now()),
            is_proven=is_proven or is_by_owner(link),
            has_code=has_code(session, link),
            is_late=is_code_late(session, link),
        )

    return _shown(session, token, LinkPurpose.CONFIRM, show)


@routes.route("/officer/<token>", methods=["GET", "POST"])
@public
@with_form(OfficerForm, shown_by=_officer_page)
def officer(form: OfficerForm, token: str) -> Page:
    """Show officers after a code, and confirm them by the same code; opening does nothing."""
    is_look = request.form.get("step") == "look"
    if g.acting is not None and acting().lacks_factor:
        return render_template("sign_in/factor_needed.html", is_emergency=False), 403
    with writing() as session:
        link, problem = _proof(session, form, token, LinkPurpose.CONFIRM, is_kept=is_look)
        if problem is None and not _asks_for_code() and not is_look:
            by = actor() if g.acting else None
            digests = read_chosen()
            confirm_links.confirm(session, link=link, digests=digests, now=ctx.now(), by=by)
    if problem is not None:
        return _refused(_officer_page(form, token))
    if is_look:
        return _officer_page(form, token, is_proven=True)
    flash(_("The appointment is confirmed.") if not _asks_for_code() else _sentence(None))
    return redirect(url_for("personal_links.officer", token=token))


def _proof(
    session: Session,
    form: LinkForm,
    token: str,
    purpose: LinkPurpose,
    *,
    is_kept: bool = False,
) -> tuple[Link, LinkCodeProblem | None]:
    """Return the link, and why its person is not proven; sends a code if one is asked for.

    Raises `NotFound` if it is over, or opened by somebody else.
    """
    link = _link(session, token, purpose)
    if link is None or (g.acting is not None and not is_by_owner(link)):
        raise NotFound(token)
    if is_by_owner(link):
        return link, None
    if _asks_for_code():
        about = personal_links.about_appointment(session, link)
        problem = personal_links.send_code(session, link=link, about=about, now=ctx.now())
    else:
        code = form.code.data or ""
        problem = personal_links.use_code(
            session, link=link, code=code, now=ctx.now(), is_kept=is_kept
        )
    if problem is not None:
        form.code.errors = [_(PROBLEMS[problem])]
    return link, problem


def _refused(page: Page) -> Page:
    return (page, 422) if isinstance(page, str) else page


def _asks_for_code() -> bool:
    return g.acting is None and request.form.get("step") == "send"


def _sentence(outcome: DoubtOutlook | None) -> str:
    match outcome:
        case None:
            return _("A code has been sent by SMS. It is valid for 15 minutes.")
        case DoubtOutlook.PUTS_BACK:
            return _(
                "The appointment is stopped. Those who confirm it, and the admins, have been told."
            )
        case DoubtOutlook.ASKS:
            return _("The admins have been asked to check it.")
        case DoubtOutlook.DONE | DoubtOutlook.SAID:
            return _("Already done.")
