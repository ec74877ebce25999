"""What the database holds encrypted, and whether the present keys open it.

That are the credentials of accounts, and the secrets of people's apps for second factors. A flow of
connecting an account is sealed too, but ends by itself within a quarter of an hour.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from publisher.delivery.accounts.credentials import Unsealable, Vault
from publisher.models.deliveries import Account
from publisher.models.people import Person
from publisher.models.second_factors import SecondFactor
from publisher.operations.health_checks import HealthFinding, HealthSubject

NAMED: Final = 5
"""The number of people that `nagarvani doctor` names by their logins."""


@dataclass(frozen=True)
class SealedTokens:
    """How much is sealed, and what of it the present keys do not open."""

    accounts: int
    factors: int
    unopened_accounts: tuple[Account, ...]
    unopened_people: tuple[Person, ...]

    @property
    def is_all_shut(self) -> bool:
        """True if something is sealed and the present keys open none of it."""
        unopened = len(self.unopened_accounts) + len(self.unopened_people)
        return 0 < unopened == self.accounts + self.factors


def sealed_tokens(session: Session, vault: Vault) -> SealedTokens:
    """Return what is sealed at present, tried with these keys."""
    accounts = list(session.scalars(_sealed_accounts()))
    factors = list(session.scalars(_sealed_factors()))
    return SealedTokens(
        accounts=len(accounts),
        factors=len(factors),
        unopened_accounts=tuple(
            account for account in accounts if not _opens(vault, account.credentials)
        ),
        unopened_people=tuple(
            factor.person for factor in factors if not _opens(vault, factor.sealed)
        ),
    )


def opens_any(session: Session, vault: Vault) -> bool:
    """Return whether these keys open anything of what is sealed."""
    return any(_opens(vault, text) for text in _sealed_texts(session))


def _sealed_texts(session: Session) -> Iterator[str]:
    for account in session.scalars(_sealed_accounts()):
        yield account.credentials
    for factor in session.scalars(_sealed_factors()):
        yield factor.sealed


def _sealed_accounts() -> Select[Account]:
    return select(Account).where(Account.credentials != "").order_by(Account.id)


def _sealed_factors() -> Select[SecondFactor]:
    return (
        select(SecondFactor)
        .where(SecondFactor.sealed != "", SecondFactor.ended_at.is_(None))
        .options(joinedload(SecondFactor.person))
        .order_by(SecondFactor.id)
    )


def _opens(vault: Vault, sealed: str) -> bool:
    try:
        vault.open(sealed)
    except Unsealable:
        return False
    return True


def check_factors(session: Session, vault: Vault) -> list[HealthFinding]:
    """Report the people whose second factor the present keys do not open.

    `check_accounts` reports the accounts.
    """
    people = sealed_tokens(session, vault).unopened_people
    if not people:
        return []
    logins = [person.mail or person.mobile or str(person.id) for person in people]
    more = f" and {len(logins) - NAMED} more" if len(logins) > NAMED else ""
    values = {"number": len(people), "logins": ", ".join(logins[:NAMED]) + more}
    return [HealthFinding(HealthSubject.SETTINGS, False, "factors_unsealable", values)]
