"""The clocks' leases, deadlines and look-up times: scaled down for tests, or the real ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from publisher.settings.delivery import DeliverySettings
from publisher.settings.environment import load

LEASE = 3.0
"""Seconds for which a clock holds a claim if times are scaled."""


@dataclass(frozen=True)
class Timings:
    """Settings that differ from the defaults, and options in PostgreSQL's address."""

    settings: Mapping[str, str]
    postgres_options: str = ""

    def address(self, url: str) -> str:
        """Return the database address for clocks; on PostgreSQL it sets their application name."""
        if url.startswith("sqlite"):
            return url
        return f"{url}&application_name=clock{self.postgres_options}"

    @cached_property
    def delivery(self) -> DeliverySettings:
        """The delivery settings of a clock with these timings."""
        return load(self.settings, folder=Path(__file__).parent).delivery


SCALED = Timings(
    {
        "NAGARVANI_LOOKS": "0.3,0.6,1.5,3,6",
        "NAGARVANI_LEASE": str(LEASE),
        "NAGARVANI_SEND_DEADLINE": "1.2",
        "NAGARVANI_CONNECTIONS": "8",
    },
    "&options=-c%20idle_in_transaction_session_timeout%3D2s",
)
"""Lease and deadline are a fortieth of the real ones, so that a busy machine can still send within
the deadline; times between look-ups are a hundredth or less. PostgreSQL ends a connection that is
idle in a transaction for less than the lease.
"""

REAL = Timings({})
"""All settings are the product's defaults."""
