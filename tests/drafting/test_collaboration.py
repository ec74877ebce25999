"""Two clerks at one post: notes that only the cell reads, and who has the draft open."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DatabaseError

from approvals.errors import WrongRole
from approvals.policy import Actor
from publisher.database.session import Database
from publisher.drafting import collaboration
from publisher.drafting.collaboration import FADES_AFTER
from publisher.media.store import Store
from publisher.models.desk import OpenDraft
from publisher.models.posts import Post
from publisher.validation import Invalid, NotFound
from tests.support.small_house import HOUR, NOW, House, started


def write(database: Database, actor: Actor, post: Post, words: str) -> None:
    with database.transaction() as session:
        collaboration.write_note(session, actor=actor, now=NOW, post_id=post.id, text=words)


def read(database: Database, actor: Actor, post: Post) -> list[str]:
    with database.reading() as session:
        return [one.text for one in collaboration.notes_of(session, actor=actor, post_id=post.id)]


def test_the_cell_and_the_auditor_read_notes_and_no_department_does(
    database: Database, house: House, store: Store
) -> None:
    post = started(database, house, store)
    write(database, house.clerk, post, "  विभागाशी बोलले. ")
    write(database, house.lead, post, "ठीक आहे.")
    both = ["विभागाशी बोलले.", "ठीक आहे."]
    for actor in (house.clerk, house.other_clerk, house.lead, house.auditor):
        assert read(database, actor, post) == both
    for actor in (house.member, house.first_officer, house.head, house.admin):
        assert read(database, actor, post) == []


@pytest.mark.parametrize("who", ["member", "first_officer", "auditor", "admin"])
def test_only_the_cell_writes_notes(
    database: Database, house: House, store: Store, who: str
) -> None:
    post = started(database, house, store)
    with pytest.raises(WrongRole):
        write(database, getattr(house, who), post, "नोंद")


def test_a_note_needs_words_and_a_post(database: Database, house: House, store: Store) -> None:
    post = started(database, house, store)
    for words, code in ((" ", "required"), ("न" * 2_001, "too_long")):
        with pytest.raises(Invalid) as caught:
            write(database, house.clerk, post, words)
        assert caught.value.codes == [("clerk_note", code)]
    post.id = 999
    with pytest.raises(NotFound):
        write(database, house.clerk, post, "नोंद")


@pytest.mark.parametrize(
    "statement", ["UPDATE clerk_notes SET text = 'x'", "DELETE FROM clerk_notes"]
)
@pytest.mark.both
def test_the_database_lets_nobody_change_a_note(
    database: Database, house: House, store: Store, statement: str
) -> None:
    post = started(database, house, store)
    write(database, house.clerk, post, "नोंद")
    with pytest.raises(DatabaseError, match="append-only"), database.transaction() as session:
        session.execute(text(statement))
    assert read(database, house.clerk, post) == ["नोंद"]


def open_draft(database: Database, actor: Actor, post: Post, *, minutes: int = 0) -> None:
    with database.transaction() as session:
        collaboration.open_draft(
            session, actor=actor, now=NOW + minutes * HOUR / 60, post_id=post.id
        )


def others(database: Database, actor: Actor, post: Post, *, minutes: int = 0) -> list[object]:
    """Who else has it open, and since how many minutes after the beginning."""
    at = NOW + minutes * HOUR / 60
    with database.reading() as session:
        found = collaboration.others_at(session, actor=actor, now=at, post_id=post.id)
        return [(one.person.name_mr, (one.opened_at - NOW).seconds // 60) for one in found]


def test_an_open_draft_is_shown_to_others_and_fades_without_a_sign_of_life(
    database: Database, house: House, store: Store
) -> None:
    post = started(database, house, store)
    open_draft(database, house.clerk, post)
    assert others(database, house.clerk, post) == []
    assert others(database, house.other_clerk, post, minutes=9) == [("स्वाती", 0)]
    open_draft(database, house.clerk, post, minutes=9)
    assert others(database, house.other_clerk, post, minutes=18) == [("स्वाती", 0)]
    assert others(database, house.other_clerk, post, minutes=19) == []
    open_draft(database, house.clerk, post, minutes=60)
    assert others(database, house.other_clerk, post, minutes=60) == [("स्वाती", 60)]
    assert FADES_AFTER == HOUR / 6


def test_a_draft_that_is_closed_is_no_longer_shown(
    database: Database, house: House, store: Store
) -> None:
    post = started(database, house, store)
    open_draft(database, house.clerk, post)
    open_draft(database, house.lead, post, minutes=1)
    with database.transaction() as session:
        collaboration.close_draft(session, actor=house.clerk, post_id=post.id)
    assert others(database, house.other_clerk, post, minutes=2) == [("मेधा", 1)]


@pytest.mark.both
def test_two_tabs_that_open_it_at_once_are_one_row(
    database: Database, house: House, store: Store
) -> None:
    post = started(database, house, store)
    together = Barrier(2)

    def press(_tab: int) -> None:
        together.wait(10)
        with database.transaction() as session:
            collaboration.open_draft(session, actor=house.clerk, now=NOW, post_id=post.id)

    with ThreadPoolExecutor(2) as tabs:
        list(tabs.map(press, range(2)))
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(OpenDraft)) == 1
