"""Pages of deliveries: the decision board, a delivery, and the actions on it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from wtforms import StringField

from approvals.errors import FreshSignInRequired, NotAllowed
from approvals.policy import Action, may
from publisher.delivery import reconcile
from publisher.drafting import drafts
from publisher.models.deliveries import Delivery, ReceiptOrigin
from publisher.models.people import Person
from publisher.models.posts import Post
from publisher.reports import problems
from publisher.reports.decision_board import decisions
from publisher.reports.problems import problem_summary
from publisher.scheduling import schedule
from publisher.states import PUBLISHABLE_BY_HAND, RESCHEDULABLE, UNSENT, DeliveryState
from publisher.validation import Invalid
from web.core import form_recovery
from web.core.auth import actor, reads, writing
from web.core.context import ctx
from web.core.database import reading
from web.core.i18n import _, _l
from web.core.permissions import Page, for_action, for_roles
from web.core.sign_in_page import prove_page
from web.deliveries import holds, manual
from web.emergency.summary import lane_of
from web.forms import Form
from web.messages.names import person_name
from web.messages.refusals import refusal_sentence
from web.previews import previews_of

routes = Blueprint("deliveries", __name__)


class PlatformLinkForm(Form):
    """The link of a post that a person saw on the platform."""

    link = StringField(_l("Link of the post"))


@routes.get("/decisions")
@for_action(Action.SETTLE_HELD, Action.SCHEDULE, Action.SEE_ATTEMPTS)
@reads
def board(session: Session) -> Page:
    """List everything that needs a person's decision."""
    return render_template(
        "deliveries/board.html",
        problems=decisions(session, actor=actor(), now=ctx.now()),
        summary=problem_summary(session, actor=actor()),
        lane=lane_of(session),
        held_deliveries=problems.held_deliveries(session, actor=actor(), now=ctx.now()),
        may_move=may(actor(), Action.SCHEDULE, None),
    )


@routes.get("/deliveries/<int:delivery_id>")
@for_roles()
@reads
def show(session: Session, delivery_id: int) -> Page:
    """Show a delivery: its text, time, attempts and possible actions."""
    return _page(session, delivery_id, PlatformLinkForm())


def _page(session: Session, delivery_id: int, form: PlatformLinkForm, *, message: str = "") -> str:
    delivery, post = _delivery(session, delivery_id)
    revision = delivery.variant.revision
    preview = next(
        preview for preview in previews_of(revision) if preview.variant.id == delivery.variant_id
    )
    return render_template(
        "deliveries/delivery.html",
        delivery=delivery,
        post=post,
        preview=preview,
        form=form,
        message=message,
        acts=_acts(delivery),
        hold_sentence=holds.hold_sentence(session, delivery),
        manual_publisher=_by_hand(session, delivery),
        may_read_answers=may(actor(), Action.SEE_RAW_ANSWER, post.department_id),
        resend_from=(delivery.sending_at or ctx.now()) + reconcile.RESEND_WAIT,
        attempts=_attempts(delivery),
    )


def _delivery(session: Session, delivery_id: int) -> tuple[Delivery, Post]:
    delivery = schedule.delivery_for(session, delivery_id)
    return delivery, drafts.post_for(session, actor=actor(), post_id=delivery.post_id)


# The actions on a delivery, each with the states in which it is offered.
_ACTIONS: Mapping[Action, Collection[DeliveryState]] = {
    Action.SCHEDULE: RESCHEDULABLE,
    Action.PUBLISH_NOW: RESCHEDULABLE,
    Action.PUBLISH_BY_HAND: PUBLISHABLE_BY_HAND,
    Action.CANCEL: UNSENT,
    Action.SETTLE_HELD: (DeliveryState.HELD,),
}


def _acts(delivery: Delivery) -> frozenset[Action]:
    """Return the actions that the delivery's state and the actor's rights allow."""
    department_id = delivery.post.department_id
    return frozenset(
        action
        for action, states in _ACTIONS.items()
        if delivery.state in states and may(actor(), action, department_id)
    )


def _by_hand(session: Session, delivery: Delivery) -> str:
    """Return the name of the person who published it by hand; empty if the system did."""
    receipt = delivery.receipt
    if receipt is None or receipt.origin is not ReceiptOrigin.BY_HAND or receipt.person_id is None:
        return ""
    return person_name(session.get_one(Person, receipt.person_id))


def _attempts(delivery: Delivery) -> list[object]:
    if may(actor(), Action.SEE_ATTEMPTS, delivery.post.department_id):
        return list(delivery.attempts)
    return []


DeliveryAction = Callable[[Session], object]


@routes.post("/deliveries/<int:delivery_id>/cancel")
@for_action(Action.CANCEL)
def cancel(delivery_id: int) -> Page:
    """Cancel a delivery that has not been sent."""
    return _run_in_transaction(
        delivery_id,
        lambda session: schedule.cancel(
            session, actor=actor(), now=ctx.now(), delivery_id=delivery_id
        ),
        _("It is cancelled; the post stays approved."),
    )


@routes.post("/deliveries/<int:delivery_id>/live")
@for_action(Action.SETTLE_HELD)
def it_is_live(delivery_id: int) -> Page:
    """Confirm that a held delivery is live on the platform."""
    form = PlatformLinkForm()
    try:
        return _run(
            delivery_id,
            lambda: _confirm_live(delivery_id, form.link.data or ""),
            _("Kept: it is live."),
        )
    except Invalid as invalid:
        form.show(invalid.problems)
        with reading() as session:
            return _page(session, delivery_id, form), 422


def _confirm_live(delivery_id: int, link: str) -> None:
    """Read the linked post if necessary, outside of any transaction; then confirm the delivery."""
    viewer, now = actor(), ctx.now()
    with reading() as session:
        _delivery(session, delivery_id)
        manual_post = reconcile.post_to_find(
            session, actor=viewer, now=now, delivery_id=delivery_id, link=link
        )
    linked_post = manual.read_back(manual_post) if manual_post is not None else None
    with writing() as session:
        reconcile.confirm_live(
            session,
            actor=viewer,
            now=ctx.now(),
            delivery_id=delivery_id,
            link=link,
            linked_post=linked_post,
        )


@routes.post("/deliveries/<int:delivery_id>/send-again")
@for_action(Action.SETTLE_HELD)
def send_again(delivery_id: int) -> Page:
    """Send a held delivery again, after a person saw that it is not live."""
    return _run_in_transaction(
        delivery_id,
        lambda session: reconcile.send_again(
            session, actor=actor(), now=ctx.now(), delivery_id=delivery_id
        ),
        _("It is sent once more."),
    )


def _run_in_transaction(delivery_id: int, action: DeliveryAction, done_message: str) -> Page:
    """Run an action on a visible delivery in one transaction."""

    def act() -> None:
        with writing() as session:
            _delivery(session, delivery_id)
            action(session)

    return _run(delivery_id, act, done_message)


def _run(delivery_id: int, act: Callable[[], None], done_message: str) -> Page:
    """Run an action; a refusal is shown on the delivery's page."""
    try:
        act()
    except FreshSignInRequired:
        return prove_page(form_recovery.keep_act())
    except NotAllowed as refusal:
        with reading() as session:
            message = refusal_sentence(refusal)
            return _page(session, delivery_id, PlatformLinkForm(), message=message), 409
    flash(done_message)
    return redirect(url_for("deliveries.show", delivery_id=delivery_id))
