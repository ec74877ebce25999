from __future__ import annotations

import pytest

from publisher.desk import leaving
from publisher.models.content.posts import Language, Rendition, Variant
from publisher.models.deliveries import Account

LINK = "https://pmc.gov.in/water"


def variant(
    platform: str, text: str, link: str = "", target: str = "", pictures: int = 0
) -> Variant:
    return Variant(
        account=Account(platform=platform),
        language=Language.MARATHI,
        text=text,
        link=link,
        target=target,
        renditions=[Rendition(position=place) for place in range(pictures)],
    )


@pytest.mark.parametrize(
    ("given", "text", "link"),
    [
        (variant("x", "पाणी"), "पाणी", None),
        (variant("x", "पाणी", LINK), f"पाणी\n{LINK}", None),
        (variant("x", f"पाणी {LINK} पहा", LINK), f"पाणी {LINK} पहा", None),
        (variant("facebook", "पाणी", LINK), "पाणी", LINK),
        (variant("facebook", "पाणी"), "पाणी", None),
        (variant("facebook", "पाणी", LINK, pictures=1), f"पाणी\n{LINK}", None),
        (variant("facebook", "पाणी", LINK, target="1_2"), f"पाणी\n{LINK}", None),
        (variant("x", "पाणी", LINK, target="17"), f"पाणी\n{LINK}", None),
    ],
)
def test_the_link_leaves_in_the_text_or_beside_it_as_the_platform_takes_it(
    given: Variant, text: str, link: str | None
) -> None:
    assert leaving.leaving_text(given) == text
    assert leaving.leaving_link(given) == link


def test_room_is_counted_as_each_platform_counts() -> None:
    assert leaving.room("x", "👩‍🚒 पाणी", LINK) == leaving.Room(2 + 1 + 4 + 1 + 23, 280)
    assert leaving.room("facebook", "👩‍🚒", LINK) == leaving.Room(3, 63_206)
    assert leaving.room("facebook", "पाणी", LINK, has_pictures=True) == leaving.Room(
        4 + 1 + len(LINK), 63_206
    )
    assert leaving.room("facebook", "पाणी", LINK, is_reply=True) == leaving.Room(
        4 + 1 + len(LINK), 8_000
    )
    assert leaving.Room(280, 280).is_enough
    assert not leaving.Room(281, 280).is_enough
