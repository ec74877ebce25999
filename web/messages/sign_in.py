"""Sentences for refused sign-ins, codes and passwords."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from math import ceil

from publisher.auth.passwords import BadPassword
from publisher.auth.refusals import SignInProblem, SignInRefusal
from publisher.auth.session_start import SignInMethod
from publisher.models.people import SignIn
from publisher.people.contact_verification import ContactCodeProblem
from web.core.context import ctx
from web.core.i18n import N_, _
from web.messages.field_errors import fill_sentence

SIGN_IN: Mapping[SignInProblem, str] = {
    SignInProblem.WRONG: N_(
        "Email address, mobile number or password is not right. Check and try again."
    ),
    SignInProblem.THROTTLED: N_(
        "Too many tries in a short time. You can try again from %(until)s."
    ),
    SignInProblem.BUSY: N_(
        "Too many wrong tries came from this network. You can try again in %(seconds)s seconds."
    ),
    SignInProblem.TOO_EARLY: N_("The code can be typed in %(seconds)s seconds."),
    SignInProblem.WRONG_CODE: N_(
        "This code is not right or has expired. If none has come, sign in again."
    ),
    SignInProblem.WRONG_FACTOR: N_(
        "This code is not right, or was already used. Type the next code that the app shows."
    ),
    SignInProblem.WRONG_PASSKEY: N_("The passkey was not accepted. Try again, or use another way."),
    SignInProblem.TOO_LATE: N_("Too much time has passed. Sign in again."),
    SignInProblem.DISABLED: N_("This access is closed. Ask the Cell."),
    SignInProblem.WAITS: N_(
        "Another person than the one who recorded your appointment must confirm it: the head of "
        "your department, the head above, an admin or the Cell’s lead. Your password is set; sign "
        "in with it once they have confirmed."
    ),
    SignInProblem.NO_APPOINTMENT: N_(
        "You have no appointment at present, so there is no work for you here. Ask the Cell."
    ),
}
PASSWORD: Mapping[str, str] = {
    "too_short": N_("Take at least %(shortest)s characters."),
    "too_long": N_("Take at most %(longest)s characters."),
    "contact": N_(
        "Do not use an email address or phone number as a password. Combine a few words."
    ),
    "common": N_("Many people use this password. Combine a few words of your own."),
    "context": N_("Names, numbers and the city are easily guessed. Combine other words."),
}

METHODS: Mapping[SignInMethod, str] = {
    SignInMethod.PASSWORD: N_("by password"),
    SignInMethod.CODE: N_("by password and code"),
}
# In this order: Chrome's User-Agent names Safari too, and Edge's names both.
_BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "Chrome": "Chrome",
    "CriOS": "Chrome",
    "Safari": "Safari",
}
_SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Macintosh": "Mac",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}
_LONGEST_DEVICE = 60

CODES: Mapping[ContactCodeProblem, str] = {
    ContactCodeProblem.WRONG: N_("This code is not right. Check it again, or ask for a new one."),
    ContactCodeProblem.THROTTLED: N_("Too many wrong codes. Wait 15 minutes, then try again."),
    ContactCodeProblem.NOTHING_ASKED: N_("The time for this code is over. Ask for a new one."),
    ContactCodeProblem.TAKEN: N_(
        "This address or number belongs to another person. Tell the Cell."
    ),
}


def throttling_refusal(until: datetime) -> SignInRefusal:
    """Return the refusal for too many tries."""
    return SignInRefusal(SignInProblem.THROTTLED, until)


def code_sentence(problem: ContactCodeProblem) -> str:
    """Return why a typed code was not accepted."""
    return _(CODES[problem])


def sign_in_sentence(refusal: SignInRefusal) -> str:
    """Return why the sign-in was refused."""
    seconds = seconds_left(refusal.until) if refusal.until is not None else ""
    return fill_sentence(SIGN_IN[refusal.code], {"until": refusal.until or "", "seconds": seconds})


def own_password_sentence(refusal: SignInRefusal) -> str:
    """Return why a signed-in person's password, typed again, was refused."""
    if refusal.code is SignInProblem.WRONG:
        return _("The current password is not right.")
    return sign_in_sentence(refusal)


def seconds_left(moment: datetime) -> int:
    """Return how many seconds are left until the moment, rounded up, at least 0."""
    return max(0, ceil((moment - ctx.now()).total_seconds()))


def device_words(user_agent: str) -> str:
    """Return a browser and its system, such as "Chrome, Android", or the User-Agent shortened."""
    browser = next((name for mark, name in _BROWSERS.items() if mark in user_agent), None)
    system = next((name for mark, name in _SYSTEMS.items() if mark in user_agent), None)
    named = ", ".join(filter(None, (browser, system)))
    return named or user_agent[:_LONGEST_DEVICE] or _("Unknown device")


def method_words(sign_in: SignIn) -> str:
    """Return how the person of a session signed in, and whether on a shared computer."""
    method = _(METHODS[SignInMethod(sign_in.method)])
    shared = _("shared computer")
    return f"{method}, {shared}" if sign_in.is_shared else method


def password_sentence(problem: BadPassword) -> str:
    """Return what is wrong with a new password."""
    return fill_sentence(PASSWORD[problem.code], problem.values)


FILTERS: Mapping[str, Callable[..., str]] = {
    "device_words": device_words,
    "method_words": method_words,
}
