"""The limits of posts and comments on Facebook, and the address of its pages."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from publisher.platforms.base.types import PlatformLimits

WEB_URL: Final = "https://www.facebook.com"
# Facebook documents 10 MB for a photo and 50 requests in a batch. It does not document the length
# of a text: 63,206 characters are reported by others.
LIMITS: Final = PlatformLimits(
    text_units=63_206,
    media=10,
    media_bytes=10 * 1024 * 1024,
    alt_text=1_000,
    media_types=("image/jpeg", "image/png", "image/gif", "image/bmp", "image/tiff"),
    can_edit=True,
    has_two_steps=True,
    seen_at_once=50,
)
COMMENT_LIMITS: Final = replace(LIMITS, text_units=8_000, media=1, has_two_steps=False)
