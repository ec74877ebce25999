"""Using a template: the duty officer fills in its blanks, previews it, and publishes at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals import emergency, gate
from approvals.errors import NotAllowed, NotApproved
from approvals.policy import Action, Actor
from approvals.states import PostState
from publisher import transitions
from publisher.content_checks import outgoing_text, placeholder_values
from publisher.content_checks.outgoing_text import TextLength
from publisher.content_checks.placeholder_values import FilledTexts
from publisher.database.noted_changes import note_changed
from publisher.emergency import notify, templates
from publisher.models.deliveries import Account
from publisher.models.emergency import (
    EmergencyTemplate,
    EmergencyUse,
    TemplateDecision,
    TemplateRevision,
    WordHow,
)
from publisher.models.posts import (
    Decision,
    DecisionKind,
    Language,
    Post,
    Revision,
    RevisionDepartment,
    Variant,
)
from publisher.people import roster
from publisher.review import decide, emergency_grounds, gate_adapter
from publisher.scheduling import schedule
from publisher.states import AccountState
from publisher.validation import FieldError, Invalid, Validator, person_of

OWED_WITHIN = timedelta(hours=24)
"""The time in which the department has to decide, and in which the post may be sent."""

LONGEST_WORD = 160


class WhatLeavesChanged(NotAllowed):
    """The texts or accounts are no longer those that the duty officer saw."""

    code = "what_leaves_changed"


@dataclass(frozen=True)
class UseForm:
    """The form of the duty officer; `seen_revision` and `seen_plan` are what they previewed.

    `blank_texts` is keyed by field name. `word_at` is an aware datetime.
    """

    template_id: int
    blank_texts: Mapping[str, str] = field(default_factory=dict)
    word_name: str = ""
    word_post: str = ""
    word_at: datetime | None = None
    word_how: str = ""
    seen_revision: int = 0
    seen_plan: str = ""
    token: str = ""


@dataclass(frozen=True)
class AlertText:
    """A text for an account, exactly as it is published, and its length against the limit."""

    account: Account
    language: Language
    text: str
    length: TextLength


@dataclass(frozen=True)
class Plan:
    """All texts that are published at once; `paused` are the accounts that are paused."""

    pieces: tuple[AlertText, ...]
    paused: tuple[Account, ...]
    digest: str


def plan(session: Session, revision: TemplateRevision, values: FilledTexts) -> Plan:
    """Return what is published with these values: on every connected account, in every language."""
    template = emergency_grounds.revision_template(revision)
    accounts = session.scalars(select(Account).order_by(Account.id)).all()
    connected = [account for account in accounts if account.state is AccountState.CONNECTED]
    texts = emergency.fill_texts(template, values)
    pieces = tuple(
        AlertText(
            account,
            Language(language),
            text,
            outgoing_text.measure(account.platform, text, ""),
        )
        for account in connected
        for language, text in texts.items()
    )
    paused = tuple(account for account in accounts if account.state is AccountState.PAUSED)
    return Plan(pieces, paused, _texts_digest(revision, pieces))


def _texts_digest(revision: TemplateRevision, pieces: Sequence[AlertText]) -> str:
    texts = [[piece.account.id, piece.language.value, piece.text] for piece in pieces]
    written = json.dumps([revision.id, revision.digest, texts], ensure_ascii=False)
    return hashlib.sha256(written.encode()).hexdigest()


def check_may_use(session: Session, *, actor: Actor, now: datetime) -> None:
    """Raise `NotOnDuty` unless the actor is on duty; `publish` also requires a fresh sign-in."""
    if not roster.is_on_duty(session, actor, now=now):
        raise emergency.NotOnDuty(action=Action.PUBLISH_EMERGENCY)


def template_to_use(
    session: Session, *, actor: Actor, now: datetime, template_id: int
) -> EmergencyTemplate:
    """Return a template for an actor on duty.

    Raises `NotOnDuty`, `NotFound`, or `NotApproved` if it has no valid approval.
    """
    check_may_use(session, actor=actor, now=now)
    template = templates.get_current_template(session, template_id)
    _approval(template)
    return template


def _approval(template: EmergencyTemplate) -> TemplateDecision:
    approval = templates.current_approval(template)
    if approval is None:
        raise NotApproved(reason=gate.Refusal.APPROVAL_MISSING)
    return approval


def read_values(template: emergency.Template, form: UseForm, *, now: datetime) -> FilledTexts:
    """Return the texts of the blanks. Raises `Invalid` with everything that is wrong."""
    validator = Validator()
    texts = placeholder_values.read(template, form.blank_texts, validator, now=now)
    validator.finish()
    return texts


@dataclass(frozen=True)
class Instruction:
    """The instruction that a publication rests on: name and post of its author, when, and how."""

    name: str
    post: str
    at: datetime
    how: WordHow


def read_word(form: UseForm, *, now: datetime) -> Instruction:
    """Return the instruction. Raises `Invalid` with everything that is wrong."""
    validator = Validator()
    name = validator.line("word_name", form.word_name, most=LONGEST_WORD, required=True)
    post = validator.line("word_post", form.word_post, most=LONGEST_WORD, required=True)
    hows = {how.value: how for how in WordHow}
    if form.word_how not in hows:
        validator.add("word_how", "choose")
    if form.word_at is None:
        validator.add("word_at", "required")
    elif not now - OWED_WITHIN <= form.word_at <= now + timedelta(minutes=1):
        validator.add("word_at", "not_lately")
    validator.finish()
    return Instruction(name, post, form.word_at or now, hows[form.word_how])


def publish(session: Session, *, actor: Actor, now: datetime, form: UseForm) -> EmergencyUse:
    """Publish the template on every connected account, at once and before all other deliveries.

    The same form sent twice is one use. Raises `NotOnDuty`, `WrongRole` out of office,
    `FreshSignInRequired`, `NotFound`, `NotApproved`, `StaleRevision`, `Invalid`, or
    `WhatLeavesChanged` if it is not what was previewed.
    """
    on_duty = roster.is_on_duty(session, actor, now=now)
    emergency.check_duty(actor, on_duty=on_duty, now=now)
    gate_adapter.check_in_office(session, actor, Action.PUBLISH_EMERGENCY, now=now)
    template = templates.lock_template(session, form.template_id)
    if (sent := _use_of_form(session, actor, form.token)) is not None:
        return sent
    approval = _approval(template)
    gate.check_seen(form.seen_revision, template.newest)
    revision = templates.newest(template)
    texts = read_values(emergency_grounds.revision_template(revision), form, now=now)
    word = read_word(form, now=now)
    leaves = _validate_plan(session, revision, texts, form.seen_plan)
    post = _add_post(session, template, leaves, actor=actor, now=now)
    decision = _decide(session, post, actor=actor, now=now)
    # The use records what the decision rests on.
    use = EmergencyUse(
        decision=decision,
        template_revision=approval.revision,
        approval=approval,
        said=texts,
        typed=dict(form.blank_texts),
        word_name=word.name,
        word_post=word.post,
        word_at=word.at,
        word_how=word.how,
        form_token=form.token,
        due_at=now + OWED_WITHIN,
    )
    session.add(use)
    session.flush()
    note_changed(session, use.__tablename__, use.id, now=now, is_by_person=True)
    use.vouched_by_id = actor.vouched_by_id
    case = gate_adapter.load_case(session, decision.revision.id, now=now)
    gate.require_verdict(gate.judge(case, now=now))
    for variant in decision.revision.variants:
        delivery = schedule.add_delivery(
            session,
            actor=actor,
            now=now,
            variant=variant,
            due_at=now,
            late_limit=use.template_revision.late_limit,
        )
        delivery.urgent = True
    session.flush()
    notify.emergency_owed(session, use, now=now)
    notify.emergency_vouched(session, use, now=now)
    return use


def _use_of_form(session: Session, actor: Actor, token: str) -> EmergencyUse | None:
    """Return the use that this form has made already; the template has to be locked."""
    validator = Validator()
    if not validator.token("token", token):
        validator.add("token", "unreadable")
    validator.finish()
    query = select(EmergencyUse).where(EmergencyUse.form_token == token)
    use = session.scalars(query).one_or_none()
    if use is not None and use.decision.person_id != actor.person_id:
        raise Invalid([FieldError("token", "used")])
    return use


def _validate_plan(
    session: Session, revision: TemplateRevision, texts: FilledTexts, seen_digest: str
) -> tuple[AlertText, ...]:
    leaves = plan(session, revision, texts)
    if leaves.digest != seen_digest:
        raise WhatLeavesChanged
    if not leaves.pieces:
        raise Invalid([FieldError("accounts", "no_account")])
    for piece in leaves.pieces:
        if not piece.length.fits:
            values = {"found": piece.length.used, "most": piece.length.limit}
            raise Invalid([FieldError("accounts", "too_long", values)])
    return leaves.pieces


def _add_post(
    session: Session,
    template: EmergencyTemplate,
    pieces: Sequence[AlertText],
    *,
    actor: Actor,
    now: datetime,
) -> Post:
    """Add a post with one revision in review, and return it."""
    post = Post(
        title=template.name_mr,
        department_id=template.department_id,
        newest=1,
        created_at=now,
        state_at=now,
    )
    revision = Revision(
        post=post,
        number=1,
        author_id=person_of(actor),
        author_under_id=actor.appointment_id,
        saved_at=now,
        not_after=now + OWED_WITHIN,
        variants=[
            Variant(
                position=at, account_id=piece.account.id, language=piece.language, text=piece.text
            )
            for at, piece in enumerate(pieces)
        ],
        departments=[RevisionDepartment(department_id=template.department_id, asked=True)],
    )
    session.add(revision)
    session.flush()
    session.refresh(post)
    decide.fix(session, post.revisions[-1], now=now)
    transitions.apply(
        session,
        post,
        PostState.IN_REVIEW,
        actor=actor,
        now=now,
        verb="fill_template",
        values={"revision": 1},
    )
    return post


def _decide(session: Session, post: Post, *, actor: Actor, now: datetime) -> Decision:
    revision = post.revisions[-1]
    decision = Decision(
        revision=revision,
        department_id=post.department_id,
        kind=DecisionKind.EMERGENCY,
        person_id=person_of(actor),
        appointment_id=actor.appointment_id or 0,
        at=now,
        digest=revision.digest,
    )
    session.add(decision)
    session.flush()
    values = {"revision": revision.number, "decision": decision.id}
    to, verb = PostState.APPROVED, "publish_emergency"
    transitions.apply(session, post, to, actor=actor, now=now, verb=verb, values=values)
    return decision
