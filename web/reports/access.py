"""The access log: refused sign-ins, changes of rights and channels, exports; read only."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for
from sqlalchemy.orm import Session

from approvals.policy import Actor, Role
from publisher.models.people import Person
from publisher.operations import access_log
from publisher.operations.access_log import AccessKind
from web.core.auth import reads
from web.core.filters import decode_cursor, encode_cursor
from web.core.i18n import _, _l
from web.core.layout import MenuEntry
from web.core.permissions import Page, allow_roles
from web.forms import Form, key_of
from web.messages.access import KINDS
from web.moments.fields import DayField

routes = Blueprint("access", __name__)
READERS = (Role.ADMIN, Role.AUDITOR)


class DayForm(Form):
    """The day whose entries are shown."""

    day = DayField(_l("Day"), looks_back=True, confirms=False)


@routes.get("/access-log")
@allow_roles(*READERS)
@reads
def index(session: Session) -> Page:
    """Show a page of the log, of one kind, one person or one day."""
    form = DayForm(request.args, meta={"csrf": False})
    form.validate()
    kind, day = _kind(request.args.get("kind", "")), form.day.data
    person = session.get(Person, request.args.get("person", 0, type=key_of))
    person_id = person.id if person is not None else None
    after = decode_cursor(request.args.get("after", ""))
    page = access_log.access_log(session, kind=kind, person_id=person_id, day=day, after=after)
    counts = []
    if kind in (None, AccessKind.REFUSED) and after is None:
        counts = access_log.count_refused(session, person_id=person_id, day=day)
    chosen = {"person": person_id, "day": day, "kind": kind}
    return render_template(
        "reports/access.html",
        page=page,
        form=form,
        counts=counts,
        person=person,
        chosen=chosen,
        kinds=[
            {
                "label": label,
                "href": url_for("access.index", kind=other, person=person_id, day=day),
                "here": other is kind,
            }
            for other, label in ((None, _("All")), *((key, _(KINDS[key])) for key in AccessKind))
        ],
        next_cursor=encode_cursor(page.following),
    )


def _kind(text: str) -> AccessKind | None:
    return AccessKind(text) if text in set(AccessKind) else None


def entry(viewer: Actor) -> tuple[MenuEntry, ...]:
    """Return the menu entry, if the viewer may see the page."""
    if viewer.role not in READERS:
        return ()
    return (MenuEntry(_("Access log"), url_for("access.index"), icon="shield-lock"),)
