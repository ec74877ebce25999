"""Decisions that ask for a reason: return, reject, and withdraw an approval or the post."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug import Response
from wtforms import HiddenField

from approvals.errors import StaleRevision
from approvals.policy import Action
from publisher.drafting import drafts
from publisher.models.posts import DecisionKind
from publisher.review import decide, return_texts, withdraw
from web import in_flight
from web.core.auth import actor, reads, writing
from web.core.context import ctx
from web.core.form_views import handle_form
from web.core.i18n import _
from web.core.permissions import Page, allow_action
from web.drafting.revisions import newer_changes
from web.forms import ReasonForm, number_of
from web.review import shared_computer
from web.review.acting_under import ActsUnderAnother, check_acting_under
from web.review.views import DECIDERS, redirect_if_already_decided, routes


class DecisionReasonForm(ReasonForm):
    """A reason, with the hidden values of `ApproveForm`."""

    seen = HiddenField()
    under = HiddenField()
    # `return_texts.save` reports its errors at `words`; here they belong to the reason.
    aliases = {"words": "reason"}  # noqa: RUF012  as in the base


ACTS = {"return": DecisionKind.RETURNED, "reject": DecisionKind.REJECTED}


@reads
def _reason_page(session: Session, form: DecisionReasonForm, post_id: int, *, act: str) -> Page:
    """Return the page that asks for a reason; a repeated decision redirects.

    A stale form is shown with the changes since its revision, and then applies to the newest one.
    """
    post = drafts.get_post(session, actor=actor(), post_id=post_id)
    seen_revision = number_of(form.seen.data)
    if response := redirect_if_already_decided(
        session, post_id, seen_revision, {ACTS.get(act)}, form.refusal
    ):
        flash(f"{act}-{post_id}", "draft-done")
        return response
    outdated = None
    if request.method != "POST":
        form.seen.data = str(request.args.get("revision", post.newest, type=int))
        form.under.data = str(actor().appointment_id)
    elif isinstance(form.refusal, StaleRevision):
        numbers = {revision.number: revision for revision in post.revisions}
        outdated = numbers.get(seen_revision)
        form.seen.data = str(form.refusal.values["newest"])
    elif isinstance(form.refusal, ActsUnderAnother):
        # If sent again, the form decides under the present appointment, which the page names.
        form.under.data = str(actor().appointment_id)
    return render_template(
        "review/reason.html",
        post=post,
        act=act,
        form=form,
        changes=newer_changes(post, outdated) if outdated else [],
        filled=request.method == "POST",
        texts=return_texts.own_texts(session, actor=actor()) if act == "return" else [],
    )


@routes.route("/posts/<int:post_id>/return", methods=["GET", "POST"])
@allow_action(*DECIDERS)
@handle_form(DecisionReasonForm, shown_by=partial(_reason_page, act="return"))
def return_post(form: DecisionReasonForm, post_id: int) -> Page:
    """Return the revision to the cell with the changes to make."""
    # The page has two more buttons that decide nothing.
    if "use" in request.form or "keep" in request.form:
        with writing() as session:
            reason = form.reason.data or ""
            drafts.get_post(session, actor=actor(), post_id=post_id)
            if "keep" in request.form:
                return_texts.save(session, actor=actor(), now=ctx.now(), return_text=reason)
                flash(_("The text is saved. You find it here next time."))
            else:
                text_id = number_of(request.form.get("use"))
                form.reason.data = return_texts.insert(
                    session, reason, actor=actor(), text_id=text_id
                )
        return _reason_page(form, post_id, act="return")
    _decide(decide.return_post, form, post_id, seen_revision=number_of(form.seen.data))
    flash(_("Returned to the Cell with your words."))
    return _flash_and_redirect(post_id, "return")


@routes.route("/posts/<int:post_id>/reject", methods=["GET", "POST"])
@allow_action(*DECIDERS)
@handle_form(DecisionReasonForm, shown_by=partial(_reason_page, act="reject"))
def reject(form: DecisionReasonForm, post_id: int) -> Page:
    """Reject the post with a reason."""
    _decide(decide.reject, form, post_id, seen_revision=number_of(form.seen.data))
    flash(_("Rejected. The Cell sees your reason."))
    return _flash_and_redirect(post_id, "reject")


@routes.route("/posts/<int:post_id>/withdraw-approval", methods=["GET", "POST"])
@allow_action(Action.WITHDRAW_APPROVAL)
@handle_form(DecisionReasonForm, shown_by=partial(_reason_page, act="withdraw_approval"))
def withdraw_approval(form: DecisionReasonForm, post_id: int) -> Page:
    """Withdraw the approval of the actor's department, while something is unsent."""
    _decide(withdraw.withdraw_approval, form, post_id, seen_revision=number_of(form.seen.data))
    flash(_("Approval withdrawn. Nothing more from this post will be published."))
    in_flight.flash_for_post(post_id)
    return _flash_and_redirect(post_id, "withdraw_approval")


@routes.route("/posts/<int:post_id>/withdraw", methods=["GET", "POST"])
@allow_action(Action.WITHDRAW_POST)
@handle_form(DecisionReasonForm, shown_by=partial(_reason_page, act="withdraw_post"))
def withdraw_post(form: DecisionReasonForm, post_id: int) -> Page:
    """Withdraw the post."""
    _decide(withdraw.withdraw_post, form, post_id)
    flash(_("The post is withdrawn."))
    in_flight.flash_for_post(post_id)
    return _flash_and_redirect(post_id, "withdraw_post")


def _decide(
    act: Callable[..., object], form: DecisionReasonForm, post_id: int, **revision: int
) -> None:
    """Decide about a visible post under the appointment that the page named."""
    check_acting_under(actor(), number_of(form.under.data))
    reason = form.reason.data or ""
    with writing() as session:
        drafts.get_post(session, actor=actor(), post_id=post_id)
        act(session, actor=actor(), now=ctx.now(), post_id=post_id, reason=reason, **revision)
        shared_computer.end_session(session)


def _flash_and_redirect(post_id: int, act: str) -> Response:
    flash(f"{act}-{post_id}", "draft-done")  # the browser forgets the draft of this form
    return shared_computer.leave() or redirect(url_for("posts.show", post_id=post_id))
