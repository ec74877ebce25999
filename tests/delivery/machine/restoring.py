"""A backup comes back: what left since it was made is out, and the house does not know."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import rule

from publisher.models.deliveries import Delivery
from publisher.operations.backup import reconcile
from publisher.operations.backup.restore import restore as backup_restore
from publisher.operations.backup.write import write
from publisher.scheduling import schedule
from publisher.states import DeliveryState
from tests.delivery.machine.drained import Drained
from tests.delivery.machine.scene import SPANS


def tell(_what: str, _done: int, _of: int) -> None:
    """Nobody listens."""


class Restored(Drained):
    """The disk is lost; the machine's people go on with the house as it was."""

    @rule(after=SPANS, is_moved_forward=st.booleans())
    def restore(self, after: int, is_moved_forward: bool) -> None:
        """After the backup clocks go on, then only the backup is left; it starts under a stop.

        The lag is over by then: what a platform does not show for longer, a restore cannot see.
        """
        file = self.folder / f"backup-{self.houses}.zip"
        write(self.database, self.town.store, file, now=self.now, tell=tell)
        if is_moved_forward:
            self._move_forward()
        self.town.tick_dispatch(timedelta(seconds=after))
        self.judge_what_was_done()
        for platform in self.town.platforms.values():
            platform.lag = timedelta(0)
        self.database.dispose()
        self.asleep.clear()
        self.move_into(self.another_database())
        done = backup_restore(
            self.database, self.town.store, file, now=self.now, reason="पुनर्स्थापित", tell=tell
        )
        self.came["restore"] += 1
        self.came["restored_in_doubt"] += done.unconfirmed
        self.came["seek"] += reconcile.seek(self.town.context, tell=tell).checked

    def _move_forward(self) -> None:
        """The cell lets everything leave at once that has a time."""
        for delivery in self.deliveries(Delivery.state == DeliveryState.SCHEDULED):
            variants = [delivery.variant_id]
            self.use("move_forward", schedule.publish_now, by="clerk", variant_ids=variants)
