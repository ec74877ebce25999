"""A small house for the desk's tests: two departments, their people, the cell, three accounts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Self

from PIL import Image
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from approvals.policy import Actor, ActorKind, Role
from publisher.database.session import Database
from publisher.drafting import renditions
from publisher.drafting.drafts import Draft, PreparedDraft, VariantDraft
from publisher.drafting.save import save, start
from publisher.intake import submit
from publisher.intake.form import HandIn
from publisher.media.store import Store
from publisher.models.deliveries import Account
from publisher.models.history import Event
from publisher.models.notifications import Notice
from publisher.models.people import Appointment, Department, Person
from publisher.models.posts import Language, Post
from publisher.models.submissions import Submission, SubmissionKind
from publisher.states import AccountState

NOW = datetime(2026, 11, 25, 6, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class House:
    """The ids and actors that a test needs; `water` has everybody, `roads` an officer only."""

    water: int
    roads: int
    it: int
    member: Actor
    first_officer: Actor
    second_officer: Actor
    head: Actor
    roads_officer: Actor
    clerk: Actor
    other_clerk: Actor
    lead: Actor
    admin: Actor
    auditor: Actor
    x: int
    facebook: int
    disconnected: int


def build(database: Database) -> House:
    """Fill an empty database."""
    with database.transaction() as session:
        water = _department(session, "water", "पाणीपुरवठा विभाग", "Water Supply")
        roads = _department(session, "roads", "पथ विभाग", "Roads")
        it = _department(session, "information-technology", "माहिती व तंत्रज्ञान", "IT")
        return House(
            water=water.id,
            roads=roads.id,
            it=it.id,
            member=_appoint(session, water, Role.MEMBER, "मीरा"),
            second_officer=_appoint(session, water, Role.OFFICER, "दत्ता", rank=2),
            first_officer=_appoint(session, water, Role.OFFICER, "उषा", rank=1),
            head=_appoint(session, water, Role.HEAD, "गोविंद"),
            roads_officer=_appoint(session, roads, Role.OFFICER, "रमा", rank=1),
            clerk=_appoint(session, it, Role.CELL, "स्वाती"),
            other_clerk=_appoint(session, it, Role.CELL, "किरण"),
            lead=_appoint(session, it, Role.CELL_LEAD, "मेधा"),
            admin=_appoint(session, it, Role.ADMIN, "अरुण"),
            auditor=_appoint(session, it, Role.AUDITOR, "शांता"),
            x=_account(session, it, "x"),
            facebook=_account(session, it, "facebook"),
            disconnected=_account(session, it, "facebook", AccountState.DISCONNECTED),
        )


def _department(session: Session, code: str, name_mr: str, name_en: str) -> Department:
    department = Department(code=code, name_mr=name_mr, name_en=name_en, kind="department")
    session.add(department)
    session.flush()
    return department


def _appoint(
    session: Session, department: Department, role: Role, name: str, rank: int | None = None
) -> Actor:
    person = Person(name_mr=name, name_en=name, created_at=NOW - DAY)
    session.add(person)
    session.flush()
    person.mail = f"person{person.id}@pmc.example"
    appointment = Appointment(
        person_id=person.id,
        role=role,
        department_id=department.id,
        rank=rank,
        from_at=NOW - DAY,
    )
    session.add(appointment)
    session.flush()
    return Actor(
        kind=ActorKind.PERSON,
        person_id=person.id,
        appointment_id=appointment.id,
        role=role,
        department_id=department.id,
        signed_in_at=NOW,
        name=name,
    )


def _account(
    session: Session,
    department: Department,
    platform: str,
    state: AccountState = AccountState.CONNECTED,
) -> int:
    account = Account(
        code=f"{platform}-{state}",
        platform=platform,
        handle=f"pmc_{platform}",
        name="पुणे मनपा",
        department_id=department.id,
        state=state,
        state_at=NOW,
    )
    session.add(account)
    session.flush()
    return account.id


def form(house: House, **changed: object) -> HandIn:
    """A form that can be handed in by the water department, with what the test changes."""
    values: dict[str, object] = {
        "department_id": house.water,
        "kind": SubmissionKind.PUBLIC_NOTICE,
        "title": "शनिवारी पाणीपुरवठा बंद",
        "text_mr": "शनिवारी शहराच्या पूर्व भागाचा पाणीपुरवठा बंद राहील.",
        "text_en": "There will be no water in the east on Saturday.",
        "wished_at": NOW + DAY,
        "useful_until": NOW + 3 * DAY,
        "outward_number": "पापु/३०७",
    }
    return HandIn(**{**values, **changed})  # type: ignore[arg-type]  # a test's own fields


def handed_in(session: Session, house: House, store: Store, **changed: object) -> Submission:
    """A submission that the water department's member handed in."""
    return submit.hand_in(
        session,
        actor=house.member,
        now=NOW,
        city_code="PMC",
        store=store,
        form=form(house, **changed),
    )


