"""Schedule the texts of a post together, publish them now, and stop those not yet sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from approvals.policy import Action, may
from publisher import failpoints
from publisher.drafting import drafts
from publisher.i18n import dates
from publisher.models.controls import Freeze
from publisher.models.deliveries import Delivery
from publisher.models.posts import Post
from publisher.scheduling import holds, post_schedule
from publisher.scheduling.constraints import LATE_LIMIT
from publisher.scheduling.schedule import delivery_mark, newest_revision
from publisher.scheduling.timetable import Timetable
from publisher.states import NOT_PUBLISHED, DeliveryState
from publisher.validation import FieldError, Invalid, NotFound
from web.core import form_recovery
from web.core.auth import actor, actor_now, reads, writing
from web.core.context import ctx
from web.core.form_views import handle_form
from web.core.i18n import _, page_language
from web.core.permissions import Page, allow_action
from web.forms import number_of
from web.previews import Preview, make_previews, short_title
from web.schedule.forms import PostTimesForm, TimeRow

routes = Blueprint("schedule", __name__)
SHOWN_SLOTS = 3
"""How many free slots are offered for a text."""


@dataclass(frozen=True)
class TextRow:
    """A text on the page: its row of the form, or None if its time is only shown."""

    preview: Preview
    fields: TimeRow | None
    is_chosen: bool
    free_times: tuple[datetime, ...]

    @property
    def can_change(self) -> bool:
        """True if the text has a time that may still be changed."""
        delivery = self.preview.delivery
        is_waiting = delivery is not None and delivery.state is DeliveryState.SCHEDULED
        return is_waiting and self.fields is None


@routes.get("/posts/<int:post_id>/variants/<int:variant_id>/schedule")
@allow_action(Action.SCHEDULE)
@reads
def show_text(session: Session, post_id: int, variant_id: int) -> Page:
    """Redirect to the form of the post, with this text's row open."""
    post = drafts.get_post(session, actor=actor(), post_id=post_id)
    if variant_id not in {text.id for revision in post.revisions for text in revision.variants}:
        raise NotFound(variant_id)
    return redirect(url_for("schedule.schedule", post_id=post_id, change=variant_id))


@routes.route("/posts/<int:post_id>/schedule", methods=["GET", "POST"])
@allow_action(Action.SCHEDULE)
@handle_form(PostTimesForm)
def schedule(form: PostTimesForm, post_id: int) -> Page:
    """Set the times of the post's texts, all of them or none."""
    if form.is_shown:
        return _page(form, post_id)
    if wish := request.form.get("fill"):
        _fill(form, wish)
        return _page(form, post_id), 200
    if not form.validate():
        return _page(form, post_id), 422
    times = form.times()
    with writing() as session:
        drafts.get_post(session, actor=actor(), post_id=post_id)
        deliveries = post_schedule.schedule_post(
            session,
            **actor_now(),
            post_id=post_id,
            times=times,
            late_limit=form.late_limit.data or 0,
            despite_warnings=form.despite_warnings.data,
        )
        texts: defaultdict[datetime, list[str]] = defaultdict(list)
        for delivery in deliveries:
            texts[delivery.due_at].append(short_title(delivery.variant))
        lines = [f"{_moment(due_at)}: {', '.join(titles)}." for due_at, titles in texts.items()]
        sentence = " ".join([_("The time is set."), *lines])
    failpoints.hit("schedule.after_commit")
    flash(sentence)
    return redirect(url_for("posts.show", post_id=post_id))


def _fill(form: PostTimesForm, wish: str) -> None:
    """Write the pressed slot, "<variant id>/<ISO moment>", into its row."""
    variant_id, _slash, moment = wish.partition("/")
    try:
        at = datetime.fromisoformat(moment)
        form.fill_row(number_of(variant_id), at)
    except (ValueError, OverflowError):
        return
    form.chosen.data = [*form.chosen_ids, number_of(variant_id)]


@reads
def _page(session: Session, form: PostTimesForm, post_id: int) -> str:
    post = drafts.get_post(session, actor=actor(), post_id=post_id)
    if not post.revisions:
        raise NotFound(post_id)
    timetable = post_schedule.post_timetable(session, post, now=ctx.now())
    rows = _rows(form, post, timetable)
    account_ids = {row.preview.account.id for row in rows}
    return render_template(
        "schedule/schedule.html",
        post=post,
        revision=newest_revision(post),
        rows=rows,
        form=form,
        row_errors=form.row_errors([row.preview.variant.id for row in rows if row.fields]),
        changed_ids=_ids_to_change(form),
        freezes=_touching(post, account_ids, timetable.freezes),
        quiet_times=[
            quiet_time
            for quiet_time in timetable.quiet_times
            if quiet_time.account_id is None or quiet_time.account_id in account_ids
        ],
        wished_at=timetable.wished_at,
        may_publish=may(actor(), Action.PUBLISH_NOW, post.department_id),
    )


