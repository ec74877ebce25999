"""State transitions, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from approvals.errors import Overtaken, WrongState
from approvals.policy import CLOCK, Actor, ActorKind, Role
from approvals.states import PostState
from publisher import transitions
from publisher.database.session import Database
from publisher.models.comments import Comment, Thread
from publisher.models.deliveries import Account, Delivery
from publisher.models.history import Event
from publisher.models.mailbox import MailOutcome, Quarantine, ReceivedMail
from publisher.models.notifications import Notice
from publisher.models.people import Appointment, Department, Person
from publisher.models.posts import Language, Post, Revision, Variant
from publisher.models.submissions import Submission, SubmissionKind
from publisher.states import (
    AccountState,
    AppointmentState,
    CommentState,
    DeliveryState,
    NoticeState,
    SubmissionState,
)
from tests.support.city_people import add_department
from tests.support.tables import each
from tests.test_states import OF, design_moves

NOW = datetime(2026, 11, 25, 6, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
Things = dict[type[transitions.Stateful], transitions.Stateful]


def add(session: Session) -> Things:
    """Add a row of each class that has a state."""
    department = add_department(session, "water")
    person = Person(name_mr="मेधा", created_at=NOW)
    session.add(person)
    session.flush()
    account = Account(
        code="x", platform="x", handle="pmc", name="PMC", department_id=department.id, state_at=NOW
    )
    post = Post(title="पाणी", department_id=department.id, created_at=NOW, state_at=NOW)
    submission = Submission(
        number="PMC/2026/000001",
        state_at=NOW,
        department_id=department.id,
        kind=SubmissionKind.OTHER,
        title="पाणी",
        handed_in_by_id=person.id,
        received_at=NOW,
    )
    notice = Notice(
        kind="approved",
        address="a@pmc.example",
        language="mr",
        subject="मान्यता",
        body="मान्यता",
        mail_id="1",
        state_at=NOW,
        queued_at=NOW,
        send_at=NOW,
    )
    appointment = Appointment(
        person_id=person.id,
        role=Role.OFFICER,
        department_id=department.id,
        from_at=NOW,
        state=AppointmentState.RECORDED,
        state_at=NOW,
    )
    session.add_all([account, post, submission, notice, appointment])
    session.flush()
    revision = Revision(post=post, number=1, author_id=person.id, saved_at=NOW)
    variant = Variant(
        revision=revision, position=0, account=account, language=Language.MARATHI, text="पाणी"
    )
    thread = Thread(account=account, root_id="1")
    session.add_all([variant, thread])
    session.flush()
    delivery = Delivery(
        variant_id=variant.id, post_id=post.id, account_id=account.id, state_at=NOW, due_at=NOW
    )
    comment = Comment(
        account=account,
        thread=thread,
        platform_id="2",
        text="पाणी कधी येणार?",
        written_at=NOW,
        seen_at=NOW,
        state_at=NOW,
        due_at=NOW,
    )
    mail = ReceivedMail(
        size=1, content_digest="0" * 64, received_at=NOW, outcome=MailOutcome.QUARANTINED
    )
    quarantine = Quarantine(mail=mail, since_at=NOW, state_at=NOW)
    session.add_all([delivery, comment, quarantine])
    session.flush()
    rows = (submission, post, delivery, comment, account, notice, appointment, quarantine)
    return {type(thing): thing for thing in rows}


@pytest.fixture
def rows_with_states(database: Database) -> Things:
    with database.transaction() as session:
        return add(session)


@pytest.fixture
def session(database: Database, rows_with_states: Things) -> Iterator[Session]:
    with Session(database.engine, expire_on_commit=False) as opened:
        yield opened


def own(session: Session, things: Things, kind: type[transitions.Stateful]) -> transitions.Stateful:
    rows = session.get_one(kind, things[kind].id)
    assert isinstance(rows, kind)
    return rows


def events(session: Session, thing: transitions.Stateful) -> list[Event]:
    query = select(Event).where(Event.subject == thing.__tablename__, Event.subject_id == thing.id)
    return list(session.scalars(query.order_by(Event.id)))


@pytest.mark.parametrize("kind", OF, ids=lambda kind: kind.__tablename__)
def test_each_pair_of_states_is_a_move_or_a_wrong_state(
    session: Session, rows_with_states: Things, kind: type[transitions.Stateful]
) -> None:
    thing, number = own(session, rows_with_states, kind), 0
    for before in OF[kind]:
        for to in OF[kind]:
            thing.state = before  # type: ignore[assignment]  # the enum of this very kind
            session.flush()
            if to.value in design_moves(OF[kind])[before.value]:
                transitions.apply(session, thing, to, actor=CLOCK, now=LATER, verb="try")
                number += 1
                session.expire(thing)
                assert (thing.state, thing.state_at) == (to, LATER)
                last = events(session, thing)[-1]
                assert (last.state_before, last.state_after) == (before.value, to.value)
            else:
                with pytest.raises(WrongState) as wrong:
                    transitions.apply(session, thing, to, actor=CLOCK, now=LATER, verb="try")
                assert not isinstance(wrong.value, Overtaken)
                assert thing.state is before
            assert len(events(session, thing)) == number
    assert number == sum(map(len, design_moves(OF[kind]).values()))


def test_the_event_says_who_when_and_what(session: Session, rows_with_states: Things) -> None:
    lead = session.scalars(select(Person)).one()
    actor = Actor(kind=ActorKind.PERSON, person_id=lead.id)
    transitions.apply(
        session,
        own(session, rows_with_states, Post),
        PostState.IN_REVIEW,
        actor=actor,
        now=LATER,
        verb="send_for_review",
        values={"revision": 1},
    )
    (event,) = events(session, rows_with_states[Post])
    assert (event.at, event.verb, event.person_id) == (LATER, "send_for_review", lead.id)
    assert (event.actor_kind, event.details) == (ActorKind.PERSON, {"revision": 1})


def send_and_fail(database: Database, things: Things) -> None:
    with database.transaction() as session:
        post = own(session, things, Post)
        transitions.apply(session, post, PostState.IN_REVIEW, actor=CLOCK, now=LATER, verb="send")
        raise ZeroDivisionError


@pytest.mark.twin
def test_move_and_event_are_kept_or_undone_together(
    database: Database, rows_with_states: Things
) -> None:
    with pytest.raises(ZeroDivisionError):
        send_and_fail(database, rows_with_states)
    with database.reading() as session:
        assert own(session, rows_with_states, Post).state is PostState.DRAFT
        assert events(session, rows_with_states[Post]) == []
    with database.transaction() as session:
        transitions.apply(
            session,
            own(session, rows_with_states, Post),
            PostState.IN_REVIEW,
            actor=CLOCK,
            now=LATER,
            verb="send",
        )
    with database.reading() as session:
        assert own(session, rows_with_states, Post).state is PostState.IN_REVIEW
        assert [event.verb for event in events(session, rows_with_states[Post])] == ["send"]


def change_elsewhere(session: Session, kind: type[transitions.Stateful], state: StrEnum) -> None:
    """Change the row in another transaction, so that this session's object is stale."""
    statement = update(kind).values(state=state).execution_options(synchronize_session=False)
    session.execute(statement)


