"""A small city for tests: departments, a cast of every role, accounts, and short ways through it.

Everything that happens in it happens by the product's use cases, at the time its clock shows.

- `water` has a member, two officers and a head; `road` one officer, `health` a head alone,
  `garden` nobody; the cell belongs to `information-technology`.
- Platforms live in memory: `city.platform("x").fail_next(...)`, `.citizen_says(...)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from approvals.policy import Actor, ActorKind, Role
from publisher.database.session import Database
from publisher.delivery import dispatch, reconcile
from publisher.delivery.worker_context import WorkerContext
from publisher.drafting import collaboration, renditions, snippets
from publisher.drafting import save as drafting_save
from publisher.drafting.drafts import Draft, PictureDraft, VariantDraft
from publisher.drafting.snippets import SnippetDraft
from publisher.inbox import ingest, reply, routing
from publisher.intake import submit
from publisher.intake.form import HandIn
from publisher.intake.uploads import UploadedFile
from publisher.media.store import Store
from publisher.models.comments import AnswerKind, Comment
from publisher.models.deliveries import Account, Delivery
from publisher.models.desk import TextPart
from publisher.models.history import Event
from publisher.models.notifications import Notice
from publisher.models.people import Appointment, Department
from publisher.models.posts import Language, Post, Revision, Variant
from publisher.models.submissions import Submission, SubmissionKind
from publisher.people.appointments import disable_person, end_appointment, record_person
from publisher.people.permissions import COMMAND
from publisher.platforms.base.protocol import OutcomeUnknown
from publisher.platforms.memory.platform import MemoryPlatform
from publisher.review import decide
from publisher.scheduling.schedule import schedule as scheduling_schedule
from publisher.settings import environment
from tests.support.copied import Copy

NOON = datetime(2026, 11, 25, 6, 30, tzinfo=UTC)
"""A Wednesday, 12:00 in the city."""

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

PACE = environment.load({}, folder=Path(__file__).parent).delivery
"""The pace of a real clock: leases and looks as long as they are in earnest."""

DEPARTMENTS = {
    "information-technology": ("माहिती व तंत्रज्ञान विभाग", "Information Technology"),
    "water": ("पाणीपुरवठा विभाग", "Water Supply"),
    "road": ("पथ विभाग", "Roads"),
    "health": ("आरोग्य विभाग", "Health"),
    "garden": ("उद्यान विभाग", "Gardens"),
}
CAST: tuple[tuple[str, Role, str, str], ...] = (
    ("admin", Role.ADMIN, "information-technology", "अरुण टेकवडे"),
    ("lead", Role.CELL_LEAD, "information-technology", "प्रसाद केंजळे"),
    ("clerk", Role.CELL, "information-technology", "स्वाती रणपिसे"),
    ("other_clerk", Role.CELL, "information-technology", "इम्रान तांबोळी"),
    ("oversight", Role.OVERSIGHT, "information-technology", "रोहिणी देशमाने"),
    ("auditor", Role.AUDITOR, "information-technology", "अनंत कुलथे"),
    ("member", Role.MEMBER, "water", "किरण वाबळे"),
    ("first", Role.OFFICER, "water", "मेधा सातपुते"),
    ("second", Role.OFFICER, "water", "नितीन घोलप"),
    ("head", Role.HEAD, "water", "उज्ज्वला चव्हाणके"),
    ("road_member", Role.MEMBER, "road", "समीर बोऱ्हाडे"),
    ("road_officer", Role.OFFICER, "road", "शैलजा कुदळे"),
    ("health_member", Role.MEMBER, "health", "दीपक जेधे"),
    ("health_head", Role.HEAD, "health", "विलास थोपटे"),
    ("garden_member", Role.MEMBER, "garden", "सुनील पोटे"),
)
MEMBERS = {
    "water": "member",
    "road": "road_member",
    "health": "health_member",
    "garden": "garden_member",
}
APPROVERS = {"water": "first", "road": "road_officer", "health": "health_head"}


@dataclass
class Clock:
    """A clock that stands until it is moved; as a function it gives the present moment."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at

    def move(self, span: timedelta) -> datetime:
        """Let time pass; gives the new moment."""
        self.at += span
        return self.at


