"""A small city with an X account, and many approved deliveries at once.

People, departments and accounts are created by the product's use cases. Posts and deliveries are
inserted by one statement for each table, since thousands are needed; each row is as the product
would write it, with a valid digest, as the gate would refuse anything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from approvals import gate
from approvals.states import PostState
from publisher.database.session import Base, Database
from publisher.delivery.accounts.credentials import Vault
from publisher.models.deliveries import Account, Delivery, DeliveryAction
from publisher.models.posts import (
    Decision,
    DecisionKind,
    Language,
    Post,
    PostKind,
    Revision,
    RevisionDepartment,
    Variant,
)
from publisher.now import now
from publisher.states import AccountState, DeliveryState
from tests.support.city import City, city

SECRET = "a secret of the benches, long enough"  # noqa: S105  it opens nothing but a stand-in
CREDENTIALS = {
    "consumer_key": "k" * 25,
    "consumer_secret": "s" * 50,
    "access_token": "1900000000000000001-" + "t" * 40,
    "access_token_secret": "u" * 45,
}
WORDS = "शनिवारी शहराच्या पूर्व भागाचा पाणीपुरवठा बंद राहील."
LATE_LIMIT = 24 * 60
"""Minutes: no delivery of a benchmark may be missed for being late."""


@dataclass(frozen=True)
class Town:
    """The city of a benchmark."""

    city: City
    account_id: int

    @property
    def database(self) -> Database:
        """The city's database."""
        return self.city.database


def found(database: Database, folder: Path) -> Town:
    """Create the city: an account on X, with credentials of the stand-in."""
    demo_city = city(database, folder)
    account_id = demo_city.accounts["x"]
    with database.transaction() as session:
        session.get_one(Account, account_id).credentials = Vault(SECRET, ()).seal(CREDENTIALS)
        # The page has nothing to publish here, and the stand-in does not speak its language.
        session.get_one(Account, demo_city.accounts["facebook"]).state = AccountState.PAUSED
    return Town(demo_city, account_id)


def text_of(name: str, number: int) -> str:
    """Return the text of a delivery; each text is unique."""
    return f"{WORDS} {name} {number}"


def schedule(town: Town, name: str, due: Sequence[datetime]) -> None:
    """Insert an approved delivery for each of these moments, with texts of this name."""
    at = now()
    with town.database.transaction() as session:
        first = _next_id(session, Post)
        numbers = range(len(due))
        tables: dict[type[Base], list[dict[str, Any]]] = {
            table: [] for table in (Post, Revision, RevisionDepartment, Variant, Decision, Delivery)
        }
        for number in numbers:
            rows = _rows(town, first + number, text_of(name, number), due[number], at)
            for table, row in rows.items():
                tables[table].append(row)
        for table, of_table in tables.items():
            session.execute(insert(table), of_table)


def _next_id(session: Session, table: type[Post]) -> int:
    return (session.scalar(select(func.max(table.id))) or 0) + 1


def _rows(
    town: Town, key: int, text: str, due_at: datetime, at: datetime
) -> dict[type[Base], dict[str, Any]]:
    """Return a row of each table; post, revision, variant, decision and delivery share their id."""
    demo_city = town.city
    department_id, not_after = demo_city.departments["water"], at + timedelta(days=30)
    subject = gate.Subject(
        department_id=department_id,
        asked=(department_id,),
        kind=PostKind.POST,
        window=gate.Window(None, not_after),
        variants=(gate.VariantSubject(town.account_id, Language.MARATHI.value, text, "", "", ()),),
    )
    canonical = gate.canonical(subject)
    digest = gate.digest(canonical)
    return {
        Post: {
            "id": key,
            "state": PostState.APPROVED,
            "kind": PostKind.POST,
            "title": text[:60],
            "department_id": department_id,
            "newest": 1,
            "created_at": at,
            "state_at": at,
        },
        Revision: {
            "id": key,
            "post_id": key,
            "number": 1,
            "author_id": demo_city.people["clerk"],
            "author_under_id": demo_city.appointments["clerk"],
            "saved_at": at,
            "sent_for_review_at": at,
            "not_after": not_after,
            "canonical": canonical,
            "digest": digest,
        },
        RevisionDepartment: {"revision_id": key, "department_id": department_id, "asked": True},
        Variant: {
            "id": key,
            "revision_id": key,
            "position": 0,
            "account_id": town.account_id,
            "language": Language.MARATHI,
            "text": text,
        },
        Decision: {
            "id": key,
            "revision_id": key,
            "department_id": department_id,
            "kind": DecisionKind.APPROVED,
            "person_id": demo_city.people["first"],
            "appointment_id": demo_city.appointments["first"],
            "at": at,
            "digest": digest,
        },
        Delivery: {
            "id": key,
            "action": DeliveryAction.PUBLISH,
            "variant_id": key,
            "post_id": key,
            "account_id": town.account_id,
            "state": DeliveryState.SCHEDULED,
            "state_at": at,
            "due_at": due_at,
            "late_limit": LATE_LIMIT,
            "scheduled_by_id": demo_city.people["clerk"],
        },
    }


def counted(database: Database) -> dict[DeliveryState, int]:
    """Return the number of deliveries in each state."""
    query = select(Delivery.state, func.count()).group_by(Delivery.state)
    with database.reading() as session:
        return dict(session.execute(query).tuples().all())
