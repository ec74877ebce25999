"""Open emergency work on Today and on the decision board, and the tab for those on duty."""

from __future__ import annotations

from flask import request, url_for
from sqlalchemy.orm import Session

from publisher.reports.emergency_work import NO_EMERGENCY_WORK, EmergencyWork, emergency_work
from publisher.reports.tab_counts import Counts
from web.core.auth import actor, actor_now
from web.core.counts import actor_counts
from web.core.i18n import _
from web.core.layout import MenuEntry, Tab


def load_work(session: Session) -> EmergencyWork:
    """Return the open emergency work of the signed-in person."""
    if not actor_counts(session, actor()).emergency:
        return NO_EMERGENCY_WORK
    return emergency_work(session, **actor_now())


def tab(counts: Counts) -> tuple[Tab, ...]:
    """Return the tab with the number of open alerts; none if the person is not on duty."""
    if not counts.on_duty:
        return ()
    here = request.endpoint == "emergency.index"
    href, label = url_for("emergency.index"), _("Emergency")
    return (Tab(label, href, counts.alerts or None, loud=True, here=here),)


def entry() -> tuple[MenuEntry, ...]:
    """Return the menu entry of the list of uses, which links to templates and roster."""
    return (MenuEntry(_("Emergency publications"), url_for("emergency.uses"), icon="megaphone"),)
