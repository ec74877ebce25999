"""Why an act was refused, in a sentence that says what is true and what to do."""

from __future__ import annotations

from collections.abc import Mapping

from approvals.errors import NotAllowed
from web.icons import N_
from web.wording.problems import shown
from web.words import _

REFUSALS: Mapping[str, str] = {
    "wrong_state": N_("This has moved on meanwhile. Look at how it stands now."),
    "overtaken": N_("Somebody else acted a moment before you. Look at how it stands now."),
    "wrong_role": N_("Your appointment does not allow this."),
    "fresh_sign_in_required": N_("This step asks for your password once more."),
    "four_eyes_required": N_("You cannot approve a revision that you wrote yourself."),
    "stale_revision": N_(
        "You are looking at revision %(seen)s; revision %(newest)s is newer. Look at the newer one."
    ),
    "acts_under_another": N_(
        "This page was opened under another appointment than the one you work under now. Nothing "
        "was recorded. Look under which one you decide, then press again."
    ),
    "not_approved": N_("Exactly this has no approval that counts now."),
    "on_its_way": N_("It is already on its way and can no longer be stopped."),
    "drafting_begun": N_(
        "The cell has begun to draft from it, so it can no longer be changed here. Write a note to "
        "the cell, or ring it."
    ),
    "too_soon": N_("It may still appear. You can decide from %(at)s on."),
    "plan_changed": N_("Something has changed meanwhile. Look once more at what would move."),
    "link_gone": N_(
        "This mail held a link for one use, which is not kept. "
        "Send a new one from the person’s page."
    ),
    "access_closed": N_("This person’s access is closed. Open it first."),
    "already_answered": N_("This comment has its final answer already."),
    "last_admin": N_("This is the last admin. Record another one first."),
    "own_appointment": N_("Nobody records, changes or ends their own appointment."),
}


def refusal_sentence(refusal: NotAllowed) -> str:
    """The sentence for a refusal."""
    words = REFUSALS.get(refusal.code, N_("This is not possible now."))
    return _(words, **shown(refusal.values, words))
