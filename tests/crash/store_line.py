"""The line between the machines and the store, on which it is slow, cut, or gone for a moment.

moto keeps objects in memory alone, so what restarts is the server in front of it: its port refuses,
its connections are cut, and the objects are there afterwards, as those of a store with a disk.
"""

from __future__ import annotations

import random
import time
from types import TracebackType
from typing import Self

from tests.support.object_line import (
    LineServer,
    ObjectLine,
    cut_answer,
    cut_upload,
    lose_answer,
    slow,
)

SLOW, CUT, STORE_RESTART = "slow store", "cut store", "store restart"
STORE_FAULTS = (SLOW, CUT, STORE_RESTART)
REQUESTS = 12
"""The requests that are slow, or cut, in turn."""

AWAY = 2.0
"""The longest restart in seconds: more than the product's retries last."""


class StoreLine:
    """The line in front of the store at a port."""

    def __init__(self, store_port: int) -> None:
        self.line = ObjectLine(store_port=store_port)
        self.server: LineServer = self.line.listen()

    @property
    def endpoint(self) -> str:
        """The address at which machines find the store."""
        return self.line.endpoint

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.line.is_closed.set()
        self.server.end()

    def disturb(self, fault: str, rng: random.Random) -> None:
        """Let this happen to the store; a restart has passed afterwards."""
        if fault == SLOW:
            self.line.plan(slow, times=REQUESTS)
        elif fault == CUT:
            for _ in range(REQUESTS):
                self.line.plan(rng.choice((cut_upload, lose_answer, cut_answer)))
        else:
            port = self.server.end()
            time.sleep(rng.uniform(AWAY / 2, AWAY))
            self.server = self.line.listen(port)
