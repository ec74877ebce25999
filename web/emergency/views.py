"""Pages of the emergency lane: alerts, and publishing from a template in three steps."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from approvals.emergency import NotOnDuty, Template
from approvals.errors import StaleRevision
from approvals.policy import Action
from publisher.emergency import alerts as emergency_alerts
from publisher.emergency import queries, templates
from publisher.emergency.publish import (
    Plan,
    WhatLeavesChanged,
    plan,
    publish,
    read_values,
    read_word,
    template_to_use,
)
from publisher.models.emergency import EmergencyTemplate
from publisher.people import roster
from publisher.review import emergency_grounds
from publisher.scheduling import holds
from publisher.validation import Invalid
from web.core.auth import actor, actor_now, reads, writes, writing
from web.core.context import ctx
from web.core.database import reading
from web.core.i18n import _
from web.core.permissions import Page, allow_action
from web.emergency.forms import BLANKS, CONFIRM, STEPS, WORD, LaneForm, begin_word, make_form, read

routes = Blueprint("emergency", __name__, url_prefix="/emergency")


@routes.get("")
@allow_action(Action.PUBLISH_EMERGENCY)
@reads
def index(session: Session) -> Page:
    """Show the alerts and the templates. Raises `NotOnDuty` if the actor may use neither."""
    now = ctx.now()
    on_duty = roster.is_on_duty(session, actor(), now=now)
    if not on_duty and not emergency_alerts.may_take(session, actor=actor(), now=now):
        raise NotOnDuty(action=Action.PUBLISH_EMERGENCY)
    alerts, taken_alerts = (
        emergency_alerts.open_alerts(session),
        emergency_alerts.list_taken_alerts(session),
    )
    return render_template(
        "emergency/index.html",
        on_duty=on_duty,
        templates=templates.usable_templates(session) if on_duty else [],
        alerts=alerts,
        taken_alerts=taken_alerts,
        use_ids=queries.uses_of(
            session, [alert.delivery.post_id for alert in (*alerts, *taken_alerts)]
        ),
    )


@routes.post("/alerts/<int:alert_id>/take")
@allow_action(Action.PUBLISH_EMERGENCY)
@writes
def take(session: Session, alert_id: int) -> Page:
    """Take an alert, so that nobody else is called about it."""
    alert = emergency_alerts.take(session, **actor_now(), alert_id=alert_id)
    post_id = alert.delivery.post_id
    flash(_("You have taken charge. Nobody else is called about it; do what its page says."))
    return redirect(url_for("emergency.show", use_id=queries.uses_of(session, [post_id])[post_id]))


@routes.route("/publish/<int:template_id>", methods=["GET", "POST"])
@allow_action(Action.PUBLISH_EMERGENCY)
def fill(template_id: int) -> Page:
    """Show the first, the next or the previous step; the last step publishes."""
    step, back = request.form.get("step", ""), request.form.get("back", "")
    if step == CONFIRM and not back:
        return _publish(template_id)
    with reading() as session:
        template = _template(session, template_id)
        form = make_form(_newest_template(template))
        if request.method != "POST":
            form.seen_revision.data = str(template.newest)
            return _step(template, form, BLANKS)
        if back in STEPS:
            return _step(template, form, back)
        now = ctx.now()
        try:
            filled = read(form, template.id)
            blank_values = read_values(_newest_template(template), filled, now=now)
            if step == BLANKS:
                return _step(template, form, WORD)
            read_word(filled, now=now)
        except Invalid as invalid:
            return _invalid_step(template, form, invalid)
        return _preview(
            session, template, form, plan(session, templates.newest(template), blank_values)
        )


def _template(session: Session, template_id: int) -> EmergencyTemplate:
    return template_to_use(session, **actor_now(), template_id=template_id)


def _invalid_step(template: EmergencyTemplate, form: LaneForm, invalid: Invalid) -> Page:
    """Return the page of the step that has become invalid, with all input."""
    form.refuse(invalid)
    return _step(template, form, BLANKS if form.has_errors(form.blanks) else WORD), 422


def _newest_template(template: EmergencyTemplate) -> Template:
    return emergency_grounds.revision_template(templates.newest(template))


def _step(template: EmergencyTemplate, form: LaneForm, step: str) -> str:
    if step == CONFIRM:
        step = WORD
    if step == WORD:
        begin_word(form, ctx.now())
    _set_step(form, step)
    return render_template(
        f"emergency/{step}.html",
        template=template,
        revision=templates.newest(template),
        form=form,
        carried_fields=form.carried(form.word if step == BLANKS else form.blanks),
    )


def _set_step(form: LaneForm, step: str) -> None:
    form.step.data = step
    form.step.raw_data = [step]


def _preview(
    session: Session, template: EmergencyTemplate, form: LaneForm, publish_plan: Plan
) -> str:
    """Return the page with the full text for each account and language."""
    _set_step(form, CONFIRM)
    form.seen_plan.data, form.seen_revision.data = publish_plan.digest, str(template.newest)
    form.seen_plan.raw_data, form.seen_revision.raw_data = None, None
    return render_template(
        "emergency/confirm.html",
        template=template,
        approval=templates.current_approval(template),
        form=form,
        plan=publish_plan,
        stop=holds.standing_stop(session),
        word=read_word(read(form, template.id), now=ctx.now()),
        carried_fields=form.carried([*form.blanks, *form.word]),
    )


def _publish(template_id: int) -> Page:
    try:
        with writing() as session:
            template = _template(session, template_id)
            form = make_form(_newest_template(template))
            use = publish(session, **actor_now(), form=read(form, template_id))
    except (Invalid, WhatLeavesChanged, StaleRevision) as refusal:
        return _refusal_page(template_id, refusal)
    flash(
        _(
            "The warning is being published now, ahead of everything. Refresh the page in a "
            "moment to see the result."
        )
    )
    return redirect(url_for("emergency.show", use_id=use.id))


@reads
def _refusal_page(
    session: Session, template_id: int, refusal: Invalid | WhatLeavesChanged | StaleRevision
) -> Page:
    """Show the invalid step, or the preview of what has changed; nothing was published."""
    template = _template(session, template_id)
    form = make_form(_newest_template(template))
    if isinstance(refusal, Invalid):
        return _invalid_step(template, form, refusal)
    form.refuse(refusal)
    try:
        blank_values = read_values(
            _newest_template(template), read(form, template_id), now=ctx.now()
        )
    except Invalid as invalid:  # the template was rewritten, with other blanks
        form.show(invalid.problems)
        return _step(template, form, BLANKS), 422
    publish_plan = plan(session, templates.newest(template), blank_values)
    return _preview(session, template, form, publish_plan), 409
