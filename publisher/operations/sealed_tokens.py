"""What the database holds encrypted, and whether the present keys open it.

These are the credentials of accounts, and the secrets of people's apps for second factors. A flow
that connects an account is sealed too, but ends by itself within a quarter of an hour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, inspect, select
from sqlalchemy.orm import Session, joinedload

from publisher.delivery.accounts.credentials import Unsealable, Vault
from publisher.models.deliveries import Account
from publisher.models.people import Person
from publisher.models.second_factors import SecondFactor
from publisher.operations.health_checks import HealthFinding, HealthSubject

NAMED: Final = 5
"""The number of people that `nagarvani doctor` names by their logins."""


@dataclass(frozen=True)
class SealedTexts:
    """What is now sealed: the credentials of accounts, and the secrets of second factors."""

    accounts: Sequence[str]
    factors: Sequence[str]

    def are_shut_to(self, vault: Vault) -> bool:
        """Return True if something is sealed and these keys open nothing."""
        return bool(self.accounts or self.factors) and not self.are_opened_by(vault)

    def are_opened_by(self, vault: Vault) -> bool:
        """Return True if these keys open any of the sealed texts."""
        return any(_opens(vault, text) for text in (*self.accounts, *self.factors))


def read_sealed_texts(session: Session) -> SealedTexts:
    """Return what is sealed, even if the tables are of an older version, which may lack columns."""
    accounts = select(Account.credentials).where(Account.credentials != "")
    # The tables of second factors came with 0.2.0, and those of accounts with the first version.
    has_factors = inspect(session.connection()).has_table(SecondFactor.__tablename__)
    factors = select(SecondFactor.sealed).where(_is_sealed()) if has_factors else None
    return SealedTexts(
        session.scalars(accounts).all(),
        session.scalars(factors).all() if factors is not None else (),
    )


def find_unopened_people(session: Session, vault: Vault) -> list[Person]:
    """Return the people whose second factor these keys do not open."""
    query = select(SecondFactor).where(_is_sealed()).options(joinedload(SecondFactor.person))
    factors = session.scalars(query.order_by(SecondFactor.id))
    return [factor.person for factor in factors if not _opens(vault, factor.sealed)]


def _is_sealed() -> ColumnElement[bool]:
    return (SecondFactor.sealed != "") & SecondFactor.ended_at.is_(None)


def _opens(vault: Vault, sealed: str) -> bool:
    try:
        vault.open(sealed)
    except Unsealable:
        return False
    return True


def check_factors(session: Session, vault: Vault) -> list[HealthFinding]:
    """Report the people whose second factor the present keys do not open.

    `account_checks` reports the accounts.
    """
    people = find_unopened_people(session, vault)
    if not people:
        return []
    logins = [person.mail or person.mobile or str(person.id) for person in people]
    more = f" and {len(logins) - NAMED} more" if len(logins) > NAMED else ""
    values = {"number": len(people), "logins": ", ".join(logins[:NAMED]) + more}
    return [HealthFinding(HealthSubject.SETTINGS, False, "factors_unsealable", values)]
