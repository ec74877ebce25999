"""A board of departments, people and posts, moved only by the use cases of the desk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Actor, ActorKind, Role
from publisher.database.session import Database, migrate
from publisher.drafting import revisions
from publisher.drafting import save as drafting_save
from publisher.drafting.drafts import Draft, PreparedDraft, PreparedVariant
from publisher.models.deliveries import Account, Delivery
from publisher.models.history import Event
from publisher.models.notifications import Notice
from publisher.models.people import Appointment, Department, Person
from publisher.models.posts import Language, Post, PostKind, Revision, Variant
from publisher.models.submissions import Submission, SubmissionKind
from publisher.review import decide
from publisher.scheduling import schedule as scheduling_schedule
from publisher.states import DeliveryState
from tests.support import runs, sqlite
from tests.support.postgres import Server

NOW = datetime(2026, 11, 25, 6, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
BEFORE = NOW - 400 * DAY


@dataclass(frozen=True)
class Board:
    """Departments by code (`water` with two officers and a head, `health` with a head alone,
    `parks` with nobody, `roads` with an officer and a head) and two accounts."""

    departments: dict[str, int]
    clerk: Actor
    lead: Actor
    admin: Actor
    usha: Actor
    datta: Actor
    water_head: Actor
    roads_officer: Actor
    roads_head: Actor
    health_head: Actor
    x: int
    facebook: int


def build(session: Session) -> Board:
    """Fill an empty database."""
    ids = {code: department(session, code) for code in DEPARTMENTS}
    it = ids["information-technology"]
    return Board(
        departments=ids,
        clerk=appoint(session, Role.CELL, it, "स्वाती"),
        lead=appoint(session, Role.CELL_LEAD, it, "मेधा"),
        admin=appoint(session, Role.ADMIN, it, "अरुण"),
        usha=appoint(session, Role.OFFICER, ids["water"], "उषा", rank=1),
        datta=appoint(session, Role.OFFICER, ids["water"], "दत्ता", rank=2),
        water_head=appoint(session, Role.HEAD, ids["water"], "गोविंद"),
        roads_officer=appoint(session, Role.OFFICER, ids["roads"], "रमा", rank=1),
        roads_head=appoint(session, Role.HEAD, ids["roads"], "सुरेश"),
        health_head=appoint(session, Role.HEAD, ids["health"], "नीला"),
        x=account(session, "x", it),
        facebook=account(session, "facebook", it),
    )


DEPARTMENTS = ("water", "roads", "health", "parks", "information-technology")


def department(session: Session, code: str) -> int:
    row = Department(code=code, name_mr=f"विभाग {code}", name_en=code.title(), kind="department")
    session.add(row)
    session.flush()
    return row.id


def account(session: Session, platform: str, department_id: int) -> int:
    row = Account(
        code=platform,
        platform=platform,
        handle=f"pmc_{platform}",
        name=f"मनपा {platform}",
        department_id=department_id,
        state_at=BEFORE,
    )
    session.add(row)
    session.flush()
    return row.id


def person(session: Session, name: str) -> int:
    row = Person(name_mr=name, name_en=name, created_at=BEFORE)
    session.add(row)
    session.flush()
    row.mail = f"person{row.id}@pmc.example"
    session.flush()
    return row.id


def appoint(
    session: Session,
    role: Role,
    department_id: int,
    name: str = "",
    *,
    rank: int | None = None,
    person_id: int | None = None,
) -> Actor:
    """An appointment in force, of somebody new or of this person; gives the actor under it."""
    held_by = person_id or person(session, name or role)
    row = Appointment(
        person_id=held_by, role=role, department_id=department_id, rank=rank, from_at=BEFORE
    )
    session.add(row)
    session.flush()
    return Actor(
        kind=ActorKind.PERSON,
        person_id=held_by,
        appointment_id=row.id,
        role=role,
        department_id=department_id,
        signed_in_at=NOW,
        name=name,
    )


def handed_in(session: Session, department_id: int, by: Actor) -> Submission:
    """A submission as it lies at the desk."""
    row = Submission(
        number=f"PMC/2026/{len(session.scalars(select(Submission.id)).all()) + 1:06d}",
        state_at=NOW,
        department_id=department_id,
        kind=SubmissionKind.PUBLIC_NOTICE,
        title="शनिवारी पाणीपुरवठा बंद",
        text_mr="शनिवारी शहराच्या पूर्व भागाचा पाणीपुरवठा बंद राहील.",
        handed_in_by_id=by.person_id or 0,
        received_at=NOW,
    )
    session.add(row)
    session.flush()
    return row


def started(session: Session, board: Board, code: str = "water", *, by: Actor | None = None) -> int:
    """A post without a revision, for this department; gives its id."""
    submission = handed_in(session, board.departments[code], board.clerk)
    post = drafting_save.start(
        session, actor=by or board.clerk, now=NOW, submission_id=submission.id
    )
    session.flush()
    return post.id


def save(
    session: Session,
    board: Board,
    post_id: int,
    *,
    by: Actor | None = None,
    seen: int | None = None,
    asked: Sequence[str] = (),
    not_before: datetime | None = None,
    not_after: datetime | None = None,
    text: str = "शनिवारी पाणीपुरवठा बंद.",
    now: datetime = NOW,
) -> Revision:
    """Save the next revision with a variant on each account."""
    post = session.get_one(Post, post_id)
    variants = tuple(
        PreparedVariant(account_id=one, language=Language.MARATHI, text=text)
        for one in (board.x, board.facebook)
    )
    draft = Draft(
        title="पाणीपुरवठा बंद",
        not_before=not_before,
        not_after=not_after,
        asked_ids=tuple(board.departments[code] for code in asked),
    )
    return drafting_save.save(
        session,
        actor=by or board.clerk,
        now=now,
        post_id=post_id,
        seen_revision=post.newest if seen is None else seen,
        prepared=PreparedDraft(draft, variants, ()),
    )


def send(session: Session, board: Board, post_id: int, *, now: datetime = NOW) -> None:
    """Send the newest revision for review."""
    newest = session.get_one(Post, post_id).newest
    decide.send_for_review(
        session, actor=board.clerk, now=now, post_id=post_id, seen_revision=newest
    )


def in_review(
    session: Session, board: Board, code: str = "water", *, asked: Sequence[str] = ()
) -> int:
    """A post of this department that waits for approval; gives its id."""
    post_id = started(session, board, code)
    save(session, board, post_id, asked=asked)
    send(session, board, post_id)
    return post_id


def approve(
    session: Session, post_id: int, *, by: Actor, now: datetime = NOW, seen: int | None = None
) -> None:
    """Approve the newest revision."""
    newest = session.get_one(Post, post_id).newest if seen is None else seen
    decide.approve(session, actor=by, now=now, post_id=post_id, seen_revision=newest)


def approved(session: Session, board: Board) -> int:
    """A post of the water department that its first officer approved; gives its id."""
    post_id = in_review(session, board)
    approve(session, post_id, by=board.usha)
    return post_id


def variants_of(session: Session, post_id: int) -> list[Variant]:
    """The variants of the newest revision."""
    return scheduling_schedule.newest_revision(session.get_one(Post, post_id)).variants


def schedule(
    session: Session,
    board: Board,
    post_id: int,
    *,
    at: datetime = NOW + DAY,
    state: DeliveryState | None = None,
) -> list[Delivery]:
    """Schedule every variant; with `state`, each is then put there behind everybody's back."""
    deliveries = [
        scheduling_schedule.schedule(
            session,
            actor=board.clerk,
            now=NOW,
            variant_id=variant.id,
            due_at=at,
            despite_clash=True,
        )
        for variant in variants_of(session, post_id)
    ]
    session.flush()
    for delivery in deliveries:
        delivery.state = state or delivery.state
    session.flush()
    return deliveries


