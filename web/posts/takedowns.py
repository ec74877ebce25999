"""Takedown orders: delete our publications, hide a comment, show it again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from wtforms import SelectMultipleField

from approvals.policy import Action
from approvals.states import PostState
from publisher.content_checks import outgoing_text
from publisher.drafting import drafts
from publisher.inbox import hide as inbox_hide
from publisher.reports.comment_detail import comment_page
from publisher.review import takedown_orders
from web.core.auth import actor, actor_now, reads, writing
from web.core.context import ctx
from web.core.form_views import handle_form
from web.core.i18n import _, _l
from web.core.permissions import Page, allow_action
from web.forms import ReasonForm, number_of

routes = Blueprint("takedowns", __name__)


class TakeBackForm(ReasonForm):
    """The publications to delete, and the reason, which is public."""

    things = SelectMultipleField(_l("What is to be deleted"), validate_choice=False)


@reads
def _take_back_page(session: Session, form: TakeBackForm, post_id: int) -> str:
    post = drafts.get_post(session, actor=actor(), post_id=post_id)
    live_texts = takedown_orders.texts_to_take_back(session, post_id)
    chosen = {number_of(receipt_id) for receipt_id in form.things.data or []}
    if request.method != "POST":
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
        is_answer=post.reply is not None,
    )


@routes.route("/posts/<int:post_id>/take-back", methods=["GET", "POST"])
@allow_action(Action.ORDER_DELETION)
@handle_form(TakeBackForm, shown_by=_take_back_page)
def take_back(form: TakeBackForm, post_id: int) -> Page:
    """Order the deletion of chosen publications of a post, with a reason."""
    with writing() as session:
        post = drafts.get_post(session, actor=actor(), post_id=post_id)
        takedown_orders.take_back(
            session,
            **actor_now(),
            post_id=post_id,
            receipt_ids=[number_of(receipt_id) for receipt_id in form.things.data or []],
            reason=form.reason.data or "",
        )
        is_withdrawn = post.state is PostState.WITHDRAWN
    flash(_("The deletion is ordered. Refresh the page in a moment to see whether it is done."))
    flash(f"take-back-{post_id}", "draft-done")
    if is_withdrawn:
        flash(_("The post is withdrawn: nothing more from it will be published."))
    return redirect(url_for("posts.show", post_id=post_id))


@reads
def _hide_page(session: Session, form: ReasonForm, comment_id: int, *, act: str) -> str:
    comment = comment_page(session, actor=actor(), comment_id=comment_id, now=ctx.now())
    return render_template("posts/hide.html", comment=comment, act=act, form=form)


@routes.route("/comments/<int:comment_id>/hide", methods=["GET", "POST"])
@allow_action(Action.HIDE)
@handle_form(ReasonForm, shown_by=partial(_hide_page, act="hide"))
def hide(form: ReasonForm, comment_id: int) -> Page:
    """Hide a comment below one of our posts."""
    _order(inbox_hide.hide, form, comment_id)
    flash(_("The comment is being hidden."))
    flash(f"hide-{comment_id}", "draft-done")
    return redirect(url_for("inbox.show", comment_id=comment_id))


@routes.route("/comments/<int:comment_id>/unhide", methods=["GET", "POST"])
@allow_action(Action.UNHIDE)
@handle_form(ReasonForm, shown_by=partial(_hide_page, act="unhide"))
def unhide(form: ReasonForm, comment_id: int) -> Page:
    """Show a hidden comment again."""
    _order(inbox_hide.unhide, form, comment_id)
    flash(_("The comment is being shown again."))
    flash(f"unhide-{comment_id}", "draft-done")
    return redirect(url_for("inbox.show", comment_id=comment_id))


def _order(act: Callable[..., object], form: ReasonForm, comment_id: int) -> None:
    """Create the order; raises `NotFound` for another department's comment."""
    now, reason = ctx.now(), form.reason.data or ""
    with writing() as session:
        comment_page(session, actor=actor(), comment_id=comment_id, now=now)
        act(session, actor=actor(), now=now, comment_id=comment_id, reason=reason)
