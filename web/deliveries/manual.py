"""Manual publishing: show the text to copy to the platform, and store the link of the post."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from wtforms import StringField

from approvals.errors import NotAllowed
from approvals.policy import Action
from publisher.content_checks import outgoing_text
from publisher.delivery import manual
from publisher.delivery.manual import LinkedPost, ManualPost
from publisher.drafting import drafts
from publisher.models.deliveries import Delivery
from publisher.models.posts import Post
from publisher.platforms.base.protocol import CredentialsExpired
from publisher.scheduling import schedule
from publisher.states import AccountState, DeliveryState
from web.core.auth import actor, actor_now, reads, writing
from web.core.context import ctx
from web.core.database import end_reading, reading
from web.core.form_views import handle_form
from web.core.i18n import _, _l
from web.core.permissions import Page, allow_action
from web.forms import Form
from web.messages.refusals import refusal_sentence
from web.previews import make_preview

routes = Blueprint("manual", __name__)


class PastedForm(Form):
    """The link of the post that a person published."""

    link = StringField(_l("Link of what you posted"))


@reads
def _page(session: Session, form: PastedForm, delivery_id: int) -> str:
    delivery, post = delivery_and_post(session, delivery_id)
    return render_template(
        "deliveries/manual.html",
        delivery=delivery,
        post=post,
        preview=make_preview(delivery.variant),
        form=form,
        refusal=_refusal(session, delivery_id),
        remote_text=next(
            (str(error.values["there"]) for error in form.problems if "there" in error.values), ""
        ),
        text=outgoing_text.outgoing_text(delivery.variant),
        link=outgoing_text.outgoing_link(delivery.variant),
        is_sent_automatically=delivery.state is DeliveryState.SCHEDULED
        and delivery.account.state is AccountState.CONNECTED,
    )


def delivery_and_post(session: Session, delivery_id: int) -> tuple[Delivery, Post]:
    """Return the delivery and its post; raises `NotFound` if the actor may not see the post."""
    delivery = schedule.get_delivery(session, delivery_id)
    return delivery, drafts.get_post(session, actor=actor(), post_id=delivery.post_id)


def _refusal(session: Session, delivery_id: int) -> str:
    """Return the reason why it may not be published by hand now; empty if it may."""
    try:
        manual.require_publishable(session, **actor_now(), delivery_id=delivery_id)
    except NotAllowed as refusal:
        return refusal_sentence(refusal)
    return ""


@routes.route("/deliveries/<int:delivery_id>/by-hand", methods=["GET", "POST"])
@allow_action(Action.PUBLISH_BY_HAND)
@handle_form(PastedForm, shown_by=_page)
def show(form: PastedForm, delivery_id: int) -> Page:
    """Check the link, read the post from the platform, then store the publication.

    The page shows the approved text to copy, or the reason why it may not be published.
    """
    with reading() as session:
        delivery_and_post(session, delivery_id)
        manual_post = manual.look_at_link(
            session, **actor_now(), delivery_id=delivery_id, link=form.link.data or ""
        )
    linked_post = read_back(manual_post)
    with writing() as session:
        manual.publish_by_hand(
            session, **actor_now(), manual_post=manual_post, linked_post=linked_post
        )
    if linked_post.is_read:
        sentence = _(
            "Recorded as published by hand. We checked the platform: it is exactly what was "
            "approved."
        )
        flash(sentence)
    else:
        sentence = _(
            "Recorded as published by hand. The platform could not be read, so we could not check "
            "it."
        )
        flash(sentence, "amber")
    return redirect(url_for("deliveries.show", delivery_id=delivery_id))


def read_back(manual_post: ManualPost) -> LinkedPost:
    """Read the linked post from the platform, outside of any transaction; raises `Invalid`."""
    end_reading()
    try:
        platform = ctx.open_account(manual_post.account)
    except CredentialsExpired:
        return manual.unread(manual_post)
    return manual.read_back(platform, manual_post)