@contextmanager
def undone(database: Database) -> Iterator[Session]:
    """A session in which a test may write, and of which nothing is kept."""
    with Session(database.engine, expire_on_commit=False) as session:
        yield session


@dataclass(frozen=True)
class Shared:
    """A database with a board in it, for many tests that keep nothing of what they do."""

    database: Database
    board: Board


@contextmanager
def sharing(request: pytest.FixtureRequest, factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """One database for a whole module, on SQLite or PostgreSQL as the fixture's parameter says."""
    if request.param == "sqlite":
        file = factory.mktemp("board") / "board.db"
        url = sqlite.copy(sqlite.template(runs.current(), migrate), file)
        yield from _shared(url)
        return
    server: Server = request.getfixturevalue("postgres")
    name = server.create()
    yield from _shared(server.url(name))
    server.drop(name)


def _shared(url: str) -> Iterator[Shared]:
    database = Database(url)
    with database.transaction() as session:
        board = build(session)
    yield Shared(database, board)
    database.dispose()


BOTH = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))


def events(session: Session, post_id: int) -> list[str]:
    """The verbs of the post's history, in order."""
    query = select(Event.verb).where(Event.subject == "posts", Event.subject_id == post_id)
    return list(session.scalars(query.order_by(Event.id)))


def details(session: Session, post_id: int, verb: str) -> list[dict[str, object]]:
    """The details of the post's events of this verb, in order."""
    query = select(Event.details).where(
        Event.subject == "posts", Event.subject_id == post_id, Event.verb == verb
    )
    return list(session.scalars(query.order_by(Event.id)))


def told(session: Session, kind: str) -> list[int | None]:
    """Who got a notice of this kind, in order."""
    query = select(Notice.person_id).where(Notice.kind == kind).order_by(Notice.id)
    return list(session.scalars(query))


def reply_post(session: Session, board: Board, code: str, *, by: Actor) -> int:
    """A saved reply of this department to a citizen's comment, without its comment."""
    post = Post(
        kind=PostKind.REPLY,
        title="@nagarik",
        department_id=board.departments[code],
        created_at=NOW,
        state_at=NOW,
    )
    session.add(post)
    session.flush()
    revisions.write_revision(
        session,
        actor=by,
        now=NOW,
        post=post,
        variants=[PreparedVariant(board.x, Language.MARATHI, "आपली तक्रार मिळाली.", target="900")],
    )
    return post.id
