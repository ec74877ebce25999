"""The texts of the sandbox's pages: English as in the templates, and in Marathi."""

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
    "All mail and SMS that the product sends arrive here, newest first.": (
        "प्रणाली पाठविते ते सर्व ईमेल आणि एसएमएस येथे येतात; नवीन आधी."
    ),
    "Not delivered: its template is not registered.": ("पोहोचला नाही: याचा नमुना नोंदणीकृत नाही."),
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
    "Show what went to this address or number only": ("फक्त या पत्त्यावर किंवा क्रमांकावर पाठविलेले दाखवा"),
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
    "The app was not let in.": "ॲपला परवानगी दिली गेली नाही.",
    "Begin again from the app that sent you here.": "ज्या ॲपमधून आलात तेथूनच पुन्हा सुरुवात करा.",
    "Number to type": "टाइप करावयाचा क्रमांक",
    "Type this number in the app": "हा क्रमांक ॲपमध्ये टाइप करा",
    "Let the app post for this account?": "या खात्यावर पोस्ट करण्याची परवानगी ॲपला द्यायची का?",
    "The app will read this account's posts, write new ones and delete them.": (
        "ॲप या खात्यावरील पोस्ट वाचेल, नवीन पोस्ट करेल आणि पोस्ट हटवेल."
    ),
    "Account": "खाते",
    "Allow": "परवानगी द्या",
    "Do not allow": "परवानगी देऊ नका",
    "Let the app work on your pages?": "आपल्या पेजवर काम करण्याची परवानगी ॲपला द्यायची का?",
    "You are signed in as": "आपण साइन इन केलेले नाव :",
    "Pages": "पेज",
    "Permissions": "परवानग्या",
    "The app asks for no permission.": "ॲप कोणतीही परवानगी मागत नाही.",
    "Webhooks": "वेबहुक",
    "The practice Facebook tells this address of every comment, signed, as the real one does.": (
        "प्रत्येक टिप्पणीची सूचना सराव फेसबुक या पत्त्यावर स्वाक्षरीसह पाठविते; खरे फेसबुकही असेच करते."
    ),
    "Who is told": "सूचना कोणाला जाते",
    "Address": "पत्ता",
    "Waiting": "पाठविणे बाकी",
    "Told": "पाठविल्या",
    "Tell nobody any more": "सूचना पाठविणे थांबवा",
    "Nobody is told.": "सध्या कोणालाही सूचना जात नाही.",
    "Set the address": "पत्ता निश्चित करा",
    "Word to verify by": "ओळख पटविण्याचा शब्द",
    "Most updates in one call": "एका वेळी जास्तीत जास्त सूचना",
    "Send every call twice": "प्रत्येक सूचना दोनदा पाठवा",
    "Write an address on this machine, such as http://127.0.0.1:8000/webhooks/facebook.": (
        "याच संगणकावरील पत्ता लिहा; उदा. http://127.0.0.1:8000/webhooks/facebook."
    ),
    "Write the word by which the address knows us.": "पत्त्याला ओळख पटेल असा शब्द लिहा.",
    "Write a number from 1 to 1,000.": "१ ते १,००० मधील संख्या लिहा.",
    "The address did not repeat what it was asked.": (
        "पत्त्याने विचारलेले उत्तर परत पाठविले नाही; पत्ता निश्चित केलेला नाही."
    ),
    "Subcode (Facebook)": "उपसंकेतांक (फेसबुक)",
    "Access that ends": "संपणारा प्रवेश",
    "Renew every access": "सर्व प्रवेश नव्याने सुरू करा",
    "Every account's access holds.": "सर्व खात्यांचा प्रवेश सुरू आहे.",
    "Minutes from now": "आतापासून किती मिनिटांनी",
    "Reason (Facebook's subcode)": "कारण (फेसबुकचा उपसंकेतांक)",
    "Let the access end": "प्रवेश संपवा",
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
    "connect": "खाते जोडणे",
    "subscribe": "टिप्पण्यांची माहिती मागणे",
    "mail": "ईमेल घेणे",
    "*": "सर्व क्रिया",
    "Write to the Cell": "कक्षाला ईमेल लिहा",
    "what a department would send by mail, with files.": (
        "विभाग ईमेलने पाठवितात तसा मजकूर, जोडपत्रांसह."
    ),
    "Write as a department does by mail: what you send becomes a submission, or waits for a person"
    " of the Cell.": (
        "विभाग लिहितात तसा ईमेल येथून पाठवा: त्यापासून प्रस्ताव तयार होतो, किंवा तो कक्षाच्या"
        " निर्णयासाठी थांबतो."
    ),
    "Answer the mail": "या ईमेलला उत्तर द्या",
    "Shared address": "सामायिक पत्ता",
    "Nobody of the city": "महापालिकेबाहेरील व्यक्ती",
    "Or from another address": "किंवा दुसऱ्या पत्त्यावरून",
    "Write an address such as name@office.example.": "पत्ता लिहा; उदा. name@office.example.",
    "The sender is forged: the mail server cannot confirm the address": (
        "प्रेषक बनावट आहे: पत्ता खरा असल्याची खात्री मेल सर्व्हरला करता येत नाही"
    ),
    "Subject": "विषय",
    "Files": "जोडपत्रे (फाइल)",
    "Choose the files again: a browser forgets them.": (
        "फाइल पुन्हा निवडा: ब्राउझर त्या लक्षात ठेवत नाही."
    ),
    "Send the mail": "ईमेल पाठवा",
    "Sent": "पाठविल्याची वेळ",
    "What became of it": "पुढे काय झाले",
    "See it in Nagarvani": "नगरवाणीत पाहा",
    "See what was answered to this address": "या पत्त्यावर आलेली उत्तरे पाहा",
    "The Cell's mailbox has not been read yet.": "कक्षाची ईमेल पेटी अद्याप वाचलेली नाही.",
    "It is read every second while the demo runs.": "नमुना चालू असताना ती दर सेकंदाला वाचली जाते.",
    "Look again": "पुन्हा पाहा",
    "What you wrote to the Cell": "आपण कक्षाला लिहिलेले ईमेल",
    "It became a submission.": "यापासून प्रस्ताव तयार झाला.",
    "It joined the submission that it answers.": "ज्या प्रस्तावाचे हे उत्तर आहे त्यात जोडले गेले.",
    "It waits for a person of the Cell.": "कक्षाच्या निर्णयासाठी थांबला आहे.",
    "It was ignored, as no person wrote it.": "कोणत्याही व्यक्तीने लिहिलेला नसल्याने विचारात घेतला नाही.",
    "It repeats an earlier mail.": "आधीच्याच ईमेलची पुनरावृत्ती आहे.",
    "It could not be read.": "वाचता आला नाही.",
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
    "connect": "connect the account",
    "subscribe": "ask to be told of comments",
    "mail": "take mail",
    "*": "everything",
}


def language() -> str:
    """Return the page's language: `mr`, unless English was chosen now or before."""
    chosen = request.args.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
    return "en" if chosen == "en" else "mr"


def translate(text: str) -> str:
    """Return a template's text in the page's language."""
    if language() == "en":
        return ENGLISH.get(text, text)
    return MARATHI[text]
