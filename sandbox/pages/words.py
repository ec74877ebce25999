"""The words of the sandbox's pages: English as written in the templates, and its Marathi."""

from __future__ import annotations

from flask import request

LANGUAGE_COOKIE = "sandbox_language"
MARATHI = {
    "Practice platform": "सराव माध्यम",
    "Nothing here reaches the real X or Facebook.": (
        "येथील काहीही खऱ्या एक्स (X) किंवा फेसबुकवर जात नाही."
    ),
    "Skip to the page's text": "थेट मजकुराकडे जा",
    "Sections": "विभागणी",
    "Start": "मुख्य पान",
    "Letterbox": "टपालपेटी",
    "Faults": "बिघाड",
    "Faults and switches": "बिघाड आणि पर्याय",
    "X": "एक्स (X)",
    "Facebook": "फेसबुक",
    "See an account's posts as a citizen sees them, and comment under them.": (
        "खात्यावरील पोस्ट नागरिकांना दिसतात तशा पाहा आणि त्याखाली टिप्पणी करा."
    ),
    "There is no post on this account yet.": "या खात्यावर अद्याप एकही पोस्ट नाही.",
    "What is published to this account appears here.": ("या खात्यावर जे प्रसिद्ध होईल ते येथे दिसेल."),
    "Corrected": "बदल केला",
    "Comments": "नागरिकांच्या टिप्पण्या",
    "See the post and its comments": "पोस्ट व टिप्पण्या पाहा",
    "There is no comment yet.": "अद्याप एकही टिप्पणी नाही.",
    "This comment is hidden.": "ही टिप्पणी लपविली आहे.",
    "The account itself": "खात्याचे उत्तर",
    "Comment as a citizen": "नागरिक म्हणून टिप्पणी करा",
    "Answer this comment as a citizen": "या टिप्पणीला नागरिक म्हणून उत्तर द्या",
    "Your name or handle (invented)": "आपले नाव किंवा हँडल (काल्पनिक)",
    "Comment": "टिप्पणी",
    "Send the comment": "टिप्पणी पाठवा",
    "The comment was not sent. What you wrote is kept below.": (
        "टिप्पणी पाठविली गेली नाही. आपण लिहिलेला मजकूर खाली तसाच आहे."
    ),
    "Write a name.": "नाव लिहा.",
    "Write the comment (up to 8,000 characters).": "टिप्पणी लिहा (कमाल ८,००० अक्षरे).",
    "The post or comment above is no longer there.": "वरील पोस्ट किंवा टिप्पणी आता उपलब्ध नाही.",
    "Picture without a description": "वर्णन नसलेला फोटो",
    "All mail that the product sends arrives here, newest first.": (
        "प्रणाली पाठविते ते सर्व ईमेल येथे येतात; नवीन आधी."
    ),
    "There is no mail yet.": "अद्याप एकही ईमेल आलेला नाही.",
    "Mail appears here as soon as the product sends it.": ("प्रणालीने ईमेल पाठविताच तो येथे दिसेल."),
    "To": "प्रति",
    "From": "प्रेषक",
    "Received": "आल्याची वेळ",
    "Attachments": "जोडपत्रे",
    "Text": "मजकूर",
    "The mail as a mail programme shows it": "ईमेल वाचकात दिसतो तसा ईमेल",
    "No subject": "विषय नाही",
    "This mail has no text part.": "या ईमेलमध्ये साधा मजकूर नाही.",
    "Show mail to this address only": "फक्त या पत्त्यावरील ईमेल दाखवा",
    "Show": "दाखवा",
    "Faults that lie in the way": "चालू असलेले बिघाड",
    "There is no fault in the way.": "सध्या एकही बिघाड चालू नाही.",
    "Lay a fault": "बिघाड घडवा",
    "Take all faults away": "सर्व बिघाड काढून टाका",
    "Platform": "माध्यम",
    "Operation": "क्रिया",
    "What goes wrong": "काय बिघडते",
    "How often": "किती वेळा",
    "A number, or “always”.": "संख्या, किंवा “always” (नेहमी).",
    "Calls to let pass first": "आधी सोडावयाच्या क्रिया",
    "Seconds": "सेकंद",
    "How long to hang or lag, or until a limit resets.": (
        "किती वेळ अडकावे किंवा मागे राहावे, अथवा मर्यादा किती वेळाने संपावी."
    ),
    "HTTP code": "HTTP संकेतांक",
    "Account id (empty: all)": "खात्याचा क्रमांक (रिकामे: सर्व)",
    "always": "नेहमी",
    "The fault was not laid: this field is not right.": (
        "बिघाड घडविता आला नाही: ही माहिती योग्य नाही."
    ),
    "Switches": "पर्याय",
    "What no source establishes can be tried both ways.": (
        "ज्याबाबत अधिकृत माहिती मिळत नाही ते दोन्ही प्रकारे तपासता येते."
    ),
    "Set the switches": "पर्याय निश्चित करा",
    "This page is not there.": "हे पान उपलब्ध नाही.",
    "The address may be wrong, or what stood here was deleted.": (
        "पत्ता चुकीचा असेल, किंवा येथील मजकूर काढून टाकलेला असेल."
    ),
    "Go to the start": "मुख्य पानावर जा",
    "posts": "पोस्ट",
    "mails": "ईमेल",
    "error_before": "नोंद न होता त्रुटी (503)",
    "error_after": "नोंद होऊनही त्रुटी (500, HTML)",
    "error_json_after": "नोंद होऊनही त्रुटी (500, JSON)",
    "hang_before": "नोंदीआधी अडकणे",
    "hang_after": "नोंदीनंतर अडकणे",
    "drip_after": "नोंदीनंतर उत्तर थेंबाथेंबाने",
    "reset_before": "नोंदीआधी जोडणी तुटणे",
    "reset_after": "नोंदीनंतर जोडणी तुटणे",
    "expired_token": "टोकनची मुदत संपणे",
    "rate_limit": "मर्यादा संपणे",
    "blocked": "तात्पुरती बंदी",
    "empty_body": "रिकामे उत्तर",
    "truncated": "अर्धवट JSON",
    "no_id": "क्रमांकाविना यशस्वी उत्तर",
    "lag": "वेळरेषा मागे राहणे",
    "indexing_delay": "शोधात उशिरा दिसणे",
    "publish": "पोस्ट प्रसिद्ध करणे",
    "reply": "उत्तर देणे",
    "make_public": "अप्रसिद्ध पोस्ट खुली करणे",
    "edit": "बदल करणे",
    "delete": "काढून टाकणे",
    "hide": "लपविणे",
    "media": "फोटो पाठविणे",
    "alt_text": "फोटोचे वर्णन देणे",
    "timeline": "खात्यावरील पोस्ट वाचणे",
    "lookup": "एक पोस्ट वाचणे",
    "comments": "टिप्पण्या वाचणे",
    "search": "शोध",
    "check": "खाते तपासणे",
    "mail": "ईमेल घेणे",
    "*": "सर्व क्रिया",
}
ENGLISH = {
    "error_before": "error, nothing kept (503)",
    "error_after": "error, kept all the same (500, HTML)",
    "error_json_after": "error, kept all the same (500, JSON)",
    "hang_before": "hangs before it is kept",
    "hang_after": "hangs after it is kept",
    "drip_after": "kept, the answer drips",
    "reset_before": "connection resets, nothing kept",
    "reset_after": "connection resets, kept all the same",
    "expired_token": "expired token",
    "rate_limit": "rate limit",
    "blocked": "blocked for a while",
    "empty_body": "empty body",
    "truncated": "truncated JSON",
    "no_id": "success without an id",
    "lag": "timeline lags",
    "indexing_delay": "search finds it late",
    "make_public": "publish what was unpublished",
    "media": "upload a picture",
    "alt_text": "describe a picture",
    "timeline": "read a timeline",
    "lookup": "read one post",
    "comments": "read comments",
    "check": "check the account",
    "mail": "take mail",
    "*": "everything",
}


def language() -> str:
    """The page's language: `mr`, unless English was chosen now or before."""
    chosen = request.args.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
    return "en" if chosen == "en" else "mr"


def word(text: str) -> str:
    """A text of a template in the page's language."""
    if language() == "en":
        return ENGLISH.get(text, text)
    return MARATHI[text]
