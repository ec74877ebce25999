"""The contact details and hours of help, in the language of the page."""

from __future__ import annotations

from datetime import date, datetime, time

from publisher.i18n.dates import clock_time, weekdays
from publisher.i18n.languages import digits
from publisher.settings.help import HelpDesk, Hours
from publisher.working_time import ZONE
from web.core.i18n import _, page_language
from web.core.layout import Help


def make_help(desk: HelpDesk) -> Help:
    """Return the telephone number, mail address and hours as every page shows them."""
    return Help(
        phone=digits(desk.phone, page_language()),
        phone_href=f"tel:{desk.phone.replace(' ', '').replace('-', '')}" if desk.phone else "",
        hours=_hours(desk.hours) if desk.hours else "",
        mail=desk.mail,
    )


def _hours(hours: Hours) -> str:
    """Return the hours as text: `Monday to Saturday, 10:00 am to 6:00 pm`."""
    names = weekdays(page_language())
    first, last = names[hours.first], names[hours.last]
    opens_at, closes_at = _clock_text(hours.opens), _clock_text(hours.closes)
    if hours.first == hours.last:
        return _("%(day)s, %(opens)s to %(closes)s", day=first, opens=opens_at, closes=closes_at)
    return _(
        "%(first)s to %(last)s, %(opens)s to %(closes)s",
        first=first,
        last=last,
        opens=opens_at,
        closes=closes_at,
    )


def _clock_text(clock: time) -> str:
    any_day = date(2000, 1, 1)
    return clock_time(datetime.combine(any_day, clock, ZONE), page_language())
