"""The emergency work of everybody is that which the rules of `publisher.delivery` name."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Action, Actor, Role, scope_of
from publisher.emergency import queries, ratification, templates
from publisher.emergency.alerts import may_take, open_alerts
from publisher.emergency.queries import Owed, UseOutcome
from publisher.models.deliveries import ReceiptRow
from publisher.models.emergency import EmergencyTemplate
from publisher.models.people import Appointment
from publisher.models.posts import Language
from publisher.reports.emergency_work import emergency_work
from publisher.reports.tab_counts import overview_of
from publisher.tasks.tick import tick_tasks
from tests.support import emergency_steps
from tests.support.city import City, statements
from tests.support.city_people import HOUR, MINUTE

Scene = Callable[[City], object]
BOTH = (Language.MARATHI, Language.ENGLISH)


def refused(town: City, *, by: str = "clerk", live: bool = True) -> int:
    """Publish an emergency post that its department then refuses; return the use's id."""
    use_id = emergency_steps.publish_new(town, by=by)
    if live:
        town.tick_dispatch()
    with town.write() as session:
        ratification.refuse(
            session, actor=town.actor("second"), now=town.now, use_id=use_id, reason="चूक."
        )
    return use_id


def corrected(town: City) -> None:
    """Correct a refused post: by an edit on Facebook, and by a note below it on X."""
    post_id = emergency_steps.post_of(town, refused(town))
    town.save(post_id, languages=BOTH, text="दुरुस्ती: कात्रज नव्हे, कोंढवा.")
    town.send(post_id)
    town.approve(post_id, by="first")
    town.schedule(post_id, MINUTE)
    town.tick_dispatch(2 * MINUTE)


def gone_from_one_account(town: City) -> None:
    """Let one of the refused texts disappear from its platform."""
    refused(town)
    with town.write() as session:
        session.scalars(select(ReceiptRow)).all()[0].gone_at = town.now


def published_by_an_officer(town: City) -> None:
    """Publish by the first officer, so that the second one or the head decides."""
    emergency_steps.publish_new(town, by="first")


def without_officers(town: City) -> None:
    """Leave the department to its head, with a use to ratify and a template to approve."""
    emergency_steps.publish_new(town)
    emergency_steps.add_template(town)
    town.end("first")
    town.end("second")


def overdue(town: City) -> None:
    """Let the day for the department's decision pass."""
    emergency_steps.publish_new(town, by="first")
    town.clock.move(25 * HOUR)
    tick_tasks(town.database, now=town.clock)


SCENES: dict[str, Scene] = {
    "nothing": lambda _town: None,
    "a use to ratify": emergency_steps.publish_new,
    "a use of an officer": published_by_an_officer,
    "an overdue use": overdue,
    "no officers": without_officers,
    "a refused use that is live": refused,
    "a refused use that did not leave": lambda town: refused(town, live=False),
    "a refused use of a member": lambda town: refused(town, by="member"),
    "a corrected use": corrected,
    "a refused use that is gone in part": gone_from_one_account,
    "a template of the clerk": emergency_steps.add_template,
    "a template of another department": lambda town: emergency_steps.add_template(town, "road"),
}


@pytest.mark.ci
@pytest.mark.parametrize("scene", SCENES)
def test_the_work_of_every_person_follows_the_rules(town: City, scene: str) -> None:
    SCENES[scene](town)
    for name in town.roles:
        actor = town.actor(name)
        with town.read() as session:
            if not session.get_one(Appointment, actor.appointment_id).in_force(town.now):
                continue  # nobody acts under an appointment that has ended
            work = emergency_work(session, actor=actor, now=town.now)
            outcomes = queries.uses(session, actor=actor, now=town.now)
            assert [use.id for use in work.refused] == sorted(_refused(outcomes)), name
            assert {use.id for use in work.owed} == _owed(session, town, actor), name
            assert {template.id for template in work.templates} == _waiting(session, town, actor)
            takes = may_take(session, actor=actor, now=town.now)
            assert work.alerts == (open_alerts(session) if takes else [])
            assert (
                overview_of(session, actor=actor, now=town.now).counts.emergency == work.number
            ), name


def _refused(outcomes: list[UseOutcome]) -> list[int]:
    return [outcome.use.id for outcome in outcomes if outcome.owed is Owed.REFUSED]


def _owed(session: Session, town: City, actor: Actor) -> set[int]:
    """Return the uses that the actor can ratify, by the rules that `ratify` itself checks."""
    if scope_of(actor, Action.RATIFY) is None or actor.department_id is None:
        return set()
    outcomes = queries.uses(session, actor=town.actor("lead"), now=town.now)
    decisions = [
        (outcome, outcome.use.decision)
        for outcome in outcomes
        if outcome.owed in (Owed.OWED, Owed.OVERDUE)
    ]
    return {
        outcome.use.id
        for outcome, decision in decisions
        if decision.department_id == actor.department_id
        and decision.person_id != actor.person_id
        and (outcome.owed is Owed.OVERDUE or _can_decide(session, town, actor, decision.person_id))
    }


def _can_decide(session: Session, town: City, actor: Actor, without: int) -> bool:
    assert actor.department_id is not None
    able = templates.find_deciders(session, actor.department_id, [without], now=town.now)
    return actor.appointment_id in {candidate.appointment_id for candidate in able.everybody}


def _waiting(session: Session, town: City, actor: Actor) -> set[int]:
    """Return the templates whose newest revision the actor can approve."""
    if actor.role not in (Role.OFFICER, Role.HEAD):
        return set()
    newest = {
        template.id: templates.newest(template)
        for template in session.scalars(select(EmergencyTemplate))
        if template.department_id == actor.department_id
    }
    return {
        template_id
        for template_id, revision in newest.items()
        if not revision.decisions
        and actor.appointment_id
        in {
            candidate.appointment_id
            for candidate in templates.find_approvers(session, revision, now=town.now).everybody
        }
    }


@pytest.mark.twin
def test_it_is_read_by_three_queries_at_most(town: City) -> None:
    refused(town)
    emergency_steps.add_template(town)
    for name in ("lead", "first", "clerk", "member"):
        with town.read() as session, statements(town.database) as executed:
            emergency_work(session, actor=town.actor(name), now=town.now)
        assert len(executed) <= 3, name