def _rows(form: PostTimesForm, post: Post, timetable: Timetable) -> list[TextRow]:
    changed = _ids_to_change(form)
    stagger = ctx.settings.scheduling.language_stagger
    suggested = post_schedule.suggest_times(post, timetable, stagger=stagger)
    rows = []
    for preview in make_previews(newest_revision(post)):
        variant, delivery = preview.variant, preview.delivery
        if not _is_open(delivery, is_changed=variant.id in changed):
            rows.append(TextRow(preview, None, is_chosen=False, free_times=()))
            continue
        fields = form.row(variant.id)
        if not _was_sent(fields):
            form.fill_row(variant.id, _present_time(delivery) or suggested[variant.id])
        if not _was_sent(fields) or form.refusal is not None:
            fields.expected.data = delivery_mark(delivery)  # a refusal says what has changed
        free = timetable.free_slots(variant, most=SHOWN_SLOTS)
        rows.append(TextRow(preview, fields, _is_chosen(form, preview, changed), tuple(free)))
    return rows


def _ids_to_change(form: PostTimesForm) -> set[int]:
    """Return the texts whose time is to be changed: those ticked, or named by `change`."""
    named = {number_of(text) for text in request.values.getlist("change")}
    return named | set(form.chosen_ids) if request.method == "POST" else named


def _present_time(delivery: Delivery | None) -> datetime | None:
    if delivery is None or delivery.state is not DeliveryState.SCHEDULED:
        return None
    return delivery.due_at


def _was_sent(fields: TimeRow) -> bool:
    return bool(fields.expected.raw_data)


def _is_open(delivery: Delivery | None, *, is_changed: bool) -> bool:
    """Return True if the text waits for a time, or its time is to be changed."""
    if delivery is None or delivery.state in NOT_PUBLISHED:
        return True
    return is_changed and delivery.state is DeliveryState.SCHEDULED


def _is_chosen(form: PostTimesForm, preview: Preview, changed: set[int]) -> bool:
    """Return True if the row is ticked; at first, those are the texts without a time."""
    if request.method == "POST":
        return preview.variant.id in form.chosen_ids
    delivery = preview.delivery
    is_new = delivery is None or delivery.state is DeliveryState.CANCELLED
    return preview.variant.id in changed if changed else is_new


def _touching(post: Post, account_ids: Iterable[int], freezes: Iterable[Freeze]) -> list[Freeze]:
    facts = [holds.facts_for(post, account_id=account_id) for account_id in account_ids]
    return [
        freeze for freeze in freezes if any(holds.freezes(freeze, account) for account in facts)
    ]


@routes.post("/posts/<int:post_id>/publish-now")
@allow_action(Action.PUBLISH_NOW)
@handle_form(PostTimesForm, shown_by=_page)
def publish_now(form: PostTimesForm, post_id: int) -> Page:
    """Publish the ticked texts of a post, after a fresh sign-in and a time to stop them."""
    with writing() as session:
        post = drafts.get_post(session, actor=actor(), post_id=post_id)
        variant_ids = form.chosen_ids
        if not variant_ids:
            raise Invalid([FieldError("chosen", "nothing_chosen")])
        variants = [text for text in newest_revision(post).variants if text.id in variant_ids]
        if len(variants) < len(variant_ids):
            raise NotFound(variant_ids)
        titles = ", ".join(short_title(variant) for variant in variants)
        form_recovery.name_act(f"{_('Publish now')}: {titles}")
        post_schedule.publish_now(
            session,
            **actor_now(),
            variant_ids=variant_ids,
            take_back=ctx.settings.scheduling.take_back,
            late_limit=form.late_limit.data or LATE_LIMIT,
            despite_warnings=form.despite_warnings.data,
            expected=form.expected_marks(),
        )
    return redirect(url_for("posts.show", post_id=post_id, _anchor="leaving"))


@routes.post("/posts/<int:post_id>/stop-publishing")
@allow_action(Action.CANCEL)
def stop(post_id: int) -> Page:
    """Cancel the texts of a post that were not sent, and say which were."""
    with writing() as session:
        drafts.get_post(session, actor=actor(), post_id=post_id)
        outcome = post_schedule.stop_publishing(session, **actor_now(), post_id=post_id)
        stopped, left = _titles(outcome.stopped), _titles(outcome.left)
    if stopped:
        flash(_("Stopped: %(texts)s.", texts=stopped))
    if left:
        flash(_("Already published: %(texts)s.", texts=left), "amber")
    if not stopped and not left:
        flash(_("Nothing of this post was being published."), "grey")
    return redirect(url_for("posts.show", post_id=post_id))


def _titles(deliveries: Iterable[Delivery]) -> str:
    return ", ".join(short_title(delivery.variant) for delivery in deliveries)


def _moment(at: datetime) -> str:
    return dates.moment(at, page_language(), now=ctx.now())
