"""The seed of random tests: other examples for each tree, and the same ones again for the same."""

from __future__ import annotations

import hashlib

from tests.support.runs import CHECKOUT

FOLDERS = ("approvals", "publisher", "migrations", "tests")


def tree_seed() -> int:
    """Return a digest of the code as it lies here, committed or not, with git or without."""
    digest = hashlib.sha256()
    for folder in FOLDERS:
        for path in sorted((CHECKOUT / folder).rglob("*.py")):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(CHECKOUT)} {len(content)}\n".encode() + content)
    return int.from_bytes(digest.digest()[:8])