@dataclass
class City:
    """The city, and the short ways through it."""

    database: Database
    store: Store
    clock: Clock
    departments: dict[str, int]
    appointments: dict[str, int]
    people: dict[str, int]
    accounts: dict[str, int]
    platforms: dict[int, MemoryPlatform]
    roles: dict[str, tuple[Role, str]]
    context: WorkerContext = field(init=False)

    def __post_init__(self) -> None:
        self.context = self.clock_named("clock-1")

    def clock_named(self, name: str) -> WorkerContext:
        """The bench of another clock on the same database."""
        return WorkerContext(
            database=self.database,
            store=self.store,
            open_account=lambda account: self.platforms[account.id],
            delivery_settings=PACE,
            clock_name=name,
            now=self.clock,
            monotonic=lambda: 0.0,
        )

    def actor(self, name: str, *, fresh: bool = True) -> Actor:
        """Somebody of the cast; without `fresh` the sign-in is an hour old."""
        role, department = self.roles[name]
        line = ["water", "road"] if role is Role.OVERSIGHT else []
        return Actor(
            kind=ActorKind.PERSON,
            person_id=self.people[name],
            appointment_id=self.appointments[name],
            role=role,
            department_id=self.departments[department],
            line=frozenset(self.departments[one] for one in line),
            signed_in_at=self.clock.at - (MINUTE if fresh else HOUR),
            name=name,
        )

    def platform(self, name: str) -> MemoryPlatform:
        """The platform behind the account of that name, `x` or `facebook`."""
        return self.platforms[self.accounts[name]]

    @property
    def now(self) -> datetime:
        """What the city's clock shows."""
        return self.clock.at

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction."""
        with self.database.transaction() as session:
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session to look with; what was read keeps its values afterwards."""
        with self.database.reading() as session:
            yield session
            session.expunge_all()

    # People

    def appoint(self, name: str, role: Role, department: str, full_name: str = "") -> Actor:
        """Add somebody to the cast."""
        with self.write() as session:
            _appoint(session, self, name, role, department, full_name or name)
        return self.actor(name)

    def end(self, name: str) -> None:
        """End somebody's appointment now."""
        with self.write() as session:
            appointment = session.get_one(Appointment, self.appointments[name])
            end_appointment(session, actor=COMMAND, appointment=appointment, now=self.now)

    def disable(self, name: str) -> None:
        """Shut somebody out now."""
        with self.write() as session:
            person = session.get_one(Appointment, self.appointments[name]).person
            disable_person(session, actor=COMMAND, person=person, now=self.now)

    # The desk

    def hand_in(
        self,
        title: str = "शनिवारी पाणीपुरवठा बंद",
        *,
        department: str = "water",
        by: str | None = None,
        wished_at: datetime | None = None,
        useful_until: datetime | None = None,
        text_mr: str = "शनिवारी शहराच्या पूर्व भागाचा पाणीपुरवठा बंद राहील.",
        text_en: str = "",
        files: tuple[UploadedFile, ...] = (),
    ) -> int:
        """Hand in for a department, by its member; gives the submission's id."""
        actor = self.actor(by or MEMBERS[department])
        form = HandIn(
            department_id=self.departments[department],
            kind=SubmissionKind.PUBLIC_NOTICE,
            title=title,
            text_mr=text_mr,
            text_en=text_en,
            wished_at=wished_at,
            useful_until=useful_until,
            files=files,
            brought_by="एक नागरिक" if actor.role in (Role.CELL, Role.CELL_LEAD) else "",
        )
        with self.write() as session:
            submission = submit.hand_in(
                session, actor=actor, now=self.now, city_code="PMC", store=self.store, form=form
            )
            return submission.id

    def start(self, submission_id: int, *, by: str = "clerk") -> int:
        """Begin a post; gives its id."""
        with self.write() as session:
            post = drafting_save.start(
                session, actor=self.actor(by), now=self.now, submission_id=submission_id
            )
            session.flush()
            return post.id

    def save(
        self,
        post_id: int,
        *,
        by: str = "clerk",
        on: Sequence[str] = ("x", "facebook"),
        text: str = "",
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        asked: Sequence[str] = (),
        languages: Sequence[Language] = (Language.MARATHI,),
        pictures: tuple[PictureDraft, ...] = (),
    ) -> int:
        """Save a revision for these accounts; gives its number."""
        with self.read() as session:
            post, known = (
                session.get_one(Post, post_id),
                renditions.preparation_context(session, post_id=post_id),
            )
        draft = Draft(
            title=post.title,
            not_before=not_before,
            not_after=not_after,
            asked_ids=tuple(self.departments[one] for one in asked),
            variants=tuple(
                VariantDraft(
                    self.accounts[one],
                    language,
                    text or f"{post.title} ({post_id} {language})",
                    pictures=pictures,
                )
                for one in on
                for language in languages
            ),
        )
        prepared = renditions.prepare_pictures(self.store, draft, known)
        with self.write() as session:
            revision = drafting_save.save(
                session,
                actor=self.actor(by),
                now=self.now,
                post_id=post_id,
                seen_revision=post.newest,
                prepared=prepared,
            )
            return revision.number

    def draft(self, submission_id: int, *, by: str = "clerk", on: Sequence[str] = ("x",)) -> int:
        """Begin a post and save its first revision; gives its id."""
        post_id = self.start(submission_id, by=by)
        self.save(post_id, by=by, on=on)
        return post_id

    def newest(self, post_id: int) -> int:
        """The number of the post's newest revision."""
        with self.read() as session:
            return session.get_one(Post, post_id).newest

    def send(self, post_id: int, *, by: str = "clerk") -> None:
        """Send the newest revision for review."""
        self._review(decide.send_for_review, post_id, by)

    def approve(self, post_id: int, *, by: str = "first") -> None:
        """Approve the newest revision."""
        self._review(decide.approve, post_id, by)

    def _review(self, act: Callable[..., object], post_id: int, by: str, **more: str) -> None:
        seen = self.newest(post_id)
        with self.write() as session:
            act(
                session,
                actor=self.actor(by),
                now=self.now,
                post_id=post_id,
                seen_revision=seen,
                **more,
            )

    def return_post(
        self, post_id: int, reason: str = "वेळ दुरुस्त करावी.", *, by: str = "first"
    ) -> None:
        """Return the newest revision to the cell."""
        self._review(decide.return_post, post_id, by, reason=reason)

    def reject(self, post_id: int, reason: str = "प्रसिद्ध करू नये.", *, by: str = "first") -> None:
        """Reject the newest revision."""
        self._review(decide.reject, post_id, by, reason=reason)

    def variants(self, post_id: int) -> list[int]:
        """The ids of the newest revision's variants, in order."""
        query = (
            select(Variant.id)
            .join(Revision, Revision.id == Variant.revision_id)
            .join(Post, (Post.id == Revision.post_id) & (Post.newest == Revision.number))
            .where(Post.id == post_id)
            .order_by(Variant.position)
        )
        with self.read() as session:
            return list(session.scalars(query))

    def schedule(
        self,
        post_id: int,
        after: timedelta = HOUR,
        *,
        by: str = "clerk",
        late_limit: int = 60,
    ) -> list[int]:
        """Schedule every variant for that long from now; gives the deliveries' ids."""
        variants = self.variants(post_id)
        with self.write() as session:
            made = [
                scheduling_schedule(
                    session,
                    actor=self.actor(by),
                    now=self.now,
                    variant_id=one,
                    due_at=self.now + after,
                    late_limit=late_limit,
                    despite_clash=True,
                )
                for one in variants
            ]
            session.flush()
            return [one.id for one in made]

    def join(self, post_id: int, submission_id: int, *, by: str = "clerk") -> None:
        """Let a post rest on one more submission."""
        with self.write() as session:
            number = session.get_one(Submission, submission_id).number
            collaboration.join(
                session, actor=self.actor(by), now=self.now, post_id=post_id, number=number
            )

    def note(self, post_id: int, text: str, *, by: str = "clerk") -> None:
        """Write a note between clerks."""
        with self.write() as session:
            collaboration.write_note(
                session, actor=self.actor(by), now=self.now, post_id=post_id, text=text
            )

    def open_draft(self, post_id: int, *, by: str = "clerk") -> None:
        """Open a draft, as its page does."""
        with self.write() as session:
            collaboration.open_draft(session, actor=self.actor(by), now=self.now, post_id=post_id)

    def starting_text(
        self,
        name: str = "पाणीपुरवठा बंद",
        *,
        by: str = "clerk",
        part: TextPart = TextPart.WHOLE,
        department: str = "",
        text_mr: str = "{date} रोजी {ward} प्रभागात पाणी येणार नाही. चौकशी: {helpline}",
        text_en: str = "",
    ) -> int:
        """A text of the cell's own, for a department or for all; gives its id."""
        form = SnippetDraft(
            part=part,
            name=name,
            department_id=self.departments[department] if department else None,
            text_mr=text_mr,
            text_en=text_en,
        )
        with self.write() as session:
            made = snippets.make(session, actor=self.actor(by), now=self.now, form=form)
            return made.id

    def in_review(self, department: str = "water", *, on: Sequence[str] = ("x",)) -> int:
        """A post of that department, in review; gives its id."""
        post_id = self.draft(self.hand_in(department=department), on=on)
        self.send(post_id)
        return post_id

    def approved(self, department: str = "water", *, on: Sequence[str] = ("x",)) -> int:
        """A post that its department has approved; gives its id."""
        post_id = self.in_review(department, on=on)
        self.approve(post_id, by=APPROVERS[department])
        return post_id

    def due(self, department: str = "water", *, on: Sequence[str] = ("x",)) -> list[int]:
        """An approved post whose deliveries are due now; gives their ids."""
        return self.schedule(self.approved(department, on=on), timedelta(0))

    def live(self, department: str = "water", *, on: Sequence[str] = ("x",)) -> list[int]:
        """A post that is live; gives its deliveries' ids."""
        deliveries = self.due(department, on=on)
        self.press()
        return deliveries

    # The press and the inbox

    def press(self, after: timedelta = timedelta(0)) -> int:
        """One tick of the press, after that long."""
        self.clock.move(after)
        return dispatch.tick_press(self.context)

    def confirm(self, after: timedelta = timedelta(0)) -> int:
        """One tick of confirming, after that long."""
        self.clock.move(after)
        return reconcile.tick_reconcile(self.context)

    def hold(self, *, on: str = "x", department: str = "water") -> int:
        """A delivery of which nobody knows whether it left, held for a person; gives its id."""
        self.platform(on).fail_next(OutcomeUnknown("no answer"))
        delivery = self.due(department, on=[on])[0]
        self.press()
        for _ in PACE.looks:
            self.confirm(timedelta(minutes=16))
        return delivery

    def listen(self, after: timedelta = timedelta(0)) -> int:
        """One tick of listening, after that long; gives the number of new comments."""
        self.clock.move(after)
        return ingest.tick_listening(self.context)

    def note_answers(self) -> int:
        """One tick that marks comments whose answer is live."""
        return reply.tick_answers(self.database, now=self.now)

    def platform_id(self, delivery_id: int) -> str:
        """The id under which a delivery is live."""
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
        """Let a citizen comment under a delivery, or mention the city; read it, give its id."""
        parent = self.platform_id(under) if under is not None else None
        words = text if under is not None else f"@city {text}"
        own = self.platform(on).citizen_says(words, parent_id=parent, author=author)
        self.listen(timedelta(minutes=10))
        return self.comment_id(own, on=on)

    def comment_id(self, platform_id: str, *, on: str = "x") -> int:
        """The id of our row for what a citizen said."""
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
    ) -> int:
        """Answer a comment; gives the reply's post id."""
        with self.write() as session:
            post = reply.answer(
                session,
                actor=self.actor(by),
                now=self.now,
                comment_id=comment_id,
                text=text,
                kind=kind,
            )
            return post.id

    def assign(self, comment_id: int, department: str, *, by: str = "clerk") -> None:
        """Give a comment from the queue to a department."""
        with self.write() as session:
            routing.assign(
                session,
                actor=self.actor(by),
                now=self.now,
                comment_id=comment_id,
                department_id=self.departments[department],
            )

    # Looking

    def delivery(self, delivery_id: int) -> Delivery:
        """The delivery as it stands, detached."""
        with self.read() as session:
            return session.get_one(Delivery, delivery_id)

    def verbs(self, subject: str, subject_id: int) -> list[str]:
        """What happened to a thing, oldest first."""
        query = select(Event.verb).where(Event.subject == subject, Event.subject_id == subject_id)
        with self.read() as session:
            return list(session.scalars(query.order_by(Event.id)))

    def told(self, kind: str) -> list[str]:
        """The names of those who were mailed a notice of this kind, in alphabetical order."""
        names = {person_id: name for name, person_id in self.people.items()}
        with self.read() as session:
            found = session.scalars(select(Notice.person_id).where(Notice.kind == kind))
            return sorted(names[one] for one in found if one is not None)


