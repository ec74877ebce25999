"""The page of a personal link by which a head names the officers of the department."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from approvals.policy import Role
from publisher.auth import one_time_links
from publisher.auth.one_time_links import LinkPurpose, LinkSpent
from publisher.models.people import Appointment, Department, Link
from publisher.nominations import head_links, named_officers, nominate
from publisher.nominations.named_officers import OfficersNamed
from publisher.notifications.kinds import NoticeKind
from publisher.people import personal_links
from publisher.people.personal_links import LinkCodeProblem
from publisher.validation import NotFound
from web.core.auth import acting, actor, reads, writing
from web.core.context import ctx
from web.core.form_views import handle_form
from web.core.i18n import _
from web.core.permissions import Page, allow_roles, public
from web.errors import error_page
from web.nominations.forms import OfficersForm
from web.people.personal_links import PROBLEMS, has_code, is_by_owner, is_code_late

routes = Blueprint("name_officers", __name__)
CODE = NoticeKind.NOMINATION_CODE


@routes.post("/name-officers")
@allow_roles(Role.HEAD)
def begin() -> Page:
    """Make a link for a head who has signed in, and redirect to its page."""
    with writing() as session:
        head = session.get_one(Appointment, actor().appointment_id)
        token = head_links.make_own_link(session, head, now=ctx.now())
    return redirect(url_for("name_officers.name", token=token))


def _link(session: Session, token: str) -> Link | None:
    """Return the link until its day, even if it was used or ended."""
    link = one_time_links.find_any(session, token=token, purpose=LinkPurpose.NAME_OFFICERS)
    is_over = link is None or ctx.now() >= link.expires_at or link.person.disabled_at is not None
    return None if is_over else link


@reads
def _page(
    session: Session,
    /,
    form: OfficersForm,
    token: str,
    *,
    is_summary: bool = False,
    is_proven: bool = False,
) -> Page:
    """Return the page: the form, what was stated with the code, or that it is over."""
    link = _link(session, token)
    named = (
        head_links.newest_nomination(session, link.subject_id, link.made_at)
        if link is not None
        else None
    )
    head = head_links.find_office(session, link, now=ctx.now()) if link is not None else None
    if link is None or (head is None and named is None) or (link.ended_at and named is None):
        # Who has no account gets a way on.
        return error_page(
            404,
            message=_("This link has expired or was already used."),
            way_on=_(
                "Open the link in the email or SMS again. If its time is over, phone the Cell, "
                "which can send a new one."
            ),
        )
    if g.acting is not None and not is_by_owner(link):
        page = render_template("people/personal_link_of_another.html", person=link.person)
        return page, 403
    can_code = has_code(session, link, CODE)
    officers = nominate.list_officers(session, link.subject_id, now=ctx.now())
    return render_template(
        "nominations/name_officers.html",
        form=form,
        link=link,
        department=session.get_one(Department, link.subject_id),
        named=named,
        # The moment after it is midnight, which would read as the day after the call's last one.
        last_moment=link.expires_at - timedelta(seconds=1),
        officers=officers,
        digest=nominate.digest_of_officers(officers),
        is_summary=is_summary,
        shows_officers=is_proven or is_by_owner(link),
        can_act=can_code or is_by_owner(link),
        has_code=can_code,
        is_final=head is not None and nominate.confirms(head, is_proven=can_code, now=ctx.now()),
        is_late=is_code_late(session, link, CODE if is_summary else NoticeKind.LINK_CODE),
    )


@dataclass(frozen=True)
class _LinkPost:
    """The link of a POST, and whether a code verifies its head; otherwise the sign-in does."""

    link: Link
    has_code: bool


def _require_link(session: Session, token: str) -> _LinkPost:
    """Return the link.

    Raises `NotFound` if it is another's, `LinkSpent` if it verifies nobody, or `AlreadyNamed`.
    """
    link = _link(session, token)
    if link is None:
        raise LinkSpent
    if g.acting is not None and not is_by_owner(link):
        raise NotFound(token)
    # Before any code is checked: pressing the button twice does not count as a wrong code.
    nominate.require_unnamed(session, link.subject_id, since=link.made_at)
    can_code = has_code(session, link, CODE)
    if not can_code and not is_by_owner(link):
        raise LinkSpent
    return _LinkPost(link, can_code)


@routes.route("/name-officers/<token>", methods=["GET", "POST"])
@public
@handle_form(OfficersForm, shown_by=_page)
def name(form: OfficersForm, token: str) -> Page:
    """Name two officers: they are shown once more, and a code confirms them."""
    if g.acting is not None and acting().lacks_factor:
        return render_template("sign_in/factor_needed.html", is_emergency=False), 403
    match request.form.get("step"):
        case "send":
            with writing() as session:
                link = _require_link(session, token).link
                department = session.get_one(Department, link.subject_id)
                about = {"act": link.purpose, "person": link.person, "department": department}
                problem = personal_links.send_code(session, link=link, about=about, now=ctx.now())
            if problem is not None:
                return _refuse_code(form, token, problem)
            flash(_("A code has been sent by SMS. It is valid for 15 minutes."))
            return redirect(url_for("name_officers.name", token=token))
        case "look":
            return _look(form, token)
        case "keep":
            return _keep(form, token)
        case "name":
            return _name(form, token)
        case "change":
            return _page(form, token)
        case _:
            return _check(form, token)


def _digest(link: Link, named: OfficersNamed) -> str:
    """Return the digest that binds a code to what the page showed."""
    return named.digest(link.subject_id)


def _check(form: OfficersForm, token: str) -> Page:
    """Refuse wrong input; otherwise send the code, and show what was stated."""
    problem = None
    with writing() as session:
        link_post, named = _require_link(session, token), form.named()
        link = link_post.link
        nominate.check(session, link=link, named=named, is_proven=link_post.has_code, now=ctx.now())
        named = named_officers.read(named, heads={"is_head": link.person}, now=ctx.now())
        form.fill(named)
        if link_post.has_code:
            about = {
                "first": named.first.name_mr,
                "second": named.second.name_mr,
                "department": session.get_one(Department, link.subject_id),
            }
            problem = personal_links.send_code(
                session,
                link=link,
                about=about,
                now=ctx.now(),
                kind=CODE,
                page_digest=_digest(link, named),
            )
    if problem is not None:
        return _refuse_code(form, token, problem, is_summary=True)
    return _page(form, token, is_summary=True)


def _name(form: OfficersForm, token: str) -> Page:
    """Record the two officers by the code, or by the sign-in of a head without a mobile."""
    problem, is_final = None, False
    with writing() as session:
        link_post = _require_link(session, token)
        named = named_officers.read(
            form.named(), heads={"is_head": link_post.link.person}, now=ctx.now()
        )
        if link_post.has_code:
            problem = personal_links.use_code(
                session,
                link=link_post.link,
                code=form.code.data or "",
                now=ctx.now(),
                page_digest=_digest(link_post.link, named),
            )
        if problem is None:
            is_final = nominate.name_officers(
                session,
                link=link_post.link,
                named=named,
                is_proven=link_post.has_code,
                now=ctx.now(),
            ).was_proven
    if problem is not None:
        return _refuse_code(form, token, problem, is_summary=True)
    return _done_page(token, is_final=is_final)


def _look(form: OfficersForm, token: str) -> Page:
    """Show the officers of the department after a code, which is kept."""
    with writing() as session:
        link = _require_link(session, token).link
        problem = personal_links.use_code(
            session, link=link, code=form.code.data or "", now=ctx.now(), is_kept=True
        )
    if problem is not None:
        return _refuse_code(form, token, problem)
    return _page(form, token, is_proven=True)


def _keep(form: OfficersForm, token: str) -> Page:
    """Keep the officers as they were shown, by the same code or by the sign-in."""
    problem, is_final = None, False
    with writing() as session:
        link = _require_link(session, token).link
        is_signed_in = is_by_owner(link)
        if not is_signed_in:
            code = form.code.data or ""
            problem = personal_links.use_code(session, link=link, code=code, now=ctx.now())
        if problem is None:
            nomination = nominate.keep_officers(
                session,
                link=link,
                digest=form.digest.data or "",
                is_proven=not is_signed_in,
                now=ctx.now(),
            )
            is_final = nomination.was_proven or not any(
                officer.state == "recorded" for officer in (nomination.first, nomination.second)
            )
    if problem is not None:
        return _refuse_code(form, token, problem)
    return _done_page(token, is_final=is_final)


def _done_page(token: str, *, is_final: bool) -> Page:
    if is_final:
        flash(_("The officers of the department are named. They have been told."))
    else:
        flash(_("Recorded. The names count once a second person has confirmed them."))
    return redirect(url_for("name_officers.name", token=token))


def _refuse_code(
    form: OfficersForm, token: str, problem: LinkCodeProblem, *, is_summary: bool = False
) -> Page:
    """Return the page with the problem of the code."""
    form.code.errors = [_(PROBLEMS[problem])]
    page = _page(form, token, is_summary=is_summary)
    return (page, 422) if isinstance(page, str) else page
