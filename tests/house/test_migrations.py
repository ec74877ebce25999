"""The migrations are linear, match the models, and can be reversed on both databases."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

import publisher.models  # noqa: F401  the tables have to be known
from publisher.database.session import Base, Database, alembic_config, migrate
from tests.support import sqlite
from tests.support.postgres import Server

pytestmark = pytest.mark.twin

KEPT = ("decisions", "person_names", "receipts", "revisions", "variants")
TRIGGERS = {
    "sqlite": {
        *(f"{table}_no_{verb}" for table in KEPT for verb in ("update", "delete", "replacement")),
        *(f"{table}_no_{verb}" for table in ("events", "seals") for verb in ("update", "delete")),
        *("events_no_replacement", "seals_no_replacement"),
        *("clerk_notes_no_update", "clerk_notes_no_delete"),
    },
    "postgresql": {
        *(f"{table}_{name}" for table in KEPT for name in ("no_update", "append_only")),
        *("events_append_only", "seals_append_only", "clerk_notes_append_only"),
    },
}
"""The triggers, which SQLite drops when a migration rebuilds their table."""

Schema = dict[str, object]


@pytest.fixture
def make_empty_database(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Callable[[], Database]:
    """Return a function that creates databases without tables."""

    def make() -> Database:
        if engine == "sqlite":
            opened = Database(sqlite.address(tmp_path / f"{len(list(tmp_path.iterdir()))}.db"))
        else:
            server: Server = request.getfixturevalue("postgres")
            name = server.create_empty()
            request.addfinalizer(lambda: server.drop(name))
            opened = Database(server.url(name))
        request.addfinalizer(opened.dispose)
        return opened

    return make


def schema_of(engine: Engine) -> Schema:
    """Return all that the database enforces, in a comparable form."""
    look = inspect(engine)
    objects: Schema = {}
    for table in sorted(set(look.get_table_names()) - {"alembic_version"}):
        objects[f"{table} columns"] = {
            column["name"]: (str(column["type"]), column["nullable"], str(column["default"]))
            for column in look.get_columns(table)
        }
        objects[f"{table} key"] = look.get_pk_constraint(table)["constrained_columns"]
        objects[f"{table} foreign"] = by_name(look.get_foreign_keys(table))
        objects[f"{table} unique"] = by_name(look.get_unique_constraints(table))
        objects[f"{table} checks"] = by_name(look.get_check_constraints(table))
        objects[f"{table} indexes"] = by_name(look.get_indexes(table))
    return objects | {"triggers": triggers_of(engine)}


def by_name(things: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return constraints or indexes by name, with their SQL in normalised spacing."""
    return {str(row["name"]): re.sub(r"\s+", " ", as_text(row)) for row in things}


def as_text(described: object) -> str:
    """Return a reflected object as text, without SQLAlchemy's wrappers."""
    if isinstance(described, Mapping):
        return str({key: as_text(value) for key, value in sorted(described.items())})
    return str(described)


def triggers_of(engine: Engine) -> list[str]:
    """Return the triggers by name and table."""
    sqlite_query = "SELECT name || ' on ' || tbl_name FROM sqlite_master WHERE type = 'trigger'"
    postgres_query = (
        "SELECT tgname || ' on ' || tgrelid::regclass FROM pg_trigger WHERE NOT tgisinternal"
    )
    query = sqlite_query if engine.dialect.name == "sqlite" else postgres_query
    with engine.connect() as connection:
        return sorted(connection.execute(text(query)).scalars())


def differences(engine: Engine) -> list[object]:
    """Return what Alembic would still change to reach the models."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Base.metadata))


def test_there_is_one_head() -> None:
    script = ScriptDirectory.from_config(alembic_config("sqlite://"))
    assert len(script.get_heads()) == 1
    assert len(script.get_bases()) == 1


def test_the_models_and_the_migrations_agree(database: Database) -> None:
    assert differences(database.engine) == []


def test_the_migrations_lay_what_the_models_would(
    make_empty_database: Callable[[], Database],
) -> None:
    migrated, created = make_empty_database(), make_empty_database()
    migrate(migrated.url)
    Base.metadata.create_all(created.engine)
    ours, theirs = schema_of(migrated.engine), schema_of(created.engine)
    assert ours | {"triggers": []} == theirs | {"triggers": []}


@pytest.mark.proof
def test_up_down_and_up_again_leads_to_the_same_schema(
    make_empty_database: Callable[[], Database],
) -> None:
    database = make_empty_database()
    migrate(database.url)
    first = schema_of(database.engine)
    command.downgrade(alembic_config(database.url), "base")
    assert schema_of(database.engine) == {"triggers": []}
    migrate(database.url)
    assert schema_of(database.engine) == first
    names = {trigger.partition(" on ")[0] for trigger in triggers_of(database.engine)}
    assert names == TRIGGERS[database.engine.dialect.name]
    assert len(first) > 1
