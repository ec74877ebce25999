"""Whose turn it is with alerts, and with emergency templates and their uses, as rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from publisher.delivery.monitoring import poll
from publisher.emergency import alerts, ratification, template_approval, template_editing
from publisher.models.deliveries import Delivery
from publisher.models.posts import Language
from publisher.people import absences, roster
from publisher.platforms.base.protocol import OutcomeUnknown, RefusalCode, Refused
from publisher.scheduling import schedule
from publisher.states import DeliveryState
from publisher.tasks.tick import tick_tasks
from publisher.working_time import local_day
from tests.support import emergency_steps
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, MINUTE
from tests.tasks.open_tasks import open_tasks

BOTH = (Language.MARATHI, Language.ENGLISH)

Tasks = list[tuple[str, int, str]]


def look(town: City, after: timedelta = timedelta(0)) -> None:
    town.clock.move(after)
    tick_tasks(town.database, now=town.clock)


def waits(kind: str, subject_id: int, *names: str) -> Tasks:
    return [(kind, subject_id, name) for name in sorted(names)]


def alerted(town: City, *, by: str = "clerk") -> int:
    """Let X refuse a text of a warning, and call those on duty; return the alert's id."""
    town.platform("x").fail_next(Refused(RefusalCode.PERMISSION))
    emergency_steps.publish_new(town, by=by)
    town.tick_dispatch()
    alerts.tick_alerts(town.database, sms=emergency_steps.NO_SMS, now=town.clock)
    ((_kind, alert_id, _name), *_others) = open_tasks(town, "alerts")
    return alert_id


def alert_tasks(town: City) -> list[str]:
    return [name for _kind, _id, name in open_tasks(town, "alerts")]


def use_tasks(town: City) -> Tasks:
    return open_tasks(town, "emergency_uses")


def decide(town: City, use_id: int, *, by: str = "second", refuses: bool = False) -> None:
    with town.write() as session:
        actor = town.actor(by)
        if refuses:
            reason = "चूक."
            ratification.refuse(session, actor=actor, now=town.now, use_id=use_id, reason=reason)
        else:
            ratification.ratify(session, actor=actor, now=town.now, use_id=use_id)


def refused(town: City, *, by: str = "clerk") -> int:
    use_id = emergency_steps.publish_new(town, by=by)
    town.tick_dispatch()
    decide(town, use_id, refuses=True)
    return use_id


def away(town: City, *names: str) -> None:
    for name in names:
        with town.write() as session:
            absences.record(
                session,
                actor=town.actor("lead"),
                now=town.now,
                person_id=town.people[name],
                from_on=None,
                until_on=local_day(town.now),
            )


def test_an_alert_waits_for_the_lead_and_all_on_duty_until_one_takes_it(town: City) -> None:
    alert_id = alerted(town)
    assert open_tasks(town, "alerts") == waits("alert", alert_id, "clerk", "lead")
    emergency_steps.add_duty(town, "member")
    assert alert_tasks(town) == ["clerk", "lead", "member"]
    with town.write() as session:
        alerts.take(session, actor=town.actor("member"), now=town.now, alert_id=alert_id)
    assert open_tasks(town, "alerts") == []


def test_an_alert_is_over_once_its_delivery_is_no_longer_in_trouble(town: City) -> None:
    alerted(town)
    with town.write() as session:
        failed = select(Delivery.id).where(Delivery.state == DeliveryState.FAILED)
        delivery_id, actor = session.scalars(failed).one(), town.actor("lead")
        schedule.cancel(session, actor=actor, now=town.now, delivery_id=delivery_id)
    alerts.tick_alerts(town.database, sms=emergency_steps.NO_SMS, now=town.clock)
    assert open_tasks(town, "alerts") == []


def test_who_comes_on_duty_or_leaves_by_time_has_the_alert_then(town: City) -> None:
    alerted(town)
    emergency_steps.signed_in(town, "member")
    with town.write() as session:
        begins = town.now + HOUR
        roster.put_on(
            session,
            actor=town.actor("admin"),
            now=town.now,
            person_id=town.people["member"],
            from_at=begins,
            until_at=begins + HOUR,
        )
    assert alert_tasks(town) == ["clerk", "lead"]
    look(town, HOUR)
    assert alert_tasks(town) == ["clerk", "lead", "member"]
    look(town, HOUR)
    assert alert_tasks(town) == ["clerk", "lead"]
    look(town, 12 * HOUR)
    assert alert_tasks(town) == ["lead"]


def test_who_is_taken_off_duty_leaves_office_or_is_disabled_has_no_alert(town: City) -> None:
    alerted(town)
    duty_ids = {
        name: emergency_steps.add_duty(town, name)
        for name in ("auditor", "lead", "member", "road_member")
    }
    assert alert_tasks(town) == ["auditor", "clerk", "lead", "member", "road_member"]
    with town.write() as session:
        actor, duty_id = town.actor("admin"), duty_ids["auditor"]
        roster.take_off(session, actor=actor, now=town.now, duty_id=duty_id)
    assert alert_tasks(town) == ["clerk", "lead", "member", "road_member"]
    town.end("member")
    assert alert_tasks(town) == ["clerk", "lead", "road_member"]
    town.disable("road_member")
    assert alert_tasks(town) == ["clerk", "lead"]


