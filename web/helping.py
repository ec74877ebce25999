"""Where a person gets help, in the words of the page's language."""

from __future__ import annotations

from datetime import date, datetime, time

from publisher.i18n.dates import clock_time, weekdays
from publisher.i18n.languages import digits
from publisher.settings.help import HelpDesk, Hours
from publisher.working_time import ZONE
from web.chrome import Help
from web.words import _, page_language


def help_of(desk: HelpDesk) -> Help:
    """Telephone, mail address and hours, as every page shows them."""
    return Help(
        phone=digits(desk.phone, page_language()),
        phone_href=f"tel:{desk.phone.replace(' ', '').replace('-', '')}" if desk.phone else "",
        hours=_hours(desk.hours) if desk.hours else "",
        mail=desk.mail,
    )


def _hours(hours: Hours) -> str:
    """`Monday to Saturday, 10:00 am to 6:00 pm`."""
    names = weekdays(page_language())
    first, last = names[hours.first], names[hours.last]
    opens, closes = _said(hours.opens), _said(hours.closes)
    if hours.first == hours.last:
        return _("%(day)s, %(opens)s to %(closes)s", day=first, opens=opens, closes=closes)
    return _(
        "%(first)s to %(last)s, %(opens)s to %(closes)s",
        first=first,
        last=last,
        opens=opens,
        closes=closes,
    )


def _said(clock: time) -> str:
    any_day = date(2000, 1, 1)
    return clock_time(datetime.combine(any_day, clock, ZONE), page_language())
