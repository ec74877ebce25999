"""Citizens of the practice platforms: free names, with an id that follows from the name."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True)
class Citizen:
    """Somebody who comments. `handle` is what X shows behind the @."""

    id: str
    handle: str
    name: str


def citizen(author: str) -> Citizen:
    """The citizen of this name or @handle; the same name is always the same citizen."""
    name = " ".join(author.split()) or "nagarik"
    digest = hashlib.sha256(unicodedata.normalize("NFC", name.lstrip("@")).encode()).hexdigest()
    number = int(digest[:12], 16) % 10**9
    plain = re.sub(r"[^A-Za-z0-9_]", "_", name.lstrip("@")).strip("_")[:15]
    return Citizen(f"8{number:09d}", plain or f"nagarik{number % 10**6}", name.lstrip("@"))
