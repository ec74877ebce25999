from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.auth import one_time_links
from publisher.auth.one_time_links import LinkPurpose, LinkSpent, LinkSubject
from publisher.database.session import Database
from publisher.models.people import Link, Person
from tests.support.city_people import NOON, add_department, appoint

INVITATION = LinkPurpose.INVITATION
LASTS = timedelta(days=14)


def make(session: Session, person: Person) -> str:
    link_subject = LinkSubject.of(person, INVITATION)
    return one_time_links.make(session, link_subject, to="", now=NOON, lasts=LASTS)


def find(session: Session, token: str, now: datetime = NOON) -> Link | None:
    return one_time_links.find(session, token=token, purpose=INVITATION, now=now)


def invited(session: Session) -> Person:
    return appoint(session, add_department(session, "water")).person


def test_a_link_is_found_by_its_token_and_looking_uses_nothing_up(database: Database) -> None:
    with database.transaction() as session:
        person = invited(session)
        token = make(session, person)
        for _ in range(3):
            link = find(session, token)
            assert link is not None
            assert (link.person_id, link.subject, link.subject_id) == (
                person.id,
                "people",
                person.id,
            )


def test_the_token_itself_is_not_kept(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        token = make(session, invited(session))
        link = session.scalars(select(Link)).one()
        columns = [str(getattr(link, column.key)) for column in Link.__table__.columns]
    assert not any(token in value for value in columns)
    assert len(token) >= 43  # 256 bits


def test_a_wrong_token_or_purpose_finds_nothing(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        token = make(session, invited(session))
        assert find(session, token + "x") is None
        session.scalars(select(Link)).one().purpose = "approve"
        assert find(session, token) is None


def test_a_link_works_once(database: Database) -> None:
    with database.transaction() as session:
        token = make(session, invited(session))
        link = find(session, token)
        assert link is not None
        one_time_links.use(session, link=link, now=NOON)
        assert find(session, token) is None
        with pytest.raises(LinkSpent):
            one_time_links.use(session, link=link, now=NOON)


def test_a_link_runs_out_at_its_time_even_for_one_who_had_opened_it(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        token = make(session, invited(session))
        link = find(session, token, NOON + LASTS - timedelta(seconds=1))
        assert link is not None
        assert find(session, token, NOON + LASTS) is None
        with pytest.raises(LinkSpent):
            one_time_links.use(session, link=link, now=NOON + LASTS)


def test_a_change_of_its_subject_ends_a_link_and_no_other(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        person = invited(session)
        other = appoint(session, add_department(session, "road")).person
        token, others = make(session, person), make(session, other)
        one_time_links.end_links(
            session, subject="people", subject_id=person.id, purpose=INVITATION, now=NOON
        )
        assert find(session, token) is None
        assert find(session, others) is not None
