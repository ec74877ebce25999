"""Takedown orders: delete our publications, hide a comment, show it again."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from wtforms import SelectMultipleField, TextAreaField

from approvals.errors import NotAllowed
from approvals.policy import Action
from publisher.content_checks import outgoing_text
from publisher.drafting import drafts
from publisher.inbox import hide as inbox_hide
from publisher.reports.comment_detail import comment_page
from publisher.review import takedown_orders
from publisher.validation import Invalid
from web.core.auth import actor, reads, writing
from web.core.context import ctx
from web.core.i18n import _, _l
from web.core.permissions import Page, for_action
from web.forms import Form, number_of
from web.messages.refusals import refusal_sentence

routes = Blueprint("orders", __name__)


class TakeBackForm(Form):
    """The publications to delete, and the reason, which is public."""

    things = SelectMultipleField(_l("What is to be deleted"), validate_choice=False)
    reason = TextAreaField(_l("Reason"))


class HideReasonForm(Form):
    """The reason for hiding a comment or showing it again."""

    reason = TextAreaField(_l("Reason"))


@routes.route("/posts/<int:post_id>/take-back", methods=["GET", "POST"])
@for_action(Action.ORDER_DELETION)
def take_back(post_id: int) -> Page:
    """Order the deletion of chosen publications of a post, with a reason."""
    form = TakeBackForm()
    if request.method == "GET":
        return _take_back_page(post_id, form)
    try:
        is_withdrawn = _order_deletion(post_id, form)
    except Invalid as invalid:
        form.show(invalid.problems)
        return _take_back_page(post_id, form), 422
    except NotAllowed as refusal:
        return _take_back_page(post_id, form, message=refusal_sentence(refusal)), 409
    flash(_("The deletion is ordered. Look again in a moment to see that it is carried out."))
    flash(f"take-back-{post_id}", "draft-done")
    if is_withdrawn:
        flash(_("The post is withdrawn: nothing more of it will be published."))
    return redirect(url_for("posts.show", post_id=post_id))


def _order_deletion(post_id: int, form: TakeBackForm) -> bool:
    """Order the deletions; returns True if nothing is left and the post is withdrawn."""
    with writing() as session:
        post = drafts.post_for(session, actor=actor(), post_id=post_id)
        takedown_orders.take_back(
            session,
            actor=actor(),
            now=ctx.now(),
            post_id=post_id,
            receipt_ids=[number_of(receipt_id) for receipt_id in form.things.data or []],
            reason=form.reason.data or "",
        )
        return post.state.value == "withdrawn"


@reads
def _take_back_page(
    session: Session, post_id: int, form: TakeBackForm, *, message: str = ""
) -> str:
    post = drafts.post_for(session, actor=actor(), post_id=post_id)
    live_texts = takedown_orders.to_take_back(session, post_id)
    chosen = {number_of(receipt_id) for receipt_id in form.things.data or []}
    if request.method == "GET":
        chosen = {live_text.receipt.id for live_text in live_texts if live_text.is_known}
    return render_template(
        "posts/take_down.html",
        post=post,
        live_texts=live_texts,
        texts={
            live_text.receipt.id: outgoing_text.outgoing_text(live_text.current)
            for live_text in live_texts
        },
        chosen_ids=chosen,
        form=form,
        message=message,
        is_answer=post.reply is not None,
    )


@routes.route("/comments/<int:comment_id>/hide", methods=["GET", "POST"])
@for_action(Action.HIDE)
def hide(comment_id: int) -> Page:
    """Hide a comment below one of our posts."""
    return _hide_or_unhide(comment_id, "hide", _("The comment is being hidden."))


@routes.route("/comments/<int:comment_id>/unhide", methods=["GET", "POST"])
@for_action(Action.UNHIDE)
def unhide(comment_id: int) -> Page:
    """Show a hidden comment again."""
    return _hide_or_unhide(comment_id, "unhide", _("The comment is being shown again."))


_HIDE_FUNCTIONS = {"hide": inbox_hide.hide, "unhide": inbox_hide.unhide}


def _hide_or_unhide(comment_id: int, act: str, done_message: str) -> Page:
    form = HideReasonForm()
    if request.method == "GET":
        return _hide_page(comment_id, act, form)
    try:
        with writing() as session:
            _check_in_sight(session, comment_id)
            _HIDE_FUNCTIONS[act](
                session,
                actor=actor(),
                now=ctx.now(),
                comment_id=comment_id,
                reason=form.reason.data or "",
            )
    except Invalid as invalid:
        form.show(invalid.problems)
        return _hide_page(comment_id, act, form), 422
    except NotAllowed as refusal:
        return _hide_page(comment_id, act, form, message=refusal_sentence(refusal)), 409
    flash(done_message)
    flash(f"{act}-{comment_id}", "draft-done")
    return redirect(url_for("inbox.show", comment_id=comment_id))


def _check_in_sight(session: Session, comment_id: int) -> None:
    """Raise `NotFound` for another department's comment."""
    comment_page(session, actor=actor(), comment_id=comment_id, now=ctx.now())


@reads
def _hide_page(
    session: Session, comment_id: int, act: str, form: HideReasonForm, *, message: str = ""
) -> str:
    comment = comment_page(session, actor=actor(), comment_id=comment_id, now=ctx.now())
    return render_template("posts/hide.html", comment=comment, act=act, form=form, message=message)
