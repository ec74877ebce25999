"""The docs name every setting, every command and every page."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator

import click
import pytest
from flask import Flask

from cli import nagarvani
from publisher.database.session import Database
from publisher.delivery.accounts.credentials import opener
from publisher.media.folder_store import FolderStore
from publisher.notifications import links
from publisher.now import now
from publisher.settings.catalogue import CATALOGUE
from publisher.settings.environment import load
from tools.source import read
from web.app import create_app
from web.core.context import AppContext


def commands_in(group: click.Group, path: str = "nagarvani") -> Iterator[str]:
    """Return every visible command, as it is typed."""
    for name, command in group.commands.items():
        if command.hidden:
            continue
        if isinstance(command, click.Group):
            yield from commands_in(command, f"{path} {name}")
        else:
            yield f"{path} {name}"


def missing_from(text: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if f"`{name}`" not in text and f"`{name} " not in text]


@pytest.fixture(scope="module")
def app() -> Flask:
    settings = load(
        {"NAGARVANI_SECRET_KEY": "k" * 40, "NAGARVANI_DATABASE_URL": "sqlite:///:memory:"}
    )
    database, store = Database(settings.database_url), FolderStore(settings.media.media_dir)
    return create_app(AppContext(settings, database, store, opener(settings), now))


def pages(app: Flask) -> list[str]:
    """Return the path of every page that is opened by GET, without converters."""
    paths = {
        re.sub(r"<(?:int:)?\w*id>", "<id>", rule.rule)
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and "static" not in rule.endpoint
    }
    return sorted(paths)


def test_every_setting_is_named_in_the_docs() -> None:
    assert missing_from(read("docs/settings.md"), [setting.name for setting in CATALOGUE]) == []


def test_every_command_is_named_in_the_docs() -> None:
    text = read("docs/running.md") + read("README.md")
    assert missing_from(text, commands_in(nagarvani)) == []


def test_every_page_is_named_in_the_docs(app: Flask) -> None:
    assert missing_from(read("docs/pages.md"), pages(app)) == []


def _path_functions() -> list[Callable[..., str]]:
    """Return the functions of `links` that return the path of a page."""
    no_paths = (
        *(links.sets_password, links.secret, links.add_base_url, links.remove_secrets),
        *(links.parse_subject, links.remove_marks, links.remove_quoted_tokens),
    )
    functions = [function for _name, function in inspect.getmembers(links, inspect.isfunction)]
    return [function for function in functions if function not in no_paths]


def test_every_path_of_a_mail_is_a_page(app: Flask) -> None:
    functions = _path_functions()
    paths = [
        function(*[7 for _ in inspect.signature(function).parameters]) for function in functions
    ]
    paths += [text for text in vars(links).values() if re.fullmatch("/[a-z/-]*", str(text))]
    assert len(paths) > 30
    for path in paths:
        endpoint, _values = app.url_map.bind("127.0.0.1").match(path, method="GET")
        assert endpoint in app.view_functions
