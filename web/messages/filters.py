"""Registers the template filters that translate codes, names and reasons."""

from __future__ import annotations

from datetime import date, datetime

from flask import Flask

from web.messages import emergency
from web.messages.corrections import action_words, finding_words, state_subject
from web.messages.field_errors import problem_sentence
from web.messages.intake import field_label, file_size, video_duration
from web.messages.names import (
    account_name,
    author_shown,
    department_name,
    handle_shown,
    person_name,
    platform_word,
    post_of,
    role_name,
    span_words,
    who_name,
    who_short,
)
from web.messages.reasons import (
    attempt_asked,
    attempt_found,
    attempt_outcome,
    delivery_reason,
    freeze_words,
    routing_reason,
)
from web.messages.refusals import refusal_sentence
from web.messages.register import register as messages_register
from web.messages.warnings import warning_name

__all__ = [
    "account_name",
    "attempt_outcome",
    "author_shown",
    "delivery_reason",
    "department_name",
    "freeze_words",
    "person_name",
    "platform_word",
    "post_of",
    "problem_sentence",
    "refusal_sentence",
    "register",
    "role_name",
    "routing_reason",
    "span_words",
    "who_name",
    "who_short",
]


def register(app: Flask) -> None:
    """Register the template filters for names, reasons and history."""
    messages_register(app)
    app.jinja_env.filters.update(
        {
            **emergency.FILTERS,
            "department_name": department_name,
            "field_label": field_label,
            "video_duration": video_duration,
            "file_size": file_size,
            "iso_day": date.fromisoformat,
            "iso_moment": datetime.fromisoformat,
            "person_name": person_name,
            "post_of": post_of,
            "platform_word": platform_word,
            "role_name": role_name,
            "who_name": who_name,
            "account_name": account_name,
            "attempt_asked": attempt_asked,
            "attempt_found": attempt_found,
            "attempt_outcome": attempt_outcome,
            "author_shown": author_shown,
            "delivery_act": action_words,
            "delivery_reason": delivery_reason,
            "delivery_thing": state_subject,
            "found_words": finding_words,
            "handle_shown": handle_shown,
            "freeze_words": freeze_words,
            "routing_reason": routing_reason,
            "span_words": span_words,
            "warning_name": warning_name,
            "who_short": who_short,
        }
    )
