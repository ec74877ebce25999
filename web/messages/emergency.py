"""Sentences and labels of the emergency lane."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from approvals.emergency import BlankKind
from publisher.emergency.alerts import Trouble
from publisher.models.emergency import EmergencyUse, WordHow
from web.core.i18n import N_, _, page_language

SENTENCES: Mapping[str, str] = {
    "only_letters": N_("Only letters, digits, commas, dots and hyphens; no web address."),
    "not_marathi": N_("Write this in Marathi."),
    "not_english": N_("Write this in English letters."),
    "not_a_number": N_("Write a number, for example 12,500."),
    "not_a_phone": N_("Write a telephone number, for example 020-5550-0108 or 101."),
    "choose": N_("Choose one."),
    "word_name.required": N_("Write the name of the person who told you."),
    "word_post.required": N_("Write their post."),
    "word_at.required": N_("Write when they said so."),
    "not_lately": N_("Give a time in the last 24 hours."),
    "no_account": N_("No account is connected. Publish another way, and tell the admin."),
    "unknown_person": N_("Choose a person from the list."),
    "on_duty_already": N_("This person is already on the roster for a part of this time."),
    "until_day.required": N_("Write until when."),
    "before_begin": N_("The end must be after the start, and later than now."),
    "too_long_duty": N_("A duty period can be at most %(most)s days. Enter two."),
    "name_mr.required": N_("Write the name in Marathi."),
    "name_en.required": N_("Write the name in English."),
    "text_mr.required": N_("Write the Marathi text."),
    "text_en.required": N_("Write the English text."),
    "braces": N_("Write the name of the field without braces."),
    "blank_twice": N_("The field “%(name)s” is here twice."),
    "letters": N_("Write how many letters fit, from 1 to %(most)s."),
    "choice_pairs": N_("Write two lines or more, each as: Marathi | English."),
    "blank_unknown": N_("%(blanks)s is not described below. Describe it, or remove it."),
    "blank_unused": N_("%(blanks)s is missing in this text."),
    "too_long_filled": N_(
        "With the longest values this takes %(found)s of %(most)s on %(platform)s. Shorten the "
        "text, or allow fewer letters."
    ),
}

REFUSALS: Mapping[str, str] = {
    "not_on_duty": N_("You are not on the duty roster now, so you cannot publish in an emergency."),
    "own_duty": N_("Nobody may put themselves on the duty roster, or take themselves off it."),
    "duty_needs_another": N_(
        "The one who proposed a duty cannot approve it, nor can anyone whose appointment they "
        "recorded. Another admin or lead must approve it."
    ),
    "what_leaves_changed": N_(
        "The warning has changed since you looked, for example because an account was connected "
        "or paused. Nothing was published. Check it again, then publish."
    ),
}

KINDS: Mapping[BlankKind, str] = {
    BlankKind.PLACE: N_("Place, in both languages"),
    BlankKind.DATE: N_("Date"),
    BlankKind.TIME: N_("Time of day"),
    BlankKind.NUMBER: N_("Number"),
    BlankKind.HELPLINE: N_("Telephone number"),
    BlankKind.CHOICE: N_("Choice from a list"),
}

HOWS: Mapping[WordHow, str] = {
    WordHow.PHONE: N_("By telephone"),
    WordHow.IN_PERSON: N_("In person"),
    WordHow.LETTER: N_("By letter"),
    WordHow.RADIO: N_("By radio"),
}

TROUBLES: Mapping[str, str] = {
    Trouble.FAILED: N_("Publishing failed."),
    Trouble.HELD: N_("The post may have been published; it is on hold for a decision."),
    Trouble.MISSED: N_("The time passed, and it was not sent."),
    Trouble.WAITING: N_(
        "Not published yet: publishing is stopped, the account is paused, or the publishing "
        "service is down."
    ),
    Trouble.CREDITS: N_("Not published: the platform’s credits are used up. Publish it by hand."),
}

BLANKS: Mapping[str, str] = {
    "place": N_("Place"),
    "date": N_("Date"),
    "time": N_("Time"),
    "level": N_("Level"),
    "helpline": N_("Helpline"),
    "dam": N_("Dam"),
    "discharge": N_("Discharge in cusecs"),
    "reason": N_("Reason"),
    "day": N_("Day"),
    "advice": N_("What people should do"),
    "what": N_("What collapsed"),
}
"""Labels of the blanks in the templates shipped with the product."""


def blank_word(name: str) -> str:
    """Return the label of a blank; its own name if it has none."""
    return _(BLANKS[name]) if name in BLANKS else name


def kind_word(kind: str) -> str:
    """Return the label of a kind of blank."""
    return _(KINDS[BlankKind(kind)])


def channel_word(how: str) -> str:
    """Return how an authorisation was received."""
    return _(HOWS[WordHow(how)])


def trouble_word(trouble: str) -> str:
    """Return what has gone wrong with an urgent delivery."""
    return _(TROUBLES[trouble])


def values_words(use: EmergencyUse) -> str:
    """Return the values of the blanks, joined, in the language of the page."""
    blanks = use.said["en" if page_language() == "en" else "mr"]
    return ", ".join(blanks.values())


FILTERS: Mapping[str, Callable[..., str]] = {
    "lane_blank": blank_word,
    "lane_how": channel_word,
    "lane_kind": kind_word,
    "lane_trouble": trouble_word,
    "lane_values": values_words,
}