_FOUNDED: dict[str, tuple[Copy, City]] = {}  # by dialect


def city(database: Database, folder: Path) -> City:
    """Found the city in an empty database; its media lie in `folder`.

    The first of a process is written by the use cases; the next are copies of it.
    """
    dialect = database.engine.dialect.name
    if dialect not in _FOUNDED:
        before = Copy.of(database)
        founded = _found(database, folder)
        _FOUNDED[dialect] = (Copy.of(database).without(before), founded)
        return _settled(founded, database, folder)
    copy, founded = _FOUNDED[dialect]
    copy.lay(database)
    return _settled(founded, database, folder)


def _settled(founded: City, database: Database, folder: Path) -> City:
    """The same city with its own clock, books, media and platforms."""
    clock = Clock()
    platforms = {
        account_id: MemoryPlatform(now=clock, name=name, can_edit=name == "facebook")
        for name, account_id in founded.accounts.items()
    }
    return City(
        database=database,
        store=Store(folder / "media"),
        clock=clock,
        departments=dict(founded.departments),
        appointments=dict(founded.appointments),
        people=dict(founded.people),
        accounts=dict(founded.accounts),
        platforms=platforms,
        roles=dict(founded.roles),
    )


def _found(database: Database, folder: Path) -> City:
    founded = City(
        database=database,
        store=Store(folder / "media"),
        clock=Clock(),
        departments={},
        appointments={},
        people={},
        accounts={},
        platforms={},
        roles={},
    )
    with database.transaction() as session:
        for code in DEPARTMENTS:
            founded.departments[code] = _department(session, code)
        for name, role, department, full_name in CAST:
            _appoint(session, founded, name, role, department, full_name)
        for platform in ("x", "facebook"):
            founded.accounts[platform] = _account(session, founded, platform)
    return founded


