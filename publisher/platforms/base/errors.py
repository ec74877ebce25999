"""The errors of a platform: each carries the decision what to do next."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum


class RefusalCode(StrEnum):
    """Why a platform refused, as a code that is put into words elsewhere."""

    TOO_LONG = "too_long"
    DUPLICATE = "duplicate"
    MEDIA_INVALID = "media_invalid"
    MEDIA_TOO_LARGE = "media_too_large"
    PERMISSION = "permission"
    NOT_SUMMONED = "not_summoned"
    TARGET_GONE = "target_gone"
    BLOCKED = "blocked"
    INVALID = "invalid"
    UNKNOWN = "unknown"


class PlatformError(Exception):
    """A platform did not do what was asked; `detail` is for the record, with secrets masked."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail


class TryLater(PlatformError):
    """Nothing was published, and trying again is safe: at `at`, or when the caller sees fit."""

    def __init__(self, at: datetime | None = None, detail: str = "") -> None:
        super().__init__(detail)
        self.at = at


class Refused(PlatformError):
    """The platform said no, and would say so again: a person has to change something."""

    def __init__(self, reason: RefusalCode, detail: str = "") -> None:
        super().__init__(detail)
        self.reason = reason


class CredentialsExpired(PlatformError):
    """The account's credentials no longer work; nothing was published."""


class OutcomeUnknown(PlatformError):
    """It may be live or not: look, and never send again by machine."""
