"""The base class of the rules: a city of its own, whose people attempt actions."""

from __future__ import annotations

import shutil
import tempfile
from abc import abstractmethod
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine
from sqlalchemy import ColumnElement, select

from approvals.errors import NotAllowed
from publisher.database.session import Database
from publisher.delivery.controls.stop import open_stops
from publisher.models.deliveries import Account, Delivery
from publisher.tasks import before_commit
from publisher.validation import Invalid
from tests.delivery.machine.ledger import Ledger
from tests.support.city import City, city
from tests.support.memory_platform.platform import MemoryPlatform

Result = TypeVar("Result")

BOTH = ("x", "facebook")
PLATFORMS = st.sampled_from(BOTH)
SPANS = st.sampled_from([1, 20, 60, 130, 300, 900, 3_700])
TICK_DELAYS = st.sampled_from([None, None, 1, 60, 900])
"""The seconds after which each task of a clock runs; None if it does not run."""

SOME_PLATFORMS = st.sampled_from([("x",), ("facebook",), BOTH])

posts = Bundle("posts")
"""Ids of posts of the water department."""

REASON = "चुकीच्या भागाचे नाव"


class CityMachine(RuleBasedStateMachine):
    """A city whose platforms record every action.

    `counts` are the numbers of successful actions in all examples.
    """

    counts: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.database_count = 0
        self.database = self.open_new_database()
        self.town: City = city(self.database, self.folder)
        for name, account_id in self.town.accounts.items():
            self.town.platforms[account_id] = Ledger(
                now=self.town.clock, name=name, can_edit=name == "facebook"
            )
        self.officers = ["first", "second"]
        self.number = 0

    @staticmethod
    @abstractmethod
    def create_database(_file: Path) -> str:
        """Create an empty, migrated database, on SQLite in that file, and return its address."""

    def open_new_database(self) -> Database:
        """Open a new database; on PostgreSQL this empties the previous one."""
        self.database_count += 1
        address = self.create_database(self.folder / f"city-{self.database_count}.db")
        return before_commit.register(Database(address))

    def teardown(self) -> None:
        """Close the database, and remove the files."""
        self.database.dispose()
        shutil.rmtree(self.folder)

    def use_database(self, database: Database) -> None:
        """Go on with the same people and platforms on another database."""
        self.database = database
        self.town = replace(self.town, database=database)

    # Attempts

    def attempt(
        self, what: str, act: Callable[..., Result], *arguments: object, **more: object
    ) -> Result | None:
        """Attempt an action, which may be refused; return its result, or None."""
        with suppress(NotAllowed, Invalid):
            done = act(*arguments, **more)
            self.counts[what] += 1
            return done
        return None

    def use_case(
        self, what: str, case: Callable[..., Result], *, by: str = "lead", **arguments: object
    ) -> Result | None:
        """Attempt a use case in a transaction, which is rolled back if it is refused."""

        def run() -> Result:
            with self.town.write() as session:
                return case(session, actor=self.town.actor(by), now=self.now, **arguments)

        return self.attempt(what, run)

    # Texts and people

    def new_text(self) -> str:
        """Return a text that was not used before."""
        self.number += 1
        return f"मजकूर क्रमांक {self.number}"

    @property
    def now(self) -> datetime:
        """The time of the city's clock."""
        return self.town.now

    @property
    def approver(self) -> str:
        """The person who decides for water: an officer, or the head if there is none."""
        return self.officers[0] if self.officers else "head"

    def approve(self, post: int) -> None:
        """Let the department approve the newest revision."""
        self.town.approve(post, by=self.approver)

    # Observations

    def ledger(self, name: str) -> Ledger:
        """Return the platform of the account with this name."""
        return self._as_ledger(self.town.platform(name))

    def ledger_of(self, account_id: int) -> Ledger:
        """Return the platform of the account with this id."""
        return self._as_ledger(self.town.platforms[account_id])

    @staticmethod
    def _as_ledger(platform: MemoryPlatform) -> Ledger:
        assert isinstance(platform, Ledger)
        return platform

    def deliveries(self, *conditions: ColumnElement[bool]) -> list[Delivery]:
        """Return the deliveries that meet these conditions, the oldest first."""
        with self.town.read() as session:
            return list(session.scalars(select(Delivery).where(*conditions).order_by(Delivery.id)))

    def end_controls(self) -> None:
        """Release all stops, and end the accounts' quiet times."""
        with self.town.write() as session:
            for stop in open_stops(session):
                stop.released_at = self.now
            for account in session.scalars(select(Account)):
                account.quiet_until = None

    def pass_time(self, span: timedelta) -> None:
        """Move the city's clock."""
        self.town.clock.move(span)
