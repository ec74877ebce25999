"""The list of submissions: views with counts, filters, saved views and CSV export."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlencode

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug import Response
from werkzeug.datastructures import MultiDict

from approvals.policy import Action, Actor, Scope, may, scope_of
from publisher.models.people import Department
from publisher.models.saved_views import SavedView
from publisher.reports import export, saved_views, search_window
from publisher.reports.export import Plain
from publisher.reports.submission_filters import (
    Holder,
    SubmissionFilter,
    SubmissionView,
    Wished,
    filter_from_query,
)
from publisher.reports.submission_list import (
    Listing,
    list_submissions,
    read_on,
    submission_counts,
    submission_total,
)
from publisher.reports.types import Cursor
from publisher.validation import Invalid
from web.core.auth import actor, actor_now, reads, writes, writing
from web.core.context import ctx
from web.core.database import reading
from web.core.filters import decode_cursor, encode_cursor
from web.core.i18n import N_, _, _l
from web.core.permissions import Page, allow_action
from web.forms import Form
from web.messages.field_errors import problem_sentence
from web.messages.progress import NEXT
from web.moments.fields import DayField
from web.reports.exports import submissions_csv
from web.submissions import detail
from web.submissions.forms import KIND_WORDS

routes: Blueprint = detail.routes
VIEW_WORDS: Mapping[SubmissionView, str] = {
    SubmissionView.OPEN: N_("Still open"),
    SubmissionView.RECEIVED: N_("Received"),
    SubmissionView.RETURNED: N_("Returned to be completed"),
    SubmissionView.DRAFT: N_("Draft"),
    SubmissionView.IN_REVIEW: N_("In review"),
    SubmissionView.APPROVED: N_("Approved"),
    SubmissionView.SCHEDULED: N_("Scheduled"),
    SubmissionView.TO_DECIDE: N_("For decision"),
    SubmissionView.LIVE: N_("Published"),
    SubmissionView.ENDED: N_("Ended without publication"),
    SubmissionView.ALL: N_("All"),
}
WISHED_WORDS: Mapping[Wished, str] = {
    Wished.TODAY: N_("Today only"),
    Wished.SOON: N_("The next 14 days"),
    Wished.LATER: N_("Later than that"),
    Wished.PASSED: N_("Already passed"),
    Wished.NONE: N_("No requested time"),
}
HOLDER_WORDS: Mapping[Holder, str] = {
    Holder.ME: N_("With me"),
    Holder.NOBODY: N_("Nobody has taken it"),
    Holder.CELL: N_("Social Media Cell"),
    Holder.LEAD: N_("Cell lead"),
    Holder.DEPARTMENT: N_("The department"),
    Holder.CLOCK: N_("Automatic"),
}


@routes.get("/submissions")
@allow_action(Action.SEE_SUBMISSION)
@reads
def index(session: Session) -> Page:
    """List the visible submissions with their state, holder and next step."""
    return _page(session, *_read_filter(request.args))


class ReceivedForm(Form):
    """The days between which a submission was handed in, in the filter of the list."""

    since = DayField(_l("Submitted from"), looks_back=True, confirms=False)
    until = DayField(_l("Submitted until"), looks_back=True, confirms=False)


def _read_filter(arguments: MultiDict[str, str]) -> tuple[SubmissionFilter, ReceivedForm]:
    """Return the filter of URL parameters or a form; an unreadable day does not filter."""
    received = ReceivedForm(arguments, meta={"csrf": False})
    received.validate()
    filters = filter_from_query(arguments)
    return replace(filters, since=received.since.data, until=received.until.data), received


def _page(
    session: Session,
    filters: SubmissionFilter,
    received: ReceivedForm,
    *,
    name: str = "",
    problem: str = "",
) -> str:
    now = ctx.now()
    counts = submission_counts(session, actor=actor(), now=now, filters=filters)
    listing = list_submissions(
        session,
        actor=actor(),
        now=now,
        filters=filters,
        after=decode_cursor(request.args.get("after", "")),
        before=decode_cursor(request.args.get("before", "")),
        back=decode_cursor(request.args.get("back", "")),
        total=counts.get(filters.view),
    )
    return render_template(
        "submissions/index.html",
        listing=listing,
        submission_filter=filters,
        received=received,
        views=_views(filters, counts),
        whose=_holder_links(filters) if may(actor(), Action.DRAFT, None) else [],
        has_ticks=filters.holder is Holder.NOBODY and may(actor(), Action.DRAFT, None),
        page_links=_steps(filters, listing),
        departments=_departments(session) if _sees_several() else [],
        saved_views=saved_views.list_views(session, actor=actor(), page=export.SUBMISSIONS),
        name=name,
        name_error=problem,
        window_size=search_window.SPAN,
        is_short=listing.total < export.AT_ONCE,
        may_hand_in=scope_of(actor(), Action.HAND_IN) is not None,
        at_desk=scope_of(actor(), Action.HAND_IN) is Scope.ANY,
        next_labels=NEXT,
        kind_labels=KIND_WORDS,
        wished_labels=WISHED_WORDS,
        holder_labels=HOLDER_WORDS,
    )


def address(filters: SubmissionFilter, position: str = "") -> str:
    """Return the URL of the list with these filters; `position` is a parameter of the page."""
    query = "&".join(part for part in (filters.query, position) if part)
    return url_for("submissions.index") + (f"?{query}" if query else "")


def _views(
    filters: SubmissionFilter, counts: Mapping[SubmissionView, int]
) -> list[dict[str, object]]:
    """Return every view with its URL; "For decision" only if it is open or not empty."""
    views = [
        view
        for view in SubmissionView
        if view is not SubmissionView.TO_DECIDE or counts[view] or filters.view is view
    ]
    return [
        {
            "label": _(VIEW_WORDS[view]),
            "href": address(replace(filters, view=view)),
            "count": counts.get(view),
            "here": filters.view is view,
        }
        for view in views
    ]


def _holder_links(filters: SubmissionFilter) -> list[dict[str, object]]:
    """Return the links to everybody's, one's own and nobody's submissions of this view."""
    labels = {None: _("All"), Holder.ME: _("With me"), Holder.NOBODY: _("Nobody has taken it")}
    return [
        {
            "label": label,
            "href": address(replace(filters, holder=holder)),
            "here": filters.holder is holder,
        }
        for holder, label in labels.items()
    ]


