from __future__ import annotations

import pytest

from approvals.errors import WrongRole
from approvals.policy import CLOCK
from publisher.database.session import Database
from publisher.drafting import drafts
from publisher.drafting.drafts import PictureDraft
from publisher.drafting.save import save
from publisher.media.store import Store
from publisher.models.posts import Post
from publisher.review import decide
from publisher.validation import NotFound
from tests.support.small_house import NOW, Counted, House, draft, photo, prepared, started, variant


def _saved(
    database: Database, house: House, store: Store, post: Post, seen: int, *asked: int
) -> None:
    pictures = (PictureDraft("अ", content=photo()),)
    typed = draft(
        variant(house.x, pictures=pictures),
        variant(house.facebook, pictures=pictures),
        asked_ids=asked,
    )
    ready = prepared(database, store, typed)
    with database.transaction() as session:
        save(
            session, actor=house.clerk, now=NOW, post_id=post.id, seen_revision=seen, prepared=ready
        )


def test_a_post_is_seen_by_its_department_and_those_asked_and_missing_for_others(
    database: Database, house: House, store: Store
) -> None:
    post = started(database, house, store)
    _saved(database, house, store, post, 0)

    def sees(who: str) -> bool:
        with database.reading() as session:
            try:
                drafts.post_for(session, actor=getattr(house, who), post_id=post.id)
            except NotFound:
                return False
            return True

    assert all(sees(who) for who in ("member", "first_officer", "head", "clerk", "auditor"))
    assert sees("admin")
    assert not sees("roads_officer")
    _saved(database, house, store, post, 1, house.roads)
    assert sees("roads_officer")
    with database.reading() as session:
        with pytest.raises(NotFound):
            drafts.post_for(session, actor=house.clerk, post_id=999)
        with pytest.raises(WrongRole):
            drafts.post_for(session, actor=CLOCK, post_id=post.id)


def test_a_post_comes_in_full_with_the_same_number_of_statements_however_many_revisions(
    database: Database, house: House, store: Store
) -> None:
    post = started(database, house, store)
    _saved(database, house, store, post, 0)
    with database.transaction() as session:
        decide.send_for_review(
            session, actor=house.clerk, now=NOW, post_id=post.id, seen_revision=1
        )
        decide.approve(
            session, actor=house.first_officer, now=NOW, post_id=post.id, seen_revision=1
        )

    def statements() -> int:
        with database.reading() as session, Counted(database) as counted:
            found = drafts.post_for(session, actor=house.clerk, post_id=post.id)
            for revision in found.revisions:
                assert revision.author.name_mr
                assert [one.account.name for one in revision.variants]
                assert [one.sha256 for each in revision.variants for one in each.renditions]
                assert [row.department.name_mr for row in revision.departments]
                assert all(one.person.name_mr for one in revision.decisions)
            assert found.submissions[0].department.name_mr
            assert found.reply is None
        return counted.count

    one = statements()
    _saved(database, house, store, post, 1)
    _saved(database, house, store, post, 2)
    assert statements() == one
