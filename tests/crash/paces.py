"""How long clocks wait for whatever they wait for: scaled for tests, or as it is in earnest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from publisher.settings.delivery import DeliverySettings
from publisher.settings.environment import load

LEASE = 3.0
"""Seconds for which a clock holds what it has claimed, where times are scaled."""


@dataclass(frozen=True)
class Pace:
    """What is set otherwise than by default, and what clocks add to PostgreSQL's address."""

    settings: Mapping[str, str]
    options: str = ""

    def address(self, url: str) -> str:
        """How clocks reach the database; on PostgreSQL they bear a name of their own."""
        if url.startswith("sqlite"):
            return url
        return f"{url}&application_name=clock{self.options}"

    @cached_property
    def press(self) -> DeliverySettings:
        """The times as a clock of this pace has them."""
        return load(self.settings, folder=Path(__file__).parent).delivery


SCALED = Pace(
    {
        "NAGARVANI_LOOKS": "0.3,0.6,1.5,3,6",
        "NAGARVANI_LEASE": str(LEASE),
        "NAGARVANI_SEND_DEADLINE": "1.2",
        "NAGARVANI_CONNECTIONS": "8",
    },
    "&options=-c%20idle_in_transaction_session_timeout%3D2s",
)
"""Lease and deadline a fortieth of what they are in earnest, looks a hundredth or less: a busy
machine has to be able to send within the deadline. PostgreSQL cuts off who stands still inside a
transaction as early as the lease is short.
"""

REAL = Pace({})
"""Nothing is set: lease, deadline, looks and PostgreSQL's patience are the product's own."""