def _steps(filters: SubmissionFilter, listing: Listing) -> dict[str, str | None]:
    """Return the URLs of the next and previous page, and of the older and the newest rows."""
    back = decode_cursor(request.args.get("back", ""))
    kept_query = {"back": encode_cursor(back)} if back is not None else {}

    def page_address(
        parameters: Mapping[str, str], name: str, position: Cursor | None
    ) -> str | None:
        if position is None:
            return None
        return address(filters, urlencode({**parameters, name: encode_cursor(position)}))

    return {
        "next": page_address(kept_query, "after", listing.following),
        "previous": page_address(kept_query, "before", listing.preceding),
        "older": page_address({}, "back", listing.older),
        "newest": address(filters) if kept_query else None,
    }


def _sees_several() -> bool:
    """Return True if the actor sees submissions of more than their own department."""
    return scope_of(actor(), Action.SEE_SUBMISSION) is Scope.ANY or bool(actor().line)


def _departments(session: Session) -> Sequence[Department]:
    """Return the departments to filter by, including closed ones, whose submissions remain."""
    query = select(Department).order_by(Department.name_mr)
    if scope_of(actor(), Action.SEE_SUBMISSION) is not Scope.ANY:
        query = query.where(Department.id.in_([*actor().line, actor().department_id or 0]))
    return session.scalars(query).all()


@routes.get("/submissions.csv")
@allow_action(Action.SEE_SUBMISSION)
def csv() -> Response:
    """Return the list as CSV; redirects to `/exports` if it is too long to send at once."""
    filters = filter_from_query(request.args)
    with reading() as session:
        total = submission_total(session, **actor_now(), filters=filters)
    if total >= export.AT_ONCE:
        return redirect(url_for("exports.index", list=filters.query))
    with writing() as session:
        export.record_export(session, **actor_now(), rows=total)
    return submissions_csv(_every_row(filters, actor()))


def _every_row(filters: SubmissionFilter, viewer: Actor) -> Iterator[Plain]:
    """Yield all rows of the list, page by page; no transaction is open while they are sent."""
    now, after = ctx.now(), None
    while True:
        with ctx.database.reading() as session:
            page = read_on(session, actor=viewer, now=now, filters=filters, after=after)
            rows = [export.plain_row(row) for row in page.rows]
        yield from rows
        after = page.following
        if after is None:
            return


@routes.post("/submissions/views")
@allow_action(Action.SEE_SUBMISSION)
def keep_view() -> Page:
    """Save the sent filters as a named view of the signed-in person."""
    (filters, received), name = _read_filter(request.form), request.form.get("name", "")
    try:
        with writing() as session:
            saved_view = saved_views.keep_view(
                session, **actor_now(), page=export.SUBMISSIONS, name=name, query=filters.query
            )
    except Invalid as invalid:
        with reading() as session:
            sentence = problem_sentence(invalid.problems[0])
            return _page(session, filters, received, name=name, problem=sentence), 422
    flash(_("Saved as “%(name)s”.", name=saved_view.name))
    return redirect(address(filters))


@routes.post("/submissions/views/<int:view_id>/remove")
@allow_action(Action.SEE_SUBMISSION)
@writes
def remove_view(session: Session, view_id: int) -> Response:
    """Delete a saved view of the signed-in person."""
    saved_view: SavedView = saved_views.drop_view(session, actor=actor(), view_id=view_id)
    flash(_("“%(name)s” is removed from your list.", name=saved_view.name))
    return redirect(url_for("submissions.index"))
