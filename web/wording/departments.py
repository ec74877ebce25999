"""What is wrong with a change to the register, what became of a department, and what is open."""

from __future__ import annotations

from collections.abc import Mapping

from flask import url_for

from publisher.models.departments import DepartmentChange, DepartmentChangeKind
from publisher.operations.departments.open_items import OpenKind, OpenThing
from publisher.people.department_orders import BadDepartment
from web.icons import N_
from web.wording.names import department_name
from web.wording.problems import shown
from web.words import _, page_language

KINDS: Mapping[str, str] = {
    "department": N_("Department"),
    "ward-office": N_("Ward office"),
    "zone": N_("Zone"),
    "office": N_("Office"),
}

PROBLEMS: Mapping[str, str] = {
    "missing": N_("Fill this in."),
    "too_long": N_("This is too long; at most %(longest)s characters fit."),
    "unreadable": N_("This cannot be right. Check the spelling."),
    "code.unreadable": N_("Write small Latin letters, digits and hyphens, such as water-supply."),
    "code.taken": N_("Another department has this code. Choose another."),
    "taken": N_("Another department in force bears this name."),
    "name_mr.same": N_("This is its name already."),
    "other_id.same": N_("It stands there already."),
    "other_id.unknown": N_("Choose a department from the list."),
    "other_id.itself": N_("A department is not merged into itself. Choose another."),
    "other_id.ring": N_("A department cannot report to itself, nor to one that reports to it."),
    "kind.unknown": N_("Choose from the list."),
    "in_force_on.missing": N_("Write the day from which it holds."),
    "in_force_on.out_of_range": N_("The year must lie between 1950 and 2099."),
    "in_force_on.ended": N_("This department has ended already."),
    "in_force_on.ends_already": N_("Its end is recorded already. Give that up first."),
    "in_force_on.before_beginning": N_("This lies before the day on which it began."),
}

HAPPENED: Mapping[DepartmentChangeKind, str] = {
    DepartmentChangeKind.ADDED: N_("Added"),
    DepartmentChangeKind.RENAMED: N_("Renamed to “%(name)s”, formerly “%(former)s”"),
    DepartmentChangeKind.PLACED: N_("Reports to %(other)s"),
    DepartmentChangeKind.MERGED: N_("Merged into %(other)s"),
    DepartmentChangeKind.CLOSED: N_("Closed"),
}
WAITS: Mapping[DepartmentChangeKind, str] = {
    DepartmentChangeKind.RENAMED: N_("Will be renamed to “%(name)s”"),
    DepartmentChangeKind.PLACED: N_("Will report to %(other)s"),
    DepartmentChangeKind.MERGED: N_("Will be merged into %(other)s"),
    DepartmentChangeKind.CLOSED: N_("Will be closed"),
}

OPEN: Mapping[OpenKind, str] = {
    OpenKind.SUBMISSION: N_("Submission that is not settled"),
    OpenKind.POST: N_("Post that is not settled"),
    OpenKind.ANSWER: N_("Answer that has not left"),
    OpenKind.COMMENT: N_("Comment without an answer"),
    OpenKind.APPOINTMENT: N_("Appointed here, and not moved along"),
    OpenKind.OWN_APPOINTMENT: N_("Your own appointment: somebody else has to do this"),
    OpenKind.NO_PLACE: N_("Has no place in the other department"),
    OpenKind.DEPARTMENT: N_("Reports to this department"),
    OpenKind.ACCOUNT: N_("Social media account of this department"),
    OpenKind.TEMPLATE: N_("Emergency template: give it to another department, or end it"),
}


def department_problem(problem: BadDepartment) -> str:
    """The sentence for it; more specific words stand under "field.code"."""
    words = PROBLEMS.get(f"{problem.field}.{problem.code}") or PROBLEMS.get(problem.code)
    if words is None:
        return _("This cannot be recorded as it stands.")
    return _(words, **shown(problem.values, words))


def kind_word(kind: str) -> str:
    """What a department is: a department, a ward office, a zone or an office."""
    return _(KINDS.get(kind, KINDS["department"]))


def change_sentence(change: DepartmentChange) -> str:
    """What became of a department, or will."""
    words = (WAITS if change.waits else HAPPENED)[change.kind]
    other = department_name(change.other) if change.other else _("no other department")
    return _(words, name=_named(change, "name"), former=former_name(change), other=other)


def former_name(change: DepartmentChange) -> str:
    """What a renamed department was called before."""
    return _named(change, "former")


def _named(change: DepartmentChange, which: str) -> str:
    tongue = page_language()
    return getattr(change, f"{which}_{tongue}", "") or getattr(change, f"{which}_mr")


def open_word(thing: OpenThing) -> str:
    """What a thing is that stands in the way."""
    return _(OPEN[thing.kind])


def open_href(thing: OpenThing) -> str:
    """Where it is settled."""
    match thing.kind:
        case OpenKind.SUBMISSION:
            return url_for("submissions.show", submission_id=thing.id)
        case OpenKind.POST | OpenKind.ANSWER:
            return url_for("posts.show", post_id=thing.id)
        case OpenKind.COMMENT:
            return url_for("inbox.show", comment_id=thing.id)
        case OpenKind.DEPARTMENT:
            return url_for("departments.show", code=thing.code)
        case OpenKind.ACCOUNT:
            return url_for("accounts.index")
        case OpenKind.TEMPLATE:
            return url_for("emergency_templates.show", template_id=thing.id)
        case _:
            return url_for("people.show", person_id=thing.id)
