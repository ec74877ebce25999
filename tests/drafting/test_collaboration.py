"""Two clerks on one post: notes that only the cell reads, and who has the draft open."""

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
from publisher.drafting.collaboration import OPEN_DRAFT_TIMEOUT
from publisher.models.desk import OpenDraft
from publisher.models.posts import Post
from publisher.validation import Invalid, NotFound
from tests.support.city import City
from tests.support.city_people import HOUR, NOON
from tests.support.forms import started


def write(database: Database, actor: Actor, post: Post, note: str) -> None:
    with database.transaction() as session:
        collaboration.write_note(session, actor=actor, now=NOON, post_id=post.id, text=note)


def read(database: Database, actor: Actor, post: Post) -> list[str]:
    with database.reading() as session:
        return [
            note.text for note in collaboration.list_notes(session, actor=actor, post_id=post.id)
        ]


def test_the_cell_and_the_auditor_read_notes_and_no_department_does(
    database: Database, town: City
) -> None:
    post = started(town)
    write(database, town.actor("clerk"), post, "  विभागाशी बोलले. ")
    write(database, town.actor("lead"), post, "ठीक आहे.")
    both = ["विभागाशी बोलले.", "ठीक आहे."]
    for actor in (
        town.actor("clerk"),
        town.actor("other_clerk"),
        town.actor("lead"),
        town.actor("auditor"),
    ):
        assert read(database, actor, post) == both
    for actor in (
        town.actor("member"),
        town.actor("first"),
        town.actor("head"),
        town.actor("admin"),
    ):
        assert read(database, actor, post) == []


@pytest.mark.parametrize("who", ["member", "first", "auditor", "admin"])
def test_only_the_cell_writes_notes(database: Database, town: City, who: str) -> None:
    post = started(town)
    with pytest.raises(WrongRole):
        write(database, town.actor(who), post, "नोंद")


def test_a_note_needs_words_and_a_post(database: Database, town: City) -> None:
    post = started(town)
    for note, code in ((" ", "required"), ("न" * 2_001, "too_long")):
        with pytest.raises(Invalid) as caught:
            write(database, town.actor("clerk"), post, note)
        assert caught.value.codes == [("clerk_note", code)]
    post.id = 999
    with pytest.raises(NotFound):
        write(database, town.actor("clerk"), post, "नोंद")


@pytest.mark.both
@pytest.mark.parametrize(
    "statement", ["UPDATE clerk_notes SET text = 'x'", "DELETE FROM clerk_notes"]
)
def test_the_database_lets_nobody_change_a_note(
    database: Database, town: City, statement: str
) -> None:
    post = started(town)
    write(database, town.actor("clerk"), post, "नोंद")
    with pytest.raises(DatabaseError, match="append-only"), database.transaction() as session:
        session.execute(text(statement))
    assert read(database, town.actor("clerk"), post) == ["नोंद"]


def open_draft(database: Database, actor: Actor, post: Post, *, minutes: int = 0) -> None:
    with database.transaction() as session:
        collaboration.record_open_draft(
            session, actor=actor, now=NOON + minutes * HOUR / 60, post_id=post.id
        )


def others_with_draft_open(
    database: Database, actor: Actor, post: Post, *, minutes: int = 0
) -> list[object]:
    """Return who else has the draft open, and since how many minutes after the beginning."""
    at = NOON + minutes * HOUR / 60
    with database.reading() as session:
        editors = collaboration.other_editors(session, actor=actor, now=at, post_id=post.id)
        return [
            (other_editor.person.name_mr, (other_editor.opened_at - NOON).seconds // 60)
            for other_editor in editors
        ]


def test_an_open_draft_is_shown_to_others_and_fades_without_a_sign_of_life(
    database: Database, town: City
) -> None:
    post = started(town)
    open_draft(database, town.actor("clerk"), post)
    assert others_with_draft_open(database, town.actor("clerk"), post) == []
    assert others_with_draft_open(database, town.actor("other_clerk"), post, minutes=9) == [
        ("स्वाती रणपिसे", 0)
    ]
    open_draft(database, town.actor("clerk"), post, minutes=9)
    assert others_with_draft_open(database, town.actor("other_clerk"), post, minutes=18) == [
        ("स्वाती रणपिसे", 0)
    ]
    assert others_with_draft_open(database, town.actor("other_clerk"), post, minutes=19) == []
    open_draft(database, town.actor("clerk"), post, minutes=60)
    assert others_with_draft_open(database, town.actor("other_clerk"), post, minutes=60) == [
        ("स्वाती रणपिसे", 60)
    ]
    assert OPEN_DRAFT_TIMEOUT == HOUR / 6


def test_a_draft_that_is_closed_is_no_longer_shown(database: Database, town: City) -> None:
    post = started(town)
    open_draft(database, town.actor("clerk"), post)
    open_draft(database, town.actor("lead"), post, minutes=1)
    with database.transaction() as session:
        collaboration.delete_open_draft(session, actor=town.actor("clerk"), post_id=post.id)
    assert others_with_draft_open(database, town.actor("other_clerk"), post, minutes=2) == [
        ("प्रसाद केंजळे", 1)
    ]


@pytest.mark.both
def test_two_tabs_that_open_it_at_once_are_one_row(database: Database, town: City) -> None:
    post = started(town)
    together = Barrier(2)

    def press(_tab: int) -> None:
        together.wait(10)
        with database.transaction() as session:
            collaboration.record_open_draft(
                session, actor=town.actor("clerk"), now=NOON, post_id=post.id
            )

    with ThreadPoolExecutor(2) as tabs:
        list(tabs.map(press, range(2)))
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(OpenDraft)) == 1
