"""Published by hand: what is to be copied onto the platform, and the link of what stands there."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug import Response
from wtforms import StringField

from approvals.errors import NotAllowed
from approvals.policy import Action
from publisher.content_checks import outgoing_text
from publisher.delivery import manual
from publisher.delivery.manual import LinkedPost, ManualPost
from publisher.drafting import drafts
from publisher.models.deliveries import Delivery
from publisher.platforms.base.protocol import CredentialsExpired
from publisher.scheduling import schedule
from publisher.states import AccountState, DeliveryState
from publisher.validation import FieldError, Invalid
from web.core.auth import actor, reads
from web.core.context import ctx
from web.core.i18n import _, _l
from web.core.permissions import for_action
from web.forms import Form
from web.messages.refusals import refusal_sentence
from web.previews import previews_of

routes = Blueprint("by_hand", __name__)
Page = Response | str | tuple[str, int]


class PastedForm(Form):
    """The link of what a person posted."""

    link = StringField(_l("Link of what you posted"))


@routes.get("/deliveries/<int:delivery_id>/by-hand")
@for_action(Action.PUBLISH_BY_HAND)
def show(delivery_id: int) -> Page:
    """Exactly what was approved, to be copied; where it may not leave, why not."""
    return _page(delivery_id, PastedForm(formdata=None))


@reads
def _page(
    session: Session,
    delivery_id: int,
    form: PastedForm,
    *,
    happened: str = "",
    there: str = "",
) -> str:
    delivery = _delivery(session, delivery_id)
    view = next(
        one
        for one in previews_of(delivery.variant.revision)
        if one.variant.id == delivery.variant_id
    )
    return render_template(
        "deliveries/manual.html",
        delivery=delivery,
        post=delivery.post,
        view=view,
        form=form,
        happened=happened,
        refusal=_refusal(session, delivery_id),
        there=there,
        text=outgoing_text.outgoing_text(delivery.variant),
        link=outgoing_text.outgoing_link(delivery.variant),
        leaves_itself=delivery.state is DeliveryState.SCHEDULED
        and delivery.account.state is AccountState.CONNECTED,
    )


def _delivery(session: Session, delivery_id: int) -> Delivery:
    """The delivery, in sight; raises `Missing`."""
    delivery = schedule.delivery_for(session, delivery_id)
    drafts.post_for(session, actor=actor(), post_id=delivery.post_id)
    return delivery


def _refusal(session: Session, delivery_id: int) -> str:
    """Why it may not be published by hand now; empty where it may."""
    try:
        manual.require_publishable(session, actor=actor(), now=ctx.now(), delivery_id=delivery_id)
    except NotAllowed as refusal:
        return refusal_sentence(refusal)
    return ""


@routes.post("/deliveries/<int:delivery_id>/by-hand")
@for_action(Action.PUBLISH_BY_HAND)
def publish(delivery_id: int) -> Page:
    """Check the link, read back what stands there, then keep it."""
    form = PastedForm()
    try:
        wanted = _wanted(delivery_id, form.link.data or "")
        found = read_back(wanted)
        with ctx.database.transaction() as session:
            manual.publish_by_hand(
                session, actor=actor(), now=ctx.now(), manual_post=wanted, linked_post=found
            )
    except Invalid as invalid:
        form.show(invalid.problems)
        return _page(delivery_id, form, there=_there(invalid.problems)), 422
    except NotAllowed as refusal:
        return _page(delivery_id, form, happened=refusal_sentence(refusal)), 409
    _say(found)
    return redirect(url_for("deliveries.show", delivery_id=delivery_id))


def _wanted(delivery_id: int, link: str) -> ManualPost:
    with ctx.database.reading() as session:
        _delivery(session, delivery_id)
        return manual.look_at_link(
            session, actor=actor(), now=ctx.now(), delivery_id=delivery_id, link=link
        )


def read_back(wanted: ManualPost) -> LinkedPost:
    """Ask the platform, outside of any transaction; raises `Invalid`."""
    try:
        platform = ctx.open_account(wanted.account)
    except CredentialsExpired:
        return manual.unread(wanted)
    return manual.read_back(platform, wanted)


def _there(problems: tuple[FieldError, ...]) -> str:
    """The text that stands there, where it is another than the approved one."""
    return next((str(one.values["there"]) for one in problems if "there" in one.values), "")


def _say(found: LinkedPost) -> None:
    if found.is_read:
        flash(_("Kept: published by hand. It was read back and says what was approved."))
        return
    flash(
        _(
            "Kept: published by hand. The platform could not be read just now, "
            "so it was not read back."
        ),
        "amber",
    )
