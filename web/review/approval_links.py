"""The page of a personal link: an approver proves their identity, and decides about a revision."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug import Response
from wtforms import HiddenField, StringField

from approvals.errors import NotAllowed
from publisher.auth import passkeys
from publisher.auth.passkeys import PasskeyAnswer
from publisher.models.people import Link
from publisher.models.posts import DecisionCredential, DecisionKind
from publisher.notifications.kinds import NoticeKind
from publisher.people import personal_links
from publisher.review import (
    approval_links,
    in_person,
    link_decision,
    link_renewal,
    return_texts,
)
from publisher.review.approval_links import ApprovalLinkState
from publisher.review.link_renewal import LinkSentLately
from publisher.validation import NotFound
from web.core.auth import acting, reads, writing
from web.core.context import ctx
from web.core.database import reading
from web.core.form_views import handle_form
from web.core.i18n import _, _l
from web.core.media import serve_picture
from web.core.permissions import Page, public
from web.core.second_factor import options_response, require_site
from web.errors import error_page
from web.forms import ReasonForm, number_of
from web.people.personal_links import PROBLEMS, page_of_another
from web.review import approval_pages, approval_proof
from web.review.photos import check_shown, waiting_photos
from web.review.reasons import ACTS

routes = Blueprint("approval_links", __name__)


class NotProven(NotAllowed):
    """There is no proof yet, or no longer, that the reader is the person of the link."""

    code = "not_proven"


class ApprovalForm(ReasonForm):
    """The code of the link, or the reason of a decision."""

    code = StringField(_l("Code"))
    credential = HiddenField()
    pictures = HiddenField()
    aliases = {"words": "reason"}  # noqa: RUF012  as in the base


def _refusal_page(link: Link | None) -> Page | None:
    """Return the page for an unknown link, for the cell's browser, or for another person."""
    if link is None:
        return error_page(
            404,
            message=_("This link is not valid."),
            way_on=_("Open the link in the email or SMS again, or sign in: it waits under Today."),
        )
    if g.acting is not None and acting().actor.role in in_person.CELL:
        return render_template("review/approve_link_cell.html"), 403
    return page_of_another(link)


@reads
def _page(session: Session, /, form: ApprovalForm, token: str, *, act: str = "") -> Page:
    """Return the page of the link: why it is over, how to prove the identity, or what to decide."""
    link = approval_links.find(session, token=token)
    page = _refusal_page(link)
    if link is None or page is not None:
        return page or error_page(404)
    state = approval_links.link_state(session, link, now=ctx.now())
    revision = approval_links.get_revision(session, link)
    if state is not ApprovalLinkState.OPEN:
        return approval_pages.end_page(session, link, state, form)
    if approval_proof.find_credential(link, revision) is None:
        return approval_pages.proof_page(session, link, form, token)
    if not approval_pages.may_see(session, link):
        return approval_pages.end_page(session, link, "refused", form)
    if act:
        return approval_pages.reason_page(session, link, form, token, act=act)
    return approval_pages.open_page(session, link, form, token)


def _readers_link(session: Session, token: str) -> Link | None:
    """Return the link; None if it is not known, or its reader cannot be its person."""
    link = approval_links.find(session, token=token)
    return link if _refusal_page(link) is None else None


def _link(session: Session, token: str) -> Link:
    """Return the link of a form; raises `NotProven` if its reader cannot be its person."""
    link = _readers_link(session, token)
    if link is None:
        raise NotProven
    return link


@routes.route("/approve/<token>", methods=["GET", "POST"])
@public
@handle_form(ApprovalForm, shown_by=_page)
def show(form: ApprovalForm, token: str) -> Page:
    """Show a revision to its approver after a proof, and approve it; opening does nothing."""
    match request.form.get("step"):
        case "send":
            return _send(form, token)
        case "code":
            return _prove(form, token)
        case "approve":
            _decide(token, DecisionKind.APPROVED, pictures=form.pictures.data or "")
            flash(_("You have approved this revision. The Cell sets its time."))
        case "renew":
            try:
                with writing() as session:
                    to = link_renewal.send(session, link=_link(session, token), now=ctx.now())
            except LinkSentLately:
                flash(
                    _("A link was sent lately. Look for the newest email or SMS about it."), "amber"
                )
            else:
                if to:
                    where = approval_pages.mask_address(to)
                    flash(_("A new link has been sent to %(address)s.", address=where))
        case "later":
            approval_proof.end(token)
            flash(_("No decision was recorded. Open the link again when you want to decide."))
    return _back(token)


def _back(token: str) -> Response:
    return redirect(url_for("approval_links.show", token=token))


