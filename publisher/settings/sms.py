"""What is set of the city's SMS gateway, and how it is read."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SmsTemplate:
    """What an operator has registered: its id, its words with `{#var#}`, and what fills them."""

    id: str
    text: str
    variables: tuple[str, ...]


@dataclass(frozen=True)
class Sms:
    """The city's SMS gateway; without an address there is none. Templates by kind of notice."""

    sms_url: str
    sms_method: str
    sms_headers: Mapping[str, str]
    sms_body: str
    sms_success: str
    sms_sender: str
    sms_entity_id: str
    sms_templates: Mapping[str, SmsTemplate]

    @property
    def is_set(self) -> bool:
        """Whether any SMS can leave."""
        return bool(self.sms_url and self.sms_templates)


def read_method(text: str) -> str:
    """GET or POST; raises ValueError."""
    if text.upper() not in ("GET", "POST"):
        raise ValueError(text)
    return text.upper()


def read_headers(text: str) -> Mapping[str, str]:
    """A JSON object of texts; raises ValueError."""
    found = json.loads(text)
    if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
        raise ValueError("no headers")
    return found


def read_pattern(text: str) -> str:
    """A regular expression; raises ValueError."""
    try:
        return re.compile(text).pattern
    except re.error as problem:
        raise ValueError(text) from problem


def read_templates(path: Path) -> Mapping[str, SmsTemplate]:
    """Each kind with as many variables as its words have places; raises ValueError."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
        return {kind: _template(**entry) for kind, entry in found.items()}
    except (OSError, TypeError) as problem:
        raise ValueError(str(problem)) from problem


def _template(*, id: str, text: str, variables: list[str]) -> SmsTemplate:  # noqa: A002  the operators' word
    if not re.fullmatch(r"\d{6,25}", id) or text.count("{#var#}") != len(variables):
        raise ValueError(id)
    return SmsTemplate(id, text, tuple(variables))
