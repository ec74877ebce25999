"""The one place that turns HTTP into the platforms' errors, and that knows what may have left."""

from __future__ import annotations

from publisher.platforms.http.answers import Answer, Fault, Finding
from publisher.platforms.http.channel import Call, Channel
from publisher.platforms.http.masking import Mask

__all__ = ["Answer", "Call", "Channel", "Fault", "Finding", "Mask"]
