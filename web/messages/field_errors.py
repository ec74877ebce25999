"""Sentences for field errors of forms, and of people and departments that are recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time

from publisher.auth.contact_details import BadPerson
from publisher.i18n import dates
from publisher.i18n.languages import number
from publisher.models.people import Department
from publisher.people.department_orders import BadDepartment
from publisher.validation import FieldError
from web.core.context import ctx
from web.core.i18n import N_, _, page_language
from web.messages import nominations
from web.messages.emergency import SENTENCES as EMERGENCY_SENTENCES
from web.messages.intake import SENTENCES
from web.messages.names import department_name, platform_word
from web.messages.transfers import SENTENCES as TRANSFER_SENTENCES

FIELD_ERRORS: Mapping[str, str] = {
    **EMERGENCY_SENTENCES,
    **SENTENCES,
    **nominations.FIELDS,
    **TRANSFER_SENTENCES,
    "away_already": N_("This person is already recorded as away on one of these days."),
    "away_past": N_("Write today or a later day."),
    "until_on.required": N_("Write the last day."),
    "too_long_away": N_(
        "Write at most a year. Anyone who is away for longer is replaced in office."
    ),
    "required": N_("Fill this in."),
    "kind.required": N_("Choose the kind of information."),
    "title.required": N_("Write the title."),
    "reason.required": N_("Write the reason."),
    "brought_by.required": N_("Write who brought it or phoned it in."),
    "too_long": N_("This is too long: %(found)s characters; at most %(most)s fit."),
    "past": N_("This time has passed. Choose a later one."),
    "variants.required": N_("Write the text for at least one account."),
    "not_a_link": N_("Write the whole web address, beginning with https://."),
    "link": N_("Write the whole web address, beginning with https://."),
    "unreadable": N_("This form could not be read. Open it again; your text is saved."),
    "in_doubt": N_(
        "Not released. Posts of the restored backup that may already be published or were not "
        "checked yet: %(total)s. Wait until the system has checked them, or tick that you know of "
        "them."
    ),
    "used": N_("This form was already submitted."),
    "control_character": N_(
        "Line %(line)s has an invisible control character (%(character)s). Delete it."
    ),
    "bidirectional_override": N_(
        "Line %(line)s has an invisible mark that changes the writing direction (%(character)s). "
        "Delete it."
    ),
    "lone_surrogate": N_("Line %(line)s has a broken character. Type it again."),
    "noncharacter": N_("Line %(line)s has a broken character. Type it again."),
    "clash": N_(
        "“%(title)s” is published on this account at %(due_at)s. Choose another time, or confirm "
        "this one."
    ),
    "in_quiet_time": N_(
        "This is in hours that the Cell asks you to avoid. Choose another time, or keep it below."
    ),
    "in_freeze": N_(
        "At this time posts are frozen until %(until)s (%(reason)s), and nothing is published. "
        "Choose another time, or keep it below."
    ),
    "quiet_now": N_("These are hours to avoid. To publish anyway, tick “Keep these times anyway”."),
    "scheduled_meanwhile": N_(
        "Someone has changed the time since this page was opened, to %(due_at)s. Check it again."
    ),
    "changed_meanwhile": N_("This text has changed since the page was opened. Check it again."),
    "before_window": N_(
        "This post may be published only from %(not_before)s. Choose a later time."
    ),
    "after_window": N_(
        "This post may be published only until %(not_after)s. Choose an earlier time."
    ),
    "limit": N_("Write a number of minutes from 1 to %(most)s."),
    "on_its_way": N_("The post is already published, or may be."),
    "not_approved": N_("The newest revision of the post is no longer approved."),
    "no_time_to_shift": N_(
        "This post has no time yet. Choose the next good times, or one date and time."
    ),
    "stays_with_another": N_("Another text of this post cannot move, so this one stays too."),
    "no_slot": N_("No good time is free for the post. Choose a time yourself."),
    "none_chosen": N_("Choose at least one post."),
    "too_many_ticked": N_("At most %(most)s can be ticked at once."),
    "too_many_chosen": N_("At most %(most)s can be moved at once."),
    "amount": N_("Write a whole number other than 0, at most %(most)s."),
    "same_time": N_("Choose another end than the start."),
    "unknown_day": N_("Choose from the list."),
    "weekdays.required": N_("Choose at least one day."),
    "other_post": N_("This link belongs to another post."),
    "link_not_given": N_(
        "The text is published there, and its link was never given, so it cannot be corrected "
        "from here. Remove this text."
    ),
    "edit_keeps_pictures": N_(
        "Only words can be corrected on this platform. Leave the photos as they are, or first "
        "order the deletion of what is published there."
    ),
    "edit_keeps_link": N_(
        "The link’s card stays on this platform as it is. Leave the link, or first order the "
        "deletion of what is published there."
    ),
    "nothing_changed": N_("This would change nothing. Write what must be corrected."),
    "nothing_chosen": N_("Choose at least one of them."),
    "other_platform": N_("This link does not lead to the platform of this account."),
    "other_account": N_("This link leads to another account, not to ours."),
    "names_no_post": N_(
        "This link does not name the post. Open the post itself on our account and copy the "
        "address of its own page."
    ),
    "names_no_answer": N_(
        "This link does not name the answer. Open the answer itself and copy its address."
    ),
    "not_there": N_("The platform shows nothing under this link. Check it."),
    "not_found_there": N_(
        "The approved text was not found on the account. Compare it with your post, or wait a "
        "moment and try again."
    ),
    "not_public": N_("What is there is not public yet. Publish it there first."),
    "other_target": N_("What is there does not answer the right comment."),
    "other_text": N_(
        "What is there is not the approved text. Correct it there, or delete it and post the "
        "approved text."
    ),
    "other_pictures": N_(
        "There are %(found)s photos there, but %(most)s were approved. Post it with exactly those."
    ),
    "before_beginning": N_("The end must be after the start."),
    "unknown_department": N_("Choose a department from the list."),
    "closed": N_("This department is closed. Choose another."),
    "no_text": N_("Write the text in at least one language."),
    "before_wished": N_("‘Useful until’ must be later than the requested publishing time."),
    "before_not_before": N_("The end must be after the start."),
    "nothing_ticked": N_("Tick whose appointment you confirm."),
    "chosen.too_many": N_("At most %(most)s appointments can be confirmed at once."),
    "too_many_views": N_("You can save at most %(most)s views. Remove one first."),
    "too_many_files": N_("You can submit at most %(most)s files at once."),
    "too_many_texts": N_("You can save at most %(most)s texts. Remove one first."),
    "too_many_pictures": N_("A post can have at most %(most)s photos. Remove some."),
    "too_long_with_link": N_(
        "With the link this is too long: %(found)s of %(most)s. Shorten the text or remove the "
        "link."
    ),
    "same_picture_twice": N_("The same photo was added twice. Remove one."),
    "picture_missing": N_("This photo is no longer stored. Choose it again."),
    "picture_changed": N_("The stored photo has changed. Choose it again."),
    "no_office": N_("The sender holds no office in this department. Choose another."),
    "mail_gone": N_("This email is no longer stored, so it cannot be taken in."),
    "store_away": N_(
        "“%(name)s” could not be saved: the server cannot store files at the moment. Your text is "
        "in the form. Try again later; tell the admin if it lasts."
    ),
    "unknown_account": N_("This account is not connected. Choose another."),
    "disconnected": N_("The account %(account)s is no longer connected. Remove its texts."),
    "account_not_open": N_("This account is reserved for other departments. Remove this text."),
    "daily_cap.out_of_range": N_("Write a number from %(least)s to %(most)s, or leave it empty."),
    "twice": N_("There are two texts in this language for the account. Remove one."),
    "blank_left": N_("Fill in these fields: %(blanks)s."),
    "part.required": N_("Choose the type of text."),
    "name.required": N_("Write a name."),
    "number.required": N_("Write the acknowledgement number."),
    "unknown_number": N_("There is no submission %(number)s. Check the number."),
    "joined_already": N_("The post is already based on %(number)s."),
    "not_open": N_("%(number)s was declined, merged, withdrawn or returned. Choose another."),
    "last_of_owner": N_("%(number)s stays: the post belongs to its department."),
    "only_here": N_("%(number)s has no other post. Make one from it first, then remove it here."),
    "post_withdrawn": N_("The post is withdrawn. Start another one."),
    "date_missing": N_("Write the date as well."),
    "date_unreadable": N_("Write a day, for example “tomorrow”, “Monday” or 27/11/2026."),
    "date_does_not_exist": N_("This day does not exist. Check day and month."),
    "date_out_of_range": N_("The year must be between 2000 and 2099."),
    "date_other_weekday": N_("This date is another day of the week: %(day)s. Correct one of them."),
    "moment_unreadable": N_("Write day and time, for example “tomorrow 10” or “27/11/2026 6 pm”."),
    "time_missing": N_("Write the time as well."),
    "time_unreadable": N_("Write the time as hours and minutes, for example 17:30."),
    "time_does_not_exist": N_("This time does not exist. Check hours and minutes."),
    "time_ambiguous": N_("Which of the two is meant? Write “%(first)s” or “%(second)s”."),
    "understood_as": N_("Understood: %(at)s. If this is right, send the form again."),
    "empty": N_("“%(name)s” is empty. Choose the file again."),
    "unsupported_type": N_(
        "“%(name)s” is of a kind that cannot be used. Photos: save as JPEG or PNG."
    ),
    "name_and_content_differ": N_(
        "“%(name)s” is not what its name says. Save the photo again as JPEG or PNG."
    ),
    "not_a_picture": N_("“%(name)s” is not a photo. Save it as JPEG or PNG and choose it again."),
    "too_many_bytes": N_("“%(name)s” is too large. Choose a smaller one."),
    "too_many_pixels": N_("“%(name)s” has too many pixels. Make the photo smaller first."),
    "truncated": N_("“%(name)s” is damaged or incomplete. Copy it from the camera again."),
}


def problem_sentence(error: FieldError) -> str:
    """Return the sentence for a field error: the first of three keys that has one."""
    code = error.code
    keys = (f"{error.field}.{code}", f"{code}.{error.values.get('found')}", code)
    unknown = N_("This form cannot be saved. Check the details.")
    return sentence_by_code(FIELD_ERRORS, keys, error.values, unknown=unknown)


def sentence_by_code(
    catalogue: Mapping[str, str], keys: Sequence[str], values: Mapping[str, object], *, unknown: str
) -> str:
    """Return the sentence of the first key that the catalogue has, or that for unknown keys."""
    sentence = next((catalogue[key] for key in keys if key in catalogue), unknown)
    return fill_sentence(sentence, values)


def fill_sentence(sentence: str, values: Mapping[str, object]) -> str:
    """Return the sentence with the values as text of the page; missing ones are empty."""
    texts = {
        name: platform_word(str(value)) if name == "platform" else _localize_value(value)
        for name, value in values.items()
    }
    names = (
        *("found", "most", "line", "character", "title", "due_at", "name", "account", "count"),
        "virus",
    )
    return _(sentence, **{**dict.fromkeys(names, ""), **texts})


def _localize_value(value: object) -> str:
    language = page_language()
    if isinstance(value, datetime):
        return dates.moment(value, language, now=ctx.now())
    if isinstance(value, time):
        return dates.time_of_day(value, language)
    if isinstance(value, date):
        return dates.full_date(value, language)
    if isinstance(value, int):
        return number(value, language)
    return department_name(value) if isinstance(value, Department) else str(value)


RECORDING: Mapping[str, str] = {
    "missing": N_("Fill this in."),
    "too_long": N_("This is too long; at most %(longest)s characters fit."),
    "unreadable": N_("This cannot be right. Check the spelling."),
    "name_mr.missing": N_("Write the name in Marathi."),
    "mobile.unreadable": N_("This is not a mobile number. Write ten digits."),
    "mobile.landline": N_("This is not a mobile number. Write ten digits."),
    "mail.missing": N_("Write an email address or a mobile number: the invitation is sent there."),
    "removed_lately": N_(
        "An address or number was removed within the last 72 hours. Wait until these are over, or "
        "ask the person to change it in their own profile."
    ),
    "mail.no_sms": N_("SMS is not set up for invitations. Write an email address."),
    "mail.no_sms_text": N_(
        "SMS is set up, but no SMS text is registered for invitations. Write an email address."
    ),
    "disabled": N_("This person’s access is closed. Open it first."),
    "empty": N_("Fill this in."),
    "same": N_("This is already recorded."),
    "mail.has_password": N_("This person already has a password and signs in with it."),
    "owners_alone": N_(
        "This person already signs in, and adds an address or number in their own profile. Leave "
        "this empty."
    ),
    "mail.shared": N_(
        "This is the shared address of %(name)s, not a person’s own. Write another address."
    ),
    "mail.only_channel": N_(
        "This is the only way to reach %(name)s. Record another email address or mobile number of "
        "theirs first."
    ),
    "mail.another_person": N_("This email address belongs to %(name)s."),
    "just_recorded": N_("Someone else recorded this a moment ago. Search for it in People."),
    "last_channel": N_("This is the only way to reach this person. Write another one first."),
    "mobile.another_person": N_("This mobile number belongs to %(name)s."),
    "name_mr.differs": N_(
        "The address or number belongs to %(name)s. If it is the same person, write the name in "
        "the same way; if not, write another address and number."
    ),
    "differs": N_("%(name)s is recorded with another one. Leave this empty, or correct it."),
    "unknown_name": N_(
        "No department has this code or name. Write it as in the list of departments."
    ),
    "department_id.unknown": N_("Choose a department from the list."),
    "department_id.closed": N_("This department is closed. Choose another."),
    "role.missing": N_("Choose the role."),
    "sure.missing": N_(
        "An admin appoints and dismisses everyone, closes accesses, and connects the accounts. "
        "Tick to confirm that you want this."
    ),
    "role.no_appointment": N_("This person has no appointment. Record one first."),
    "role.already_appointed": N_("This person already has this appointment."),
    "role.head_exists": N_("The department already has a head. End that appointment first."),
    "role.two_officers": N_(
        "The department already has two officers. End one of these appointments first."
    ),
    "rank.only_officers": N_("Only officers are first or second."),
    "rank.taken": N_("This place is taken."),
    "rank.unknown": N_("Officers are first or second."),
    "code.unreadable": N_("Write small Latin letters, digits and hyphens, such as water-supply."),
    "code.taken": N_("Another department has this code. Choose another."),
    "taken": N_("Another department in force has this name."),
    "name_mr.same": N_("This is already its name."),
    "other_id.same": N_("It already reports to that department."),
    "other_id.unknown": N_("Choose a department from the list."),
    "other_id.itself": N_("A department cannot be merged into itself. Choose another."),
    "other_id.ring": N_("A department cannot report to itself, nor to one that reports to it."),
    "kind.unknown": N_("Choose from the list."),
    "in_force_on.missing": N_("Write the day from which it is valid."),
    "in_force_on.out_of_range": N_("The year must be between 1950 and 2099."),
    "in_force_on.ended": N_("This department has already ended."),
    "in_force_on.ends_already": N_(
        "The end of this department is already recorded. Cancel that first."
    ),
    "in_force_on.before_beginning": N_("This is before the day on which it began."),
}


def recording_problem(problem: BadPerson | BadDepartment) -> str:
    """Return what is wrong with a person or a department: by field and code, or by code."""
    keys = (f"{problem.field}.{problem.code}", problem.code)
    unknown = N_("This cannot be saved. Check the details.")
    return sentence_by_code(RECORDING, keys, problem.values, unknown=unknown)
