from __future__ import annotations

import pytest

from publisher.database.session import Database
from publisher.drafting import save
from publisher.intake import queries
from publisher.intake.uploads import UploadedFile
from publisher.validation import NotFound
from tests.support.city import City, statements
from tests.support.city_people import NOON
from tests.support.forms import handed_in, photo, saved, started


@pytest.mark.twin
def test_a_submission_comes_in_full_without_further_statements(
    database: Database, town: City
) -> None:
    files = (UploadedFile("a.jpg", photo()),)
    post = started(town, files=files)
    saved(town, post, seen_revision=0)
    with database.reading() as session:
        submission = queries.get_submission(
            session, actor=town.actor("member"), submission_id=post.submissions[0].id
        )
        with statements(database) as executed:
            assert submission.handed_in_under
            assert submission.handed_in_under.department.name_mr == submission.department.name_mr
            assert submission.files[0].name == "a.jpg"
            assert submission.posts[0].department.name_mr == submission.department.name_mr
            assert submission.wards == []
        assert executed == []


def test_another_departments_number_is_missing_as_if_there_were_none(
    database: Database, town: City
) -> None:
    with database.transaction() as session:
        submission = handed_in(session, town)
    for actor, key in ((town.actor("road_officer"), submission.id), (town.actor("member"), 999)):
        with pytest.raises(NotFound), database.reading() as session:
            queries.get_submission(session, actor=actor, submission_id=key)
    with pytest.raises(NotFound), database.transaction() as session:
        save.start(session, actor=town.actor("road_officer"), now=NOON, submission_id=submission.id)
