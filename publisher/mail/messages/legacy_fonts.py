"""Recognise Marathi that is typed in a legacy font instead of Unicode.

Such text is Latin letters and signs that only its font shows as Marathi. It is left as it came:
the many fonts share names and differ in letters, so that a conversion would be a guess.
"""

from __future__ import annotations

import re
from typing import Final

_FONTS: Final = re.compile(
    r"shivaji|kruti\s*dev|krutidev|\bdv[bw]?w?-?tt|\bdvb|\bdv-|akruti|shusha|\bsusha|devlys"
    r"|\bshree[- ]?(dev|lipi|mr)?-?\d|shree[- ]?(dev|lipi)|chanakya|\baps[- ]?(dv|c)|kundli"
    r"|\bism[- ]|millennium varun|\bsulekh|\bsubak|\bwalkman|\bbhaskar\s*\d|\bmarathi[- ]?tt",
    re.IGNORECASE,
)
_DEVANAGARI: Final = re.compile(r"[\u0904-\u0939\u0958-\u0961]")
_LATIN: Final = re.compile(r"[A-Za-z\u00c0-\u017f]")

# "Municipal corporation", "and", "is", "Pune", "date", "citizens" and the like in the letters of
# Kruti Dev, Shivaji, Akruti and Shree-Lipi: none of them is an English word.
_WORDS: Final = frozenset(
    {
        *("egkuxjikfydk", "vkf.k", "vkgs", "iq.ks", "fnukad", "ukxfjd", "ukxfjdkauk", "foHkkx"),
        *("lkoZtfud", "dj.;kr", "lwpuk", "mahanagarpailaka", "mahanagarpaailaka", "AaiNa"),
        *("Aaho", "puNao", "idnaaMk", "naagairk", "ivaBaaga", "cenevieejHeeefuekeâe"),
        *("cenevieejHeeefuekeÀe", "DeeefCe", "Deens", "hegCes", "efoveebkeâ", "veeieefjkeâ"),
        *("_hmZJanm{bH$m", "_hmZJanmobH$m", "Am{U", "AmoU", "Amho", "nwUo", "{XZm§H$", "ZmJ[aH$"),
    }
)
_TYPICAL: Final = re.compile(r"[ÉäÊÖ½®úþÒ]")
"""Letters that stand for vowel signs in the fonts of DVB-TT: a tenth of any text in them."""


def is_legacy_font(family: str) -> bool:
    """Return True if a list of font names has one whose letters are not Unicode."""
    return bool(_FONTS.search(family))


def is_legacy_text(text: str, in_legacy_font: str = "") -> bool:
    """Return True for text that is Marathi in a legacy font; `in_legacy_font` was marked so."""
    letters = _LATIN.findall(in_legacy_font)
    if len(letters) >= 4 and not _DEVANAGARI.search(in_legacy_font):
        return True
    tokens = (token.strip(",;:()|") for token in text.split())
    hits = {token.removesuffix(".") for token in tokens} & _WORDS
    if len(hits) >= 2 or any(len(hit) >= 12 for hit in hits):
        return True
    latin = len(_LATIN.findall(text))
    return latin >= 20 and len(_TYPICAL.findall(text)) * 8 > latin