def test_a_use_waits_for_the_officers_until_one_ratifies_it(town: City) -> None:
    use_id = emergency_steps.publish_new(town)
    assert use_tasks(town) == waits("use_to_ratify", use_id, "first", "second")
    town.tick_dispatch()
    decide(town, use_id)
    assert use_tasks(town) == []


def test_who_published_it_is_not_asked_to_ratify_it(town: City) -> None:
    use_id = emergency_steps.publish_new(town, by="first")
    assert use_tasks(town) == waits("use_to_ratify", use_id, "second")
    away(town, "second")
    assert use_tasks(town) == waits("use_to_ratify", use_id, "head", "second")
    town.end("second")
    assert use_tasks(town) == waits("use_to_ratify", use_id, "head")
    look(town, DAY)


def test_an_overdue_use_waits_for_everybody_of_the_department_s_offices(town: City) -> None:
    use_id = emergency_steps.publish_new(town, by="first")
    look(town, DAY - MINUTE)
    assert use_tasks(town) == waits("use_to_ratify", use_id, "second")
    look(town, MINUTE)
    assert use_tasks(town) == waits("use_to_ratify", use_id, "head", "second")
    decide(town, use_id, by="head")
    assert use_tasks(town) == []


def test_a_refused_use_that_is_live_waits_for_the_cell(town: City) -> None:
    use_id = refused(town)
    assert use_tasks(town) == waits("use_to_correct", use_id, "cell")


def test_a_refused_use_that_did_not_leave_waits_for_nobody(town: City) -> None:
    use_id = emergency_steps.publish_new(town)
    decide(town, use_id, refuses=True)
    assert use_tasks(town) == []


def test_a_refused_use_that_may_be_live_waits_until_it_is_known(town: City) -> None:
    use_id = emergency_steps.publish_new(town)
    town.platform("x").fail_next(OutcomeUnknown("reset"))
    town.tick_dispatch()
    decide(town, use_id, refuses=True)
    assert use_tasks(town) == waits("use_to_correct", use_id, "cell")


def test_a_corrected_use_waits_for_nobody(town: City) -> None:
    use_id = refused(town)
    post_id = emergency_steps.post_of(town, use_id)
    town.save(post_id, languages=BOTH, text="दुरुस्ती: कात्रज नव्हे, कोंढवा.")
    town.send(post_id)
    town.approve(post_id, by="first")
    town.schedule(post_id, MINUTE)
    assert use_tasks(town) == waits("use_to_correct", use_id, "cell")
    town.tick_dispatch(2 * MINUTE)
    assert use_tasks(town) == []


def test_a_refused_use_that_is_gone_from_everywhere_waits_for_nobody(town: City) -> None:
    use_id = refused(town)
    poll.tick_watching(town.context)
    for delivery in emergency_steps.deliveries(town, use_id):
        platform = town.platforms[delivery.account_id]
        platform.somebody_deletes(town.platform_id(delivery.id))
    for _look in range(100):
        town.clock.move(HOUR / 4)
        poll.tick_watching(town.context)
    look(town)
    assert use_tasks(town) == []


def test_a_template_waits_for_the_officers_until_one_decides(town: City) -> None:
    template_id = emergency_steps.add_template(town)
    officers = waits("template_to_approve", template_id, "first", "second")
    assert open_tasks(town, "emergency_templates") == officers
    away(town, "first", "second")
    with_head = waits("template_to_approve", template_id, "first", "head", "second")
    assert open_tasks(town, "emergency_templates") == with_head
    look(town, DAY)
    assert open_tasks(town, "emergency_templates") == officers
    emergency_steps.approve_template(town, template_id)
    assert open_tasks(town, "emergency_templates") == []


def test_a_new_revision_of_a_returned_template_waits_again_until_it_ends(town: City) -> None:
    template_id = emergency_steps.add_template(town)
    with town.write() as session:
        template_approval.return_template(
            session,
            actor=town.actor("first"),
            now=town.now,
            template_id=template_id,
            seen_revision=1,
            reason="चूक.",
        )
    assert open_tasks(town, "emergency_templates") == []
    form = replace(emergency_steps.FORM, department_id=town.departments["road"])
    with town.write() as session:
        template_editing.change(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            template_id=template_id,
            seen_revision=1,
            form=form,
        )
    road_officer = waits("template_to_approve", template_id, "road_officer")
    assert open_tasks(town, "emergency_templates") == road_officer
    with town.write() as session:
        actor = town.actor("clerk")
        template_editing.end(session, actor=actor, now=town.now, template_id=template_id)
    assert open_tasks(town, "emergency_templates") == []
