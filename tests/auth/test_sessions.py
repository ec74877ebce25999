from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from approvals.policy import Role
from publisher.auth import sessions
from publisher.auth.session_start import SignedIn
from publisher.auth.sessions import ABSOLUTE_LIMIT, IDLE_LIMIT, NotYours, Present, session_actor
from publisher.database.session import Database
from publisher.models.people import Appointment, SignIn
from publisher.people.appointments import disable_person, enable_person, end_appointment
from publisher.people.permissions import COMMAND
from tests.support.city_people import NOON, add_department, appoint, verbs
from tests.support.passwords import signed_in_as, with_password

MAIL = "first@pmc.example"
SECOND = timedelta(seconds=1)


def sign_in_now(session: Session, now: datetime = NOON, mail: str = MAIL) -> SignedIn:
    signed_in = signed_in_as(session, mail, now=now)
    assert isinstance(signed_in, SignedIn)
    return signed_in


def begin(session: Session, role: Role = Role.OFFICER) -> tuple[SignedIn, Appointment]:
    appointment = appoint(session, add_department(session, "water"), role, mail=MAIL)
    with_password(session, appointment.person)
    return sign_in_now(session), appointment


def present(session: Session, signed_in: SignedIn, now: datetime) -> Present | None:
    return sessions.find_session(session, token=signed_in.token, now=now)


def test_a_session_knows_who_acts_as_what_and_since_when(database: Database) -> None:
    with database.transaction() as session:
        signed_in, appointment = begin(session)
    with database.transaction() as session:
        here = present(session, signed_in, NOON + SECOND)
        assert here is not None
        actor = here.actor
    assert (actor.person_id, actor.appointment_id) == (appointment.person_id, appointment.id)
    assert (actor.role, actor.department_id) == (Role.OFFICER, appointment.department_id)
    assert (actor.signed_in_at, actor.name, actor.line) == (NOON, "मेधा सातपुते", frozenset())


