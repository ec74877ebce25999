"""The emergency lane's rules: what a template's approval covers, and what fills its blanks.

A template is worded and approved beforehand; its texts come of `texts_of` alone, so that what the
duty officer sees, what is stored and what the gate judges are made in one place.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from approvals.errors import WrongRole
from approvals.gate import Subject
from approvals.policy import Action, Actor, may, require

TEMPLATE_VERSION = 1
LONGEST_NAME = 24
_BLANK = re.compile(r"\{([^{}\n]{1," + str(LONGEST_NAME) + r"})\}")

Said = Mapping[str, Mapping[str, str]]
"""What fills the blanks, by language and name."""


class BlankKind(StrEnum):
    """What a blank takes; each kind has its own check."""

    PLACE = "place"
    TIME = "time"
    NUMBER = "number"
    HELPLINE = "helpline"
    CHOICE = "choice"


@dataclass(frozen=True)
class TemplateField:
    """A blank by its name between braces; `most` letters fit, `choices` are in each language.

    Each of the choices is a pair, Marathi and English.
    """

    name: str
    kind: BlankKind
    most: int
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Template:
    """Everything that the approval of a template's revision covers; `late_limit` in minutes.

    `names` are by which the duty officer chooses it, Marathi and English.
    """

    department_id: int
    names: tuple[str, str]
    texts: tuple[tuple[str, str], ...]
    blanks: tuple[TemplateField, ...]
    late_limit: int


@dataclass(frozen=True)
class EmergencyBasis:
    """What one emergency approval rests on, as its rows say it now.

    `stored_digest` was fixed when the revision was saved, `approved_digest` is the one that the
    department approved; `approval_stands` is false once that approval was withdrawn, `refused`
    true once the department refused its word afterwards.
    """

    template: Template
    stored_digest: str
    approved_digest: str
    approval_stands: bool
    refused: bool
    said: Said


class NotOnDuty(WrongRole):
    """The person does not stand on the duty roster at this moment."""

    code = "not_on_duty"


def digest(template: Template) -> str:
    """SHA-256 of the template's canonical JSON, as 64 hexadecimal digits."""
    body = {
        "version": TEMPLATE_VERSION,
        "department": template.department_id,
        "names": [_nfc(name) for name in template.names],
        "texts": [[language, _nfc(text)] for language, text in template.texts],
        "blanks": [
            [
                _nfc(one.name),
                one.kind,
                one.most,
                [[_nfc(word) for word in pair] for pair in one.choices],
            ]
            for one in template.blanks
        ],
        "late_limit": template.late_limit,
    }
    written = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def names_in(text: str) -> list[str]:
    """The names of the blanks of a text, each once, in their order."""
    return list(dict.fromkeys(found[1] for found in _BLANK.finditer(text)))


def texts_of(template: Template, said: Said) -> dict[str, str]:
    """The texts that leave, by language. A blank without a value stays as it is, in its braces."""
    return {
        language: _nfc(_BLANK.sub(_filler(said.get(language, {})), text))
        for language, text in template.texts
    }


def _filler(said: Mapping[str, str]) -> Callable[[re.Match[str]], str]:
    return lambda found: said.get(found[1]) or found[0]


def stands(ground: EmergencyBasis, subject: Subject) -> bool:
    """Whether an emergency approval counts: its template's does, and the texts are the template's.

    The texts leave on every account of the subject in every language of the template, with
    nothing beside them.
    """
    approved = ground.approval_stands and not ground.refused
    same = digest(ground.template) == ground.stored_digest == ground.approved_digest
    return approved and same and _are_the_templates(ground, subject)


def _are_the_templates(ground: EmergencyBasis, subject: Subject) -> bool:
    texts = texts_of(ground.template, ground.said)
    if any(names_in(text) for text in texts.values()) or not subject.variants:
        return False
    accounts = {one.account_id for one in subject.variants}
    wanted = {(account, language) for account in accounts for language in texts}
    found = [(one.account_id, str(one.language)) for one in subject.variants]
    return (
        subject.department_id == ground.template.department_id
        and sorted(found) == sorted(wanted)
        and all(_nfc(one.text) == texts[one.language] for one in subject.variants)
        and not any(one.link or one.target or one.pictures for one in subject.variants)
    )


def check_duty(actor: Actor, *, on_duty: bool, now: datetime) -> None:
    """Raise `NotOnDuty` unless the actor is on the roster now, whatever their role.

    Only then `FreshSignInRequired` where they have not just proved who they are.
    """
    if not may(actor, Action.PUBLISH_EMERGENCY, None, on_duty=on_duty):
        raise NotOnDuty(action=Action.PUBLISH_EMERGENCY)
    require(actor, Action.PUBLISH_EMERGENCY, None, now=now, on_duty=on_duty)


def unknown_names(template: Template) -> list[tuple[str, str]]:
    """Blanks of the texts that the template does not describe: (language, name)."""
    known = {one.name for one in template.blanks}
    return [
        (language, name)
        for language, text in template.texts
        for name in names_in(text)
        if name not in known
    ]


def unused_names(template: Template) -> list[tuple[str, str]]:
    """Blanks that a text leaves out, though they are described: (language, name)."""
    return [
        (language, one.name)
        for language, text in template.texts
        for one in template.blanks
        if one.name not in names_in(text)
    ]


def longest(template: Template) -> dict[str, str]:
    """Each text as long as it can become, by language, to be weighed before it is approved."""
    said = {
        language: {one.name: _longest_of(one, at) for one in template.blanks}
        for at, (language, _text) in enumerate(template.texts)
    }
    return texts_of(template, said)


def _longest_of(blank: TemplateField, at: int) -> str:
    if blank.kind is BlankKind.CHOICE:
        return max((_at(pair, at) for pair in blank.choices), key=len, default="")
    return "क" * blank.most


def _at(pair: Iterable[str], at: int) -> str:
    words = list(pair)
    return words[min(at, len(words) - 1)]
