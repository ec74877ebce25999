"""Decisions that ask for a reason: return, reject, and withdraw an approval or the post."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from wtforms import HiddenField, TextAreaField

from approvals.errors import NotAllowed, StaleRevision
from approvals.policy import Action, Actor
from publisher.drafting import drafts
from publisher.models.posts import DecisionKind
from publisher.review import decide, return_texts, withdraw
from publisher.review.decide import ActsUnderAnother
from publisher.validation import Invalid
from web import in_flight
from web.core.auth import actor, reads, writing
from web.core.context import ctx
from web.core.i18n import _, _l
from web.core.permissions import Page, for_action
from web.drafting.revisions import newer_changes
from web.forms import Form, number_of
from web.messages.refusals import refusal_sentence
from web.review.views import DECIDERS, redirect_if_already_decided, routes


class DecisionReasonForm(Form):
    """A reason, with the hidden values of `ApproveForm`."""

    seen = HiddenField()
    under = HiddenField()
    reason = TextAreaField(_l("Reason"))
    # `return_texts.save` reports its errors at `words`; here they belong to the reason.
    aliases = {"words": "reason"}  # noqa: RUF012  as in the base


class Decide(Protocol):
    """Records a decision about the revision that was shown."""

    def __call__(
        self,
        session: Session,
        *,
        actor: Actor,
        now: datetime,
        post_id: int,
        seen_revision: int,
        reason: str,
    ) -> object: ...


def _withdraw_post(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    post_id: int,
    seen_revision: int,  # noqa: ARG001  part of `Decide`
    reason: str,
) -> None:
    """Withdraw the post as a whole, whichever of its revisions was shown."""
    withdraw.withdraw_post(session, actor=actor, now=now, post_id=post_id, reason=reason)


@routes.route("/posts/<int:post_id>/return", methods=["GET", "POST"])
@for_action(*DECIDERS)
def return_post(post_id: int) -> Page:
    """Return the revision to the cell with the changes to make."""
    return _with_reason(
        post_id, "return", decide.return_post, _("Returned to the cell with your words.")
    )


@routes.route("/posts/<int:post_id>/reject", methods=["GET", "POST"])
@for_action(*DECIDERS)
def reject(post_id: int) -> Page:
    """Reject the post with a reason."""
    return _with_reason(post_id, "reject", decide.reject, _("Rejected. The cell sees your reason."))


@routes.route("/posts/<int:post_id>/withdraw-approval", methods=["GET", "POST"])
@for_action(Action.WITHDRAW_APPROVAL)
def withdraw_approval(post_id: int) -> Page:
    """Withdraw the approval of the actor's department, as long as something is unsent."""
    done_message = _("The approval is taken back. Nothing more of it leaves.")
    return _with_reason(post_id, "withdraw_approval", withdraw.withdraw_approval, done_message)


@routes.route("/posts/<int:post_id>/withdraw", methods=["GET", "POST"])
@for_action(Action.WITHDRAW_POST)
def withdraw_post(post_id: int) -> Page:
    """Withdraw the post."""
    return _with_reason(post_id, "withdraw_post", _withdraw_post, _("The post is withdrawn."))


# By the name of the act, which is also the id of the page's form. A withdrawal is no `Decision`.
_DECISION_KINDS: Mapping[str, Collection[DecisionKind]] = {
    "return": (DecisionKind.RETURNED,),
    "reject": (DecisionKind.REJECTED,),
}


