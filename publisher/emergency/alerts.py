"""Alerts: an urgent delivery in trouble notifies the duty roster until someone takes it."""

from __future__ import annotations

from collections.abc import Callable, Container
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session, joinedload

from approvals.errors import Overtaken, WrongRole
from approvals.policy import CLOCK, Action, Actor, may
from publisher import transitions
from publisher.database.noted_changes import note_changed
from publisher.database.session import Database
from publisher.delivery import platform_credits
from publisher.models.deliveries import Account, Delivery
from publisher.models.emergency import Alert
from publisher.models.posts import Variant
from publisher.notifications import compose, links
from publisher.notifications.kinds import NoticeKind
from publisher.notifications.sms import choose_template
from publisher.people import responsibility, roster
from publisher.settings.sms import Sms
from publisher.states import UNSENT, DeliveryState
from publisher.validation import existing, person_of

AGAIN_AFTER = timedelta(minutes=10)
PATIENCE = timedelta(minutes=2)
"""The time that an urgent delivery may be overdue before that raises an alert."""

AT_ONCE = 50


class Trouble(StrEnum):
    """The kinds of trouble of an urgent delivery that is not live."""

    FAILED = "failed"
    HELD = "held"
    MISSED = "missed"
    #: unsent, and overdue by more than `PATIENCE`
    WAITING = "waiting"
    #: refused because the platform's credits are used up, or not looked for because of that
    CREDITS = "credits"


_OVER = {
    DeliveryState.FAILED: Trouble.FAILED,
    DeliveryState.HELD: Trouble.HELD,
    DeliveryState.MISSED: Trouble.MISSED,
}


