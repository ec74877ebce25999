"""What leaves and when: setting a time, changing it, and deciding what the machine cannot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug import Response
from wtforms import BooleanField, StringField
from wtforms.validators import InputRequired

from approvals.errors import FreshSignInRequired, NotAllowed
from approvals.policy import Action, may
from publisher.desk import drafting, scheduling, slots, timing
from publisher.desk.checking import Invalid, Missing, Problem
from publisher.models.calendar import QuietTime
from publisher.models.content import Post, Variant
from publisher.models.deliveries import Delivery, ReceiptOrigin
from publisher.models.people import Person
from publisher.office import reporting
from publisher.press import confirming
from publisher.words.when import BadWhen, parse_when
from publisher.worktime import local
from web import braked, by_hand, keeping
from web.acting import actor, reads
from web.emergency_waiting import lane_of
from web.fields import DayMonthYearField, MinutesField
from web.forms import Form
from web.house import house
from web.rules import for_action, for_roles
from web.showing import shown, variant_title
from web.signing_page import prove_page
from web.wording import person_name, refusal_sentence
from web.words import _, _l

routes = Blueprint("deliveries", __name__)
Page = Response | str | tuple[str, int]


class TimeForm(Form):
    """A time in Asia/Kolkata, and how late it may still leave."""

    aliases = {"due_at": "day"}  # noqa: RUF012  read by the base class only

    day = DayMonthYearField(_l("Date"))
    clock = StringField(_l("Time"))
    late_limit = MinutesField(
        _l("Late limit in minutes"),
        default=timing.LATE_LIMIT,
        validators=[InputRequired(_l("Write a number of minutes."))],
    )
    despite_clash = BooleanField(_l("Keep this time all the same"))


class LinkForm(Form):
    """The link of what a person saw on the platform."""

    link = StringField(_l("Link of the post"))


@routes.get("/decisions")
@for_action(Action.SETTLE_HELD, Action.SCHEDULE, Action.SEE_ATTEMPTS)
@reads
def board(session: Session) -> Page:
    """Everything that does not go on without a person."""
    return render_template(
        "deliveries/board.html",
        rows=reporting.decisions(session, actor=actor(), now=house().now()),
        beside=reporting.troubles(session, actor=actor()),
        lane=lane_of(session),
        braked=reporting.braked(session, actor=actor(), now=house().now()),
        may_move=may(actor(), Action.SCHEDULE, None),
    )


@routes.get("/deliveries/<int:delivery_id>")
@for_roles()
@reads
def show(session: Session, delivery_id: int) -> Page:
    """One delivery: what leaves, when, what became of it, and what can be done."""
    return _page(session, delivery_id, LinkForm())


def _page(session: Session, delivery_id: int, form: LinkForm, *, happened: str = "") -> str:
    delivery, post = _delivery(session, delivery_id)
    revision = delivery.variant.revision
    view = next(one for one in shown(revision) if one.variant.id == delivery.variant_id)
    return render_template(
        "deliveries/delivery.html",
        delivery=delivery,
        post=post,
        view=view,
        form=form,
        happened=happened,
        acts=_acts(delivery),
        kept=braked.kept(session, delivery),
        by_hand=_by_hand(session, delivery),
        reads_answers=may(actor(), Action.SEE_RAW_ANSWER, post.department_id),
        patience_ends=(delivery.sending_at or house().now()) + confirming.PATIENCE,
        attempts=_attempts(delivery),
    )


def _delivery(session: Session, delivery_id: int) -> tuple[Delivery, Post]:
    delivery = scheduling.delivery_for(session, delivery_id)
    return delivery, drafting.post_for(session, actor=actor(), post_id=delivery.post_id)


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


@routes.route("/posts/<int:post_id>/variants/<int:variant_id>/schedule", methods=["GET", "POST"])
@for_action(Action.SCHEDULE)
def schedule(post_id: int, variant_id: int) -> Page:
    """Give a variant its time, or another one."""
    form = TimeForm()
    if request.method == "GET":
        return _time_page(post_id, variant_id, form)
    if filled := request.form.get("fill"):
        return _time_page(post_id, variant_id, _filled(form, filled))
    if not form.validate():
        return _time_page(post_id, variant_id, form), 422
    try:
        told = _schedule(post_id, variant_id, form)
    except Invalid as invalid:
        rest = form.show(invalid.problems)
        clash = any(one.code == "clash" for one in invalid.problems)
        return _time_page(post_id, variant_id, form, happened=rest, clash=clash), 422
    except NotAllowed as refusal:
        return _time_page(post_id, variant_id, form, happened=[refusal_sentence(refusal)]), 409
    flash(_("The time is set."))
    for sentence in told:
        flash(sentence, "amber")
    return redirect(url_for("posts.show", post_id=post_id))


def _filled(form: TimeForm, moment: str) -> TimeForm:
    """The form as it was typed, with this moment in it; what is no moment changes nothing."""
    try:
        at = local(datetime.fromisoformat(moment))
    except (ValueError, OverflowError):
        return form
    form.day.raw_data = None
    form.day.data, form.clock.data = at.date(), f"{at:%H:%M}"
    return form


def _variant(post: Post, variant_id: int) -> Variant:
    """The post's text of that id; raises `Missing`."""
    for revision in post.revisions:
        for one in revision.variants:
            if one.id == variant_id:
                return one
    raise Missing(variant_id)