def _department(session: Session, code: str) -> int:
    name_mr, name_en = DEPARTMENTS[code]
    department = Department(code=code, name_mr=name_mr, name_en=name_en, kind="department")
    session.add(department)
    session.flush()
    return department.id


def _appoint(
    session: Session, founded: City, name: str, role: Role, department: str, full_name: str
) -> None:
    appointment = record_person(
        session,
        actor=COMMAND,
        now=founded.now - DAY,
        name_mr=full_name,
        role=role,
        department_id=founded.departments[department],
        mail=f"{name.replace('_', '-')}@pmc.example",
    )
    session.flush()
    founded.appointments[name] = appointment.id
    founded.people[name] = appointment.person_id
    founded.roles[name] = (role, department)


def _account(session: Session, founded: City, platform: str) -> int:
    account = Account(
        code=platform,
        platform=platform,
        handle=f"pmc_{platform}",
        name="पुणे महानगरपालिका",
        url=f"https://platform.example/{platform}",
        department_id=founded.departments["information-technology"],
        state_at=founded.now - DAY,
    )
    session.add(account)
    session.flush()
    return account.id


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Every statement that the database gets meanwhile, transactions' own aside."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def as_of(actor: Actor, at: datetime) -> Actor:
    """The same actor, signed in at that moment."""
    return replace(actor, signed_in_at=at)
