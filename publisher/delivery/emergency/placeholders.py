"""What is typed into a blank, checked by the blank's kind, and said in each language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

from approvals.emergency import BlankKind, Template, TemplateField
from publisher.auth.contact_details import REGION
from publisher.i18n import dates
from publisher.i18n.date_parsing import BadWhen, parse_time
from publisher.i18n.languages import digits, latin_digits
from publisher.validation import Validator
from publisher.working_time import from_local, local_day

MARATHI, ENGLISH = "mr", "en"
LANGUAGES = (MARATHI, ENGLISH)
LONGEST_TIME = 20
LONGEST_PHONE = 16
INDIA, WHOLE = 91, 10
_EMERGENCY_NUMBER = re.compile(r"1\d{2,4}")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_BETWEEN = frozenset(" ,.-–/()’'")
_DEVANAGARI = re.compile("[\u0904-\u0939\u0958-\u0961\u0972-\u097f]")
_LATIN = re.compile("[A-Za-z]")

FormTexts = Mapping[str, str]
"""What was typed, by the field's name."""

FilledTexts = dict[str, dict[str, str]]


def fields_of(template: Template) -> list[tuple[str, TemplateField, str]]:
    """The fields of a form: name, blank, and the language, "" where one field serves both."""
    return [
        (field_of(at, language), blank, language)
        for at, blank in enumerate(template.blanks)
        for language in (LANGUAGES if blank.kind is BlankKind.PLACE else ("",))
    ]


def field_of(at: int, language: str = "") -> str:
    """The name of the field for the blank at this place."""
    return f"blank-{at}-{language}" if language else f"blank-{at}"


def read(
    template: Template, form_texts: FormTexts, validator: Validator, *, now: datetime
) -> FilledTexts:
    """What fills the blanks, by language and name; problems are noted by field."""
    texts: FilledTexts = {language: {} for language in LANGUAGES}
    for at, blank in enumerate(template.blanks):
        for language, text in _READERS[blank.kind](at, blank, form_texts, validator, now).items():
            texts[language][blank.name] = text
    return texts


Reader = Callable[[int, TemplateField, FormTexts, Validator, datetime], dict[str, str]]


def _place(
    at: int, blank: TemplateField, form_texts: FormTexts, validator: Validator, _now: datetime
) -> dict[str, str]:
    """A place's name in each language: letters, digits and the signs between them."""
    texts = {}
    for language in LANGUAGES:
        field = field_of(at, language)
        text = validator.line(field, form_texts.get(field, ""), most=blank.most, required=True)
        if text and (code := _wrong_in_place(text, language)):
            validator.add(field, code)
        texts[language] = text
    return texts


def _wrong_in_place(text: str, language: str) -> str:
    if not all(_may_stand(letter) for letter in text):
        return "only_letters"
    if re.search(r"\w\.\w", latin_digits(text)) and not re.search(r"\d\.\d", latin_digits(text)):
        return "only_letters"  # what looks like an address becomes a link on the platform
    if language == MARATHI and not _DEVANAGARI.search(text):
        return "not_marathi"
    if language == ENGLISH and (_DEVANAGARI.search(text) or not _LATIN.search(text)):
        return "not_english"
    return ""


def _may_stand(letter: str) -> bool:
    return (
        letter in _BETWEEN or unicodedata.category(letter)[0] in "LMN" or letter in "\u200c\u200d"
    )


def _time(
    at: int, _blank: TemplateField, form_texts: FormTexts, validator: Validator, now: datetime
) -> dict[str, str]:
    """A time of the day, in words of each language."""
    field = field_of(at)
    try:
        moment = from_local(local_day(now), parse_time(form_texts.get(field, "")))
    except BadWhen as bad:
        validator.add(field, bad.code.value)
        return {}
    return {language: _plain(dates.clock_time(moment, language)) for language in LANGUAGES}


def _plain(text: str) -> str:
    """Platforms keep a blank that does not break, but their counts and searches stumble over it."""
    return text.replace("\u00a0", " ")


def _number(
    at: int, blank: TemplateField, form_texts: FormTexts, validator: Validator, _now: datetime
) -> dict[str, str]:
    """A number as it was typed, in the digits of each language."""
    field = field_of(at)
    text = latin_digits(
        validator.line(field, form_texts.get(field, ""), most=blank.most, required=True)
    )
    if text and not _NUMBER.fullmatch(text):
        validator.add(field, "not_a_number")
    return {language: digits(text, language) for language in LANGUAGES}


def _helpline(
    at: int, _blank: TemplateField, form_texts: FormTexts, validator: Validator, _now: datetime
) -> dict[str, str]:
    """A telephone number of the city or of an emergency service, in each language's digits."""
    field = field_of(at)
    text = validator.line(field, form_texts.get(field, ""), most=LONGEST_PHONE * 2, required=True)
    number = _phone(latin_digits(text)) if text else ""
    if text and not number:
        validator.add(field, "not_a_phone")
    return {language: digits(number, language) for language in LANGUAGES}


def _phone(text: str) -> str:
    """The number as it is dialled inside India; empty where it is none."""
    if _EMERGENCY_NUMBER.fullmatch(text):
        return text
    try:
        number = phonenumbers.parse(text, REGION)
    except phonenumbers.NumberParseException:
        return ""
    if number.country_code != INDIA or number.extension or not _is_whole(number):
        return ""
    if phonenumbers.number_type(number) == PhoneNumberType.MOBILE:
        return str(number.national_number)
    return phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL).replace(" ", "-")


def _is_whole(number: PhoneNumber) -> bool:
    """Ten digits, or a free number: those given to nobody, which a demo needs, count as well."""
    return len(str(number.national_number)) == WHOLE or phonenumbers.is_valid_number(number)


def _choice(
    at: int, blank: TemplateField, form_texts: FormTexts, validator: Validator, _now: datetime
) -> dict[str, str]:
    """One of the list: what is typed is its place, from 0."""
    field = field_of(at)
    chosen = form_texts.get(field, "")
    if not chosen.isascii() or not chosen.isdigit() or int(chosen) >= len(blank.choices):
        validator.add(field, "choose")
        return {}
    return dict(zip(LANGUAGES, blank.choices[int(chosen)], strict=True))


_READERS: Mapping[BlankKind, Reader] = {
    BlankKind.PLACE: _place,
    BlankKind.TIME: _time,
    BlankKind.NUMBER: _number,
    BlankKind.HELPLINE: _helpline,
    BlankKind.CHOICE: _choice,
}
