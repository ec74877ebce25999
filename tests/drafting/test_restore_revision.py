"""An older revision is restored as a new one, with the same pictures."""

from __future__ import annotations

import pytest

from approvals.errors import StaleRevision, WrongRole
from approvals.policy import Actor
from approvals.states import PostState
from publisher.database.session import Database
from publisher.drafting import collaboration, diff
from publisher.drafting import save as drafting_save
from publisher.drafting.drafts import Draft, PictureDraft
from publisher.media.folder_store import FolderStore
from publisher.models.deliveries import Account
from publisher.models.posts import Post
from publisher.review import decide
from publisher.states import AccountState
from publisher.validation import Invalid, NotFound
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, NOON, verbs_of
from tests.support.forms import draft, handed_in, photo, prepared, started, variant


@pytest.fixture
def database(on_sqlite: Database) -> Database:
    return on_sqlite


def save(database: Database, store: FolderStore, town: City, post: Post, new_draft: Draft) -> None:
    ready = prepared(database, store, new_draft)
    with database.transaction() as session:
        newest = session.get_one(Post, post.id).newest
        drafting_save.save(
            session,
            actor=town.actor("clerk"),
            now=NOON,
            post_id=post.id,
            seen_revision=newest,
            prepared=ready,
        )


@pytest.fixture
def post(database: Database, town: City, store: FolderStore) -> Post:
    """Return a post of two revisions: the first has a picture and asks the roads."""
    begun = started(town)
    picture = PictureDraft("जलवाहिनी", content=photo(), name="a.jpg")
    first = draft(
        variant(
            town.accounts["x"], text="पहिला मजकूर", link="https://pmc.gov.in/", pictures=(picture,)
        ),
        asked_ids=(town.departments["road"],),
        named_ids=(town.departments["information-technology"],),
        not_before=NOON + HOUR,
        not_after=NOON + DAY,
    )
    save(database, store, town, begun, first)
    save(database, store, town, begun, draft(variant(town.accounts["facebook"], text="दुसरा मजकूर")))
    return begun


def restore(
    database: Database,
    actor: Actor,
    post: Post,
    *,
    number: int = 1,
    seen_revision: int = 2,
    late: bool = False,
) -> None:
    with database.transaction() as session:
        drafting_save.restore(
            session,
            actor=actor,
            now=NOON + 2 * DAY if late else NOON,
            post_id=post.id,
            seen_revision=seen_revision,
            number=number,
            note="आवृत्ती १ पुन्हा आणली",
        )


def test_it_comes_back_as_a_new_revision_and_the_others_stay(
    database: Database, town: City, post: Post
) -> None:
    restore(database, town.actor("other_clerk"), post)
    with database.reading() as session:
        post_row = session.get_one(Post, post.id)
        first, second, third = post_row.revisions
        assert diff.changes(first, third) == []
        assert diff.changes(second, third) != []
        assert (third.number, third.note) == (3, "आवृत्ती १ पुन्हा आणली")
        assert third.author_id == town.actor("other_clerk").person_id
        (old,), (new,) = first.variants[0].renditions, third.variants[0].renditions
        same = ("sha256", "source_sha256", "mime", "width", "height", "alt_text", "position")
        assert [getattr(old, attribute) for attribute in same] == [
            getattr(new, attribute) for attribute in same
        ]
        assert {row.department_id: row.asked for row in third.departments} == {
            town.departments["water"]: True,
            town.departments["road"]: True,
            town.departments["information-technology"]: False,
        }
        assert (third.not_before, third.not_after) == (first.not_before, first.not_after)
        assert verbs_of(session, post_row)[-1] == "save"


def test_it_knows_where_it_comes_from(database: Database, town: City, post: Post) -> None:
    restore(database, town.actor("other_clerk"), post)
    with database.reading() as session:
        first, second, third = session.get_one(Post, post.id).revisions
        assert [revision.restored_from for revision in (first, second, third)] == [
            None,
            None,
            first,
        ]


def test_a_department_that_has_joined_since_stays_named(
    database: Database, town: City, store: FolderStore
) -> None:
    """Its submission belongs to the post, although the old revision did not name it."""
    begun = started(town)
    save(database, store, town, begun, draft(variant(town.accounts["x"], text="पहिला मजकूर")))
    with database.transaction() as session:
        other = handed_in(session, town, title="रस्ता")
        other.department_id = town.departments["road"]
        session.flush()
        collaboration.join_submission(
            session, actor=town.actor("clerk"), now=NOON, post_id=begun.id, number=other.number
        )
    restore(database, town.actor("clerk"), begun, number=1, seen_revision=1)
    assert departments_of(database, begun) == {
        town.departments["water"]: True,
        town.departments["road"]: False,
    }


def test_a_department_that_is_asked_by_now_stays_asked(
    database: Database, town: City, store: FolderStore
) -> None:
    begun = started(town)
    save(database, store, town, begun, draft(variant(town.accounts["x"])))
    later = draft(
        variant(town.accounts["x"], text="दुसरा"),
        asked_ids=(town.departments["road"],),
        named_ids=(town.departments["information-technology"],),
    )
    save(database, store, town, begun, later)
    restore(database, town.actor("clerk"), begun)
    expected = {
        town.departments["water"]: True,
        town.departments["road"]: True,
        town.departments["information-technology"]: False,
    }
    assert departments_of(database, begun) == expected


def departments_of(database: Database, post: Post) -> dict[int, bool]:
    """Return for each department of the newest revision whether it has to approve."""
    with database.reading() as session:
        rows = session.get_one(Post, post.id).revisions[-1].departments
        return {row.department_id: row.asked for row in rows}


def test_an_end_that_has_passed_is_left_open(database: Database, town: City, post: Post) -> None:
    restore(database, town.actor("clerk"), post, late=True)
    with database.reading() as session:
        assert session.get_one(Post, post.id).revisions[-1].not_after is None


def test_a_post_in_review_is_a_draft_again(database: Database, town: City, post: Post) -> None:
    with database.transaction() as session:
        decide.send_for_review(
            session, actor=town.actor("clerk"), now=NOON, post_id=post.id, seen_revision=2
        )
    restore(database, town.actor("clerk"), post)
    with database.reading() as session:
        assert session.get_one(Post, post.id).state is PostState.DRAFT


def test_who_looked_at_an_older_newest_is_told(database: Database, town: City, post: Post) -> None:
    with pytest.raises(StaleRevision):
        restore(database, town.actor("clerk"), post, seen_revision=1)


@pytest.mark.parametrize("who", ["first", "head", "auditor"])
def test_nobody_but_the_cell_brings_back(
    database: Database, town: City, post: Post, who: str
) -> None:
    with pytest.raises(WrongRole):
        restore(database, town.actor(who), post)


def test_a_revision_that_never_was_is_missing(database: Database, town: City, post: Post) -> None:
    with pytest.raises(NotFound):
        restore(database, town.actor("clerk"), post, number=7)


def test_an_account_that_is_gone_since_is_named(database: Database, town: City, post: Post) -> None:
    with database.transaction() as session:
        session.get_one(Account, town.accounts["x"]).state = AccountState.DISCONNECTED
    with pytest.raises(Invalid) as caught:
        restore(database, town.actor("clerk"), post)
    assert caught.value.codes == [("variants-0-account_id", "disconnected")]
