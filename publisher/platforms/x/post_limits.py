"""The limits of posts on X, and the address of its pages."""

from __future__ import annotations

from typing import Final

from publisher.platforms.base.types import PlatformLimits
from publisher.platforms.x import text_length
from publisher.platforms.x.searches import MOST_TOGETHER

WEB_URL: Final = "https://x.com"
# Four pictures of up to 5 MB, each with 1,000 characters of alt text. The API can neither edit
# posts nor stage them unpublished. The timeline shows 3,200 posts, including answers.
LIMITS: Final = PlatformLimits(
    text_units=text_length.LIMIT,
    media=4,
    media_bytes=5 * 1024 * 1024,
    alt_text=1_000,
    media_types=("image/jpeg", "image/png", "image/webp", "image/gif"),
    tells_hidden=False,
    seen_at_once=100,
    read_together=MOST_TOGETHER,
    own_reach=3_200,
)