def tick_alerts(database: Database, *, sms: Sms, now: Callable[[], datetime]) -> int:
    """Raise new alerts, settle old ones, and notify again; return the number of alerts notified.

    Notices go by mail, and by SMS as well if a template of this kind is registered.
    """
    with database.transaction() as session:
        at = now()
        unsettled = (
            select(Alert)
            .where(Alert.settled_at.is_(None))
            .options(joinedload(Alert.delivery))
            .with_for_update(skip_locked=True, of=Alert)
        )
        unpaid = platform_credits.outages(session)
        for alert in session.scalars(unsettled).all():
            trouble = find_trouble(alert.delivery, unpaid, now=at)
            is_same = trouble is not None and trouble.value == alert.trouble
            if not is_same or _trouble_start(alert.delivery) != alert.since_at:
                alert.settled_at = at
                _note(session, alert, at)
        _raise_new(session, now=at)
        session.flush()
        to_call = (
            select(Alert)
            .where(is_open(), or_(Alert.told_at.is_(None), Alert.told_at <= at - AGAIN_AFTER))
            .order_by(Alert.id)
            .limit(AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        return sum(_call(session, alert, sms, now=at) for alert in session.scalars(to_call).all())


def _raise_new(session: Session, *, now: datetime) -> None:
    """Add an alert for each urgent delivery in trouble that has none for this occasion."""
    is_unsent = Delivery.state.in_(UNSENT)
    is_waiting = and_(is_unsent, Delivery.due_at <= now - PATIENCE)
    in_trouble = or_(Delivery.state.in_(_OVER), is_waiting, _lacks_credits())
    has_alert = exists().where(
        Alert.delivery_id == Delivery.id,
        Alert.since_at == case((is_unsent, Delivery.due_at), else_=Delivery.state_at),
        # People notified that it waits are also notified that it was refused, and vice versa.
        (Alert.trouble == Trouble.CREDITS) == _lacks_credits(),
    )
    query = (
        select(Delivery)
        .where(Delivery.urgent.is_(True), in_trouble, ~has_alert)
        .order_by(Delivery.id)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    unpaid = platform_credits.outages(session)
    for delivery in session.scalars(query).all():
        trouble = find_trouble(delivery, unpaid, now=now)
        if trouble is not None:
            alert = Alert(
                delivery_id=delivery.id, trouble=trouble.value, since_at=_trouble_start(delivery)
            )
            session.add(alert)
            session.flush()
            _note(session, alert, now)


def _trouble_start(delivery: Delivery) -> datetime:
    return delivery.due_at if delivery.state in UNSENT else delivery.state_at


def _lacks_credits() -> ColumnElement[bool]:
    """Return a condition: it was refused for want of credits, or cannot be looked for."""
    was_refused = func.coalesce(Delivery.reason["code"].as_string(), "") == platform_credits.CODE
    no_credits = platform_credits.has_no_credits()
    cannot_be_read = exists().where(Account.id == Delivery.account_id, no_credits)
    return or_(
        Delivery.state.in_(UNSENT) & was_refused,
        (Delivery.state == DeliveryState.UNCONFIRMED) & cannot_be_read.correlate(Delivery),
    )


def find_trouble(delivery: Delivery, unpaid: Container[str], *, now: datetime) -> Trouble | None:
    """Return the delivery's trouble at `now`; None if it is live, or not overdue.

    `unpaid` are the platforms without credits.
    """
    if delivery.state is DeliveryState.UNCONFIRMED:
        return Trouble.CREDITS if delivery.account.platform in unpaid else None
    if delivery.state not in UNSENT:
        return _OVER.get(delivery.state)
    if delivery.reason.get("code") == platform_credits.CODE:
        return Trouble.CREDITS
    return Trouble.WAITING if delivery.due_at <= now - PATIENCE else None


def _note(session: Session, alert: Alert, now: datetime) -> None:
    note_changed(session, alert.__tablename__, alert.id, now=now, is_by_person=False)


def is_open() -> ColumnElement[bool]:
    """Return the condition of the alerts that nobody has taken, and that are not settled."""
    return and_(Alert.taken_at.is_(None), Alert.settled_at.is_(None))


def _call(session: Session, alert: Alert, sms: Sms, *, now: datetime) -> bool:
    """Notify everyone on duty; if nobody is, those who look after accounts."""
    delivery = alert.delivery
    values = {
        "title": delivery.post.title,
        "account": delivery.account.name,
        "platform": delivery.account.platform,
        "language": delivery.variant.language,
        "trouble": alert.trouble,
        "due_at": delivery.due_at,
        "since_at": alert.since_at,
    }
    people = [duty.person for duty in roster.current_duties(session, now=now)]
    people = people or responsibility.people_of(responsibility.lead_and_admins(session, now=now))
    kind = NoticeKind.EMERGENCY_ALERT
    # Without a wait: alerts raised at the same moment still become one notice.
    queue = partial(compose.queue, session, kind=kind, path=links.EMERGENCY, values=values)
    for person in people:
        queue(person=person, now=now, post_id=delivery.post_id)
        registered = choose_template(sms, kind, person.language) is not None
        if registered and person.mobile is not None and person.mail is not None:
            # The mail is queued already: this is the SMS.
            queue(person=person, now=now, post_id=delivery.post_id, to=person.mobile)
    alert.told, alert.told_at = alert.told + 1, now
    transitions.record(session, alert, "call", actor=CLOCK, now=now, values={"told": alert.told})
    return True


def open_alerts(session: Session) -> list[Alert]:
    """Return the alerts that nobody has taken, the oldest first."""
    query = load_post_and_account(select(Alert)).where(is_open()).order_by(Alert.id)
    return list(session.scalars(query))


def list_taken_alerts(session: Session) -> list[Alert]:
    """Return the alerts that were taken and are not settled yet, the oldest first."""
    is_taken = (Alert.taken_at.is_not(None), Alert.settled_at.is_(None))
    query = load_post_and_account(select(Alert)).where(*is_taken).order_by(Alert.id)
    return list(session.scalars(query))


def load_post_and_account(query: Select[Alert]) -> Select[Alert]:
    """Load each alert together with what pages show of it."""
    delivery = joinedload(Alert.delivery)
    return query.options(
        delivery.joinedload(Delivery.post),
        delivery.joinedload(Delivery.account),
        delivery.joinedload(Delivery.variant).load_only(Variant.language),
        joinedload(Alert.taken_by),
    )


def take(session: Session, *, actor: Actor, now: datetime, alert_id: int) -> Alert:
    """Take an alert, which ends its notices. For people on duty, and the cell's lead.

    Raises `NotFound`, `WrongRole`, or `Overtaken` if someone else has taken it already.
    """
    if not may_take(session, actor=actor, now=now):
        raise WrongRole(role=actor.role, action=Action.SETTLE_HELD)
    alert = existing(
        session.get(Alert, alert_id, with_for_update=True, populate_existing=True), alert_id
    )
    if alert.taken_at is not None:
        if alert.taken_by_id == actor.person_id:
            return alert
        raise Overtaken
    alert.taken_at, alert.taken_by_id = now, person_of(actor)
    alert.taken_under_id = actor.appointment_id
    transitions.record(session, alert, "take", actor=actor, now=now)
    return alert


def may_take(session: Session, *, actor: Actor, now: datetime) -> bool:
    """Return True for people on duty, and for those who may settle held deliveries everywhere."""
    everywhere = may(actor, Action.SETTLE_HELD, None)
    return everywhere or roster.is_on_duty(session, actor, now=now)
