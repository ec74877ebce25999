"""Approving on the spot: the clerk's page shows a code, the officer's own phone follows it."""

from __future__ import annotations

from dataclasses import dataclass

import segno
from flask import Blueprint, redirect, render_template, request, url_for
from markupsafe import Markup
from sqlalchemy.orm import Session
from werkzeug import Response
from wtforms import StringField

from approvals.errors import NotAllowed
from approvals.policy import Action
from approvals.states import PostState
from publisher.drafting import drafts
from publisher.models.approvals import SpotCode
from publisher.models.people import Appointment
from publisher.models.posts import Post, Revision
from publisher.review import gate_adapter, in_person
from publisher.review.in_person import ApprovalCodeProblem, CodeRefusal, Spelled
from web.core.auth import actor, reads
from web.core.context import ctx
from web.core.i18n import _l
from web.core.permissions import for_action, for_roles
from web.forms import Form, number_of
from web.messages.refusals import refusal_sentence
from web.messages.review_codes import DECIDED, code_sentence

routes = Blueprint("on_the_spot", __name__)
Page = Response | str | tuple[str, int]


class ApprovalCodeForm(Form):
    """The eight characters."""

    letters = StringField(_l("Code"))


@dataclass(frozen=True)
class CodeView:
    """A code as the clerk's page shows it, with the address that the picture holds."""

    code: SpotCode
    spelled: Spelled
    address: str
    picture: Markup


@routes.get("/posts/<int:post_id>/on-the-spot")
@for_action(Action.SEND_FOR_REVIEW)
@reads
def show(session: Session, post_id: int) -> Page:
    """The code of the newest revision while it holds, and what has been decided."""
    return _page(session, drafts.post_for(session, actor=actor(), post_id=post_id))


def _page(session: Session, post: Post, *, refusal: str = "") -> Page:
    if not post.revisions:
        return redirect(url_for("posts.show", post_id=post.id))
    revision = post.revisions[-1]
    code = in_person.latest(session, revision=revision)
    problem = in_person.problem_of(code, now=ctx.now()) if code is not None else None
    return render_template(
        "review/in_person.html",
        post=post,
        revision=revision,
        waiting=post.state is PostState.IN_REVIEW,
        shown=_shown(code) if code is not None and problem is None else None,
        expired=problem is ApprovalCodeProblem.EXPIRED,
        decisions=in_person.decisions_of(revision),
        deciders=_deciders(session, revision),
        refusal=refusal,
        base=_outside(""),
        decided_words=DECIDED,
    )


def _shown(code: SpotCode) -> CodeView:
    spelled = in_person.spell(code.seed, ctx.settings.secret_key)
    address = _outside(url_for("on_the_spot.arrive", spot=spelled.token))
    return CodeView(code, spelled, address, _picture(address))


def _outside(path: str) -> str:
    """The address of a page as a phone outside reaches it, whatever the Host header says."""
    return ctx.settings.base_url.rstrip("/") + path


def _picture(address: str) -> Markup:
    """The address as a QR code, drawn into the page."""
    drawn = segno.make(address, error="m", micro=False)
    return Markup(  # noqa: S704  made of squares; the address is drawn, not written
        drawn.svg_inline(omitsize=True, border=4, dark="#000", light="#fff", svgclass="qr-code")
    )


def _deciders(session: Session, revision: Revision) -> list[Appointment]:
    """Those who can decide now, department by department."""
    found = []
    for department_id in gate_adapter.asked_departments(revision):
        able = gate_adapter.approvers_for(session, revision, department_id, now=ctx.now())
        found += [session.get_one(Appointment, one.appointment_id) for one in able.everybody]
    return found


@routes.post("/posts/<int:post_id>/on-the-spot")
@for_action(Action.SEND_FOR_REVIEW)
def make(post_id: int) -> Page:
    """Make a code for the revision that was on the screen."""
    try:
        with ctx.database.transaction() as session:
            drafts.post_for(session, actor=actor(), post_id=post_id)
            in_person.make(
                session,
                actor=actor(),
                now=ctx.now(),
                post_id=post_id,
                seen_revision=number_of(request.form.get("seen")),
                secret=ctx.settings.secret_key,
            )
    except NotAllowed as refusal:
        return _refused(post_id, refusal)
    return redirect(url_for("on_the_spot.show", post_id=post_id))


def _refused(post_id: int, refusal: NotAllowed) -> Page:
    with ctx.database.reading() as session:
        post = drafts.post_for(session, actor=actor(), post_id=post_id)
        page = _page(session, post, refusal=refusal_sentence(refusal))
        return (page, 409) if isinstance(page, str) else page


@routes.get("/code")
@for_roles()
def ask() -> Page:
    """Where the eight characters are typed."""
    return render_template("review/code.html", form=ApprovalCodeForm(formdata=None))


@routes.post("/code")
@for_roles()
def follow() -> Page:
    """Lead to the revision that the typed code stands for."""
    form = ApprovalCodeForm()
    with ctx.database.transaction() as session:
        found = in_person.find_by_letters(
            session, actor=actor(), now=ctx.now(), letters=form.letters.data or ""
        )
        if isinstance(found, SpotCode):
            return _lead(found)
    form.letters.errors = [code_sentence(found)]
    code = 429 if found.problem is ApprovalCodeProblem.THROTTLED else 422
    return render_template("review/code.html", form=form), code


@routes.get("/code/<spot>")
@for_roles()
@reads
def arrive(session: Session, spot: str) -> Page:
    """Where the scanned code leads: on to the revision, or to what can be done instead."""
    found = in_person.find_by_token(session, actor=actor(), now=ctx.now(), token=spot)
    if isinstance(found, CodeRefusal):
        return render_template("review/code_spent.html", happened=code_sentence(found)), 404
    return _lead(found)


def _lead(code: SpotCode) -> Response:
    number, post_id = code.revision.number, code.revision.post_id
    return redirect(url_for("reviewing.show", post_id=post_id, revision=number))
