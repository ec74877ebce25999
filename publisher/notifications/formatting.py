"""Format the values of a mail: moments, numbers, roles, names, platforms and reasons."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from approvals.policy import Role
from publisher.i18n import dates
from publisher.i18n.catalogues import translated
from publisher.i18n.languages import digits
from publisher.models.people import Department, Person
from publisher.platforms import registry

#: The languages that mails are written in; the first one where a person reads another.
LANGUAGES: Final = ("mr", "en", "hi")

_ROLES: Final[Mapping[Role, tuple[str, str, str]]] = {
    Role.ADMIN: ("प्रणाली प्रशासक", "admin", "प्रणाली प्रशासक"),
    Role.CELL_LEAD: ("कक्षप्रमुख", "lead of the Social Media Cell", "कक्ष प्रमुख"),
    Role.CELL: ("कक्षातील कर्मचारी", "staff of the Social Media Cell", "कक्ष कर्मचारी"),
    Role.OFFICER: ("समन्वयक (IT Nodal Officer)", "IT Nodal Officer", "नोडल अधिकारी"),
    Role.HEAD: ("विभागप्रमुख", "head of department", "विभागाध्यक्ष"),
    Role.MEMBER: ("विभागातील कर्मचारी", "member of the department", "विभागीय कर्मचारी"),
    Role.OVERSIGHT: ("पर्यवेक्षण", "oversight", "पर्यवेक्षण"),
    Role.AUDITOR: ("लेखापरीक्षक", "auditor", "लेखापरीक्षक"),
}

# Reasons the press gives most often. For any other the page has the words, and the mail says so.
_REASONS: Final[Mapping[str, tuple[str, str, str]]] = {
    "credentials": (
        "सोशल मिडिया खात्याच्या प्रवेश परवानगीची मुदत संपली आहे किंवा ती काढून घेतलेली आहे.",
        "The account's access permission has expired or was taken away.",
        "सोशल मीडिया खाते की प्रवेश अनुमति समाप्त हो गई है या वापस ले ली गई है।",
    ),
    "too_long": (
        "मजकूर माध्यमाच्या अक्षरमर्यादेपेक्षा मोठा आहे.",
        "The text is longer than the platform takes.",
        "पाठ माध्यम की अक्षर-सीमा से बड़ा है।",
    ),
    "duplicate": (
        "हाच मजकूर या खात्यावरून नुकताच प्रसिद्ध झालेला असल्याचे माध्यमाने कळविले आहे.",
        "The platform says that this account has just published the same text.",
        "माध्यम के अनुसार यही पाठ इस खाते से अभी-अभी प्रकाशित हो चुका है।",
    ),
    "permission": (
        "या कृतीसाठी सोशल मिडिया खात्यास आवश्यक परवानगी नाही.",
        "The account lacks the permission for this.",
        "इस कार्य हेतु सोशल मीडिया खाते को आवश्यक अनुमति नहीं है।",
    ),
    "target_gone": (
        "ज्यास उत्तर द्यावयाचे ते आता माध्यमावर उपलब्ध नाही.",
        "What it answers is no longer on the platform.",
        "जिसका उत्तर देना है, वह अब माध्यम पर उपलब्ध नहीं है।",
    ),
    "approval_missing": (
        "या आवृत्तीस आवश्यक मान्यता उपलब्ध नाही.",
        "The approval that this revision needs is missing.",
        "इस संस्करण हेतु आवश्यक अनुमोदन उपलब्ध नहीं है।",
    ),
    "too_late": (
        "प्रसिद्धीचा कालावधी संपला आहे.",
        "The window for publishing has ended.",
        "प्रकाशन की अवधि समाप्त हो गई है।",
    ),
    "other_account": (
        "मान्यता दिलेल्या खात्याऐवजी दुसऱ्या सोशल मिडिया खात्याची नोंद आढळली; म्हणून काहीही पाठविले नाही.",
        "It would have gone to another account than was approved, so nothing was sent.",
        "अनुमोदित खाते के स्थान पर किसी अन्य सोशल मीडिया खाते की प्रविष्टि मिली; इसलिए कुछ भी नहीं भेजा गया।",
    ),
    "late_stopped": (
        "या काळात सर्व प्रसिद्धी थांबविलेली होती.",
        "All publishing was stopped meanwhile.",
        "इस दौरान सभी प्रकाशन रोके गए थे।",
    ),
    "late_frozen": (
        "या काळात प्रसिद्धीस स्थगिती होती.",
        "A freeze held it meanwhile.",
        "इस दौरान प्रकाशन पर स्थगन था।",
    ),
    "late_disconnected": (
        "या काळात सोशल मिडिया खात्याची जोडणी काढलेली होती.",
        "The account was disconnected meanwhile.",
        "इस दौरान सोशल मीडिया खाता अलग किया हुआ था।",
    ),
    "late_paused": (
        "या काळात सोशल मिडिया खाते तात्पुरते बंद होते.",
        "The account had stopped meanwhile.",
        "इस दौरान सोशल मीडिया खाता अस्थायी रूप से बंद था।",
    ),
}

# What a submission is about, where a freeze holds one kind alone.
_KINDS: Final[Mapping[str, tuple[str, str, str]]] = {
    "scheme": ("योजना", "schemes", "योजना"),
    "project": ("प्रकल्प", "projects", "परियोजना"),
    "event": ("कार्यक्रम", "events", "कार्यक्रम"),
    "public_notice": ("जाहीर प्रकटन / सूचना", "public notices", "सार्वजनिक सूचना"),
    "measure": ("उपाययोजना", "measures taken", "उपाय"),
    "press_note": ("प्रेसनोट", "press notes", "प्रेस विज्ञप्ति"),
    "other": ("इतर", "other information", "अन्य"),
}

# What has become of an urgent delivery that is not live.
_TROUBLES: Final[Mapping[str, tuple[str, str, str]]] = {
    "failed": ("प्रसिद्ध झाले नाही.", "It failed.", "प्रकाशित नहीं हुआ।"),
    "held": (
        "प्रसिद्ध झाल्याची खात्री नाही; निर्णयासाठी थांबविले आहे.",
        "It may or may not be live; it is held for a decision.",
        "प्रकाशन की पुष्टि नहीं हुई; निर्णय हेतु रोका गया है।",
    ),
    "missed": (
        "वेळ उलटली; प्रसिद्ध झाले नाही.",
        "Its time passed, and it was not sent.",
        "समय बीत गया; प्रकाशित नहीं हुआ।",
    ),
    "waiting": (
        "अद्याप पाठविले गेलेले नाही.",
        "It has not left yet.",
        "अब तक भेजा नहीं गया है।",
    ),
}

_CHANGED: Final[Mapping[str, tuple[str, str, str]]] = {
    "password": ("पासवर्ड", "password", "पासवर्ड"),
    "mail": ("ईमेल पत्ता", "mail address", "ई-मेल पता"),
    "mobile": ("मोबाइल क्रमांक", "mobile number", "मोबाइल नंबर"),
    "second_factor": (
        "साइन इनसाठी ॲपमधील संकेतांक सुरू केला",
        "code of an app set up for signing in",
        "साइन इन हेतु ऐप का कोड चालू किया गया",
    ),
    "second_factor_ended": (
        "साइन इनसाठीचा ॲपमधील संकेतांक बंद केला",
        "code of the app for signing in ended",
        "साइन इन हेतु ऐप का कोड बंद किया गया",
    ),
    "passkey": (
        "साइन इनसाठी पासकी जोडली",
        "passkey added for signing in",
        "साइन इन हेतु पासकी जोड़ी गई",
    ),
    "passkey_ended": (
        "साइन इनसाठीची पासकी बंद केली",
        "passkey for signing in ended",
        "साइन इन हेतु पासकी बंद की गई",
    ),
    "recovery_code": (
        "साइन इनसाठी कागदावरील राखीव संकेतांक वापरला",
        "recovery code used for signing in",
        "साइन इन हेतु काग़ज़ पर लिखा आरक्षित कोड प्रयोग किया गया",
    ),
}

# What the code of a link is for.
_ACTS: Final[Mapping[str, tuple[str, str, str]]] = {
    "doubt": (
        "नियुक्ती चुकीची असल्याचे कळविणे",
        "to say that an appointment is wrong",
        "नियुक्ति गलत होने की सूचना देना",
    ),
    "confirm": (
        "नियुक्तीची पुष्टी करणे",
        "to confirm an appointment",
        "नियुक्ति की पुष्टि करना",
    ),
    "take_up": ("पदभार स्वीकारणे", "to take up the office", "पदभार ग्रहण करना"),
}

_LISTS: Final = {
    "act": _ACTS,
    "code": _REASONS,
    "changed": _CHANGED,
    "trouble": _TROUBLES,
    "kind": _KINDS,
}


def language_of(person: Person) -> str:
    """Return the language of mails to this person."""
    return person.language if person.language in LANGUAGES else LANGUAGES[0]


def in_words(values: Mapping[str, object], language: str, *, now: datetime) -> dict[str, str]:
    """Return the values as texts; of `name_mr`, `name_en` and `name_hi` one remains, as `name`."""
    whole = {name: value for name, value in values.items() if not _is_translated(name)}
    for name in filter(_is_translated, values):
        base = name.rpartition("_")[0]
        whole[base] = values.get(f"{base}_{language}") or whole.get(base) or values[name]
    return {name: _said(name, value, language, now) for name, value in whole.items()}


def _is_translated(name: str) -> bool:
    return name.rpartition("_")[2] in LANGUAGES


def _said(name: str, value: object, language: str, now: datetime) -> str:
    match value:
        case None | False:
            return ""
        case datetime():
            return f"{dates.day(value, language, now=now)}, {dates.clock_time(value, language)}"
        case date():
            return dates.day(value, language, now=now)
        case Person():
            return _person(value, language)
        case Department():
            return str(getattr(value, f"name_{language}")) or value.name_mr
        case Role():
            return _ROLES[value][LANGUAGES.index(language)]
        case int():
            return digits(str(value), language)
        case _:
            return _from_list(name, str(value), language)


def _person(person: Person, language: str) -> str:
    """Return name and post; in English the post is left out if it is recorded in Marathi."""
    if language == "en":
        post = person.designation if person.designation.isascii() else ""
        return ", ".join(filter(None, [person.name_en or person.name_mr, post]))
    return ", ".join(filter(None, [person.name_mr, person.designation]))


def _from_list(name: str, text: str, language: str) -> str:
    """Translate the codes of platforms, reasons and changes; every other text stays as it is."""
    if name == "platform":
        # A mail is sent even if the platform has been taken out of the registry since.
        label = registry.capabilities(text).label if registry.is_registered(text) else text
        return translated(label, language)
    codes = _LISTS.get(name)
    if codes is None:
        return text
    translations = codes.get(text)
    return "" if translations is None else translations[LANGUAGES.index(language)]
