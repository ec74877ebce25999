"""The whole life of a post on paper: source, texts, decisions, publication, answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

from flask import Blueprint, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload
from werkzeug import Response

from approvals.states import PostState
from publisher.drafting import drafts
from publisher.i18n import dates
from publisher.i18n.languages import format_numbered
from publisher.models.posts import Post, PostKind, Revision
from publisher.papers.characters import CannotShape, printable
from publisher.papers.pdf import Heading, Paper, PaperPicture, Paragraph, Part, Table
from publisher.reports.progress import Stage, post_stages
from publisher.reports.timeline import post_timeline
from publisher.reports.timeline_steps import StepKind, TimelineStep
from publisher.validation import NotFound
from web.core.auth import actor, reads
from web.core.context import ctx
from web.core.database import end_reading
from web.core.i18n import N_, _, _n, page_language
from web.core.media import SIZES, thumbnail
from web.core.permissions import allow_roles
from web.core.state_badges import state_word
from web.messages.names import account_name, department_name, name_and_post, person_name, submitter
from web.messages.progress import STEPS
from web.messages.reasons import delivery_reason
from web.messages.review_codes import PICTURE_VIEWS, credential_words
from web.messages.warnings import warning_name
from web.papers.files import MOST_ROWS, pdf_file
from web.previews import LANGUAGE_WORDS, Preview, make_previews

routes = Blueprint("post_life", __name__)

_PICTURE_WIDTH: Final = 80.0
_TITLES: Final = {
    PostKind.POST: N_("Record of a post: %(title)s"),
    PostKind.REPLY: N_("Record of an answer to a citizen: %(title)s"),
}


@routes.get("/posts/<int:post_id>.pdf")
@allow_roles()
@reads
def life(session: Session, post_id: int) -> Response:
    """Return the whole life of a post as PDF."""
    post = drafts.get_post(session, actor=actor(), post_id=post_id)
    steps = post_timeline(session, post=post, now=ctx.now()).steps[-MOST_ROWS:]
    previews = make_previews(post.revisions[-1]) if post.revisions else []
    stage = post_stages(session, [post])[post.id]
    fact_rows = [
        (_("Department"), department_name(post.department)),
        (_("State"), _states(post, stage)),
        (_("Revision"), format_numbered(post.newest, page_language()) if post.newest else ""),
        *[
            (_("Written by"), person_name(revision.author, revision.saved_at))
            for revision in post.revisions[-1:]
        ],
    ]
    for submission in post.submissions:
        fact_rows += [
            (_("Acknowledgement number"), submission.number),
            (_("Submitted by"), submitter(submission)),
            (_("Submitted at"), _moment(submission.received_at)),
        ]
    if post.reply:
        fact_rows.append((_("The citizen’s comment"), _citizens(post.reply.comment.text)))
    facts = Table((1, 2), [(label, value) for label, value in fact_rows if value])
    history = [
        Heading(_("What was done")),
        Table(
            (3.6, 3.4, 5, 8),
            [_row(step) for step in steps],
            [_("When"), _("What"), _("Who"), _("Details")],
        ),
        *_answers(session, steps),
    ]
    end_reading()  # the photos are read from the store
    return pdf_file(
        Paper(_(_TITLES[post.kind], title=post.title), [facts, *_texts(previews), *history]),
        name=f"post-{post.id}",
        back=url_for("posts.show", post_id=post.id),
    )


def _states(post: Post, stage: Stage) -> str:
    """Return what is live by the receipts, and also the state of a correction."""
    states = [stage.look]
    if stage is Stage.LIVE and post.state is not PostState.APPROVED:
        states.append(("post", post.state.value))
    return "; ".join(_(state_word(subject, state)) for subject, state in states)


def _moment(at: datetime) -> str:
    # With the year, because a paper is read years later; the time of day is kept on one line.
    return f"{dates.editable_day(at, page_language())}, {dates.clock_time(at, page_language())}"


def _citizens(text: str) -> str:
    """Return a citizen's text; a script that the font lacks must not prevent the paper."""
    try:
        printable(text)
    except CannotShape:
        return _("[text in a script that cannot be printed; see the page of the post]")
    return text


def _texts(previews: Sequence[Preview]) -> Iterator[Part]:
    """Yield each text with its photos; a photo that several texts share is printed once."""
    printed: set[str] = set()
    for preview in previews:
        yield Heading(preview.title)
        yield Paragraph(preview.text)
        if preview.link:
            yield Paragraph(f"{_('Link')}: {preview.link}")
        for number, rendition in enumerate(preview.variant.renditions, start=1):
            label = _("Photo %(number)s", number=number)
            label = f"{label}: {rendition.alt_text}" if rendition.alt_text else label
            yield Paragraph(label)
            if rendition.source_sha256 in printed:
                continue
            printed.add(rendition.source_sha256)
            with suppress(NotFound):  # it may have expired: then the description remains
                image = thumbnail(rendition.sha256, SIZES["whole"])
                yield PaperPicture(image, _PICTURE_WIDTH, label)


def _row(step: TimelineStep) -> tuple[str, ...]:
    label, _subject, _state = STEPS[step.kind]
    return _moment(step.at), _(label), name_and_post(step.by), "\n".join(_details(step))


def _details(step: TimelineStep) -> Iterator[str]:
    """Yield what else is known about a step, a line for each."""
    if step.revision:
        yield _("Revision %(number)s", number=format_numbered(step.revision, page_language()))
    if credential := credential_words(step.credential):
        yield credential
    if step.picture_view:
        yield _(PICTURE_VIEWS[step.picture_view])
    for outlet in step.outlets:
        yield f"{account_name(outlet.account)} – {_(LANGUAGE_WORDS[outlet.language])}"
        if outlet.url:
            yield outlet.url
    if step.due_at:
        yield _("for %(at)s", at=_moment(step.due_at))
    if step.warned:
        names = "; ".join(map(warning_name, step.warned))
        yield _("Sent despite these warnings: %(names)s.", names=names)
    if step.kind is StepKind.COMMENTED:
        yield _n("%(num)s comment", "%(num)s comments", step.count)
    if step.number:
        yield step.number
    if step.statement and step.kind is not StepKind.ANSWERED:  # an answered comment follows below
        yield f"“{_citizens(step.statement.strip())}”"
    if step.code and (reason := delivery_reason(step.kind.value, {"code": step.code})):
        yield reason


def _answers(session: Session, steps: Sequence[TimelineStep]) -> list[Part]:
    """Return the citizens' comments with the answers, as far as the timeline has them."""
    answered = {step.post_id: step for step in steps if step.kind is StepKind.ANSWERED}
    if not answered:
        return []
    replies = session.scalars(
        select(Post)
        .where(Post.id.in_(answered))
        .options(selectinload(Post.revisions).selectinload(Revision.variants))
    )
    texts = {reply.id: reply.revisions[-1].variants[0].text for reply in replies}
    rows = [
        (_citizens(step.statement), texts[post_id], f"{name_and_post(step.by)}\n{_moment(step.at)}")
        for post_id, step in answered.items()
        if post_id in texts
    ]
    headings = [_("The citizen’s comment"), _("The answer"), _("Answered by")]
    return [Heading(_("What was answered")), Table((6, 6, 4), rows, headings)]
