"""The bare loop: one kept connection, a post after the other, nothing written down.

python -m bench.loop ADDRESS SIZE
"""

from __future__ import annotations

import sys

import requests

from bench import town


def run(address: str, size: int) -> None:
    """Post `size` texts, as `requests` is commonly used."""
    with requests.Session() as session:
        for number in range(size):
            answer = session.post(
                f"{address}/2/tweets", json={"text": town.text_of("loop", number)}, timeout=30
            )
            answer.raise_for_status()


if __name__ == "__main__":
    run(sys.argv[1], int(sys.argv[2]))
