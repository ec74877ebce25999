"""What of the emergency lane waits for somebody: its tab, and its part of Today and the board."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g, request, url_for
from sqlalchemy.orm import Session

from publisher.delivery.emergency import queries, roster
from publisher.delivery.emergency.alerts import may_take, open_alerts
from publisher.delivery.emergency.queries import UseOutcome
from publisher.delivery.emergency.templates import waiting_for
from publisher.models.emergency import Alert, EmergencyTemplate
from web.core.auth import actor
from web.core.context import ctx
from web.core.i18n import _
from web.core.layout import MenuEntry, Tab


@dataclass(frozen=True)
class Lane:
    """What of the lane waits for somebody: stuck, refused, owed, and templates to approve."""

    alerts: list[Alert]
    wrong: list[UseOutcome]
    owed: list[UseOutcome]
    templates: list[EmergencyTemplate]

    @property
    def number(self) -> int:
        """How many things these are."""
        return len(self.alerts) + len(self.wrong) + len(self.owed) + len(self.templates)


def number_of(session: Session) -> int:
    """How many things wait in the lane; the page in hand may have looked already."""
    found: int | None = g.get("lane_number")
    return lane_of(session).number if found is None else found


def lane_of(session: Session) -> Lane:
    """What waits in the lane for whoever is at the counter."""
    who, now = actor(), ctx.now()
    takes = may_take(session, actor=who, now=now)
    lane = Lane(
        alerts=open_alerts(session) if takes else [],
        wrong=queries.wanting_correction(session, actor=who, now=now),
        owed=queries.owed_by(session, actor=who, now=now),
        templates=waiting_for(session, actor=who, now=now),
    )
    g.lane_number = lane.number
    return lane


def tab() -> tuple[Tab, ...]:
    """The way into the lane, with what is stuck there: only for whoever is on duty now."""
    with ctx.database.reading() as session:
        if not roster.is_on_duty(session, actor(), now=ctx.now()):
            return ()
        stuck = len(open_alerts(session))
    here = request.endpoint == "emergency.index"
    return (Tab(_("Emergency"), url_for("emergency.index"), stuck or None, loud=True, here=here),)


def entry() -> tuple[MenuEntry, ...]:
    """The lane's list of uses, which leads to its templates and the roster."""
    return (MenuEntry(_("Emergency publications"), url_for("emergency.uses"), icon="megaphone"),)