@pytest.mark.both
@pytest.mark.parametrize(
    ("kind", "meanwhile", "to"),
    [
        (Submission, SubmissionState.WITHDRAWN, SubmissionState.DRAFTED),
        (Post, PostState.WITHDRAWN, PostState.IN_REVIEW),
        (Delivery, DeliveryState.CLAIMED, DeliveryState.CANCELLED),
        (Comment, CommentState.CLOSED, CommentState.ROUTED),
        (Account, AccountState.DISCONNECTED, AccountState.PAUSED),
        (Notice, NoticeState.SENT, NoticeState.SENDING),
    ],
)
def test_what_somebody_else_moved_first_is_overtaken(
    session: Session,
    rows_with_states: Things,
    kind: type[transitions.Stateful],
    meanwhile: StrEnum,
    to: StrEnum,
) -> None:
    thing = own(session, rows_with_states, kind)
    before = thing.state
    change_elsewhere(session, kind, meanwhile)
    with pytest.raises(Overtaken) as overtaken:
        transitions.apply(session, thing, to, actor=CLOCK, now=LATER, verb="try")
    assert overtaken.value.values == {"state": before, "to": to}
    session.expire(thing)
    assert thing.state == meanwhile
    assert events(session, thing) == []


@pytest.mark.both
def test_two_connections_move_one_row_once(database: Database, rows_with_states: Things) -> None:
    with database.reading() as looking:
        stale = own(looking, rows_with_states, Post)
        assert stale.state is PostState.DRAFT
        looking.expunge(stale)
    for expected in (None, Overtaken):
        with database.transaction() as session:
            merged = session.merge(stale, load=False)
            if expected is None:
                transitions.apply(
                    session, merged, PostState.IN_REVIEW, actor=CLOCK, now=LATER, verb="send"
                )
            else:
                with pytest.raises(expected):
                    transitions.apply(
                        session, merged, PostState.WITHDRAWN, actor=CLOCK, now=LATER, verb="drop"
                    )
    with database.reading() as session:
        assert [event.verb for event in events(session, rows_with_states[Post])] == ["send"]


@pytest.mark.both
@pytest.mark.parametrize(("fence", "moves_it"), [(3, True), (2, False), (4, False)])
def test_an_older_fence_changes_nothing(
    session: Session, rows_with_states: Things, fence: int, moves_it: bool
) -> None:
    delivery = own(session, rows_with_states, Delivery)
    assert isinstance(delivery, Delivery)
    delivery.state, delivery.fence = DeliveryState.CLAIMED, 3
    session.flush()
    to = DeliveryState.SENDING
    if moves_it:
        transitions.apply(session, delivery, to, actor=CLOCK, now=LATER, verb="send", fence=fence)
    else:
        with pytest.raises(Overtaken):
            transitions.apply(
                session, delivery, to, actor=CLOCK, now=LATER, verb="send", fence=fence
            )
    session.expire(delivery)
    assert delivery.state is (to if moves_it else DeliveryState.CLAIMED)
    assert len(events(session, delivery)) == moves_it


