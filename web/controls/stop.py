"""Pages to stop all publishing and to release it, with banner and menu entry."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from wtforms import BooleanField

from approvals.policy import Action, Actor, may
from publisher.delivery import machine_time, restore_state
from publisher.delivery.controls import stop as controls_stop
from publisher.delivery.controls.stop import ReleasedAlready
from publisher.i18n import dates
from publisher.models.controls import Stop
from publisher.people import roster
from publisher.reports.types import holder_of
from publisher.validation import departments_in_sight
from web.core.auth import actor, actor_now, reads, writing
from web.core.context import ctx
from web.core.form_views import handle_form
from web.core.i18n import _, _l, _n, page_language
from web.core.layout import Banner, MenuEntry
from web.core.permissions import Page, allow_action, allow_roles
from web.forms import ReasonForm, number_of
from web.messages.names import name_and_post
from web.messages.refusals import refusal_sentence

routes = Blueprint("stop", __name__)
REASON_LENGTH = 160


class ReleaseForm(ReasonForm):
    """The reason for the release; after a restore also a confirmation of the posts in doubt."""

    in_doubt = BooleanField(_l("Release it anyway"))


_release_form = partial(ReleaseForm, prefix="release-")


@routes.get("/stop")
@allow_roles()
def show() -> Page:
    """Show the current stops and the deliveries that can no longer be stopped."""
    return _page(ReasonForm(formdata=None))


@reads
def _page(session: Session, form: ReasonForm) -> str:
    """Return the page; the other of its two forms is empty."""
    now = ctx.now()
    is_release = isinstance(form, ReleaseForm)
    department_ids = departments_in_sight(actor(), Action.SEE_POST)
    stops = controls_stop.open_stops(session)
    on_duty = roster.is_on_duty(session, actor(), now=now)
    return render_template(
        "controls/stop.html",
        form=ReasonForm(formdata=None) if is_release else form,
        release_form=form if is_release else _release_form(formdata=None),
        stops=stops,
        in_doubt=restore_state.count_in_doubt(session, stops),
        past_stops=controls_stop.past_stops(session),
        sending_deliveries=controls_stop.deliveries_in_flight(
            session, department_ids=department_ids
        ),
        waiting_count=controls_stop.count_held(session, now=now, department_ids=department_ids),
        may_stop=may(actor(), Action.STOP_ALL, None, on_duty=on_duty),
        may_release=may(actor(), Action.RELEASE, None),
        wrong_times=list(session.scalars(machine_time.open_wrong_times())),
        may_override=may(actor(), Action.OVERRIDE_TIME, None, on_duty=on_duty),
        author_of=partial(stopper, session),
    )


def stopper(session: Session, stop: Stop) -> str:
    """Return name and post of the person who stopped, or else the command or the backup."""
    if stop.appointment:
        return name_and_post(holder_of(stop.appointment, stop.at))
    if controls_stop.is_by_command(session, stop):
        return _("the administrator of the server, by command")
    return _("a restored backup")


@routes.post("/stop")
@allow_action(Action.STOP_ALL)
@handle_form(ReasonForm, shown_by=_page, forbids=True)
def stop(form: ReasonForm) -> Page:
    """Stop all publishing."""
    reason = form.reason.data or ""
    with writing() as session:
        controls_stop.stop_all(session, **actor_now(), reason=reason)
    flash(_("All publishing is stopped."), "red")
    flash("stop", "draft-done")
    return redirect(url_for("stop.show"))


@routes.post("/stop/release")
@allow_action(Action.RELEASE)
@handle_form(_release_form, shown_by=_page)
def release(form: ReleaseForm) -> Page:
    """Release the stops that were shown on the page."""
    try:
        with writing() as session:
            controls_stop.release(
                session,
                **actor_now(),
                stop_ids=[number_of(stop_id) for stop_id in request.form.getlist("seen")],
                reason=form.reason.data or "",
                accepted_in_doubt=number_of(request.form.get("known", ""))
                if form.in_doubt.data
                else 0,
            )
            is_released = not controls_stop.open_stops(session)
    except ReleasedAlready as refusal:
        flash(refusal_sentence(refusal), "grey")
        return redirect(url_for("stop.show"))
    if is_released:
        flash(
            _(
                "Publishing has started again. Posts within their late limit are published within "
                "seconds."
            )
        )
    else:
        flash(
            _("That stop is released, but another one made since then is still in force."), "amber"
        )
    return redirect(url_for("stop.show"))


@routes.post("/stop/time")
@allow_action(Action.OVERRIDE_TIME)
def override_time() -> Page:
    """Publish posts although the time of a server is wrong."""
    with writing() as session:
        machine_time.override_time(session, **actor_now())
    flash(_("Posts are published all the same, until the server’s time is right again."))
    return redirect(url_for("stop.show"))


def entry(viewer: Actor, *, on_duty: bool) -> MenuEntry | None:
    """Return the "Stop all" entry of the layout, or None if the viewer may not stop."""
    if not may(viewer, Action.STOP_ALL, None, on_duty=on_duty):
        return None
    return MenuEntry(_("Stop all"), url_for("stop.show"), icon="stop-circle")


def banners(session: Session, viewer: Actor) -> tuple[Banner, ...]:
    """Return the banner shown to everybody while publishing is stopped."""
    stops = controls_stop.open_stops(session)
    if not stops:
        return ()
    can_release = may(viewer, Action.RELEASE, None)
    first, other_count = stops[0], len(stops) - 1
    sentence = _(
        "All publishing has been stopped since %(at)s by %(who)s. Reason: %(reason)s",
        at=dates.moment(first.at, page_language(), now=ctx.now()),
        who=stopper(session, first),
        reason=_shorten(first.reason),
    )
    if other_count:
        others = _n(
            "(%(num)s more stop is in force.)",
            "(%(num)s more stops are in force.)",
            other_count,
        )
        sentence = f"{sentence} {others}"
    return (
        Banner(
            sentence,
            tone="red",
            icon="stop-circle",
            href=url_for("stop.show", _anchor="release" if can_release else None),
            link=_("Release the stop") if can_release else _("See what this means"),
        ),
    )


def _shorten(reason: str) -> str:
    line = " ".join(reason.split())
    return line if len(line) <= REASON_LENGTH else line[: REASON_LENGTH - 1] + "…"
