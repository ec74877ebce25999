"""Issue gapless acknowledgement numbers: the counter is increased in the caller's transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from publisher.models.submissions import Counter
from publisher.working_time import local


def next_number(session: Session, *, city_code: str, now: datetime) -> str:
    """Return the next number of the city's year, such as `PMC/2026/000123`.

    Other transactions wait for this one to end; if it is rolled back, the number is used again.
    """
    series = f"{city_code}/{local(now).year}"
    make = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = make(Counter).values(series=series, value=1)
    counted = statement.on_conflict_do_update(
        index_elements=[Counter.series], set_={"value": Counter.value + 1}
    ).returning(Counter.value)
    value = session.execute(counted, execution_options={"synchronize_session": False}).scalar_one()
    return f"{series}/{value:06d}"
