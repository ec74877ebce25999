"""A line between the product and Dovecot, on which answers of the server are changed."""

from __future__ import annotations

import dataclasses
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from publisher.mail.mailbox.imap import ImapServer, imap_server
from tests.support.dovecot import Dovecot

Change = Callable[[bytes], bytes | None]
"""What is passed on instead of what the server sent: nothing if empty; None ends the line."""


@contextmanager
def changing(server: Dovecot, change: Change) -> Iterator[ImapServer]:
    """Stand between client and server for one connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_pass_on, args=(listener, server.port, change))
        thread.start()
        yield dataclasses.replace(imap_server(server.url), port=listener.getsockname()[1])
        thread.join(20)


def _pass_on(listener: socket.socket, port: int, change: Change) -> None:
    client, _address = listener.accept()
    upstream = socket.create_connection(("127.0.0.1", port))

    def forward() -> None:
        while data := client.recv(4096):
            upstream.sendall(data)
        upstream.shutdown(socket.SHUT_WR)

    def backward() -> None:
        while data := upstream.recv(4096):
            changed = change(data)
            if changed is None:
                break
            client.sendall(changed)
        client.shutdown(socket.SHUT_RDWR)

    with client, upstream:
        sending = threading.Thread(target=forward)
        sending.start()
        backward()
        sending.join(20)
