"""Sentences for refused actions: each says what the state is and what to do."""

from __future__ import annotations

from collections.abc import Mapping

from approvals.errors import NotAllowed
from web.core.i18n import N_
from web.messages import emergency, nominations, transfers
from web.messages.field_errors import sentence_by_code

MAY_BE_LIVE = N_(
    "An earlier revision may be published on this account; nobody knows yet. Decide about that "
    "first, or remove this text."
)
REFUSALS: Mapping[str, str] = {
    **emergency.REFUSALS,
    **nominations.REFUSALS,
    **transfers.REFUSALS,
    "wrong_state": N_("This has already been dealt with. See the current status."),
    "rows_refused": N_(
        "Rows of the file cannot be recorded (%(count)s). Correct them, or tick that they are left "
        "out."
    ),
    "file_plan_changed": N_(
        "What the file will change is different since you opened the page. Check it again."
    ),
    "not_proven": N_("Too much time has passed. Show again that it is you, then decide."),
    "not_proven.no_factor": N_(
        "You have signed in without a second factor, which your appointment needs to decide."
    ),
    "photos_unshown": N_(
        "The photos cannot be shown at the moment, so nothing was approved. Try again in a few "
        "minutes."
    ),
    "photos_unshown.lost": N_(
        "The file of a photo is missing or damaged, so this cannot be approved. Return it, so that "
        "the Cell chooses the photo again."
    ),
    "overtaken": N_("Someone else acted a moment before you. See the current status."),
    "wrong_role": N_("Your appointment does not allow this."),
    "head_not_yet": N_(
        "An officer of your department decides about this. You may as its head from %(from_at)s, "
        "if nobody has decided, or while no officer can."
    ),
    "head_not_yet.never": N_(
        "An officer of your department decides about this. You may as its head while no officer "
        "can."
    ),
    "fresh_sign_in_required": N_("This step asks for your password again."),
    "fresh_factor_required": N_("This step asks for your password and the code of your app."),
    "second_person_required": N_(
        "Another admin or Cell lead, or the person’s head, must do this too: not you, and nobody "
        "whose appointment the first one recorded. For an admin or a Cell lead, one of the two "
        "must be an admin."
    ),
    "may_not_vouch": N_(
        "A code is read out by another person on duty, the Cell’s lead or an admin, who has "
        "signed in with a second factor."
    ),
    "factor_not_proven": N_(
        "Your password was last set by a link sent by email, which anybody can do who reads your "
        "email. Set the password again by a code to the mobile number that you already had, "
        "or ask two admins or Cell leads, or one of them and your head, to let you set up the code."
    ),
    "four_eyes_required": N_("You cannot approve a revision that you wrote yourself."),
    "rests_on_writer": N_(
        "You cannot approve this revision: the person who wrote it confirmed your appointment, "
        "recorded the one who did, or gave you another email address or mobile number. Another "
        "officer must decide, or another person of the Cell must save the text."
    ),
    "stale_revision": N_(
        "You are looking at revision %(seen)s; revision %(newest)s is newer. See the newer one."
    ),
    "acts_under_another": N_(
        "This page was opened under another appointment. Nothing was recorded. Check your "
        "appointment, then press again."
    ),
    "not_approved": N_("This exact text has no valid approval."),
    "on_its_way": N_("This post is already being published and can no longer be stopped."),
    "on_its_way.published": N_(
        "The post is already published and can no longer be stopped. It can be withdrawn or "
        "corrected."
    ),
    "drafting_begun": N_(
        "The Cell has started to draft from this submission, so you can no longer change it here. "
        "Write a note to the Cell, or phone it."
    ),
    "too_soon": N_("The post may still appear. You can decide from %(at)s."),
    "plan_changed": N_("Something has changed since. Check again what would move."),
    "link_gone": N_(
        "This email had a one-time link, which is not stored. Send a new one from the person’s "
        "page."
    ),
    "access_closed": N_("This person’s access is closed. Open it first."),
    "address_shared": N_(
        "This person’s email address now belongs to a department. Record another one."
    ),
    "account_not_open": N_(
        "The account %(account)s is reserved for other departments. Remove this text, or choose "
        "another account."
    ),
    "out_already": N_(
        "An earlier revision has since been published on this account. Write a correction of it: "
        "this text would appear beside it."
    ),
    "taken_meanwhile": N_(
        "Someone else took it or gave it back just now. This page shows whose it is."
    ),
    "corrects_nothing": N_(
        "The post that this corrects is no longer on its platform. Write a new revision of it."
    ),
    "may_be_live": MAY_BE_LIVE,
    "already_ordered": N_("The same was already ordered (%(at)s), and is being carried out."),
    "not_under_ours": N_(
        "The comment is under no published post of ours, so only its author or the platform can "
        "hide it."
    ),
    "hidden_already": N_("Already done. See the current status."),
    "already_answered": N_("This comment has its final answer already."),
    "comment_edited": N_(
        "The citizen edited this comment while you were writing. Read it again before you answer."
    ),
    "last_admin": N_("This is the last admin. Record another one first."),
    "released_already": N_("This stop was already released."),
    "freeze_over": N_("This freeze is already over or lifted."),
    "stopped": N_("All publishing is stopped. Do not post by hand either."),
    "frozen": N_("This is inside a freeze. Do not post by hand either."),
    "may_not_confirm": N_(
        "You cannot confirm %(name)s. You or a person close to you wrote in this appointment: "
        "whose own appointment you recorded, who recorded yours, or who was recorded by the same "
        "person. Whose confirmation was stopped does not confirm it again either. Ask the head, or "
        "another admin or lead."
    ),
    "may_not_second": N_(
        "You cannot agree to this. Another admin or lead must agree: not the one who asked, nor "
        "anyone whose appointment that one recorded."
    ),
    "changed_since_shown": N_("What is recorded about %(name)s has changed since. Check it again."),
    "not_told_any_more": N_(
        "This link was for the head, the other officer, the oversight or an admin. You no longer "
        "have any of these offices."
    ),
    "nothing_to_undo": N_("There is nothing to undo here. See the current status."),
    "not_own_act": N_("Only the person who did this can undo it."),
    "undo_too_late": N_("Too late to undo: the time for that is over. See the current status."),
    "done_further": N_(
        "Too late to undo: someone has continued with this since. See the current status."
    ),
    "done_further.undone": N_("This has been undone already."),
    "done_further.transfer": N_("Too late to undo: it has been transferred again meanwhile."),
    "done_further.close": N_("Too late to undo: it has been closed meanwhile."),
    "done_further.reopen": N_("Too late to undo: it has been opened again meanwhile."),
    "done_further.answer": N_("Too late to undo: it is being answered."),
    "done_further.reschedule": N_("Too late to undo: it has a time again."),
    "own_appointment": N_("You cannot record, change or end your own appointment."),
}


def refusal_sentence(refusal: NotAllowed) -> str:
    """Return the sentence for a refusal."""
    detail = refusal.values.get("state", refusal.values.get("done"))
    keys = (f"{refusal.code}.{detail}", refusal.code)
    unknown = N_("This is not possible at the moment.")
    return sentence_by_code(REFUSALS, keys, refusal.values, unknown=unknown)
