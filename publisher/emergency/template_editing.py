"""Editing of templates by the cell: make, change and end; each change is a new revision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from approvals import emergency, gate
from approvals.emergency import BlankKind, Template, TemplateField
from approvals.placeholders import format_blank
from approvals.policy import Action, Actor, require
from publisher import transitions
from publisher.content_checks import outgoing_text
from publisher.content_checks.placeholder_values import (
    LANGUAGES,
    LONGEST_DATE,
    LONGEST_PHONE,
    LONGEST_TIME,
)
from publisher.emergency import notify, templates
from publisher.models.emergency import EmergencyTemplate, TemplateRevision
from publisher.models.people import Department
from publisher.people import departments
from publisher.review import emergency_grounds
from publisher.scheduling.constraints import LONGEST_LATE_LIMIT
from publisher.validation import Validator

LONGEST_NAME = 120
LONGEST_TEXT = 1_000
LONGEST_BLANK = 24
LONGEST_PLACE = 80
LONGEST_NUMBER = 10
LONGEST_CHOICE = 60
MOST_CHOICES = 12
MOST_BLANKS = 6
EARLIEST_LIMIT = 5
FIXED = {
    BlankKind.DATE: LONGEST_DATE,
    BlankKind.TIME: LONGEST_TIME,
    BlankKind.HELPLINE: LONGEST_PHONE,
    BlankKind.CHOICE: 0,
}
"""The maximal length of a blank's text, for kinds that fix it."""

_LONGEST = {BlankKind.PLACE: LONGEST_PLACE, BlankKind.NUMBER: LONGEST_NUMBER}


@dataclass(frozen=True)
class BlankForm:
    """A blank as submitted; each line of `choices` is "Marathi | English"."""

    name: str = ""
    kind: str = BlankKind.PLACE.value
    most: int = 0
    choices: str = ""


@dataclass(frozen=True)
class TemplateForm:
    """A template as submitted; `late_limit` is in minutes."""

    name_mr: str = ""
    name_en: str = ""
    department_id: int = 0
    text_mr: str = ""
    text_en: str = ""
    late_limit: int = 60
    blanks: Sequence[BlankForm] = field(default_factory=tuple)


def make(session: Session, *, actor: Actor, now: datetime, form: TemplateForm) -> EmergencyTemplate:
    """Make a template and ask its department to approve it. Raises `WrongRole` or `Invalid`."""
    require(actor, Action.DRAFT_TEMPLATE, None, now=now)
    wording = validate_template(session, form, now=now)
    template = EmergencyTemplate(made_at=now, newest=0)
    session.add(template)
    _revise(session, template, wording, actor=actor, now=now)
    return template


def change(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    template_id: int,
    seen_revision: int,
    form: TemplateForm,
) -> EmergencyTemplate:
    """Add a revision, which cannot be used until its department approves it.

    Does nothing if nothing differs. Raises `NotFound`, `WrongRole`, `StaleRevision` or `Invalid`.
    """
    require(actor, Action.DRAFT_TEMPLATE, None, now=now)
    template = templates.lock_template(session, template_id)
    gate.check_seen(seen_revision, template.newest)
    wording = validate_template(session, form, now=now)
    if emergency.digest(wording) != templates.newest(template).digest:
        _revise(session, template, wording, actor=actor, now=now)
    return template


def end(session: Session, *, actor: Actor, now: datetime, template_id: int) -> EmergencyTemplate:
    """End a template, so that it can no longer be used; it and its uses stay visible."""
    require(actor, Action.DRAFT_TEMPLATE, None, now=now)
    template = templates.lock_template(session, template_id)
    template.ended_at = now
    transitions.record(session, template, "end", actor=actor, now=now)
    return template


def _revise(
    session: Session, template: EmergencyTemplate, wording: Template, *, actor: Actor, now: datetime
) -> None:
    revision = add_revision(session, template, wording, now=now)
    revision.author_id, revision.author_under_id = actor.person_id, actor.appointment_id
    values = {"revision": revision.number}
    transitions.record(session, template, "word_template", actor=actor, now=now, values=values)
    notify.template_waits(session, template, now=now)


