"""What every room of the machine stands on: a city of its own, and how its people try things."""

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
from publisher.platforms.memory.platform import MemoryPlatform
from publisher.validation import Invalid
from tests.delivery.machine.ledger import Ledger
from tests.support.city import City, city

Came = TypeVar("Came")

BOTH = ("x", "facebook")
PLATFORMS = st.sampled_from(BOTH)
SPANS = st.sampled_from([1, 20, 60, 130, 300, 900, 3_700])
THEN = st.sampled_from([None, None, 1, 60, 900])
"""After how many seconds every clock ticks; None: not by this."""

SOMEWHERE = st.sampled_from([("x",), ("facebook",), BOTH])

posts = Bundle("posts")
"""Posts of the water department."""

WHY = "चुकीच्या भागाचे नाव"


class Scene(RuleBasedStateMachine):
    """A city whose platforms remember everything.

    `came` counts, over all stories, what came to something.
    """

    came: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.houses = 0
        self.database = self.another_database()
        self.town: City = city(self.database, self.folder)
        for name, account_id in self.town.accounts.items():
            self.town.platforms[account_id] = Ledger(
                now=self.town.clock, name=name, can_edit=name == "facebook"
            )
        self.officers = ["first", "second"]
        self.told = 0

    @staticmethod
    @abstractmethod
    def lend(_file: Path) -> str:
        """The address of an empty, migrated database; on SQLite in that file."""

    def another_database(self) -> Database:
        """An empty one; on PostgreSQL the one before is gone with that."""
        self.houses += 1
        return Database(self.lend(self.folder / f"house-{self.houses}.db"))

    def teardown(self) -> None:
        """Go."""
        self.database.dispose()
        shutil.rmtree(self.folder)

    def move_into(self, database: Database) -> None:
        """The same people and platforms, another database."""
        self.database = database
        self.town = replace(self.town, database=database)

    # Trying

    def attempt(
        self, what: str, act: Callable[..., Came], *arguments: object, **more: object
    ) -> Came | None:
        """People try what is not allowed, too: the rulebook's word is no failure."""
        with suppress(NotAllowed, Invalid):
            done = act(*arguments, **more)
            self.came[what] += 1
            return done
        return None

    def use(
        self, what: str, case: Callable[..., Came], *, by: str = "lead", **arguments: object
    ) -> Came | None:
        """The same of a use case, in a transaction; what is refused leaves nothing behind."""

        def whole() -> Came:
            with self.town.write() as session:
                return case(session, actor=self.town.actor(by), now=self.now, **arguments)

        return self.attempt(what, whole)

    # Words and people

    def new_text(self) -> str:
        """A text that nobody has used yet."""
        self.told += 1
        return f"मजकूर क्रमांक {self.told}"

    @property
    def now(self) -> datetime:
        """What the city's clock shows."""
        return self.town.now

    @property
    def approver(self) -> str:
        """Whoever decides for the water department: an officer, else the head."""
        return self.officers[0] if self.officers else "head"

    def approve(self, post: int) -> None:
        """The department approves the newest revision."""
        self.town.approve(post, by=self.approver)

    # Looking

    def ledger(self, name: str) -> Ledger:
        """The platform behind the account of that name."""
        return self._as_ledger(self.town.platform(name))

    def ledger_of(self, account_id: int) -> Ledger:
        """The platform behind the account of that id."""
        return self._as_ledger(self.town.platforms[account_id])

    @staticmethod
    def _as_ledger(platform: MemoryPlatform) -> Ledger:
        assert isinstance(platform, Ledger)
        return platform

    def deliveries(self, *which: ColumnElement[bool]) -> list[Delivery]:
        """The deliveries for which this holds, the oldest first."""
        with self.town.read() as session:
            return list(session.scalars(select(Delivery).where(*which).order_by(Delivery.id)))

    def end_brakes(self) -> None:
        """Whatever stands is released, and no platform asks for quiet any more."""
        with self.town.write() as session:
            for stop in open_stops(session):
                stop.released_at = self.now
            for account in session.scalars(select(Account)):
                account.quiet_until = None

    def pass_time(self, span: timedelta) -> None:
        """Let the city's clock go on."""
        self.town.clock.move(span)
