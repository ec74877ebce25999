"""The office circular of 19 July 2021, the first submission of the demo, signed by its office.

The transcript up to the annex has 2,548 characters (code points, NFC, blank ends stripped) with
its signatory's line, its marks of layout and its empty lines. Here the name is left out, the
marks and the surplus empty lines are gone, a sentence and a reference that were split over two
lines are whole again, and `CHARACTERS` remain; no other character is changed.
"""

from __future__ import annotations

from datetime import time
from functools import cache
from importlib.resources import files
from typing import Final

from demo.days import Anchor, Offset
from demo.notices import Notice, Wording
from publisher.models.submissions import SubmissionKind

KEY: Final = "circular"
#: Length of the Marathi text in code points.
CHARACTERS: Final = 2498
#: Length of the transcript it was taken from, its signatory's line and layout marks included.
CHARACTERS_TRANSCRIBED: Final = 2548
LINK: Final = "https://forms.gle/L1qenRUKRLSqB3uy5"

TITLE_MR: Final = "पुणे मनपा सोशल मिडिया कक्षाची व्यापक स्वरूपामध्ये अंमलबजावणी करणेबाबत"
TITLE_EN: Final = "Putting the Social Media Cell to work on a wider scale"
X_MR: Final = (
    "सोशल मिडिया कक्षासाठी प्रत्येक विभागाने दोन समन्वयक (IT Nodal Officer) नेमून त्यांची नावे "
    "ऑनलाइन कळवावीत. समन्वयकांनी प्रसिद्धीस मान्यता द्यावी व नागरिकांच्या टिप्पण्यांना उत्तर द्यावे. "
    "परिपत्रक दि. १९ जुलै २०२१ #पुणे"
)
X_EN: Final = (
    "Every department is to name two nodal officers for the Social Media Cell, who approve what is "
    "published in its name and answer citizens' comments. Names are taken online. "
    "Circular of 19 July 2021. #Pune"
)


@cache
def text_mr() -> str:
    """The circular in Marathi, without its annex: handed in, and whole on Facebook."""
    return _read("circular_mr.txt")


@cache
def text_en() -> str:
    """The same in English, for Facebook."""
    return _read("circular_en.txt")


def notice() -> Notice:
    """The circular as the Additional Commissioner's office hands it in, twelve days ago."""
    return Notice(
        key=KEY,
        kind=SubmissionKind.OTHER,
        department="amc-estate",
        outward="अतिमआ (इ) / मावतं / १७१ - (५+५) ३५५",
        link=LINK,
        handed_in=Offset(days=-13, at=time(11, 0)),
        wished=Offset(days=-12, at=time(10, 0)),
        useful_until="last",
        days={"last": Anchor(60)},
        mr=Wording(TITLE_MR, text_mr(), X_MR, text_mr()),
        en=Wording(TITLE_EN, text_en(), X_EN, text_en()),
    )


def _read(name: str) -> str:
    source = files(__package__).joinpath("texts", name)
    return source.read_text(encoding="utf-8").strip()
