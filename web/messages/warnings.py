"""Sentences for the warnings of a draft, each with what can be done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from publisher.content_checks.types import ContentWarning, WarningCode
from publisher.i18n import dates
from publisher.i18n.languages import number
from publisher.models.content_checks import LinkFinding
from web.core.context import ctx
from web.core.i18n import N_, _, page_language

SENTENCES: Mapping[WarningCode, str] = {
    WarningCode.WRONG_WEEKDAY: N_("“%(written)s” – this date is a %(weekday)s."),
    WarningCode.DATE_DIFFERS: N_("“%(written)s” – the department’s information says %(event)s."),
    WarningCode.DATE_PASSED: N_("“%(written)s” – this date will have passed."),
    WarningCode.MOBILE_NUMBER: N_("“%(written)s” looks like someone’s own mobile number."),
    WarningCode.AADHAAR_NUMBER: N_(
        "A number that ends in %(ends_with)s looks like an Aadhaar number."
    ),
    WarningCode.SAME_TEXT: N_("The post “%(title)s” of %(saved_at)s has the same text."),
    WarningCode.ALIKE_TEXT: N_(
        "The post “%(title)s” of %(saved_at)s has nearly the same text (%(percent)s of 100 words)."
    ),
    WarningCode.NO_DESCRIPTION: N_("Photo %(picture)s has no description in %(language)s."),
    WarningCode.ONE_LANGUAGE: N_("There is a text in %(language)s only, none in %(missing)s."),
    WarningCode.REPLY_REFUSED: N_(
        "The platform allows our answer only if the citizen mentioned our account, or under our "
        "own post."
    ),
    WarningCode.NO_LINK_PICTURE: N_("The preview of the link %(url)s will show no photo."),
}
WAYS_ON: Mapping[WarningCode, str] = {
    WarningCode.WRONG_WEEKDAY: N_("Correct the date or the weekday."),
    WarningCode.DATE_DIFFERS: N_("Correct the date, or ask the department which date is right."),
    WarningCode.DATE_PASSED: N_("Correct it, unless the text is about a past event."),
    WarningCode.MOBILE_NUMBER: N_(
        "Use a helpline instead. Numbers that are in a starting text are not flagged."
    ),
    WarningCode.AADHAAR_NUMBER: N_("Remove this number. Such a number must not be published."),
    WarningCode.SAME_TEXT: N_("Check that post first. A platform may refuse the same text twice."),
    WarningCode.ALIKE_TEXT: N_("Check that post first. A platform may refuse the same text twice."),
    WarningCode.NO_DESCRIPTION: N_("Write what the photo shows, for those who cannot see it."),
    WarningCode.ONE_LANGUAGE: N_("Write the text, or leave it out on purpose."),
    WarningCode.REPLY_REFUSED: N_(
        "Ask the citizen to mention our account, or close the comment with a reason."
    ),
    WarningCode.DEAD_LINK: N_("Open the link yourself and correct it."),
    WarningCode.NO_LINK_PICTURE: N_("Add a photo, if there is one."),
}
DEAD: Mapping[LinkFinding, str] = {
    LinkFinding.GONE: N_("%(url)s – this page does not exist (answer %(answer)s)."),
    LinkFinding.TROUBLE: N_("%(url)s – its server answers with an error (%(answer)s)."),
    LinkFinding.UNREACHABLE: N_("%(url)s – no server answers there."),
    LinkFinding.UNTRUSTED: N_("%(url)s – its certificate is not trusted; browsers will warn."),
    LinkFinding.LOOPS: N_("%(url)s – the link redirects in circles and never opens."),
    LinkFinding.UNSAFE: N_("%(url)s – the link leads to an address that is not public."),
}
NAMES: Mapping[str, str] = {
    WarningCode.WRONG_WEEKDAY: N_("a weekday that does not fit its date"),
    WarningCode.DATE_DIFFERS: N_("a date other than the department’s"),
    WarningCode.DATE_PASSED: N_("a date that will have passed"),
    WarningCode.MOBILE_NUMBER: N_("a mobile number"),
    WarningCode.AADHAAR_NUMBER: N_("a number like an Aadhaar number"),
    WarningCode.SAME_TEXT: N_("the same text as in another post"),
    WarningCode.ALIKE_TEXT: N_("nearly the same text as in another post"),
    WarningCode.NO_DESCRIPTION: N_("a photo without a description"),
    WarningCode.ONE_LANGUAGE: N_("a text in one language only"),
    WarningCode.REPLY_REFUSED: N_("an answer that the platform may refuse"),
    WarningCode.DEAD_LINK: N_("a link that leads nowhere"),
    WarningCode.NO_LINK_PICTURE: N_("a link without a photo"),
}
"""Labels for a history, by code."""

LANGUAGE_WORDS: Mapping[str, str] = {
    "mr": N_("Marathi"),
    "en": N_("English"),
    "hi": N_("Hindi"),
    "mixed": N_("mixed languages"),
}
URL_LENGTH = 60
"""The number of characters of a URL that is shown; the field has all of it."""


def warning_sentence(warned: ContentWarning) -> str:
    """Return the sentence for a warning."""
    values = {name: _localize(name, value) for name, value in warned.values.items()}
    if warned.code is WarningCode.DEAD_LINK:
        return _(DEAD[LinkFinding(str(warned.values["finding"]))], **values)
    if warned.code is WarningCode.WRONG_WEEKDAY:
        day = warned.values["day"]
        weekday = dates.weekdays(page_language())[day.weekday()] if isinstance(day, date) else ""
        values["weekday"] = weekday
    if warned.code is WarningCode.DATE_DIFFERS:
        first, last = warned.values["event_on"], warned.values["event_until_on"]
        values["event"] = _localize("event_on", first)
        if first != last:
            values["event"] = _(
                "%(first)s to %(last)s", first=_localize("", first), last=_localize("", last)
            )
    return _(SENTENCES[warned.code], **values)


def warning_name(code: str) -> str:
    """Return the label of a warning for a history."""
    return _(NAMES[code]) if code in NAMES else code


def remedy(warned: ContentWarning) -> str:
    """Return what can be done about a warning."""
    return _(WAYS_ON[warned.code])


def _localize(name: str, value: object) -> str:
    language = page_language()
    if name in ("language", "missing"):
        return _(LANGUAGE_WORDS[str(value)])
    if isinstance(value, datetime):
        return dates.plain_day(value, language, now=ctx.now())
    if isinstance(value, date):
        return dates.full_date(value, language)
    if isinstance(value, int):
        return number(value, language)
    text = str(value)
    return f"{text[:URL_LENGTH]}…" if name == "url" and len(text) > URL_LENGTH else text
