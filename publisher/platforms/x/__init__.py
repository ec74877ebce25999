"""X by version 2 of its interface, signed for by tweepy: posts, pictures, replies, comments.

Both of the interface's dialects are read: the older names (tweet) and the newer (post).
"""

from __future__ import annotations

from publisher.platforms.x.calls import HOME, XCredentials
from publisher.platforms.x.limits import limits, words_of
from publisher.platforms.x.platform import XPlatform

__all__ = ["HOME", "XCredentials", "XPlatform", "limits", "words_of"]
