"""The tab and the menu entry of emergency publishing."""

from __future__ import annotations

from flask import request, url_for

from publisher.reports.tab_counts import Counts
from web.core.i18n import _
from web.core.layout import MenuEntry, Tab


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
