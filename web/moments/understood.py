"""Returns how a day, moment or time is understood while somebody types it."""

from __future__ import annotations

from flask import Blueprint, jsonify, request

from publisher.i18n.moment_parsing import WholeDay
from web.core.permissions import Page, allow_roles
from web.forms import Form
from web.moments.fields import ClockField, DayField, MomentField

routes = Blueprint("understood", __name__)


@routes.get("/understood")
@allow_roles()
def show() -> Page:
    """Return the words for the text `when`, and its mark, which is empty if it is refused."""
    form_class = type("TypedForm", (Form,), {"when": _request_field()})
    form = form_class(request.args, meta={"csrf": False})
    if not form.validate():
        return jsonify(words=" ".join(form.when.errors), mark="")
    return jsonify(words=form.when.words, mark=form.when.mark)


def _request_field() -> DayField | ClockField | MomentField:
    """Return a field like the one in which the person types."""
    looks_back, whole = request.args.get("back") == "1", request.args.get("whole", "")
    kind = request.args.get("kind")
    if kind == ClockField.kind:
        return ClockField()
    if kind == DayField.kind:
        return DayField(looks_back=looks_back, confirms=False)
    whole_day = WholeDay(whole) if whole in set(WholeDay) else WholeDay.ASKED
    return MomentField(looks_back=looks_back, confirms=False, whole_day=whole_day)
