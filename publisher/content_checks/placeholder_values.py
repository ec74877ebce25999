"""The values of blanks: each kind's check of what was typed, and its text in each language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

from approvals.emergency import BlankKind, Template, TemplateField
from publisher.auth.contact_details import REGION
from publisher.i18n import dates
from publisher.i18n.date_parsing import BadWhen, parse_day, parse_time
from publisher.i18n.languages import digits, latin_digits
from publisher.validation import Validator
from publisher.working_time import from_local, local_day

MARATHI, ENGLISH = "mr", "en"
LANGUAGES = (MARATHI, ENGLISH)
LONGEST_DATE = 32
LONGEST_TIME = 20
LONGEST_PHONE = 16
INDIA, WHOLE = 91, 10
_EMERGENCY_NUMBER = re.compile(r"1\d{2,4}")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_BETWEEN = frozenset(" ,.-–/()’'")
_DEVANAGARI = re.compile("[\u0904-\u0939\u0958-\u0961\u0972-\u097f]")
_LATIN = re.compile("[A-Za-z]")

FormTexts = Mapping[str, str]
"""The form's texts by field name."""

FilledTexts = dict[str, dict[str, str]]
"""The texts of the blanks, by language and blank name."""


def form_fields(template: Template) -> list[tuple[str, TemplateField, str]]:
    """Return the form's fields: name, blank and language ("" if a field serves both languages)."""
    return [
        (field_name(at, language), blank, language)
        for at, blank in enumerate(template.blanks)
        for language in (LANGUAGES if blank.kind is BlankKind.PLACE else ("",))
    ]


def field_name(at: int, language: str = "") -> str:
    """Return the field name of the blank at this position."""
    return f"blank-{at}-{language}" if language else f"blank-{at}"


def read(
    template: Template, form_texts: FormTexts, validator: Validator, *, now: datetime
) -> FilledTexts:
    """Return the texts of the blanks; errors go to the validator, by field."""
    texts: FilledTexts = {language: {} for language in LANGUAGES}
    for at, blank in enumerate(template.blanks):
        reader = _READERS[blank.kind]
        for language, text in reader(_Input(at, blank, form_texts, validator, now)).items():
            texts[language][blank.name] = text
    return texts


@dataclass(frozen=True)
class _Input:
    """The form's input for the blank at a position."""

    at: int
    blank: TemplateField
    form_texts: FormTexts
    validator: Validator
    now: datetime

    def text(self, language: str = "") -> str:
        """Return the input as it was typed."""
        return self.form_texts.get(field_name(self.at, language), "")

    def line(self, language: str = "", *, most: int) -> str:
        """Return the input as one line; adds an error if it is empty or too long."""
        field = field_name(self.at, language)
        return self.validator.line(field, self.text(language), most=most, required=True)

    def add(self, code: str, language: str = "") -> None:
        """Add an error to the field of this input."""
        self.validator.add(field_name(self.at, language), code)


Reader = Callable[[_Input], dict[str, str]]


def _place(place_name: _Input) -> dict[str, str]:
    """Read a place name in each language: letters, digits and punctuation."""
    texts = {}
    for language in LANGUAGES:
        text = texts[language] = place_name.line(language, most=place_name.blank.most)
        if text and (code := _wrong_in_place(text, language)):
            place_name.add(code, language)
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


def _date(on: _Input) -> dict[str, str]:
    """Read a day that has not passed; return it as text in each language."""
    try:
        day = parse_day(on.text())
    except BadWhen as bad:
        on.add(bad.code.value)
        return {}
    if day < local_day(on.now):
        on.add("choose")
    return {language: _plain(date_text(day, language, now=on.now)) for language in LANGUAGES}


def date_text(day: date, language: str, *, now: datetime) -> str:
    """Return `उद्या (दि. २८ नोव्हेंबर)`, or the weekday and date of a day further off.

    The warning is forwarded for days: "tomorrow" alone would close the schools twice.
    """
    near = dates.near_day(day, language, now=now)
    if not near:
        return dates.day(day, language, now=now)
    return f"{near} ({dates.plain_day(day, language, now=now)})"


def _time(time: _Input) -> dict[str, str]:
    """Read a time of day; return it as text in each language."""
    try:
        moment = from_local(local_day(time.now), parse_time(time.text()))
    except BadWhen as bad:
        time.validator.add(field_name(time.at), bad.code.value, **bad.values)
        return {}
    return {language: _plain(dates.clock_time(moment, language)) for language in LANGUAGES}


def _plain(text: str) -> str:
    # Platforms keep no-break spaces, but their counts and searches do not expect them.
    return text.replace("\u00a0", " ")


def _number(number: _Input) -> dict[str, str]:
    """Read a number; return it in the digits of each language."""
    text = latin_digits(number.line(most=number.blank.most))
    if text and not _NUMBER.fullmatch(text):
        number.add("not_a_number")
    return {language: digits(text, language) for language in LANGUAGES}


def _helpline(helpline: _Input) -> dict[str, str]:
    """Read a telephone number of the city or an emergency service, in each language's digits."""
    text = helpline.line(most=LONGEST_PHONE * 2)
    number = dialling_number(latin_digits(text)) if text else ""
    if text and not number:
        helpline.add("not_a_phone")
    return {language: digits(number, language) for language in LANGUAGES}


def dialling_number(text: str) -> str:
    """Return the number as it is dialled inside India; "" if it is not a telephone number."""
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
    # Any ten digits are accepted, also unassigned numbers, which the demo needs.
    return len(str(number.national_number)) == WHOLE or phonenumbers.is_valid_number(number)


def _choice(choice: _Input) -> dict[str, str]:
    """Read the index of a choice, from 0; return the choice in each language."""
    choices = {str(index): texts for index, texts in enumerate(choice.blank.choices)}
    texts = choices.get(choice.text())
    if texts is None:
        choice.add("choose")
        return {}
    return dict(zip(LANGUAGES, texts, strict=True))


_READERS: Mapping[BlankKind, Reader] = {
    BlankKind.PLACE: _place,
    BlankKind.DATE: _date,
    BlankKind.TIME: _time,
    BlankKind.NUMBER: _number,
    BlankKind.HELPLINE: _helpline,
    BlankKind.CHOICE: _choice,
}
