"""The rules of emergency publication: pre-approved templates and the values of their blanks.

A template is written and approved in advance. Only `fill_texts` fills it in, so the preview, the
stored text and the text that the gate checks are always the same.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from approvals.errors import WrongRole
from approvals.gate import Subject
from approvals.placeholders import blank_names, fill
from approvals.policy import Action, Actor, may, require

TEMPLATE_VERSION = 1

BlankValues = Mapping[str, Mapping[str, str]]
"""The values of the blanks, by language and name."""


class BlankKind(StrEnum):
    """The type of a blank's value; each has its own check."""

    PLACE = "place"
    DATE = "date"
    TIME = "time"
    NUMBER = "number"
    HELPLINE = "helpline"
    CHOICE = "choice"


@dataclass(frozen=True)
class TemplateField:
    """A blank of a template, written as its name in braces; `most` characters fit.

    Each of the `choices` is a pair, Marathi and English.
    """

    name: str
    kind: BlankKind
    most: int
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Template:
    """Everything that the approval of a template's revision covers; `late_limit` in minutes.

    The duty officer chooses it by its `names`, Marathi and English; `texts` are pairs of language
    and text.
    """

    department_id: int
    names: tuple[str, str]
    texts: tuple[tuple[str, str], ...]
    blanks: tuple[TemplateField, ...]
    late_limit: int


@dataclass(frozen=True)
class EmergencyBasis:
    """The template and the decisions that an emergency approval is based on, as stored now.

    `stored_digest` was computed when the revision was saved, `approved_digest` is the one that the
    department approved; `approval_stands` is false once that approval was withdrawn, `refused`
    true once the department refused to ratify.
    """

    template: Template
    stored_digest: str
    approved_digest: str
    approval_stands: bool
    refused: bool
    blank_values: BlankValues


class NotOnDuty(WrongRole):
    """The person is not on the duty roster at this moment."""

    code = "not_on_duty"


def digest(template: Template) -> str:
    """Return the SHA-256 of the template's canonical JSON, as 64 hexadecimal digits."""
    body = {
        "version": TEMPLATE_VERSION,
        "department": template.department_id,
        "names": [_nfc(name) for name in template.names],
        "texts": [[language, _nfc(text)] for language, text in template.texts],
        "blanks": [
            [
                _nfc(blank.name),
                blank.kind,
                blank.most,
                [[_nfc(word) for word in pair] for pair in blank.choices],
            ]
            for blank in template.blanks
        ],
        "late_limit": template.late_limit,
    }
    canonical_json = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical_json.encode()).hexdigest()


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def fill_texts(template: Template, values: BlankValues) -> dict[str, str]:
    """Return the filled-in texts by language. A blank without a value stays in its braces."""
    return {
        language: _nfc(fill(text, values.get(language, {}))) for language, text in template.texts
    }


def stands(basis: EmergencyBasis, subject: Subject) -> bool:
    """Return True if an emergency approval counts for the subject.

    The template's own approval has to count, and the subject's variants have to be exactly the
    template's texts: in each language on each account, without link, target or pictures.
    """
    approved = basis.approval_stands and not basis.refused
    same = digest(basis.template) == basis.stored_digest == basis.approved_digest
    return approved and same and _texts_match(basis, subject)


def _texts_match(basis: EmergencyBasis, subject: Subject) -> bool:
    texts = fill_texts(basis.template, basis.blank_values)
    if any(blank_names(text) for text in texts.values()) or not subject.variants:
        return False
    accounts = {variant.account_id for variant in subject.variants}
    expected_pairs = {(account, language) for account in accounts for language in texts}
    actual_pairs = [(variant.account_id, str(variant.language)) for variant in subject.variants]
    return (
        subject.department_id == basis.template.department_id
        and sorted(actual_pairs) == sorted(expected_pairs)
        and all(_nfc(variant.text) == texts[variant.language] for variant in subject.variants)
        and not any(
            variant.link or variant.target or variant.pictures for variant in subject.variants
        )
    )


def check_duty(actor: Actor, *, on_duty: bool, now: datetime) -> None:
    """Raise `NotOnDuty` unless the actor is on the roster now, whatever their role.

    After that, raise `FreshSignInRequired` if the actor has not signed in recently.
    """
    if not may(actor, Action.PUBLISH_EMERGENCY, None, on_duty=on_duty):
        raise NotOnDuty(action=Action.PUBLISH_EMERGENCY)
    require(actor, Action.PUBLISH_EMERGENCY, None, now=now, on_duty=on_duty)


def unknown_names(template: Template) -> list[tuple[str, str]]:
    """Return the blanks in the texts that the template does not describe: (language, name)."""
    described = {blank.name for blank in template.blanks}
    return [
        (language, name)
        for language, text in template.texts
        for name in blank_names(text)
        if name not in described
    ]


def find_unused_blanks(template: Template) -> list[tuple[str, str]]:
    """Return the described blanks that a text does not use: (language, name)."""
    return [
        (language, blank.name)
        for language, text in template.texts
        for blank in template.blanks
        if blank.name not in blank_names(text)
    ]


def longest(template: Template) -> dict[str, str]:
    """Return each text filled in to its greatest length, by language."""
    longest_values = {
        language: {blank.name: _longest_value(blank, index) for blank in template.blanks}
        for index, (language, _text) in enumerate(template.texts)
    }
    return fill_texts(template, longest_values)


def _longest_value(blank: TemplateField, index: int) -> str:
    if blank.kind is BlankKind.CHOICE:
        return max((_nth_text(pair, index) for pair in blank.choices), key=len, default="")
    return "क" * blank.most


def _nth_text(pair: Iterable[str], index: int) -> str:
    texts = list(pair)
    return texts[min(index, len(texts) - 1)]
