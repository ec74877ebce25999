"""What is wrong with a person or an appointment that is being recorded."""

from __future__ import annotations

from collections.abc import Mapping

from publisher.auth.contact_details import BadPerson
from web.icons import N_
from web.wording.problems import shown
from web.words import _

PERSON: Mapping[str, str] = {
    "missing": N_("Fill this in."),
    "too_long": N_("This is too long; at most %(longest)s characters fit."),
    "unreadable": N_("This cannot be right. Check the spelling."),
    "mobile.landline": N_("This is not a mobile number. Write ten digits."),
    "mail.missing": N_("Write a mail address or a mobile number; an invitation needs mail."),
    "mail.disabled": N_("This person’s access is closed. Open it first."),
    "empty": N_("Fill this in."),
    "same": N_("This is what is recorded already."),
    "mobile.another_person": N_("This mobile number belongs to another person."),
    "department_id.unknown": N_("Choose a department from the list."),
    "department_id.closed": N_("This department is closed. Choose another."),
    "role.no_appointment": N_("This person holds no appointment. Record one first."),
    "role.already_appointed": N_("This person is appointed so already."),
    "role.head_exists": N_("The department has a head already. End that appointment first."),
    "role.two_officers": N_(
        "The department has two officers already. End one of these appointments first."
    ),
    "rank.only_officers": N_("Only officers are first or second."),
    "rank.taken": N_("This place is taken."),
    "rank.unknown": N_("Officers are first or second."),
}


def person_problem(problem: BadPerson) -> str:
    """The sentence for it; more specific words stand under "field.code"."""
    words = PERSON.get(f"{problem.field}.{problem.code}") or PERSON.get(problem.code)
    if words is None:
        return _("This cannot be recorded as it stands.")
    return _(words, **shown(problem.values, words))
