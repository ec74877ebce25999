"""A PostgreSQL database that a worker's tests use one after the other.

Creating a database takes half a second, since PostgreSQL copies some 350 files; emptying it takes
a hundredth of that. So the tests of a worker share a database, which is emptied before each. One
whose tables a test has changed is replaced, since emptying gives back rows alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import LiteralString

import psycopg

from tests.support.postgres import Server
from tests.support.runs import wait_until

MAX_USES = 40  # then a new database: emptied tables keep their dead rows
SAVE_ROWS = """
CREATE SCHEMA saved;
DO $$ DECLARE name text; has_rows boolean; BEGIN
    CREATE TABLE saved.tables (name text);
    CREATE TABLE saved.sequences (name text, value bigint, called boolean);
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', name) INTO has_rows;
        IF has_rows THEN
            EXECUTE format('CREATE TABLE saved.%I AS TABLE public.%I', 'rows_' || name, name);
            INSERT INTO saved.tables VALUES (name);
        END IF;
    END LOOP;
    FOR name IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' LOOP
        EXECUTE format('INSERT INTO saved.sequences'
            ' SELECT %L, last_value, is_called FROM public.%I', name, name);
    END LOOP;
END $$;
"""
RESTORE_ROWS = """
SET session_replication_role = replica;
DO $$ DECLARE name text; has_rows boolean; BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('DELETE FROM public.%I', name);
    END LOOP;
    FOR name IN SELECT t.name FROM saved.tables t LOOP
        EXECUTE format('INSERT INTO public.%I SELECT * FROM saved.%I', name, 'rows_' || name);
    END LOOP;
    PERFORM setval(format('public.%I', s.name), s.value, s.called) FROM saved.sequences s;
END $$;
"""
# What is created again has another oid, so definitions need not be compared.
SCHEMA = """
SELECT count(*), sum(hashtextextended(concat_ws(' ', relation.oid, relname, attname, atttypid,
    atttypmod, attnotnull, attisdropped), 0)),
    (SELECT sum(oid::bigint) FROM pg_constraint WHERE connamespace = 'public'::regnamespace),
    (SELECT sum(oid::bigint) FROM pg_trigger)
FROM pg_class AS relation JOIN pg_attribute ON attrelid = relation.oid
WHERE relnamespace = 'public'::regnamespace
"""


@dataclass
class DatabasePool:
    """Provides a migrated, empty database.

    It is replaced by a new one after `MAX_USES` tests, and after a test that changed its tables.
    """

    server: Server
    name: str = ""
    uses: int = 0
    schema: tuple[object, ...] = ()

    def acquire(self) -> str:
        """Empty the database for the next test, and return its address."""
        if self.uses % MAX_USES == 0 or not self._emptied():
            self.close()
            self.name = self.server.create()
            self._execute(SAVE_ROWS)
            self.schema = self._execute(SCHEMA)
        self.uses += 1
        return self.server.url(self.name)

    def close(self) -> None:
        """Remove the database."""
        if self.name:
            self._admin_connection.close()
            del self._admin_connection
            self.server.drop(self.name)
            self.name = ""

    def _emptied(self) -> bool:
        """Empty the database and return true, or false if its tables are not as they were."""
        self._disconnect_all()
        if self._execute(SCHEMA) != self.schema:
            return False
        self._execute(RESTORE_ROWS)
        return True

    def _disconnect_all(self) -> None:
        """End all connections to the database, and wait until they are gone."""
        if not wait_until(lambda: self._terminate_connections() == 0, within=10):
            raise RuntimeError(f"a connection to {self.name} does not end")

    def _terminate_connections(self) -> int:
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        return len(self._admin_connection.execute(query, [self.name]).fetchall())

    @cached_property
    def _admin_connection(self) -> psycopg.Connection:
        return psycopg.connect(self.server.plain_url("postgres"), autocommit=True)

    def _execute(self, statements: LiteralString) -> tuple[object, ...]:
        """Execute the statements, and return the first row of a query."""
        address = self.server.plain_url(self.name)
        with psycopg.connect(address, autocommit=True) as connection:
            cursor = connection.execute(statements)
            return (cursor.fetchone() or ()) if cursor.description else ()
