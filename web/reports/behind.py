"""The posts, answers or comments that a number of the report counts, as a page and as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Blueprint, render_template, request, url_for
from sqlalchemy import Select
from sqlalchemy.orm import Session
from werkzeug import Response

from approvals.policy import Action, scope_of
from publisher.models.comments import Comment
from publisher.models.people import Department
from publisher.models.posts import Post
from publisher.reports import export
from publisher.reports.weekly import (
    Counted,
    Period,
    overdue_comments,
    query_posts,
)
from publisher.validation import NotFound
from publisher.working_time import local
from web.core.auth import actor, actor_now, reads, writing
from web.core.context import ctx
from web.core.database import reading
from web.core.i18n import N_, _
from web.core.list_pages import page_of_query
from web.core.permissions import allow_action
from web.forms import number_of
from web.messages.names import department_name
from web.reports import weekly
from web.reports.csv_files import csv_response

routes: Blueprint = weekly.routes
COUNTED = {
    Counted.POSTS: N_("Published posts"),
    Counted.ANSWERS: N_("Published answers"),
    Counted.LATE: N_("Answers published after the deadline"),
    Counted.OVERDUE: N_("Comments whose deadline has passed"),
}
HEADINGS = {
    Counted.POSTS: (N_("Post"), N_("Department")),
    Counted.ANSWERS: (N_("Answer"), N_("Department")),
    Counted.LATE: (N_("Answer"), N_("Department")),
    Counted.OVERDUE: (N_("Comment"), N_("Department"), N_("Deadline")),
}
_AT_ONCE = 500
"""How many rows are loaded at once."""


@dataclass(frozen=True)
class Number:
    """A number of the report: what it counts, of which department (None: all), in which period."""

    counted: Counted
    department_id: int | None
    period: Period

    def rows(self) -> Select[Post] | Select[Comment]:
        """Return the query of the rows that it counts. Raises `WrongRole`."""
        if self.counted is Counted.OVERDUE:
            return overdue_comments(actor(), now=ctx.now(), department_id=self.department_id)
        return query_posts(actor(), self.period, self.counted, department_id=self.department_id)


@routes.get("/report/list")
@allow_action(Action.SEE_REPORT)
@reads
def list_counted(session: Session) -> str:
    """List the posts, answers or comments that a number of the report counts."""
    number = _number_in_url()
    period, department_id = number.period, number.department_id
    return render_template(
        "reports/behind.html",
        rows=page_of_query(session, number.rows()),
        counted=number.counted,
        title=_(COUNTED[number.counted]),
        department=session.get(Department, department_id) if department_id else None,
        days=f"{weekly.full_day(period.first_day)} – {weekly.full_day(period.last_day)}",
        csv_href=f"{url_for('reports.list_csv')}?{urlencode(request.args.to_dict())}",
    )


def _number_in_url() -> Number:
    name = request.args.get("counted", "")
    counted = Counted(name) if name in set(Counted) else Counted.POSTS
    if counted is not Counted.POSTS and scope_of(actor(), Action.SEE_COMMENT) is None:
        raise NotFound(name)
    department_id = number_of(request.args.get("department")) or None
    return Number(counted, department_id, weekly.period_in_url()[2])


@routes.get("/report/list.csv")
@allow_action(Action.SEE_REPORT)
def list_csv() -> Response:
    """Return the whole list behind a number of the report as CSV."""
    number = _number_in_url()
    table = Comment if number.counted is Counted.OVERDUE else Post
    with reading() as session:
        ids = session.scalars(number.rows().with_only_columns(table.id)).all()
    with writing() as session:
        export.record_export(session, **actor_now(), rows=len(ids), page="report list")
    return csv_response("report-list", HEADINGS[number.counted], _rows(number.counted, ids))


def _rows(counted: Counted, ids: Sequence[int]) -> Iterator[list[str]]:
    """Yield the rows in steps; no transaction is open while they are sent."""
    read = export.comments_by_id if counted is Counted.OVERDUE else export.posts_by_id
    for begin in range(0, len(ids), _AT_ONCE):
        with ctx.database.reading() as session:
            cells = list(map(_cells, read(session, ids[begin : begin + _AT_ONCE])))
        yield from cells


def _cells(row: Post | Comment) -> list[str]:
    department = department_name(row.department) if row.department else ""
    if isinstance(row, Post):
        return [row.reply.comment.text if row.reply else row.title, department]
    return [row.text, department, f"{local(row.due_at):%Y-%m-%d %H:%M}"]