def add_revision(
    session: Session, template: EmergencyTemplate, wording: Template, *, now: datetime
) -> TemplateRevision:
    """Add a revision of the template, not approved yet, and return it."""
    template.newest += 1
    template.department_id = wording.department_id
    template.name_mr, template.name_en = wording.names
    texts = dict(wording.texts)
    revision = TemplateRevision(
        template=template,
        number=template.newest,
        department_id=wording.department_id,
        name_mr=wording.names[0],
        name_en=wording.names[1],
        text_mr=texts[LANGUAGES[0]],
        text_en=texts[LANGUAGES[1]],
        blanks=[emergency_grounds.blank_to_row(blank) for blank in wording.blanks],
        late_limit=wording.late_limit,
        saved_at=now,
        digest=emergency.digest(wording),
    )
    session.add(revision)
    session.flush()
    return revision


def validate_template(session: Session, form: TemplateForm, *, now: datetime) -> Template:
    """Return the validated template. Raises `Invalid` with everything that is wrong."""
    validator = Validator()
    department = session.get(Department, form.department_id) if form.department_id else None
    if department is None:
        validator.add("department_id", "unknown_department")
    elif not departments.is_in_force(department, now=now):
        validator.add("department_id", "closed")
    wording = Template(
        department_id=form.department_id,
        names=(
            validator.line("name_mr", form.name_mr, most=LONGEST_NAME, required=True),
            validator.line("name_en", form.name_en, most=LONGEST_NAME, required=True),
        ),
        texts=tuple(
            (language, validator.text(f"text_{language}", text, most=LONGEST_TEXT, required=True))
            for language, text in zip(LANGUAGES, (form.text_mr, form.text_en), strict=True)
        ),
        blanks=_blanks(form.blanks, validator),
        late_limit=form.late_limit,
    )
    if not EARLIEST_LIMIT <= form.late_limit <= LONGEST_LATE_LIMIT:
        validator.add("late_limit", "limit", most=LONGEST_LATE_LIMIT)
    # Every blank has to be in both texts, and the longest text has to fit everywhere.
    for language, name in emergency.unknown_names(wording):
        validator.add(f"text_{language}", "blank_unknown", blanks=format_blank(name))
    for language, name in emergency.find_unused_blanks(wording):
        validator.add(f"text_{language}", "blank_unused", blanks=format_blank(name))
    for language, text in emergency.longest(wording).items():
        length = outgoing_text.measure_everywhere(text)
        if not length.fits:
            validator.add(
                f"text_{language}",
                "too_long_filled",
                found=length.used,
                most=length.limit,
                platform=length.platform,
            )
    validator.finish()
    return wording


def _blanks(forms: Sequence[BlankForm], validator: Validator) -> tuple[TemplateField, ...]:
    blanks: list[TemplateField] = []
    for at, form in enumerate(forms[:MOST_BLANKS]):
        field_name = f"blanks-{at}-name"
        name = validator.line(field_name, form.name, most=LONGEST_BLANK)
        if not name:
            continue
        if set(name) & set("{}"):
            validator.add(field_name, "braces")
        if name in [other.name for other in blanks]:
            validator.add(field_name, "blank_twice", name=name)
        blanks.append(_blank(at, name, form, validator))
    return tuple(blanks)


def _blank(at: int, name: str, form: BlankForm, validator: Validator) -> TemplateField:
    kinds = {blank_kind.value: blank_kind for blank_kind in BlankKind}
    kind = kinds.get(form.kind, BlankKind.PLACE)
    if form.kind not in kinds:
        validator.add(f"blanks-{at}-kind", "choose")
    most = FIXED.get(kind, form.most)
    if kind in _LONGEST and not 1 <= form.most <= _LONGEST[kind]:
        validator.add(f"blanks-{at}-most", "letters", most=_LONGEST[kind])
    choices = _choices(at, form.choices, validator) if kind is BlankKind.CHOICE else ()
    return TemplateField(name, kind, most, choices)


def _choices(at: int, text: str, validator: Validator) -> tuple[tuple[str, str], ...]:
    """Parse each line as a pair of Marathi and English; at least two pairs are required."""
    field_name, choices = f"blanks-{at}-choices", []
    for line in validator.text(field_name, text, most=LONGEST_TEXT).splitlines():
        parts = [" ".join(part.split()) for part in line.split("|")]
        if not any(parts):
            continue
        if len(parts) != len(LANGUAGES) or not all(parts) or "{" in line or "}" in line:
            validator.add(field_name, "choice_pairs")
        elif max(map(len, parts)) > LONGEST_CHOICE:
            validator.add(field_name, "too_long", found=max(map(len, parts)), most=LONGEST_CHOICE)
        else:
            choices.append((parts[0], parts[1]))
    if not 2 <= len(choices) <= MOST_CHOICES:
        validator.add(field_name, "choice_pairs")
    return tuple(choices)
