"""Facebook pages, through facebook-sdk: posts with photos, comments, and what is said back.

Source: the Graph interface's own pages on page feeds, photos, comments, errors and rate limits.
"""

from __future__ import annotations

from publisher.platforms.facebook.calls import HOME, FacebookCredentials
from publisher.platforms.facebook.platform import FacebookPlatform

__all__ = ["HOME", "FacebookCredentials", "FacebookPlatform"]
