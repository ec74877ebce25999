"""Settings of the city's SMS gateway, and their parsers."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from publisher.settings.reader import address, choice, setting

TAG: Final = re.compile(r"\{#(\w+)#\}")
"""A variable in a registered text, by the tag that says what it may hold."""

TAG_LENGTHS: Final = {
    "var": 30,
    "alphanumeric": 40,
    "numeric": 40,
    "email": 40,
    "cbn": 15,
    "url": 0,
    "urlott": 0,
}
"""The longest value of each tag, as gateways document it; 0 if it is never cut."""


@dataclass(frozen=True)
class SmsTemplate:
    """A template registered with an operator; `variables` fill the tags of its text in order."""

    id: str
    text: str
    variables: tuple[str, ...]


def read_headers(text: str) -> Mapping[str, str]:
    """Parse a JSON object of texts; raises `ValueError`."""
    headers = json.loads(text)
    if not isinstance(headers, dict) or not all(
        isinstance(header, str) for header in headers.values()
    ):
        raise ValueError("no headers")
    return headers


def read_pattern(text: str) -> str:
    """Check a regular expression; raises `ValueError`."""
    try:
        return re.compile(text).pattern
    except re.error as problem:
        raise ValueError(text) from problem


def read_templates(path: Path) -> Mapping[str, SmsTemplate]:
    """Read the templates by kind; raises `ValueError`, also for unknown tags and a wrong number."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        return {kind: _template(**fields) for kind, fields in tables.items()}
    except (OSError, TypeError) as problem:
        raise ValueError(str(problem)) from problem


def _template(*, id: str, text: str, variables: list[str]) -> SmsTemplate:  # noqa: A002  the operators' word
    tags = TAG.findall(text)
    if not re.fullmatch(r"\d{6,25}", id) or len(tags) != len(variables) or {*tags} - {*TAG_LENGTHS}:
        raise ValueError(id)
    return SmsTemplate(id, text, tuple(variables))


@dataclass(frozen=True)
class Sms:
    """The SMS gateway; if `sms_url` is empty there is none. Templates are by kind of notice."""

    sms_url: str = address(is_secret=True)
    sms_method: str = setting(choice("GET", "POST"), "write GET or POST", "POST")
    sms_headers: Mapping[str, str] = setting(
        read_headers,
        'write a JSON object of texts, such as {"Content-Type": "application/json"}',
        lambda _reader: {},
        is_secret=True,
    )
    sms_body: str = setting(str, is_secret=True)
    sms_success: str = setting(read_pattern, "write a regular expression")
    sms_sender: str = setting(str)
    sms_entity_id: str = setting(str)
    sms_templates: Mapping[str, SmsTemplate] = setting(
        lambda text: read_templates(Path(text)),
        "name a TOML file with, for each kind, id, text and variables",
        lambda _reader: {},
        is_path=True,
    )

    @property
    def is_set(self) -> bool:
        """True if SMS can be sent."""
        return bool(self.sms_url and self.sms_templates)
