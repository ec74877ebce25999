"""How far the seeding has come: a small file beside the demo's database."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

NAME: Final = "city.json"


@dataclass
class Mark:
    """`began_at` is the aware moment that the plan counts from; `done` counts its steps.

    `of` is how many there are; 0 before the play has begun.
    """

    path: Path
    began_at: datetime
    done: int = 0
    finished: bool = False
    of: int = 0

    @classmethod
    def read(cls, folder: Path, *, now: datetime) -> Mark:
        """The mark in this folder; where there is none it is made, and the city begins `now`."""
        path = folder / NAME
        if path.exists():
            kept = json.loads(path.read_text())
            began_at = datetime.fromisoformat(kept["began_at"])
            return cls(path, began_at, kept["done"], kept["finished"], kept.get("of", 0))
        mark = cls(path, now)
        mark.keep()
        return mark

    def keep(self) -> None:
        """Write it, whole or not at all."""
        kept = {
            "began_at": self.began_at.isoformat(),
            "done": self.done,
            "finished": self.finished,
            "of": self.of,
        }
        draft = self.path.with_suffix(".new")
        draft.write_text(json.dumps(kept))
        draft.replace(self.path)
