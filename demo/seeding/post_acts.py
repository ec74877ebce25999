"""The acts of a story: what departments and the cell do about a notice, each by a use case."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, time
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Actor, Role
from demo import people
from demo.dates import date_texts, resolve
from demo.notices import DemoNotice
from demo.script import Act, Story
from demo.seeding.context import (
    AT_THE_CELL,
    DECIDERS,
    OF_A_DEPARTMENT,
    Context,
    department_id,
    get_post,
    get_submission,
    variant_name,
)
from demo.seeding.moments import Moments
from publisher.drafting.collaboration import join_submission
from publisher.drafting.drafts import Draft, PictureDraft, VariantDraft
from publisher.drafting.renditions import preparation_context, prepare_pictures
from publisher.drafting.save import save, start
from publisher.intake.close import decline, withdraw
from publisher.intake.form import HandIn
from publisher.intake.merge import merge
from publisher.intake.persistence import store_form
from publisher.intake.questions import answer_question, return_submission
from publisher.intake.submit import create_submission
from publisher.intake.uploads import UploadedFile
from publisher.models.people import Department
from publisher.models.posts import Language, Post
from publisher.models.submissions import Priority, Submission
from publisher.review.decide import approve, reject, return_post, send_for_review
from publisher.review.withdraw import withdraw_post
from publisher.scheduling.schedule import newest_revision, schedule
from publisher.working_time import from_local, local_day

Handler = Callable[[Context, Story, Act], None]
UseCase = Callable[..., object]


@contextmanager
def _submission(
    context: Context, story: Story, act: Act, roles: tuple[Role, ...]
) -> Iterator[tuple[Session, Submission, Actor]]:
    """Open a transaction with the submission and the person who acts on it."""
    with context.database.transaction() as session:
        submission = get_submission(session, story)
        own = submission.department_id if roles is OF_A_DEPARTMENT else None
        yield session, submission, context.actor(session, act.by, roles, own)


@contextmanager
def _post(
    context: Context, story: Story, act: Act, roles: tuple[Role, ...]
) -> Iterator[tuple[Session, Post, Actor]]:
    """Open a transaction with the post and the person who acts on it."""
    with context.database.transaction() as session:
        post = get_post(session, story)
        own = post.department_id if roles is DECIDERS else None
        yield session, post, context.actor(session, act.by, roles, own)


def _submit_notice(context: Context, story: Story, act: Act) -> None:
    """Hand the notice in with its photos, or let the cell record it at its desk."""
    notice = context.notices[story.notice]
    with context.database.reading() as session:
        own = department_id(session, notice.department)
        if act.on_behalf_of:
            actor = context.actor(session, act.by, AT_THE_CELL)
        else:
            actor = context.actor(session, act.by, OF_A_DEPARTMENT, own)
        form = _form(session, context, story, act, own)
    form_in_store = store_form(context.store, form)
    with context.database.transaction() as session:
        create_submission(
            session,
            actor=actor,
            now=context.now,
            city_code=context.settings.city.code,
            stored_form=form_in_store,
        )


def _form(session: Session, context: Context, story: Story, act: Act, own: int) -> HandIn:
    notice, today = context.notices[story.notice], local_day(context.base)
    wards = select(Department.id).where(Department.code.in_(notice.wards))
    return HandIn(
        department_id=own,
        kind=notice.kind,
        title=notice.mr.title,
        text_mr=notice.mr.body,
        text_en=notice.en.body,
        link=notice.link,
        wished_at=notice.wished.moment(context.base),
        useful_until=_usefulness_end(notice, context.base),
        event_on=notice.day(notice.event_on, today),
        event_until_on=notice.day(notice.event_until_on, today),
        event_place=notice.event_place,
        wards=tuple(sorted(session.scalars(wards))),
        priority=Priority.URGENT if notice.urgent_reason else Priority.NORMAL,
        urgent_reason=notice.urgent_reason,
        outward_number=notice.outward + story.outward_suffix,
        files=tuple(
            UploadedFile(photo.name, photo.read(), photo.alt_mr, photo.alt_en)
            for photo in notice.photos
        ),
        form_token=story.form_token,
        brought_by=_name_and_office(act.on_behalf_of) if act.on_behalf_of else "",
    )


def _name_and_office(key: str) -> str:
    person = people.people_by_key()[key]
    return f"{person.name_mr}, {person.designation_mr}"


def _usefulness_end(notice: DemoNotice, base: datetime) -> datetime:
    """Return the end of the last day on which anybody needs the notice."""
    day = resolve(notice.days, local_day(base))[notice.useful_until]
    return from_local(day, time(23, 59))


def _submission_handler(use_case: UseCase, roles: tuple[Role, ...], text_is: str) -> Handler:
    """Return what carries out an act on the submission; its text is the named argument."""

    def carry_out(context: Context, story: Story, act: Act) -> None:
        with _submission(context, story, act, roles) as (session, submission, actor):
            text = {text_is: act.text}
            use_case(session, actor=actor, now=context.now, submission_id=submission.id, **text)

    return carry_out


def _post_handler(
    use_case: UseCase, roles: tuple[Role, ...], *, with_reason: bool = False
) -> Handler:
    """Return what carries out an act on the newest revision of the post."""

    def carry_out(context: Context, story: Story, act: Act) -> None:
        reason = {"reason": act.text} if with_reason else {}
        with _post(context, story, act, roles) as (session, post, actor):
            use_case(
                session,
                actor=actor,
                now=context.now,
                post_id=post.id,
                seen_revision=post.newest,
                **reason,
            )

    return carry_out


def _merge(context: Context, story: Story, act: Act) -> None:
    with _submission(context, story, act, AT_THE_CELL) as (session, submission, actor):
        merge(
            session,
            actor=actor,
            now=context.now,
            submission_id=submission.id,
            number=_number(context, session, act.to),
            reason=act.text,
        )


def _number(context: Context, session: Session, notice: str) -> str:
    """Return the acknowledgement number of the first submission of a notice."""
    first = next(story for story in context.script.stories if story.notice == notice)
    return get_submission(session, first).number


def _draft(context: Context, story: Story, act: Act) -> None:
    with _submission(context, story, act, AT_THE_CELL) as (session, submission, actor):
        if not submission.posts:  # an interrupted seeding repeats an act, and twice is two posts
            start(session, actor=actor, now=context.now, submission_id=submission.id)


def _join(context: Context, story: Story, act: Act) -> None:
    with _post(context, story, act, AT_THE_CELL) as (session, post, actor):
        number = _number(context, session, act.to)
        join_submission(session, actor=actor, now=context.now, post_id=post.id, number=number)


def _save(context: Context, story: Story, act: Act) -> None:
    """Save a revision, whose pictures are made ready while no transaction is open."""
    with context.database.reading() as session:
        post = get_post(session, story)
        if act.text in [revision.note for revision in post.revisions]:
            return  # an interrupted seeding repeats an act, and twice is two revisions
        draft = _make_draft(context, story, act, post)
        post_id, newest, renditions = (
            post.id,
            post.newest,
            preparation_context(session, post_id=post.id),
        )
    prepared = prepare_pictures(context.store, draft, renditions)
    with context.database.transaction() as session:
        save(
            session,
            actor=context.actor(session, act.by, AT_THE_CELL),
            now=context.now,
            post_id=post_id,
            seen_revision=newest,
            prepared=prepared,
        )


def _make_draft(context: Context, story: Story, act: Act, post: Post) -> Draft:
    notice = context.notices[story.notice]
    others = {submission.department_id for submission in post.submissions} - {post.department_id}
    draft = Draft(
        title=notice.mr.title,
        note=act.text,
        not_after=_usefulness_end(notice, context.base),
        variants=tuple(
            _drop_words(_variant(context, notice, post.submissions[0], name), act.lacks)
            for name in story.variants
        ),
        asked_ids=tuple(sorted(others)),
    )
    return _add_slips(context, notice, draft, act.slips) if act.slips else draft


def _variant(
    context: Context, notice: DemoNotice, submission: Submission, name: str
) -> VariantDraft:
    platform, _, language = name.partition("-")
    wording = {"mr": notice.mr, "en": notice.en}[language]
    return VariantDraft(
        account_id=context.accounts[platform],
        language=Language(language),
        text=wording.text_on(platform),
        link=notice.link,
        pictures=tuple(
            PictureDraft(
                file.alt_mr if language == "mr" else file.alt_en, source_sha256=file.sha256
            )
            for file in submission.files
        ),
    )


def _drop_words(variant: VariantDraft, lacks: tuple[str, ...]) -> VariantDraft:
    """Return the draft of a text without these words."""
    text = variant.text
    for phrase in lacks:
        text = text.replace(phrase, "")
    return replace(variant, text=text)


def _add_slips(context: Context, notice: DemoNotice, draft: Draft, slips: str) -> Draft:
    """Return the draft with slips in its longest Marathi text, and no Marathi descriptions."""
    marathi = [variant for variant in draft.variants if variant.language is Language.MARATHI]
    longest = max(marathi, key=lambda variant: len(variant.text))
    days = date_texts(resolve(notice.days, local_day(context.base)))

    def slipped(variant: VariantDraft) -> VariantDraft:
        if variant.language is not Language.MARATHI:
            return variant
        pictures = tuple(replace(picture, alt_text="") for picture in variant.pictures)
        more = f"\n\n{slips.format_map(days)}" if variant is longest else ""
        return replace(variant, text=variant.text + more, pictures=pictures)

    return replace(draft, variants=tuple(slipped(variant) for variant in draft.variants))


def _withdraw_post(context: Context, story: Story, act: Act) -> None:
    with _post(context, story, act, DECIDERS) as (session, post, actor):
        withdraw_post(session, actor=actor, now=context.now, post_id=post.id, reason=act.text)


def _schedule(context: Context, story: Story, act: Act) -> None:
    """Give each variant of the approved revision its time."""
    moments = Moments.of(story, context.notices[story.notice], context.base)
    with _post(context, story, act, AT_THE_CELL) as (session, post, actor):
        for variant in newest_revision(post).variants:
            schedule(
                session,
                actor=actor,
                now=context.now,
                variant_id=variant.id,
                due_at=moments.due(story, variant_name(variant)),
                despite_clash=True,  # departments may wish for the same minute
            )


ACTS: Final[Mapping[str, Handler]] = {
    "hand_in": _submit_notice,
    "decline": _submission_handler(decline, AT_THE_CELL, "reason"),
    "ask": _submission_handler(return_submission, AT_THE_CELL, "question"),
    "complete": _submission_handler(answer_question, OF_A_DEPARTMENT, "answer"),
    "withdraw": _submission_handler(withdraw, OF_A_DEPARTMENT, "reason"),
    "merge": _merge,
    "draft": _draft,
    "join": _join,
    "save": _save,
    "send": _post_handler(send_for_review, AT_THE_CELL),
    "approve": _post_handler(approve, DECIDERS),
    "return": _post_handler(return_post, DECIDERS, with_reason=True),
    "reject": _post_handler(reject, DECIDERS, with_reason=True),
    "withdraw_post": _withdraw_post,
    "schedule": _schedule,
}
"""What an act of a story may be, by its name in a script."""
