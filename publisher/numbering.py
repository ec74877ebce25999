"""Issue gapless numbers: the counter of a series is increased in the caller's transaction."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from sqlalchemy import bindparam
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from publisher.database.bulk import insert_for
from publisher.database.session import core_table
from publisher.models.submissions import Counter
from publisher.working_time import local


def next_number(session: Session, *, prefix: str, now: datetime, digits: int = 6) -> str:
    """Return the next number of this prefix and the city's year, such as `PMC/2026/000123`.

    Other transactions wait for this one to end; if it is rolled back, the number is used again.
    """
    series = f"{prefix}/{local(now).year}"
    session.flush()
    connection = session.connection()
    statement = _increment(connection.dialect.name)
    value = connection.execute(statement, {"series": series}).scalar_one()
    return f"{series}/{value:0{digits}d}"


#: PostgreSQL:
#:   INSERT INTO counters (series, value)
#:   VALUES (:series, 1)
#:   ON CONFLICT (series) DO UPDATE SET value = (counters.value + 1)
#:   RETURNING counters.value
@cache
def _increment(dialect: str) -> ReturningInsert[int]:
    table = core_table(Counter)
    return (
        insert_for(dialect, Counter)
        .values(series=bindparam("series"), value=1)
        .on_conflict_do_update(index_elements=["series"], set_={"value": table.c.value + 1})
        .returning(table.c.value)
    )
