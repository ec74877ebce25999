"""Pages of deliveries: the decision board, a delivery, and the actions on it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from wtforms import StringField

from approvals.policy import Action, may
from publisher.delivery import reconcile
from publisher.models.deliveries import OF_TEXTS, Delivery, ReceiptOrigin
from publisher.models.monitoring import UnreadLink
from publisher.models.people import Person
from publisher.reports import decision_board, problems
from publisher.reports.board_rows import find_passed_date
from publisher.reports.decision_board import MOST_LINES
from publisher.reports.problems import problem_summary
from publisher.scheduling import schedule
from publisher.scheduling.undo import undo_cancel
from publisher.states import PUBLISHABLE_BY_HAND, RESCHEDULABLE, STUCK, UNSENT, DeliveryState
from publisher.undo import newest_event
from publisher.working_time import local_day
from web.core import form_recovery
from web.core.auth import actor, actor_now, reads, writing
from web.core.context import ctx
from web.core.database import reading
from web.core.form_views import handle_form
from web.core.i18n import _, _l
from web.core.permissions import Page, allow_action, allow_roles
from web.core.undo import flash_with_undo, undone
from web.deliveries import holds, manual
from web.emergency.summary import load_work
from web.forms import Form, number_of
from web.messages.names import person_name
from web.previews import make_preview

routes = Blueprint("deliveries", __name__)


class PlatformLinkForm(Form):
    """The link of a post that a person saw on the platform."""

    link = StringField(_l("Link of the post"))


@routes.get("/decisions")
@allow_action(Action.SETTLE_HELD, Action.SCHEDULE, Action.SEE_ATTEMPTS)
@reads
def board(session: Session) -> Page:
    """List everything that needs a person's decision, one line per post."""
    page = max(number_of(request.args.get("page")), 1)
    skip = (page - 1) * MOST_LINES
    return render_template(
        "deliveries/board.html",
        board=decision_board.board(session, **actor_now(), skip=skip),
        skip=skip,
        previous_href=url_for("deliveries.board", page=page - 1) if page > 1 else None,
        next_href=url_for("deliveries.board", page=page + 1),
        summary=problem_summary(session, actor=actor()),
        lane=load_work(session),
        held_deliveries=problems.count_held_deliveries(session, **actor_now()),
        may_move=may(actor(), Action.SCHEDULE, None),
    )


@routes.get("/deliveries/<int:delivery_id>")
@allow_roles()
def show(delivery_id: int) -> Page:
    """Show a delivery: its text, time, attempts and possible actions."""
    return _delivery_page(PlatformLinkForm(), delivery_id)


@reads
def _delivery_page(session: Session, form: PlatformLinkForm, delivery_id: int) -> str:
    delivery, post = manual.delivery_and_post(session, delivery_id)
    department_id = delivery.post.department_id
    return render_template(
        "deliveries/delivery.html",
        delivery=delivery,
        post=post,
        preview=make_preview(delivery.variant),
        form=form,
        acts=frozenset(
            action
            for action, states in _ACTIONS.items()
            if delivery.state in states and may(actor(), action, department_id)
        ),
        hold_sentence=holds.hold_sentence(session, delivery),
        manual_publisher=_manual_publisher(session, delivery),
        unread_link=session.get(UnreadLink, delivery_id),
        may_read_answers=may(actor(), Action.SEE_RAW_ANSWER, post.department_id),
        resend_from=(delivery.sending_at or ctx.now()) + reconcile.RESEND_WAIT,
        attempts=list(delivery.attempts)
        if may(actor(), Action.SEE_ATTEMPTS, department_id)
        else [],
        passed=find_passed_date(delivery.variant.text, local_day(ctx.now())),
    )


# The actions on a delivery, each with the states in which it is offered.
_ACTIONS: Mapping[Action, Collection[DeliveryState]] = {
    Action.SCHEDULE: RESCHEDULABLE,
    Action.PUBLISH_NOW: RESCHEDULABLE,
    Action.PUBLISH_BY_HAND: PUBLISHABLE_BY_HAND,
    Action.CANCEL: (*UNSENT, *STUCK),
    Action.SETTLE_HELD: (DeliveryState.HELD,),
}


def _manual_publisher(session: Session, delivery: Delivery) -> str:
    """Return the name of the person who published it by hand; empty if the system did."""
    receipt = delivery.receipt
    if receipt is None or receipt.origin is not ReceiptOrigin.BY_HAND or receipt.person_id is None:
        return ""
    return person_name(session.get_one(Person, receipt.person_id), receipt.published_at)


@routes.post("/deliveries/<int:delivery_id>/cancel")
@allow_action(Action.CANCEL)
@handle_form(PlatformLinkForm, shown_by=_delivery_page)
def cancel(_form: PlatformLinkForm, delivery_id: int) -> Page:
    """Cancel a delivery that has not been sent."""
    with writing() as session:
        manual.delivery_and_post(session, delivery_id)
        delivery = schedule.cancel(session, **actor_now(), delivery_id=delivery_id)
        event_id = newest_event(session, delivery).id
        can_undo = delivery.action in OF_TEXTS and delivery.due_at > ctx.now()
    undo_path = url_for("deliveries.undo", delivery_id=delivery_id, event_id=event_id)
    flash_with_undo(_("Cancelled. The post is still approved."), undo_path if can_undo else "")
    return redirect(url_for("deliveries.show", delivery_id=delivery_id))


@routes.post("/deliveries/<int:delivery_id>/undo/<int:event_id>")
@allow_action(Action.CANCEL)
def undo(delivery_id: int, event_id: int) -> Page:
    """Undo what was just done: cancelling the delivery."""

    def schedule_again(session: Session) -> None:
        manual.delivery_and_post(session, delivery_id)
        undo_cancel(
            session,
            **actor_now(),
            delivery_id=delivery_id,
            event_id=event_id,
            within=ctx.settings.scheduling.undo,
        )

    undone(schedule_again, _("Undone. It is scheduled for the same time again."))
    return redirect(url_for("deliveries.show", delivery_id=delivery_id))


@routes.post("/deliveries/<int:delivery_id>/live")
@allow_action(Action.SETTLE_HELD)
@handle_form(PlatformLinkForm, shown_by=_delivery_page)
def it_is_live(form: PlatformLinkForm, delivery_id: int) -> Page:
    """Confirm that a held delivery is live; its post is read from the platform if necessary."""
    link = form.link.data or ""
    with reading() as session:
        manual.delivery_and_post(session, delivery_id)
        manual_post = reconcile.post_to_find(
            session, **actor_now(), delivery_id=delivery_id, link=link
        )
    linked_post = manual.read_back(manual_post) if manual_post is not None else None
    with writing() as session:
        reconcile.confirm_live(
            session, **actor_now(), delivery_id=delivery_id, link=link, linked_post=linked_post
        )
    flash(_("Recorded as published."))
    return redirect(url_for("deliveries.show", delivery_id=delivery_id))


@routes.post("/deliveries/<int:delivery_id>/send-again")
@allow_action(Action.SETTLE_HELD)
@handle_form(PlatformLinkForm, shown_by=_delivery_page)
def send_again(_form: PlatformLinkForm, delivery_id: int) -> Page:
    """Send a held delivery again, after a person saw that it is not live."""
    with writing() as session:
        delivery, _post = manual.delivery_and_post(session, delivery_id)
        title = make_preview(delivery.variant).title
        form_recovery.name_act(f"{_('Not published: send again')}: {title}")
        reconcile.send_again(session, **actor_now(), delivery_id=delivery_id)
    flash(_("Sending again."))
    return redirect(url_for("deliveries.show", delivery_id=delivery_id))
