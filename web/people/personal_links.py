"""The page of a personal link that says that an appointment is wrong."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from wtforms import StringField

from approvals.policy import Actor, ActorKind
from publisher.auth.one_time_links import LinkPurpose
from publisher.models.people import Link
from publisher.notifications.compose import NoticeKind
from publisher.notifications.sms import template_of
from publisher.people import doubts, personal_links
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

routes = Blueprint("personal_links", __name__)

PROBLEMS = {
    LinkCodeProblem.WRONG: N_(
        "This code is not right. Look at it once more, or ask for a new one."
    ),
    LinkCodeProblem.THROTTLED: N_(
        "Too many wrong codes. Wait a quarter of an hour, then try again."
    ),
}


class LinkForm(Form):
    """The code that proves the person of the link."""

    code = StringField(_l("Code"))


def _link(session: Session, token: str) -> Link | None:
    return personal_links.find(session, token=token, purpose=LinkPurpose.DOUBT, now=ctx.now())


def _is_by_owner(link: Link) -> bool:
    return g.acting is not None and acting().person.id == link.person_id


@reads
def _wrong_page(session: Session, /, form: LinkForm, token: str) -> Page:
    link = _link(session, token)
    if link is None:
        return error_page(404, message=_("This link has been used, or its time is over."))
    if g.acting is not None and not _is_by_owner(link):
        page = render_template("people/personal_link_of_another.html", person=link.person)
        return page, 403
    now, sms = ctx.now(), ctx.settings.sms
    has_code = personal_links.confirmed_mobile(session, link.person, now=now) is not None
    has_code = has_code and template_of(sms, NoticeKind.LINK_CODE, link.person.language) is not None
    return render_template(
        "people/wrong.html",
        form=form,
        appointment=personal_links.appointment_of(session, link),
        outlook=doubts.outlook(session, link=link, now=now),
        is_owner=_is_by_owner(link),
        has_code=has_code,
        has_password=link.person.password_hash is not None,
    )


@routes.route("/wrong/<token>", methods=["GET", "POST"])
@public
@with_form(LinkForm, shown_by=_wrong_page)
def wrong(form: LinkForm, token: str) -> Page:
    """Say that an appointment is wrong, after a code or in a session; opening does nothing."""
    outcome: DoubtOutlook | None = None
    with writing() as session:
        link = _link(session, token)
        if link is None or (g.acting is not None and not _is_by_owner(link)):
            raise NotFound(token)
        problem = None if _is_by_owner(link) else _problem_of_code(session, form, link)
        if problem is None and not _asks_for_code():
            by = actor() if g.acting else Actor(ActorKind.LINK, person_id=link.person_id)
            outcome = doubts.doubt(session, link=link, actor=by, now=ctx.now())
    if problem is not None:
        form.code.errors = [_(PROBLEMS[problem])]
        page = _wrong_page(form, token)
        return (page, 422) if isinstance(page, str) else page
    flash(_sentence(outcome))
    return redirect(url_for("personal_links.wrong", token=token))


def _asks_for_code() -> bool:
    return g.acting is None and request.form.get("step") == "send"


def _problem_of_code(session: Session, form: LinkForm, link: Link) -> LinkCodeProblem | None:
    """Send a code if the person asks for one, else use the typed one up."""
    if _asks_for_code():
        return personal_links.send_code(session, link=link, now=ctx.now())
    code = form.code.data or ""
    return personal_links.use_code(session, link=link, code=code, now=ctx.now())


def _sentence(outcome: DoubtOutlook | None) -> str:
    match outcome:
        case None:
            return _("A code is on its way by SMS. It is valid for 15 minutes.")
        case DoubtOutlook.PUTS_BACK:
            return _("The appointment is stopped. Those who confirm it, and the admins, are told.")
        case DoubtOutlook.ASKS:
            return _("The admins are asked to look at it.")
        case DoubtOutlook.DONE | DoubtOutlook.SAID:
            return _("It is done already.")
