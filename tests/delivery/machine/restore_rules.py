"""A rule for restoring a backup that does not know of later posts."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import rule

from publisher.models.deliveries import Delivery
from publisher.operations.backup import reconcile
from publisher.operations.backup.restore import restore as backup_restore
from publisher.operations.backup.write import write
from publisher.scheduling import post_schedule
from publisher.states import DeliveryState
from tests.delivery.machine.city_machine import SPANS
from tests.delivery.machine.drain import Drain


def ignore_progress(_what: str, _done: int, _of: int) -> None:
    """Ignore the progress."""


class RestoreRules(Drain):
    """A rule for the loss of the database, and its restore."""

    @rule(after=SPANS, is_moved_forward=st.booleans())
    def restore(self, after: int, is_moved_forward: bool) -> None:
        """Clocks go on after a backup, which is then restored; publishing is stopped.

        Lags of timelines have ended, since a restore cannot see what a platform does not show.
        """
        file = self.folder / f"backup-{self.database_count}.zip"
        write(self.database, self.town.store, file, now=self.now, tell=ignore_progress)
        if is_moved_forward:
            self._move_forward()
        self.town.tick_dispatch(timedelta(seconds=after))
        self.check_new_entries()
        for platform in self.town.platforms.values():
            platform.lag = timedelta(0)
        self.database.dispose()
        self.suspended.clear()
        self.use_database(self.open_new_database())
        done = backup_restore(
            self.database,
            self.town.store,
            file,
            now=self.now,
            reason="पुनर्स्थापित",
            tell=ignore_progress,
        )
        self.counts["restore"] += 1
        self.counts["restored_in_doubt"] += done.unconfirmed
        self.counts["seek"] += reconcile.seek(self.town.context, tell=ignore_progress).checked

    def _move_forward(self) -> None:
        """Let the cell publish all scheduled deliveries now."""
        for delivery in self.deliveries(Delivery.state == DeliveryState.SCHEDULED):
            variants = [delivery.variant_id]
            self.use_case(
                "move_forward", post_schedule.publish_now, by="clerk", variant_ids=variants
            )
