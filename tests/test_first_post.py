"""The first post of a city is copied, and is then what the use cases write."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import func, select

from publisher.database.session import Database, migrate
from publisher.models.posts import Post
from tests.support import runs, sqlite
from tests.support.city import City, city
from tests.support.first_post import write_once
from tests.support.row_copy import RowCopy


def new_city(folder: Path) -> City:
    """Build a city on SQLite in a new folder."""
    folder.mkdir()
    template = sqlite.template(runs.current(), migrate)
    return city(Database(sqlite.copy(template, folder / "nagarvani.db")), folder)


def approved_by_use_cases(town: City) -> int:
    """Take a post through all steps, in a city that has been written to or not."""
    post_id = town.draft(town.hand_in())
    town.send(post_id)
    town.approve(post_id)
    return post_id


def test_a_copied_post_has_the_rows_that_the_use_cases_write(tmp_path: Path) -> None:
    written, copied = new_city(tmp_path / "written"), new_city(tmp_path / "copied")
    key = object()
    for town in (written, copied):
        write_once(town.database, key, lambda: approved_by_use_cases(written))
    assert RowCopy.read(copied.database) == RowCopy.read(written.database)
    # The ids go on after the copied rows.
    assert approved_by_use_cases(copied) == approved_by_use_cases(written)
    for town in (written, copied):
        town.database.dispose()


def test_a_city_that_was_written_to_gets_no_copy(tmp_path: Path) -> None:
    untouched, changed = new_city(tmp_path / "untouched"), new_city(tmp_path / "changed")
    untouched.approved()
    changed.hand_in(department="road")
    assert not changed.is_untouched
    changed.approved()
    with changed.read() as session:
        assert session.scalar(select(func.count()).select_from(Post)) == 1
    for town in (untouched, changed):
        town.database.dispose()
