"""What leaves: each delivery, what became of it, and deciding what the machine cannot."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug import Response
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
from publisher.reports.problems import troubles
from publisher.scheduling import schedule
from publisher.validation import Invalid
from web.core import form_recovery
from web.core.auth import actor, reads
from web.core.context import ctx
from web.core.i18n import _, _l
from web.core.permissions import for_action, for_roles
from web.core.sign_in_page import prove_page
from web.deliveries import holds, manual
from web.emergency.summary import lane_of
from web.forms import Form
from web.messages.names import person_name
from web.messages.refusals import refusal_sentence
from web.previews import previews_of

routes = Blueprint("deliveries", __name__)
Page = Response | str | tuple[str, int]


class PlatformLinkForm(Form):
    """The link of what a person saw on the platform."""

    link = StringField(_l("Link of the post"))


@routes.get("/decisions")
@for_action(Action.SETTLE_HELD, Action.SCHEDULE, Action.SEE_ATTEMPTS)
@reads
def board(session: Session) -> Page:
    """Everything that does not go on without a person."""
    return render_template(
        "deliveries/board.html",
        rows=decisions(session, actor=actor(), now=ctx.now()),
        beside=troubles(session, actor=actor()),
        lane=lane_of(session),
        braked=problems.braked(session, actor=actor(), now=ctx.now()),
        may_move=may(actor(), Action.SCHEDULE, None),
    )


@routes.get("/deliveries/<int:delivery_id>")
@for_roles()
@reads
def show(session: Session, delivery_id: int) -> Page:
    """One delivery: what leaves, when, what became of it, and what can be done."""
    return _page(session, delivery_id, PlatformLinkForm())


def _page(session: Session, delivery_id: int, form: PlatformLinkForm, *, happened: str = "") -> str:
    delivery, post = _delivery(session, delivery_id)
    revision = delivery.variant.revision
    view = next(one for one in previews_of(revision) if one.variant.id == delivery.variant_id)
    return render_template(
        "deliveries/delivery.html",
        delivery=delivery,
        post=post,
        view=view,
        form=form,
        happened=happened,
        acts=_acts(delivery),
        kept=holds.kept(session, delivery),
        by_hand=_by_hand(session, delivery),
        reads_answers=may(actor(), Action.SEE_RAW_ANSWER, post.department_id),
        patience_ends=(delivery.sending_at or ctx.now()) + reconcile.PATIENCE,
        attempts=_attempts(delivery),
    )


def _delivery(session: Session, delivery_id: int) -> tuple[Delivery, Post]:
    delivery = schedule.delivery_for(session, delivery_id)
    return delivery, drafts.post_for(session, actor=actor(), post_id=delivery.post_id)


def _acts(delivery: Delivery) -> frozenset[Action]:
    """What this actor may do about it, by right; whether it can be done is the state's."""
    asked = (
        *(Action.SCHEDULE, Action.CANCEL, Action.PUBLISH_NOW, Action.SETTLE_HELD),
        Action.PUBLISH_BY_HAND,
    )
    department_id = delivery.post.department_id
    return frozenset(one for one in asked if may(actor(), one, department_id))


def _by_hand(session: Session, delivery: Delivery) -> str:
    """Who published it by hand; empty where the system did."""
    receipt = delivery.receipt
    if receipt is None or receipt.origin is not ReceiptOrigin.BY_HAND or receipt.person_id is None:
        return ""
    return person_name(session.get_one(Person, receipt.person_id))


def _attempts(delivery: Delivery) -> list[object]:
    if may(actor(), Action.SEE_ATTEMPTS, delivery.post.department_id):
        return list(delivery.attempts)
    return []


Use = Callable[[Session], object]


@routes.post("/deliveries/<int:delivery_id>/cancel")
@for_action(Action.CANCEL)
def cancel(delivery_id: int) -> Page:
    """Cancel a delivery that has not left."""
    return _act(
        delivery_id,
        lambda session: schedule.cancel(
            session, actor=actor(), now=ctx.now(), delivery_id=delivery_id
        ),
        _("It is cancelled; the post stays approved."),
    )


@routes.post("/deliveries/<int:delivery_id>/live")
@for_action(Action.SETTLE_HELD)
def it_is_live(delivery_id: int) -> Page:
    """A person saw a held delivery on the platform."""
    form = PlatformLinkForm()
    try:
        return _told(
            delivery_id, lambda: _live(delivery_id, form.link.data or ""), _("Kept: it is live.")
        )
    except Invalid as invalid:
        form.show(invalid.problems)
        with ctx.database.reading() as session:
            return _page(session, delivery_id, form), 422


def _live(delivery_id: int, link: str) -> None:
    """Look for what the link alone does not tell, outside of any transaction; then keep it."""
    who, now = actor(), ctx.now()
    with ctx.database.reading() as session:
        _delivery(session, delivery_id)
        wanted = reconcile.unconfirmed_deliveries(
            session, actor=who, now=now, delivery_id=delivery_id, link=link
        )
    found = manual.read_back(wanted) if wanted is not None else None
    with ctx.database.transaction() as session:
        reconcile.confirm_live(
            session, actor=who, now=ctx.now(), delivery_id=delivery_id, link=link, linked_post=found
        )


@routes.post("/deliveries/<int:delivery_id>/send-again")
@for_action(Action.SETTLE_HELD)
def send_again(delivery_id: int) -> Page:
    """A person looked, and a held delivery is not live."""
    return _act(
        delivery_id,
        lambda session: reconcile.send_again(
            session, actor=actor(), now=ctx.now(), delivery_id=delivery_id
        ),
        _("It is sent once more."),
    )


def _act(delivery_id: int, use: Use, said: str) -> Page:
    """Carry out an act on a delivery in sight, in one transaction."""

    def act() -> None:
        with ctx.database.transaction() as session:
            _delivery(session, delivery_id)
            use(session)

    return _told(delivery_id, act, said)


def _told(delivery_id: int, act: Callable[[], None], said: str) -> Page:
    """Carry out an act; a refusal is told on the delivery's own page."""
    try:
        act()
    except FreshSignInRequired:
        return prove_page(form_recovery.keep_act())
    except NotAllowed as refusal:
        with ctx.database.reading() as session:
            happened = refusal_sentence(refusal)
            return _page(session, delivery_id, PlatformLinkForm(), happened=happened), 409
    flash(said)
    return redirect(url_for("deliveries.show", delivery_id=delivery_id))
