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
    "not_approved": N_("Exactly this has no approval that counts now."),
    "on_its_way": N_("It is already on its way and can no longer be stopped."),
    "too_soon": N_("It may still appear. You can decide from %(at)s on."),
    "already_answered": N_("This comment has its final answer already."),
    "last_admin": N_("This is the last admin. Record another one first."),
    "own_appointment": N_("Nobody records, changes or ends their own appointment."),
}


def refusal_sentence(refusal: NotAllowed) -> str:
    """The sentence for a refusal."""
    words = REFUSALS.get(refusal.code, N_("This is not possible now."))
    return _(words, **shown(refusal.values, words))
