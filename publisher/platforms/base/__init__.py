"""What a platform offers the house: plain values in and out, and errors that carry a decision."""

from __future__ import annotations

from publisher.platforms.base.errors import (
    CredentialsExpired,
    OutcomeUnknown,
    PlatformError,
    RefusalCode,
    Refused,
    TryLater,
)
from publisher.platforms.base.protocol import Deadline, OneSeen, Platform
from publisher.platforms.base.texts import normal, plain, shortened, shows, with_link
from publisher.platforms.base.things import (
    MENTIONS,
    Allowance,
    Health,
    HealthProblem,
    Limits,
    Medium,
    Outgoing,
    Page,
    Prepared,
    Receipt,
    Remark,
    Seen,
    Sighting,
    Source,
)

__all__ = [
    "MENTIONS",
    "Allowance",
    "CredentialsExpired",
    "Deadline",
    "Health",
    "HealthProblem",
    "Limits",
    "Medium",
    "OneSeen",
    "OutcomeUnknown",
    "Outgoing",
    "Page",
    "Platform",
    "PlatformError",
    "Prepared",
    "Receipt",
    "RefusalCode",
    "Refused",
    "Remark",
    "Seen",
    "Sighting",
    "Source",
    "TryLater",
    "normal",
    "plain",
    "shortened",
    "shows",
    "with_link",
]
