"""A busy monsoon day: thirty posts, four hundred comments, all of them today."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from demo.notices import Notice
from demo.remarks import Remark
from demo.scenarios import rain
from demo.scenarios.rain import BOTH, MARATHI, Item
from demo.seeding.script import Script
from publisher.states import CommentState

COMMENTS: Final = 400
#: A few name the city under no post of its own: the cell has to find their department.
MENTIONS: Final = (
    "@pmc_namuna वडगाव पुलाखाली पाणी साचलंय, कोणत्या विभागाचं काम?",
    "@pmc_namuna amchya galli madhe wire padli ahe!!",
    "@pmc_namuna अतिवृष्टी भरपाईचा अर्ज कुठे मिळेल?",
    "@pmc_namuna who do I call about a snake in the parking lot?",
    "@pmc_namuna कचरागाडी आज आलीच नाही",
    "@pmc_namuna पुरात कागदपत्रं वाहून गेली, काय करायचं?",
    "@pmc_namuna khup chan kam karat ahat 🙏",
    "@pmc_namuna नदीकाठचा रस्ता खुला आहे का?",
)
#: The first place of a matter was published in the morning, the second later; what the third has
#: come to stands here, in the order of the matters.
THIRD: Final = (
    *("scheduled", "scheduled", "scheduled", "scheduled"),
    *("in_review", "in_review", "in_review"),
    *("draft", "in_review", "published"),
)
HOURS_OF_THE_DAY: Final = 600


def items() -> tuple[Item, ...]:
    """The thirty posts."""
    found = []
    for number, matter in enumerate(rain.matters()):
        wished = -HOURS_OF_THE_DAY + 18 * number
        both = BOTH if number == 0 else MARATHI
        found += [
            Item(matter, 0, wished - 90, wished, "published", both),
            Item(matter, 1, wished + 200, wished + 280, "published"),
            _third(number),
        ]
    return tuple(found)


def _third(number: int) -> Item:
    matter, ends = rain.matters()[number], THIRD[number]
    if ends == "published":
        return Item(matter, 2, -140, -60, "published")
    if ends == "scheduled":
        return Item(matter, 2, -80 - number, 20 + 25 * number, "scheduled")
    return Item(
        matter, 2, -50 - number, 120 + 20 * number, "draft" if ends == "draft" else "in_review"
    )


def remarks(of: tuple[Item, ...]) -> tuple[Remark, ...]:
    """The four hundred, mentions among them."""
    live = [item for item in of if item.ends == "published"]
    under = COMMENTS - len(MENTIONS)
    shares = [under // len(live) + (place < under % len(live)) for place in range(len(live))]
    said = [
        one
        for item, count in zip(live, shares, strict=True)
        for one in rain.remarks_under(item, count)
    ]
    return (*said, *_mentions())


def _mentions() -> tuple[Remark, ...]:
    return tuple(
        Remark(
            key=f"mention-{number}",
            notice=None,
            platform="x",
            variant=None,
            author=f"@udaharan_{number:02d}",
            after_minutes=-15 * (number + 1),
            text=text,
            state=CommentState.RECEIVED,
        )
        for number, text in enumerate(MENTIONS)
    )


def script() -> Script:
    """The day as it is played."""
    of = items()

    def noticed(base: datetime) -> dict[str, Notice]:
        return rain.noticed(of, base)

    return Script(tuple(item.course() for item in of), noticed, remarks(of))
