"""How far the seeding has come: a small file beside the demo's database."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

NAME: Final = "city.json"


@dataclass
class Progress:
    """`began_at` is the aware moment that the script counts from; `done` counts its steps.

    `of` is the number of all steps; 0 before the play has begun.
    """

    path: Path
    began_at: datetime
    done: int = 0
    finished: bool = False
    of: int = 0

    @classmethod
    def read(cls, folder: Path, *, now: datetime) -> Progress:
        """Return the progress noted in this folder; without a note the city begins `now`."""
        path = folder / NAME
        if path.exists():
            fields = json.loads(path.read_text())
            return cls(path, **{**fields, "began_at": datetime.fromisoformat(fields["began_at"])})
        progress = cls(path, now)
        progress.write()
        return progress

    def write(self) -> None:
        """Write the file, whole or not at all."""
        fields = {
            "began_at": self.began_at.isoformat(),
            "done": self.done,
            "finished": self.finished,
            "of": self.of,
        }
        draft = self.path.with_suffix(".new")
        draft.write_text(json.dumps(fields))
        draft.replace(self.path)
