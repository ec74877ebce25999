"""Triggers that let rows of the record be inserted, and changed only where it is named here.

A migration that rebuilds one of these tables by `batch_alter_table`, or adds a column, calls
`protect` for it afterwards: SQLite drops the triggers of a table that is rebuilt, and its triggers
name the columns that were there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from alembic import op


@dataclass(frozen=True)
class Change:
    """Columns that may change: always, or while this SQL condition on OLD and NEW is true."""

    columns: Sequence[str]
    only_if: str = "1 = 1"


# `people.names.has_acted` as SQL: until then a mistyped name is corrected in place.
_HAS_NOT_ACTED = """OLD.replaced_at IS NULL AND NOT EXISTS (SELECT 1 FROM events
    WHERE person_id = OLD.person_id AND verb <> 'take_up'
    AND subject NOT IN ('sign_ins', 'known_devices', 'refused_sign_ins')
    AND NOT (subject = 'people' AND subject_id = OLD.person_id))"""

CHANGES: dict[str, tuple[Change, ...]] = {
    "decisions": (
        Change(("withdrawn_at", "withdrawn_by_id"), "OLD.withdrawn_at IS NULL"),
        Change(("lapsed_at",)),  # a mark for the clock, which takes it away
    ),
    "revisions": (
        Change(("canonical", "digest"), "OLD.digest = ''"),
        Change(("not_after",), "OLD.not_after IS NULL"),
        # Both are told by the history too, each time.
        Change(("sent_for_review_at", "head_decides_at")),
    ),
    "variants": (),
    "receipts": (
        Change(
            ("platform_id", "url", "published_at", "answer"),
            "substr(OLD.platform_id, 1, 10) = 'not-given-'",
        ),
        # A link that was pasted has its id at once, and is read later.
        Change(("published_at", "answer"), "OLD.answer = '' AND NEW.answer <> ''"),
        Change(("gone_at",), "OLD.gone_at IS NULL"),
    ),
    "person_names": (
        Change(("replaced_at",), "OLD.replaced_at IS NULL"),
        Change(("name_mr", "name_en", "designation"), _HAS_NOT_ACTED),
    ),
}
"""The changes that each table allows; every other one, and DELETE, is refused."""

KEYS: dict[str, tuple[tuple[Sequence[str], str], ...]] = {
    "decisions": (
        (
            ("revision_id", "department_id"),
            "{row}withdrawn_at IS NULL AND {row}kind IN ('approved', 'own_hand', 'emergency')",
        ),
    ),
    "revisions": ((("post_id", "number"), ""),),
    "variants": ((("revision_id", "account_id", "language"), ""),),
    "receipts": (
        (("delivery_id",), ""),
        (("account_id", "platform_id"), "{row}action = 'publish'"),
    ),
}
"""The unique keys beside the id, with the condition of a partial one."""


def protect(table: str) -> None:
    """Create the triggers of a table of `CHANGES`, in place of those before."""
    unprotect(table)
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} "
            f"WHEN {_is_refused(table)} BEGIN {_refusal(table)}; END"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
            f"BEGIN {_refusal(table)}; END"
        )
        refuse_replacement(table)
        return
    op.execute(
        f"CREATE FUNCTION refuse_change_of_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN IF {_is_refused(table)} THEN "
        "RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END IF; RETURN NEW; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION refuse_change_of_{table}()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def unprotect(table: str) -> None:
    """Drop the triggers that `protect` has created, if they are there."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete", "replacement"):
            op.execute(f"DROP TRIGGER IF EXISTS {table}_no_{verb}")
        return
    for trigger in ("no_update", "append_only"):
        op.execute(f"DROP TRIGGER IF EXISTS {table}_{trigger} ON {table}")
    op.execute(f"DROP FUNCTION IF EXISTS refuse_change_of_{table}()")


def refuse_replacement(table: str, key: str = "id") -> None:
    """Refuse on SQLite an INSERT of a key that is there.

    Without `recursive_triggers`, which each connection sets for itself, INSERT OR REPLACE deletes a
    row past the trigger against DELETE. On PostgreSQL nothing replaces a row but UPDATE.
    """
    keys = (((key,), ""), *KEYS.get(table, ()))
    op.execute(
        f"CREATE TRIGGER {table}_no_replacement BEFORE INSERT ON {table} "
        f"WHEN {' OR '.join(_is_taken(table, *key) for key in keys)} "
        f"BEGIN {_refusal(table)}; END"
    )


def _refusal(table: str) -> str:
    return f"SELECT RAISE(ABORT, '{table} is append-only')"


def _is_taken(table: str, columns: Sequence[str], condition: str) -> str:
    same = " AND ".join(f"{column} = NEW.{column}" for column in columns)
    if condition:
        same += f" AND {condition.format(row='')} AND {condition.format(row='NEW.')}"
    return f"EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608  names of ours


def _is_refused(table: str) -> str:
    """Return the SQL condition of an UPDATE that is refused."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    differs = "IS NOT" if is_sqlite else "IS DISTINCT FROM"
    names = [column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)]
    refused = []
    for name in names:
        allowed = [f"({row.only_if})" for row in CHANGES[table] if name in row.columns]
        is_changed = f"OLD.{name} {differs} NEW.{name}"
        refused.append(
            f"({is_changed} AND NOT ({' OR '.join(allowed)}))" if allowed else is_changed
        )
    if is_sqlite:  # UPDATE OR REPLACE deletes the row that has the new key
        changeable = {name for row in CHANGES[table] for name in row.columns}
        refused += [
            f"(OLD.{name} IS NOT NEW.{name} AND {_is_taken(table, columns, condition)})"
            for columns, condition in KEYS.get(table, ())
            for name in columns
            if name in changeable
        ]
    return " OR ".join(refused)
