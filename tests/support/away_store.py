"""A media store that can be away, and that is never asked while a transaction is open.

It stands for a store over the network: each of its answers may be long in coming, and whoever asks
in a transaction lets all others wait for their locks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection, Engine, event

from publisher.media.folder_store import FolderStore
from publisher.media.store import StoreAway


class OpenTransactions:
    """The connections of this process that are in a transaction, of whatever database.

    Of all threads, as pictures are read and rendered in threads of their own.
    """

    def __init__(self) -> None:
        self.connections: set[int] = set()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Listen to every engine within the block."""
        listeners = {"begin": self._begin, "commit": self._end, "rollback": self._end}
        for name, listener in listeners.items():
            event.listen(Engine, name, listener)
        try:
            yield
        finally:
            for name, listener in listeners.items():
                event.remove(Engine, name, listener)

    def _begin(self, connection: Connection) -> None:
        self.connections.add(id(connection))

    def _end(self, connection: Connection) -> None:
        self.connections.discard(id(connection))


class AwayStore(FolderStore):
    """A folder that answers as long as it is not `away`; `asked` names the calls, in their order.

    `before` is called before each answer. With `transactions`, a call within one is an error.
    """

    def __init__(self, root: Path, transactions: OpenTransactions | None = None) -> None:
        super().__init__(root)
        self._folder = FolderStore(root)  # what it asks of itself is no call of the product
        self.is_away = False
        self.asked: list[str] = []
        self.before: Callable[[str], None] = lambda _name: None
        self._transactions = transactions

    def _ask(self, name: str) -> None:
        self.asked.append(name)
        if self._transactions is not None:
            assert not self._transactions.connections, f"{name} within a transaction"
        self.before(name)
        if self.is_away:
            raise StoreAway("away", f"media folder {self.root}")

    def save(self, content: bytes) -> str:
        """Store it, unless the store is away."""
        self._ask("save")
        return self._folder.save(content)

    def save_file(self, source: BinaryIO) -> str:
        """Store it, unless the store is away."""
        self._ask("save_file")
        return self._folder.save_file(source)

    def open_file(self, digest: str) -> BinaryIO:
        """Open it, unless the store is away."""
        self._ask("open_file")
        return self._folder.open_file(digest)

    def open(self, digest: str) -> bytes:
        """Read it, unless the store is away."""
        self._ask("open")
        return self._folder.open(digest)

    def exists(self, digest: str) -> bool:
        """Look for it, unless the store is away."""
        self._ask("exists")
        return self._folder.exists(digest)

    def thumbnail(self, digest: str, side: int, make: Callable[[bytes], bytes]) -> bytes:
        """Make it small, unless the store is away."""
        self._ask("thumbnail")
        return self._folder.thumbnail(digest, side, make)

    def remove(self, digest: str) -> None:
        """Remove it, unless the store is away."""
        self._ask("remove")
        self._folder.remove(digest)

    def digests(self) -> Iterator[str]:
        """Name what is stored, unless the store is away."""
        self._ask("digests")
        return self._folder.digests()