def _with_reason(post_id: int, act: str, decide_with: Decide, done_message: str) -> Page:
    """Ask for a reason on GET; on POST decide with it and redirect to the post."""
    form = DecisionReasonForm()
    if request.method == "GET":
        return _reason_page(post_id, act, form)
    # The page that returns a post has two more buttons, which decide nothing.
    if act == "return" and ("use" in request.form or "keep" in request.form):
        return _with_saved_text(post_id, form)
    try:
        decide.check_acting_under(actor(), number_of(form.under.data))
        with writing() as session:
            drafts.post_for(session, actor=actor(), post_id=post_id)
            decide_with(
                session,
                actor=actor(),
                now=ctx.now(),
                post_id=post_id,
                seen_revision=number_of(form.seen.data),
                reason=form.reason.data or "",
            )
    except Invalid as error:
        form.show(error.problems)
        return _reason_page(post_id, act, form), 422
    except NotAllowed as refusal:
        return _reason_refused(post_id, act, form, refusal)
    flash(done_message)
    if act in ("withdraw_approval", "withdraw_post"):
        # What is being sent already is beyond a withdrawal, and the person has to know.
        in_flight.flash_for_post(post_id)
    flash(f"{act}-{post_id}", "draft-done")  # the browser forgets the draft of this form
    return redirect(url_for("posts.show", post_id=post_id))


def _reason_refused(post_id: int, act: str, form: DecisionReasonForm, refusal: NotAllowed) -> Page:
    """Return the page with the typed reason and the refusal; a repeated decision redirects."""
    revision_number = number_of(form.seen.data)
    if isinstance(refusal, StaleRevision):
        return _stale_page(post_id, act, form, refusal)
    if response := redirect_if_already_decided(
        post_id, revision_number, _DECISION_KINDS.get(act, ()), refusal
    ):
        flash(f"{act}-{post_id}", "draft-done")
        return response
    if isinstance(refusal, ActsUnderAnother):
        # Sent once more, the form decides under the present appointment, which the page names.
        form.under.data = str(actor().appointment_id)
    return _reason_page(post_id, act, form, message=refusal_sentence(refusal)), 409


def _with_saved_text(post_id: int, form: DecisionReasonForm) -> Page:
    """Insert one of the actor's saved texts into the reason, or save the reason as a text."""
    reason, status = form.reason.data or "", 200
    try:
        with writing() as session:
            drafts.post_for(session, actor=actor(), post_id=post_id)
            if "keep" in request.form:
                return_texts.save(session, actor=actor(), now=ctx.now(), return_text=reason)
                flash(_("The text is kept. You find it here the next time."))
            else:
                text_id = number_of(request.form.get("use"))
                texts = {
                    text.id: text.words for text in return_texts.own_texts(session, actor=actor())
                }
                reason = return_texts.append(reason, texts.get(text_id, ""))
    except Invalid as invalid:
        form.show(invalid.problems)
        status = 422
    form.reason.data = reason
    return _reason_page(post_id, "return", form, filled=True), status


def _stale_page(post_id: int, act: str, form: DecisionReasonForm, stale: StaleRevision) -> Page:
    """Return the page with the typed reason, now for the newer revision, with its changes."""
    outdated_number = number_of(form.seen.data)
    form.seen.data = str(stale.values["newest"])
    return _reason_page(
        post_id, act, form, message=refusal_sentence(stale), outdated_number=outdated_number
    ), 409


@reads
def _reason_page(
    session: Session,
    post_id: int,
    act: str,
    form: DecisionReasonForm,
    *,
    message: str = "",
    outdated_number: int | None = None,
    filled: bool = False,
) -> str:
    """Return the page that asks for a reason, with the changes since an outdated revision."""
    post = drafts.post_for(session, actor=actor(), post_id=post_id)
    outdated = next(
        (candidate for candidate in post.revisions if candidate.number == outdated_number), None
    )
    if request.method == "GET":
        form.seen.data = str(request.args.get("revision", post.newest, type=int))
        form.under.data = str(actor().appointment_id)
    return render_template(
        "review/reason.html",
        post=post,
        act=act,
        form=form,
        message=message,
        changes=newer_changes(post, outdated) if outdated else [],
        filled=filled or bool(form.errors) or bool(message),
        texts=return_texts.own_texts(session, actor=actor()) if act == "return" else [],
    )
