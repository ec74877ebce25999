"""A city whose only account is on a platform that the product does not know by name."""

from __future__ import annotations

from dataclasses import replace

from publisher.models.deliveries import Account
from publisher.platforms.capabilities import Capabilities
from tests.support.city import City
from tests.support.memory_platform.capabilities import MEMORY
from tests.support.memory_platform.platform import MemoryPlatform
from tests.support.memory_platform.store import HOST, OURSELVES

BULLETIN: Capabilities = replace(MEMORY, name="bulletin", label="Bulletin")
"""The platform in memory under another name; nobody has translated its label."""


def move_to_bulletin(city: City) -> None:
    """Put the city's account on X onto this platform, and remove that on Facebook."""
    account_id = city.accounts["x"]
    with city.write() as session:
        session.delete(session.get_one(Account, city.accounts["facebook"]))
        account = session.get_one(Account, account_id)
        account.platform, account.code = BULLETIN.name, BULLETIN.name
        account.handle, account.url = OURSELVES, f"https://{HOST}/{OURSELVES}"
    # The acts of the city know its accounts by these names.
    city.accounts = {"x": account_id}
    city.platforms = {
        account_id: MemoryPlatform(
            now=city.clock,
            name=BULLETIN.name,
            limits=BULLETIN.limits,
            can_edit=BULLETIN.limits.can_edit,
        )
    }
