"""Every state × action × role × own or other department × author or not, on a database.

The expected results are in the three tables below, written by hand from the design.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.errors import (
    FourEyesRequired,
    NotAllowed,
    NotApproved,
    StaleRevision,
    WrongRole,
    WrongState,
)
from approvals.policy import Actor, ActorKind, Role
from approvals.states import PostState
from publisher.database.session import migrate
from publisher.models.deliveries import Delivery
from publisher.models.history import Event
from publisher.models.posts import Post
from publisher.review import decide, withdraw
from publisher.scheduling.post_schedule import publish_now
from publisher.scheduling.schedule import cancel, schedule
from tests.support import post_steps, runs, sqlite
from tests.support.city_people import DAY, HOUR, NOON, CityPeople, add_appointment
from tests.support.fixtures import people_on
from tests.support.postgres import Server

ANY, OWN, HEADED = "any", "own", "own, where no officer can"

# Who may: "approve, return, reject, withdraw approval: officer own; head own, as above", …
MAY: dict[str, dict[str, str]] = {
    "approve": {"officer": OWN, "head": HEADED},
    "return": {"officer": OWN, "head": HEADED},
    "reject": {"officer": OWN, "head": HEADED},
    "withdraw_approval": {"officer": OWN, "head": HEADED},
    "withdraw_post": {"cell_lead": ANY, "officer": OWN, "head": OWN},
    "send_for_review": {"cell_lead": ANY, "cell": ANY},
    "schedule": {"cell_lead": ANY, "cell": ANY},
    "publish_now": {"cell_lead": ANY, "cell": ANY},
    "cancel": {"cell_lead": ANY, "cell": ANY, "officer": OWN, "head": OWN},
    "save": {"cell_lead": ANY, "cell": ANY},
}
# What becomes of the post, or why nothing does. Every state is reached by a second revision whose
# first one had been approved and scheduled, so that a delivery exists in each.
GRID = """
                   draft       in_review   approved    rejected    withdrawn
approve            wrong       approved    wrong       wrong       wrong
return             wrong       draft       wrong       wrong       wrong
reject             wrong       rejected    wrong       wrong       wrong
withdraw_approval  wrong       none_stands in_review   wrong       wrong
withdraw_post      withdrawn   withdrawn   withdrawn   withdrawn   wrong
send_for_review    in_review   wrong       wrong       wrong       wrong
schedule           wrong       wrong       approved    wrong       wrong
publish_now        wrong       wrong       approved    wrong       wrong
cancel             wrong       wrong       approved    wrong       wrong
save               draft       draft       draft       draft       wrong
"""
ERRORS: dict[str, type[NotAllowed]] = {"wrong": WrongState, "none_stands": NotApproved}
STATES, *ROWS = [line.split() for line in GRID.strip().splitlines()]
BECOMES = {
    (state, row[0]): ERRORS.get(word, word)
    for row in ROWS
    for state, word in zip(STATES, row[1:], strict=True)
}
# Which of them name the revision that was looked at, and which of them four eyes bind.
SEEING = {"approve", "return", "reject", "withdraw_approval", "send_for_review", "save"}
FOUR_EYES = {"approve"}

ROLES = ["admin", "cell_lead", "cell", "officer", "head", "member", "oversight", "auditor"]


class Departments(NamedTuple):
    """The post's department, and the department of the actor's appointment."""

    owner: str
    where: str


# In `water` officers can act; `health` has none, so its head approves.
PLACES = [
    Departments("water", "water"),
    Departments("water", "road"),
    Departments("health", "health"),
    Departments("health", "road"),
]


class Case(NamedTuple):
    """The actor, the post, and the revision that the actor saw."""

    role: str
    place: Departments
    wrote: bool
    stale: bool


def cases(action: str) -> Iterator[Case]:
    """Yield people of every role, in the post's and other departments, with old revisions too."""
    for role in ROLES:
        for place in PLACES:
            if role == "officer" and place.where == "health":
                continue  # health has to stay without an officer
            for wrote in (False, True)[: 1 + (place != Departments("health", "road"))]:
                for stale in (False, True)[: 1 + (action in SEEING)]:
                    yield Case(role, place, wrote, stale)


