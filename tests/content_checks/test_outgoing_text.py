from __future__ import annotations

from publisher.content_checks import outgoing_text
from publisher.models.deliveries import Account
from publisher.models.posts import Language, Rendition, Variant
from tests.platforms.weights import SAME_LINKS
from tests.support.tables import each

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
        renditions=[Rendition(position=position) for position in range(pictures)],
    )


@each(
    "variant, text, link",
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
    variant: Variant, text: str, link: str | None
) -> None:
    assert outgoing_text.outgoing_text(variant) == text
    assert outgoing_text.outgoing_link(variant) == link


@each("text, link, is_there", SAME_LINKS)
def test_a_link_that_x_shortens_to_the_same_is_not_added_again(
    text: str, link: str, is_there: bool
) -> None:
    expected = text if is_there else f"{text}\n{link}"
    assert outgoing_text.outgoing_text(variant("x", text, link)) == expected


def test_room_is_counted_as_each_platform_counts() -> None:
    measure, length = outgoing_text.measure, outgoing_text.TextLength
    assert measure("x", "👩‍🚒 पाणी", LINK) == length(2 + 1 + 4 + 1 + 23, 280, "x")
    assert measure("facebook", "👩‍🚒", LINK) == length(3, 63_206, "facebook")
    with_link = 4 + 1 + len(LINK)
    beside_pictures = measure("facebook", "पाणी", LINK, has_pictures=True)
    assert beside_pictures == length(with_link, 63_206, "facebook")
    assert measure("facebook", "पाणी", LINK, is_reply=True) == length(with_link, 8_000, "facebook")
    assert length(280, 280, "x").fits
    assert not length(281, 280, "x").fits
