"""Labels of a submission's fields, sentences about its files, and file sizes and lengths."""

from __future__ import annotations

from collections.abc import Mapping

from publisher.i18n.languages import digits
from web.core.i18n import N_, _, page_language

FIELD_LABELS: Mapping[str, str] = {
    "kind": N_("Kind"),
    "title": N_("Title"),
    "text_mr": N_("Marathi text"),
    "text_en": N_("English text"),
    "text_hi": N_("Hindi text"),
    "link": N_("Link"),
    "wished_at": N_("Requested publishing time"),
    "useful_until": N_("Useful until"),
    "event_on": N_("Day of the event"),
    "event_until_on": N_("Last day of the event"),
    "event_place": N_("Place of the event"),
    "wards": N_("Ward offices concerned"),
    "priority": N_("Priority"),
    "urgent_reason": N_("Why it is urgent"),
    "outward_number": N_("Outward number"),
    "inward_number": N_("Inward number"),
    "brought_by": N_("Brought by"),
    "files": N_("Photos and files"),
}

# By the code of a field error; "field.code" takes precedence, see `field_errors.problem_sentence`.
SENTENCES: Mapping[str, str] = {
    "question.required": N_("Write what is missing."),
    "answer.required": N_("Write the answer."),
    "note.required": N_("Write the note."),
    "urgent_reason.required": N_("Write why it cannot wait."),
    "before_event": N_("The last day must be after the first day."),
    "first_day_missing": N_("Write the first day as well."),
    "unknown_ward": N_("Choose ward offices from the list."),
    "itself": N_("This is the number of this very submission. Write the other one’s."),
    "merged_itself": N_("That submission was itself merged. Use its number: %(into)s."),
    "has_ended": N_("%(number)s was declined or withdrawn. Nothing can be merged into it."),
    "same_file_twice": N_("“%(name)s” is already here. It was not added a second time."),
    "too_many_chosen_files": N_(
        "%(found)s files were chosen, but at most %(most)s can be added, four of them photos. "
        "None was added: choose the best ones."
    ),
    "moving_alone": N_(
        "An animated GIF is shown only by itself. Remove the other photos, or this one."
    ),
    "quota": N_(
        "“%(name)s” was not added: each person may send %(most_files)s files of %(most)s MB "
        "together in one day. Continue tomorrow, or ask the Cell to record it."
    ),
    "unsupported_type.tiff": N_(
        "“%(name)s” is a TIFF, as scanners and cameras make it, and cannot be shown in a "
        "post. Open it, save it as JPEG, and choose that."
    ),
    "unsupported_type.zip": N_(
        "“%(name)s” is a packed folder or an office document. Unpack it, or save it as PDF, and "
        "choose that."
    ),
    "unsupported_type.office": N_(
        "“%(name)s” is an office document. Copy its text into the form, or save it as PDF."
    ),
    "name_and_content_differ.docx": N_(
        "“%(name)s” is damaged, or is not a Word document. Save it as DOCX or PDF again, then "
        "choose it."
    ),
    "infected": N_("“%(name)s” contains a virus (%(virus)s) and was not added."),
    "unpacks_too_large": N_(
        "“%(name)s” is refused: unpacked it is larger than %(most)s MB. Save it as PDF, and "
        "choose that."
    ),
}


def field_label(field: str) -> str:
    """Return the label of a submission's field."""
    return _(FIELD_LABELS[field]) if field in FIELD_LABELS else field


def file_size(size: int) -> str:
    """Format a size in bytes: kB below a megabyte, else MB with one decimal."""
    language = page_language()
    if size < 1_000_000:
        return _("%(number)s kB", number=digits(str(max(1, round(size / 1000))), language))
    return _("%(number)s MB", number=digits(f"{size / 1_000_000:.1f}", language))


def video_duration(seconds: int) -> str:
    """Format a video's length in seconds as minutes and seconds."""
    minutes, remaining_seconds = divmod(seconds, 60)
    language = page_language()
    if not minutes:
        return _("%(seconds)s s", seconds=digits(str(remaining_seconds), language))
    values = {
        "minutes": digits(str(minutes), language),
        "seconds": digits(str(remaining_seconds), language),
    }
    return _("%(minutes)s min %(seconds)s s", **values)
