"""Open emergency work: its tab, and its part of Today and of the decision board."""

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
    """Open emergency work: alerts, refused uses, uses to ratify, and templates to approve."""

    alerts: list[Alert]
    wrong: list[UseOutcome]
    owed: list[UseOutcome]
    templates: list[EmergencyTemplate]

    @property
    def number(self) -> int:
        """The number of all entries."""
        return len(self.alerts) + len(self.wrong) + len(self.owed) + len(self.templates)


def number_of(session: Session) -> int:
    """Return the number of open entries; reads the database at most once per request."""
    number: int | None = g.get("lane_number")
    return lane_of(session).number if number is None else number


def lane_of(session: Session) -> Lane:
    """Return the open emergency work of the signed-in person."""
    viewer, now = actor(), ctx.now()
    takes = may_take(session, actor=viewer, now=now)
    lane = Lane(
        alerts=open_alerts(session) if takes else [],
        wrong=queries.wanting_correction(session, actor=viewer, now=now),
        owed=queries.owed_by(session, actor=viewer, now=now),
        templates=waiting_for(session, actor=viewer, now=now),
    )
    g.lane_number = lane.number
    return lane


def tab() -> tuple[Tab, ...]:
    """Return the tab with the number of open alerts; none if the person is not on duty."""
    with ctx.database.reading() as session:
        if not roster.is_on_duty(session, actor(), now=ctx.now()):
            return ()
        stuck = len(open_alerts(session))
    here = request.endpoint == "emergency.index"
    return (Tab(_("Emergency"), url_for("emergency.index"), stuck or None, loud=True, here=here),)


def entry() -> tuple[MenuEntry, ...]:
    """Return the menu entry of the list of uses, which links to templates and roster."""
    return (MenuEntry(_("Emergency publications"), url_for("emergency.uses"), icon="megaphone"),)
