"""Sentences about lists of transfers, and about handing work over."""

from __future__ import annotations

from collections.abc import Mapping

from publisher.models.transfers import TransferList
from publisher.transfers import lists
from web.core.context import ctx
from web.core.i18n import N_, _

SENTENCES: Mapping[str, str] = {
    "transfers_past": N_("This day is past. Write today or a later day."),
    "transfers_too_far": N_("Write a day within a year from today."),
    "transfers_none": N_("Write at least one person, in the rows or as a pasted list."),
    "transfers_unreadable": N_(
        "This is not a list. Write one person a line, with columns from a spreadsheet or commas."
    ),
    "transfers_too_many": N_("At most %(most)s people fit on one list. Divide it."),
    "transfer_person_unknown": N_(
        "No officer, head or member has this name, email address or mobile number. Check it, or "
        "record the person first."
    ),
    "transfer_person_unclear": N_(
        "Several appointments match. Write the mobile number and the department that the person "
        "leaves."
    ),
    "transfer_not_there": N_("This person has no appointment in this department."),
    "transfer_department_unknown": N_(
        "No department in force on that day has this name or code. Choose one from the list."
    ),
    "transfer_role_unknown": N_("Choose officer, head or member."),
    "transfer_rank_unknown": N_("Officers are first or second."),
    "transfer_rank_of_officers": N_("Only officers are first or second."),
    "transfer_twice": N_("This person is on the list twice. Leave one row."),
    "transfer_on_another_list": N_(
        "Another list that is not in force yet moves this person. Cancel that list first."
    ),
    "transfer_own": N_("You cannot move yourself. Another admin or lead prepares this."),
    "transfer_access_closed": N_("This person’s access is closed. Open it first."),
    "transfer_not_in_office": N_("This person does not hold this office on that day."),
    "transfer_unconfirmed": N_(
        "This person’s appointment waits for confirmation. Have it confirmed first."
    ),
    "transfer_contact_changed": N_(
        "This person’s email address or mobile number has changed since the confirmation. Cancel "
        "the list and prepare it again."
    ),
    "transfer_department_closed": N_("This department is closed on that day. Choose another."),
    "transfer_changes_nothing": N_("This person already has this office there."),
    "transfer_has_it_already": N_("This person already has this office there, beside the present."),
    "transfer_head_exists": N_(
        "The department has a head on that day. Move that head by the same list, or end that "
        "appointment first."
    ),
    "transfer_two_officers": N_(
        "The department has two officers on that day. Move one by the same list, or end an "
        "appointment first."
    ),
    "transfer_rank_taken": N_("This place is taken on that day. Choose the other or a free place."),
    "transfer_last_officer": N_(
        "This is the department’s last officer, and open comments would be with nobody: "
        "%(count)s. Let another officer come by the same list, or hand the comments over first."
    ),
    "hand_over_to_whom": N_("Choose who continues with the work."),
}

REFUSALS: Mapping[str, str] = {
    "transfers_changed": N_("The list, or a person on it, has changed since. Check it again."),
    "transfers_too_late": N_(
        "This list was not confirmed by its day, so nobody moves. Prepare a new list."
    ),
    "comments_left": N_(
        "This is the department’s last officer, and open comments would be with nobody: "
        "%(count)s. Hand them over first, or record another officer."
    ),
}


def list_state(transfer_list: TransferList) -> str:
    """Return the state of a list in words."""
    if transfer_list.done_at is not None:
        return _("Carried out")
    if transfer_list.dropped_at is not None:
        return _("Cancelled")
    if lists.is_late(transfer_list, now=ctx.now()):
        return _("Not confirmed by its day; nobody moved")
    if transfer_list.confirmed_at is None:
        return _("Waits for a second person")
    if transfer_list.hindered_at is not None:
        return _("Confirmed, but something prevents it")
    return _("Confirmed; takes effect on its day")