def test_an_unknown_token_is_nobody(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        begin(session)
        assert sessions.find_session(session, token="x" * 43, now=NOON) is None


def test_a_session_ends_when_it_was_idle_for_eight_hours(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        signed_in, _ = begin(session)
        assert timedelta(hours=8) == IDLE_LIMIT
        last_seen = NOON + IDLE_LIMIT - SECOND
        assert present(session, signed_in, last_seen) is not None
        assert present(session, signed_in, last_seen + IDLE_LIMIT - SECOND) is not None
        assert present(session, signed_in, last_seen + 2 * IDLE_LIMIT - SECOND) is None


def test_a_session_ends_after_seven_days_however_busy(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        signed_in, _ = begin(session)
        now = NOON
        while now + timedelta(hours=7) < NOON + ABSOLUTE_LIMIT:
            now += timedelta(hours=7)
            assert present(session, signed_in, now) is not None
        assert present(session, signed_in, NOON + ABSOLUTE_LIMIT) is None
        assert timedelta(days=7) == ABSOLUTE_LIMIT


def test_being_seen_is_written_down_at_most_once_a_minute(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        signed_in, _ = begin(session)
        present(session, signed_in, NOON + 59 * SECOND)
        assert signed_in.sign_in.seen_at == NOON
        present(session, signed_in, NOON + 60 * SECOND)
        assert signed_in.sign_in.seen_at == NOON + 60 * SECOND


def test_looking_only_changes_nothing_and_says_when_a_change_is_due(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        signed_in, _ = begin(session)
        for seconds, is_stale in ((59, False), (60, True)):
            here = sessions.peek(session, token=signed_in.token, now=NOON + seconds * SECOND)
            assert here is not None
            assert here.is_stale is is_stale
        assert not session.dirty
        assert signed_in.sign_in.seen_at == NOON


def test_disabling_a_person_ends_all_sessions_and_enabling_revives_none(
    database: Database,
) -> None:
    with database.transaction() as session:
        first, appointment = begin(session)
        second = sign_in_now(session)
    with database.transaction() as session:
        person = session.get_one(Appointment, appointment.id).person
        disable_person(session, actor=COMMAND, person=person, now=NOON)
    with database.transaction() as session:
        assert [present(session, token, NOON) for token in (first, second)] == [None, None]
        person = session.get_one(Appointment, appointment.id).person
        enable_person(session, actor=COMMAND, person=person, now=NOON)
        assert [present(session, token, NOON) for token in (first, second)] == [None, None]
        assert present(session, sign_in_now(session), NOON) is not None


def test_a_session_continues_under_another_appointment_in_force(
    on_sqlite: Database,
) -> None:
    with on_sqlite.transaction() as session:
        signed_in, appointment = begin(session)
        other = appoint(session, add_department(session, "road"), Role.MEMBER, mail=MAIL)
        end_appointment(session, actor=COMMAND, appointment=appointment, now=NOON)
        here = present(session, signed_in, NOON)
        assert here is not None
        assert (here.actor.appointment_id, here.actor.role) == (other.id, Role.MEMBER)
        assert (
            signed_in.sign_in.appointment_id == other.id or signed_in.sign_in.appointment is other
        )


def test_a_session_ends_with_the_last_appointment(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        signed_in, appointment = begin(session)
        end_appointment(session, actor=COMMAND, appointment=appointment, now=NOON)
        assert present(session, signed_in, NOON) is None
        with pytest.raises(NotYours):
            session_actor(session, signed_in.sign_in, now=NOON)


def test_an_appointment_that_ends_by_itself_this_morning_counts_no_more(
    on_sqlite: Database,
) -> None:
    with on_sqlite.transaction() as session:
        signed_in, appointment = begin(session)
        appointment.until_at = NOON + timedelta(hours=1)
        assert present(session, signed_in, NOON + timedelta(hours=1) - SECOND) is not None
        assert present(session, signed_in, NOON + timedelta(hours=1)) is None


def test_one_switches_between_ones_own_appointments_in_force(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        signed_in, appointment = begin(session)
        road = add_department(session, "road")
        other = appoint(session, road, Role.MEMBER, mail=MAIL)
        later = appoint(session, road, Role.HEAD, mail=MAIL, from_at=NOON + timedelta(days=1))
        strange = appoint(session, road, mail="sunil@pmc.example")

        def switch(to: Appointment) -> None:
            sessions.switch(
                session, sign_in_id=signed_in.sign_in.id, appointment_id=to.id, now=NOON
            )

        switch(other)
        here = present(session, signed_in, NOON)
        assert here is not None
        assert (here.actor.role, here.actor.department_id) == (Role.MEMBER, road.id)
        for refused in (later, strange):
            with pytest.raises(NotYours):
                switch(refused)
        switch(appointment)
        assert verbs(session, "sign_ins", signed_in.sign_in.id) == ["sign_in", "switch", "switch"]


def test_one_sees_and_ends_ones_own_sessions_and_nobody_elses(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        here, appointment = begin(session)
        elsewhere = sign_in_now(session, NOON + SECOND)
        strange = appoint(session, add_department(session, "road"), mail="sunil@pmc.example")
        with_password(session, strange.person)
        others = sign_in_now(session, mail="sunil@pmc.example")

        def mine() -> list[SignIn]:
            return sessions.list_sessions(session, person_id=appointment.person_id, now=NOON)

        assert mine() == [elsewhere.sign_in, here.sign_in]
        sessions.end_other(
            session, person_id=appointment.person_id, sign_in_id=elsewhere.sign_in.id, now=NOON
        )
        assert mine() == [here.sign_in]
        with pytest.raises(NotYours):
            sessions.end_other(
                session, person_id=appointment.person_id, sign_in_id=others.sign_in.id, now=NOON
            )
        assert present(session, elsewhere, NOON) is None
        assert present(session, others, NOON) is not None


def test_signing_out_ends_the_session_once(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        signed_in, _ = begin(session)
        for _ in range(2):
            sessions.end(session, sign_in_id=signed_in.sign_in.id, now=NOON)
        assert present(session, signed_in, NOON) is None
        assert verbs(session, "sign_ins", signed_in.sign_in.id) == ["sign_in", "sign_out"]


def test_oversight_covers_departments_that_report_to_it_indirectly(
    on_sqlite: Database,
) -> None:
    with on_sqlite.transaction() as session:
        cell = add_department(session, "information-technology")
        water = add_department(session, "water", reports_to=cell)
        garden = add_department(session, "garden", reports_to=water)
        add_department(session, "road")
        appointment = appoint(session, cell, Role.OVERSIGHT, mail=MAIL)
        head = appoint(session, cell, Role.HEAD, mail="head@pmc.example")
        for holder in (appointment, head):
            with_password(session, holder.person)
        assert session_actor(session, sign_in_now(session).sign_in, now=NOON).line == {
            water.id,
            garden.id,
        }
        other = sign_in_now(session, mail="head@pmc.example").sign_in
        assert session_actor(session, other, now=NOON).line == frozenset()


def test_departments_that_report_to_each_other_in_a_ring_end_the_search(
    on_sqlite: Database,
) -> None:
    with on_sqlite.transaction() as session:
        cell = add_department(session, "information-technology")
        water = add_department(session, "water", reports_to=cell)
        cell.reports_to = water
        appointment = appoint(session, cell, Role.OVERSIGHT, mail=MAIL)
        with_password(session, appointment.person)
        line = session_actor(session, sign_in_now(session).sign_in, now=NOON).line
        assert line == {cell.id, water.id}
