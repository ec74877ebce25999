"""Making, changing and ending starting texts; each change stays in the history."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from approvals import gate
from approvals.policy import Action, Actor, require
from publisher import transitions
from publisher.desk.checking import Check, Missing
from publisher.models.content.submissions import SubmissionKind
from publisher.models.drafting import StartingText, TextPart
from publisher.models.people import Department

LONGEST_NAME = 120
LONGEST_TEXT = 5_000
LONGEST_LINE = 300
TONGUES = ("text_mr", "text_en", "text_hi")


@dataclass(frozen=True)
class TextForm:
    """A starting text as it is typed; without kind or department it is for all of them."""

    part: TextPart | None = None
    name: str = ""
    kind: SubmissionKind | None = None
    department_id: int | None = None
    text_mr: str = ""
    text_en: str = ""
    text_hi: str = ""


def make(session: Session, *, actor: Actor, now: datetime, form: TextForm) -> StartingText:
    """Keep a new text; raises `WrongRole`, or `Invalid` with everything that is wrong."""
    require(actor, Action.DRAFT, None, now=now)
    checked = _checked(session, form)
    text = StartingText(made_at=now, **checked)
    session.add(text)
    transitions.record(session, text, "make", actor=actor, now=now, values=_told(form, {}, checked))
    return text


def change(
    session: Session, *, actor: Actor, now: datetime, text_id: int, seen: int, form: TextForm
) -> StartingText:
    """Change a text; `seen` is the version that the writer began from.

    Raises `Missing` (also where it has ended), `WrongRole`, `StaleRevision` or `Invalid`.
    """
    text = _locked(session, text_id, actor=actor, now=now)
    gate.check_seen(seen, text.version)
    before = {name: getattr(text, name) for name in asdict(form)}
    checked = _checked(session, form)
    values = _told(form, before, checked)
    if not values["changed"]:
        return text
    for name, value in checked.items():
        setattr(text, name, value)
    text.version += 1
    transitions.record(session, text, "change", actor=actor, now=now, values=values)
    return text


def end(session: Session, *, actor: Actor, now: datetime, text_id: int) -> StartingText:
    """Offer a text no longer; it stays to be read, with its history."""
    text = _locked(session, text_id, actor=actor, now=now)
    text.ended_at = now
    transitions.record(session, text, "end", actor=actor, now=now)
    return text


def _locked(session: Session, text_id: int, *, actor: Actor, now: datetime) -> StartingText:
    require(actor, Action.DRAFT, None, now=now)
    text = session.get(StartingText, text_id, with_for_update=True, populate_existing=True)
    if text is None or text.ended_at is not None:
        raise Missing(text_id)
    return text


def _checked(session: Session, form: TextForm) -> dict[str, object]:
    """The columns' values; raises `Invalid`."""
    checking = Check()
    if form.part is None:
        checking.add("part", "required")
    name = checking.line("name", form.name, most=LONGEST_NAME, required=True)
    whole = form.part is not TextPart.HASHTAGS and form.part is not TextPart.SIGNATURE
    read, most = (checking.text, LONGEST_TEXT) if whole else (checking.line, LONGEST_LINE)
    texts = {one: read(one, getattr(form, one), most=most) for one in TONGUES}
    if not any(texts.values()):
        checking.add("text_mr", "no_text")
    if form.department_id is not None and session.get(Department, form.department_id) is None:
        checking.add("department_id", "unknown_department")
    checking.finish()
    plain = {"part": form.part, "kind": form.kind, "department_id": form.department_id}
    return {**plain, "name": name, **texts}


def _told(form: TextForm, before: dict[str, object], after: dict[str, object]) -> dict[str, object]:
    """What changed, as the history keeps it: by field, what was there and what came."""
    return {
        "changed": {
            name: [before.get(name), after[name]]
            for name in asdict(form)
            if before.get(name) != after[name] and (before or after[name])
        }
    }
