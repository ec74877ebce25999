"""Citizens on the sandbox's platforms: any name, with an id that is derived from it."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True)
class Citizen:
    """A citizen who comments. `handle` is the name that X shows after the @."""

    id: str
    handle: str
    name: str


def citizen(author: str) -> Citizen:
    """Return the citizen of this name or @handle; equal names are the same citizen."""
    name = " ".join(author.split()) or "nagarik"
    digest = hashlib.sha256(unicodedata.normalize("NFC", name.lstrip("@")).encode()).hexdigest()
    number = int(digest[:12], 16) % 10**9
    plain = re.sub(r"[^A-Za-z0-9_]", "_", name.lstrip("@")).strip("_")[:15]
    return Citizen(f"8{number:09d}", plain or f"nagarik{number % 10**6}", name.lstrip("@"))
