"""A failing urgent delivery alerts the people on duty repeatedly, until one takes the alert."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from approvals.errors import Overtaken, WrongRole
from publisher.delivery.controls import stop
from publisher.emergency.alerts import take, tick_alerts
from publisher.models.emergency import Alert
from publisher.models.notifications import Channel, Notice
from publisher.models.people import Person
from publisher.platforms.base.protocol import OutcomeUnknown, RefusalCode, Refused
from publisher.scheduling import schedule
from publisher.settings.sms import Sms, SmsTemplate
from publisher.states import DeliveryState
from tests.support import emergency_steps
from tests.support.city import PACE, City
from tests.support.city_people import HOUR, MINUTE
from tests.support.emergency_steps import NO_SMS

REGISTERED = replace(
    NO_SMS,
    sms_url="http://127.0.0.1:9/",
    sms_templates={"emergency_alert": SmsTemplate("1", "{#var#}", ("link",))},
)


def call(town: City, sms: Sms = NO_SMS) -> int:
    return tick_alerts(town.database, sms=sms, now=town.clock)


def called(town: City) -> list[str]:
    return town.notified("emergency_alert")


def alerts(town: City) -> list[Alert]:
    with town.read() as session:
        return list(session.scalars(select(Alert).order_by(Alert.id)))


def add_failed_use(town: City) -> int:
    """Return the id of a use one of whose texts X refused."""
    town.platform("x").fail_next(Refused(RefusalCode.PERMISSION))
    use_id = emergency_steps.publish_new(town)
    town.tick_dispatch()
    return use_id


def test_a_failed_one_calls_everybody_on_duty_at_once(town: City) -> None:
    add_failed_use(town)
    emergency_steps.add_duty(town, "member")
    assert call(town) == 1
    assert called(town) == ["clerk", "member"]
    assert [alert.trouble for alert in alerts(town)] == ["failed"]


def test_it_calls_again_every_ten_minutes_until_somebody_takes_it(town: City) -> None:
    add_failed_use(town)
    calls = []
    for minute in range(31):
        calls += [minute] * call(town)
        town.clock.move(MINUTE)
    assert calls == [0, 10, 20, 30]
    with town.write() as session:
        take(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            alert_id=alerts(town)[0].id,
        )
    town.clock.move(HOUR)
    assert call(town) == 0


@pytest.mark.both
def test_only_one_takes_it(town: City) -> None:
    add_failed_use(town)
    emergency_steps.add_duty(town, "member")
    call(town)
    alert_id = alerts(town)[0].id
    for name in ("clerk", "clerk"):
        with town.write() as session:
            take(session, actor=town.actor(name), now=town.now, alert_id=alert_id)
    with town.write() as session, pytest.raises(Overtaken):
        take(session, actor=town.actor("member"), now=town.now, alert_id=alert_id)
    with town.write() as session, pytest.raises(WrongRole):
        take(session, actor=town.actor("first"), now=town.now, alert_id=alert_id)


def test_a_held_one_calls(town: City) -> None:
    town.platform("x").fail_next(OutcomeUnknown("no answer"))
    emergency_steps.publish_new(town)
    town.tick_dispatch()
    assert call(town) == 0
    for _look in PACE.looks:
        town.tick_reconcile(16 * MINUTE)
    assert call(town) == 1
    assert [alert.trouble for alert in alerts(town)] == ["held"]


def test_a_stop_alerts_after_two_minutes_and_again_once_the_post_is_missed(town: City) -> None:
    with town.write() as session:
        stop.stop_all(session, actor=town.actor("lead"), now=town.now, reason="तपासणी")
    emergency_steps.publish_new(town)
    town.tick_dispatch()
    assert call(town) == 0
    town.tick_dispatch(2 * MINUTE)
    assert call(town) == 4
    town.tick_dispatch(HOUR)
    assert call(town) == 4
    assert {alert.trouble for alert in alerts(town) if alert.settled_at is None} == {"missed"}
    assert {alert.trouble for alert in alerts(town) if alert.settled_at} == {"waiting"}


def test_what_has_gone_well_in_the_end_calls_nobody(town: City) -> None:
    use_id = add_failed_use(town)
    call(town)
    broken = next(
        delivery
        for delivery in emergency_steps.deliveries(town, use_id)
        if delivery.state is DeliveryState.FAILED
    )
    with town.write() as session:
        schedule.schedule(
            session,
            actor=town.actor("lead"),
            now=town.now,
            variant_id=broken.variant_id,
            due_at=town.now,
            despite_clash=True,
        )
    town.tick_dispatch()
    town.clock.move(10 * MINUTE)
    assert call(town) == 0
    assert all(alert.settled_at for alert in alerts(town))


def test_what_is_not_urgent_calls_nobody(town: City) -> None:
    emergency_steps.add_duty(town)
    town.platform("x").fail_next(Refused(RefusalCode.PERMISSION))
    town.due(on=["x"])
    town.tick_dispatch()
    assert call(town) == 0


def test_where_nobody_is_on_duty_those_who_look_after_accounts_are_called(town: City) -> None:
    add_failed_use(town)
    town.clock.move(13 * HOUR)
    call(town)
    assert called(town) == ["admin", "lead"]


@pytest.mark.parametrize("registered", [True, False])
def test_it_goes_by_sms_too_where_a_template_of_the_kind_is_registered(
    town: City, *, registered: bool
) -> None:
    add_failed_use(town)
    with town.write() as session:
        session.get_one(Person, town.people["clerk"]).mobile = "+915550000199"
    call(town, REGISTERED if registered else NO_SMS)
    with town.read() as session:
        channels = session.scalars(select(Notice.channel).where(Notice.kind == "emergency_alert"))
        expected = {Channel.MAIL, Channel.SMS} if registered else {Channel.MAIL}
        assert set(channels) == expected
