"""Another server loads the application by its name, or learns why it cannot be had."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from flask import Flask

import web.wsgi
from publisher.auth.passwords import HASHER
from publisher.database.session import Database
from publisher.media.folder_store import FolderStore
from publisher.settings.reader import WrongSetting
from tests.journey.installation import SECRET


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Be a process of its own: another folder, no settings, nothing loaded yet."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("NAGARVANI_")]:
        if not name.startswith("NAGARVANI_TEST_"):
            monkeypatch.delenv(name)
    web.wsgi.create.cache_clear()
    before = os.umask(0o077)
    yield monkeypatch
    os.umask(before)
    web.wsgi.create.cache_clear()


def test_a_server_gets_one_application(own_folder: pytest.MonkeyPatch, on_sqlite: Database) -> None:
    own_folder.setenv("NAGARVANI_DATABASE_URL", on_sqlite.url)
    own_folder.setenv("NAGARVANI_SECRET_KEY", SECRET)
    module = import_module("web.wsgi")
    app = getattr(module, "app")  # noqa: B009  as servers ask for it
    assert isinstance(app, Flask)
    assert module.app is app
    assert app.test_client().get("/sign-in").status_code == 200
    assert app.extensions["house"].hasher is HASHER  # tests of pages pass a cheap one
    with pytest.raises(AttributeError):
        _ = module.application


def test_without_a_key_or_tables_it_says_what_to_do(
    own_folder: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(WrongSetting, match="NAGARVANI_SECRET_KEY: write the key"):
        web.wsgi.create()
    own_folder.setenv("NAGARVANI_SECRET_KEY", SECRET)
    with pytest.raises(web.wsgi.NotReady, match="no_database; run `nagarvani doctor`"):
        web.wsgi.create()


def test_another_media_store_than_that_of_the_database_is_refused(
    own_folder: pytest.MonkeyPatch, on_sqlite: Database, tmp_path: Path
) -> None:
    own_folder.setenv("NAGARVANI_DATABASE_URL", on_sqlite.url)
    own_folder.setenv("NAGARVANI_SECRET_KEY", SECRET)
    FolderStore(tmp_path / "other").set_identity("f" * 32)
    own_folder.setenv("NAGARVANI_MEDIA_DIR", str(tmp_path / "other"))
    with pytest.raises(web.wsgi.NotReady, match="is not the one of this database"):
        web.wsgi.create()
