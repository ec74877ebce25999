"""The one city of all tests: its rows, its accounts in memory, and short ways through it.

`city(database, folder)` puts it into an empty database. Everything that happens in it happens by
the product's use cases, at the time that its clock shows. Platforms live in memory:
`city.platform("x").fail_next(...)`, `.citizen_says(...)`. Departments and people are named in
`city_people`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from sqlalchemy import event, select

from publisher.database.session import Database
from publisher.delivery import dispatch, reconcile
from publisher.delivery.worker_context import WorkerContext
from publisher.inbox import ingest, reply, routing
from publisher.media.folder_store import FolderStore
from publisher.models.comments import AnswerKind, Comment
from publisher.models.deliveries import Delivery
from publisher.platforms.base.protocol import OutcomeUnknown
from publisher.settings import environment
from tests.support.city_people import city_people
from tests.support.city_posts import CityPosts
from tests.support.memory_platform.platform import MemoryPlatform

PACE = environment.load({}, folder=Path(__file__).parent).delivery
"""The product's default lease, deadline and times of reconciliation."""


@dataclass
class City(CityPosts):
    """The city with its platforms, and the acts of delivery and of the inbox."""

    platforms: dict[int, MemoryPlatform]
    context: WorkerContext = field(init=False)

    def __post_init__(self) -> None:
        self.context = self.clock_named("clock-1")

    def clock_named(self, name: str) -> WorkerContext:
        """Return the context of another worker on the same database."""
        return WorkerContext(
            database=self.database,
            store=self.store,
            open_account=lambda account: self.platforms[account.id],
            delivery_settings=PACE,
            clock_name=name,
            now=self.clock,
            monotonic=lambda: 0.0,
        )

    def platform(self, name: str) -> MemoryPlatform:
        """Return the platform behind the account of that name, `x` or `facebook`."""
        return self.platforms[self.accounts[name]]

    def due(self, department: str = "water", *, on: Sequence[str] = ("x",)) -> list[int]:
        """Schedule an approved post for now, and return its deliveries' ids."""
        return self.schedule(self.approved(department, on=on), timedelta(0))

    def live(self, department: str = "water", *, on: Sequence[str] = ("x",)) -> list[int]:
        """Publish a post, and return its deliveries' ids."""
        deliveries = self.due(department, on=on)
        self.tick_dispatch()
        return deliveries

    def tick_dispatch(self, after: timedelta = timedelta(0)) -> int:
        """Move the clock by `after`, and send what is due; return how many were attempted."""
        self.clock.move(after)
        return dispatch.tick_dispatch(self.context)

    def tick_reconcile(self, after: timedelta = timedelta(0)) -> int:
        """Move the clock by `after`, and look for unconfirmed posts; return how many."""
        self.clock.move(after)
        return reconcile.tick_reconcile(self.context)

    def hold(self, *, on: str = "x", department: str = "water") -> int:
        """Return the id of a delivery that was never found on the platform, and so is held."""
        self.platform(on).fail_next(OutcomeUnknown("no answer"))
        delivery = self.due(department, on=[on])[0]
        self.tick_dispatch()
        for _ in PACE.looks:
            self.tick_reconcile(timedelta(minutes=16))
        return delivery

    def listen(self, after: timedelta = timedelta(0)) -> int:
        """Read comments once, after that long, and return the number of new ones."""
        self.clock.move(after)
        return ingest.tick_ingest(self.context)

    def note_answers(self) -> int:
        """Run one tick that marks comments whose answer is live."""
        return reply.tick_answers(self.database, now=self.now)

    def platform_id(self, delivery_id: int) -> str:
        """Return the platform's id of a delivery that is live."""
        with self.read() as session:
            receipt = session.get_one(Delivery, delivery_id).receipt
            if receipt is None:
                raise AssertionError(f"delivery {delivery_id} is not live")
            return receipt.platform_id

    def comment(
        self,
        text: str = "पाणी कधी येणार?",
        *,
        under: int | None = None,
        on: str = "x",
        author: str = "उदाहरण",
    ) -> int:
        """Let a citizen comment under a delivery, or mention the city; return the row's id."""
        parent = self.platform_id(under) if under is not None else None
        message = text if under is not None else f"@city {text}"
        platform_id = self.platform(on).citizen_says(message, parent_id=parent, author=author)
        self.listen(timedelta(minutes=10))
        return self.comment_id(platform_id, on=on)

    def comment_id(self, platform_id: str, *, on: str = "x") -> int:
        """Return the id of our row for a comment on the platform."""
        query = select(Comment.id).where(
            Comment.platform_id == platform_id, Comment.account_id == self.accounts[on]
        )
        with self.read() as session:
            return session.scalars(query).one()

    def answer(
        self,
        comment_id: int,
        text: str = "उद्या सकाळी सहा वाजता.",
        *,
        by: str = "first",
        kind: AnswerKind = AnswerKind.FINAL,
        seen_digest: str = "",
    ) -> int:
        """Answer a comment, and return the id of the reply's post."""
        with self.write() as session:
            post = reply.answer(
                session,
                actor=self.actor(by),
                now=self.now,
                comment_id=comment_id,
                text=text,
                kind=kind,
                seen_digest=seen_digest,
            )
            return post.id

    def assign(self, comment_id: int, department: str, *, by: str = "clerk") -> None:
        """Assign a comment from the queue to a department."""
        with self.write() as session:
            routing.assign(
                session,
                actor=self.actor(by),
                now=self.now,
                comment_id=comment_id,
                department_id=self.departments[department],
            )

    def delivery(self, delivery_id: int) -> Delivery:
        """Return the delivery, detached from its session."""
        with self.read() as session:
            return session.get_one(Delivery, delivery_id)


def city(database: Database, folder: Path) -> City:
    """Put the city into an empty database; its media lie in `folder`."""
    rows = city_people(database)
    platforms = {
        account_id: MemoryPlatform(now=rows.clock, name=name, can_edit=name == "facebook")
        for name, account_id in rows.accounts.items()
    }
    return City(**vars(rows), store=FolderStore(folder / "media"), platforms=platforms)


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Collect the statements that the database executes meanwhile, except BEGIN."""
    executed: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith("BEGIN"):
            executed.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield executed
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
