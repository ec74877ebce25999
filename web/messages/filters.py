"""Registers the template filters that translate codes, names and reasons."""

from __future__ import annotations

from datetime import date, datetime

from flask import Flask

from publisher.delivery.costs import budget
from web.messages import (
    access,
    corrections,
    emergency,
    intake,
    names,
    nominations,
    reasons,
    review_codes,
    sign_in,
)
from web.messages import register as register_messages
from web.messages.warnings import warning_name


def register(app: Flask) -> None:
    """Register the template filters for names, reasons and history."""
    app.jinja_env.filters.update(
        {
            **emergency.FILTERS,
            "department_name": names.department_name,
            "field_label": intake.field_label,
            "video_duration": intake.video_duration,
            "file_size": intake.file_size,
            "iso_day": date.fromisoformat,
            "iso_moment": datetime.fromisoformat,
            **names.FILTERS,
            "platform_word": names.platform_word,
            "role_name": names.role_name,
            "name_and_post": names.name_and_post,
            **access.FILTERS,
            **nominations.FILTERS,
            "account_name": names.account_name,
            "allowance_label": register_messages.allowance_label,
            "cause_label": register_messages.cause_label,
            "dollars": budget.dollars,
            "exact_dollars": budget.price_text,
            "attempt_asked": reasons.attempt_asked,
            "attempt_found": reasons.attempt_found,
            "attempt_outcome": reasons.attempt_outcome,
            "author_shown": names.author_shown,
            "connection_end_sentence": register_messages.connection_end_sentence,
            "credential_words": review_codes.credential_words,
            "delivery_act": corrections.action_words,
            "delivery_reason": reasons.delivery_reason,
            **sign_in.FILTERS,
            "delivery_thing": corrections.state_subject,
            "found_words": corrections.finding_words,
            "handle_shown": names.handle_shown,
            "freeze_words": reasons.freeze_words,
            "rights_labels": register_messages.rights_labels,
            "routing_reason": reasons.routing_reason,
            "span_words": names.span_words,
            "warning_name": warning_name,
            "name_and_rank": names.name_and_rank,
        }
    )
