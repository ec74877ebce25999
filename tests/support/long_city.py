"""The city of long lists: sixty thousand submissions, and hundreds of everything else."""

from __future__ import annotations

from sqlalchemy import text

from publisher.inbox import routing
from tests.support import crowd, scenes
from tests.support.city import City

LIVE = 20
SETTLED_COPIES, OPEN_COPIES, EMERGENCY_COPIES = 2_450, 190, 10
"""How often the settled work is copied, all of it with what waits, and this with emergencies."""

RECORDS = (*crowd.WORK, "events", "attempts", "orders")
EMERGENCIES = ("emergency_uses", "alerts", "watches")
REGISTER = {
    ("departments", "department_changes"): 13,
    ("people", "person_names", "appointments"): 25,
    ("accounts",): 2,
    ("emergency_templates", "template_revisions", "template_decisions"): 100,
    ("absences",): 500,
    ("duties",): 200,
    ("freezes",): 1_000,
    ("notices",): 30,
    ("quiet_times",): 20,
    ("starting_texts",): 500,
    ("sign_ins",): 30,
    ("known_devices",): 100,
}
"""How often the rows of these tables are copied, those of one line together."""

OF_ONE = {
    "events": "subject_id = 1",
    "clerk_notes": "post_id = 1",
    "comments": "id = 1",
    "department_changes": "department_id = 2",
    "revisions": "post_id = 1",
    "submission_notes": "submission_id = 1",
}
"""The histories of single rows, each of which becomes hundreds of lines long."""

AFTER_ALL = 1_000_000
"""A number of copies that nothing has, after which the copies of a history are counted."""


def settle(town: City) -> dict[str, str]:
    """Do what is settled at its end; return the conditions of its rows."""
    scenes.answered(town)  # the first: it answers comment 1
    for at in range(LIVE):
        live = town.live(("water", "road")[at % 2])[0]
        comment_id = town.comment(under=live)
        with town.write() as session:
            routing.close(
                session,
                actor=town.actor("clerk"),
                now=town.now,
                comment_id=comment_id,
                reason="आभार.",
            )
    scenes.declined(town)
    with town.read() as session:
        return crowd.last_ids(session, RECORDS)


def multiply(town: City, settled: dict[str, str]) -> None:
    """Do what waits for somebody, then multiply all that was done in the city."""
    for happens in (
        scenes.routed,
        scenes.unrouted,
        scenes.received,
        scenes.in_review,
        scenes.approved,
        scenes.held,
        scenes.missed,
    ):
        happens(town)
    with town.write() as session:
        crowd.copy_rows(session, (*RECORDS, *EMERGENCIES), EMERGENCY_COPIES)
        existing = EMERGENCY_COPIES
        crowd.copy_rows(session, RECORDS, OPEN_COPIES, existing=existing)
        existing += OPEN_COPIES
        crowd.copy_rows(session, RECORDS, SETTLED_COPIES, existing=existing, where=settled)
        for names, copies in REGISTER.items():
            crowd.copy_rows(session, names, copies)
        for name, where in OF_ONE.items():
            crowd.copy_rows(session, (name,), 100, existing=AFTER_ALL, where={name: where})
        session.execute(text("ANALYZE"))