def expected(state: str, action: str, case: Case) -> str | type[NotAllowed]:
    """Return the design's result: permission, then stale, then wrong state, then four eyes."""
    reach = MAY[action].get(case.role)
    own = case.place.owner == case.place.where
    if not (reach == ANY or (own and (reach == OWN or (reach == HEADED and is_headed(case))))):
        return WrongRole
    if case.stale and action in SEEING:
        return StaleRevision
    if action in FOUR_EYES and case.wrote and state == "in_review":
        return FourEyesRequired
    return BECOMES[state, action]


def is_headed(case: Case) -> bool:
    return case.place.owner == "health"


@dataclass(frozen=True)
class CaseCity:
    """A city with people of every role, and a post in every state by every author."""

    city: CityPeople
    actors: dict[tuple[str, str], Actor]
    writing: dict[int, Actor]
    approvers: dict[str, Actor]
    posts: dict[tuple[str, str, int], int]

    def actor(self, case: Case) -> Actor:
        return self.actors[case.role, case.place.where]

    def post(self, state: str, case: Case) -> int:
        """Return the post of that department in that state, by the actor or by a clerk."""
        author = self.actor(case).person_id if case.wrote else self.city.actor("clerk").person_id
        key = (state, case.place.owner, author or 0)
        if key not in self.posts:
            with self.city.write() as session:
                self.posts[key] = self._post(session, *key)
        return self.posts[key]

    def _post(self, session: Session, state: str, owner: str, author: int) -> int:
        post_id = post_steps.in_review(session, self.city, owner)
        approver = self.approvers[owner]
        post_steps.approve(session, post_id, by=approver)
        post_steps.schedule(session, self.city, post_id)
        post_steps.save(session, self.city, post_id, by=self.writing[author])
        if state == "draft":
            return post_id
        post_steps.send(session, self.city, post_id)
        if state == "rejected":
            decide.reject(
                session, actor=approver, now=NOON, post_id=post_id, seen_revision=2, reason="नको"
            )
        if state in ("approved", "withdrawn"):
            post_steps.approve(session, post_id, by=approver)
            post_steps.schedule(session, self.city, post_id)
        if state == "withdrawn":
            lead = self.city.actor("lead")
            withdraw.withdraw_post(session, actor=lead, now=NOON, post_id=post_id, reason="नको")
        return post_id


def cases_in(city: CityPeople) -> CaseCity:
    """Yield people of every role in three departments; each may be the author."""
    clerk, cell_id = city.actor("clerk"), city.departments["information-technology"]
    actors, writing = {}, {city.people["clerk"]: clerk}
    with city.write() as session:
        for code in sorted({place.where for place in PLACES}):
            for role in ROLES:
                if (role, code) == ("officer", "health"):
                    continue
                actor = add_appointment(session, Role(role), city.departments[code])
                actors[role, code] = actor
                writing[actor.person_id or 0] = add_appointment(
                    session, Role.CELL, cell_id, person_id=actor.person_id
                )
    approvers = {"water": city.actor("first"), "health": city.actor("health_head")}
    return CaseCity(city, actors, writing, approvers, {})


@pytest.fixture(scope="module")
def table(run: runs.Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CaseCity]:
    file = tmp_path_factory.mktemp("city") / "city.db"
    with people_on(sqlite.copy(sqlite.template(run, migrate), file)) as city:
        yield cases_in(city)


@pytest.fixture(scope="module")
def postgres_table(postgres: Server) -> Iterator[CaseCity]:
    name = postgres.create()
    with people_on(postgres.url(name)) as city:
        yield cases_in(city)
    postgres.drop(name)


def newest_delivery(session: Session, post_id: int) -> Delivery:
    query = select(Delivery).where(Delivery.post_id == post_id).order_by(Delivery.id.desc())
    return session.scalars(query.limit(1)).one()


def act(
    session: Session, table: CaseCity, action: str, post_id: int, actor: Actor, seen_revision: int
) -> None:
    """Run the use case of the action."""
    match action:
        case "approve":
            decide.approve(
                session, actor=actor, now=NOON, post_id=post_id, seen_revision=seen_revision
            )
        case "return":
            decide.return_post(
                session,
                actor=actor,
                now=NOON,
                post_id=post_id,
                seen_revision=seen_revision,
                reason="बदला",
            )
        case "reject":
            decide.reject(
                session,
                actor=actor,
                now=NOON,
                post_id=post_id,
                seen_revision=seen_revision,
                reason="नको",
            )
        case "withdraw_approval":
            withdraw.withdraw_approval(
                session, actor=actor, now=NOON, post_id=post_id, seen_revision=seen_revision
            )
        case "withdraw_post":
            withdraw.withdraw_post(session, actor=actor, now=NOON, post_id=post_id, reason="नको")
        case "send_for_review":
            decide.send_for_review(
                session, actor=actor, now=NOON, post_id=post_id, seen_revision=seen_revision
            )
        case "save":
            post_steps.save(session, table.city, post_id, by=actor, seen_revision=seen_revision)
        case _:
            act_on_delivery(session, action, post_id, actor)


