"""One PostgreSQL database lent to a worker's tests, one after the other.

Making a database costs half a second of the machine's time, since PostgreSQL copies some 350
files; emptying one costs a hundredth. So a worker's tests share one, emptied before each.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import LiteralString

import psycopg

from tests.support.postgres import Server
from tests.support.runs import wait_until

USES = 40  # then a new one: emptied tables keep their dead rows
KEEP = """
CREATE SCHEMA kept;
DO $$ DECLARE name text; filled boolean; BEGIN
    CREATE TABLE kept.filled (name text);
    CREATE TABLE kept.sequences (name text, value bigint, called boolean);
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', name) INTO filled;
        IF filled THEN
            EXECUTE format('CREATE TABLE kept.%I AS TABLE public.%I', 'of_' || name, name);
            INSERT INTO kept.filled VALUES (name);
        END IF;
    END LOOP;
    FOR name IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' LOOP
        EXECUTE format('INSERT INTO kept.sequences SELECT %L, last_value, is_called FROM public.%I',
            name, name);
    END LOOP;
END $$;
"""
EMPTY = """
SET session_replication_role = replica;
DO $$ DECLARE name text; filled boolean; BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('DELETE FROM public.%I', name);
    END LOOP;
    FOR name IN SELECT f.name FROM kept.filled f LOOP
        EXECUTE format('INSERT INTO public.%I SELECT * FROM kept.%I', name, 'of_' || name);
    END LOOP;
    PERFORM setval(format('public.%I', s.name), s.value, s.called) FROM kept.sequences s;
END $$;
"""


@dataclass
class Lender:
    """Lends a migrated, empty database; makes a new one after `USES` loans."""

    server: Server
    name: str = ""
    loans: int = 0

    def lend(self) -> str:
        """Its address, for the next test."""
        if self.loans % USES == 0:
            self.close()
            self.name = self.server.create()
            self._execute(KEEP)
        else:
            self._part()
            self._execute(EMPTY)
        self.loans += 1
        return self.server.url(self.name)

    def close(self) -> None:
        """Remove the database."""
        if self.name:
            self._administration.close()
            del self._administration
            self.server.drop(self.name)
            self.name = ""

    def _part(self) -> None:
        """Cut whoever is still connected, and wait until they are gone."""
        if not wait_until(lambda: self._cut() == 0, within=10):
            raise RuntimeError(f"somebody stays connected to {self.name}")

    def _cut(self) -> int:
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        return len(self._administration.execute(query, [self.name]).fetchall())

    @cached_property
    def _administration(self) -> psycopg.Connection:
        return psycopg.connect(self.server.plain_url("postgres"), autocommit=True)

    def _execute(self, statements: LiteralString) -> None:
        address = self.server.plain_url(self.name)
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(statements)
