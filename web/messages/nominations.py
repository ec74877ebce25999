"""Sentences about calls to name officers, and about what heads wrote."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from publisher.models.nominations import LetterRecipient, ReminderLetter
from publisher.models.people import ServiceClass
from publisher.nominations.progress import CallAnswer
from web.core.i18n import N_, _
from web.messages.names import department_name, person_name

REFUSALS: Mapping[str, str] = {
    "bad_heads": N_(
        "Nothing is recorded yet. Correct the rows that are marked, then record again."
    ),
    "already_named": N_(
        "The officers were already named by %(name)s, %(at)s. If that is wrong, phone the Cell."
    ),
    "places_held": N_(
        "Both places are held, and nobody can be replaced in this way: end the appointment "
        "of %(name)s first, or ask the Cell to."
    ),
    "officers_changed": N_(
        "The officers of the department have changed since. Look at them again."
    ),
    "call_over": N_("This call is over. Open a new one."),
    "link_spent": N_("This link has expired or was already used."),
    "nobody_to_ask": N_(
        "This department has no confirmed head who can be asked. Record the head first."
    ),
    "letter_too_soon": N_(
        "This department had a reminder letter in the last seven days. The next one can be written "
        "from %(on)s."
    ),
    "no_office_above": N_(
        "The next letter goes to the office above, and none is set. Record it on the page of the "
        "department."
    ),
    "no_letters": N_("No letter of this call has been written yet."),
    "answered_already": N_("This department has already answered (%(at)s)."),
}

FIELDS: Mapping[str, str] = {
    "two_needed": N_("Name two officers. This one is missing."),
    "class_needed": N_("Choose official or employee."),
    "is_head": N_("This is your own number or address. The head cannot be an officer as well."),
    "is_own_head": N_(
        "This is the number or address of the head of the department, who cannot be an officer as "
        "well."
    ),
    "same_mobile": N_("This is the number of the first officer. Name two different people."),
    "same_mail": N_("This is the address of the first officer. Name two different people."),
    "mobile_landline": N_("This is a landline. Write a mobile number of ten digits."),
    "mobile_unreadable": N_("This is not a mobile number. Write ten digits."),
    "mail_unreadable": N_("This cannot be right. Check the spelling."),
    "mail_shared": N_("This is a department’s shared address. Write the person’s own."),
    "mail_recorded": N_(
        "This person is recorded with an email address too. Write it here, or ask the Cell."
    ),
    "kept_otherwise": N_(
        "This number or address is recorded with other details. Check the spelling of the name, "
        "or ask the Cell."
    ),
    "order_not_signed": N_("Write the date on the order. It cannot be later than today."),
    "day_past": N_("Choose today or a later day."),
    "none_called": N_("Tick at least one department."),
    "scan_needed": N_("Choose the scan of the letter: a PDF or a photo."),
    "scan_waits": N_(
        "The virus check gives no answer at the moment. Nothing was recorded; try again in a few "
        "minutes."
    ),
}

ANSWERS: Mapping[CallAnswer, str] = {
    CallAnswer.NAMED: N_("Officers named"),
    CallAnswer.WAITS: N_("Named, waits for a second person"),
    CallAnswer.ASKED: N_("Link sent"),
    CallAnswer.NOT_REACHED: N_("To be phoned: no confirmed head"),
}


def answer_word(answer: CallAnswer) -> str:
    """Return the words for what a department has done about a call."""
    return _(ANSWERS[answer])


RECIPIENTS: Mapping[LetterRecipient, str] = {
    LetterRecipient.HEAD: N_("to the head: %(name)s"),
    LetterRecipient.OFFICE_ABOVE: N_("to the office above: %(name)s"),
}


def letter_recipient(letter: ReminderLetter) -> str:
    """Return the recipient of a letter: the head by the name of that day, or else the office."""
    person = letter.head.person if letter.head is not None else None
    if person is not None:
        name = person_name(person, letter.written_at)
    else:
        name = department_name(letter.office)
    return _(RECIPIENTS[letter.recipient], name=name)


CLASSES: Mapping[str | None, str] = {
    ServiceClass.OFFICIAL: N_("Official"),
    ServiceClass.EMPLOYEE: N_("Employee"),
}


def class_name(service_class: str | None) -> str:
    """Return the word for the class of a person's service; empty if it is not known."""
    return _(CLASSES[service_class]) if service_class in CLASSES else ""


FILTERS: Mapping[str, Callable[..., str]] = {
    "answer_word": answer_word,
    "letter_recipient": letter_recipient,
    "service_class": class_name,
}
