"""Parse contact details, in any usual spelling, into their stored form."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeVar

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

from approvals.errors import NotAllowed
from publisher.i18n.text_cleaning import clean, is_visible

REGION: Final = "IN"
Value = TypeVar("Value")
_INDIA = 91
_INDIAN_DIGITS = 10
_LONGEST_MAIL = 254
# One local part, one host with a dot, in the letters that every mail server takes.
_MAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[a-z0-9-]{1,63}\.)+[a-z0-9-]{2,63}")


class BadInput(NotAllowed):
    """Input was refused: `field` and `code` say where and why.

    If a row has two officers, `officer` is the name, as the row has it, of the one it is about.
    """

    officer = ""

    def __init__(self, field: str, code: str, **values: object) -> None:
        super().__init__(field=field, **values)
        self.field = field
        self.code = code


class BadPerson(BadInput):
    """Input about a person or an appointment was refused; `others` are its further problems."""

    others: tuple[BadPerson, ...] = ()


class Problems:
    """Collects what is wrong with the fields of one form, to raise it together."""

    def __init__(self) -> None:
        self.found: list[BadPerson] = []

    def read(self, reader: Callable[[], Value]) -> Value | None:
        """Return what the reader returns, or keep its `BadPerson` and return None."""
        try:
            return reader()
        except BadPerson as problem:
            self.found += [problem, *problem.others]
            return None

    def finish(self) -> None:
        """Raise the first problem with the others, if there are any."""
        if self.found:
            first, *others = self.found
            first.others = tuple(others)
            raise first


def read_mail(mail_text: str | None) -> str | None:
    """Return a mail address in lower case, or None if the input is empty. Raises `BadPerson`."""
    mail = (mail_text or "").strip().lower()
    if not mail:
        return None
    if len(mail) > _LONGEST_MAIL or not _MAIL.fullmatch(mail) or ".." in mail:
        raise BadPerson("mail", "unreadable")
    return mail


def read_mobile(number_text: str | None) -> str | None:
    """Return a mobile number in E.164, or None if the input is empty. Raises `BadPerson`.

    Numbers without a country code are Indian. An Indian number is only checked for its ten digits,
    so that unassigned numbers, which a demo needs, can be recorded; landlines are refused.
    """
    written = (number_text or "").strip()
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


def read_identifier(identifier: str) -> str | None:
    """Return a login as a mail address or mobile number; None if it is neither."""
    reader = read_mail if "@" in identifier else read_mobile
    try:
        return reader(identifier)
    except BadPerson:
        return None


def is_contact(text: str) -> bool:
    """Return True if the text is a mail address or a phone number, in any usual spelling."""
    if "@" not in text and any(character.isalpha() for character in text):
        return False  # a number among other words is not a contact
    try:
        return bool(read_mail(text) if "@" in text else read_mobile(text))
    except BadPerson as problem:
        return problem.code == "landline"


def normal_identifier(identifier: str) -> str:
    """Return a login as a mail address or mobile number; if it is neither, in lower case."""
    return read_identifier(identifier) or identifier.strip().lower()


def read_line(
    field: str,
    text: str,
    *,
    longest: int,
    needed: bool = False,
    refusal: type[BadInput] = BadPerson,
) -> str:
    """Return one line of text in its stored form.

    Raises the `refusal` (missing, too_long, unreadable).
    """
    cleaned = clean(text)
    line = " ".join(cleaned.text.split())
    if not cleaned.ok:
        raise refusal(field, "unreadable")
    if needed and not is_visible(line):
        raise refusal(field, "missing")
    if len(line) > longest:
        raise refusal(field, "too_long", longest=longest)
    return line
