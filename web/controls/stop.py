"""Stopping everything by two presses, from any page: what stands, what is on its way, release."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug import Response
from wtforms import BooleanField, TextAreaField

from approvals.policy import Action, Actor, may
from publisher.delivery import restore_state
from publisher.delivery.controls import stop as controls_stop
from publisher.delivery.controls.stop import ReleasedAlready
from publisher.i18n import dates
from publisher.models.controls import Stop
from publisher.reports.types import who_of
from publisher.validation import Invalid, departments_in_sight
from web.core.auth import actor, reads
from web.core.context import ctx
from web.core.i18n import _, _l, _n, page_language
from web.core.layout import Banner, MenuEntry
from web.core.permissions import for_action, for_roles
from web.forms import Form, number_of
from web.messages.names import who_name
from web.messages.refusals import refusal_sentence

routes = Blueprint("stopping", __name__)
Page = Response | str | tuple[str, int]
SHOWN_OF_A_REASON = 160


class StopForm(Form):
    """Why everything is to be stopped."""

    reason = TextAreaField(_l("Reason"))


class ReleaseForm(Form):
    """Why it may go on; after a restore also that what is still in doubt is known."""

    reason = TextAreaField(_l("Reason"))
    in_doubt = BooleanField(_l("Release it all the same"))


@routes.get("/stop")
@for_roles()
def show() -> Page:
    """Whether everything is stopped, by whom, why, and what no stop reaches any more."""
    return _page(StopForm(formdata=None), ReleaseForm(formdata=None, prefix="release-"))


@reads
def _page(session: Session, form: StopForm, release_form: ReleaseForm) -> str:
    now = ctx.now()
    seen = _in_sight()
    standing = controls_stop.open_stops(session)
    return render_template(
        "controls/stop.html",
        form=form,
        release_form=release_form,
        standing=standing,
        in_doubt=restore_state.in_doubt(session, standing),
        past=controls_stop.past_stops(session),
        on_its_way=controls_stop.on_its_way(session, department_ids=seen),
        waiting=controls_stop.held_now(session, now=now, department_ids=seen),
        may_stop=controls_stop.may_stop(session, actor=actor(), now=now),
        may_release=may(actor(), Action.RELEASE, None),
        who=stopper,
    )


def _in_sight() -> frozenset[int] | None:
    return departments_in_sight(actor(), Action.SEE_POST)


def stopper(stop: Stop) -> str:
    """Who pressed it, by name and post; a backup that was restored is nobody."""
    return who_name(who_of(stop.appointment)) if stop.appointment else _("a restored backup")


@routes.post("/stop")
@for_action(Action.STOP_ALL)
def stop() -> Page:
    """Stop everything; the page then says what is on its way all the same."""
    form = StopForm()
    try:
        with ctx.database.transaction() as session:
            controls_stop.stop_all(
                session, actor=actor(), now=ctx.now(), reason=form.reason.data or ""
            )
    except Invalid as invalid:
        form.show(invalid.problems)
        return _page(form, ReleaseForm(formdata=None, prefix="release-")), 422
    flash(_("All publishing is stopped."), "red")
    flash("stop", "draft-done")
    return redirect(url_for("stopping.show"))


@routes.post("/stop/release")
@for_action(Action.RELEASE)
def release() -> Page:
    """Release the stops that were on the screen."""
    form = ReleaseForm(prefix="release-")
    seen = [number_of(one) for one in request.form.getlist("seen")]
    try:
        with ctx.database.transaction() as session:
            controls_stop.release(
                session,
                actor=actor(),
                now=ctx.now(),
                stop_ids=seen,
                reason=form.reason.data or "",
                accepted_in_doubt=_known(form),
            )
            is_free = not controls_stop.open_stops(session)
    except Invalid as invalid:
        form.show(invalid.problems)
        return _page(StopForm(formdata=None), form), 422
    except ReleasedAlready as refusal:
        flash(refusal_sentence(refusal), "grey")
        return redirect(url_for("stopping.show"))
    _say_released(is_free)
    return redirect(url_for("stopping.show"))


def _known(form: ReleaseForm) -> int:
    """How many in doubt the page named, where it was ticked that they are known."""
    return number_of(request.form.get("known", "")) if form.in_doubt.data else 0


def _say_released(is_free: bool) -> None:
    if is_free:
        flash(_("Publishing goes on. What has not passed its late limit leaves within seconds."))
        return
    flash(_("That stop is released, but another one was made meanwhile and still stands."), "amber")


def entry(session: Session, of: Actor) -> MenuEntry | None:
    """The quiet "Stop all" of the bar and the foot, for whoever may."""
    if not controls_stop.may_stop(session, actor=of, now=ctx.now()):
        return None
    return MenuEntry(_("Stop all"), url_for("stopping.show"), icon="stop-circle")


def banners(session: Session, of: Actor) -> tuple[Banner, ...]:
    """Over every page, for everybody: that all is stopped, since when, by whom and why."""
    standing = controls_stop.open_stops(session)
    if not standing:
        return ()
    can_release = may(of, Action.RELEASE, None)
    return (
        Banner(
            _sentence(standing),
            tone="red",
            icon="stop-circle",
            href=url_for("stopping.show", _anchor="release" if can_release else None),
            link=_("Release the stop") if can_release else _("See what this means"),
        ),
    )


def _sentence(standing: list[Stop]) -> str:
    first, more = standing[0], len(standing) - 1
    said = _(
        "All publishing has been stopped since %(at)s by %(who)s. Reason: %(reason)s",
        at=dates.moment(first.at, page_language(), now=ctx.now()),
        who=stopper(first),
        reason=_cut(first.reason),
    )
    if not more:
        return said
    beside = _n(
        "(%(num)s more stop stands beside it.)", "(%(num)s more stops stand beside it.)", more
    )
    return f"{said} {beside}"


def _cut(reason: str) -> str:
    line = " ".join(reason.split())
    return line if len(line) <= SHOWN_OF_A_REASON else line[: SHOWN_OF_A_REASON - 1] + "…"