def variant(account_id: int, **changed: object) -> VariantDraft:
    """A short Marathi variant on this account, with what the test changes."""
    values: dict[str, object] = {
        "account_id": account_id,
        "language": Language.MARATHI,
        "text": "शनिवारी पाणीपुरवठा बंद.",
    }
    return VariantDraft(**{**values, **changed})  # type: ignore[arg-type]  # a test's own fields


def draft(*variants: VariantDraft, **changed: object) -> Draft:
    """A draft with these variants, with what the test changes."""
    values: dict[str, object] = {"title": "पाणीपुरवठा बंद", "note": "पहिला मसुदा"}
    return Draft(**{**values, "variants": variants, **changed})  # type: ignore[arg-type]  # as above


def prepared(
    database: Database, store: Store, typed: Draft, post_id: int | None = None
) -> PreparedDraft:
    """The draft as the page prepares it before it opens a transaction."""
    with database.reading() as session:
        known = renditions.preparation_context(session, post_id=post_id)
    return renditions.prepare_pictures(store, typed, known)


def started(database: Database, house: House, store: Store, **changed: object) -> Post:
    """A post without a revision, begun from a submission."""
    with database.transaction() as session:
        submission = handed_in(session, house, store, **changed)
        return start(session, actor=house.clerk, now=NOW, submission_id=submission.id)


def saved(database: Database, house: House, store: Store, post: Post, *, seen: int) -> None:
    """A revision of the post for both accounts."""
    ready = prepared(database, store, draft(variant(house.x), variant(house.facebook)))
    with database.transaction() as session:
        save(
            session, actor=house.clerk, now=NOW, post_id=post.id, seen_revision=seen, prepared=ready
        )


def verbs(session: Session, thing: Submission | Post) -> list[str]:
    """The verbs of a thing's history, in order."""
    query = select(Event.verb).where(
        Event.subject == thing.__tablename__, Event.subject_id == thing.id
    )
    return list(session.scalars(query.order_by(Event.id)))


def mails(session: Session) -> list[tuple[str, int | None]]:
    """Kind and reader of every mail that was queued."""
    rows = session.execute(select(Notice.kind, Notice.person_id).order_by(Notice.id))
    return [(kind, person) for kind, person in rows]


def photo(
    width: int = 60, height: int = 40, *, turned: bool = False, colour: str = "teal"
) -> bytes:
    """A JPEG as a phone makes it: with GPS in its EXIF, and lying on its side where `turned`."""
    exif = Image.Exif()
    exif[0x0112] = 6 if turned else 1
    exif.get_ifd(0x8825)[1] = "N"
    out = BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "JPEG", exif=exif)
    return out.getvalue()


class Counted:
    """Counts the statements that are executed while it is open."""

    def __init__(self, database: Database) -> None:
        self.engine = database.engine
        self.count = 0

    def _count(self, *_: object) -> None:
        self.count += 1

    def __enter__(self) -> Self:
        event.listen(self.engine, "before_cursor_execute", self._count)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(self.engine, "before_cursor_execute", self._count)
