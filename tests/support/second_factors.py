"""Second factors of people in tests: an app that is set up, and the codes that it shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pyotp
from sqlalchemy.orm import Session

from publisher.auth import recovery_codes, totp
from publisher.models.people import Person


@dataclass(frozen=True)
class AppOnPhone:
    """An app with a secret, and the recovery codes that its owner has on paper."""

    secret: str
    recovery_codes: list[str]

    def code(self, now: datetime) -> str:
        """Return the code that the app shows."""
        return pyotp.TOTP(self.secret).at(now)


def set_up_app(
    session: Session, person: Person, *, sealer: totp.Sealer, now: datetime
) -> AppOnPhone:
    """Put an app of the person in force, as if its first code had been typed long ago."""
    factor = totp.make(session, person=person, sealer=sealer, now=now)
    totp.confirm(session, factor=factor, now=now)
    codes = recovery_codes.make(session, person_id=person.id, sealer=sealer, now=now)
    return AppOnPhone(totp.open_secret(factor, sealer), codes)
