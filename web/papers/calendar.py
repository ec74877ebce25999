"""A month of the calendar on paper."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint
from sqlalchemy.orm import Session
from werkzeug import Response

from approvals.policy import Action
from publisher.i18n import dates
from publisher.i18n.languages import number
from publisher.models.deliveries import Account
from publisher.models.people import Department
from publisher.papers.pdf import Paper, Paragraph, Part, Table
from publisher.reports.calendar import Item
from publisher.reports.calendar_month import CalendarDay, calendar_days
from publisher.working_time import ONE_DAY
from web.core.auth import actor_now, reads
from web.core.context import ctx
from web.core.i18n import _, page_language
from web.core.permissions import allow_action
from web.core.state_badges import state_word
from web.messages.names import account_name, department_name
from web.papers.files import MOST_ROWS, filter_line, pdf_file
from web.schedule.calendar import LEGEND, read_query

routes = Blueprint("calendar_papers", __name__)


@routes.get("/calendar.pdf")
@allow_action(Action.SEE_POST)
@reads
def month(session: Session) -> Response:
    """Return the month of the calendar with its filters as PDF."""
    choice = read_query()
    days = calendar_days(
        session,
        **actor_now(),
        first_day=choice.month,
        days=((choice.month + 31 * ONE_DAY).replace(day=1) - choice.month).days,
        account_id=choice.account,
        department_id=choice.department,
        state=choice.state,
    )
    month_name = dates.month(choice.month, page_language())
    account = session.get(Account, choice.account) if choice.account else None
    department = session.get(Department, choice.department) if choice.department else None
    states = [_(state_word(thing, state)) for thing, state in LEGEND if state == choice.state]
    filters = [
        (_("Account"), account_name(account) if account else ""),
        (_("Department"), department_name(department) if department else ""),
        (_("State"), ", ".join(states)),
    ]
    return pdf_file(
        Paper(
            _("Calendar: %(month)s", month=month_name),
            [*filter_line(filters), *calendar_parts(days)],
            landscape=True,
        ),
        name=f"calendar-{choice.month:%Y-%m}",
        back=choice.href("month", choice.month),
    )


def calendar_parts(days: Sequence[CalendarDay]) -> list[Part]:
    """Return the table of these days' items, and a sentence if it does not include all."""
    items = [item for day in days for item in day.items]
    if not items:
        return [Paragraph(_("Nothing is published in these days."))]
    headings = [_("Time"), _("Post"), _("Department"), _("Where"), _("State")]
    parts: list[Part] = [
        Table((6, 10.5, 6.5, 5.5, 4.5), [_row(item) for item in items[:MOST_ROWS]], headings)
    ]
    if len(items) > MOST_ROWS:
        sentence = _(
            "These are the first %(shown)s of %(total)s. Choose a department or an account for the "
            "others.",
            shown=number(MOST_ROWS, page_language()),
            total=number(len(items), page_language()),
        )
        parts.append(Paragraph(sentence))
    return parts


def _row(item: Item) -> tuple[str, ...]:
    texts = dict.fromkeys(f"{account_name(text.account)}" for text in item.texts)
    return (
        dates.plain_moment(item.at, page_language(), now=ctx.now()),
        item.title,
        department_name(item.department),
        ", ".join(texts),
        _(state_word(item.thing, item.state)),
    )
