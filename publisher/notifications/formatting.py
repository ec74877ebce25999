"""Format the values of a mail: moments, numbers, roles, names, platforms and reasons."""

from __future__ import annotations

from collections.abc import Container, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from approvals.policy import Role
from publisher.i18n import dates
from publisher.i18n.catalogues import translate
from publisher.i18n.languages import DEFAULT_LANGUAGE, LANGUAGES, digits
from publisher.models.people import Department, Person
from publisher.platforms import registry
from publisher.platforms.capabilities import N_

_ROLES: Final[Mapping[Role, str]] = {
    Role.ADMIN: N_("admin"),
    Role.CELL_LEAD: N_("lead of the Social Media Cell"),
    Role.CELL: N_("staff of the Social Media Cell"),
    Role.OFFICER: N_("IT Nodal Officer"),
    Role.HEAD: N_("head of department"),
    Role.MEMBER: N_("member of the department"),
    Role.OVERSIGHT: N_("oversight"),
    Role.AUDITOR: N_("auditor"),
}

# The press's most frequent reasons. The page explains any other, and the mail says so.
_REASONS: Final[Mapping[str, str]] = {
    "credentials": N_("The account's access permission has expired or was taken away."),
    "too_long": N_("The text is too long for the platform."),
    "duplicate": N_("The platform says that this account has just published the same text."),
    "permission": N_("The account lacks the permission for this."),
    "target_gone": N_("What it answers is no longer on the platform."),
    "approval_missing": N_("The approval that this revision needs is missing."),
    "too_late": N_("The window for publishing has ended."),
    "other_account": N_(
        "The post was to go to another account than was approved, so nothing was sent."
    ),
    "late_stopped": N_("All publishing was stopped."),
    "late_frozen": N_("A freeze held it."),
    "late_disconnected": N_("The account was disconnected."),
    "late_paused": N_("The account had stopped."),
    "late_credits": N_("The platform’s credits were used up."),
    "late_store": N_("The photos could not be read."),
}

# What a submission is about, for a freeze that holds only one kind.
_KINDS: Final[Mapping[str, str]] = {
    "scheme": N_("schemes"),
    "project": N_("projects"),
    "event": N_("events"),
    "public_notice": N_("public notices"),
    "measure": N_("measures taken"),
    "press_note": N_("press notes"),
    "other": N_("other information"),
}

# What has become of an urgent delivery that is not live.
_TROUBLES: Final[Mapping[str, str]] = {
    "failed": N_("Publishing failed."),
    "held": N_("The post may have been published; it is on hold for a decision."),
    "missed": N_("The time passed, and it was not sent."),
    "waiting": N_("Not published yet."),
    "credits": N_("Not published: the platform’s credits are used up. Publish it by hand."),
}

_CHANGED: Final[Mapping[str, str]] = {
    "password": N_("password"),
    "mail": N_("email address"),
    "mobile": N_("mobile number"),
    "second_factor": N_("code of an app set up for signing in"),
    "second_factor_ended": N_("code of the app for signing in ended"),
    "passkey": N_("passkey added for signing in"),
    "passkey_ended": N_("passkey for signing in ended"),
    "recovery_code": N_("recovery code used for signing in"),
}

_LANGUAGES: Final[Mapping[str, str]] = {
    "mr": N_("Marathi"),
    "en": N_("English"),
    "hi": N_("Hindi"),
    "mixed": N_("mixed languages"),
}

# What the code of a link is for.
_ACTS: Final[Mapping[str, str]] = {
    "doubt": N_("to say that an appointment is wrong"),
    "confirm": N_("to confirm an appointment"),
    "take_up": N_("to take up the office"),
    "name_officers": N_("to see the officers of your department"),
}

_LISTS: Final = {
    "act": _ACTS,
    "code": _REASONS,
    "changed": _CHANGED,
    "trouble": _TROUBLES,
    "kind": _KINDS,
    "language": _LANGUAGES,
}


def choose_language(person: Person, languages: Container[str] = LANGUAGES) -> str:
    """Return the language of mails to this person."""
    return person.language if person.language in languages else DEFAULT_LANGUAGE


def format_values(values: Mapping[str, object], language: str, *, now: datetime) -> dict[str, str]:
    """Return the values as texts; one of `name_mr`, `name_en` and `name_hi` remains, as `name`."""
    whole = {name: value for name, value in values.items() if not _is_translated(name)}
    for name in filter(_is_translated, values):
        base = name.rpartition("_")[0]
        whole[base] = values.get(f"{base}_{language}") or whole.get(base) or values[name]
    return {name: _format_value(name, value, language, now) for name, value in whole.items()}


def _is_translated(name: str) -> bool:
    return name.rpartition("_")[2] in LANGUAGES


def _format_value(name: str, value: object, language: str, now: datetime) -> str:
    match value:
        case None | False:
            return ""
        case datetime():
            return f"{dates.day(value, language, now=now)}, {dates.clock_time(value, language)}"
        case date():
            return dates.day(value, language, now=now)
        case Person():
            if language == "en":
                post = value.designation if value.designation.isascii() else ""
                return ", ".join(filter(None, [value.name_en or value.name_mr, post]))
            return ", ".join(filter(None, [value.name_mr, value.designation]))
        case Department():
            return str(getattr(value, f"name_{language}", "")) or value.name_mr
        case Role():
            return translate(_ROLES[value], language)
        case int() | Decimal():
            return digits(str(value), language)
        case _:
            return _translate_code(name, str(value), language)


def _translate_code(name: str, text: str, language: str) -> str:
    """Translate the codes of platforms, reasons and changes; every other text stays as it is."""
    if name == "platform":
        # A mail is sent even if the platform has been taken out of the registry since.
        label = registry.capabilities(text).label if registry.is_registered(text) else text
        return translate(label, language)
    codes = _LISTS.get(name)
    if codes is None:
        return text
    return translate(codes[text], language) if text in codes else ""