def act_on_delivery(session: Session, action: str, post_id: int, actor: Actor) -> None:
    variant = post_steps.variants_of(session, post_id)[0].id
    match action:
        case "schedule":
            schedule(
                session,
                actor=actor,
                now=NOON,
                variant_id=variant,
                due_at=NOON + DAY + HOUR,
                despite_clash=True,
            )
        case "publish_now":
            publish_now(session, actor=actor, now=NOON, variant_ids=[variant])
        case "cancel":
            delivery = newest_delivery(session, post_id)
            cancel(session, actor=actor, now=NOON, delivery_id=delivery.id)
        case _:
            raise ValueError(action)


def outcome(table: CaseCity, action: str, post_id: int, actor: Actor, seen_revision: int) -> object:
    """Return the post's next state, or the error; the transaction is rolled back."""
    with Session(table.city.database.engine, expire_on_commit=False) as session:
        before = session.scalars(select(Event.id).order_by(Event.id.desc()).limit(1)).first() or 0
        try:
            act(session, table, action, post_id, actor, seen_revision)
        except NotAllowed as refusal:
            return type(refusal)
        new = session.scalars(select(Event).where(Event.id > before)).all()
        assert new
        assert {(decision.person_id, decision.appointment_id) for decision in new} == {
            (actor.person_id, actor.appointment_id)
        }
        return session.get_one(Post, post_id).state.value


def surprises(table: CaseCity, state: str, action: str, tried: list[Case]) -> list[object]:
    """Return every case whose outcome differs from the design."""
    outcomes: list[object] = []
    for case in tried:
        seen_revision = 1 if case.stale else 2
        came = outcome(table, action, table.post(state, case), table.actor(case), seen_revision)
        if came != expected(state, action, case):
            outcomes.append(
                (state, action, case, "came", came, "not", expected(state, action, case))
            )
    return outcomes


# Minutes long: `make proof` asks all of it, `make test` the sample below.
@pytest.mark.proof
@pytest.mark.parametrize("action", MAY)
@pytest.mark.parametrize("state", STATES)
def test_each_role_may_exactly_what_the_design_says_in_each_state(
    table: CaseCity, state: str, action: str
) -> None:
    assert surprises(table, state, action, list(cases(action))) == []


def sample(action: str, number: int) -> list[Case]:
    """Yield the people with the right in the post's department, and some others."""
    some = [
        case
        for case in cases(action)
        if case.place.owner == "water"
        and not case.stale
        and (case.role == "officer" or not case.wrote)
    ]
    at_home = [case for case in some if case.role in MAY[action] and case.place.where == "water"]
    return at_home + some[number % 5 :: 5]


@pytest.mark.proof
def test_postgres_agrees_on_a_sample(postgres_table: CaseCity) -> None:
    for state in STATES:
        for number, action in enumerate(MAY):
            assert surprises(postgres_table, state, action, sample(action, number)) == []


@pytest.mark.parametrize("action", MAY)
def test_no_actor_beside_persons_does_any_of_it_whatever_it_carries(
    table: CaseCity, action: str
) -> None:
    for state in STATES:
        case = Case("officer", Departments("water", "water"), wrote=False, stale=False)
        post_id = table.post(state, case)
        for role in ("officer", "cell_lead"):
            for kind in (ActorKind.CLOCK, ActorKind.LINK, ActorKind.MAIL, ActorKind.SERVICE):
                disguised = replace(table.actors[role, "water"], kind=kind)
                assert outcome(table, action, post_id, disguised, 2) is WrongRole


def test_the_tables_of_this_test_name_every_state_role_and_case() -> None:
    assert set(STATES) == {state.value for state in PostState}
    assert set(ROLES) == {role.value for role in Role}
    assert set(BECOMES) == {(state, action) for state in STATES for action in MAY}
    assert sum(len(list(cases(action))) for _, action in BECOMES) == 4320