def _send(form: ApprovalForm, token: str) -> Page:
    """Send a code that names what it approves, to the person's mobile."""
    with writing() as session:
        link = _link(session, token)
        if approval_links.link_state(session, link, now=ctx.now()) is not ApprovalLinkState.OPEN:
            return _back(token)  # the page says why there is nothing to decide
        problem = personal_links.send_code(
            session,
            link=link,
            about=approval_links.code_details(session, link),
            now=ctx.now(),
            kind=NoticeKind.APPROVAL_CODE,
            page_digest=approval_links.get_revision(session, link).digest,
        )
    if problem is not None:
        sentence = _("No further code can be sent now. Wait 15 minutes, then try again.")
        raise form.error("code", sentence)
    flash(_("A code has been sent by SMS. It is valid for 15 minutes."))
    return _back(token)


def _prove(form: ApprovalForm, token: str) -> Page:
    """Show what has to be decided, if the code is right."""
    with writing() as session:
        link = _link(session, token)
        revision = approval_links.get_revision(session, link)
        problem = personal_links.use_code(
            session,
            link=link,
            code=form.code.data or "",
            now=ctx.now(),
            page_digest=revision.digest,
        )
        if problem is None:
            approval_proof.store(link, revision, token, DecisionCredential.LINK_AND_CODE)
    if problem is not None:
        raise form.error("code", _(PROBLEMS[problem]))
    return _back(token)


@routes.post("/approve/<token>/passkey/options")
@public
def passkey_options(token: str) -> Page:
    """Return what the browser needs to identify its reader by a passkey."""
    site = require_site()
    with writing() as session:
        link = _readers_link(session, token)
        if link is None:
            return error_page(404)
        if not personal_links.may_try(session, link, now=ctx.now()):
            return error_page(429)
        options = passkeys.options_to_use(session, site=site, subject=link, now=ctx.now())
    return options_response(options)


@routes.post("/approve/<token>/passkey")
@public
@handle_form(ApprovalForm, shown_by=_page)
def passkey(form: ApprovalForm, token: str) -> Page:
    """Show what has to be decided, if a passkey of the person has signed the challenge."""
    site = require_site()
    with writing() as session:
        link = _link(session, token)
        revision = approval_links.get_revision(session, link)
        answer = PasskeyAnswer(form.credential.data or "", site)
        is_proven = passkeys.use(session, subject=link, answer=answer, now=ctx.now())
        if is_proven:
            approval_proof.store(link, revision, token, DecisionCredential.LINK_AND_PASSKEY)
    if not is_proven:
        flash(_("That did not work. Try again, or use another way."), "amber")
    return _back(token)


@reads
def _photos_to_show(session: Session, token: str) -> tuple[str, ...]:
    return waiting_photos(approval_links.get_revision(session, _link(session, token)))


def _decide(token: str, kind: DecisionKind, reason: str = "", pictures: str = "") -> None:
    """Decide in the name of the person; raises `NotProven`, or what the decision raises.

    `pictures` is what the browser reported about the pictures.
    """
    view = None
    if kind is DecisionKind.APPROVED:
        view = check_shown(_photos_to_show(token), pictures)
    with writing() as session:
        link = _link(session, token)
        revision = approval_links.get_revision(session, link)
        credential = approval_proof.find_credential(link, revision)
        if credential is None:
            raise NotProven(state="no_factor" if approval_proof.lacks_factor(link) else None)
        link_decision.decide_by_link(
            session,
            link=link,
            kind=kind,
            credential=credential,
            now=ctx.now(),
            reason=reason,
            picture_view=view,
        )


@routes.route("/approve/<token>/<any('return', 'reject'):act>", methods=["GET", "POST"])
@public
@handle_form(ApprovalForm, shown_by=_page)
def refuse(form: ApprovalForm, token: str, act: str) -> Page:
    """Return or reject the revision with a reason; a button adds one of the person's own texts."""
    if "use" in request.form:
        with reading() as session:
            link = _link(session, token)
            actor = approval_links.find_actor(session, link, now=ctx.now())
            revision = approval_links.get_revision(session, link)
            if actor is not None and approval_proof.find_credential(link, revision) is not None:
                text_id, reason = number_of(request.form.get("use")), form.reason.data or ""
                form.reason.data = return_texts.insert(
                    session, reason, actor=actor, text_id=text_id
                )
        return _page(form, token, act=act)
    _decide(token, ACTS[act], form.reason.data or "")
    flash(
        _("Returned to the Cell with your words.")
        if act == "return"
        else _("Rejected. The Cell sees your reason.")
    )
    return _back(token)


@routes.get("/approve/<token>/pictures/<sha256>")
@public
@reads
def picture(session: Session, token: str, sha256: str) -> Response:
    """Serve a picture of the revision to its approver, after the proof."""
    link = _readers_link(session, token)
    if link is None:
        raise NotFound(token)
    revision = approval_links.get_revision(session, link)
    is_open = approval_links.link_state(session, link, now=ctx.now()) is ApprovalLinkState.OPEN
    is_proven = approval_proof.find_credential(link, revision) is not None
    if not (is_open and is_proven and approval_pages.may_see(session, link)):
        raise NotFound(sha256)
    response = serve_picture([revision], sha256)
    # The proof ends after half an hour; a copy in the cache of a shared browser would not.
    response.headers["Cache-Control"] = "no-store"
    return response
