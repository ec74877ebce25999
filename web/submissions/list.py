"""The list of submissions: views with counts, filters, views kept by name, and the list as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlencode

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug import Response

from approvals.policy import Action, Actor, Scope, scope_of
from publisher.models.people import Department
from publisher.models.saved_views import KeptView
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
    read_on,
    submission_counts,
    submission_total,
    submissions_in,
)
from publisher.reports.types import Cursor
from publisher.validation import Invalid
from web.core.auth import actor, reads, writes
from web.core.context import ctx
from web.core.filters import decode_cursor, encode_cursor
from web.core.i18n import _
from web.core.permissions import for_action
from web.core.state_badges import N_
from web.messages.field_errors import problem_sentence
from web.messages.progress import NEXT
from web.reports.exports import csv_response
from web.submissions import detail
from web.submissions.forms import KIND_WORDS

routes: Blueprint = detail.routes
Page = Response | str | tuple[str, int]
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
    Wished.PASSED: N_("Passed already"),
    Wished.NONE: N_("No wished time"),
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
@for_action(Action.SEE_SUBMISSION)
@reads
def index(session: Session) -> Page:
    """The submissions in sight, with state, who has them and what comes next."""
    return _page(session, filter_from_query(request.args))


def _page(session: Session, filters: SubmissionFilter, *, name: str = "", problem: str = "") -> str:
    now = ctx.now()
    counts = submission_counts(session, actor=actor(), now=now, filters=filters)
    listing = submissions_in(
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
        wanted=filters,
        views=_views(filters, counts),
        steps=_steps(filters, listing),
        departments=_departments(session) if _sees_several() else [],
        kept=saved_views.saved_views(session, actor=actor(), page=export.SUBMISSIONS),
        name=name,
        problem=problem,
        span=search_window.SPAN,
        at_once=listing.total < export.AT_ONCE,
        may_hand_in=scope_of(actor(), Action.HAND_IN) is not None,
        at_desk=scope_of(actor(), Action.HAND_IN) is Scope.ANY,
        next_words=NEXT,
        kinds=KIND_WORDS,
        wished_words=WISHED_WORDS,
        holder_words=HOLDER_WORDS,
    )


def address(filters: SubmissionFilter, place: str = "") -> str:
    """The address of the list with these filters, from a place on where it is given."""
    behind = "&".join(part for part in (filters.query, place) if part)
    return url_for("submissions.index") + (f"?{behind}" if behind else "")


def _views(
    filters: SubmissionFilter, counts: Mapping[SubmissionView, int]
) -> list[dict[str, object]]:
    """Every view with its address; what is seldom needed stands only where something is in it."""
    shown = [
        one
        for one in SubmissionView
        if one is not SubmissionView.TO_DECIDE or counts[one] or filters.view is one
    ]
    return [
        {
            "label": _(VIEW_WORDS[one]),
            "href": address(replace(filters, view=one)),
            "count": counts.get(one),
            "here": filters.view is one,
        }
        for one in shown
    ]


def _steps(filters: SubmissionFilter, listing: Listing) -> dict[str, str | None]:
    """Where the next and the previous page lie, and the older ones that were not looked through."""
    back = decode_cursor(request.args.get("back", ""))
    among = {"back": encode_cursor(back)} if back is not None else {}

    def there(given: Mapping[str, str], name: str, place: Cursor | None) -> str | None:
        if place is None:
            return None
        return address(filters, urlencode({**given, name: encode_cursor(place)}))

    return {
        "next": there(among, "after", listing.following),
        "previous": there(among, "before", listing.preceding),
        "older": there({}, "back", listing.older),
        "newest": address(filters) if among else None,
    }


def _sees_several() -> bool:
    """Whether there is more than the actor's own department to choose from."""
    return scope_of(actor(), Action.SEE_SUBMISSION) is Scope.ANY or bool(actor().line)


def _departments(session: Session) -> Sequence[Department]:
    """The departments to choose from, closed ones too: their submissions remain."""
    query = select(Department).order_by(Department.name_mr)
    if scope_of(actor(), Action.SEE_SUBMISSION) is not Scope.ANY:
        query = query.where(Department.id.in_([*actor().line, actor().department_id or 0]))
    return session.scalars(query).all()


@routes.get("/submissions.csv")
@for_action(Action.SEE_SUBMISSION)
def csv() -> Response:
    """The same list as CSV; a long one is prepared first, at `/exports`."""
    wanted = filter_from_query(request.args)
    with ctx.database.reading() as session:
        total = submission_total(session, actor=actor(), now=ctx.now(), filters=wanted)
    if total >= export.AT_ONCE:
        return redirect(url_for("exports.index", list=wanted.query))
    return csv_response(_every_row(wanted, actor()))


def _every_row(filters: SubmissionFilter, seeing: Actor) -> Iterator[Plain]:
    """All of the list, part by part, each in a reading of its own."""
    now, after = ctx.now(), None
    while True:
        with ctx.database.reading() as session:
            page = read_on(session, actor=seeing, now=now, filters=filters, after=after)
        yield from (export.plain_row(one) for one in page.rows)
        after = page.following
        if after is None:
            return


@routes.post("/submissions/views")
@for_action(Action.SEE_SUBMISSION)
def keep_view() -> Page:
    """Keep the filters in hand under a name, as a link of this person."""
    wanted, name = filter_from_query(request.form), request.form.get("name", "")
    try:
        with ctx.database.transaction() as session:
            kept = saved_views.keep_view(
                session,
                actor=actor(),
                now=ctx.now(),
                page=export.SUBMISSIONS,
                name=name,
                query=wanted.query,
            )
    except Invalid as invalid:
        with ctx.database.reading() as session:
            sentence = problem_sentence(invalid.problems[0])
            return _page(session, wanted, name=name, problem=sentence), 422
    flash(_("Kept as “%(name)s”.", name=kept.name))
    return redirect(address(wanted))


@routes.post("/submissions/views/<int:view_id>/remove")
@for_action(Action.SEE_SUBMISSION)
@writes
def remove_view(session: Session, view_id: int) -> Response:
    """Remove one of one's own kept views; nothing else changes."""
    gone: KeptView = saved_views.drop_view(session, actor=actor(), view_id=view_id)
    flash(_("“%(name)s” is removed from your list.", name=gone.name))
    return redirect(url_for("submissions.index"))
