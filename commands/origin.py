"""What the history says of a command."""

from __future__ import annotations

import getpass


def origin_of(command: str) -> dict[str, str]:
    """Return the command's name, and the user of the machine who runs it."""
    return {"command": command, "user": getpass.getuser()}
