"""Approval in person: the clerk's page shows a code, which the officer opens on a phone."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from markupsafe import Markup
from sqlalchemy.orm import Session
from werkzeug import Response
from wtforms import StringField

from approvals.policy import Action
from approvals.states import PostState
from publisher.drafting import drafts
from publisher.models.approvals import SpotCode
from publisher.models.people import Appointment
from publisher.models.posts import Revision
from publisher.reports import progress
from publisher.review import department_approvers, gate_adapter, in_person
from publisher.review.in_person import ApprovalCodeProblem, CodeRefusal, Spelled
from web.core.auth import actor, reads, writing
from web.core.context import ctx
from web.core.form_views import handle_form
from web.core.i18n import _l
from web.core.permissions import Page, allow_action, allow_roles
from web.core.qr_code import qr_code
from web.forms import Form, number_of
from web.messages.review_codes import DECIDED, code_sentence
from web.review import shared_computer

routes = Blueprint("in_person", __name__)


class ApprovalCodeForm(Form):
    """The eight characters of an approval code."""

    letters = StringField(_l("Code"))


@dataclass(frozen=True)
class CodeView:
    """A code as the clerk's page shows it, with the URL that the QR code contains."""

    code: SpotCode
    spelled: Spelled
    address: str
    picture: Markup


@reads
def _code_page(session: Session, form: Form, post_id: int) -> Page:
    post = drafts.get_post(session, actor=actor(), post_id=post_id)
    if not post.revisions:
        return redirect(url_for("posts.show", post_id=post.id))
    revision = post.revisions[-1]
    code = in_person.latest(session, revision=revision)
    problem = in_person.find_problem(code, now=ctx.now()) if code is not None else None
    return render_template(
        "review/in_person.html",
        post=post,
        revision=revision,
        stage=progress.post_stages(session, [post])[post.id],
        is_waiting=post.state is PostState.IN_REVIEW,
        code_view=_code_view(code) if code is not None and problem is None else None,
        is_expired=problem is ApprovalCodeProblem.EXPIRED,
        decisions=in_person.list_decisions(revision),
        deciders=_deciders(session, revision),
        refusal=form.form_errors[0] if form.form_errors else "",
        base_url=_public_address(""),
        decision_labels=DECIDED,
    )


def _code_view(code: SpotCode) -> CodeView:
    spelled = in_person.spell(code.seed, ctx.settings.secret_key)
    address = _public_address(url_for("in_person.arrive", spot=spelled.token))
    return CodeView(code, spelled, address, qr_code(address))


def _public_address(path: str) -> str:
    """Return the public URL of a path, from the settings and not from the Host header."""
    return ctx.settings.base_url.rstrip("/") + path


def _deciders(session: Session, revision: Revision) -> list[Appointment]:
    """Return the appointments that can decide now, department by department."""
    deciders = []
    for department_id in gate_adapter.department_ids_to_ask(revision):
        approvers = department_approvers.find_approvers(
            session, revision, department_id, now=ctx.now()
        )
        deciders += [
            session.get_one(Appointment, officer.appointment_id) for officer in approvers.everybody
        ]
    return deciders


@routes.route("/posts/<int:post_id>/on-the-spot", methods=["GET", "POST"])
@allow_action(Action.SEND_FOR_REVIEW)
@handle_form(Form, shown_by=_code_page)
def show(_form: Form, post_id: int) -> Page:
    """Create a code for the revision that the page showed.

    The page shows the newest revision's code while it is valid, and the decisions so far.
    """
    with writing() as session:
        drafts.get_post(session, actor=actor(), post_id=post_id)
        in_person.make(
            session,
            actor=actor(),
            now=ctx.now(),
            post_id=post_id,
            seen_revision=number_of(request.form.get("seen")),
            secret=ctx.settings.secret_key,
        )
    return redirect(url_for("in_person.show", post_id=post_id))


@routes.route("/code", methods=["GET", "POST"])
@allow_roles()
@handle_form(ApprovalCodeForm)
def ask(form: ApprovalCodeForm) -> Page:
    """Redirect to the revision of the eight characters that were typed."""
    if form.is_shown:
        return render_template("review/code.html", form=form)
    with writing() as session:
        approval_code = in_person.find_by_letters(
            session, actor=actor(), now=ctx.now(), letters=form.letters.data or ""
        )
        if isinstance(approval_code, SpotCode):
            return _redirect_to_revision(session, approval_code)
    form.letters.errors = [code_sentence(approval_code)]
    status = 429 if approval_code.problem is ApprovalCodeProblem.THROTTLED else 422
    return render_template("review/code.html", form=form), status


@routes.get("/code/<spot>")
@allow_roles()
@reads
def arrive(session: Session, spot: str) -> Page:
    """Redirect from the scanned code to its revision, or show why the code is refused."""
    code = in_person.find_by_token(session, actor=actor(), now=ctx.now(), token=spot)
    if isinstance(code, CodeRefusal):
        status = 403 if code.problem is ApprovalCodeProblem.CELL_BROWSER else 404
        return render_template("review/code_spent.html", message=code_sentence(code)), status
    return _redirect_to_revision(session, code)


def _redirect_to_revision(session: Session, code: SpotCode) -> Response:
    shared_computer.await_decision(session)
    number, post_id = code.revision.number, code.revision.post_id
    return redirect(url_for("review.show", post_id=post_id, revision=number))
