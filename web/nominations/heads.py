"""The page on which the heads of many departments are typed into a table, or pasted as lines."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from wtforms import TextAreaField

from approvals.policy import Action
from publisher.nominations import heads, progress
from publisher.nominations.heads import COLUMNS, MOST_ROWS, BadHeads, CheckedHead, HeadRow
from web.core.auth import actor_now, reads, writing
from web.core.context import ctx
from web.core.form_views import handle_form
from web.core.i18n import _l, _n
from web.core.permissions import Page, allow_action
from web.forms import number_of
from web.messages.field_errors import recording_problem
from web.messages.names import department_name
from web.people.department_forms import DepartmentOrderForm, read_order

routes = Blueprint("heads", __name__, url_prefix="/calls/heads")
TYPED_AT_ONCE = 10
"""The number of departments without a head that the table begins with; the next ones follow."""

MOST_LETTERS = 100_000
"""The characters of the longest list that is read: two hundred lines are a fifth of it."""


class HeadsForm(DepartmentOrderForm):
    """The order of the list, and pasted lines; the rows themselves are in the table."""

    pasted = TextAreaField(_l("Paste a list"))


@reads
def _page(session: Session, form: HeadsForm, checked: Sequence[CheckedHead] | None = None) -> Page:
    unreachable = progress.list_unreached_offices(session, now=ctx.now())
    if checked is None and isinstance(form.refusal, BadHeads):
        checked = form.refusal.checked
    if checked is None:
        rows = (
            _rows()
            or [
                HeadRow(department_name(office.department))
                for office in unreachable
                if office.head is None
            ][:TYPED_AT_ONCE]
        )
        checked = [CheckedHead(row, None, {}) for row in rows]
    return render_template(
        "nominations/heads.html",
        form=form,
        checked=checked,
        columns=COLUMNS,
        sentence_of=recording_problem,
        waiting=[office for office in unreachable if office.head is not None],
        missing=sum(office.head is None for office in unreachable),
    )


def _rows() -> list[HeadRow]:
    """Return the rows of the table as they were sent."""
    number = min(number_of(request.form.get("rows")), MOST_ROWS)
    return [
        HeadRow(*(request.form.get(f"row-{at}-{column}", "") for column in COLUMNS))
        for at in range(number)
    ]


@routes.route("", methods=["GET", "POST"])
@allow_action(Action.OPEN_CALL)
@handle_form(HeadsForm, shown_by=_page)
def index(form: HeadsForm) -> Page:
    """Check the rows, or record the heads; a second person confirms them."""
    if request.form.get("step") == "read":
        rows = heads.read_lines((form.pasted.data or "")[:MOST_LETTERS])
        order = read_order(form)
        with writing() as session:
            checked = heads.check_heads(session, **actor_now(), rows=rows[:MOST_ROWS], order=order)
        form.pasted.data = ""
        return _page(form, checked)
    rows = [row for row in _rows() if not row.is_empty]
    with writing() as session:
        checked = heads.record_heads(session, **actor_now(), rows=rows, order=read_order(form))
    flash(
        _n(
            "%(num)s head is recorded. Another person must confirm the list.",
            "%(num)s heads are recorded. Another person must confirm the list.",
            len(checked),
        )
    )
    return redirect(url_for("calls.index"))