def _schedule(post_id: int, variant_id: int, form: TimeForm) -> list[str]:
    """Read the time as it was typed and set it; gives what is to be said about it.

    Raises `Invalid` with whatever is wrong.
    """
    with house().database.transaction() as session:
        variant = _variant(drafting.post_for(session, actor=actor(), post_id=post_id), variant_id)
        try:
            due_at = parse_when(
                form.day.data.isoformat() if form.day.data else "", form.clock.data or ""
            )
        except BadWhen as bad:
            field = "day" if bad.code.field == "date" else "clock"
            raise Invalid([Problem(field, bad.code.value)]) from bad
        scheduling.schedule(
            session,
            actor=actor(),
            now=house().now(),
            variant_id=variant_id,
            due_at=due_at,
            late_limit=form.late_limit.data or 0,
            despite_clash=form.despite_clash.data,
        )
        quiet = slots.quiet_times(session)
        return [*_in_quiet(quiet, variant, due_at), *braked.in_freeze(session, variant, due_at)]


def _in_quiet(quiet: Sequence[QuietTime], variant: Variant, due_at: datetime) -> list[str]:
    if slots.quiet_at(quiet, variant.account_id, due_at) is None:
        return []
    return [_("It lies in a quiet time that the cell has set. It stays as you set it.")]


@reads
def _time_page(
    session: Session,
    post_id: int,
    variant_id: int,
    form: TimeForm,
    *,
    happened: list[str] | None = None,
    clash: bool = False,
) -> str:
    post = drafting.post_for(session, actor=actor(), post_id=post_id)
    variant = _variant(post, variant_id)
    view = next(one for one in shown(variant.revision) if one.variant.id == variant_id)
    return render_template(
        "deliveries/schedule.html",
        post=post,
        variant=variant,
        title=variant_title(variant),
        form=form,
        view=view,
        happened_lines=[(one, None) for one in happened or []],
        clash=clash,
        **_advice(session, post, variant),
    )


def _advice(session: Session, post: Post, variant: Variant) -> dict[str, object]:
    """The next free good times, and the quiet times, of the variant's account."""
    quiet = slots.quiet_times(session)
    delivery = next((one for one in post.deliveries if one.variant_id == variant.id), None)
    return {
        **braked.advice(session, post, variant, delivery),
        "quiet": [one for one in quiet if one.account_id in (None, variant.account_id)],
        "stands_quiet": delivery is not None
        and slots.quiet_at(quiet, variant.account_id, delivery.due_at) is not None,
    }


Use = Callable[[Session], object]


@routes.post("/deliveries/<int:delivery_id>/cancel")
@for_action(Action.CANCEL)
def cancel(delivery_id: int) -> Page:
    """Cancel a delivery that has not left."""
    return _act(
        delivery_id,
        lambda session: scheduling.cancel(
            session, actor=actor(), now=house().now(), delivery_id=delivery_id
        ),
        _("It is cancelled; the post stays approved."),
    )


@routes.post("/posts/<int:post_id>/variants/<int:variant_id>/publish-now")
@for_action(Action.PUBLISH_NOW)
def publish_now(post_id: int, variant_id: int) -> Page:
    """Publish a variant at once, after a fresh sign-in."""
    try:
        with house().database.transaction() as session:
            _variant(drafting.post_for(session, actor=actor(), post_id=post_id), variant_id)
            scheduling.publish_now(
                session, actor=actor(), now=house().now(), variant_ids=[variant_id]
            )
    except FreshSignInRequired:
        return prove_page(keeping.keep_act())
    flash(_("It leaves within seconds. Look again to see that it is live."))
    return redirect(url_for("posts.show", post_id=post_id))


@routes.post("/deliveries/<int:delivery_id>/live")
@for_action(Action.SETTLE_HELD)
def it_is_live(delivery_id: int) -> Page:
    """A person saw a held delivery on the platform."""
    form = LinkForm()
    try:
        return _told(
            delivery_id, lambda: _live(delivery_id, form.link.data or ""), _("Kept: it is live.")
        )
    except Invalid as invalid:
        form.show(invalid.problems)
        with house().database.reading() as session:
            return _page(session, delivery_id, form), 422


def _live(delivery_id: int, link: str) -> None:
    """Look for what the link alone does not tell, outside of any transaction; then keep it."""
    who, now = actor(), house().now()
    with house().database.reading() as session:
        _delivery(session, delivery_id)
        wanted = confirming.to_look_for(
            session, actor=who, now=now, delivery_id=delivery_id, link=link
        )
    found = by_hand.read_back(wanted) if wanted is not None else None
    with house().database.transaction() as session:
        confirming.it_is_live(
            session, actor=who, now=house().now(), delivery_id=delivery_id, link=link, found=found
        )


@routes.post("/deliveries/<int:delivery_id>/send-again")
@for_action(Action.SETTLE_HELD)
def send_again(delivery_id: int) -> Page:
    """A person looked, and a held delivery is not live."""
    return _act(
        delivery_id,
        lambda session: confirming.send_again(
            session, actor=actor(), now=house().now(), delivery_id=delivery_id
        ),
        _("It is sent once more."),
    )


def _act(delivery_id: int, use: Use, said: str) -> Page:
    """Carry out an act on a delivery in sight, in one transaction."""

    def act() -> None:
        with house().database.transaction() as session:
            _delivery(session, delivery_id)
            use(session)

    return _told(delivery_id, act, said)


def _told(delivery_id: int, act: Callable[[], None], said: str) -> Page:
    """Carry out an act; a refusal is told on the delivery's own page."""
    try:
        act()
    except FreshSignInRequired:
        return prove_page(keeping.keep_act())
    except NotAllowed as refusal:
        with house().database.reading() as session:
            happened = refusal_sentence(refusal)
            return _page(session, delivery_id, LinkForm(), happened=happened), 409
    flash(said)
    return redirect(url_for("deliveries.show", delivery_id=delivery_id))
