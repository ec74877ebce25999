from __future__ import annotations

import pytest

from approvals.errors import WrongRole
from approvals.policy import CLOCK
from publisher.database.session import Database
from publisher.drafting import drafts
from publisher.drafting.drafts import PictureDraft
from publisher.drafting.save import save
from publisher.media.folder_store import FolderStore
from publisher.models.posts import Post
from publisher.review import decide
from publisher.validation import NotFound
from tests.support.city import City, statements
from tests.support.city_people import NOON
from tests.support.forms import draft, photo, prepared, started, variant


def _saved(
    database: Database,
    town: City,
    store: FolderStore,
    post: Post,
    seen_revision: int,
    *asked_ids: int,
) -> None:
    pictures = (PictureDraft("अ", content=photo()),)
    new_draft = draft(
        variant(town.accounts["x"], pictures=pictures),
        variant(town.accounts["facebook"], pictures=pictures),
        asked_ids=asked_ids,
    )
    ready = prepared(database, store, new_draft)
    with database.transaction() as session:
        save(
            session,
            actor=town.actor("clerk"),
            now=NOON,
            post_id=post.id,
            seen_revision=seen_revision,
            prepared=ready,
        )


def test_a_post_is_visible_to_its_own_and_the_asked_departments_only(
    database: Database, town: City, store: FolderStore
) -> None:
    post = started(town)
    _saved(database, town, store, post, 0)

    def sees(who: str) -> bool:
        with database.reading() as session:
            try:
                drafts.get_post(session, actor=town.actor(who), post_id=post.id)
            except NotFound:
                return False
            return True

    assert all(sees(who) for who in ("member", "first", "head", "clerk", "auditor"))
    assert sees("admin")
    assert not sees("road_officer")
    _saved(database, town, store, post, 1, town.departments["road"])
    assert sees("road_officer")
    with database.reading() as session:
        with pytest.raises(NotFound):
            drafts.get_post(session, actor=town.actor("clerk"), post_id=999)
        with pytest.raises(WrongRole):
            drafts.get_post(session, actor=CLOCK, post_id=post.id)


@pytest.mark.twin
def test_loading_a_post_takes_as_many_statements_for_many_revisions(
    database: Database, town: City, store: FolderStore
) -> None:
    post = started(town)
    _saved(database, town, store, post, 0)
    with database.transaction() as session:
        decide.send_for_review(
            session, actor=town.actor("clerk"), now=NOON, post_id=post.id, seen_revision=1
        )
        decide.approve(
            session, actor=town.actor("first"), now=NOON, post_id=post.id, seen_revision=1
        )

    def count_statements() -> int:
        with database.reading() as session, statements(database) as executed:
            post_row = drafts.get_post(session, actor=town.actor("clerk"), post_id=post.id)
            for revision in post_row.revisions:
                assert revision.author.name_mr
                assert [variant.account.name for variant in revision.variants]
                assert [
                    rendition.sha256 for each in revision.variants for rendition in each.renditions
                ]
                assert [row.department.name_mr for row in revision.departments]
                assert all(decision.person.name_mr for decision in revision.decisions)
            assert post_row.submissions[0].department.name_mr
            assert post_row.reply is None
        return len(executed)

    for_one = count_statements()
    _saved(database, town, store, post, 1)
    _saved(database, town, store, post, 2)
    assert count_statements() == for_one