def test_columns_are_set_by_the_same_move(session: Session, rows_with_states: Things) -> None:
    delivery = own(session, rows_with_states, Delivery)
    assert isinstance(delivery, Delivery)
    columns = {"reason": {"code": "stopped"}}
    to = DeliveryState.CANCELLED
    transitions.apply(session, delivery, to, actor=CLOCK, now=LATER, verb="x", columns=columns)
    session.expire(delivery)
    assert (delivery.state, delivery.reason) == (to, {"code": "stopped"})


def three(session: Session, things: Things) -> list[Post]:
    department_id = session.scalars(select(Department.id)).one()
    posts = [
        Post(title=f"{n}", department_id=department_id, created_at=NOW, state_at=NOW)
        for n in range(3)
    ]
    session.add_all(posts)
    session.flush()
    return posts


@pytest.mark.twin
def test_a_set_is_moved_whole_with_an_event_for_each(
    session: Session, rows_with_states: Things
) -> None:
    posts = three(session, rows_with_states)
    transitions.apply(
        session, posts, PostState.IN_REVIEW, actor=CLOCK, now=LATER, verb="send", values={"n": 1}
    )
    for post in posts:
        session.expire(post)
        assert post.state is PostState.IN_REVIEW
        assert [event.details for event in events(session, post)] == [{"n": 1}]


@pytest.mark.both
def test_of_a_set_none_moves_where_one_was_overtaken(
    session: Session, rows_with_states: Things
) -> None:
    posts = three(session, rows_with_states)
    with session.begin_nested():
        session.execute(
            update(Post)
            .where(Post.id == posts[1].id)
            .values(state=PostState.WITHDRAWN)
            .execution_options(synchronize_session=False)
        )
    with pytest.raises(Overtaken), session.begin_nested():
        transitions.apply(session, posts, PostState.IN_REVIEW, actor=CLOCK, now=LATER, verb="send")
    session.expire_all()
    assert [post.state.value for post in posts] == ["draft", "withdrawn", "draft"]
    assert session.scalar(select(func.count(Event.id))) == 0


def test_a_set_of_two_states_or_two_kinds_is_no_set(
    session: Session, rows_with_states: Things
) -> None:
    posts: list[transitions.Stateful] = [*three(session, rows_with_states)]
    posts[0].state = PostState.APPROVED
    with pytest.raises(ValueError, match="one kind and state"):
        transitions.apply(session, posts, PostState.DRAFT, actor=CLOCK, now=LATER, verb="x")
    mixed = [own(session, rows_with_states, kind) for kind in (Submission, Comment)]
    assert mixed[0].state == mixed[1].state
    to = SubmissionState.DRAFTED
    with pytest.raises(ValueError, match="one kind and state"):
        transitions.apply(session, mixed, to, actor=CLOCK, now=LATER, verb="x")


def test_a_set_holds_each_thing_once(session: Session, rows_with_states: Things) -> None:
    post = three(session, rows_with_states)[0]
    with pytest.raises(ValueError, match="once"):
        transitions.apply(
            session, [post, post], PostState.IN_REVIEW, actor=CLOCK, now=LATER, verb="x"
        )


def test_an_empty_set_writes_nothing(session: Session, rows_with_states: Things) -> None:
    transitions.apply(session, [], PostState.DRAFT, actor=CLOCK, now=LATER, verb="x")
    assert session.scalar(select(func.count(Event.id))) == 0


@pytest.mark.both
def test_a_locked_row_is_read_afresh(session: Session, rows_with_states: Things) -> None:
    post = own(session, rows_with_states, Post)
    change_elsewhere(session, Post, PostState.APPROVED)
    assert post.state == "draft"
    assert transitions.lock(session, Post, post.id) is post
    assert post.state == "approved"
    assert transitions.lock(session, Post, 10**9) is None


# The database's own guards

STATEFUL = ["submissions", "posts", "deliveries", "comments", "accounts", "notices"]


@pytest.mark.both
@each("table", STATEFUL)
@each("state", ["publish", "DRAFT", "", "approved "])
def test_the_database_knows_no_other_states(session: Session, table: str, state: str) -> None:
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(text(f"UPDATE {table} SET state = :state"), {"state": state})


@pytest.mark.both
def test_an_unknown_state_is_not_inserted(session: Session) -> None:
    statement = text(
        "INSERT INTO posts"
        " (state, kind, title, department_id, newest, reason, created_at, state_at)"
        " SELECT 'live', kind, title, department_id, 0, '', created_at, state_at FROM posts"
    )
    with pytest.raises(IntegrityError):
        session.execute(statement)
