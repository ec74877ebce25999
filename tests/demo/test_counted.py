"""In a city that has everything, each tab counts what the page under it lists, for everybody."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from approvals.policy import Actor, ActorKind
from publisher.auth.sessions import line_of
from publisher.models.people import Appointment
from publisher.now import now
from tests.demo.conftest import Seeded
from tests.office.test_counts import check

pytestmark = [pytest.mark.proof, pytest.mark.timeout(600)]


def test_every_tab_counts_what_its_page_lists(seeded: Seeded) -> None:
    at = now()
    with seeded.database.reading() as session:
        found = []
        for held in session.scalars(select(Appointment)):
            if not held.in_force(at):
                continue
            actor = Actor(
                ActorKind.PERSON,
                held.person_id,
                held.id,
                held.role,
                held.department_id,
                line_of(session, held),
                at,
            )
            found.append(check(session, actor, at))
    for tab in ("today", "submissions", "decisions", "comments"):
        assert any(getattr(one, tab) for one in found), tab
