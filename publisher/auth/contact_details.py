"""Reading how people can be reached, in any usual spelling, into the one form that is stored."""

from __future__ import annotations

import re
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

from approvals.errors import NotAllowed
from publisher.i18n.text_cleaning import clean, is_visible

REGION: Final = "IN"
_INDIA = 91
_INDIAN_DIGITS = 10
_LONGEST_MAIL = 254
# One local part, one host with a dot, in the letters that every mail server takes.
_MAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[a-z0-9-]{1,63}\.)+[a-z0-9-]{2,63}")


class BadPerson(NotAllowed):
    """What was given about a person or an appointment cannot be recorded: which field, and why."""

    def __init__(self, field: str, code: str, **values: object) -> None:
        super().__init__(field=field, **values)
        self.field = field
        self.code = code


def read_mail(typed: str | None) -> str | None:
    """A mail address in lower case, None where nothing was typed; raises `BadPerson`."""
    mail = (typed or "").strip().lower()
    if not mail:
        return None
    if len(mail) > _LONGEST_MAIL or not _MAIL.fullmatch(mail) or ".." in mail:
        raise BadPerson("mail", "unreadable")
    return mail


def read_mobile(typed: str | None) -> str | None:
    """A mobile number in E.164, None where nothing was typed; raises `BadPerson`.

    Numbers without a country are Indian. An Indian one counts by its ten digits, so that the
    numbers given to nobody, which a demo needs, can be recorded; a landline does not.
    """
    written = (typed or "").strip()
    if not written:
        return None
    try:
        number = phonenumbers.parse(written, REGION)
    except phonenumbers.NumberParseException as problem:
        raise BadPerson("mobile", "unreadable") from problem
    if not _is_whole(number):
        raise BadPerson("mobile", "unreadable")
    if phonenumbers.number_type(number) == PhoneNumberType.FIXED_LINE:
        raise BadPerson("mobile", "landline")
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _is_whole(number: PhoneNumber) -> bool:
    if number.extension:
        return False
    if number.country_code == _INDIA:
        return len(str(number.national_number)) == _INDIAN_DIGITS
    return phonenumbers.is_valid_number(number)


def read_identifier(typed: str) -> str | None:
    """What somebody signs in with, as a mail address or mobile number; None where neither."""
    reader = read_mail if "@" in typed else read_mobile
    try:
        return reader(typed)
    except BadPerson:
        return None


def read_line(field: str, typed: str, *, longest: int, needed: bool = False) -> str:
    """One line of text as it may be stored; raises `BadPerson` (missing, too_long, unreadable)."""
    cleaned = clean(typed)
    line = " ".join(cleaned.text.split())
    if not cleaned.ok:
        raise BadPerson(field, "unreadable")
    if needed and not is_visible(line):
        raise BadPerson(field, "missing")
    if len(line) > longest:
        raise BadPerson(field, "too_long", longest=longest)
    return line
