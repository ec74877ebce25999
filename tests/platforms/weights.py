"""Texts with their weights, computed by hand from X's published rules."""

from __future__ import annotations

from pathlib import Path

CONFORMANCE = (
    Path(__file__).resolve().parents[3] / "shared" / "specs" / "twitter-text" / "validate.yml"
)

WEIGHTS = {
    # One for each code point up to U+10FF, matras and viramas too.
    "नमस्ते": 6,
    "क्षेत्रीय": 9,
    "पाणी बंद": 8,
    "Water cut": 9,
    "نوٹس": 4,
    # General punctuation that weighs one, and some that weighs two.
    "“दि. १२”": 8,
    "‘क’ – ख — ग": 11,
    "₹१००": 5,
    "थांबा…": 7,
    "• एक": 5,
    "™": 2,
    "故人": 4,
    # The text is composed first: e with a separate accent weighs one.
    "e\u0301": 1,
    "\u0928\u093c": 1,
    # ... and some letters are composed only apart.
    "\u0958": 2,
    # Whole emoji are two, whatever they are made of.
    "😷": 2,
    "👍🏽": 2,
    "👨‍👩‍👧‍👦": 2,
    "❤️‍🔥": 2,
    "🫶🏽": 2,
    "🧑🏽‍🤝‍🧑🏿": 2,
    "🇮🇳": 2,
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f": 2,
    "1\ufe0f\u20e3": 2,
    "1\u20e3": 2,
    "☺": 2,
    "☺\ufe0e": 4,
    "☺\ufe0f": 2,
    "©": 1,
    "©\ufe0f": 2,
    "🫩": 2,
    "🇮": 2,
    # Addresses are 23, long or short, with a protocol or bare.
    "http://test.co": 23,
    "https://water.example-city.in/notices/2026/11?id=7&lang=mr": 23,
    "pib.gov.in": 23,
    "WWW.PIB.GOV.IN": 23,
    "http://सरकार.भारत": 23,
    "सरकार.भारत": 10,
    "पाहा: pib.gov.in/mr": 29,
    "pib.gov.inवर पाहा": 30,
    "संकेतस्थळpib.gov.in": 32,
    "(pib.gov.in)": 25,
    "pib.gov.in.": 24,
    "https://pib.gov.in/योजना": 28,
    "http://a_b.example.com": 23,
    "http://example.com/path_(one)!!": 25,
    "http://example.com:8080/?q=1": 23,
    "example.com:8080": 28,
    "example.com?x=1": 27,
    # What looks like an address and is none.
    "clerk@pib.gov.in": 16,
    "#pib.gov.in": 11,
    "क्र.१२": 6,
    "दि.१२.११.२०२६": 13,
    "सकाळी ९.३०": 10,
    "http://-example.com": 19,
    "http://example-.com": 19,
    "http://my_site.com": 18,
    "xhttp://example.com": 19,
    "file.bz2": 8,
    f"{'a' * 64}.com": 68,
}

SAME_LINKS = (
    ("पहा: pmc.gov.in/water", "https://pmc.gov.in/water/", True),
    ("पहा: https://pmc.gov.in/water/.", "https://pmc.gov.in/water", True),
    ("(http://PMC.gov.in) पहा", "https://pmc.gov.in/", True),
    ("पहा: pmc.gov.in/waters", "https://pmc.gov.in/water", False),
    ("पहा: https://pmc.gov.in/waters", "https://pmc.gov.in/water", False),
    ("पहा: https://pmc.gov.in/Water", "https://pmc.gov.in/water", False),
    ("पहा: https://pmc.gov.in/water?ward=1", "https://pmc.gov.in/water", False),
    ("मेल: cell@pmc.gov.in", "https://pmc.gov.in", False),
    ("पहा: https://pmc.gov.in/पाणी", "https://pmc.gov.in/पाणी", True),
    ("पहा: http://portal/water", "http://portal/water", True),
    ("पहा: http://portal/water", "http://portal/roads", False),
)
"""Texts, links, and whether the text has the link by what X makes of both."""
